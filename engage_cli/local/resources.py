"""Which resource a request is about, where MiniStack's own answer differs from that of AWS.

A role that names one crawler, work group or task definition can only be proved when the request is
checked against exactly that. Runs in the endpoint process.
"""

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def wrap_extract_resource_arn(original: Callable[..., str]) -> Callable[..., str]:
    """Name the crawler, table, work group, task or task definition that a request is about."""

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: Json,
        region: str,
        account_id: str,
    ) -> str:
        namer = _NAMERS.get(service)
        if namer is not None:
            # The action stands in a header or, with the protocol of CloudWatch, ends the path.
            action = headers.get("x-amz-target", "").rpartition(".")[2] or path.rpartition("/")[2]
            arn = namer(action, _parsed(body), f"arn:aws:{service}:{region}:{account_id}")
            if arn is not None:
                return arn
        return original(service, method, path, headers, body, query_params, region, account_id)

    return extract_resource_arn


def _parsed(body: bytes) -> Json:
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _glue(action: str, data: Json, prefix: str) -> str | None:
    database, name = data.get("DatabaseName"), data.get("Name")
    if "Crawler" in action:
        crawler = name or data.get("CrawlerName")
        return f"{prefix}:crawler/{crawler}" if crawler else "*"
    if action in ("CreateTable", "UpdateTable"):
        name = (data.get("TableInput") or {}).get("Name")
    if action in ("CreateDatabase", "UpdateDatabase", "GetDatabase", "DeleteDatabase"):
        return f"{prefix}:database/{name or (data.get('DatabaseInput') or {}).get('Name')}"
    table = data.get("TableName") or (name if database else None)
    if database and table:
        return f"{prefix}:table/{database}/{table}"
    return f"{prefix}:database/{database}" if database else None


def _athena(action: str, data: Json, prefix: str) -> str | None:
    """The work group; a query is in one, so a request about queries is about their work group."""
    from ministack.services import athena

    ids = data.get("QueryExecutionIds") or [data.get("QueryExecutionId")]
    groups = {athena._executions[i].get("WorkGroup") for i in ids if i in athena._executions}
    # Queries of several work groups would need a check each: None ("*") allows only who may do it everywhere.
    return f"{prefix}:workgroup/{groups.pop()}" if len(groups) == 1 else None


def _ecs(action: str, data: Json, prefix: str) -> str | None:
    cluster = str(data.get("cluster") or "default").rsplit("/", 1)[-1]
    if action in ("DescribeTasks", "StopTask"):
        tasks = data.get("tasks") or [data.get("task")]
        task = str(tasks[0]).rsplit("/", 1)[-1]
        return f"{prefix}:task/{cluster}/{task}"
    if action == "RunTask":
        definition = str(data.get("taskDefinition", ""))
        return definition if definition.startswith("arn:") else f"{prefix}:task-definition/{definition}"
    # No resource type in the Service Authorization Reference.
    return "*" if action in ("DescribeTaskDefinition", "DeregisterTaskDefinition") else None


def _states(action: str, data: Json, prefix: str) -> str | None:
    return data.get("mapRunArn")  # ListExecutions of a map run; MiniStack names the others


def _ecr(action: str, data: Json, prefix: str) -> str | None:
    names = data.get("repositoryNames") or []
    # Listing every repository is authorised on all of them, not on nothing.
    return f"{prefix}:repository/*" if action == "DescribeRepositories" and not names else None


def _cloudwatch(action: str, data: Json, prefix: str) -> str | None:
    return f"{prefix.replace(':monitoring:', ':cloudwatch:')}:alarm:*" if action == "DescribeAlarms" else None


_NAMERS: dict[str, Callable[[str, Json, str], str | None]] = {
    "athena": _athena,
    "ecr": _ecr,
    "ecs": _ecs,
    "glue": _glue,
    "monitoring": _cloudwatch,
    "states": _states,
}
