"""Training of the engagement, churn and value models (XGBoost, histogram trees), with calibration and
intervals.

Deterministic for given rows, seed and number of threads. Early stopping, calibration, levels, intervals, the
form of the value model and the choice of tuned parameters use the validation cut-off only; the test cut-off
is never read here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .blocks import FeatureBlock
from .calibration import calibration_points, level
from .contract import LABELS, ContractError, SplitPlan
from .data_contract import DataContract
from .dictionary import Dictionary, dictionary
from .fitting import OBJECTIVES, Fitter, Rows, Settings, check
from .history import purchases, recently_active
from .intervals import Flags, fit_intervals
from .purchases import PurchaseModel, fit_purchases
from .score import CHURN, ENGAGEMENT, VALUE, VALUE_CORRECTION, Model
from .sets import Sets, cutoffs_of
from .tuning import Budget, Trials, tune
from .value_forms import ValueFitter

Log = Callable[..., None]


def silent(message: str, **fields: Any) -> None:
    """A log that says nothing."""


def train_models(
    root: Path,
    contract: DataContract,
    plan: SplitPlan,
    version: str,
    settings: Settings | None = None,
    log: Log = silent,
    budget: Budget | None = None,
) -> Model:
    """Trains all models from the feature Parquet under `root/cutoff=.../`; tunes them with a budget.

    Raises:
        ContractError: when rows or labels are missing, or a target has one value only.
    """
    settings = settings or Settings()
    started = time.monotonic()
    known = dictionary(contract)
    model = Model(version, known.modelled, {}, contract=contract)
    rounds: dict[str, int] = {}
    tried: dict[str, Trials] = {}
    seconds: dict[str, float] = {}
    sets: Sets | None = None
    for target in (CHURN, ENGAGEMENT, VALUE):
        began = time.monotonic()
        if sets is None or sets.cutoffs != cutoffs_of(plan, target):
            sets = None  # before others are read: two would need twice the memory
            sets = Sets(root, known, plan, target)
        if target == CHURN:
            # Churn has the newest training cut-offs; one list of categories serves all models.
            model.categories = categories_of(known, sets.blocks)
            model.metadata["typical"] = typical(known, sets.blocks[0])
        if target == VALUE:
            model.purchases = _purchases(contract, sets.blocks[0], settings.seed)
        tried[target] = _train_target(target, model, sets, settings, budget, rounds)
        seconds[target] = round(time.monotonic() - began, 3)
        log("trained", target=target, rows=sets.size, trials=len(tried[target].tried),
            seconds=seconds[target])  # fmt: skip
    seconds["total"] = round(time.monotonic() - started, 3)
    model.metadata |= {
        "as_of": plan.as_of.isoformat(),
        "cutoffs": plan.to_spec(),
        "data_window": {"from": plan.first_week.isoformat(), "until": plan.as_of.isoformat()},
        "horizon_weeks": dict(plan.horizons),
        "rounds": {name: rounds[name] for name in sorted(model.boosters)},
        "training_seconds": seconds,
        **_parameters(model, settings, budget, tried),
    }
    return model


def _parameters(
    model: Model, settings: Settings, budget: Budget | None, tried: Mapping[str, Trials]
) -> dict[str, Any]:
    """What a model was trained with and what else was tried: all that `settings_of` needs is in it."""
    return {
        "params": {target: dict(tried[target].best.params) for target in sorted(tried)},
        "tuning": {
            "budget": budget.to_dict() if budget else None,
            "tried": {target: tried[target].to_dict() for target in sorted(tried)},
        },
        "objectives": {name: dict(OBJECTIVES[name]) for name in model.boosters},
        "seed": settings.seed,
        "threads": settings.threads,
        "max_rounds": settings.rounds,
        "patience": settings.patience,
    }


def _purchases(contract: DataContract, newest: FeatureBlock, seed: int) -> PurchaseModel | None:
    """BG/NBD and Gamma-Gamma on the histories before a cut-off; None with too few purchases."""
    bought = purchases(contract, newest)
    if bought is None:
        return None
    try:
        return fit_purchases(bought, seed)
    except ContractError:
        return None


def settings_of(metadata: Mapping[str, Any]) -> Settings:
    """The settings that make a model again, byte for byte, from its `model.json` and the same features.

    They hold the parameters that tuning found, so that nothing has to be tuned again.
    """
    return Settings(
        seed=int(metadata["seed"]),
        threads=int(metadata["threads"]),
        rounds=int(metadata["max_rounds"]),
        patience=int(metadata["patience"]),
        by_target=metadata["params"],
    )


def _train_target(
    target: str,
    model: Model,
    sets: Sets,
    settings: Settings,
    budget: Budget | None,
    rounds: dict[str, int],
) -> Trials:
    """Adds a target's boosters, calibration and intervals to the model; returns what was tried."""
    train, valid = sets.rows(model, target)
    check(target, train, valid)
    binned = sets.binned(model, settings.max_bin(target), settings.threads)
    recent = recently_active(model.contract, sets.validation)
    share = budget.share(len(LABELS)) if budget else None
    if target == VALUE:
        forms = ValueFitter(model, binned, train, valid, settings)
        trials, best = tune(forms.fit, settings.for_target(target), share, settings.seed)
        model.boosters |= best.boosters
        rounds |= best.rounds
        model.value_kind = best.kind
        if VALUE_CORRECTION not in best.boosters:
            model.purchases = None
        model.metadata["value_forms"] = best.deviances
    else:
        trials, found = tune(
            Fitter(target, binned, train, valid, settings).fit,
            settings.for_target(target),
            share,
            settings.seed,
        )
        model.boosters[target], rounds[target] = found.booster, found.rounds
    _calibrate(target, model, valid, recent, settings.threads)
    return trials


def _calibrate(target: str, model: Model, valid: Rows, recent: Flags, threads: int) -> None:
    data = model.data(valid.matrix, threads)
    if target == CHURN:
        model.calibration = calibration_points(model.raw(CHURN, data), valid.label)
        return
    raw = model.raw_value(data, valid.anchor) if target == VALUE else model.raw(ENGAGEMENT, data)
    scale = level(valid.label, raw)
    if target == VALUE:
        model.value_scale, final = scale, raw * scale
    else:
        model.engagement_scale, final = scale, np.clip(raw * scale, 0.0, 1.0)
    model.intervals[target] = fit_intervals(final, valid.label, recent)


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
