"""The test cut-offs of a run, each read once, and what a model says of them, predicted once.

Evaluation, diagnostics and the dossier look at the same rows one after the other; two targets may share a
cut-off, and a model predicts all targets at a time.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from .contract import LABELS, SplitPlan
from .dictionary import Dictionary
from .score import Model, Predictions
from .tables import Snapshot, read_block, snapshot_of


class HeldOut:
    """The rows of the test cut-offs under a folder of feature Parquet."""

    def __init__(self, root: Path, plan: SplitPlan, known: Dictionary) -> None:
        self.plan = plan
        self._root, self._known = root, known
        self._read: dict[date, dict[str, Snapshot]] = {}

    def snapshot(self, target: str) -> Snapshot:
        """The rows of a target's test cut-off with its label.

        Raises:
            ContractError: when the cut-off is absent or a label is missing (its horizon is not over).
        """
        day = self.plan.test[target]
        if day not in self._read:
            labels = {LABELS[name] for name, when in self.plan.test.items() if when == day}
            block, found = read_block(self._root / f"cutoff={day}", self._known, sorted(labels))
            self._read[day] = {
                label: snapshot_of(block, values, label, day.isoformat()) for label, values in found.items()
            }
        return self._read[day][LABELS[target]]


class Said:
    """What one model says of test rows."""

    def __init__(self, model: Model, rows: HeldOut, threads: int = 1) -> None:
        self.model, self.rows = model, rows
        self._threads = threads
        self._found: dict[date, Predictions] = {}

    def of(self, target: str) -> Predictions:
        """The predictions (of all targets) for each row of a target's test cut-off."""
        day = self.rows.plan.test[target]
        if day not in self._found:
            self._found[day] = self.model.predict(self.rows.snapshot(target).block, self._threads)
        return self._found[day]
