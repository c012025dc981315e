"""Why a customer's churn risk is what it is: three reasons in words with the customer's own numbers.

Each feature's contribution to the margin (log-odds) of the churn model is added up by group
(`dictionary.Feature.group`), so that three reasons tell three stories. For a customer at medium or high risk,
or above the average, what raises the risk comes first; for the others what lowers it.

Contributions are path attributions (Saabas 2014: the change of the expected margin at each split on the way
to the leaf), XGBoost's `approx_contribs`, or exact TreeSHAP (Lundberg 2018) when asked. Like SHAP they add
up to the margin. At 100,000 rows the approximation takes less time than predicting, exact values about 25
times as long (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .contract import RISK_MEDIUM
from .score import CHURN, Model
from .words import Builder

RAISES, LOWERS = "raises", "lowers"
TOP = 3
SILENT_GROUPS = ("season",)


@dataclass(frozen=True)
class Reason:
    """One reason: the leading feature of its group, words, and whether it `raises` or `lowers` the churn
    risk.
    """

    feature: str
    text: str
    effect: str

    @property
    def sentence(self) -> str:
        """The words with their effect, as the prediction columns carry them."""
        return f"{self.text} ({self.effect} the risk)"

    def to_dict(self) -> dict[str, str]:
        return {"feature": self.feature, "text": self.text, "effect": self.effect}


def contributions(model: Model, data: Any, *, exact: bool = False) -> NDArray[np.float32]:
    """Contribution of each feature to the churn margin, float32 `[rows, features]` (the constant term is
    left out).
    """
    found: NDArray[np.float32] = model.boosters[CHURN].predict(
        data, pred_contribs=True, approx_contribs=not exact
    )
    return found[:, :-1]


def reasons(
    model: Model,
    block: FeatureBlock,
    data: Any,
    churn: NDArray[np.float64] | None = None,
    *,
    exact: bool = False,
    top: int = TOP,
) -> list[list[Reason]]:
    """The `top` reasons of each row of the block; `data` is `model.data(model.matrix(block))`.

    `churn` are the predicted probabilities `[rows]`: from `RISK_MEDIUM` on, what raises the risk comes
    first even for a customer below an average that is high itself.
    """
    if len(block) == 0:
        return []
    single = contributions(model, data, exact=exact)
    group_of = {n: model.dictionary.by_name[n].group for n in model.features}
    groups = sorted(set(group_of.values()) - set(SILENT_GROUPS))
    members = [[i for i, n in enumerate(model.features) if group_of[n] == g] for g in groups]
    summed = np.stack([single[:, m].sum(axis=1) for m in members], axis=1)
    leading = np.stack([np.array(m)[np.abs(single[:, m]).argmax(axis=1)] for m in members], axis=1)
    raised = summed.sum(axis=1) >= 0
    if churn is not None:
        raised |= np.asarray(churn) >= RISK_MEDIUM
    direction = np.where(raised, 1.0, -1.0).astype(np.float32)
    order = np.argsort(-summed * direction[:, None], axis=1, kind="stable")[:, :top]
    rows = np.arange(len(block))[:, None]
    effects = (summed[rows, order] >= 0).tolist()
    features = leading[rows, order].tolist()
    texts = _Texts(block, model.words)
    ranked = order.tolist()
    found: list[list[Reason]] = []
    for row in range(len(block)):
        found.append(
            [
                _reason(model.features[feature], texts.of(groups[group], row), raises)
                for group, feature, raises in zip(ranked[row], features[row], effects[row], strict=True)
            ]
        )
    return found


@lru_cache(maxsize=65536)
def _reason(feature: str, text: str, raises: bool) -> Reason:
    return Reason(feature, text, RAISES if raises else LOWERS)


class _Texts:
    """Words for a group and a row. Columns become Python lists once; equal numbers share one text."""

    def __init__(self, block: FeatureBlock, said: Mapping[str, Builder]) -> None:
        self._columns: dict[str, list[Any]] = {}
        self._block, self._said = block, said

    def of(self, group: str, row: int) -> str:
        needed, build = self._said[group]
        return build(*[self._column(name)[row] for name in needed])

    def _column(self, name: str) -> list[Any]:
        if name not in self._columns:
            if name in self._block.vocabulary:
                self._columns[name] = self._block.labels(name)
            else:
                # None for missing: NaN differs from itself, so it would defeat the cache.
                values = self._block.column(name).tolist()
                self._columns[name] = [None if v != v else v for v in values]
        return self._columns[name]
