"""What MiniStack's state machines lack: their role's limits, and Fargate tasks that can fail.

- Every task state is allowed only what the state machine's role allows, as on AWS.
- `ecs:runTask.sync` polls ten times a second for as long as the state's TimeoutSeconds allow, answers
  with the task as AWS writes it, and fails the state when the task failed.
- TimeoutSeconds of the machine ends its execution.
- Retry honours `JitterStrategy: FULL` and `MaxDelaySeconds`.

Installed by `seams`; runs in the endpoint process, on Step Functions' own threads.
"""

import contextlib
import contextvars
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engage_cli.local import authorization

_POLL_SECONDS = 0.1
_ECS_RULE = "StepFunctionsGetEventsForECSTaskRule"
_EXECUTION_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"

Json = dict[str, Any]
Check = tuple[str, str, dict[str, str]]  # action, resource, condition keys


@dataclass(frozen=True)
class _Caller:
    """Who runs the current task state, for which execution, and for how many seconds at most."""

    role_arn: str
    session: str
    state_machine: str
    execution: Json
    timeout: float | None


_caller: contextvars.ContextVar[_Caller | None] = contextvars.ContextVar("engage_states_caller", default=None)


def acting_role() -> tuple[str, str] | None:
    """Role and session name of the task state that the current call comes from, if it comes from one."""
    caller = _caller.get()
    return (caller.role_arn, caller.session) if caller is not None else None


def wrap_execute_task(original: Callable[..., Any]) -> Callable[..., Any]:
    """Remember, for the calls below a task state, which role runs it and when it must be done."""

    def execute_task(state_def: Json, raw_input: Any, execution: Json, ctx: Json) -> Any:
        from ministack.services import stepfunctions

        arn = ctx["StateMachine"]["Id"]
        machine = stepfunctions._state_machines.get(arn) or {}
        timeout = state_def.get("TimeoutSeconds")
        limit = float(timeout) if isinstance(timeout, int | float) else None
        # In a Map the child execution is in `execution`; what can be stopped is the one in the context.
        stoppable = stepfunctions._executions.get(ctx["Execution"]["Id"]) or execution
        session = str(ctx["Execution"]["Name"])[:64]
        token = _caller.set(_Caller(machine.get("roleArn", ""), session, arn, stoppable, limit))
        try:
            return original(state_def, raw_input, execution, ctx)
        finally:
            _caller.reset(token)

    return execute_task


