"""Evaluation on the test cut-offs: challenger, champion, baselines and ceiling on the same rows, with
confidence intervals, and what the gate decides. `docs/models.md` tells the layout of the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import ceiling, curves, metrics
from .baselines import Baselines, fit_baselines
from .contract import SplitPlan, Target
from .data_contract import DataContract
from .gate import Decision, difference, gate
from .held_out import HeldOut, Said
from .history import recently_active
from .intervals import LEVEL
from .judge import Forecast, Judge, forecast
from .score import Model, Predictions
from .tables import Snapshot, read_snapshot
from .train import Log, importance, silent

Doubles = NDArray[np.float64]
EVALUATION_SCHEMA = 2
"""Version of the layout of `evaluation.json`."""


def evaluate(
    root: Path,
    plan: SplitPlan,
    challenger: Model,
    champion: Model | None = None,
    *,
    run_id: str,
    seed: int = 7,
    threads: int = 2,
    log: Log = silent,
    truth: ceiling.Reader | None = None,
    said: Said | None = None,
) -> dict[str, Any]:
    """The content of `evaluation.json`; `truth` is where ceilings are, None with data that have none; `said`
    what the challenger says, where others use it too.

    Raises:
        ContractError: when a test or training cut-off is missing under `root`.
    """
    targets: dict[str, Any] = {}
    contract, known = challenger.contract, challenger.dictionary
    said = said or Said(challenger, HeldOut(root, plan, known), threads)
    said_before = None if champion is None else Said(champion, said.rows, threads)
    for target in contract.targets:
        test = said.rows.snapshot(target.name)
        newest = read_snapshot(root, known, plan.train[target.name][0].isoformat(), target.label)
        simple = fit_baselines(target.name, contract, newest.block, newest.label, test.block, seed)
        ours = said.of(target.name)
        theirs = None if said_before is None else said_before.of(target.name)
        entry = judge_target(contract, target, test, ours, theirs, simple, seed)
        top = None if truth is None else ceiling.read_ceiling(truth, plan.test[target.name])
        entry["ceiling"] = None if top is None else against_ceiling(contract, target, test, ours, top, seed)
        targets[target.name] = {"cutoff": plan.test[target.name].isoformat(), **entry}
        log("evaluated", target=target.name, rows=len(test.label), ceiling=entry["ceiling"] is not None)
    differences = {name: entry["difference"] for name, entry in targets.items()}
    champion_as_of = None if champion is None else str(champion.metadata["as_of"])
    decision: Decision = gate(
        differences if champion is not None else None, plan.as_of.isoformat(), champion_as_of
    )
    return {
        "schema_version": EVALUATION_SCHEMA,
        "run_id": run_id,
        "as_of": plan.as_of.isoformat(),
        "model_version": challenger.version,
        "champion_version": None if champion is None else champion.version,
        "targets": targets,
        "importance": importance(challenger),
        "decision": decision.to_dict(),
    }


def judge_target(
    contract: DataContract,
    target: Target,
    test: Snapshot,
    ours: Predictions,
    theirs: Predictions | None,
    simple: Baselines,
    seed: int,
) -> dict[str, Any]:
    """One target's entry: measures of challenger, champion and baselines, differences, intervals, curves."""
    name, label = target.name, test.label
    judge = Judge(contract, target, test.block, label, seed)
    mine = forecast(name, ours)
    measured = judge.measure(mine)
    entry: dict[str, Any] = {
        "horizon_weeks": target.horizon_weeks,
        "challenger": judge.describe(mine, measured),
        "champion": None,
        "difference": None,
        "baselines": {},
        "baselines_missing": dict(simple.missing),
        "versus": {},
        "intervals": interval_measures(contract, name, test, ours),
    }
    rivals = {title: Forecast(model.predict(test.block)) for title, model in simple.models.items()}
    if theirs is not None:
        rivals["champion"] = forecast(name, theirs)
        entry["difference"] = difference(
            metrics.loss(name, label, mine.expected), metrics.loss(name, label, rivals["champion"].expected)
        )
    for title, rival in rivals.items():
        other = judge.measure(rival)
        where = entry if title == "champion" else entry["baselines"]
        where[title] = judge.describe(rival, other)
        entry["versus"][title] = judge.compare(measured, other)
    recent = recently_active(contract, test.block)
    points = curves.churn_curves if name == "churn" else curves.amount_curves
    entry["curves"] = points(label, mine.expected)
    entry["curves_recent"] = points(label[recent], mine.expected[recent])
    return entry


