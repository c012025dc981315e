"""The pipeline's handlers, step by step, on a small world: real SQL over moto's S3."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sqlglot

from tests.unit import handlers_support as support
from tests.unit import ml_support
from tests.unit.ask_support import CLUB, SHOP

# The support module makes the handlers importable.
# isort: split
from common import aws, catalog, names, runs, s3
from common.errors import DataError, InputError
from common.settings import Settings
from engage_ml import pointer, segments
from engage_ml.data_contract import DEFAULT
from engage_ml.prediction_table import prediction_table

RUN_ID = "run-20261123t080000-ab12"
EVENT = {
    "run_id": RUN_ID,
    "execution_arn": "arn:x",
    "started_at": "2026-11-23T08:00:00Z",
    "as_of": None,
    "trigger": "manual",
}
Run = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> tuple[pa.Table, pa.Table]:
    return ml_support.world(customers=300)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    with support.cloud(monkeypatch) as client:
        yield client


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


def until(step: str, run: Run | None = None) -> Run:
    run = dict(run or EVENT)
    for handler in ("prepare", "validate", "split", "features"):
        run = call(handler, run)
        if handler == step:
            break
    return run


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


# ------------------------------------------------------------------ publish
def test_publish_moves_every_pointer_writes_documents_and_drops_the_runs_tables(
    fake: Any, world: Any
) -> None:
    put_raw(*world)
    run = call("publish", ready_to_publish())
    location = f"s3://lake/predictions/as_of=2026-03-02/run={RUN_ID}/"
    assert catalog.partition_location("engage_test", "predictions", "2026-03-02") == location
    assert run["publish"]["predictions"] == 300
    assert s3.get_json("lake", "online/current.json") == {
        "schema_version": 1,
        "run_id": RUN_ID,
        "as_of": "2026-03-02",
        "n_shards": 1,
        "model_version": names.model_version(RUN_ID),
        "contract": json.loads(json.dumps(DEFAULT.to_dict())),
    }
    assert run["publish"]["serving"] is True
    columns = support.glue().tables["engage_test", "predictions"]["StorageDescriptor"]["Columns"]
    told = {column["Name"]: column["Comment"] for column in columns}
    assert told["expected_value"] == "spend in the next 12 weeks (USD)"
    tables = {name for database, name in support.glue().tables if database == "engage_test"}
    assert tables == {"predictions", "qa_sample", "segments"}
    status = runs.read_status("lake", RUN_ID)
    assert status is not None
    assert status["status"] == "finished"
    assert status["publish"]["high_risk"] == 120
    assert len(json.dumps(run)) < 20_000


SERVED = {"schema_version": 1, "run_id": "run-newer", "n_shards": 1, "model_version": "m-newer"}


def test_a_run_as_of_an_older_week_adds_its_partition_and_moves_nothing_else(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = ready_to_publish()
    # Data of one more week than the run used, and a run as of its end is served.
    run = {**run, "prepare": {**run["prepare"], "newest_week": "2026-03-02"}}
    served = {**SERVED, "as_of": "2026-03-09", "contract": {"name": "synthetic"}}
    s3.put_json("lake", "online/current.json", served)
    s3.put_bytes("lake", "knowledge/definitions.md", b"of the newer run")
    published = call("publish", run)["publish"]
    assert s3.get_json("lake", "online/current.json") == served
    assert list(s3.keys("lake", "knowledge/")) == ["knowledge/definitions.md"]
    assert s3.get_bytes("lake", "knowledge/definitions.md") == b"of the newer run"
    location = catalog.partition_location("engage_test", "predictions", "2026-03-02")
    assert location == f"s3://lake/predictions/as_of=2026-03-02/run={RUN_ID}/"
    assert (published["serving"], published["served_as_of"]) == (False, "2026-03-09")
    assert published["ingestion"] == "none: the documents stay those of 2026-03-09"
    status = runs.read_status("lake", RUN_ID)
    assert status is not None
    assert status["publish"]["serving"] is False


@pytest.mark.parametrize(
    ("served", "newest", "newer"),
    [
        (None, "2026-03-02", None),
        ({"as_of": "2026-03-02"}, "2026-03-02", None),  # the same week again
        ({"as_of": "2026-02-02"}, "2026-02-23", None),  # an older week is served
        ({"as_of": "2026-03-09"}, "2026-03-02", "2026-03-09"),
        ({"as_of": "2026-03-09"}, "2026-02-23", None),  # what is served is of data that were replaced
        ({"as_of": "2026-03-09", "contract": {"name": "shop"}}, "2026-03-02", None),  # of other data
        ({"as_of": "2026-03-09", "contract": {"name": "synthetic"}}, "2026-03-02", "2026-03-09"),
    ],
)
def test_a_run_gives_way_only_to_a_newer_week_of_the_same_data(
    fake: Any, served: Any, newest: str, newer: str | None
) -> None:
    if served:
        s3.put_json("lake", "online/current.json", served)
    run = {
        "as_of": "2026-03-02",
        "contract": {"name": "synthetic"},
        "prepare": {"last_week": "2026-02-23", "newest_week": newest},
    }
    assert support.load("publish").newer_served("lake", run) == newer


def test_the_documents_of_a_shop_speak_of_its_data_money_and_horizons() -> None:
    module = support.load("publish").knowledge
    rows = [
        {"label": "EIRE", "customers": 30, "churn": 0.5, "high_risk": 3, "engagement": 0.1, "value": 12.5}
    ]
    by_country = module.by_dimension(SHOP, {"as_of": "2026-03-02"}, "country", rows)
    texts = module.definitions(SHOP) + by_country
    for part in (
        "- **churn probability**: calibrated probability of no activity in the next 12 weeks.",
        "- **expected value**: expected spend in the next 12 weeks, GBP.",
        "- **active day**: A day is active when it has an event of the type Buy (bought).",
        "expected value (GBP, 12 weeks)",
        "in the 12 weeks before the as-of date, in GBP.",
    ):
        assert part in texts
    assert "USD" not in texts
    assert "visits" in module.definitions(CLUB)
    assert "**active week**" in module.definitions(CLUB)
    assert module.dimensions(SHOP) == (("country", "country"), ("risk_band", "risk band"))


def test_publish_writes_a_row_for_each_segment(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = call("publish", ready_to_publish())
    location = f"s3://lake/segments/as_of=2026-03-02/run={RUN_ID}/"
    assert catalog.partition_location("engage_test", "segments", "2026-03-02") == location
    assert run["publish"]["segments"] == location
    (key,) = s3.keys("lake", location.removeprefix("s3://lake/"))
    rows = {row["segment"]: row for row in support.read_parquet("lake", key).to_pylist()}
    assert set(rows) == set(segments.NAMES)
    assert sum(row["customers"] for row in rows.values()) == 300
    assert rows["at_risk"]["customers"] == 120
    assert rows["at_risk"]["share"] == pytest.approx(0.4)
    assert rows["at_risk"]["value_at_stake"] == pytest.approx(120 * 0.75 * 12.5)
    assert rows["dormant"]["customers"] == 0
    assert all(row["suggested_action"] and row["run_id"] == RUN_ID for row in rows.values())


def test_publish_refuses_a_customer_without_a_known_segment(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = ready_to_publish()
    put_predictions(run, segment="whatever")
    with pytest.raises(DataError, match="unknown_segment: 300 rows"):
        call("publish", run)


def test_the_documents_hold_aggregates_only_and_hide_small_groups(fake: Any, world: Any) -> None:
    put_raw(*world)
    s3.put_bytes("lake", "knowledge/old.md", b"from an earlier version")
    call("publish", ready_to_publish())
    texts = {key: (s3.get_bytes("lake", key) or b"").decode() for key in s3.keys("lake", "knowledge/")}
    assert "knowledge/old.md" not in texts
    everything = "\n".join(texts.values())
    assert "C0000" not in everything
    assert "example.com" not in everything
    assert "| LI |" not in texts["knowledge/risk-by-country.md"]
    assert "| DE | 294 |" in texts["knowledge/risk-by-country.md"]
    assert "no active day for n days" in texts["knowledge/reasons.md"]
    assert "baseline rule of thumb" in texts["knowledge/model-card.md"]
    assert "| MAE (USD) |" in texts["knowledge/model-card.md"]
    assert "| customers | MAE | R2 |" in texts["knowledge/model-card.md"]
    assert "Customers: 300" in texts["knowledge/overview.md"]


def test_a_column_of_many_values_is_one_document_of_its_largest_groups(fake: Any) -> None:
    knowledge = support.load("publish").knowledge
    cities = [f"city {n // 20}" for n in range(20 * 300)] + [None] * 5
    columns: dict[str, list[Any]] = {
        "customer_id": [f"C{n}" for n in range(len(cities))],
        "churn_probability": [0.25] * len(cities),
        "expected_engagement": [0.5] * len(cities),
        "expected_value": [2.0] * len(cities),
        "risk_band": ["low"] * len(cities),
        "reason_1": ["a"] * len(cities),
        **dict.fromkeys(("membership_type", "home_city", "order", "status"), cities),
    }
    fake.db.register("source", pa.table(columns))
    sql = sqlglot.transpile(knowledge.groups_sql(CLUB, "source"), read="athena", write="duckdb")[0]
    rows = fake.db.sql(sql).to_arrow_table().to_pylist()
    by_city = [row for row in rows if row["dimension"] == "home_city"]
    assert len(by_city) == knowledge.MOST_GROUPS + 1
    assert sum(row["customers"] for row in by_city) == len(cities)
    (other,) = [row for row in by_city if row["label"] == "other"]
    assert (other["customers"], other["churn"], other["value"]) == (2005, 0.25, 4010.0)
    text = knowledge.by_dimension(CLUB, {"as_of": "2026-03-02"}, "home city", by_city)
    assert text.rstrip().splitlines()[-1].startswith("| other | 2,005 |")


def test_the_sample_is_the_same_when_publish_is_repeated(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = ready_to_publish()
    first = call("publish", run)["publish"]
    key = next(iter(s3.keys("lake", "qa_sample/")))
    before = s3.get_bytes("lake", key)
    second = call("publish", run)["publish"]
    assert s3.get_bytes("lake", key) == before
    assert {**first, "dropped_tables": 0} == {**second, "dropped_tables": 0}


def test_the_sample_takes_as_many_of_each_band_as_there_are(fake: Any) -> None:
    sample = support.load("publish").sample
    bands = ["high"] * 20 + ["medium"] * 300 + ["low"] * 700
    columns = {name: [None] * len(bands) for name, _ in prediction_table(DEFAULT)}
    columns |= {"customer_id": [f"C{n}" for n in range(len(bands))], "risk_band": bands}
    fake.db.register("source", pa.table(columns))
    chosen = sample.sample_sql(DEFAULT, "source", "2026-03-02")
    sql = f"SELECT risk_band, count(*) AS n FROM ({chosen}) GROUP BY 1"
    counts = dict(fake.db.execute(sql).fetchall())
    assert counts == {"high": 20, "medium": 190, "low": 190}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rows": 299}, "299 predictions for 300 customers"),
        ({"churn": 1.5}, "not_a_share: 300 rows"),
        ({"churn": 0.9}, "300 of 300 customers at high risk"),
    ],
)
def test_publish_moves_no_pointer_when_a_check_fails(
    fake: Any, world: Any, options: dict[str, Any], told: str
) -> None:
    put_raw(*world)
    run = ready_to_publish()
    put_predictions(run, **options)
    with pytest.raises(DataError, match=told):
        call("publish", run)
    assert catalog.partition_location("engage_test", "predictions", "2026-03-02") is None
    assert s3.get_json("lake", "online/current.json") is None


def test_publish_refuses_missing_online_files(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = ready_to_publish()
    s3.delete_prefix("lake", f"online/run={RUN_ID}/")
    with pytest.raises(DataError, match="3 online files are missing"):
        call("publish", run)


@pytest.mark.parametrize(("code", "told"), [(None, "job-1"), ("ConflictException", "skipped: another")])
def test_publish_starts_the_ingestion_and_another_one_running_is_no_failure(
    fake: Any, monkeypatch: pytest.MonkeyPatch, code: str | None, told: str
) -> None:
    class Agent:
        exceptions = support.MemoryGlue.exceptions

        def start_ingestion_job(self, **call: str) -> dict[str, Any]:
            assert call == {"knowledgeBaseId": "kb", "dataSourceId": "source"}
            if code:
                raise self.exceptions.ClientError({"Error": {"Code": code}}, "StartIngestionJob")
            return {"ingestionJob": {"ingestionJobId": "job-1"}}

    module = support.load("publish")
    assert module.start_ingestion(Settings()).startswith("none")
    monkeypatch.setenv("KNOWLEDGE_BASE_ID", "kb")
    monkeypatch.setenv("DATA_SOURCE_ID", "source")
    aws.CLIENTS["bedrock-agent"] = Agent()
    assert module.start_ingestion(Settings()).startswith(told)


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


def test_a_run_does_not_publish_while_another_one_does(fake: Any, world: Any) -> None:
    put_raw(*world)
    run = ready_to_publish()
    s3.put_json("lake", "online/publishing.json", {"run_id": "run-other"})
    with pytest.raises(Exception, match="run-other is publishing") as caught:
        call("publish", run)
    assert type(caught.value).__name__ == "TransientError", "so that Step Functions tries again"
    assert s3.get_json("lake", "online/current.json") is None
    assert s3.get_json("lake", "online/publishing.json") == {"run_id": "run-other"}


def test_the_lock_is_released_at_the_end_and_an_own_earlier_attempt_does_not_block(
    fake: Any, world: Any
) -> None:
    put_raw(*world)
    run = ready_to_publish()
    s3.put_json("lake", "online/publishing.json", {"run_id": RUN_ID})
    call("publish", run)
    assert s3.get_json("lake", "online/publishing.json") is None


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
