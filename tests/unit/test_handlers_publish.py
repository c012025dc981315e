"""The publish function against moto and DuckDB: all pointers move, or none does."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
import sqlglot

from tests.unit import handlers_support as support
from tests.unit import ml_support
from tests.unit.ask_support import CLUB, SHOP

# The support module makes the handlers importable.
# isort: split
from common import aws, catalog, names, runs, s3
from common.errors import DataError
from common.settings import Settings
from engage_ml import segments
from engage_ml.data_contract import DEFAULT
from engage_ml.prediction_table import prediction_table

from tests.unit.pipeline_support import RUN_ID, call, put_predictions, put_raw, ready_to_publish


@pytest.fixture(scope="module")
def world() -> tuple[pa.Table, pa.Table]:
    return ml_support.world(customers=300)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    with support.cloud(monkeypatch) as client:
        yield client


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
    assert "- **dormant (segment)**: no active week among the last 12. One win-back offer" in texts
    assert "- **value at stake**: churn probability times what the customer is worth" in texts
    assert "brought to 12 weeks, in GBP; of a group, the sum over its customers." in texts
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


def test_the_believable_share_at_high_risk_follows_the_churn_of_the_test_period() -> None:
    checks = support.load("publish").checks
    found = dict.fromkeys([name for name, _ in checks.PROBLEMS], 0)
    found |= {"predictions": 1000, "customers": 1000, "high_risk": 985}
    with pytest.raises(DataError, match="985 of 1000 customers at high risk"):
        checks.judge(found, 1000, churn_rate=0.5)
    # A shop where 94 % of the customers do not come back.
    checks.judge(found, 1000, churn_rate=0.94)
    with pytest.raises(DataError, match="1000 of 1000"):
        checks.judge({**found, "high_risk": 1000}, 1000, churn_rate=0.94)


def test_the_model_card_begins_with_a_sentence_on_each_target_beside_its_baselines() -> None:
    measured = {"all": {"rows": 9, "roc_auc": 0.9, "r2": 0.5, "gini": 0.7}}
    entry = {"cutoff": "2026-02-02", "challenger": {**measured, "recent": measured["all"]}}
    entry["baselines"] = {"rule_of_thumb": {"all": {"roc_auc": 0.8}}}
    run = {
        "run_id": RUN_ID,
        "as_of": "2026-03-02",
        "promote": {"model_version": "m", "challenger": "m", "reason": "first"},
    }
    card = support.load("publish").knowledge.model_card.model_card(
        DEFAULT, run, {"targets": {"churn": entry}}
    )
    assert "- Churn: ROC AUC 0.9; baseline rule of thumb 0.8" in card.split("## ")[1], "How good the model is"
