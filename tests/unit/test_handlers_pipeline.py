"""The functions of the weekly pipeline against moto and DuckDB: prepare to promote, and cleanup."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.unit import handlers_support as support
from tests.unit import ml_support

# The support module makes the handlers importable.
# isort: split
from common import catalog, names, runs, s3
from common.errors import DataError, InputError
from engage_ml import pointer
from engage_ml.data_contract import DEFAULT

from tests.unit.pipeline_support import (
    EVENT,
    RUN_ID,
    call,
    put_champion,
    put_raw,
    put_training,
    ready_to_publish,
    until,
)


@pytest.fixture(scope="module")
def world() -> tuple[pa.Table, pa.Table]:
    return ml_support.world(customers=300)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    with support.cloud(monkeypatch) as client:
        yield client


# ------------------------------------------------------------------ prepare
def test_prepare_takes_the_monday_after_the_last_week_and_marks_the_run(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = call("prepare", EVENT)
    assert run["as_of"] == "2026-03-02"
    assert run["prepare"]["weeks"] == 52
    assert run["prepare"]["missing_weeks"] == []
    status = runs.read_status("lake", RUN_ID)
    assert status is not None
    assert status["status"] == "started"
    assert fake.statements == []


@pytest.mark.parametrize("tune", ["soon", "9h", 10])
def test_prepare_refuses_a_tuning_budget_that_is_none(fake: Any, world: Any, tune: Any) -> None:
    put_raw(*world)
    with pytest.raises(InputError, match="tuning budget"):
        call("prepare", {**EVENT, "tune": tune})


@pytest.mark.parametrize(
    ("as_of", "told"),
    [("2026-03-03", "use 2026-03-02"), ("tomorrow", "not a date"), (20260302, "not a date")],
)
def test_prepare_refuses_an_as_of_date_that_is_no_monday(fake: Any, as_of: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        call("prepare", {**EVENT, "as_of": as_of})


def test_prepare_refuses_an_as_of_date_that_the_data_do_not_reach(fake: Any, world: Any) -> None:
    put_raw(*world)
    with pytest.raises(DataError, match="last week in the raw bucket is 2026-02-23"):
        call("prepare", {**EVENT, "as_of": "2026-03-09"})


def test_prepare_names_what_is_missing_in_an_empty_raw_bucket(fake: Any) -> None:
    with pytest.raises(DataError, match=r"no customers.*engage generate-data"):
        call("prepare", EVENT)
    s3.put_bytes("raw", "customers/part-00000.csv", b"customer_id\nC1\n")
    with pytest.raises(DataError, match="no complete week"):
        call("prepare", EVENT)


def test_prepare_does_not_take_a_week_that_has_not_ended(fake: Any) -> None:
    prepare = support.load("prepare")
    s3.put_bytes("raw", "customers/a", b"x")
    for week in ("2026-11-09", "2026-11-16", "2026-11-23", "2099-01-05", "2026-11-18", "x"):
        s3.put_bytes("raw", f"activity/week={week}/a", b"x")
    weeks = prepare.find_weeks("raw", date(2026, 11, 25))
    assert weeks == [date(2026, 11, 9), date(2026, 11, 16)]


def test_prepare_clears_what_an_earlier_attempt_of_the_run_left_and_nothing_of_others(
    fake: Any, world: Any
) -> None:
    put_raw(*world)
    until("features")
    s3.put_bytes("lake", "features/run=run-other/x", b"x")
    run = call("prepare", EVENT)
    assert run["prepare"]["cleared_objects"] > 0
    assert set(run["prepare"]["cleared_tables"]) >= {f"customers_{names.rid(RUN_ID)}"}
    assert list(s3.keys("lake", "features/")) == ["features/run=run-other/x"]


def test_prepare_refuses_a_run_that_has_finished(fake: Any, world: Any) -> None:
    put_raw(*world)
    runs.write_status("lake", {"run_id": RUN_ID}, "finished")
    with pytest.raises(InputError, match="already finished"):
        call("prepare", EVENT)


# ----------------------------------------------------------------- validate
def test_validate_makes_clean_tables_without_personal_columns(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = until("validate")
    assert run["validate"]["customers"] == {"rows": 300, "clean": 300, "quarantined": 0, "reasons": {}}
    assert run["validate"]["activity"]["quarantined"] == 0
    columns = catalog.columns("engage_test", f"customers_{names.rid(RUN_ID)}")
    assert columns is not None
    assert not {"name", "email", "city"} & set(columns)
    assert not list(s3.keys("lake", "quarantine/"))
    assert len(run["queries"]) == len(fake.statements)


def test_validate_sets_bad_rows_aside_with_reason_and_count(fake: Any, world: Any) -> None:
    customers, activity = world
    strange = activity.slice(activity.num_rows - 2).set_column(0, "customer_id", pa.array(["stranger"] * 2))
    put_raw(pa.concat_tables([customers, customers.slice(0, 3)]), pa.concat_tables([activity, strange]))
    run = until("validate")
    assert run["validate"]["customers"]["reasons"] == {"customer_id is repeated": 3}
    assert run["validate"]["activity"]["reasons"] == {"customer is unknown": 2}
    assert list(s3.keys("lake", f"quarantine/run={RUN_ID}/customers/"))


def test_validate_stops_when_more_than_five_percent_are_bad(fake: Any, world: Any) -> None:
    customers, activity = world
    put_raw(pa.concat_tables([customers, customers.slice(0, 40)]), activity)
    run = until("prepare")
    with pytest.raises(DataError, match=r"40 of 340 rows .* customer_id is repeated: 40.*quarantine/"):
        call("validate", run)


def test_validate_names_missing_columns_and_wrong_types_before_any_query(fake: Any, world: Any) -> None:
    customers, activity = world
    put_raw(customers.drop_columns(["plan"]), activity)
    run = until("prepare")
    with pytest.raises(DataError, match="lacks the column plan"):
        call("validate", run)
    schema = support.load("validate").schema
    expected = schema.expected(DEFAULT)
    found = dict.fromkeys(expected["customers"], "string")
    schema.check_table("customers", expected["customers"], found)
    with pytest.raises(DataError, match="age is array<int>, not number"):
        schema.check_table("customers", expected["customers"], {**found, "age": "array<int>"})
    with pytest.raises(DataError, match="found no table activity"):
        schema.check_table("activity", expected["activity"], None)
    assert fake.statements == []


def test_validate_refuses_a_gap_between_weeks_and_a_short_history(fake: Any) -> None:
    validate = support.load("validate")
    prepared = {"first_week": "2025-03-03", "last_week": "2026-02-23", "missing_weeks": ["2025-12-01"]}
    with pytest.raises(DataError, match="2025-12-01"):
        validate.needed_from(DEFAULT, prepared, date(2026, 3, 2))
    short = {"first_week": "2025-12-01", "last_week": "2026-02-23", "missing_weeks": []}
    with pytest.raises(DataError, match="at least 48"):
        validate.needed_from(DEFAULT, short, date(2026, 3, 2))


def test_validate_refuses_an_empty_table(fake: Any, world: Any) -> None:
    customers, activity = world
    put_raw(customers.slice(0, 0), activity)
    with pytest.raises(DataError, match="customers has no rows"):
        call("validate", until("prepare"))


# ------------------------------------------------------- split and features
def test_split_plans_by_time_and_counts_the_population_of_each_cut_off(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = until("split")
    plan = run["split"]
    assert run["shards"] == [{"shard": 0}]
    assert plan["cutoffs"]["test"]["churn"] < "2026-03-02"
    assert max(plan["cutoffs"]["train"]["value"]) < plan["cutoffs"]["validation"]["value"]
    assert plan["customers_to_score"] == 300
    counts = [plan["population"][day] for day in sorted(plan["population"])]
    assert counts == sorted(counts)


def test_features_build_one_row_per_customer_and_cut_off_and_write_the_specification(
    fake: Any, world: Any
) -> None:
    put_raw(*world)
    run = until("features", {**EVENT, "tune": "10m"})
    labelled = {day: run["split"]["population"][day] for day in run["split"]["labelled"]}
    assert run["features"] == {
        "train_rows": sum(labelled.values()),
        "score_rows": 300,
        "spec_key": f"runs/{RUN_ID}/spec.json",
    }
    spec = s3.get_json("lake", f"runs/{RUN_ID}/spec.json")
    assert spec is not None
    assert spec["tune"] == "10m"
    assert spec["synthetic"] is False
    assert spec["cutoffs"] == run["split"]["cutoffs"]
    assert len(json.dumps(run)) < 20_000


def test_features_refuse_row_counts_that_are_not_the_populations(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = until("split")
    run["split"]["customers_to_score"] = 299
    with pytest.raises(DataError, match="scoring table: 300 rows for 299 customers"):
        call("features", run)


def test_a_repeated_step_replaces_what_it_wrote(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = until("split")
    assert call("features", run)["features"] == call("features", run)["features"]


# ------------------------------------------------------------------ promote
def test_the_first_model_becomes_champion_and_a_repeat_changes_nothing(
    fake: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put_training(RUN_ID)
    run = call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})
    version = names.model_version(RUN_ID)
    assert run["promote"]["model_version"] == version
    champion = s3.get_json("lake", "models/champion.json")
    assert champion is not None
    assert champion["metrics"]["churn_roc_auc"] == 0.8
    assert '"ChurnAUC":[0.8]' in capsys.readouterr().out.replace(" ", "")
    again = call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})
    assert again["promote"]["promoted"]
    assert s3.get_json("lake", "models/champion.json") == champion


@pytest.mark.parametrize(("extra_loss", "promoted"), [(-0.05, True), (0.05, False)])
def test_a_challenger_replaces_the_champion_unless_it_is_worse(
    fake: Any, extra_loss: float, promoted: bool
) -> None:
    put_champion("m-old")
    put_training(RUN_ID, champion="m-old", extra_loss=extra_loss)
    run = call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})
    assert run["promote"]["promoted"] is promoted
    expected = names.model_version(RUN_ID) if promoted else "m-old"
    assert run["promote"]["model_version"] == expected
    champion = s3.get_json("lake", "models/champion.json")
    assert champion is not None
    assert champion["model_version"] == expected


def test_the_pointer_keeps_its_history_and_the_champion_before(fake: Any) -> None:
    put_champion("m-old")
    put_training(RUN_ID, champion="m-old", extra_loss=-0.05)
    for _ in range(2):  # the second time is a repeated step, and must not count twice
        call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})
    champion = pointer.parse(s3.get_json("lake", "models/champion.json") or {})
    assert [b["model_version"] for b in champion.before] == ["m-old"]
    assert [(m["from"], m["to"], m["by"]) for m in champion.history] == [
        (None, "m-old", "run run-old"),
        ("m-old", names.model_version(RUN_ID), f"run {RUN_ID}"),
    ]
    assert champion.reason.startswith("The challenger is better beyond noise")


def test_a_pointer_that_was_moved_meanwhile_is_not_overwritten(fake: Any) -> None:
    put_champion("m-old")
    _, etag = s3.get_tagged("lake", "models/champion.json")
    put_champion("m-chosen-by-hand")
    with pytest.raises(Exception, match="Another writer changed models/champion") as caught:
        s3.put_json_if("lake", "models/champion.json", {}, etag)
    assert type(caught.value).__name__ == "TransientError", "so that Step Functions tries again"
    assert (s3.get_json("lake", "models/champion.json") or {})["model_version"] == "m-chosen-by-hand"
    with pytest.raises(Exception, match="Another writer"):
        s3.put_json_if("lake", "models/champion.json", {}, None)


def test_a_champion_that_the_challenger_was_not_compared_with_stays(fake: Any) -> None:
    put_champion("m-new")
    put_training(RUN_ID, champion="m-old", extra_loss=-0.05)
    run = call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})
    assert run["promote"]["model_version"] == "m-new"
    assert "was not compared" in run["promote"]["reason"]


def test_promote_refuses_training_that_left_no_model(fake: Any) -> None:
    put_training(RUN_ID)
    s3.delete_prefix("lake", f"models/{names.model_version(RUN_ID)}/")
    with pytest.raises(DataError, match="no whole model"):
        call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})


# ------------------------------------------------------------------ cleanup
def test_cleanup_removes_the_runs_outputs_and_says_what_failed_and_how_to_go_on(
    fake: Any, world: Any
) -> None:
    put_raw(*world)
    run = ready_to_publish()
    s3.put_bytes("lake", f"quarantine/run={RUN_ID}/customers/x", b"x")
    fake.running["q-late"] = f"CREATE TABLE features_train_{names.rid(RUN_ID)}"
    fake.running["q-other"] = "SELECT 1"
    error = {
        "Error": "DataError",
        "Cause": json.dumps({"errorType": "DataError", "errorMessage": "Too few."}),
    }
    failed = call("cleanup", {**run, "error": error})
    assert failed["failure"]["step"] == "Publish"
    assert failed["failure"]["cause"] == "Too few."
    assert "engage run-pipeline --as-of 2026-03-02" in failed["failure"]["resume"]
    assert fake.stopped == ["q-late"]
    left = {key.split("/")[0] for key in s3.keys("lake", "")}
    assert left == {"quarantine", "runs", "models"}
    status = runs.read_status("lake", RUN_ID)
    assert status is not None
    assert status["status"] == "failed"


def test_cleanup_leaves_what_is_published(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = call("publish", ready_to_publish())
    failed = call("cleanup", {**run, "error": {"Error": "States.Timeout", "Cause": ""}})
    assert failed["failure"]["step"] == "Monitor", "the first step whose result the run lacks"
    status = runs.read_status("lake", RUN_ID)
    assert status is not None
    assert status["status"] == "finished"
    other = {**EVENT, "run_id": "run-second"}
    second = {**until("features", other), "error": {"Error": "X"}}
    call("cleanup", second)
    assert s3.any_object("lake", f"predictions/as_of=2026-03-02/run={RUN_ID}/")
    assert s3.any_object("lake", f"online/run={RUN_ID}/")
    assert not list(s3.keys("lake", "features/run=run-second/"))


def test_cleanup_reads_the_cause_of_a_task_and_of_an_execution_that_never_became_a_run(fake: Any) -> None:
    cause = json.dumps(
        {"StoppedReason": "Essential container exited", "Containers": [{"Name": "main", "ExitCode": 137}]}
    )
    event = {"run_id": RUN_ID, "prepare": {}, "validate": {}, "split": {}, "features": {}}
    failure = call("cleanup", {**event, "error": {"Error": "States.TaskFailed", "Cause": cause}})["failure"]
    assert failure["step"] == "Train"
    assert failure["cause"] == "Essential container exited; container main ended with exit code 137"
    refused = call("cleanup", {"run_id": "//", "error": {"Error": "InputError", "Cause": "x"}})["failure"]
    assert refused["step"] == "Prepare"


def test_a_champion_that_cannot_serve_any_more_is_replaced(fake: Any) -> None:
    put_champion("m-old")
    put_training(RUN_ID, champion=None, extra_loss=0.05)
    evaluation = s3.get_json("lake", f"runs/{RUN_ID}/evaluation.json")
    assert evaluation is not None
    evaluation |= {"champion_unusable": "m-old", "decision": {"promote": True, "reason": "It lacks a file."}}
    s3.put_json("lake", f"runs/{RUN_ID}/evaluation.json", evaluation)
    run = call("promote", {"run_id": RUN_ID, "as_of": "2026-03-02"})
    assert run["promote"]["promoted"]
    assert run["promote"]["reason"] == "It lacks a file."


def test_the_tasks_are_told_whether_the_data_are_generated(fake: Any, world: Any) -> None:
    put_raw(*world)
    s3.put_json("raw", "_synthetic.json", {})
    until("features")
    spec = s3.get_json("lake", f"runs/{RUN_ID}/spec.json")
    assert spec is not None
    assert spec["synthetic"] is True


def test_no_run_starts_on_a_load_that_is_not_finished(fake: Any, world: Any) -> None:
    put_raw(*world)
    s3.put_json("raw", "_loading.json", {"started": "2026-03-02T06:00:00+00:00"})
    with pytest.raises(DataError, match="going on or was interrupted"):
        call("prepare", {"run_id": RUN_ID})


def test_the_loader_and_the_pipeline_agree_on_the_markers() -> None:
    from engage_cli.datagen.load import LOADING_KEY, SYNTHETIC_KEY

    assert support.load("prepare").LOADING_KEY == LOADING_KEY
    assert support.load("prepare").SYNTHETIC_KEY == SYNTHETIC_KEY


def test_a_week_that_has_not_ended_counts_only_when_it_was_generated(fake: Any, world: Any) -> None:
    put_raw(*world)
    find_weeks = support.load("prepare").find_weeks
    last = find_weeks("raw", date(2100, 1, 1))[-1]
    assert find_weeks("raw", last)[-1] == last - timedelta(days=7)
    s3.put_json("raw", "_synthetic.json", {})
    assert find_weeks("raw", last)[-1] == last
