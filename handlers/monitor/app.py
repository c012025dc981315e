"""Monitor: has the world moved away from where the model was tested?

In: the run object after publishing, so that an alarm never holds predictions back. Out: `monitor`, in short;
the whole is `runs/<run_id>/monitor.json`. Three questions: do the inputs and the predictions still look as
when the model was tested (counts of the inference shards beside the model's reference), and did what was
predicted a horizon ago come true? What cannot be answered is unknown, with the reason: the first runs have
no past.
"""

from collections.abc import Callable, Iterator
from typing import Any

import outcomes
from common import names, runs, s3
from common.errors import DataError
from common.log import emit_metrics, logger
from common.settings import Settings
from common.step import Run, step
from engage_ml import drift, hindsight

SCHEMA_VERSION = 2
Rows = list[dict[str, Any]]


def monitor(run: Run, settings: Settings) -> Run:
    """The run with the verdicts; raises DataError when a shard left no counts although it had to."""
    run_id, bucket = run["run_id"], settings.lake_bucket
    version = run["promote"]["model_version"]
    looked = inputs(bucket, run, version)
    past = performance(
        run["split"]["cutoffs"]["test"],
        lambda day: outcomes.outcomes_of(settings, run_id, day),
        lambda model: s3.get_json(bucket, f"models/{model}/model.json") or {},
        run["contract"],
    )
    key = names.run_key(run_id, "monitor.json")
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "as_of": run["as_of"],
        "model_version": version,
        "checked_at": runs.now(),
        "thresholds": {
            "psi": {"watch": drift.WATCH_PSI, "alert": drift.ALERT_PSI, "usual": drift.USUAL_FACTOR},
            "ratio": {"watch": hindsight.WATCH_RATIO, "alert": hindsight.ALERT_RATIO},
            "auc": {"watch": hindsight.WATCH_AUC, "alert": hindsight.ALERT_AUC},
        },
        **looked,
        "performance": past,
        "verdict": drift.worst(
            part["verdict"] for part in (looked["features"], looked["predictions"], *past.values())
        ),
    }
    s3.put_json(bucket, key, document)
    short = summary(document, key)
    emit_metrics(
        {name: value for name, value in metrics(document).items() if value is not None},
        units={"DriftedFeatures": "Count", "DriftAlerts": "Count", "OutcomeAlerts": "Count"},
    )
    logger("monitor").info("monitored", **{k: v for k, v in short.items() if k != "key"})
    return {**run, "monitor": short}


def inputs(bucket: str, run: Run, version: str) -> dict[str, Any]:
    """What `drift.judge` says of features and predictions, or unknown for a model without a reference."""
    reference = s3.get_json(bucket, f"models/{version}/reference.json")
    if reference is None or reference["schema_version"] != drift.REFERENCE_VERSION:
        why = f"The model {version} was made before there were references of this kind; the next one has one."
        unknown = {
            "verdict": drift.UNKNOWN, "max_psi": None, "drifted": 0, "compared": [], "why": why
        }  # fmt: skip
        return {"since": None, "features": {**unknown, "change": None}, "predictions": unknown}
    counts = shard_counts(bucket, run["run_id"], int(run["split"]["n_shards"]))
    return drift.judge(reference, counts, run["as_of"])


def shard_counts(bucket: str, run_id: str, n_shards: int) -> Iterator[dict[str, Any]]:
    """The counts of each shard, one at a time."""
    for shard in range(n_shards):
        found = s3.get_json(bucket, names.run_key(run_id, f"monitor/shard-{shard:05d}.json"))
        if found is None:
            raise DataError(
                f"The inference of shard {shard} of run {run_id} left no counts.",
                hint="look at the inference tasks with `engage logs`, then run the pipeline again",
            )
        yield found


def performance(
    cutoffs: dict[str, str],
    outcomes_of: Callable[[str], Rows | None],
    model_of: Callable[[str], dict[str, Any]],
    contract: dict[str, Any],
) -> dict[str, Any]:
    """For each target what became of the predictions published for its test cut-off (a horizon ago).

    Predictions under another contract meant something else, so nothing can be said of them.
    """
    by_day = {day: outcomes_of(day) for day in sorted(set(cutoffs.values()))}
    found: dict[str, Any] = {}
    for target, day in cutoffs.items():
        rows = by_day[day]
        if not rows:
            why = f"No predictions were published as of {day}."
            found[target] = {"as_of": day, "verdict": drift.UNKNOWN, "why": why}
            continue
        version = str(rows[0]["model_version"])
        about = {"as_of": day, "model_version": version, "run_id": str(rows[0]["run_id"])}
        model = model_of(version)
        if model.get("contract") != contract:
            why = f"The predictions as of {day} were made under another data contract."
            found[target] = {**about, "verdict": drift.UNKNOWN, "why": why}
            continue
        found[target] = {**about, **hindsight.judge_target(rows, target, model.get("metrics") or {})}
    return found


def metrics(document: dict[str, Any]) -> dict[str, float | None]:
    """The metrics of the alarms and the dashboard; None is left out."""
    alerts = (document["features"], document["predictions"])
    return {
        "MaxFeaturePsi": document["features"]["max_psi"],
        "DriftedFeatures": float(document["features"]["drifted"]),
        "PredictionPsi": document["predictions"]["max_psi"],
        "ChurnObservedToExpected": document["performance"]["churn"].get("total_recent", {}).get("ratio"),
        "DriftAlerts": float(sum(part["verdict"] == drift.ALERT for part in alerts)),
        "OutcomeAlerts": float(
            sum(part["verdict"] == drift.ALERT for part in document["performance"].values())
        ),
    }


def summary(document: dict[str, Any], key: str) -> dict[str, Any]:
    """What the run object says: verdicts and the most moved feature."""
    first = next((row for row in document["features"]["compared"] if row["judged"]), None)
    return {
        "verdict": document["verdict"],
        "features": document["features"]["verdict"],
        "change": document["features"]["change"],
        "predictions": document["predictions"]["verdict"],
        "performance": {name: part["verdict"] for name, part in document["performance"].items()},
        "most_moved": None if first is None else {"name": first["name"], "psi": first["psi"]},
        "key": key,
    }


handler = step("monitor", monitor)
