"""The main job when something is wrong, in an environment of its own; and its removal at the end.

The tests of this file follow on one another: the data is broken, corrected, and removed.
"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from main_job_support import STATES, Done, Engage

pytestmark = pytest.mark.local

CUSTOMERS = 1500
RUN_PREFIXES = ("processed/", "features/", "predictions/", "qa_sample/", "segments/", "online/", "models/")


@pytest.fixture(scope="module")
def csv_data(other: Engage) -> Engage:
    report = other.read("generate-data", "--customers", str(CUSTOMERS), "--format", "csv")
    assert report["customers"] == CUSTOMERS
    return other


def failed_run(engage: Engage) -> tuple[Done, Any]:
    done = engage("run-pipeline")
    assert done.code == 1, done
    return done, engage.read("runs", "show", "latest")


def leftovers(engage: Engage) -> tuple[list[str], list[str]]:
    keys = [key for prefix in RUN_PREFIXES for key in engage.keys("lake", prefix)]
    tables = engage.client("glue").get_tables(DatabaseName=f"engage_{engage.env}")["TableList"]
    return keys, sorted(table["Name"] for table in tables if "_run_" in table["Name"])


@pytest.fixture
def replaced(csv_data: Engage) -> Iterator[Any]:
    """`replaced(key, body)` writes a raw object; the original comes back after the test."""
    s3, bucket = csv_data.client("s3"), csv_data.bucket("raw")
    originals: dict[str, bytes] = {}

    def replace(key: str, body: bytes) -> None:
        originals.setdefault(key, csv_data.object("raw", key))
        s3.put_object(Bucket=bucket, Key=key, Body=body)

    yield replace
    for key, body in originals.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def test_too_many_bad_rows_fail_the_run_at_validation(csv_data: Engage, replaced: Any) -> None:
    import pandas as pd

    broken = csv_data.keys("raw", "activity/")[-8:]
    rows = 0
    for key in broken:
        frame = pd.read_csv(io.BytesIO(csv_data.object("raw", key)))
        frame["active_days"] = 9
        rows += len(frame)
        replaced(key, frame.to_csv(index=False).encode())

    done, shown = failed_run(csv_data)
    assert "failed at Validate" in done.err
    assert "more than 5%" in done.err
    assert f"more than 7 active days: {rows}" in done.err or str(rows) in done.err
    assert "Next: " in done.err
    assert "engage run-pipeline" in done.err
    assert shown["status"] == "FAILED"
    assert shown["failure"]["state"] == "Validate"
    assert csv_data.partition() is None
    assert leftovers(csv_data) == ([], [])
    run_id = shown["run_id"]
    assert csv_data.keys("lake", f"quarantine/run={run_id}/"), "the bad rows are kept for a look"
    status = csv_data.document(f"runs/{run_id}/run.json")
    assert status["status"] == "failed"
    assert status["failure"]["resume"]
    assert csv_data("predict", "C00000001").code == 2
    assert csv_data("cost-report").code == 2


def test_a_missing_column_fails_the_run_at_validation(csv_data: Engage, replaced: Any) -> None:
    import pandas as pd

    for key in csv_data.keys("raw", "customers/"):
        frame = pd.read_csv(io.BytesIO(csv_data.object("raw", key)))
        replaced(key, frame.drop(columns="signup_date").to_csv(index=False).encode())
    done, shown = failed_run(csv_data)
    assert shown["failure"]["state"] == "Validate"
    assert "signup_date" in done.err
    assert leftovers(csv_data) == ([], [])


def test_a_role_without_a_permission_fails_the_run_naming_who_and_what(csv_data: Engage) -> None:
    iam, name = csv_data.client("iam"), "engage-other-split"
    (policy,) = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    try:
        done, shown = failed_run(csv_data)
    finally:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    assert shown["failure"]["state"] == "Split"
    assert "assumed-role/engage-other-split" in done.err
    assert "athena:StartQueryExecution" in done.err
    assert leftovers(csv_data) == ([], [])


def test_corrected_data_in_csv_files_runs_through(csv_data: Engage) -> None:
    run = csv_data.read("run-pipeline")
    assert [state["name"] for state in run["states"]] == STATES
    assert run["output"]["validate"]["activity"]["quarantined"] == 0
    assert csv_data.rows("SELECT count(*) AS n FROM predictions") == [{"n": str(CUSTOMERS)}]
    assert (csv_data.partition() or "").endswith(run["run_id"])
    statuses = [row["status"] for row in csv_data.read("runs")]
    assert statuses == ["SUCCEEDED", "FAILED", "FAILED", "FAILED"]


def everything(engage: Engage) -> set[str]:
    """Names of everything at the endpoint that belongs to the environment."""
    client = engage.client
    account = client("sts").get_caller_identity()["Account"]
    names = [s["StackName"] for s in client("cloudformation").describe_stacks()["Stacks"]]
    names += [b["Name"] for b in client("s3").list_buckets()["Buckets"]]
    names += [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]]
    names += [r["RoleName"] for r in client("iam").list_roles()["Roles"]]
    names += [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]]
    names += [m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]]
    names += client("dynamodb").list_tables()["TableNames"]
    names += [s["Name"] for s in client("secretsmanager").list_secrets()["SecretList"]]
    names += [d["Name"] for d in client("glue").get_databases()["DatabaseList"]]
    names += [c["Name"] for c in client("glue").get_crawlers()["Crawlers"]]
    names += [w["Name"] for w in client("athena").list_work_groups()["WorkGroups"]]
    names += [a.rpartition("/")[2] for a in client("ecs").list_clusters()["clusterArns"]]
    names += [r["repositoryName"] for r in client("ecr").describe_repositories()["repositories"]]
    names += [s["Name"] for s in client("scheduler").list_schedules()["Schedules"]]
    names += [a["name"] for a in client("apigateway").get_rest_apis()["items"]]
    names += [k["name"] for k in client("apigateway").get_api_keys()["items"]]
    names += [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]]
    names += [k["name"] for k in client("bedrock-agent").list_knowledge_bases()["knowledgeBaseSummaries"]]
    names += [t.rpartition(":")[2] for t in (x["TopicArn"] for x in client("sns").list_topics()["Topics"])]
    assert account == "0" * 12
    prefixes = (f"engage-{engage.env}", f"engage_{engage.env}", f"/engage/{engage.env}/")
    return {name for name in names if any(prefix in name for prefix in prefixes)}


def test_destroy_asks_first(csv_data: Engage) -> None:
    before = everything(csv_data), csv_data.keys("lake"), csv_data.keys("raw")
    done = subprocess.run(
        [sys.executable, "-m", "engage_cli", "destroy", "--env", "other", "--home", str(csv_data.home)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        cwd=csv_data.directory, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 2
    assert "Nothing was removed." in done.stderr
    assert (everything(csv_data), csv_data.keys("lake"), csv_data.keys("raw")) == before


def test_destroy_leaves_nothing_and_deploying_again_works(csv_data: Engage) -> None:
    before = everything(csv_data)
    assert len(before) > 60
    done = csv_data.ok("destroy", "--yes")
    assert "Removed 'other'. Nothing is left." in done.out
    assert everything(csv_data) == set()
    assert "not deployed" in csv_data.ok("destroy", "--yes").out
    absent = csv_data("run-pipeline")
    assert absent.code == 2
    assert "engage deploy" in absent.err

    assert len(csv_data.read("deploy")["changed"]) == 9
    assert csv_data.keys("raw") == []
    assert csv_data.read("runs") == []
