"""Evaluation on the test cut-offs: challenger, champion and baselines on the same rows, and what the gate
decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import SCHEMA_VERSION, metrics
from .baselines import fit_baselines
from .blocks import FeatureBlock
from .contract import LABELS, SplitPlan
from .data_contract import DataContract
from .dictionary import dictionary
from .gate import Decision, difference, gate
from .score import Model, Predictions
from .tables import Snapshot, read_snapshot
from .train import Log, importance, silent, tweedie_deviance

Doubles = NDArray[np.float64]


def predicted(target: str, predictions: Predictions) -> Doubles:
    """The predictions for one target."""
    return {
        "churn": predictions.churn_probability,
        "engagement": predictions.expected_engagement,
        "value": predictions.expected_value,
    }[target]


def loss(target: str, actual: Doubles, prediction: Doubles) -> Doubles:
    """Loss per row: log loss for churn, squared error for engagement, Tweedie deviance (1.5) for value."""
    if target == "churn":
        chance = np.clip(prediction, 1e-6, 1 - 1e-6)
        found: Doubles = -(actual * np.log(chance) + (1 - actual) * np.log(1 - chance))
        return found
    if target == "engagement":
        squared: Doubles = (actual - prediction) ** 2
        return squared
    return tweedie_deviance(actual, prediction)


def recently_active(contract: DataContract, block: FeatureBlock) -> NDArray[np.bool_]:
    """Which rows were active in the last weeks (`DataContract.recent_weeks`)."""
    found: NDArray[np.bool_] = block.column(f"active_weeks_{contract.recent_weeks}") > 0
    return found


def measures(target: str, recent: NDArray[np.bool_], actual: Doubles, prediction: Doubles) -> dict[str, Any]:
    """The metrics of a prediction on `all` customers and on the `recent`ly active ones, where it is hard."""
    compute = metrics.churn_metrics if target == "churn" else metrics.amount_metrics
    return {"all": compute(actual, prediction), "recent": compute(actual[recent], prediction[recent])}


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
) -> dict[str, Any]:
    """The content of `evaluation.json`: metrics by target for challenger, champion and baselines, curves,
    decision.

    Raises:
        ContractError: when a test or training cut-off is missing under `root`.
    """
    targets: dict[str, Any] = {}
    differences: dict[str, Mapping[str, float]] = {}
    contract = challenger.contract
    for name, label in LABELS.items():
        test = read_snapshot(root, challenger.dictionary, plan.test[name].isoformat(), label)
        recent = recently_active(contract, test.block)
        ours = predicted(name, challenger.predict(test.block, threads))
        entry: dict[str, Any] = {
            "cutoff": plan.test[name].isoformat(),
            "horizon_weeks": plan.horizons[name],
            "challenger": measures(name, recent, test.label, ours),
            "champion": None,
            "baselines": _baseline_measures(root, contract, plan, name, test, seed),
            "curves": _curves(name, test.label, ours),
            "curves_recent": _curves(name, test.label[recent], ours[recent]),
        }
        if champion is not None:
            theirs = predicted(name, champion.predict(test.block, threads))
            entry["champion"] = measures(name, recent, test.label, theirs)
            differences[name] = difference(loss(name, test.label, ours), loss(name, test.label, theirs))
            entry["difference"] = differences[name]
        targets[name] = entry
        log("evaluated", target=name, rows=len(test.label))
    champion_as_of = None if champion is None else str(champion.metadata["as_of"])
    decision: Decision = gate(
        differences if champion is not None else None, plan.as_of.isoformat(), champion_as_of
    )
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "as_of": plan.as_of.isoformat(),
        "model_version": challenger.version,
        "champion_version": None if champion is None else champion.version,
        "targets": targets,
        "importance": importance(challenger),
        "decision": decision.to_dict(),
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


def _curves(target: str, actual: Doubles, prediction: Doubles) -> dict[str, Any]:
    return (metrics.churn_curves if target == "churn" else metrics.amount_curves)(actual, prediction)


def _baseline_measures(
    root: Path, contract: DataContract, plan: SplitPlan, target: str, test: Snapshot, seed: int
) -> dict[str, Any]:
    first = plan.train[target][0].isoformat()
    newest = read_snapshot(root, dictionary(contract), first, LABELS[target])
    fitted = fit_baselines(target, contract, newest.block, newest.label, seed)
    recent = recently_active(contract, test.block)
    return {
        name: measures(target, recent, test.label, model.predict(test.block))
        for name, model in fitted.items()
    }
