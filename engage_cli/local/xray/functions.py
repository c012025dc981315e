"""The two segments of a traced invocation: that of the service Lambda, and that of the function.

Source: "Visualize Lambda function invocations using AWS X-Ray": AWS::Lambda is the time in the service, and
AWS::Lambda::Function holds Initialization (of a cold start), Invocation and Overhead.
"""

import time
from dataclasses import dataclass
from typing import Any

from engage_cli.local import authorization
from engage_cli.local.lambda_logs import Invocation
from engage_cli.local.xray import context, store
from engage_cli.local.xray.context import Trace

Json = dict[str, Any]


@dataclass(frozen=True)
class Tracing:
    """One invocation's place in a trace: where it comes from, and the ids of its two segments."""

    trace: Trace
    service: str
    function: str
    started: float

    @property
    def header(self) -> str:
        """What the function finds in _X_AMZN_TRACE_ID."""
        parent = self.function if self.trace.sampled else self.trace.parent
        return Trace(self.trace.root, parent, self.trace.sampled).header


def begin(config: Json) -> Tracing | None:
    """Begin an invocation of a function in the present trace; None when it has none and starts none.

    A function in PassThrough hands on the header that it was called with, and writes nothing.
    """
    upstream = context.current()
    if (config.get("TracingConfig") or {}).get("Mode", "PassThrough") == "Active":
        trace = context.begun(upstream)
        name = str(config.get("FunctionName"))
        if trace.sampled and authorization.denial(config["Role"], name, "xray:PutTraceSegments", "*"):
            trace = Trace(trace.root, trace.parent, False)
    elif upstream is not None:
        trace = Trace(upstream.root, upstream.parent, False)
    else:
        return None
    return Tracing(trace, context.new_segment_id(), context.new_segment_id(), time.time())


def end(
    tracing: Tracing | None, config: Json, request_id: str, facts: Invocation, error: Json | None
) -> None:
    """Write the segments of an invocation that ran; `error` is what the function failed with."""
    if tracing is None or not tracing.trace.sampled:
        return
    now = time.time()
    arn = str(config.get("FunctionArn", ""))
    common: Json = {"trace_id": tracing.trace.root, "name": config["FunctionName"], "end_time": now}
    failed = _fault(error) if error is not None else {}
    service = common | {
        "id": tracing.service,
        "origin": "AWS::Lambda",
        "start_time": tracing.started,
        "resource_arn": arn,
        "aws": {"request_id": request_id, "account_id": authorization.account_of(arn)},
        "http": {"response": {"status": 200}},  # An Invoke that failed in the function is answered with 200.
        **({"fault": True} if error is not None else {}),
    }
    if tracing.trace.parent is not None:
        service["parent_id"] = tracing.trace.parent
    invoked = facts.started_at or tracing.started
    phases = _phases(invoked, facts, now, failed)
    store.put(service)
    store.put(
        common
        | {
            "id": tracing.function,
            "parent_id": tracing.service,
            "origin": "AWS::Lambda::Function",
            "start_time": phases[0]["start_time"],
            "aws": {"function_arn": arn, "account_id": authorization.account_of(arn)},
            "subsegments": phases,
            **failed,
        }
    )


def throttled(tracing: Tracing | None, config: Json) -> None:
    """Write the segment of a call that Lambda did not take."""
    if tracing is None or not tracing.trace.sampled:
        return
    segment: Json = {
        "trace_id": tracing.trace.root,
        "id": tracing.service,
        "name": config["FunctionName"],
        "origin": "AWS::Lambda",
        "start_time": tracing.started,
        "end_time": time.time(),
        "http": {"response": {"status": 429}},
        "error": True,
        "throttle": True,
    }
    if tracing.trace.parent is not None:
        segment["parent_id"] = tracing.trace.parent
    store.put(segment)


def _phases(invoked: float, facts: Invocation, now: float, failed: Json) -> list[Json]:
    """Initialization, Invocation and Overhead, as far as there were any."""
    ended = min(invoked + facts.duration_ms / 1000, now)
    phases = [_phase("Invocation", invoked, ended) | failed, _phase("Overhead", ended, now)]
    if facts.init_ms is not None:
        phases.insert(0, _phase("Initialization", invoked - facts.init_ms / 1000, invoked))
    return phases


def _phase(name: str, start: float, end: float) -> Json:
    return {"id": context.new_segment_id(), "name": name, "start_time": start, "end_time": end}


def _fault(error: Json) -> Json:
    exception = {
        "id": context.new_segment_id(),
        "type": str(error.get("errorType")),
        "message": str(error.get("errorMessage"))[:1000],
    }
    return {"fault": True, "cause": {"exceptions": [exception]}}
