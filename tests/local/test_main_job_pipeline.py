"""The main job: data, the weekly run and its results, repetition, privacy, and isolation."""

import io
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from main_job_support import CUSTOMERS, STATES, Engage, FirstRun

pytestmark = pytest.mark.local


# Data and the first run


def test_a_run_without_data_fails_and_names_the_next_step(first: FirstRun) -> None:
    assert first.without_data.code == 1
    assert "holds no customers" in first.without_data.err
    assert "engage generate-data" in first.without_data.err
    assert "Prepare" in first.without_data.err


def test_data_that_is_there_is_not_overwritten_unasked(engage: Engage, first: FirstRun) -> None:
    def tags() -> dict[str, str]:
        pages = engage.client("s3").list_objects_v2(Bucket=engage.bucket("raw"))
        return {item["Key"]: item["ETag"] for item in pages["Contents"]}

    before = tags()
    refused = engage("generate-data", "--customers", "10")
    assert refused.code == 2
    assert "There is raw data already." in refused.err
    assert "--replace" in refused.err
    assert tags() == before
    assert first.generated["customers"] == CUSTOMERS


def test_the_run_passes_its_states_in_order(first: FirstRun) -> None:
    assert first.run["status"] == "SUCCEEDED"
    assert [state["name"] for state in first.run["states"]] == STATES
    assert {state["status"] for state in first.run["states"]} == {"succeeded"}
    assert not any(state["retries"] for state in first.run["states"])


def test_every_customer_has_a_prediction(engage: Engage, first: FirstRun) -> None:
    rows = engage.rows(
        "SELECT count(*) AS n, count(DISTINCT customer_id) AS customers, count(DISTINCT run_id) AS runs, "
        "min(churn_probability) AS low, max(churn_probability) AS high, min(expected_value) AS value "
        "FROM predictions"
    )
    assert {rows[0][name] for name in ("n", "customers")} == {str(CUSTOMERS)}
    assert rows[0]["runs"] == "1"
    assert 0 <= float(rows[0]["low"]) < float(rows[0]["high"]) <= 1
    assert float(rows[0]["value"]) >= 0
    assert engage.rows("SELECT count(*) AS n FROM qa_sample") == [{"n": "400"}]


def test_models_are_in_xgboosts_own_format(engage: Engage, first: FirstRun) -> None:
    import xgboost

    champion = engage.document("models/champion.json")
    keys = engage.keys("lake", f"models/{champion['model_version']}/")
    assert {key.rpartition(".")[2] for key in keys} == {"ubj", "json", "md"}
    for key in keys:
        body = engage.object("lake", key)
        assert not body.startswith(b"\x80"), f"{key} is a pickle"
        if key.endswith(".ubj"):
            booster = xgboost.Booster()
            booster.load_model(bytearray(body))
            assert booster.num_boosted_rounds() > 0


def test_the_evaluation_compares_with_baselines(engage: Engage, first: FirstRun) -> None:
    evaluation = engage.document(f"runs/{first.run_id}/evaluation.json")
    assert set(evaluation["targets"]) == {"churn", "engagement", "value"}
    for target in evaluation["targets"].values():
        assert len(target["baselines"]) >= 2
        assert target["challenger"]["all"]
        assert target["cutoff"] < first.as_of
    churn = evaluation["targets"]["churn"]
    assert churn["challenger"]["all"]["roc_auc"] > 0.8


def test_usage_is_metered_without_a_refused_permission(engage: Engage, first: FirstRun) -> None:
    text = engage.object("lake", f"usage/run={first.run_id}.json").decode()
    assert "AccessDenied" not in text
    assert "not authorized" not in text
    usage = json.loads(text)
    unknown = {(r["service"], r["item"]) for r in usage["records"] if r["quantity"] is None}
    assert unknown == {("S3", "GET and others"), ("ECR", "private storage")}
    services = {record["service"] for record in usage["records"] if record["quantity"]}
    assert services >= {"Step Functions", "Fargate", "Lambda", "Athena", "Glue", "S3"}
    assert [task["family"] for task in usage["tasks"]] == ["engage-main-training", "engage-main-inference"]


