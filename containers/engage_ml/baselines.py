"""Simple models that a real one must beat: recency and frequency, the last period carried forward, and for
value BG/NBD with Gamma-Gamma.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import history
from .blocks import FeatureBlock
from .contract import ContractError
from .purchases import PurchaseModel, fit_purchases

Doubles = NDArray[np.float64]
RECENCY_FREQUENCY, CARRIED_FORWARD, BG_NBD = "recency_frequency", "carried_forward", "bg_nbd_gamma_gamma"
_FIT_ROWS = 50_000


class Baseline(Protocol):
    """Predicts one number per row of a block."""

    def predict(self, block: FeatureBlock) -> Doubles: ...


@dataclass(frozen=True)
class CarriedForward:
    """The next period is like the last: same share of active days, same spend; churned when not active."""

    target: str
    weeks: int

    def predict(self, block: FeatureBlock) -> Doubles:
        if self.target == "value":
            spend = history.past_spend(block, self.weeks)
            if spend is None:
                raise ContractError("The features hold no spend.")
            return spend
        share = history.active_share(block, self.weeks)
        return share if self.target == "engagement" else (share == 0).astype(np.float64)


@dataclass(frozen=True)
class RecencyFrequency:
    """A linear model of a few features (logistic for churn), on their logarithms."""

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


@dataclass(frozen=True)
class BoughtBefore:
    """BG/NBD for how often a customer will buy, Gamma-Gamma for how much at a time."""

    model: PurchaseModel
    weeks: int

    def predict(self, block: FeatureBlock) -> Doubles:
        bought = history.purchases(block)
        if bought is None:
            raise ContractError("The features hold no purchases.")
        return self.model.predict(bought, self.weeks)


@dataclass(frozen=True)
class Baselines:
    """The baselines of a target by name, and why others are missing."""

    models: Mapping[str, Baseline]
    missing: Mapping[str, str]


def fit_baselines(
    target: str, weeks: int, train: FeatureBlock, label: Doubles, test: FeatureBlock, seed: int
) -> Baselines:
    """The baselines of a target with a horizon of `weeks`.

    The linear model is fitted on at most 50,000 labelled rows of the newest training cut-off. BG/NBD needs no
    labels: it is fitted to the histories before the test cut-off, as it would be in use.
    """
    models: dict[str, Baseline] = {RECENCY_FREQUENCY: _linear(target, train, label, seed)}
    missing: dict[str, str] = {}
    if target != "value" or history.past_spend(test, weeks) is not None:
        models[CARRIED_FORWARD] = CarriedForward(target, weeks)
    else:
        missing[CARRIED_FORWARD] = "The features hold no spend."
    if target == "value":
        bought = history.purchases(test)
        try:
            if bought is None:
                raise ContractError("The features hold no purchases.")
            models[BG_NBD] = BoughtBefore(fit_purchases(bought, seed), weeks)
        except ContractError as problem:
            missing[BG_NBD] = str(problem)
    return Baselines(models, missing)


def _linear(target: str, block: FeatureBlock, label: Doubles, seed: int) -> RecencyFrequency:
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rows = np.arange(len(label))
    if len(rows) > _FIT_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _FIT_ROWS, replace=False))
    features: tuple[str, ...] = history.RECENCY_FREQUENCY
    if target == "value":
        spend = tuple(name for name in history.SPEND_HISTORY if name in block.names)
        features = (history.RECENCY_FREQUENCY[0], *spend) if spend else features
    inputs = _inputs(block.take(rows), features)
    kind = LogisticRegression(max_iter=200) if target == "churn" else LinearRegression()
    return RecencyFrequency(features, kind.fit(inputs, label[rows]), target)


def _inputs(block: FeatureBlock, features: tuple[str, ...]) -> Doubles:
    columns = np.stack([block.column(name) for name in features], axis=1).astype(np.float64)
    # Spend stays linear: a logarithm would make a linear model of dollars worse, not better.
    for at, name in enumerate(features):
        if not name.startswith("spend"):
            columns[:, at] = np.log1p(np.maximum(columns[:, at], 0.0))
    return columns
