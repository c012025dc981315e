"""RedriveExecution: go on with an execution that failed or was stopped, at the state where it ended.

As on AWS, the states that succeeded are not run again, the execution keeps its name and its history grows.
A Map or Parallel state that did not end runs whole again (AWS runs its failed children only), and an
execution that ended in a Fail state fails there again. Runs in the endpoint process.
"""

import contextvars
import json
import threading
from typing import Any

Json = dict[str, Any]

_REDRIVABLE = ("FAILED", "ABORTED", "TIMED_OUT")


def wrap_handler(original: Any) -> Any:
    """Step Functions' handler, with RedriveExecution, which MiniStack does not know."""

    async def handle(method: str, path: str, headers: Json, body: bytes, query_params: Json) -> Any:
        if headers.get("x-amz-target", "").rpartition(".")[2] != "RedriveExecution":
            return await original(method, path, headers, body, query_params)
        from ministack.services import stepfunctions

        return stepfunctions._finalize_response(redrive_execution(json.loads(body or b"{}")))

    return handle


def redrive_execution(data: Json) -> Any:
    """Answer RedriveExecution."""
    from ministack.core.responses import error_response_json, json_response, now_iso
    from ministack.services import stepfunctions

    arn = data.get("executionArn", "")
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    if execution["status"] not in _REDRIVABLE:
        sentence = f"Execution is {execution['status']} and cannot be redriven"
        return error_response_json("ExecutionNotRedrivable", sentence, 400)
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    if machine is None:
        return error_response_json("ExecutionNotRedrivable", "The state machine is there no more", 400)
    definition = json.loads(machine["definition"])
    # It may have ended before it entered its first state.
    first = (definition["StartAt"], json.loads(execution["input"]))
    state = last_state(execution["events"]) or first
    if state[0] not in definition.get("States", {}):
        sentence = f"The state machine has no state {state[0]} any more"
        return error_response_json("ExecutionNotRedrivable", sentence, 400)
    moment = now_iso()
    execution["redriveCount"] = execution.get("redriveCount", 0) + 1
    execution |= {"redriveDate": moment, "stopDate": None, "output": None, "error": None, "cause": None}
    details = {"executionRedrivenEventDetails": {"redriveCount": execution["redriveCount"]}}
    stepfunctions._add_event(execution, "ExecutionRedriven", details)
    execution["status"] = "RUNNING"
    stepfunctions._emit_execution_status_event(execution)
    # The thread needs the request's account and region.
    context = contextvars.copy_context()
    arguments = (_go_on, execution, machine, definition, *state)
    threading.Thread(target=context.run, args=arguments, daemon=True).start()
    return json_response({"redriveDate": moment})


def wrap_describe_execution(original: Any) -> Any:
    """Add what DescribeExecution tells of redriving, and of the execution's trace."""

    def describe_execution(data: Json) -> Any:
        from ministack.services import stepfunctions

        from engage_cli.local.xray import executions

        status, headers, body = original(data)
        execution = stepfunctions._executions.get(data.get("executionArn"))
        if status != 200 or execution is None:
            return status, headers, body
        answer = executions.describe(json.loads(body), execution)
        answer["redriveCount"] = execution.get("redriveCount", 0)
        redrivable = execution["status"] in _REDRIVABLE
        answer["redriveStatus"] = "REDRIVABLE" if redrivable else "NOT_REDRIVABLE"
        if not redrivable:
            sentence = f"Execution is {execution['status']} and cannot be redriven"
            answer["redriveStatusReason"] = sentence
        if execution.get("redriveDate"):
            answer["redriveDate"] = execution["redriveDate"]
        return status, headers, json.dumps(answer).encode()

    return describe_execution


def last_state(events: list[Json]) -> tuple[str, Any] | None:
    """The top-level state that was entered last, and its input; None when none was."""
    for event in reversed(events):
        details = event.get("stateEnteredEventDetails")
        if details is not None:
            return str(details["name"]), json.loads(details["input"])
    return None


def _go_on(execution: Json, machine: Json, definition: Json, name: str, state_input: Any) -> None:
    """Walk from state `name` to the end, with the events and the end that a first walk would have."""
    from ministack.core.responses import now_iso
    from ministack.services import stepfunctions as states

    ctx: Json = {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": json.loads(execution["input"]),
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine["name"]},
        "variables": {},
    }
    current: str | None = name
    try:
        while current is not None and execution["status"] == "RUNNING":
            state = definition["States"][current]
            kind = state["Type"]
            ctx["State"] = {"Name": current, "EnteredTime": now_iso(), "RetryCount": 0}
            _event(execution, f"{kind}StateEntered", "stateEntered", current, "input", state_input)
            if kind == "Fail":
                raise states._ExecutionError(*states._fail_state_error(state, state_input, ctx))
            following = None
            if kind == "Succeed":
                chosen = states._apply_input_path(state, state_input, ctx)
                state_input = states._apply_output_path(state, chosen, ctx)
            else:
                handler = getattr(states, f"_execute_{kind.lower()}")
                arguments = (execution, ctx) if kind in ("Task", "Parallel", "Map") else (ctx,)
                state_input, following = handler(state, state_input, *arguments)
            _event(execution, f"{kind}StateExited", "stateExited", current, "output", state_input)
            current = following
        if execution["status"] == "RUNNING":
            output = json.dumps(state_input)
            details = {"executionSucceededEventDetails": {"output": output}}
            states._add_event(execution, "ExecutionSucceeded", details)
            execution |= {"output": output, "stopDate": now_iso(), "status": "SUCCEEDED"}
            states._emit_execution_status_event(execution)
    except states._ExecutionError as error:
        states._fail_execution(execution, error.error, error.cause)
    except Exception as error:
        # What MiniStack does in the first walk: the execution fails, the endpoint lives.
        states._fail_execution(execution, "States.Runtime", str(error))


def _event(execution: Json, kind: str, details: str, name: str, field: str, value: Any) -> None:
    from ministack.services import stepfunctions

    told = {f"{details}EventDetails": {"name": name, field: json.dumps(value)}}
    stepfunctions._add_event(execution, kind, told)
