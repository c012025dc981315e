"""`engage local services` tells the truth: what it calls refused is refused, by name, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from engage_cli.local import services, usage
from engage_cli.local.levels import Declared, Level
from engage_cli.local.services import TEMPLATES, Entry

ENTRIES = services.entries()
OPERATIONS = [entry for entry in ENTRIES if entry.service != TEMPLATES]
README = Path(services.__file__).with_name("README.md")
BEGIN, END = "<!-- services:begin -->", "<!-- services:end -->"


def sample(shape: Any, inside: tuple[str, ...] = ()) -> Any:
    """The least input that a shape takes; it names things that do not exist."""
    kind, meta = shape.type_name, shape.metadata
    if kind == "structure":
        members = shape.members.items() if shape.name not in inside else ()
        return {
            name: sample(one, (*inside, shape.name))
            for name, one in members
            if name in shape.required_members
        }
    if kind == "list":
        return [sample(shape.member, inside)] * max(1, meta.get("min", 1))
    if kind == "map":
        return {sample(shape.key, inside): sample(shape.value, inside)}
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(3, meta.get("min", 3))
    return {"boolean": True, "blob": b"{}", "timestamp": 0}.get(kind, meta.get("min", 1))


def refusal(call: Any, **parameters: Any) -> dict[str, Any] | None:
    """The response of a call that failed, or None."""
    try:
        call(**parameters)
    except ClientError as error:
        return dict(error.response)
    return None


@pytest.mark.local
@pytest.mark.parametrize("entry", OPERATIONS, ids=lambda entry: f"{entry.service}:{entry.operation}")
def test_a_used_operation_is_refused_exactly_when_that_is_declared(strict: Any, entry: Entry) -> None:
    client = strict(entry.service)
    shape = client.meta.service_model.operation_model(entry.operation).input_shape
    parameters = sample(shape) if shape is not None else {}
    answer = refusal(getattr(client, xform_name(entry.operation)), **parameters)
    error = (answer or {}).get("Error", {})
    unknown = error.get("Code") in ("UnknownOperationException", "InvalidAction", "NotImplemented")
    assert unknown is (entry.level is Level.REFUSED), error
    if unknown:
        named = error["Message"].replace("-", "")
        assert entry.operation in named or entry.service.replace("-", "") in named
    # Any other error is the service's own word on things that do not exist.
    assert answer is None or answer["ResponseMetadata"]["HTTPStatusCode"] < 500


UNKNOWN = [
    ("dynamodb", "DynamoDB_20120810.Nonsense"),
    ("states", "AWSStepFunctions.Nonsense"),
    ("glue", "AWSGlue.Nonsense"),
    ("athena", "AmazonAthena.Nonsense"),
    ("ecs", "AmazonEC2ContainerServiceV20141113.Nonsense"),
    ("logs", "Logs_20140328.Nonsense"),
    ("events", "AWSEvents.Nonsense"),
    ("secretsmanager", "secretsmanager.Nonsense"),
]


@pytest.mark.local
@pytest.mark.parametrize(("service", "target"), UNKNOWN, ids=[service for service, _ in UNKNOWN])
def test_an_operation_that_a_service_does_not_have_is_refused_by_name(
    endpoint: Any, service: str, target: str
) -> None:
    import http.client

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("POST", f"{endpoint.url}/", data=b"{}", headers={"X-Amz-Target": target})
    SigV4Auth(Credentials(endpoint.access_key, endpoint.secret_key), service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=60)
    connection.request("POST", "/", body=b"{}", headers=dict(request.headers.items()))
    answer = connection.getresponse()
    error = json.loads(answer.read())
    assert answer.status == 400
    assert error["__type"] == "UnknownOperationException"
    assert "Nonsense" in error["message"]


@pytest.mark.local
@pytest.mark.parametrize(
    ("service", "path"),
    [("lambda", "/2015-03-31/nonsense"), ("scheduler", "/nonsense"), ("s3vectors", "/Nonsense")],
)
def test_a_path_that_a_service_does_not_have_is_refused(endpoint: Any, service: str, path: str) -> None:
    import http.client

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("POST", f"{endpoint.url}{path}", data=b"{}")
    SigV4Auth(Credentials(endpoint.access_key, endpoint.secret_key), service, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=60)
    connection.request("POST", path, body=b"{}", headers=dict(request.headers.items()))
    answer = connection.getresponse()
    assert answer.status == 404
    assert service in json.loads(answer.read())["message"]


def test_everything_that_is_used_is_declared_and_worse_than_real_has_a_reason() -> None:
    assert len(OPERATIONS) > 90
    assert {entry.level for entry in ENTRIES} == set(Level)
    with pytest.raises(ValueError, match="needs a reason"):
        Declared(Level.REFUSED)


def test_what_is_used_and_not_declared_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_types", lambda: iter(()))
    with pytest.raises(services.UndeclaredError, match="AWS::S3::Bucket"):
        services.entries()


@pytest.mark.parametrize(
    ("source", "operations"),
    [
        ("client('s3').put_object(Bucket='b')", {("s3", "PutObject")}),
        ("self._x = aws.client('glue')\nself._x.get_table(Name='t')", {("glue", "GetTable")}),
        ("client('s3').get_paginator('list_objects_v2')", {("s3", "ListObjectsV2")}),
        ("def f(self):\n    return a.client('sqs')\ndef g(self):\n    self.f().send_message()",
         {("sqs", "SendMessage")}),
        ("self._codebuild.start_build(projectName='p')", {("codebuild", "StartBuild")}),
        ("retry(client('bedrock-runtime').converse, request)", {("bedrock-runtime", "Converse")}),
        ("other.put_object()", set()),
    ],
)  # fmt: skip
def test_calls_are_read_from_the_source(source: str, operations: set[tuple[str, str]]) -> None:
    assert usage.calls(source) == operations


def test_where_it_is_installed_makes_no_difference(tmp_path: Path) -> None:
    """A folder called `local` above the package, as in /usr/local, hides nothing."""
    package = tmp_path / "local" / "engage_cli"
    (package / "local").mkdir(parents=True)
    (package / "own.py").write_text("client('s3').put_object()")
    (package / "local" / "server.py").write_text("client('sqs').send_message()")
    assert usage.used(tmp_path, (package,)) == {("s3", "PutObject"): {"engage_cli/own.py"}}


def test_a_service_that_is_not_used_is_named_with_those_that_are() -> None:
    from engage_cli.errors import UserError

    assert {entry.service for entry in services.of_service("s3")} == {"s3"}
    with pytest.raises(UserError, match="nosuch"):
        services.of_service("nosuch")


def test_the_readme_shows_the_current_levels() -> None:
    text = README.read_text(encoding="utf-8")
    shown = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == services.table(ENTRIES), (
        "Run: python -m engage_cli.local.services engage_cli/local/README.md"
    )
