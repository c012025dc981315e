"""Fitting one booster: parameters, rows as XGBoost takes them, early stopping on the validation cut-off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Floats
from .boosting import load_xgboost
from .contract import ContractError
from .metrics import TWEEDIE_POWER
from .score import (
    CHURN,
    ENGAGEMENT,
    VALUE,
    VALUE_AMOUNT,
    VALUE_CORRECTION,
    VALUE_PROBABILITY,
    Model,
    feature_types,
)

Doubles = NDArray[np.float64]
BASE_PARAMS: Mapping[str, Any] = {
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 5,
    "eta": 0.1,
    "min_child_weight": 20,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "lambda": 2.0,
    "max_cat_to_onehot": 8,
}
TARGET_PARAMS: Mapping[str, Mapping[str, Any]] = {VALUE: {"max_depth": 3}}
"""What differs for a target: amounts are so noisy that shallower trees had less deviance on validation."""
_TWEEDIE = {
    "objective": "reg:tweedie",
    "tweedie_variance_power": TWEEDIE_POWER,
    "eval_metric": f"tweedie-nloglik@{TWEEDIE_POWER}",
    "max_delta_step": 0.7,
}
OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    ENGAGEMENT: {"objective": "reg:logistic", "eval_metric": "rmse"},
    CHURN: {"objective": "binary:logistic", "eval_metric": "logloss"},
    VALUE: _TWEEDIE,
    VALUE_PROBABILITY: {"objective": "binary:logistic", "eval_metric": "logloss"},
    VALUE_AMOUNT: _TWEEDIE,
    # Without trees the correction is 1: what is learnt multiplies the anchor.
    VALUE_CORRECTION: {**_TWEEDIE, "base_score": 1.0},
}
MIN_ROWS = 100
"""Fewest rows of a training or validation set."""


@dataclass(frozen=True)
class Settings:
    """Seed, threads and rounds; `params` override the defaults for all targets, `by_target` for one."""

    seed: int = 7
    threads: int = 2
    rounds: int = 600
    patience: int = 12
    params: Mapping[str, Any] | None = None
    by_target: Mapping[str, Mapping[str, Any]] | None = None

    def for_target(self, target: str) -> dict[str, Any]:
        """The parameters of a target's boosters, without objective, seed and threads."""
        own = (self.by_target or {}).get(target, {})
        return {**BASE_PARAMS, **TARGET_PARAMS.get(target, {}), **(self.params or {}), **own}

    def max_bin(self, target: str) -> int:
        """The most bins of a feature."""
        return int(self.for_target(target)["max_bin"])


@dataclass
class Rows:
    """A matrix in a model's columns and one label per row; for value also the anchor (`Model.anchor`)."""

    matrix: Floats
    label: Doubles
    anchor: Doubles | None = None

    def take(self, chosen: NDArray[np.bool_], label: Doubles | None = None) -> Rows:
        """The chosen rows, with another label if one is given (for all rows)."""
        return Rows(self.matrix[chosen], (self.label if label is None else label)[chosen])


@dataclass(frozen=True)
class Fitted:
    """A booster, cut to its best round, and its loss on the validation rows."""

    booster: Any
    rounds: int
    loss: float


def check(target: str, train: Rows, valid: Rows) -> None:
    """Refuses rows that nothing can be learnt from.

    Raises:
        ContractError: when a set has fewer than 100 rows or one value only.
    """
    for purpose, data in (("training", train), ("validation", valid)):
        if len(data.label) < MIN_ROWS:
            raise ContractError(
                f"The {purpose} set of {target} has {len(data.label)} customers; "
                f"at least {MIN_ROWS} are needed."
            )
        if data.label.min() == data.label.max():
            raise ContractError(
                f"Every customer of the {purpose} set of {target} has the value {data.label[0]:g}."
            )


class Binned:
    """Training and validation rows in XGBoost's bins, which depend on the features alone: made once for all
    boosters and parameters that are fitted on the same rows.
    """

    def __init__(self, model: Model, train: Floats, valid: Floats, max_bin: int, threads: int) -> None:
        xgboost = load_xgboost()
        common: dict[str, Any] = {
            "feature_types": feature_types(model.features, model.categories), "enable_categorical": True,
            "nthread": threads, "max_bin": max_bin,
        }  # fmt: skip
        self.train = xgboost.QuantileDMatrix(train, **common)
        self.valid = xgboost.QuantileDMatrix(valid, ref=self.train, **common)

    def describe(self, train: Rows, valid: Rows, *, anchored: bool) -> None:
        """Gives the rows the labels of what is fitted next, and with `anchored` the margins to start from."""
        for data, rows in ((self.train, train), (self.valid, valid)):
            data.set_label(rows.label)
            # The link is the logarithm: trees add to it what multiplies the anchor.
            data.set_base_margin(np.log(np.asarray(rows.anchor)) if anchored else np.empty(0))


class Fitter:
    """Fits boosters on one pair of sets with different parameters; `binned` are the same rows in bins."""

    def __init__(self, name: str, binned: Binned, train: Rows, valid: Rows, settings: Settings) -> None:
        self._name, self._binned, self._settings = name, binned, settings
        self._train, self._valid = train, valid

    def fit(self, params: Mapping[str, Any]) -> Fitted:
        """A booster with these parameters, early stopped."""
        self._binned.describe(self._train, self._valid, anchored=self._name == VALUE_CORRECTION)
        booster = load_xgboost().train(
            {
                **params,
                **OBJECTIVES[self._name],
                "seed": self._settings.seed,
                "nthread": self._settings.threads,
            },
            self._binned.train,
            num_boost_round=self._settings.rounds,
            evals=[(self._binned.valid, "validation")],
            early_stopping_rounds=self._settings.patience,
            verbose_eval=False,
        )
        kept = int(booster.best_iteration) + 1
        return Fitted(booster[:kept], kept, float(booster.best_score))


def predict(booster: Any, model: Model, matrix: Floats, threads: int) -> Doubles:
    """The output of a booster for the rows of a matrix."""
    found: Doubles = booster.predict(model.data(matrix, threads)).astype(np.float64)
    return found
