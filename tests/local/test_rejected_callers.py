"""Callers that AWS turns away: wrong or expired signatures, and permissions that are missing."""

import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local
ACCOUNT = "000000000000"


def call(action: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Error code and message of a call that must fail."""
    with pytest.raises(ClientError) as refused:
        action(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error.get("Message", "")


@pytest.fixture
def session(aws: Callable[..., Any]) -> Callable[..., Any]:
    """`session(("s3:GetObject", arn), ...)` makes a role with that permission and gives keys of a session."""

    def make(*allowed: tuple[str, str]) -> tuple[str, dict[str, str]]:
        name = f"caller-{uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
                 "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if allowed:
            statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in allowed]
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            aws("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        keys = aws("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return name, keys

    return make


CALLS = [
    ("dynamodb", "list_tables", {}, "dynamodb:ListTables"),
    ("dynamodb", "put_item", {"TableName": "some", "Item": {"pk": {"S": "a"}}}, "dynamodb:PutItem"),
    ("s3", "list_buckets", {}, "s3:ListAllMyBuckets"),
    ("s3", "put_object", {"Bucket": "some-bucket", "Key": "k", "Body": b""}, "s3:PutObject"),
    ("stepfunctions", "list_state_machines", {}, "states:ListStateMachines"),
    ("lambda", "list_functions", {}, "lambda:ListFunctions"),
    ("athena", "list_work_groups", {}, "athena:ListWorkGroups"),
    ("glue", "get_databases", {}, "glue:GetDatabases"),
    ("iam", "list_users", {}, "iam:ListUsers"),
    ("ecs", "list_clusters", {}, "ecs:ListClusters"),
    ("logs", "describe_log_groups", {}, "logs:DescribeLogGroups"),
    ("cloudformation", "list_stacks", {}, "cloudformation:ListStacks"),
    ("scheduler", "list_schedules", {}, "scheduler:ListSchedules"),
    ("secretsmanager", "list_secrets", {}, "secretsmanager:ListSecrets"),
    ("apigateway", "get_rest_apis", {}, "apigateway:GET"),
]


@pytest.mark.parametrize(("service", "name", "parameters", "action"), CALLS, ids=[c[3] for c in CALLS])
def test_a_missing_permission_names_the_caller_and_the_action(
    aws: Any, session: Any, service: str, name: str, parameters: dict[str, Any], action: str
) -> None:
    if "Bucket" in parameters:
        aws("s3").create_bucket(Bucket=parameters["Bucket"])
    role, keys = session()
    code, message = call(getattr(aws(service, keys), name), **parameters)
    assert code in ("AccessDenied", "AccessDeniedException")
    assert action in message
    assert f"assumed-role/{role}/test" in message


def test_a_role_is_passed_only_by_who_may_pass_it(aws: Any, session: Any, role: Any) -> None:
    _, keys = session(("lambda:CreateFunction", "*"))
    code, message = call(
        aws("lambda", keys).create_function,
        FunctionName="passed",
        Runtime="python3.13",
        Role=role("lambda"),
        Handler="app.handler",
        Code={"ZipFile": _archive()},
    )
    assert code == "AccessDeniedException"
    assert "iam:PassRole" in message


def test_a_task_is_run_only_by_who_may_pass_its_roles(
    aws: Any, session: Any, image: Any, task_definition: Any
) -> None:
    definition = task_definition(image("print('done')"))
    aws("ecs").create_cluster(clusterName="passing")
    _, keys = session(("ecs:RunTask", "*"))
    code, message = call(aws("ecs", keys).run_task, cluster="passing", taskDefinition=definition)
    assert code == "AccessDeniedException"
    assert "iam:PassRole" in message


def test_a_wrong_secret_is_a_wrong_signature(aws: Any, endpoint: Any) -> None:
    keys = {"AccessKeyId": endpoint.access_key, "SecretAccessKey": "wrong"}
    assert call(aws("s3", keys).list_buckets)[0] == "SignatureDoesNotMatch"
    assert call(aws("dynamodb", keys).list_tables)[0] == "InvalidSignatureException"
    assert call(aws("iam", keys).list_users)[0] == "SignatureDoesNotMatch"


def test_a_key_that_nobody_has_is_refused(aws: Any) -> None:
    keys = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wrong"}
    assert call(aws("s3", keys).list_buckets)[0] == "InvalidAccessKeyId"
    assert call(aws("dynamodb", keys).list_tables)[0] == "UnrecognizedClientException"
    assert call(aws("iam", keys).list_users)[0] == "InvalidClientTokenId"


def test_a_wrong_session_token_is_refused(aws: Any, session: Any) -> None:
    _, keys = session(("s3:ListAllMyBuckets", "*"), ("dynamodb:ListTables", "*"))
    aws("s3", keys).list_buckets()
    wrong = {**keys, "SessionToken": "wrong"}
    assert call(aws("s3", wrong).list_buckets)[0] in ("InvalidToken", "InvalidAccessKeyId")
    assert call(aws("dynamodb", wrong).list_tables)[0] == "UnrecognizedClientException"


def test_keys_of_a_session_that_is_over_are_expired() -> None:
    """In this process: the shortest session that STS gives lasts a quarter of an hour."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    role = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"
    key = "ASIAEXPIRED000000000"
    sts._sessions[key] = {"Arn": role, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 1.0}
    try:
        found = iam_evaluator.resolve_principal(key, ACCOUNT)
    finally:
        sts._sessions.pop(key, None)
    assert isinstance(found, iam_evaluator.AuthError)
    assert found.code == "ExpiredTokenException"


def test_an_expired_presigned_address_is_refused(aws: Any, endpoint: Any) -> None:
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    aws("s3").create_bucket(Bucket="presigned")
    aws("s3").put_object(Bucket="presigned", Key="k", Body=b"kept")
    fresh = aws("s3").generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "k"})
    assert _get(fresh) == (200, b"kept")

    class Earlier(S3SigV4QueryAuth):
        def _modify_request_before_signing(self, request: Any) -> None:
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            request.context["timestamp"] = long_ago.strftime("%Y%m%dT%H%M%SZ")
            super()._modify_request_before_signing(request)

    request = AWSRequest("GET", f"{endpoint.url}/presigned/k")
    Earlier(Credentials(endpoint.access_key, endpoint.secret_key), "s3", "us-east-1", 60).add_auth(request)
    status, body = _get(str(request.url))
    assert status == 403
    assert b"Request has expired" in body or b"AccessDenied" in body


def test_a_request_signed_an_hour_ago_is_refused(endpoint: Any) -> None:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    class Earlier(S3SigV4Auth):
        def _modify_request_before_signing(self, request: Any) -> None:
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            request.context["timestamp"] = long_ago.strftime("%Y%m%dT%H%M%SZ")
            super()._modify_request_before_signing(request)

    request = AWSRequest("GET", f"{endpoint.url}/")
    Earlier(Credentials(endpoint.access_key, endpoint.secret_key), "s3", "us-east-1").add_auth(request)
    status, body = _get(str(request.url), dict(request.headers.items()))
    assert status == 403
    assert b"RequestTimeTooSkewed" in body


def _get(url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request(
        "GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers or {}
    )
    answer = connection.getresponse()
    return answer.status, answer.read()


def _archive() -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("app.py", "def handler(event, context): pass")
    return buffer.getvalue()
