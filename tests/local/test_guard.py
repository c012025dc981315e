"""What may reach the endpoint."""

import http.client
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from engage_cli.local.guard import is_loopback
from engage_cli.local.network import permitted

pytestmark = pytest.mark.local


def request(endpoint: Any, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"Host": f"127.0.0.1:{endpoint.port}", **named})
    return connection.getresponse()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4566", "127.0.0.1.evil.example", "10.0.0.1", ""]
)
def test_a_name_that_was_rebound_to_loopback_is_refused(endpoint: Any, host: str) -> None:
    assert request(endpoint, "GET", "/_ministack/health", Host=host).status == 403


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4566", "localhost:1", "[::1]:4566", "api.localhost"]
)
def test_loopback_names_are_answered(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost:3000"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_a_page_in_a_browser_is_refused(endpoint: Any, headers: dict[str, str]) -> None:
    assert request(endpoint, "POST", "/", **headers).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/_ministack/lambda-code/f",
        "/_localstack/init",
        "/_engage/other",
        "/latest/meta-data/iam/security-credentials/",
        "/v2/credentials/x",
    ],
)
def test_admin_and_metadata_paths_are_refused_without_the_secret(endpoint: Any, path: str) -> None:
    assert request(endpoint, "POST", path).status == 403


def test_health_is_open_and_says_nothing_to_other_origins(endpoint: Any) -> None:
    answer = request(endpoint, "GET", "/_ministack/health")
    assert answer.status == 200
    assert json.loads(answer.read())["auth"] == "enabled"
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]


def test_answers_of_services_carry_no_permissive_cors(endpoint: Any, aws: Any) -> None:
    headers = aws("dynamodb").list_tables()["ResponseMetadata"]["HTTPHeaders"]
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/some-bucket/key"), ("PUT", "/some-bucket")]
)
def test_an_unsigned_request_is_refused(endpoint: Any, method: str, path: str) -> None:
    assert request(endpoint, method, path).status == 403


@pytest.mark.parametrize("key", ["ENGAGELOCALROOT", "test", "000000000000", "AKIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", "list_buckets"),
        ("dynamodb", "list_tables"),
        ("iam", "list_users"),
        ("apigateway", "get_rest_apis"),
    ],
)
def test_a_wrong_secret_is_refused_for_every_kind_of_key(aws: Any, service: str, call: str, key: str) -> None:
    client = aws(service, {"AccessKeyId": key, "SecretAccessKey": "wrong"})
    with pytest.raises(ClientError) as refused:
        getattr(client, call)()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("169.254.169.254", False),
        ("example.com", False),
    ],
)
def test_only_loopback_may_be_connected_to(host: str, answer: bool) -> None:
    assert permitted(host) is answer