def test_knowledge_documents_are_ingested(engage: Engage, first: FirstRun) -> None:
    agent = engage.client("bedrock-agent")
    bases = agent.list_knowledge_bases()["knowledgeBaseSummaries"]
    (base,) = [one["knowledgeBaseId"] for one in bases if one["name"] == "engage-main"]
    (source,) = agent.list_data_sources(knowledgeBaseId=base)["dataSourceSummaries"]
    jobs = agent.list_ingestion_jobs(knowledgeBaseId=base, dataSourceId=source["dataSourceId"])
    earliest = min(jobs["ingestionJobSummaries"], key=lambda job: job["startedAt"])
    assert earliest["status"] == "COMPLETE"
    documents = [key for key in engage.keys("lake", "knowledge/") if key.endswith(".md")]
    assert earliest["statistics"]["numberOfNewDocumentsIndexed"] == len(documents) > 5
    assert earliest["statistics"]["numberOfDocumentsFailed"] == 0


def test_no_connection_left_the_machine_during_the_run(first: FirstRun) -> None:
    assert first.processes_watched > 8, "functions and tasks are processes of their own"
    assert first.remote_addresses == {"127.0.0.1"}


# The planted truth


def test_no_role_may_read_the_planted_truth_and_the_run_does_without(engage: Engage, first: FirstRun) -> None:
    # All but the ceilings was removed before the run started, which succeeded.
    assert first.truth_keys
    ceilings = engage.keys("truth")
    assert ceilings
    assert all(key.startswith("ceiling/") for key in ceilings)
    iam = engage.client("iam")
    roles = [
        role
        for page in iam.get_paginator("list_roles").paginate()
        for role in page["Roles"]
        if role["RoleName"].startswith("engage-main-")
    ]
    assert len(roles) > 15

    def allowed(role: Any, place: str, *actions: str) -> list[str]:
        """Those of the actions that the role may do; the embedded simulator looks at one resource only."""
        found = iam.simulate_principal_policy(
            PolicySourceArn=role["Arn"], ActionNames=actions, ResourceArns=[f"arn:aws:s3:::{place}"]
        )
        return [
            one["EvalActionName"] for one in found["EvaluationResults"] if one["EvalDecision"] == "allowed"
        ]

    raw, truth = engage.bucket("raw"), engage.bucket("truth")
    readers = {role["RoleName"] for role in roles if allowed(role, f"{raw}/customers/x", "s3:GetObject")}
    assert readers == {"engage-main-validate", "engage-main-crawler"}, "and the simulation can tell"
    for role in roles:
        # Training may read ceilings, for the evaluation: nothing else, and nothing is written. It lists them
        # by their prefix (or there were no comparison); the simulator asks without one, which would show all.
        read = ["s3:GetObject"] if role["RoleName"] == "engage-main-training-task" else []
        verbs = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
        assert allowed(role, truth, "s3:ListBucket") == [], role["RoleName"]
        assert allowed(role, f"{truth}/{first.truth_keys[0]}", *verbs) == [], role["RoleName"]
        assert allowed(role, f"{truth}/{ceilings[0]}", *verbs) == read, role["RoleName"]


def test_the_model_is_compared_with_the_ceiling_and_comes_near_it(engage: Engage, first: FirstRun) -> None:
    evaluation = engage.document(f"runs/{first.run_id}/evaluation.json")
    for name, target in evaluation["targets"].items():
        found = target["ceiling"]
        assert found["customers"] > 1000
        measure = "roc_auc" if name == "churn" else "gini"
        assert found["ratio"]["all"][measure] > 0.9, name


# Personal data


@dataclass(frozen=True)
class People:
    """Names and e-mail addresses of all raw customers, with a quick way to look for them."""

    names: frozenset[str]
    emails: frozenset[str]

    def found_in(self, text: str) -> set[str]:
        lowered = text.lower()
        found = {mail for mail in re.findall(r"[\w.+-]+@[\w-]+\.\w+", lowered) if mail in self.emails}
        words = set(re.findall(r"\w+", lowered))
        for name in self.names:
            if words.issuperset(re.findall(r"\w+", name)) and name in lowered:
                found.add(name)
        return found


@pytest.fixture(scope="module")
def people(engage: Engage, first: FirstRun) -> People:
    raw = engage.frame("raw", "customers/")
    found = People(
        frozenset(name.lower() for name in raw["name"]), frozenset(mail.lower() for mail in raw["email"])
    )
    assert len(found.emails) == CUSTOMERS
    assert found.found_in(f"x {raw['name'].iloc[0]} y, {raw['email'].iloc[1]}") == {
        raw["name"].iloc[0].lower(),
        raw["email"].iloc[1].lower(),
    }
    return found


