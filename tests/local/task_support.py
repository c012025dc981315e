"""Looking at Fargate tasks of the test session's endpoint."""

from collections.abc import Callable
from typing import Any

from tests.waiting import until


def describe(aws: Callable[..., Any], arn: str) -> dict[str, Any]:
    return dict(aws("ecs").describe_tasks(cluster="tests", tasks=[arn])["tasks"][0])


def finished(aws: Callable[..., Any], arn: str, status: str = "STOPPED") -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        task = describe(aws, arn)
        return task if task["lastStatus"] == status else None

    return dict(until(found))


def log_lines(aws: Callable[..., Any], definition: str) -> list[str]:
    container = aws("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
    group = container["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"]
    return [event["message"] for event in aws("logs").filter_log_events(logGroupName=group)["events"]]
