"""What the tests of the pipeline's functions share: raw data, steps, and what the tasks leave."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tests.unit import handlers_support as support

# The support module makes the handlers importable.
# isort: split
from common import aws, names, s3
from engage_ml import pointer

RUN_ID = "run-20261123t080000-ab12"
EVENT = {
    "run_id": RUN_ID,
    "execution_arn": "arn:x",
    "started_at": "2026-11-23T08:00:00Z",
    "as_of": None,
    "trigger": "manual",
}
Run = dict[str, Any]


def put_raw(customers: pa.Table, activity: pa.Table) -> None:
    """Raw files as they land, and the tables as the crawler makes them."""
    support.put_parquet("raw", "customers/part-00000.parquet", customers)
    support.create_table("engage_test_raw", "customers", "s3://raw/customers/", customers)
    for week in pc.unique(activity["week"]).to_pylist():
        rows = activity.filter(pc.equal(activity["week"], week)).drop_columns(["week"])
        support.put_parquet("raw", f"activity/week={week}/part-00000.parquet", rows)
    support.create_table("engage_test_raw", "activity", "s3://raw/activity/", activity)


def call(handler: str, run: Run) -> Run:
    result: Run = support.load(handler).handler(run, None)
    return result


STEPS = ("prepare", "validate", "split", "features")


@dataclass(frozen=True)
class Left:
    """What a step left: the run, the lake, the catalog, and the statements that it made Athena run."""

    run: Run
    lake: dict[str, bytes]
    tables: dict[Any, Any]
    partitions: dict[Any, Any]
    statements: list[str]

    @classmethod
    def by(cls, run: Run) -> Left:
        lake = {key: s3.get_bytes("lake", key) or b"" for key in s3.keys("lake", "")}
        return copy.deepcopy(
            cls(run, lake, support.glue().tables, support.glue().partitions, aws.CLIENTS["athena"].statements)
        )

    def put_there(self) -> Run:
        for key in set(s3.keys("lake", "")) - set(self.lake):
            s3.delete_prefix("lake", key)
        for key, data in self.lake.items():
            s3.put_bytes("lake", key, data)
        left = copy.deepcopy(self)
        support.glue().tables, support.glue().partitions = left.tables, left.partitions
        aws.CLIENTS["athena"].statements = left.statements
        return left.run


_LEFT: dict[tuple[str, str, str], Left] = {}


def until(step: str, run: Run | None = None) -> Run:
    """The run after `step`, and the installation with it. From the same installation and event the steps give
    the same: each is taken once in a process, and what it left is put there the next time.
    """
    run = dict(run or EVENT)
    begun = (contents(), json.dumps(run))
    steps = STEPS[: STEPS.index(step) + 1]
    taken = [one for one in steps if (one, *begun) in _LEFT]
    if taken:
        run = _LEFT[taken[-1], *begun].put_there()
    for one in steps[len(taken) :]:
        run = call(one, run)
        _LEFT[one, *begun] = Left.by(run)
    return run


def contents() -> str:
    """Everything in the buckets and the catalog, as a text that differs when they do."""
    objects = [
        (bucket, item["Key"], item["ETag"])
        for bucket in ("raw", "lake")
        for item in support.s3().list_objects_v2(Bucket=bucket).get("Contents", [])
    ]
    return str([objects, support.glue().tables, support.glue().partitions])


def put_training(run_id: str, champion: str | None = None, extra_loss: float = 0.0) -> None:
    """What the training task leaves: a model and its evaluation."""
    churn = {"rows": 300, "roc_auc": 0.8, "calibration_error": 0.02, "log_loss": 0.4}
    amount = {"rows": 300, "mae": 0.1, "gini": 0.5}
    targets: dict[str, Any] = {}
    for name, measured in (("churn", churn), ("engagement", amount), ("value", amount)):
        both = {"all": measured, "recent": measured}
        targets[name] = {
            "cutoff": "2026-02-02",
            "challenger": both,
            "champion": both if champion else None,
            "baselines": {"rule_of_thumb": both},
        }
        if champion:
            targets[name]["difference"] = {"mean": extra_loss, "standard_error": 0.001, "champion_loss": 0.4}
    s3.put_json(
        "lake",
        f"runs/{run_id}/evaluation.json",
        {"schema_version": 1, "champion_version": champion, "targets": targets, "importance": {}},
    )
    s3.put_json("lake", f"models/{names.model_version(run_id)}/model.json", {"schema_version": 1})


def put_champion(version: str) -> None:
    """The pointer as the first promotion writes it."""
    moved = pointer.promoted(
        None, version, "run-old", "2026-02-23", {}, reason="The first.", by="run run-old"
    )
    s3.put_json("lake", "models/champion.json", moved.to_dict())


def put_predictions(
    run: Run, rows: int | None = None, churn: float | None = None, segment: str | None = None
) -> None:
    """What the inference tasks leave, made from the scoring table."""
    table = support.read_glue_table("engage_test", f"features_score_{names.rid(run['run_id'])}")
    ids = sorted(table["customer_id"].to_pylist())[:rows]
    chances = [churn if churn is not None else (n % 10) / 10 for n in range(len(ids))]
    columns: dict[str, list[Any]] = {
        "customer_id": ids,
        "churn_probability": chances,
        "expected_engagement": [0.3] * len(ids),
        "engagement_low": [0.1] * len(ids),
        "engagement_high": [0.5] * len(ids),
        "value_low": [0.0] * len(ids),
        "value_high": [30.0] * len(ids),
        "expected_value": [12.5] * len(ids),
        "risk_band": ["high" if c >= 0.6 else "medium" if c >= 0.3 else "low" for c in chances],
        "segment": [
            segment or ("at_risk" if c >= 0.6 else "drifting" if c >= 0.3 else "loyal") for c in chances
        ],
        "country": ["DE" if n % 50 else "LI" for n in range(len(ids))],
        "tenure_weeks": list(range(len(ids))),
        "active_weeks_12": [4] * len(ids),
        "value_12w": [1.0] * len(ids),
        "marketing_opt_in": [True] * len(ids),
        "days_since_active": [n % 30 for n in range(len(ids))],
        "recently_active": [True] * len(ids),
        "model_version": ["m"] * len(ids),
        "run_id": [run["run_id"]] * len(ids),
    }
    for n in (1, 2, 3):
        columns[f"reason_{n}"] = [f"no active day for {d} days (raises the risk)" for d in range(len(ids))]
    for name in ("plan", "device", "acquisition_channel", "age_band"):
        columns[name] = ["one"] * len(ids)
    prefix = names.predictions_prefix(run["as_of"], run["run_id"])
    support.put_parquet("lake", f"{prefix}part-00000.parquet", pa.table(columns))
    for name in ("ids.bin", "features.npy", "block.json"):
        s3.put_bytes("lake", f"{names.online_prefix(run['run_id'])}shard=0/{name}", b"x")


def ready_to_publish() -> Run:
    run = until("features")
    put_training(RUN_ID)
    run = call("promote", {**run, "training": {}})
    put_predictions(run)
    return {**run, "inference": {}}
