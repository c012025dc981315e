"""Environments in one endpoint, and endpoints on one machine, do not see each other."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import main_job_support
import pytest
from botocore.exceptions import ClientError

from engage_cli.local import process
from tests.perf import load

pytestmark = pytest.mark.local


def client(endpoint: process.Endpoint, service: str, **other: Any) -> Any:
    keys = {"aws_access_key_id": endpoint.access_key, "aws_secret_access_key": endpoint.secret_key, **other}
    return boto3.client(service, endpoint_url=endpoint.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[process.Endpoint]]:
    homes = [tmp_path_factory.mktemp(f"neighbour-{name}") for name in "ab"]
    yield [process.ensure_started(home) for home in homes]
    for home in homes:
        process.stop(home)


def test_two_homes_are_two_endpoints_with_a_port_and_keys_each(neighbours: list[process.Endpoint]) -> None:
    one, two = neighbours
    assert one.port != two.port
    assert one.secret_key != two.secret_key
    assert one.pid != two.pid
    assert one.state_dir != two.state_dir


def test_what_one_endpoint_holds_the_other_does_not(neighbours: list[process.Endpoint]) -> None:
    one, two = neighbours
    client(one, "s3").create_bucket(Bucket="only-here")
    client(one, "s3").put_object(Bucket="only-here", Key="k", Body=b"mine")
    client(two, "s3").create_bucket(Bucket="only-here")
    assert "Contents" not in client(two, "s3").list_objects_v2(Bucket="only-here")
    client(one, "logs").create_log_group(logGroupName="/only-here")
    assert client(two, "logs").describe_log_groups()["logGroups"] == []


def test_the_keys_of_one_endpoint_open_nothing_in_the_other(neighbours: list[process.Endpoint]) -> None:
    one, two = neighbours
    stranger = client(two, "dynamodb", aws_secret_access_key=one.secret_key)
    with pytest.raises(ClientError) as refused:
        stranger.list_tables()
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"


def test_stopping_one_endpoint_leaves_the_other_running(tmp_path: Path, neighbours: Any) -> None:
    endpoint = process.ensure_started(tmp_path)
    client(endpoint, "s3").create_bucket(Bucket="stopped")
    process.stop(tmp_path)
    assert all(client(other, "s3").list_buckets() for other in neighbours)
    process.reset(tmp_path)


@pytest.mark.xdist_group("isolation")
def test_environments_in_one_endpoint_share_no_resource(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("environments")
    with main_job_support.stopped_afterwards(home):
        resources: dict[str, set[str]] = {}
        for name in ("red", "blue"):
            directory = home / f"work-{name}"
            directory.mkdir()
            main_job_support.Engage(home, name, directory).ok("deploy")
            resources[name] = _physical_ids(process.ensure_started(home), name)
        assert resources["red"]
        assert resources["red"] & resources["blue"] == set()
        endpoint = process.ensure_started(home)
        roles = client(endpoint, "iam").list_roles()["Roles"]
        own = [role["RoleName"] for role in roles if role["RoleName"].startswith("engage-red-")]
        assert own
        for role in own:
            for policy in client(endpoint, "iam").list_role_policies(RoleName=role)["PolicyNames"]:
                found = client(endpoint, "iam").get_role_policy(RoleName=role, PolicyName=policy)
                assert "engage-blue" not in str(found["PolicyDocument"]), role


def _physical_ids(endpoint: process.Endpoint, environment: str) -> set[str]:
    cloudformation = client(endpoint, "cloudformation")
    found: set[str] = set()
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"].startswith(f"engage-{environment}-"):
                resources = cloudformation.list_stack_resources(StackName=stack["StackName"])
                found |= {
                    f"{one['ResourceType']} {one['PhysicalResourceId']}"
                    for one in resources["StackResourceSummaries"]
                    # A path is named within its API, and a table within its database.
                    if not one["ResourceType"].startswith(("AWS::ApiGateway::", "AWS::Glue::Table"))
                }
    return found


def test_thirty_two_clients_at_once_see_no_failed_call(
    neighbours: list[process.Endpoint], aws: Callable[..., Any]
) -> None:
    endpoint = neighbours[0]
    target = load.Target(endpoint.url, endpoint.access_key, endpoint.secret_key, clients=32)
    target.prepare()
    result = load.run(target, clients=32, seconds=5)
    assert result.failures == {}
    assert result.throttled == 0
    assert set(result.seconds) == set(load.WEIGHTS)
