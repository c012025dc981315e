"""What the tests of the meter share: services that give fixed answers, and a run as they tell of it."""

import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"
sys.path[:0] = [str(HANDLERS), str(HANDLERS / "meter")]

from metering.records import Scope, Used  # noqa: E402

from engage_cli.cost import model, pricebook  # noqa: E402
from engage_cli.cost import usage as usages  # noqa: E402

BEGIN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RUN = "run-20261123T060000-ab12"
ARN = f"arn:aws:states:us-east-1:000000000000:execution:engage-dev-pipeline:{RUN}"
SCOPE = Scope(RUN, "dev", ARN, BEGIN, BEGIN + timedelta(minutes=5))
BOOK = pricebook.load()


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


class Fake:
    """A boto3 client that gives fixed answers; an answer may be a function of the arguments or an error."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._answers:
            raise AttributeError(name)
        return lambda **arguments: self._answer(name, arguments)

    def _answer(self, name: str, arguments: dict[str, Any]) -> Any:
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if callable(answer) else answer

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **arguments: [self._answer(name, arguments)])


def clients(**by_service: Fake) -> Any:
    return lambda service: by_service[service.replace("-", "_")]


def refused(operation: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"not allowed: {operation}"}}, operation)


def amounts(lines: list[Used]) -> dict[str, Decimal | None]:
    """Quantities by item, after a check that the price book knows each item in its unit."""
    model.price([usages._record(json.loads(json.dumps(line.to_json()))) for line in lines], BOOK)
    return {line.item: line.quantity for line in lines}


def entered(name: str, seconds: float, kind: str = "Task") -> dict[str, Any]:
    return {
        "type": f"{kind}StateEntered",
        "timestamp": at(seconds),
        "stateEnteredEventDetails": {"name": name},
    }


def left(name: str, seconds: float, kind: str = "Task") -> dict[str, Any]:
    return event(f"{kind}StateExited", seconds, stateExitedEventDetails={"name": name})


def event(kind: str, seconds: float = 0, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": at(seconds), **details}


def ecs_task(
    arn: str = "task/1", *, pull: float = 10, start: float = 40, stop: float = 100, **more: Any
) -> Any:
    times = {"PullStartedAt": pull, "StartedAt": start, "StoppedAt": stop}
    return {
        "TaskArn": arn,
        "TaskDefinitionArn": "arn:aws:ecs:us-east-1:0:task-definition/engage-dev-training:7",
        "Cpu": "4096",
        "Memory": "30720",
        "Attributes": [{"Name": "ecs.cpu-architecture", "Value": "arm64"}],
        **{name: int(at(second).timestamp() * 1000) for name, second in times.items()},
        **more,
    }


def succeeded(output: Any) -> dict[str, Any]:
    return event("TaskSucceeded", taskSucceededEventDetails={"output": json.dumps(output)})


def report(ms: float = 1200, mb: int = 512) -> str:
    measures = f"Billed Duration: {ms} ms\tMemory Size: {mb} MB\tMax Memory Used: 9 MB"
    return f"REPORT RequestId: x\tDuration: 1 ms\t{measures}"


def cloud(streams: dict[str, dict[str, list[str]]], **config: Any) -> Any:
    """Log groups with streams of messages, and the configuration of every function."""

    def filter_log_events(logGroupName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {
            "events": [
                {"logStreamName": name, "message": message}
                for name, messages in streams[logGroupName].items()
                for message in messages
            ]
        }

    return clients(
        logs=Fake(
            describe_log_groups={"logGroups": [{"logGroupName": name} for name in streams]},
            filter_log_events=filter_log_events,
        ),
        **{"lambda": Fake(get_function_configuration={"Architectures": ["arm64"], **config})},
    )


def say(run_id: str | None, **more: Any) -> str:
    return json.dumps({"message": "step started", "run_id": run_id, **more})


def query(
    scanned: int, *, kind: str = "DML", state: str = "SUCCEEDED", sql: str = "SELECT 1", **stats: Any
) -> Any:
    return {
        "StatementType": kind,
        "Query": sql,
        "Status": {"State": state},
        "Statistics": {"DataScannedInBytes": scanned, **stats},
    }


def listing(objects: dict[str, int], modified: datetime = BEGIN) -> Fake:
    def list_objects_v2(Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        return {
            "Contents": [
                {"Key": key, "Size": size, "LastModified": modified}
                for key, size in objects.items()
                if f"{Bucket}/{key}".startswith(f"{Bucket}/{Prefix}")
            ]
        }

    return Fake(list_objects_v2=list_objects_v2)
