"""The training and validation rows of a target. Targets with the same cut-offs share them: they are read,
stacked and put into bins once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from .blocks import FeatureBlock, Floats
from .contract import LABELS, SplitPlan
from .dictionary import Dictionary
from .fitting import Binned, Doubles, Rows
from .score import Model
from .tables import read_block, snapshot_of

Cutoffs = tuple[tuple[date, ...], date]
"""Those of training, the newest first, and that of validation."""


def cutoffs_of(plan: SplitPlan, target: str) -> Cutoffs:
    """The cut-offs that a target learns from."""
    return tuple(plan.train[target]), plan.validation[target]


class Sets:
    """The rows of the cut-offs of `target`, with the labels of all targets that have the same ones.

    Raises:
        ContractError: when a cut-off is absent or a label is missing (its horizon is not over).
    """

    def __init__(self, root: Path, known: Dictionary, plan: SplitPlan, target: str) -> None:
        self.cutoffs = cutoffs_of(plan, target)
        labels = sorted(LABELS[name] for name in LABELS if cutoffs_of(plan, name) == self.cutoffs)
        self.blocks: list[FeatureBlock] = []
        """Of training, the newest first."""
        self._labels: dict[str, list[Doubles]] = {label: [] for label in labels}
        for day in (*self.cutoffs[0], self.cutoffs[1]):
            block, found = read_block(root / f"cutoff={day}", known, labels)
            for label, values in found.items():
                self._labels[label].append(snapshot_of(block, values, label, day.isoformat()).label)
            self.blocks.append(block)
        self.validation = self.blocks.pop()
        self._matrices: tuple[Floats, Floats] | None = None
        self._binned: dict[int, Binned] = {}

    @property
    def size(self) -> int:
        """Rows of training."""
        return sum(len(block) for block in self.blocks)

    def rows(self, model: Model, target: str) -> tuple[Rows, Rows]:
        """Training and validation rows in the columns of a model, whose categories must be set."""
        if self._matrices is None:
            stacked = np.concatenate([model.matrix(block) for block in self.blocks])
            self._matrices = stacked, model.matrix(self.validation)
        *train, valid = self._labels[LABELS[target]]
        return (
            Rows(self._matrices[0], np.concatenate(train), _anchors(model, self.blocks)),
            Rows(self._matrices[1], valid, _anchors(model, [self.validation])),
        )

    def binned(self, model: Model, max_bin: int, threads: int) -> Binned:
        """The rows in XGBoost's bins."""
        if max_bin not in self._binned:
            assert self._matrices is not None, "rows() comes first"
            self._binned[max_bin] = Binned(model, *self._matrices, max_bin, threads)
        return self._binned[max_bin]


def _anchors(model: Model, blocks: Sequence[FeatureBlock]) -> Doubles | None:
    """`Model.anchor` of the rows of all blocks."""
    found = [anchor for block in blocks if (anchor := model.anchor(block)) is not None]
    return np.concatenate(found) if found else None
