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
from .data_contract import AMOUNT, DataContract
from .purchases import PurchaseModel, fit_purchases

Doubles = NDArray[np.float64]
RECENCY_FREQUENCY, CARRIED_FORWARD, BG_NBD = "recency_frequency", "carried_forward", "bg_nbd_gamma_gamma"
_FIT_ROWS = 50_000
NO_TRANSACTIONS = "The data contract names no transactions."


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
            return history.past_value(self.contract, block, weeks)
        share = history.active_share(self.contract, block, weeks)
        return share if self.target == "engagement" else (share == 0).astype(np.float64)


@dataclass(frozen=True)
class RecencyFrequency:
    """A linear model of a few features (logistic for churn), on their logarithms."""

    features: tuple[str, ...]
    linear: str
    """The feature that is an amount, and stays linear."""
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


@dataclass(frozen=True)
class BoughtBefore:
    """BG/NBD for how often a customer will buy, Gamma-Gamma for how much at a time."""

    model: PurchaseModel
    contract: DataContract

    def predict(self, block: FeatureBlock) -> Doubles:
        bought = history.purchases(self.contract, block)
        if bought is None:
            raise ContractError(NO_TRANSACTIONS)
        return self.model.predict(bought, self.contract.horizons["value"])


@dataclass(frozen=True)
class Baselines:
    """The baselines of a target by name, and why others are missing."""

    models: Mapping[str, Baseline]
    missing: Mapping[str, str]


def fit_baselines(
    target: str, contract: DataContract, train: FeatureBlock, label: Doubles, test: FeatureBlock, seed: int
) -> Baselines:
    """The baselines of a target.

    The linear model is fitted on at most 50,000 labelled rows of the newest training cut-off. BG/NBD needs no
    labels: it is fitted to the histories before the test cut-off, as it would be in use.
    """
    models: dict[str, Baseline] = {
        RECENCY_FREQUENCY: _linear(target, contract, train, label, seed),
        CARRIED_FORWARD: CarriedForward(target, contract),
    }
    missing: dict[str, str] = {}
    if target == "value":
        bought = history.purchases(contract, test)
        try:
            if bought is None:
                raise ContractError(NO_TRANSACTIONS)
            models[BG_NBD] = BoughtBefore(fit_purchases(bought, seed), contract)
        except ContractError as problem:
            missing[BG_NBD] = str(problem)
    return Baselines(models, missing)


def _linear(
    target: str, contract: DataContract, block: FeatureBlock, label: Doubles, seed: int
) -> RecencyFrequency:
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rows = np.arange(len(label))
    if len(rows) > _FIT_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _FIT_ROWS, replace=False))
    features: tuple[str, ...] = history.RECENCY_FREQUENCY
    linear = ""
    if target == "value":
        amounts = history.value_history(contract)
        features = (features[0], *amounts)
        linear = amounts[0] if contract.value_measure.kind == AMOUNT else ""
    inputs = _inputs(block.take(rows), features, linear)
    kind = LogisticRegression(max_iter=200) if target == "churn" else LinearRegression()
    return RecencyFrequency(features, linear, kind.fit(inputs, label[rows]), target)


def _inputs(block: FeatureBlock, features: tuple[str, ...], linear: str) -> Doubles:
    columns = np.stack([block.column(name) for name in features], axis=1).astype(np.float64)
    # An amount stays linear: a logarithm would make a linear model of money worse, not better.
    for at, name in enumerate(features):
        if name != linear:
            columns[:, at] = np.log1p(np.maximum(columns[:, at], 0.0))
    return columns