def wrap_invoke_resource(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Refuse a task whose calls the state machine's role does not allow."""

    def invoke_resource(resource: str, input_data: Any) -> Any:
        _authorize(resource, input_data)
        with _in_trace():
            return original(resource, input_data)

    return invoke_resource


def wrap_invoke_with_callback(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for `.waitForTaskToken`, which has its own way into the services."""

    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Json) -> Any:
        _authorize(resource, input_data)
        with _in_trace():
            return original(resource, input_data, token, state_def)

    return invoke_with_callback


@contextlib.contextmanager
def _in_trace() -> Iterator[None]:
    """Let the call of a task state belong to its execution's trace."""
    from engage_cli.local.xray import context, executions

    caller = _caller.get()
    token = context.enter(executions.calling(caller.execution) if caller is not None else None)
    try:
        yield
    finally:
        context.leave(token)


def wrap_read_map_items(original: Callable[..., Any]) -> Callable[..., Any]:
    """A Distributed Map's ItemReader reads S3 with the state machine's role."""

    def read_map_items(reader: Json, effective: Any, ctx: Json) -> Any:
        from ministack.services import stepfunctions as states

        params = states._resolve_params_obj(
            reader.get("Parameters") or reader.get("Arguments") or {}, effective, ctx
        )
        bucket = f"arn:aws:s3:::{params.get('Bucket', '')}"
        if str(reader.get("Resource", "")).endswith("listObjectsV2"):
            check: Check = ("s3:ListBucket", bucket, {"s3:prefix": str(params.get("Prefix", ""))})
        else:
            check = ("s3:GetObject", f"{bucket}/{params.get('Key', '')}", {})
        machine = states._state_machines.get(ctx["StateMachine"]["Id"]) or {}
        role = machine.get("roleArn", "")
        message = authorization.denial(role, str(ctx["Execution"]["Name"])[:64], *check[:2], context=check[2])
        if message is not None:
            raise states._ExecutionError("States.ItemReaderFailed", message)
        return original(reader, effective, ctx)

    return read_map_items


def wrap_delete_from_template(original: Callable[..., Any]) -> Callable[..., Any]:
    """A state machine that goes with its stack takes its executions along, as DeleteStateMachine does:
    a later one of the same name would seem to have run already.
    """

    def delete(physical_id: str, props: Json) -> Any:
        from ministack.services import stepfunctions as states

        gone = [arn for arn, one in states._executions.items() if one.get("stateMachineArn") == physical_id]
        for arn in gone:
            states._executions.pop(arn, None)
        return original(physical_id, props)

    return delete


def wrap_find_matching_retrier(original: Callable[..., Any]) -> Callable[..., Any]:
    """Compute the delay here, with jitter and its cap, and hand it on as a plain interval.

    MiniStack sleeps IntervalSeconds * BackoffRate ** count and knows neither JitterStrategy nor
    MaxDelaySeconds. FULL jitter is uniform between 0 and the delay (States language, "Retrying").
    """

    def find_matching_retrier(
        retriers: list[Json], error: str, counts: dict[int, int]
    ) -> tuple[Json | None, int]:
        retrier, index = original(retriers, error, counts)
        if retrier is None:
            return None, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1}, index

    return find_matching_retrier


def wrap_run_execution(original: Callable[[str], None]) -> Callable[[str], None]:
    """End an execution that runs past its machine's TimeoutSeconds, which MiniStack does not look at.

    The state under way sees that its execution ended, as after StopExecution; its Catch does not run.
    """

    def run_execution(exec_arn: str) -> None:
        from ministack.services import stepfunctions as states

        machine = states._state_machines.get((states._executions.get(exec_arn) or {}).get("stateMachineArn"))
        seconds = _time_limit(machine)
        if seconds is None:
            original(exec_arn)
            return
        # The timer's thread must look into the account and Region of this one.
        context = contextvars.copy_context()
        timer = threading.Timer(seconds, context.run, (_time_out, exec_arn))
        timer.daemon = True
        timer.start()
        try:
            original(exec_arn)
        finally:
            timer.cancel()

    return run_execution


def _time_limit(machine: Json | None) -> float | None:
    try:
        limit = json.loads((machine or {}).get("definition") or "{}").get("TimeoutSeconds")
    except ValueError:
        return None  # The execution itself fails on such a definition.
    return float(limit) if isinstance(limit, int | float) else None


def _time_out(exec_arn: str) -> None:
    from ministack.services import stepfunctions as states

    execution = states._executions.get(exec_arn)
    if execution is None or execution["status"] != "RUNNING":
        return
    execution["status"] = "TIMED_OUT"
    execution["stopDate"] = states.now_iso()
    execution["error"] = "States.Timeout"
    details = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
    states._add_event(execution, "ExecutionTimedOut", details)
    states._emit_execution_status_event(execution)


def run_ecs_task(resource: str, input_data: Json) -> Json:
    """`arn:aws:states:::ecs:runTask` and its `.sync` form.

    Raises ECS.* when the task cannot be asked for, States.TaskFailed with the task as cause when it
    failed or could not start, and States.Timeout, after stopping it, past the state's TimeoutSeconds.
    """
    from ministack.services import ecs
    from ministack.services import stepfunctions as states

    request = states._pascal_to_camel(input_data)
    caller = _caller.get()
    if caller is not None:
        request.setdefault("startedBy", "AWS Step Functions")
    status, _, body = ecs._run_task(request)
    answer = json.loads(body)
    if status >= 400:
        code = str(answer.get("__type", "ClientException")).rsplit("#", 1)[-1]
        raise states._ExecutionError(f"ECS.{code}", answer.get("message", str(answer)))
    if not resource.endswith(".sync"):
        return dict(_pascal(answer))
    task = _await_task(request.get("cluster", "default"), answer["tasks"][0]["taskArn"], caller)
    if _failed(task):
        raise states._ExecutionError("States.TaskFailed", json.dumps(_pascal(task)))
    return dict(_pascal(task))


def _await_task(cluster: str, task_arn: str, caller: _Caller | None) -> Json:
    from ministack.services import ecs
    from ministack.services import stepfunctions as states

    deadline = time.monotonic() + caller.timeout if caller is not None and caller.timeout else None
    while True:
        _, _, body = ecs._describe_tasks({"cluster": cluster, "tasks": [task_arn]})
        tasks = json.loads(body)["tasks"]
        if not tasks:
            raise states._ExecutionError("States.TaskFailed", f"The task {task_arn} is gone.")
        if tasks[0]["lastStatus"] == "STOPPED":
            return dict(tasks[0])
        if deadline is not None and time.monotonic() > deadline:
            ecs._stop_task({"cluster": cluster, "task": task_arn, "reason": "States.Timeout"})
            raise states._ExecutionError("States.Timeout", f"The task {task_arn} ran out of time.")
        if caller is not None and caller.execution.get("status") != "RUNNING":
            # The execution was stopped: AWS stops what it waits for.
            ecs._stop_task({"cluster": cluster, "task": task_arn, "reason": "Execution stopped"})
            raise states._ExecutionError("States.TaskFailed", "The execution was stopped.")
        time.sleep(_POLL_SECONDS)


def _failed(task: Json) -> bool:
    if task.get("stopCode") != "EssentialContainerExited":
        return True
    return any(container.get("exitCode") != 0 for container in task.get("containers", []))


def _authorize(resource: str, input_data: Any) -> None:
    from ministack.services import stepfunctions as states

    caller = _caller.get()
    if caller is None:
        return
    if not caller.role_arn or not authorization.trusts(
        caller.role_arn, "states.amazonaws.com", source_arn=caller.state_machine
    ):
        raise states._ExecutionError(
            "States.Runtime",
            f"Neither the global service principal states.amazonaws.com, nor the regional one is "
            f"authorized to assume the provided role {caller.role_arn}.",
        )
    for action, target, context in _checks(resource, input_data):
        message = authorization.denial(caller.role_arn, caller.session, action, target, context=context)
        if message is not None:
            raise states._ExecutionError(f"{_error_prefix(resource)}.AccessDeniedException", message)


def _error_prefix(resource: str) -> str:
    from ministack.services import stepfunctions as states

    if "aws-sdk:" in resource:
        service = resource.split(":")[6].lower()
        return str(states._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize()))
    if ":function:" in resource:
        return "Lambda"
    names = {"lambda": "Lambda", "ecs": "ECS", "states": "StepFunctions", "dynamodb": "DynamoDB"}
    service = resource.split(":")[5]
    return names.get(service, service.upper())


