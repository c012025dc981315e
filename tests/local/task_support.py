"""Looking at Fargate tasks of the test session's endpoint."""

import time
from collections.abc import Callable
from typing import Any


def describe(aws: Callable[..., Any], arn: str) -> dict[str, Any]:
    return dict(aws("ecs").describe_tasks(cluster="tests", tasks=[arn])["tasks"][0])


def finished(aws: Callable[..., Any], arn: str, status: str = "STOPPED") -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while (task := describe(aws, arn))["lastStatus"] != status:
        assert time.monotonic() < deadline, task
        time.sleep(0.05)
    return task


def log_lines(aws: Callable[..., Any], definition: str) -> list[str]:
    container = aws("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
    group = container["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"]
    return [event["message"] for event in aws("logs").filter_log_events(logGroupName=group)["events"]]
