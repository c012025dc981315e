"""How MiniStack's ECS hands a task to our container client, and what it checks before.

Installed by `seams`; runs in the endpoint process.
"""

from collections.abc import Callable
from typing import Any

from engage_cli.local import authorization, fargate
from engage_cli.local.containers import Container, TaskFacts
from engage_cli.local.levels import real

Json = dict[str, Any]
_AGENT = "ecs-tasks.amazonaws.com"
_OOM_REASON = "OutOfMemoryError: Container killed due to memory usage"


def build_run_kwargs(
    cdef: Json,
    td: Json,
    env: dict[str, str],
    port_bindings: Json,
    ecs_network: str | None,
    host_mode: bool,
    task_id: str,
    task_arn: str,
    ministack_net_ip: str | None,
    cluster_arn: str,
) -> Json:
    """The arguments of `LocalClient.containers.run` for one container of a task.

    Raises PermissionError when the task's roles do not let the agent do its work.
    """
    _check_execution_role(cdef, td, task_id)
    environment = {
        key: value
        for key, value in env.items()
        if not key.startswith("AWS_CONTAINER_") and key != "AWS_ENDPOINT_URL"
    }
    metadata = environment.get("ECS_CONTAINER_METADATA_URI_V4")
    if metadata:
        environment["ECS_CONTAINER_METADATA_URI_V4"] = metadata.replace("host.docker.internal", "127.0.0.1")
    role = td.get("taskRoleArn")
    credentials: dict[str, str] = {}
    if role:
        if not authorization.trusts(role, _AGENT, source_arn=task_arn):
            raise PermissionError(
                f"ECS was unable to assume the role '{role}' that was provided for this task."
            )
        credentials = authorization.session_credentials(role, task_id)
    memory = cdef.get("memory") or td.get("memory")
    facts = TaskFacts(
        task_arn, str(td.get("family", "")), cdef["name"], int(memory) if memory else None, credentials
    )
    return {
        "environment": environment,
        "facts": facts,
        "command": cdef.get("command"),
        "entrypoint": cdef.get("entryPoint"),
        "working_directory": cdef.get("workingDirectory"),
    }


def after_exit(container: Container, code: int) -> None:
    """Close the task's session, and say on the task why it was killed."""
    from ministack.services import ecs

    authorization.end_session(container.facts.credentials)
    account, region = container.facts.task_arn.split(":")[4], container.facts.task_arn.split(":")[3]
    task = ecs._tasks.get_scoped(account, region, container.facts.task_arn)
    for record in (task or {}).get("containers", []):
        if record.get("name") == container.facts.container:
            # Set before MiniStack looks: a task that is being stopped keeps its real exit code.
            record["exitCode"] = code
            if container.oom_killed:
                record["reason"] = _OOM_REASON


def wrap_run(original: Callable[..., Container]) -> Callable[..., Container]:
    """Register `after_exit` on every container that the client starts."""

    def run(image: str, **kwargs: Any) -> Container:
        container = original(image, **kwargs)
        container.on_exit.insert(0, after_exit)
        return container

    return run


def wrap_stop_task(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """StopTask: MiniStack writes exit code 0 before the process has ended; wait for the real one."""

    def stop_task(data: Json) -> Any:
        from ministack.services import ecs

        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        task = ecs._resolve_task(data.get("task", ""), cluster) if cluster else None
        running = [r for r in (task or {}).get("containers", []) if r.get("exitCode") is None]
        answer = original(data)
        if task is None or task.get("stopCode") != "UserInitiated":
            return answer
        for record in running:
            # A container that never started has no exit code; one that ran has had it set by after_exit.
            if record.get("runtimeId") is None:
                record["exitCode"] = None
        return ecs.json_response({"task": ecs._sanitize(task)})

    return stop_task


def wrap_register_task_definition(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Refuse a size that Fargate does not have."""

    def register_task_definition(data: Json) -> Any:
        from ministack.core.responses import error_response_json

        problem = fargate.problem(data)
        if problem is not None:
            return error_response_json("ClientException", problem, 400)
        return original(data)

    return register_task_definition


def wrap_create_from_template(original: Callable[[str, Json, str], Any]) -> Callable[[str, Json, str], Any]:
    """The same for AWS::ECS::TaskDefinition, which does not go through the API; keep what MiniStack drops."""

    def create(logical_id: str, props: Json, stack_name: str) -> Any:
        from ministack.services import ecs
        from ministack.services import stepfunctions as states

        problem = fargate.problem(states._pascal_to_camel(props))
        if problem is not None:
            raise ValueError(f"ClientException: {problem}")
        arn, attributes = original(logical_id, props, stack_name)
        definition = ecs._task_defs[ecs._resolve_td_key(arn)]
        for name in ("RuntimePlatform", "EphemeralStorage"):
            if name in props:
                definition[name[0].lower() + name[1:]] = states._pascal_to_camel(props[name])
        return arn, attributes

    return create


def _check_execution_role(cdef: Json, td: Json, task_id: str) -> None:
    """The agent pulls the image and makes the log stream with the execution role."""
    from ministack.core.responses import get_account_id, get_region

    image = str(cdef.get("image", ""))
    log = cdef.get("logConfiguration") or {}
    needs: list[tuple[str, str]] = []
    scope = f"{get_region()}:{get_account_id()}"
    if ".dkr.ecr." in image:
        repository = image.partition("/")[2].partition("@")[0].rpartition(":")[0] or image.partition("/")[2]
        arn = f"arn:aws:ecr:{scope}:repository/{repository}"
        needs += [("ecr:GetAuthorizationToken", "*"), ("ecr:BatchGetImage", arn)]
        needs += [("ecr:GetDownloadUrlForLayer", arn)]
    if log.get("logDriver") == "awslogs":
        group = (log.get("options") or {}).get("awslogs-group", "")
        stream = f"arn:aws:logs:{scope}:log-group:{group}:log-stream:*"
        needs += [("logs:CreateLogStream", stream), ("logs:PutLogEvents", stream)]
    if not needs:
        return
    role = td.get("executionRoleArn")
    if not role:
        raise PermissionError(
            f"Fargate requires task definition to have execution role ARN to support {image}."
        )
    if not authorization.trusts(role, _AGENT):
        raise PermissionError(f"ECS was unable to assume the role '{role}' that was provided for this task.")
    for action, resource in needs:
        message = authorization.denial(role, task_id, action, resource)
        if message is not None:
            raise PermissionError(f"AccessDeniedException: {message}")


OPERATIONS = {"ecs": real("DescribeTaskDefinition", "DescribeTasks", "RunTask", "StopTask")}