def _checks(resource: str, data: Any) -> Iterator[Check]:
    """The IAM actions, with their resources, that a task state needs."""
    from ministack.core.responses import get_account_id, get_region

    scope = f"{get_region()}:{get_account_id()}"
    data = data if isinstance(data, dict) else {}
    if ":function:" in resource or "states:::lambda:invoke" in resource:
        name = resource if ":function:" in resource else str(data.get("FunctionName", ""))
        arn = name if name.startswith("arn:") else f"arn:aws:lambda:{scope}:function:{name}"
        yield "lambda:InvokeFunction", arn, {}
    elif "aws-sdk:" in resource:
        yield from _sdk_checks(resource, data)
    elif "states:::ecs:runTask" in resource:
        yield from _run_task_checks(resource, data, scope)
    elif "states:::states:startExecution" in resource:
        yield "states:StartExecution", str(data.get("StateMachineArn", "")), {}
        if ".sync" in resource:
            yield "states:DescribeExecution", "*", {}
            yield "events:PutRule", f"arn:aws:events:{scope}:rule/{_EXECUTION_RULE}", {}
    elif "states:::dynamodb:" in resource:
        action = resource.rsplit(":", 1)[-1].partition(".")[0]
        table = f"arn:aws:dynamodb:{scope}:table/{data.get('TableName', '')}"
        yield f"dynamodb:{action[0].upper()}{action[1:]}", table, {}
    elif "states:::sqs:sendMessage" in resource:
        queue = str(data.get("QueueUrl", "")).rsplit("/", 1)[-1]
        yield "sqs:SendMessage", f"arn:aws:sqs:{scope}:{queue}", {}
    elif "states:::sns:publish" in resource:
        yield "sns:Publish", str(data.get("TopicArn", "")), {}
    elif "states:::events:putEvents" in resource:
        for entry in data.get("Entries", []):
            bus = str(entry.get("EventBusName", "default"))
            arn = bus if bus.startswith("arn:") else f"arn:aws:events:{scope}:event-bus/{bus}"
            yield "events:PutEvents", arn, {}