def test_no_object_of_the_lake_holds_a_name_or_an_address(
    engage: Engage, first: FirstRun, people: People
) -> None:
    import pyarrow.parquet as pq

    keys = engage.keys("lake")
    folders = {key.partition("/")[0] for key in keys}
    assert folders >= {"processed", "features", "predictions", "qa_sample", "segments", "online", "models",
                       "runs", "knowledge", "usage", "athena-results"}  # fmt: skip
    for key in keys:
        body = engage.object("lake", key)
        if body[:4] != b"PAR1":
            assert people.found_in(body.decode("utf-8", "ignore")) == set(), key
            continue
        table = pq.read_table(io.BytesIO(body))
        assert not {"name", "email", "city"} & {column.lower() for column in table.column_names}, key
        for column in table.columns:
            if str(column.type) in ("string", "large_string"):
                seen = {value.lower() for value in column.unique().to_pylist() if value}
                assert not seen & people.names, key
                assert not seen & people.emails, key


def test_no_log_holds_a_name_or_an_address(engage: Engage, first: FirstRun, people: People) -> None:
    logs = engage.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    assert "/engage/main/validate" in groups
    lines = [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]
    assert len(lines) > 50
    assert people.found_in("\n".join(lines)) == set()
    assert people.found_in((engage.home / "local" / "endpoint.log").read_text(errors="ignore")) == set()


def test_no_answer_history_or_cache_holds_a_name_or_an_address(
    engage: Engage, first: FirstRun, people: People
) -> None:
    texts = [
        engage.ok("predict", "C00000001", "C00000002", "--json").out,
        engage.ok("ask", "Top 10 customers by churn probability", "--json").out,
        engage.ok("ask", "What is the prediction for customer C00000001?", "--json").out,
        engage.ok("runs", "show", first.run_id, "--json").out,
        json.dumps(engage.client("dynamodb").scan(TableName="engage-main-cache")["Items"]),
    ]
    history = engage.client("stepfunctions").get_paginator("get_execution_history")
    machine = f"arn:aws:states:us-east-1:{'0' * 12}:execution:engage-main-pipeline:{first.run_id}"
    texts += [json.dumps(page, default=str) for page in history.paginate(executionArn=machine)]
    assert people.found_in("\n".join(texts)) == set()


# Repetition


@dataclass(frozen=True)
class TwoRuns:
    """Two runs that were started at once: how they ended, and their predictions."""

    shown: list[Any]
    ids: list[str]


@pytest.fixture(scope="module")
def two(engage: Engage, first: FirstRun) -> TwoRuns:
    ids = [engage.read("run-pipeline", "--no-wait")["run_id"] for _ in range(2)]
    return TwoRuns([engage.finished(run_id) for run_id in ids], ids)


def test_two_runs_at_once_both_succeed(two: TwoRuns) -> None:
    assert [shown["status"] for shown in two.shown] == ["SUCCEEDED", "SUCCEEDED"], two.shown
    assert len(set(two.ids)) == 2


def test_a_repeated_run_gives_the_same_predictions(engage: Engage, first: FirstRun, two: TwoRuns) -> None:
    def predictions(run_id: str) -> Any:
        frame = engage.frame("lake", f"predictions/as_of={first.as_of}/run={run_id}/")
        assert set(frame["run_id"]) == {run_id}
        return frame.drop(columns=["run_id", "model_version"]).set_index("customer_id").sort_index()

    expected = predictions(first.run_id)
    assert len(expected) == CUSTOMERS
    for run_id in two.ids:
        found = predictions(run_id)
        assert found.equals(expected), expected.compare(found)


def test_readers_see_one_run_and_all_of_it(engage: Engage, first: FirstRun, two: TwoRuns) -> None:
    location = engage.partition()
    assert location is not None
    published = location.rpartition("run=")[2]
    assert published in two.ids
    rows = engage.rows("SELECT run_id, count(*) AS n FROM predictions GROUP BY run_id")
    assert rows == [{"run_id": published, "n": str(CUSTOMERS)}]
    assert (engage.partition("qa_sample") or "").endswith(f"run={published}")
    assert (engage.partition("segments") or "").endswith(f"run={published}")
    assert engage.document("online/current.json")["run_id"] == published
    temporary = [t["Name"] for t in engage.client("glue").get_tables(DatabaseName="engage_main")["TableList"]]
    assert sorted(temporary) == ["predictions", "qa_sample", "segments"]
