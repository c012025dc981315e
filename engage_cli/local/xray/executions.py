"""The segment of an execution of a state machine: one subsegment a state, and in it one for each call of a
service.

It is read out of the execution's history whenever somebody asks for its trace, so it shows a run that goes
on, and lasts as long as the execution does. Ids follow from the execution and the number of an event, so
that the segments of functions can name the call that they come from.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from engage_cli.local import authorization
from engage_cli.local.xray import context
from engage_cli.local.xray.context import Trace

Json = dict[str, Any]
ORIGIN = "AWS::StepFunctions::StateMachine"
_FAILED = ("FAILED", "TIMED_OUT", "ABORTED")


def wrap_start_execution(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Let an execution belong to a trace: the one that it was started in, or a new one.

    The execution keeps its header; its thread, which copies this context, calls services within the trace.
    """

    def start_execution(data: Json) -> Any:
        from ministack.services import stepfunctions as states

        header = data.get("traceHeader")
        upstream = context.current() or Trace.parse(header)
        trace = _traced(data, upstream)
        token = context.enter(trace)
        try:
            status, headers, body = original(data)
        finally:
            context.leave(token)
        if status == 200:
            execution = states._executions[json.loads(body)["executionArn"]]
            if trace is not None:
                execution |= {"traceHeader": trace.header, "_traced": bool(trace.sampled)}
            elif header:
                execution["traceHeader"] = header
        return status, headers, body

    return start_execution


def _traced(data: Json, upstream: Trace | None) -> Trace | None:
    """The trace of an execution that is about to start; None when its machine does not trace."""
    from ministack.services import stepfunctions as states

    machine = states._state_machines.get(states._resolve_state_machine_arn(data.get("stateMachineArn", "")))
    if machine is None or not (machine.get("tracingConfiguration") or {}).get("enabled"):
        return None
    trace = context.begun(upstream)
    if trace.sampled and authorization.denial(machine["roleArn"], "xray", "xray:PutTraceSegments", "*"):
        return Trace(trace.root, trace.parent, False)
    return trace


def describe(answer: Json, execution: Json) -> Json:
    """What DescribeExecution says besides: the header of its trace."""
    return answer | ({"traceHeader": execution["traceHeader"]} if execution.get("traceHeader") else {})


def calling(execution: Json) -> Trace | None:
    """The trace of a call that the task state of `execution` makes now; None when its machine does not trace.

    Of an execution that is not recorded, nothing below is: what it calls follows what was decided.
    """
    if "_traced" not in execution:
        return None
    trace = Trace.parse(execution["traceHeader"])
    if trace is not None and not execution["_traced"]:
        return Trace(trace.root, trace.parent, False)
    number = next((e["id"] for e in reversed(execution["events"]) if e["type"] == "TaskScheduled"), None)
    assert trace is not None
    return Trace(trace.root, _id(execution, number), True)


def documents() -> dict[str, list[Json]]:
    """The segments of this account's and Region's traced executions, by trace id."""
    from ministack.services import stepfunctions as states

    found: dict[str, list[Json]] = {}
    for execution in list(states._executions.values()):
        if execution.get("_traced"):
            document = segment(execution)
            found.setdefault(document["trace_id"], []).append(document)
    return found


def segment(execution: Json) -> Json:
    """The segment of an execution, as a segment document."""
    trace = Trace.parse(execution["traceHeader"])
    assert trace is not None
    arn: str = execution["stateMachineArn"]
    document: Json = {
        "trace_id": trace.root,
        "id": _id(execution, None),
        "name": arn.rpartition(":")[2],
        "origin": ORIGIN,
        "resource_arn": arn,
        "aws": {"account_id": arn.split(":")[4], "execution_arn": execution["executionArn"]},
        "start_time": _seconds(execution["startDate"]),
        "subsegments": list(_subsegments(execution)),
    }
    if trace.parent is not None:
        document["parent_id"] = trace.parent
    if execution.get("stopDate"):
        document["end_time"] = _seconds(execution["stopDate"])
    else:
        document["in_progress"] = True
    if execution["status"] in _FAILED:
        document |= _fault(execution.get("error") or execution["status"], execution.get("cause") or "")
    return document


def _subsegments(execution: Json) -> Iterator[Json]:
    """The top-level states, with what is in them."""
    top: list[Json] = []
    open_states: list[Json] = []
    for event in list(execution["events"]):
        kind, when = event["type"], _seconds(event["timestamp"])
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            state = {"id": _id(execution, event["id"]), "name": name, "start_time": when, "subsegments": []}
            branches = [one for one in open_states if one.get("_holds")]
            (branches[-1]["subsegments"] if branches else top).append(state)
            if kind in ("MapStateEntered", "ParallelStateEntered"):
                state["_holds"] = True
            open_states.append(state)
        elif kind.endswith("StateExited"):
            _close(open_states, event["stateExitedEventDetails"]["name"], when)
        elif kind == "TaskScheduled" and open_states:
            resource = event["taskScheduledEventDetails"]["resource"]
            call = {"id": _id(execution, event["id"]), "start_time": when, "namespace": "aws"}
            open_states[-1]["subsegments"].append(call | _called(resource))
        elif kind in ("TaskSucceeded", "TaskFailed") and open_states:
            _end_call(open_states, when, event.get("taskFailedEventDetails"))
        elif kind in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"):
            for state in open_states:
                state |= {"end_time": when, "fault": True}
            open_states.clear()
    yield from (_finished(state) for state in top)


def _close(open_states: list[Json], name: str, when: float) -> None:
    for state in reversed(open_states):
        if state["name"] == name:
            state["end_time"] = when
            open_states.remove(state)
            return


def _end_call(open_states: list[Json], when: float, failure: Json | None) -> None:
    for state in reversed(open_states):
        for call in reversed(state["subsegments"]):
            if call.get("namespace") == "aws" and "end_time" not in call:
                call["end_time"] = when
                if failure is not None:
                    call |= _fault(failure.get("error") or "", failure.get("cause") or "")
                return


def _finished(state: Json) -> Json:
    """Without our marks, and with `in_progress` for what has no end."""
    state.pop("_holds", None)
    if "end_time" not in state:
        state["in_progress"] = True
    if not state.get("subsegments"):
        state.pop("subsegments", None)
    else:
        state["subsegments"] = [_finished(one) for one in state["subsegments"]]
    return state


_NAMES = {"lambda": "Lambda", "ecs": "ECS", "states": "StepFunctions", "glue": "Glue", "sfn": "StepFunctions"}


def _called(resource: str) -> Json:
    """The service and the operation of a task's resource."""
    if ":function:" in resource:
        return {"name": "Lambda", "aws": {"operation": "Invoke"}}
    parts = resource.split(":")
    operation = parts[-1].partition(".")[0]
    service = parts[-2]
    named = _NAMES.get(service, service)
    return {"name": named, "aws": {"operation": operation[:1].upper() + operation[1:]}}


def _fault(error: str, cause: str) -> Json:
    exception = {
        "id": hashlib.sha256(cause.encode()).hexdigest()[:16],
        "type": error,
        "message": cause[:1000],
    }
    return {"fault": True, "cause": {"exceptions": [exception]}}


def _id(execution: Json, event: int | None) -> str:
    text = f"{execution['executionArn']}@{execution['startDate']}#{event or 0}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