def _run_task_checks(resource: str, data: Json, scope: str) -> Iterator[Check]:
    from ministack.services import ecs

    reference = str(data.get("TaskDefinition", ""))
    definition = ecs._task_defs.get(ecs._resolve_td_key(reference)) or {}
    arn = definition.get("taskDefinitionArn") or reference
    cluster = str(data.get("Cluster", "default"))
    if not cluster.startswith("arn:"):
        cluster = f"arn:aws:ecs:{scope}:cluster/{cluster}"
    yield "ecs:RunTask", arn, {"ecs:cluster": cluster}
    for key in ("taskRoleArn", "executionRoleArn"):
        if definition.get(key):
            yield "iam:PassRole", definition[key], {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    if ".sync" in resource:
        # How Step Functions learns that the task ended: a managed EventBridge rule.
        rule = f"arn:aws:events:{scope}:rule/{_ECS_RULE}"
        for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
            yield action, rule, {}


def _sdk_checks(resource: str, data: Json) -> Iterator[Check]:
    """An aws-sdk task needs the action of its name, on the resource that the same request would name."""
    from ministack.core.iam_actions import extract_resource_arn
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import stepfunctions as states

    _, _, _, _, _, _, service, action, *_ = resource.replace(".sync", "").split(":")
    action = action.partition(".")[0]
    name = action[0].upper() + action[1:]
    service = service.lower()
    if service == "s3":
        yield from _s3_checks(name, data)
        return
    if service == "lambda":
        function = str(data.get("FunctionName", ""))
        arn = (
            function
            if function.startswith("arn:")
            else (f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{function}")
        )
        yield ("lambda:InvokeFunction" if name == "Invoke" else f"lambda:{name}"), arn, {}
        return
    info = states._AWS_SDK_SERVICE_MAP.get(service)
    if info is None:
        return  # MiniStack refuses the state itself, by name.
    key = info.get("service_key", service)
    prefix = {"monitoring": "cloudwatch", "rds-data": "rds-data"}.get(key, key)
    if "target_prefix" in info:
        headers = {"x-amz-target": f"{info['target_prefix']}.{name}"}
        wire = states._sdk_json_params(info, key, name, data)
        body, query = json.dumps(wire).encode(), {}
    else:
        headers, body = {}, b""
        query = {"Action": [name], **{k: [str(v)] for k, v in data.items() if isinstance(v, str | int)}}
    arn = extract_resource_arn(key, "POST", "/", headers, body, query, get_region(), get_account_id())
    yield f"{prefix}:{name}", arn, {}


_S3_ACTIONS = {"ListObjectsV2": "ListBucket", "ListObjects": "ListBucket", "HeadObject": "GetObject",
               "HeadBucket": "ListBucket", "DeleteObjects": "DeleteObject"}  # fmt: skip


def _s3_checks(name: str, data: Json) -> Iterator[Check]:
    bucket = f"arn:aws:s3:::{data.get('Bucket', '')}"
    if name == "CopyObject":
        yield "s3:GetObject", f"arn:aws:s3:::{str(data.get('CopySource', '')).lstrip('/')}", {}
        yield "s3:PutObject", f"{bucket}/{data.get('Key', '')}", {}
        return
    action = f"s3:{_S3_ACTIONS.get(name, name)}"
    if name == "DeleteObjects":
        for entry in (data.get("Delete") or {}).get("Objects", []):
            yield action, f"{bucket}/{entry.get('Key', '')}", {}
    elif "Key" in data:
        yield action, f"{bucket}/{data['Key']}", {}
    else:
        yield action, bucket, {"s3:prefix": str(data.get("Prefix", ""))}


def _pascal(value: Any) -> Any:
    """camelCase keys to PascalCase, the way Step Functions writes an SDK answer."""
    if isinstance(value, list):
        return [_pascal(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _pascal(item) for key, item in value.items()}
    return value
