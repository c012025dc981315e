"""How MiniStack's ECS hands a task to our container client, and what it checks before.

Installed by `seams`; runs in the endpoint process.
"""

from collections.abc import Callable
from typing import Any

from engage_cli.local import authorization, fargate, task_secrets
from engage_cli.local.containers import TaskFacts
from engage_cli.local.levels import real
from engage_cli.local.task_limits import DEFAULT_DISK_GIB, STOP_SECONDS, Limits
from engage_cli.local.task_stops import STOP_KEY

Json = dict[str, Any]
_AGENT = "ecs-tasks.amazonaws.com"
_NO_PROVIDER = (
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with "
    "the cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and "
    "try again."
)


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

    Raises PermissionError when the task's roles do not let the agent do its work, and MiniStack's
    _SecretResolutionError when a secret cannot be had.
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
    secrets = task_secrets.values(cdef, td.get("executionRoleArn") or "", task_id)
    family = str(td.get("family", ""))
    facts = TaskFacts(task_arn, family, cdef["name"], _limits(cdef, td), credentials, secrets)
    return {
        "environment": environment,
        "facts": facts,
        "command": cdef.get("command"),
        "entrypoint": cdef.get("entryPoint"),
        "working_directory": cdef.get("workingDirectory"),
    }


def _limits(cdef: Json, td: Json) -> Limits:
    memory = cdef.get("memory") or fargate.units(td.get("memory"), "gb")
    cpu = cdef.get("cpu") or fargate.units(td.get("cpu"), "vcpu")
    disk = (td.get("ephemeralStorage") or {}).get("sizeInGiB", DEFAULT_DISK_GIB)
    stop = cdef.get("stopTimeout")
    return Limits(
        memory_mib=int(memory) if memory else None,
        vcpus=int(cpu) / 1024 if cpu else 0,
        disk_bytes=int(disk) * 2**30,
        stop_seconds=float(stop) if stop is not None else STOP_SECONDS,
    )


def after_exit(container: Any, code: int) -> None:
    """Of a container of either kind: close the task's session, and say on the task why it was killed."""
    from ministack.services import ecs

    authorization.end_session(container.facts.credentials)
    account, region = container.facts.task_arn.split(":")[4], container.facts.task_arn.split(":")[3]
    task = ecs._tasks.get_scoped(account, region, container.facts.task_arn)
    for record in (task or {}).get("containers", []):
        if record.get("name") == container.facts.container:
            # Set before MiniStack looks.
            record["exitCode"] = code
            if container.reason:
                record["reason"] = container.reason


def wrap_register_task_definition(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Refuse a size that Fargate does not have, and secrets that ECS does not take."""

    def register_task_definition(data: Json) -> Any:
        from ministack.core.responses import error_response_json

        problem = fargate.problem(data) or task_secrets.problem(data)
        if problem is not None:
            return error_response_json("ClientException", problem, 400)
        return original(data)

    return register_task_definition


def wrap_run_task(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Refuse a capacity provider that the cluster does not have; MiniStack takes any."""

    def run_task(data: Json) -> Any:
        from ministack.core.responses import error_response_json
        from ministack.services import ecs

        name = ecs._resolve_cluster_name(data.get("cluster", "default"))
        cluster = ecs._clusters.get(name) if name else None
        wanted = {item.get("capacityProvider") for item in data.get("capacityProviderStrategy") or []}
        if cluster is not None and not wanted <= set(cluster.get("capacityProviders") or []):
            return error_response_json("InvalidParameterException", _NO_PROVIDER, 400)
        return original(data)

    return run_task


def wrap_create_from_template(original: Callable[[str, Json, str], Any]) -> Callable[[str, Json, str], Any]:
    """The same for AWS::ECS::TaskDefinition, which does not go through the API; keep what MiniStack drops."""

    def create(logical_id: str, props: Json, stack_name: str) -> Any:
        from ministack.services import ecs
        from ministack.services import stepfunctions as states

        definition = states._pascal_to_camel(props)
        problem = fargate.problem(definition) or task_secrets.problem(definition)
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
    if not needs and not cdef.get("secrets"):
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


def wrap_load(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """A task that ran when the endpoint ended has ended with it: say so, and when that was found out."""

    def load(data: Any) -> None:
        from ministack.services import ecs

        original(data)
        for _, task in ecs._tasks.all_items():
            stopping = task.pop(STOP_KEY, None)
            if not task.get("stoppedAt"):
                now = ecs._iso()
                task |= {"desiredStatus": "STOPPED", "stoppedAt": now, "executionStoppedAt": now}
                if stopping is None:
                    task["stopCode"] = "TerminationNotice"
                    task["stoppedReason"] = "The local endpoint was ended."
                for container in task.get("containers", []):
                    container["lastStatus"] = "STOPPED"

    return load


OPERATIONS = {"ecs": real("DescribeTaskDefinition", "DescribeTasks", "RunTask", "StopTask")}
