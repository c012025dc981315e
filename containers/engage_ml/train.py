"""Training of the engagement, churn and value models (XGBoost, histogram trees) and calibration of churn.

Deterministic for given rows, seed and number of threads. Early stopping, calibration, the scale of value
and the choice between its two forms use the validation cut-off only; the test cut-off is never read here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock, Floats
from .boosting import load_xgboost
from .contract import LABELS, ContractError, SplitPlan
from .data_contract import DataContract
from .dictionary import Dictionary, dictionary
from .score import (
    CHURN,
    ENGAGEMENT,
    VALUE,
    VALUE_AMOUNT,
    VALUE_PROBABILITY,
    Doubles,
    Model,
    feature_types,
)
from .tables import Snapshot, read_snapshot

Log = Callable[..., None]


BASE_PARAMS: Mapping[str, Any] = {
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 5,
    "eta": 0.15,
    "min_child_weight": 20,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "lambda": 2.0,
    "max_cat_to_onehot": 8,
}
OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    ENGAGEMENT: {"objective": "reg:logistic", "eval_metric": "rmse"},
    CHURN: {"objective": "binary:logistic", "eval_metric": "logloss"},
    VALUE: {
        "objective": "reg:tweedie",
        "tweedie_variance_power": 1.5,
        "eval_metric": "tweedie-nloglik@1.5",
        "max_delta_step": 0.7,
    },
    VALUE_PROBABILITY: {"objective": "binary:logistic", "eval_metric": "logloss"},
    VALUE_AMOUNT: {"objective": "reg:gamma", "eval_metric": "gamma-nloglik"},
}
MIN_ROWS = 100
"""Fewest rows of a training or validation set."""


@dataclass(frozen=True)
class Settings:
    """Seed, threads, rounds and overrides of `BASE_PARAMS` (from `params` in `spec.json`)."""

    seed: int = 7
    threads: int = 2
    rounds: int = 300
    patience: int = 15
    params: Mapping[str, Any] = field(default_factory=dict)


def silent(message: str, **fields: Any) -> None:
    """A log that says nothing."""


@dataclass
class _Set:
    matrix: Floats
    label: NDArray[np.float64]


def train_models(
    root: Path,
    contract: DataContract,
    plan: SplitPlan,
    version: str,
    settings: Settings | None = None,
    log: Log = silent,
) -> Model:
    """Trains all models from the feature Parquet under `root/cutoff=.../`.

    Raises:
        ContractError: when rows or labels are missing, or a target has one value only.
    """
    settings = settings or Settings()
    started = time.monotonic()
    boosters: dict[str, Any] = {}
    rounds: dict[str, int] = {}
    seconds: dict[str, float] = {}
    known = dictionary(contract)
    uncalibrated = (np.zeros(0), np.zeros(0))
    model = Model(version, known.modelled, {}, uncalibrated, "tweedie", 1.0, boosters, contract=contract)
    for target in (CHURN, ENGAGEMENT, VALUE):
        label = LABELS[target]
        snapshots = [read_snapshot(root, known, d.isoformat(), label) for d in plan.train[target]]
        validation = read_snapshot(root, known, plan.validation[target].isoformat(), label)
        if target == CHURN:
            # Churn has the newest training cut-offs; one list of categories serves all models.
            model.categories = categories_of(known, [s.block for s in snapshots])
            model.metadata["typical"] = typical(known, snapshots[0].block)
        train_set = _stack(model, snapshots)
        del snapshots
        valid_set = _stack(model, [validation])
        del validation
        _check(target, train_set, valid_set)
        began = time.monotonic()
        if target == VALUE:
            _train_value(model, train_set, valid_set, settings, rounds)
        else:
            boosters[target] = _fit(target, model, train_set, valid_set, settings, rounds)
        if target == CHURN:
            raw = _predict(boosters[CHURN], model, valid_set.matrix, settings.threads)
            model.calibration = calibration_points(raw, valid_set.label)
        seconds[target] = round(time.monotonic() - began, 3)
        log("trained", target=target, rows=len(train_set.label), seconds=seconds[target])
    model.metadata |= {
        "as_of": plan.as_of.isoformat(),
        "cutoffs": plan.to_spec(),
        "data_window": {"from": plan.first_week.isoformat(), "until": plan.as_of.isoformat()},
        "horizon_weeks": dict(plan.horizons),
        "params": {**BASE_PARAMS, **settings.params},
        "objectives": {name: dict(OBJECTIVES[name]) for name in boosters},
        "rounds": {name: rounds[name] for name in sorted(boosters)},
        "seed": settings.seed,
        "threads": settings.threads,
        "training_seconds": {**seconds, "total": round(time.monotonic() - started, 3)},
    }
    return model


def categories_of(known: Dictionary, blocks: Sequence[FeatureBlock]) -> dict[str, list[str]]:
    """The sorted categories that occur in any of the blocks."""
    return {n: sorted({w for b in blocks for w in b.vocabulary[n]}) for n in known.categorical}


def typical(known: Dictionary, block: FeatureBlock) -> dict[str, Any]:
    """Median or most frequent category of each feature: what a request that leaves one out gets."""
    found: dict[str, Any] = {}
    for name in known.names:
        column = block.column(name)
        column = column[~np.isnan(column)]
        if name in known.categorical:
            counts = np.bincount(column.astype(np.int64), minlength=len(block.vocabulary[name]))
            found[name] = block.vocabulary[name][int(counts.argmax())] if len(column) else None
        else:
            found[name] = round(float(np.median(column)), 4) if len(column) else None
    return found


def calibration_points(raw: Doubles, outcome: NDArray[np.float64]) -> tuple[Doubles, Doubles]:
    """Isotonic calibration as a piecewise-linear curve, or Platt's with fewer than 1,000 of either outcome.

    One thousandth of the raw probability is blended in, so that the curve rises strictly and ranks survive.
    """
    positives = float(outcome.sum())
    grid: Doubles
    if min(positives, len(outcome) - positives) < 1000:
        from sklearn.linear_model import LogisticRegression

        clipped = np.clip(raw, 1e-6, 1 - 1e-6)
        logit = np.log(clipped / (1 - clipped)).reshape(-1, 1)
        fitted = LogisticRegression(C=1e6).fit(logit, outcome)
        grid = np.concatenate([[0.0], 1 / (1 + np.exp(-np.linspace(-8, 8, 161))), [1.0]])
        inner = np.clip(grid, 1e-6, 1 - 1e-6)
        curve = fitted.predict_proba(np.log(inner / (1 - inner)).reshape(-1, 1))[:, 1]
    else:
        from sklearn.isotonic import IsotonicRegression

        iso = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(raw, outcome)
        grid, curve = iso.X_thresholds_.astype(np.float64), iso.y_thresholds_.astype(np.float64)
        # Never certain: pull the ends off 0 and 1 by half an observation.
        edge = 0.5 / len(outcome)
        curve = np.clip(curve, edge, 1 - edge)
    return grid, 0.999 * curve + 0.001 * grid


def _stack(model: Model, snapshots: Sequence[Snapshot]) -> _Set:
    matrix = np.concatenate([model.matrix(s.block) for s in snapshots])
    return _Set(matrix, np.concatenate([s.label for s in snapshots]))


def _check(target: str, train_set: _Set, valid_set: _Set) -> None:
    for purpose, data in (("training", train_set), ("validation", valid_set)):
        if len(data.label) < MIN_ROWS:
            raise ContractError(
                f"The {purpose} set of {target} has {len(data.label)} customers; "
                f"at least {MIN_ROWS} are needed."
            )
        if data.label.min() == data.label.max():
            raise ContractError(
                f"Every customer of the {purpose} set of {target} has the value {data.label[0]:g}."
            )


def _fit(
    name: str, model: Model, train_set: _Set, valid_set: _Set, settings: Settings, rounds: dict[str, int]
) -> Any:
    xgboost = load_xgboost()

    types = feature_types(model.features, model.categories)
    common: dict[str, Any] = {"feature_types": types, "enable_categorical": True, "nthread": settings.threads}
    params = {
        **BASE_PARAMS,
        **settings.params,
        **OBJECTIVES[name],
        "seed": settings.seed,
        "nthread": settings.threads,
    }
    bins = params["max_bin"]
    data = xgboost.QuantileDMatrix(train_set.matrix, label=train_set.label, max_bin=bins, **common)
    valid = xgboost.QuantileDMatrix(valid_set.matrix, label=valid_set.label, max_bin=bins, ref=data, **common)
    booster = xgboost.train(
        params,
        data,
        num_boost_round=settings.rounds,
        evals=[(valid, "validation")],
        early_stopping_rounds=settings.patience,
        verbose_eval=False,
    )
    kept = int(booster.best_iteration) + 1
    rounds[name] = kept
    return booster[:kept]


def _predict(booster: Any, model: Model, matrix: Floats, threads: int) -> Doubles:
    found: Doubles = booster.predict(model.data(matrix, threads)).astype(np.float64)
    return found


def tweedie_deviance(actual: Doubles, predicted: Doubles, power: float = 1.5) -> Doubles:
    """Unit deviance of the Tweedie family for 1 < power < 2 (Jorgensen 1997), one per row; fits
    zero-inflated amounts.
    """
    mean = np.maximum(predicted, 1e-6)
    found: Doubles = 2 * (
        actual ** (2 - power) / ((1 - power) * (2 - power))
        - actual * mean ** (1 - power) / (1 - power)
        + mean ** (2 - power) / (2 - power)
    )
    return found


def _train_value(
    model: Model, train_set: _Set, valid_set: _Set, settings: Settings, rounds: dict[str, int]
) -> None:
    """Trains both forms of the value model and keeps the one with the lower validation deviance."""
    actual = valid_set.label
    forms: dict[str, dict[str, Any]] = {
        "tweedie": {VALUE: _fit(VALUE, model, train_set, valid_set, settings, rounds)}
    }
    paid, paid_valid = train_set.label > 0, valid_set.label > 0
    if min(paid.sum(), paid_valid.sum(), (~paid).sum(), (~paid_valid).sum()) >= MIN_ROWS:
        chance = _fit(
            VALUE_PROBABILITY,
            model,
            _Set(train_set.matrix, paid.astype(np.float64)),
            _Set(valid_set.matrix, paid_valid.astype(np.float64)),
            settings,
            rounds,
        )
        amount = _fit(
            VALUE_AMOUNT,
            model,
            _Set(train_set.matrix[paid], train_set.label[paid]),
            _Set(valid_set.matrix[paid_valid], valid_set.label[paid_valid]),
            settings,
            rounds,
        )
        forms["two_part"] = {VALUE_PROBABILITY: chance, VALUE_AMOUNT: amount}
    deviances: dict[str, float] = {}
    scales: dict[str, float] = {}
    for kind, parts in forms.items():
        predicted = np.ones(len(actual))
        for booster in parts.values():
            predicted = predicted * _predict(booster, model, valid_set.matrix, settings.threads)
        scales[kind] = float(np.clip(actual.sum() / max(predicted.sum(), 1e-9), 0.5, 2.0))
        deviances[kind] = float(tweedie_deviance(actual, predicted * scales[kind]).mean())
    best = min(deviances, key=lambda kind: (deviances[kind], kind))
    model.value_kind, model.value_scale = best, scales[best]
    assert isinstance(model.boosters, dict)
    model.boosters.update(forms[best])
    model.metadata["value_forms"] = {k: {"deviance": deviances[k], "scale": scales[k]} for k in sorted(forms)}


def importance(model: Model, top: int = 20) -> dict[str, list[dict[str, Any]]]:
    """Share of the total gain by feature for each booster, largest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, booster in sorted(model.boosters.items()):
        gains = booster.get_score(importance_type="total_gain")
        named = {model.features[int(key[1:])]: float(gain) for key, gain in gains.items()}
        total = sum(named.values()) or 1.0
        ranked = sorted(named.items(), key=lambda item: (-item[1], item[0]))[:top]
        found[name] = [{"feature": key, "share": round(gain / total, 5)} for key, gain in ranked]
    return found


__all__ = [
    "Settings", "calibration_points", "categories_of", "importance", "train_models",
    "tweedie_deviance", "typical",
]  # fmt: skip
