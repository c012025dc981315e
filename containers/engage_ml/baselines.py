"""Simple models that a real one must beat: recency and frequency; the last period carried forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .contract import RECENT_WEEKS, TARGET_BY_NAME

Doubles = NDArray[np.float64]
RECENCY_FREQUENCY = ("days_since_active", "active_days_4w", "active_weeks_12")
SPEND_HISTORY = ("days_since_active", "spend_12w", "purchases_12w")
_FIT_ROWS = 50_000


class Baseline(Protocol):
    """Predicts one number per row of a block."""

    def predict(self, block: FeatureBlock) -> Doubles: ...


@dataclass(frozen=True)
class CarriedForward:
    """The next period is like the last: same share of active days, same spend; churned when not active."""

    target: str

    def predict(self, block: FeatureBlock) -> Doubles:
        days = RECENT_WEEKS * 7
        if self.target == "value":
            weeks = TARGET_BY_NAME["value"].horizon_weeks
            return block.column(f"spend_{weeks}w").astype(np.float64)
        active = block.column("active_days_4w").astype(np.float64)
        return active / days if self.target == "engagement" else (active == 0).astype(np.float64)


@dataclass(frozen=True)
class RecencyFrequency:
    """A linear model of three features (logistic for churn), on their logarithms."""

    features: tuple[str, ...]
    fitted: Any
    target: str

    def predict(self, block: FeatureBlock) -> Doubles:
        inputs = _inputs(block, self.features)
        if self.target == "churn":
            chance: Doubles = self.fitted.predict_proba(inputs)[:, 1]
            return chance
        upper = 1.0 if self.target == "engagement" else np.inf
        found: Doubles = np.clip(self.fitted.predict(inputs), 0.0, upper)
        return found


def fit_baselines(target: str, block: FeatureBlock, label: Doubles, seed: int) -> Mapping[str, Baseline]:
    """The baselines of a target, fitted on at most 50,000 rows of its training data."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rows = np.arange(len(label))
    if len(rows) > _FIT_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _FIT_ROWS, replace=False))
    features = SPEND_HISTORY if target == "value" else RECENCY_FREQUENCY
    inputs = _inputs(block.take(rows), features)
    kind = LogisticRegression(max_iter=200) if target == "churn" else LinearRegression()
    fitted = kind.fit(inputs, label[rows])
    return {
        "recency_frequency": RecencyFrequency(features, fitted, target),
        "carried_forward": CarriedForward(target),
    }


def _inputs(block: FeatureBlock, features: tuple[str, ...]) -> Doubles:
    columns = np.stack([block.column(name) for name in features], axis=1).astype(np.float64)
    # Spend stays linear: a logarithm would make a linear model of dollars worse, not better.
    for at, name in enumerate(features):
        if not name.startswith("spend"):
            columns[:, at] = np.log1p(np.maximum(columns[:, at], 0.0))
    return columns
