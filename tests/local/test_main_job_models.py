"""The registry, the monitor and the segments on the whole path: first in the world as it is, then in an
environment of its own in which the last four weeks are changed after the first predictions.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from main_job_support import CUSTOMERS, Engage, FirstRun

from tests.waiting import until

pytestmark = pytest.mark.local

SEGMENTS = {"new", "dormant", "valuable_at_risk", "at_risk", "drifting", "valuable", "loyal", "occasional"}


# The world as it is


def test_a_first_run_has_no_drift_and_no_past(engage: Engage, first: FirstRun) -> None:
    found = engage.read("models", "drift", first.run_id)
    assert found["features"]["verdict"] == "none", found["features"]["compared"][0]
    assert found["predictions"]["verdict"] == "none", found["predictions"]["compared"]
    assert {part["verdict"] for part in found["performance"].values()} == {"unknown"}
    assert first.run["output"]["monitor"]["verdict"] == "none"
    shown = engage.ok("models", "drift", first.run_id)
    assert "churn_probability" in shown.out
    assert "No predictions were published as of" in shown.out


def test_every_customer_is_in_a_segment_and_the_table_of_segments_adds_up(
    engage: Engage, first: FirstRun
) -> None:
    by_segment = engage.rows("SELECT segment, count(*) AS n FROM predictions GROUP BY segment")
    counted = {row["segment"]: row["n"] for row in by_segment}
    assert set(counted) <= SEGMENTS
    table = engage.rows("SELECT * FROM segments")
    assert {row["segment"] for row in table} == SEGMENTS
    assert {row["segment"]: row["customers"] for row in table if row["customers"] != "0"} == counted
    assert sum(int(row["customers"]) for row in table) == CUSTOMERS
    assert all(row["suggested_action"] for row in table)


def test_gender_is_audited_and_is_no_feature(engage: Engage, first: FirstRun) -> None:
    fairness = engage.document(f"runs/{first.run_id}/evaluation.json")["fairness"]
    gender = fairness["attributes"]["gender"]
    assert gender["protected"]
    assert gender["four_fifths"]["high_risk"]["verdict"] in ("pass", "unclear")
    model = engage.document(f"models/{first.run_id.replace('run-', 'm-')}/model.json")
    assert not [name for name in model["features"] if "gender" in name]


# A world that changes


@dataclass(frozen=True)
class Changed:
    """Two runs, four weeks apart; the weeks between were changed before the second."""

    engage: Engage
    before: Any
    after: Any
    other_version: str


def halved(engage: Engage, weeks: list[str]) -> None:
    """Half of the customers vanish from these weeks, and the others do a third of what they did."""
    import pandas as pd

    s3 = engage.client("s3")
    for key in engage.keys("raw", "activity/"):
        if key.split("/")[1].removeprefix("week=") in weeks:
            frame = pd.read_parquet(io.BytesIO(engage.object("raw", key)))
            frame = frame[frame["customer_id"].str[-1].astype(int) % 2 == 0].copy()
            frame["active_days"] = (frame["active_days"] / 3).clip(lower=1).astype(frame["active_days"].dtype)
            for name in ("sessions", "posts", "likes", "messages"):
                frame[name] = (frame[name] / 3).astype(frame[name].dtype)
            body = io.BytesIO()
            frame.to_parquet(body, index=False)
            s3.put_object(Bucket=engage.bucket("raw"), Key=key, Body=body.getvalue())


@pytest.fixture(scope="module")
def changed(main_home: Path) -> Iterator[Changed]:
    directory = main_home / "work-models"
    directory.mkdir()
    engage = Engage(main_home, "models", directory)
    engage.ok("deploy")
    engage.ok("generate-data", "--customers", "1500", "--seed", "11")
    weeks = sorted({key.split("/")[1].removeprefix("week=") for key in engage.keys("raw", "activity/")})
    as_of = date.fromisoformat(weeks[-1]) + timedelta(weeks=1)
    before = engage.read("run-pipeline", "--as-of", (as_of - timedelta(weeks=4)).isoformat())
    halved(engage, weeks[-4:])
    after = engage.read("run-pipeline", "--as-of", as_of.isoformat())
    versions = [run["run_id"].replace("run-", "m-") for run in (before, after)]
    champion = engage.document("models/champion.json")["model_version"]
    (other,) = set(versions) - {champion}
    yield Changed(engage, before, after, other)
    engage.ok("destroy", "--yes")


def test_a_change_of_behaviour_is_found_in_inputs_and_outcomes(changed: Changed) -> None:
    assert changed.after["status"] == "SUCCEEDED", "an alarm never holds predictions back"
    found = changed.engage.read("models", "drift")
    assert found["run_id"] == changed.after["run_id"]
    assert found["features"]["verdict"] == "alert"
    moved = [row["name"] for row in found["features"]["compared"] if row["verdict"] == "alert"]
    assert any(name.startswith(("active_days", "sessions")) for name in moved), moved
    assert found["predictions"]["verdict"] == "alert"
    churn = found["performance"]["churn"]
    assert churn["run_id"] == changed.before["run_id"]
    assert churn["verdict"] == "alert"
    assert churn["total"]["low"] > 1, "more left than had been predicted"


def test_the_alarms_rise(changed: Changed) -> None:
    cloudwatch = changed.engage.client("cloudwatch")
    names = ["engage-models-drift", "engage-models-outcomes"]

    def states() -> dict[str, str]:
        alarms = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}

    # The endpoint looks at alarms every ten seconds, as metrics come.
    until(lambda: states() == dict.fromkeys(names, "ALARM"), pause=0.5)


def test_versions_are_listed_with_their_window_and_the_champion_is_marked(changed: Changed) -> None:
    found = {v["version"]: v for v in changed.engage.read("models")}
    assert len(found) == 2
    assert sum(v["champion"] for v in found.values()) == 1
    for version in found.values():
        assert version["data_window"]["until"] == version["as_of"]
        assert version["metrics"]["churn_roc_auc"] > 0.5
        assert version["reason"]
    assert "* m-" in changed.engage.ok("models").out


def test_a_version_is_shown_with_its_card_and_what_its_training_cost(changed: Changed) -> None:
    shown = changed.engage.read("models", "show", changed.other_version)
    assert f"# Model card: {changed.other_version}" in shown["card"]
    assert "## Fairness" in shown["card"]
    assert float(shown["training_usd"]) > 0
    assert shown["params"]
    words = changed.engage.ok("models", "show")
    assert "is the champion" in words.out
    assert "would have cost $" in words.out
    unknown = changed.engage("models", "show", "m-none")
    assert (unknown.code, "There is no model 'm-none'" in unknown.err) == (2, True)


def test_the_pointer_is_moved_by_hand_and_back_and_remembers_who_and_why(changed: Changed) -> None:
    engage, other = changed.engage, changed.other_version
    champion = engage.document("models/champion.json")["model_version"]
    served = engage.document("online/current.json")
    promoted = engage.ok("models", "promote", other, "--reason", "The new one annoys people.")
    assert "predicts from the next run on" in promoted.out
    assert "stays as it is" in promoted.out
    pointer = engage.document("models/champion.json")
    assert pointer["model_version"] == other
    last = pointer["history"][-1]
    assert (last["action"], last["from"], last["to"]) == ("promote", champion, other)
    assert last["by"].startswith("arn:aws:")
    assert last["reason"] == "The new one annoys people."
    again = engage("models", "promote", other)
    assert (again.code, "is the champion already" in again.err) == (2, True)
    back = engage.read("models", "rollback")
    assert back["champion"] == champion
    assert engage.document("models/champion.json")["model_version"] == champion
    assert engage.document("online/current.json") == served, "what is published did not move"


def test_a_version_without_its_files_cannot_be_promoted(changed: Changed) -> None:
    engage, key = changed.engage, f"models/{changed.other_version}/churn.ubj"
    body, bucket = engage.object("lake", key), engage.bucket("lake")
    engage.client("s3").delete_object(Bucket=bucket, Key=key)
    refused = engage("models", "promote", changed.other_version)
    engage.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    assert refused.code == 2
    assert "its file churn.ubj is missing" in refused.err
