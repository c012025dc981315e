"""Simple models that a real one must beat: recency and frequency; the last period carried forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .data_contract import AMOUNT, DataContract

Doubles = NDArray[np.float64]
RECENCY_FREQUENCY = ("days_since_active", "active_days_4w", "active_weeks_12")
_FIT_ROWS = 50_000


class Baseline(Protocol):
    """Predicts one number per row of a block."""

    def predict(self, block: FeatureBlock) -> Doubles: ...


@dataclass(frozen=True)
class CarriedForward:
    """The next period is like the last: same share of active days, same spend; churned when not active."""

    target: str
    contract: DataContract

    def predict(self, block: FeatureBlock) -> Doubles:
        weeks = self.contract.horizons[self.target]
        if self.target == "value":
            # The nearest window that is summed, brought to the length of the horizon.
            window = min(self.contract.measure_windows, key=lambda n: (abs(n - weeks), n))
            spent = block.column(f"{self.contract.value}_{window}w").astype(np.float64)
            scaled: Doubles = np.maximum(spent, 0.0) * (weeks / window)
            return scaled
        window = min(self.contract.windows, key=lambda n: (abs(n - weeks), n))
        active = block.column(f"active_days_{window}w").astype(np.float64)
        if self.target == "churn":
            idle: Doubles = (active == 0).astype(np.float64)
            return idle
        share: Doubles = active / (window * self.contract.days_per_week)
        return share


@dataclass(frozen=True)
class RecencyFrequency:
    """A linear model of three features (logistic for churn), on their logarithms."""

    features: tuple[str, ...]
    linear: str
    fitted: Any
    target: str

    def predict(self, block: FeatureBlock) -> Doubles:
        inputs = _inputs(block, self.features, self.linear)
        if self.target == "churn":
            chance: Doubles = self.fitted.predict_proba(inputs)[:, 1]
            return chance
        upper = 1.0 if self.target == "engagement" else np.inf
        found: Doubles = np.clip(self.fitted.predict(inputs), 0.0, upper)
        return found


def fit_baselines(
    target: str, contract: DataContract, block: FeatureBlock, label: Doubles, seed: int
) -> Mapping[str, Baseline]:
    """The baselines of a target, fitted on at most 50,000 rows of its training data."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rows = np.arange(len(label))
    if len(rows) > _FIT_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _FIT_ROWS, replace=False))
    bought = contract.transactions or contract.value
    history = tuple(dict.fromkeys(("days_since_active", f"{contract.value}_12w", f"{bought}_12w")))
    linear = f"{contract.value}_12w" if contract.value_measure.kind == AMOUNT else ""
    features = history if target == "value" else RECENCY_FREQUENCY
    inputs = _inputs(block.take(rows), features, linear)
    kind = LogisticRegression(max_iter=200) if target == "churn" else LinearRegression()
    fitted = kind.fit(inputs, label[rows])
    return {
        "recency_frequency": RecencyFrequency(features, linear, fitted, target),
        "carried_forward": CarriedForward(target, contract),
    }


def _inputs(block: FeatureBlock, features: tuple[str, ...], linear: str) -> Doubles:
    columns = np.stack([block.column(name) for name in features], axis=1).astype(np.float64)
    # Value stays linear: a logarithm would make a linear model of dollars worse, not better.
    for at, name in enumerate(features):
        if name != linear:
            columns[:, at] = np.log1p(np.maximum(columns[:, at], 0.0))
    return columns
