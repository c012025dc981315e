"""The metrics that AWS services publish of themselves, from what happened here.

Names, units and dimensions are those of each service's user guide: "Lambda function metrics", "Step
Functions metrics", "API Gateway dimensions and metrics", "DynamoDB metrics and dimensions". Counts of
errors are published as 0 for what did not fail wherever AWS does that, so that their Average is a rate.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from engage_cli.local.monitoring.metrics import record

Json = dict[str, Any]
Response = tuple[int, Json, Any]

# -- Lambda


def invocation(function: str, duration_ms: float, *, failed: bool) -> None:
    """One invocation of a function, by whomever."""
    dimensions = {"FunctionName": function}
    record("AWS/Lambda", "Invocations", 1, "Count", dimensions)
    record("AWS/Lambda", "Errors", 1 if failed else 0, "Count", dimensions)
    record("AWS/Lambda", "Throttles", 0, "Count", dimensions)
    record("AWS/Lambda", "Duration", duration_ms, "Milliseconds", dimensions, merged=False)


def throttle(function: str) -> None:
    """One call of a function that Lambda did not take; it is no invocation."""
    record("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": function})


def wrap_emit_lambda_metrics(original: Callable[..., None]) -> Callable[..., None]:
    """Throttled calls only: MiniStack counts what came through the Invoke API, and that twice when
    throttled.
    """

    def emit(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        # The call with a duration is the second one, of the Invoke API.
        if throttle and duration_ms == 0:
            record("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": function_name})

    return emit


# -- Step Functions

_ENDS = {"SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut",
         "ABORTED": "ExecutionsAborted"}  # fmt: skip


def wrap_execution_status(original: Callable[[Json], None]) -> Callable[[Json], None]:
    """Count executions as they start and end."""

    def emit(execution: Json) -> None:
        original(execution)
        dimensions = {"StateMachineArn": execution["stateMachineArn"]}
        if execution["status"] == "RUNNING":
            record("AWS/States", "ExecutionsStarted", 1, "Count", dimensions)
            return
        for status, name in _ENDS.items():
            record("AWS/States", name, int(status == execution["status"]), "Count", dimensions)
        record("AWS/States", "ExecutionTime", _milliseconds(execution), "Milliseconds", dimensions)

    return emit


def _milliseconds(execution: Json) -> float:
    started, stopped = (
        datetime.fromisoformat(execution[name].replace("Z", "+00:00")) for name in ("startDate", "stopDate")
    )
    return (stopped - started).total_seconds() * 1000


# -- API Gateway


def wrap_api_request(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Count every request to a stage of a REST API, with its latency and how it was answered."""

    async def handle(*request: Any) -> Response:
        started = time.monotonic()
        answer = await original(*request)
        api_id, stage, method, path = request[:4]
        _count_request(api_id, stage, method, path, int(answer[0]), (time.monotonic() - started) * 1000)
        return answer

    return handle


def _count_request(api_id: str, stage: str, method: str, path: str, status: int, milliseconds: float) -> None:
    from ministack.services import apigateway_v1 as gateway

    api = gateway._rest_apis.get(api_id)
    if api is None or stage not in gateway._stages_v1.get(api_id, {}):
        return
    name = {"ApiName": str(api["name"])}
    sets = [name, {**name, "Stage": stage}]
    resource, _ = gateway._match_resource_tree(api_id, [part for part in path.strip("/").split("/") if part])
    if resource is not None and _detailed(gateway._stages_v1[api_id][stage]):
        sets.append({**name, "Stage": stage, "Method": method, "Resource": str(resource["path"])})
    for dimensions in sets:
        record("AWS/ApiGateway", "Count", 1, "Count", dimensions)
        record("AWS/ApiGateway", "4XXError", int(400 <= status < 500), "Count", dimensions)
        record("AWS/ApiGateway", "5XXError", int(status >= 500), "Count", dimensions)
        record("AWS/ApiGateway", "Latency", round(milliseconds), "Milliseconds", dimensions)


def _detailed(stage: Json) -> bool:
    """Whether the stage's settings for all methods ask for metrics by method (each is billed on AWS)."""
    settings = (stage.get("methodSettings") or {}).get("*/*") or {}
    return settings.get("metricsEnabled") in (True, "true")


# -- DynamoDB

_THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
)
Handler = Callable[..., Awaitable[Response]]


def wrap_dynamodb(original: Handler) -> Handler:
    """Time every request to a table; throttled ones and errors are counted only when there are some, as on
    AWS.
    """

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Json
    ) -> Response:
        started = time.monotonic()
        answer = await original(method, path, headers, body, query_params)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        for table in _tables(body):
            _count_call(table, operation, answer, (time.monotonic() - started) * 1000)
        return answer

    return handle


def _tables(body: bytes) -> list[str]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(request, dict):
        return []
    names = [request["TableName"]] if request.get("TableName") else list(request.get("RequestItems") or ())
    return [str(name).rpartition("/")[2] for name in names]


def _count_call(table: str, operation: str, answer: Response, milliseconds: float) -> None:
    dimensions = {"TableName": table, "Operation": operation}
    status, _, body = answer
    if status < 400:
        record("AWS/DynamoDB", "SuccessfulRequestLatency", round(milliseconds, 1), "Milliseconds", dimensions)
    elif status >= 500:
        record("AWS/DynamoDB", "SystemErrors", 1, "Count", dimensions)
    elif _code(body) in _THROTTLED:
        record("AWS/DynamoDB", "ThrottledRequests", 1, "Count", dimensions)
    elif _code(body) != "ConditionalCheckFailedException":
        record("AWS/DynamoDB", "UserErrors", 1, "Count")


def _code(body: Any) -> str:
    try:
        return str(json.loads(body).get("__type", "")).rpartition("#")[2]
    except (ValueError, AttributeError):
        return ""
