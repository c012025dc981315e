"""Secrets of a task: fetched with its execution role, given to its process, shown nowhere."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from task_support import describe, log_lines

from engage_cli.local import process

pytestmark = pytest.mark.local

PROGRAM = """
    import hashlib, os
    for name in ("TOKEN", "USER", "OLD", "PARAMETER"):
        print(name, hashlib.sha256(os.environ.get(name, "").encode()).hexdigest())
    """
PULL = (["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "*")
LOGS = (["logs:CreateLogStream", "logs:PutLogEvents"], "*")


@pytest.fixture
def define(aws: Any, role: Any, image: Any) -> Callable[..., str]:
    """`define(secrets, allowed...)` registers a task whose execution role may do that besides its usual."""

    def make(secrets: list[dict[str, str]], *allowed: tuple[str | list[str], str], **container: Any) -> str:
        family = f"secret-{uuid4().hex[:8]}"
        group = f"/engage/test/{family}"
        aws("logs").create_log_group(logGroupName=group)
        options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "task"}
        arn: str = aws("ecs").register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=role("ecs-tasks", PULL, LOGS, *allowed),
            containerDefinitions=[
                {
                    "name": "main",
                    "image": image(PROGRAM),
                    "secrets": secrets,
                    "logConfiguration": {"logDriver": "awslogs", "options": options},
                    **container,
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        return arn

    return make


@pytest.fixture
def secret(aws: Any) -> dict[str, str]:
    """A secret with an earlier version: its ARN and the values in it."""
    old, token, user = (uuid4().hex for _ in range(3))
    manager = aws("secretsmanager")
    arn = manager.create_secret(Name=f"s-{uuid4().hex[:6]}", SecretString=json.dumps({"old": old}))["ARN"]
    text = json.dumps({"token": token, "user": user})
    manager.put_secret_value(SecretId=arn, SecretString=text)
    return {"arn": arn, "text": text, "old": old, "user": user}


def digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def test_secrets_reach_the_process_and_nothing_else(
    aws: Any, endpoint: Any, define: Any, run: Any, secret: dict[str, str]
) -> None:
    parameter = uuid4().hex
    aws("ssm").put_parameter(Name="/test/parameter", Value=parameter, Type="SecureString")
    definition = define(
        [
            {"name": "TOKEN", "valueFrom": secret["arn"]},
            {"name": "USER", "valueFrom": f"{secret['arn']}:user::"},
            {"name": "OLD", "valueFrom": f"{secret['arn']}:old:AWSPREVIOUS:"},
            {"name": "PARAMETER", "valueFrom": "/test/parameter"},
        ],
        ("secretsmanager:GetSecretValue", secret["arn"]),
        ("ssm:GetParameters", "arn:aws:ssm:*:*:parameter/test/*"),
    )
    task = run(definition)
    assert task["containers"][0]["exitCode"] == 0, task
    lines = dict(line.split() for line in log_lines(aws, definition))
    expected = {"TOKEN": secret["text"], "USER": secret["user"], "OLD": secret["old"], "PARAMETER": parameter}
    assert lines == {name: digest(value) for name, value in expected.items()}
    shown = json.dumps(
        [describe(aws, task["taskArn"]), process.log_tail(endpoint.state_dir.parent, 10_000)], default=str
    )
    shown += (endpoint.state_dir / "tasks" / f"{task['taskArn'].rsplit('/', 1)[-1]}.json").read_text()
    shown += json.dumps(aws("ecs").describe_task_definition(taskDefinition=definition), default=str)
    for value in (secret["user"], secret["old"], parameter):
        assert value not in shown


@pytest.mark.parametrize("missing", ["right", "secret", "key", "version"])
def test_a_secret_that_cannot_be_had_stops_the_task_before_it_starts(
    aws: Any, define: Any, run: Any, secret: dict[str, str], missing: str
) -> None:
    arn = secret["arn"].replace(":secret:", ":secret:no-") if missing == "secret" else secret["arn"]
    end = {"key": ":none::", "version": "::NONE:"}.get(missing, "")
    allowed = [] if missing == "right" else [("secretsmanager:GetSecretValue", "*")]
    task = run(define([{"name": "TOKEN", "valueFrom": arn + end}], *allowed))
    assert task["stopCode"] == "TaskFailedToStart"
    reason = task["stoppedReason"]
    assert reason.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
        f"failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to "
        f"fetch secret {arn}{end} from secrets manager: "
    )
    words = {
        "right": "is not authorized to perform: secretsmanager:GetSecretValue",
        "secret": "ResourceNotFoundException",
        "key": "did not contain json key none",
        "version": "ResourceNotFoundException",
    }
    assert words[missing] in reason
    assert secret["user"] not in reason


def test_the_rights_of_the_task_role_do_not_help(
    aws: Any, role: Any, image: Any, task_definition: Any, run: Any, secret: dict[str, str]
) -> None:
    may = ("secretsmanager:GetSecretValue", "*")
    definition = task_definition(image(PROGRAM), may, secrets=[{"name": "TOKEN", "valueFrom": secret["arn"]}])
    assert "AccessDeniedException" in run(definition)["stoppedReason"]


def test_a_name_that_is_a_variable_already_is_refused(define: Any, secret: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="The secret name must be unique"):
        define(
            [{"name": "TOKEN", "valueFrom": secret["arn"]}], environment=[{"name": "TOKEN", "value": "plain"}]
        )