def against_ceiling(
    contract: DataContract,
    target: Target,
    test: Snapshot,
    ours: Predictions,
    top: ceiling.Ceiling,
    seed: int,
) -> dict[str, Any] | None:
    """The model and the ceiling on the customers that the ceiling holds, and one as a share of the other.

    None when it holds fewer than two of them: it is then of other data than these.
    """
    there, here = top.rows_in(test.block.ids)
    if len(there) < 2:
        return None
    judge = Judge(contract, target, test.block.take(there), test.label[there], seed)
    mine = forecast(target.name, ours).take(there)
    bound = Forecast(top.predictions[target.name][here])
    one, other = judge.measure(mine), judge.measure(bound)
    return {
        "customers": len(there),
        "model": judge.describe(mine, one),
        "ceiling": judge.describe(bound, other),
        "ratio": judge.ratios(target.name, one, other),
    }


def interval_measures(
    contract: DataContract, name: str, test: Snapshot, ours: Predictions
) -> dict[str, Any] | None:
    """How many outcomes the intervals hold, by population; None for churn and for models without intervals.

    `open` are the customers whose interval is not [0, 0]: the others' hold more than 80 % however made.
    """
    if name == "churn":
        return None
    low, high = (getattr(ours, f"{name}_{end}") for end in ("low", "high"))
    if np.isnan(low).any():
        return None
    recent, is_open = recently_active(contract, test.block), high > 0
    populations = {"all": np.ones(len(low), dtype=bool), "recent": recent, "open": is_open}
    found: dict[str, Any] = {"level": LEVEL}
    for title, rows in populations.items():
        found[title] = _coverage(test.label[rows], low[rows], high[rows])
    return found


def _coverage(actual: Doubles, low: Doubles, high: Doubles) -> dict[str, Any]:
    """Share of outcomes inside, below and above; the interval of the share is Wald's; mean width."""
    if not len(actual):
        return {"rows": 0}
    inside = float(((actual >= low) & (actual <= high)).mean())
    reach = 1.96 * (inside * (1 - inside) / len(actual)) ** 0.5
    return {
        "rows": len(actual),
        "coverage": metrics.number(inside),
        "below": metrics.number((actual < low).mean()),
        "above": metrics.number((actual > high).mean()),
        "mean_width": metrics.number((high - low).mean()),
        "ci": {"coverage": [metrics.number(inside - reach), metrics.number(min(inside + reach, 1.0))]},
    }


def headline(evaluation: Mapping[str, Any]) -> dict[str, float | None]:
    """The few numbers for metrics, the champion pointer and a summary: challenger's, on all customers
    unless named.
    """
    targets = evaluation["targets"]
    churn, engagement, value = (targets[n]["challenger"] for n in ("churn", "engagement", "value"))
    return {
        "churn_roc_auc": churn["all"]["roc_auc"],
        "churn_roc_auc_recent": churn["recent"].get("roc_auc"),
        "churn_average_precision": churn["all"]["average_precision"],
        "churn_calibration_error": churn["all"]["calibration_error"],
        "churn_lift_top_decile": churn["all"]["lift_top_decile"],
        "engagement_mae": engagement["all"]["mae"],
        "engagement_r2": engagement["all"]["r2"],
        "value_gini": value["all"]["gini"],
        "value_mae": value["all"]["mae"],
        "value_spearman": value["all"]["spearman"],
        "value_total_ratio": value["all"]["total_ratio"],
    }
