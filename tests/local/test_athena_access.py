"""Athena reads and writes with the permissions of whoever asks: proved against the embedded endpoint."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import main_job_support
import pytest
from botocore.exceptions import ClientError

from engage_cli.local import process

pytestmark = pytest.mark.local

ENV = "access"
REGION = main_job_support.REGION
GLUE = f"arn:aws:glue:{REGION}:{process.ACCOUNT}"


class Platform(main_job_support.Engage):
    """A deployed environment with one raw customer and one prediction, and its roles to query with."""

    def fill(self) -> None:
        s3 = self.client("s3")
        s3.put_object(Bucket=self.bucket("raw"), Key="customers/c.csv", Body=b"C1,Ada,ada@example.com\n")
        self.succeed(
            self.client("athena"),
            f"CREATE EXTERNAL TABLE engage_{ENV}_raw.customers (id string, name string, email string) "
            f"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://{self.bucket('raw')}/customers/'",
        )

    def state_of(self, athena: Any, sql: str) -> tuple[str, str]:
        """How a query ended, and why; a refused StartQueryExecution is a FAILED one."""
        try:
            query = athena.start_query_execution(QueryString=sql, WorkGroup=f"engage-{ENV}")
        except ClientError as error:
            return "FAILED", str(error)
        while True:
            # Root looks: a role may be allowed to start queries and nothing more.
            status = self.client("athena").get_query_execution(QueryExecutionId=query["QueryExecutionId"])
            status = status["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                return status["State"], status.get("StateChangeReason", "")
            time.sleep(0.03)

    def succeed(self, athena: Any, sql: str) -> None:
        state, reason = self.state_of(athena, sql)
        assert state == "SUCCEEDED", reason

    def assume(self, documents: list[Any], attached: list[str]) -> Any:
        """An Athena client of a new role with these policies, and trust in the account's root."""
        import boto3

        iam, name = self.client("iam"), f"probe-{uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust["Principal"] = {"AWS": f"arn:aws:iam::{process.ACCOUNT}:root"}  # type: ignore[assignment]
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        for number, policy in enumerate(documents):
            iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(policy))
        for arn in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        keys = self.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")["Credentials"]
        return boto3.client(
            "athena", endpoint_url=self.endpoint.url, region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )  # fmt: skip

    def like(self, role: str) -> Any:
        """An Athena client that may do what a role of the platform may."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=n)["PolicyDocument"] for n in names]
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return self.assume(documents, [policy["PolicyArn"] for policy in attached])

    def function_roles(self) -> list[str]:
        functions = self.client("lambda").list_functions()["Functions"]
        mine = [f for f in functions if f["FunctionName"].startswith(f"engage-{ENV}-")]
        return sorted(f["Role"].rsplit("/", 1)[-1] for f in mine)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home: Path = tmp_path_factory.mktemp("athena-access")
    with main_job_support.stopped_afterwards(home):
        platform = Platform(home, ENV, home)
        platform.ok("deploy")
        platform.fill()
        yield platform


@pytest.fixture(scope="module")
def role(platform: Platform) -> Callable[..., Any]:
    """`role("arn")` may read the description of the raw customers, and these objects."""

    def make(*objects: str) -> Any:
        raw = f"engage_{ENV}_raw"
        tables = [f"{GLUE}:catalog", f"{GLUE}:database/{raw}", f"{GLUE}:table/{raw}/customers"]
        bucket = f"arn:aws:s3:::{platform.bucket('raw')}"
        allowed: list[tuple[Any, Any]] = [
            (["glue:GetDatabase", "glue:GetTable"], tables), ("s3:ListBucket", bucket),
            ("s3:GetObject", list(objects)),
        ]  # fmt: skip
        statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in allowed if r]
        policies = platform.client("iam").list_policies(Scope="Local")["Policies"]
        (query,) = [p["Arn"] for p in policies if p["PolicyName"] == f"engage-{ENV}-athena-query"]
        return platform.assume([{"Version": "2012-10-17", "Statement": statements}], [query])

    return make


RAW = f"SELECT count(*) FROM engage_{ENV}_raw.customers"


def test_a_query_reads_with_the_permissions_of_its_caller(
    platform: Platform, role: Callable[..., Any]
) -> None:
    bucket = platform.bucket("raw")
    assert platform.state_of(role(f"arn:aws:s3:::{bucket}/customers/*"), RAW) == ("SUCCEEDED", "")
    state, reason = platform.state_of(role(f"arn:aws:s3:::{bucket}/activity/*"), RAW)
    assert state == "FAILED"
    assert reason.startswith(
        f"Permission denied on S3 path: s3://{bucket}/customers/c.csv. User: arn:aws:sts::"
    )
    assert f"s3:GetObject on resource: arn:aws:s3:::{bucket}/customers/c.csv" in reason


def test_only_validate_reads_raw_customers_through_athena(platform: Platform) -> None:
    roles = platform.function_roles()
    assert len(roles) >= 10
    states = {name: platform.state_of(platform.like(name), RAW) for name in roles}
    readers = {name for name, (state, _) in states.items() if state == "SUCCEEDED"}
    assert readers == {f"engage-{ENV}-validate"}
    assert all(
        "is not authorized to perform" in reason for n, (_, reason) in states.items() if n not in readers
    )


def test_questions_read_published_tables_and_not_the_raw_database(platform: Platform) -> None:
    ask = platform.like(f"engage-{ENV}-ask")
    assert platform.state_of(ask, f"SELECT count(*) FROM engage_{ENV}.predictions")[0] == "SUCCEEDED"
    for sql in (RAW, f"SHOW TABLES IN engage_{ENV}_raw", f"DESCRIBE engage_{ENV}_raw.customers"):
        state, reason = platform.state_of(ask, sql)
        assert state == "FAILED", sql
        assert f"on resource: {GLUE}:database/engage_{ENV}_raw" in reason or "glue:GetTables" in reason, (
            reason
        )
    for sql in (
        f"DROP TABLE engage_{ENV}.predictions",
        f"INSERT INTO engage_{ENV}.predictions SELECT * FROM engage_{ENV}.predictions",
        f"CREATE TABLE engage_{ENV}.copy AS SELECT 1 AS x",
    ):
        assert platform.state_of(ask, sql)[0] == "FAILED", sql


def test_results_are_read_with_the_permissions_of_who_reads_them(
    platform: Platform, role: Callable[..., Any]
) -> None:
    root = platform.client("athena")
    platform.succeed(root, "SELECT 1")
    query = root.list_query_executions(WorkGroup=f"engage-{ENV}")["QueryExecutionIds"][0]  # the newest
    assert role().get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    group = f"arn:aws:athena:{REGION}:{process.ACCOUNT}:workgroup/engage-{ENV}"
    statement = {"Effect": "Allow", "Action": "athena:GetQueryResults", "Resource": group}
    outsider = platform.assume([{"Version": "2012-10-17", "Statement": [statement]}], [])
    with pytest.raises(ClientError, match="You do not seem to have access to the S3 location"):
        outsider.get_query_results(QueryExecutionId=query)
