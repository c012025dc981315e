"""Promote: does the model that this run trained replace the champion? Moves one pointer, or nothing.

In: the run object after training. Out: `promote` with the decision, its reason and the version that
inference uses: the champion, whichever model that now is. Repeating it gives the same answer.
"""

from typing import Any

from common import names, s3
from common.errors import DataError
from common.log import emit_metrics, logger
from common.settings import Settings
from common.step import Run, step
from engage_ml import pointer
from engage_ml.gate import gate

# Metric in CloudWatch, name in the champion pointer, and where the evaluation holds it.
QUALITY = (
    ("ChurnAUC", "churn_roc_auc", "churn", "all", "roc_auc"),
    ("ChurnAUCRecent", "churn_roc_auc_recent", "churn", "recent", "roc_auc"),
    ("ChurnECE", "churn_calibration_error", "churn", "all", "calibration_error"),
    ("EngagementMAE", "engagement_mae", "engagement", "all", "mae"),
    ("ValueMAE", "value_mae", "value", "all", "mae"),
    ("ValueGini", "value_gini", "value", "all", "gini"),
)


def promote(run: Run, settings: Settings) -> Run:
    """The run with the decision; raises DataError when training left no whole model or evaluation."""
    run_id, bucket = run["run_id"], settings.lake_bucket
    evaluation = s3.get_json(bucket, names.run_key(run_id, "evaluation.json"))
    version = names.model_version(run_id)
    if evaluation is None or not s3.exists(bucket, f"models/{version}/model.json"):
        raise DataError(
            f"The training of run {run_id} left no {'evaluation' if evaluation is None else 'whole model'}.",
            hint="look at the training task with `engage logs --component training`",
        )
    champion, etag = s3.get_tagged(bucket, pointer.CHAMPION_KEY)
    quality = headline(evaluation)
    promoted, reason = decide(evaluation, champion, run["as_of"], version)
    if promoted and (champion or {}).get("model_version") != version:
        current = None if champion is None else pointer.parse(champion)
        moved = pointer.promoted(
            current, version, run_id, run["as_of"], quality, reason=reason, by=f"run {run_id}"
        )
        # A person may move the pointer meanwhile: then this step is tried again, and compares again.
        s3.put_json_if(bucket, pointer.CHAMPION_KEY, moved.to_dict(), etag)
    emit_metrics(
        {
            **{metric: quality[name] for metric, name, *_ in QUALITY if quality[name] is not None},
            "Promoted": 1.0 if promoted else 0.0,
        },
        units={"Promoted": "Count"},
    )
    logger("promote").info("gate decided", promoted=promoted, reason=reason)
    return {
        **run,
        "promote": {
            "promoted": promoted,
            "reason": reason,
            "challenger": version,
            "previous_champion": (champion or {}).get("model_version"),
            "model_version": version if promoted else (champion or {})["model_version"],
            "metrics": quality,
        },
    }


def decide(
    evaluation: dict[str, Any], champion: dict[str, Any] | None, as_of: str, version: str
) -> tuple[bool, str]:
    """Whether the challenger `version` becomes (or is) champion, and why, in one sentence."""
    if champion is None:
        decision = gate(None, as_of, None)
        return decision.promote, decision.reason
    if champion["model_version"] == version:
        # A repeated step: the evaluation still holds the comparison with the champion before.
        return True, str(
            evaluation.get("decision", {}).get("reason") or "This model is the champion already."
        )
    if evaluation.get("champion_unusable") == champion["model_version"]:
        return True, str(evaluation["decision"]["reason"])
    if evaluation.get("champion_version") != champion["model_version"]:
        # Another run has promoted its model meanwhile, or the champion could not be read in training.
        return False, (
            f"The champion stays: {champion['model_version']} was not compared with this run's model "
            f"(that was {evaluation.get('champion_version')})."
        )
    differences = {
        name: entry["difference"] for name, entry in evaluation["targets"].items() if entry.get("difference")
    }
    decision = gate(differences, as_of, champion["as_of"])
    return decision.promote, decision.reason


def headline(evaluation: dict[str, Any]) -> dict[str, float | None]:
    """The challenger's few numbers for metrics and the champion pointer (None: could not be measured)."""
    targets = evaluation["targets"]
    return {
        name: targets[target]["challenger"][population].get(measure)
        for _, name, target, population, measure in QUALITY
    }


handler = step("promote", promote)
