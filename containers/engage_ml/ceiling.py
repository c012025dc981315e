"""The ceiling: how good the best possible prediction is, on synthetic data, whose generator is known.

The generator leaves, in the truth bucket, the expectations that follow from its own parameters and from what
can be seen of a customer before a cut-off. They are read here for evaluation only: no feature and no training
row ever comes from them. On real data there is no such thing, and the evaluation says null.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Measured, Resample
from .contract import LABELS, ContractError
from .metrics import number

Doubles = NDArray[np.float64]
PREFIX = "ceiling/"
RATIOS: Mapping[str, Mapping[str, float]] = {
    "churn": {"roc_auc": 0.5, "average_precision": 0.0},
    "engagement": {"r2": 0.0, "spearman": 0.0, "gini": 0.0},
    "value": {"gini": 0.0, "r2": 0.0, "spearman": 0.0},
}
"""Measures of which a share of the ceiling is told, each with its value without any knowledge."""


class Reader(Protocol):
    """Objects by key; a key that `list` does not name is not asked for."""

    def get(self, key: str) -> bytes: ...

    def list(self, prefix: str) -> list[str]: ...


@dataclass(frozen=True)
class Ceiling:
    """The best predictions of one cut-off: `ids` sorted, and for each target one number per customer."""

    ids: NDArray[Any]
    predictions: Mapping[str, Doubles]

    def rows_in(self, ids: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the customers that are in both: in the (sorted) `ids`, and here."""
        _, there, here = np.intersect1d(ids, self.ids, assume_unique=True, return_indices=True)
        return there.astype(np.int64), here.astype(np.int64)


def key_of(cutoff: date) -> str:
    """The object of a cut-off."""
    return f"{PREFIX}cutoff={cutoff.isoformat()}/part-00000.parquet"


def read_ceiling(store: Reader, cutoff: date) -> Ceiling | None:
    """The ceiling of a cut-off; None when there is none, as with data that were not generated.

    Raises:
        ContractError: when the file lacks a column, names a customer twice, or holds no finite number.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The training task may list below PREFIX alone; who may not list all is told of a missing key: forbidden.
    if key_of(cutoff) not in store.list(PREFIX):
        return None
    table = pq.read_table(io.BytesIO(store.get(key_of(cutoff))))
    lacking = [name for name in ("customer_id", *LABELS) if name not in table.column_names]
    if lacking:
        raise ContractError(f"The ceiling of {cutoff} lacks the column {lacking[0]!r}.")
    ids = np.array(table["customer_id"].to_pylist(), dtype=str)
    order = np.argsort(ids, kind="stable")
    if len(np.unique(ids)) != len(ids):
        raise ContractError(f"The ceiling of {cutoff} names a customer twice.")
    found = {}
    for target in LABELS:
        numbers = table[target].cast(pa.float64()).to_numpy(zero_copy_only=False)
        if not np.isfinite(numbers).all():
            raise ContractError(f"The ceiling of {cutoff} holds a {target} that is no number.")
        found[target] = numbers[order]
    return Ceiling(ids[order], found)


def ratios(target: str, ours: Measured, best: Measured, resample: Resample) -> dict[str, Any]:
    """The share of what can be known that a model knows, by measure, with 95 % intervals under `ci`.

    For ROC AUC that is (AUC - 0.5) over (the ceiling's AUC - 0.5).
    """
    found: dict[str, Any] = {}
    intervals: dict[str, list[float]] = {}
    for name, nothing in RATIOS[target].items():
        top, samples = best.values[name] - nothing, best.samples[name] - nothing
        if not top > 0:
            found[name] = None
            continue
        share = (ours.values[name] - nothing) / top
        found[name] = number(share)
        positive = np.where(samples > 0, samples, np.nan)
        around = resample.interval(share, (ours.samples[name] - nothing) / positive)
        if around is not None:
            intervals[name] = around
    return found | {"ci": intervals}
