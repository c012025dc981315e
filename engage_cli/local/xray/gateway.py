"""The segment of a request to a REST API whose stage has tracing on; API Gateway needs no role for it."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from engage_cli.local.xray import context, store
from engage_cli.local.xray.context import Trace

Json = dict[str, Any]
Response = tuple[int, Json, Any]


def wrap_api_request(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Record the request, and let the function that answers it belong to its trace."""

    async def handle(*request: Any) -> Response:
        api_id, stage, _, _, headers, *_ = request
        if not _traces(api_id, stage):
            return await original(*request)
        trace = context.begun(Trace.parse(_header(headers)))
        segment, started = context.new_segment_id(), time.time()
        inside = Trace(trace.root, segment if trace.sampled else trace.parent, trace.sampled)
        token = context.enter(inside)
        try:
            status, answered, payload = await original(*request)
        finally:
            context.leave(token)
        if trace.sampled:
            store.put(_document(trace, segment, started, request, int(status)))
        return status, {**answered, "X-Amzn-Trace-Id": trace.header}, payload

    return handle


def _header(headers: Json) -> str:
    return str({name.lower(): value for name, value in headers.items()}.get("x-amzn-trace-id") or "")


def _traces(api_id: str, stage_name: str) -> bool:
    from ministack.services import apigateway_v1 as gateway

    stage = gateway._stages_v1.get(api_id, {}).get(stage_name) or {}
    return stage.get("tracingEnabled") in (True, "true")


def _document(trace: Trace, segment: str, started: float, asked: tuple[Any, ...], status: int) -> Json:
    from ministack.services import apigateway_v1 as gateway

    api_id, stage, method, path, headers, _, _, account, region = asked
    name = f"{gateway._rest_apis[api_id]['name']}/{stage}"
    url = f"https://{api_id}.execute-api.{region}.amazonaws.com/{stage}/{path.lstrip('/')}"
    request = {"method": method, "url": url, "user_agent": str(headers.get("user-agent", ""))}
    document: Json = {
        "trace_id": trace.root,
        "id": segment,
        "name": name,
        "origin": "AWS::ApiGateway::Stage",
        "start_time": started,
        "end_time": time.time(),
        "http": {"request": request, "response": {"status": status}},
        "aws": {
            "account_id": account,
            "api_gateway": {"account_id": account, "rest_api_id": api_id, "stage": stage},
        },
        "resource_arn": f"arn:aws:apigateway:{region}::/restapis/{api_id}/stages/{stage}",
    }
    if trace.parent is not None:
        document["parent_id"] = trace.parent
    if status >= 500:
        document["fault"] = True
    elif status >= 400:
        document |= {"error": True} | ({"throttle": True} if status == 429 else {})
    return document
