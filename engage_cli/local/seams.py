"""The one module that plugs our parts into MiniStack.

MiniStack has no plug-in interface, so each part replaces or wraps something inside it. Every such place
is a `Seam`: it names what it replaces and the parameters that it relies on, and refuses to install,
loudly, when a new MiniStack version has moved it. `tests/local/test_seams.py` runs all the checks.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

_HANDLER = ("method", "path", "headers", "body", "query_params")
_STATES = "ministack.services.stepfunctions"
_ECS = "ministack.services.ecs"
_LAMBDA = "ministack.services.lambda_svc"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"


class SeamMovedError(RuntimeError):
    """MiniStack no longer has what a seam replaces."""

    def __init__(self, seam: "Seam", what: str) -> None:
        super().__init__(
            f"The seam {seam.name!r} does not fit MiniStack {metadata.version('ministack')}: "
            f"{seam.place} {what}. Pin the version that pyproject.toml names, or adapt this module."
        )


@dataclass
class Context:
    """What the parts need to know of this endpoint, and the client that runs its tasks."""

    directory: Path
    port: int
    region: str
    engine: Any = None
    """A docker-py client: tasks run as its containers instead of as child processes."""
    client: Any = field(init=False)
    persistence: Any = None

    def __post_init__(self) -> None:
        from engage_cli.local.containers import LocalClient
        from engage_cli.local.docker_tasks import EngineClient
        from engage_cli.local.ecs_tasks import after_exit

        local = self.directory
        if self.engine is not None:
            self.client = EngineClient(self.engine, local, self.endpoint_url, self.region, after_exit)
            return
        self.client = LocalClient(
            local / "images", local / "tasks", local / "tmp", self.endpoint_url, self.region, after_exit
        )

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End every child process: tasks and Lambda environments."""
        from ministack.core import lambda_runtime

        self.client.shutdown()
        lambda_runtime.reset()


@dataclass(frozen=True)
class Seam:
    """One place in MiniStack: `module.attribute`, or an entry of that mapping under `keys`.

    `parameters` are the parameter names that the replaced function must have (None: it is no function).
    `replace` gets the context and what is there now, and returns what to put there.
    """

    name: str
    module: str
    attribute: str
    parameters: tuple[str, ...] | None
    replace: Callable[[Context, Any], Any]
    keys: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.module}.{self.attribute}" + "".join(f"[{key!r}]" for key in self.keys)

    def check(self) -> Any:
        """What is at the place now. Raises SeamMovedError when it is not what this seam knows."""
        try:
            found = getattr(importlib.import_module(self.module), self.attribute)
        except (ImportError, AttributeError):
            raise SeamMovedError(self, "does not exist") from None
        for key in self.keys:
            if not isinstance(found, Mapping) or key not in found:
                raise SeamMovedError(self, "does not exist")
            found = found[key]
        if self.parameters is not None:
            if not callable(found):
                raise SeamMovedError(self, "is no function")
            actual = tuple(inspect.signature(found).parameters)
            if actual != self.parameters:
                raise SeamMovedError(self, f"has the parameters {actual}, not {self.parameters}")
        return found

    def install(self, context: Context) -> None:
        """Check, and put the replacement in its place."""
        replacement = self.replace(context, self.check())
        module = importlib.import_module(self.module)
        if not self.keys:
            setattr(module, self.attribute, replacement)
            return
        holder = getattr(module, self.attribute)
        for key in self.keys[:-1]:
            holder = holder[key]
        holder[self.keys[-1]] = replacement


def seams() -> list[Seam]:
    """Every seam, in the order in which they are installed."""
    from engage_cli.local.cloud_seams import cloud_seams

    return [
        *_service_seams(),
        *_task_seams(),
        *_lambda_seams(),
        *_state_machine_seams(),
        *_permission_seams(),
        *_state_seams(),
        *cloud_seams(),
        *_validation_seams(),
    ]


def install(context: Context) -> None:
    """Install every seam, and the services that register themselves."""
    every = seams()
    for seam in every:
        seam.check()  # All or nothing: a half-plugged endpoint would answer with canned data.
    from ministack import app

    from engage_cli.local import cloud_seams
    from engage_cli.local.bedrock import service as bedrock

    checks = _validation_seams()
    for seam in every[: -len(checks)]:
        seam.install(context)
    bedrock.install(app)
    cloud_seams.register(app)
    # Last, in front of everything: also of the services that register themselves.
    for seam in checks:
        seam.install(context)


def _service_seams() -> list[Seam]:
    from engage_cli.local.bedrock import guardrails

    def athena(_: Context, original: Any) -> Any:
        from engage_cli.local.athena.service import handle

        return handle

    def glue(_: Context, original: Any) -> Any:
        from engage_cli.local.crawler import handle

        return handle

    app = "ministack.app"
    action = ("service", "method", "path", "headers", "body", "query_params")
    # The Bedrock family registers itself (bedrock/service.py, bedrock/iam.py): these places must be there.
    registers: list[tuple[str, str, str, tuple[str, ...] | None]] = [
        ("Bedrock routes", "ministack.core.router", "SERVICE_PATTERNS", None),
        ("Bedrock namespaces", "ministack.core.iam_actions", "SERVICE_TO_IAM_NAMESPACE", None),
        ("Bedrock operations", "ministack.core.iam_actions", "_BOTOCORE_SERVICE_MAP", None),
        ("Bedrock actions", "ministack.core.iam_actions", "extract_iam_action", action),
        ("Bedrock registry", app, "SERVICE_REGISTRY", None),
        ("Bedrock stores", app, "_loaded_modules", None),
    ]
    return [
        *(
            Seam(name, module, attribute, parameters, lambda _, old: old)
            for name, module, attribute, parameters in registers
        ),
        Seam("Athena", app, "SERVICE_HANDLERS", _HANDLER, athena, ("athena",)),
        Seam("Glue crawlers", app, "SERVICE_HANDLERS", _HANDLER, glue, ("glue",)),
        Seam(
            "guardrail identifiers",
            "ministack.services.bedrock",
            "_create_guardrail",
            ("body",),
            lambda _, old: guardrails.wrap_create_guardrail(old),
        ),
    ]


def _task_seams() -> list[Seam]:
    from engage_cli.local import ecs_tasks, task_stops

    arguments = ("cdef", "td", "env", "port_bindings", "ecs_network", "host_mode", "task_id", "task_arn",
                 "ministack_net_ip", "cluster_arn")  # fmt: skip
    definition = ("AWS::ECS::TaskDefinition", "create")
    create = ("logical_id", "props", "stack_name")
    return [
        Seam("container client", _ECS, "_get_docker", (), lambda context, _: lambda: context.client),
        Seam("task start", _ECS, "_build_run_kwargs", arguments, lambda _, __: ecs_tasks.build_run_kwargs),
        Seam("task secrets", _ECS, "_resolve_container_secrets", ("cdef",), lambda _, __: lambda cdef: {}),
        Seam(
            "restored tasks", _ECS, "load_persisted_state", ("data",), lambda _, old: ecs_tasks.wrap_load(old)
        ),
        Seam(
            "task end",
            _ECS,
            "_mark_task_stopped",
            ("task_arn", "task", "reason", "stop_code", "exit_code"),
            lambda _, old: task_stops.wrap_mark_stopped(old),
        ),
        Seam(
            "task activity",
            _ECS,
            "_task_is_active",
            ("task_arn", "task"),
            lambda _, old: task_stops.wrap_is_active(old),
        ),
        Seam("task capacity", _ECS, "_run_task", ("data",), lambda _, old: ecs_tasks.wrap_run_task(old)),
        Seam(
            "RunTask",
            _ECS,
            "_ACTION_MAP",
            ("data",),
            lambda _, old: ecs_tasks.wrap_run_task(old),
            ("RunTask",),
        ),
        Seam("task stop", _ECS, "_stop_task", ("data",), lambda _, old: task_stops.wrap_stop_task(old)),
        Seam(
            "StopTask",
            _ECS,
            "_ACTION_MAP",
            ("data",),
            lambda _, old: task_stops.wrap_stop_task(old),
            ("StopTask",),
        ),
        Seam(
            "task sizes",
            _ECS,
            "_ACTION_MAP",
            ("data",),
            lambda _, old: ecs_tasks.wrap_register_task_definition(old),
            ("RegisterTaskDefinition",),
        ),
        Seam(
            "task sizes in templates",
            _PROVISIONERS,
            "_RESOURCE_HANDLERS",
            create,
            lambda _, old: ecs_tasks.wrap_create_from_template(old),
            definition,
        ),
    ]


def _lambda_seams() -> list[Seam]:
    from engage_cli.local.lambda_worker import Executor, worker_class

    executor = Executor()
    logs = ("func", "request_id", "log_text", "error", "duration_ms", "log_source")
    return [
        Seam(
            "Lambda environments",
            "ministack.core.lambda_runtime",
            "Worker",
            ("func_name", "config", "code_zip"),
            lambda context, base: worker_class(base, context.directory / "tmp", context.endpoint_url),
        ),
        Seam(
            "Lambda executor",
            _LAMBDA,
            "_execute_function_warm",
            ("func", "event", "request_id"),
            lambda _, __: executor.execute,
        ),
        Seam("Lambda logs", _LAMBDA, "_emit_lambda_logs", logs, lambda _, __: executor.emit_logs),
    ]


def _state_machine_seams() -> list[Seam]:
    from engage_cli.local import step_functions as states

    call, run_task = ("resource", "input_data"), "arn:aws:states:::ecs:runTask"
    wraps: list[tuple[str, str, tuple[str, ...], Callable[[Any], Any]]] = [
        ("state machine role", "_execute_task", ("state_def", "raw_input", "execution", "ctx"),
         states.wrap_execute_task),
        ("state machine calls", "_invoke_resource", call, states.wrap_invoke_resource),
        ("state machine callbacks", "_invoke_with_callback", (*call, "token", "state_def"),
         states.wrap_invoke_with_callback),
        ("state machine readers", "_read_map_items", ("reader", "effective", "ctx"),
         states.wrap_read_map_items),
        ("retry back-off", "_find_matching_retrier", ("retriers", "error", "retry_counts"),
         states.wrap_find_matching_retrier),
        ("state machine time-out", "_run_execution", ("exec_arn",), states.wrap_run_execution),
    ]  # fmt: skip
    found = [
        Seam(name, _STATES, attribute, parameters, lambda _, old, wrap=wrap: wrap(old))  # type: ignore[misc]
        for name, attribute, parameters, wrap in wraps
    ]
    found.append(
        Seam(
            "ecs:runTask", _STATES, "_SERVICE_DISPATCH", call, lambda _, __: states.run_ecs_task, (run_task,)
        )
    )
    found.append(
        Seam(
            "state machine removal",
            _PROVISIONERS,
            "_RESOURCE_HANDLERS",
            ("physical_id", "props"),
            lambda _, old: states.wrap_delete_from_template(old),
            ("AWS::StepFunctions::StateMachine", "delete"),
        )
    )
    return found


def _permission_seams() -> list[Seam]:
    from engage_cli.local import authorization, integrations, resources

    proxy = ("integration", "api_id", "stage_name", "stage", "resource", "request_path", "method", "headers",
             "body", "query_params", "path_params", "owner_account_id", "owner_region", "binary_media_types",
             "authorizer_context", "caller_identity")  # fmt: skip
    resource = ("service", "method", "path", "headers", "body", "query_params", "region", "account_id")
    evaluator, key = "ministack.core.iam_evaluator", ("access_key_id",)
    return [
        Seam(
            "root key", evaluator, "is_root_access_key", key, lambda _, __: authorization.is_root_access_key
        ),
        Seam(
            "root key of STS",
            "ministack.services.sts",
            "is_root_access_key",
            key,
            lambda _, __: authorization.is_root_access_key,
        ),
        Seam(
            "root signature",
            evaluator,
            "_is_root_key",
            key,
            lambda _, __: authorization.exempt_from_signature,
        ),
        Seam(
            "API Gateway permission",
            "ministack.services.apigateway_v1",
            "_invoke_lambda_proxy_v1",
            proxy,
            lambda _, old: integrations.wrap_invoke_lambda_proxy(old),
        ),
        Seam(
            "resources of requests",
            "ministack.core.iam_actions",
            "extract_resource_arn",
            resource,
            lambda _, old: resources.wrap_extract_resource_arn(old),
        ),
    ]


def _state_seams() -> list[Seam]:
    from engage_cli.local import redrive, s3_files
    from engage_cli.local.xray import context as traces

    s3, dynamodb, app = "ministack.services.s3", "ministack.services.dynamodb", "ministack.app"
    scoped = ("AccountScopedDict", "AccountRegionScopedDict")
    return [
        Seam("loading of state", app, "_load_persisted_state", (), lambda _, __: lambda: None),
        Seam("saving of state", app, "save_all", ("services",), lambda _, __: lambda services: None),
        *(
            Seam(f"copies of {name}", "ministack.core.responses", name, (), lambda _, kind: _shallow(kind))
            for name in scoped
        ),
        Seam(
            "object files",
            s3,
            "_persist_object",
            ("bucket", "key", "obj"),
            lambda _, old: s3_files.wrap_persist_object(old),
        ),
        Seam(
            "removal of object files",
            s3,
            "_delete_persisted_object",
            ("bucket_name", "key"),
            lambda _, old: s3_files.wrap_delete_persisted_object(old),
        ),
        Seam(
            "item writes",
            dynamodb,
            "_set_item",
            ("table", "pk_val", "sk_val", "item"),
            lambda context, old: _noted(old, context.persistence.touched.item, 3),
        ),
        Seam(
            "item removals",
            dynamodb,
            "_remove_item",
            ("table", "pk_val", "sk_val"),
            lambda context, old: _noted(old, context.persistence.touched.item, 3),
        ),
        Seam(
            "replacement of items",
            dynamodb,
            "_items_replaced",
            ("table",),
            lambda context, old: _noted(old, context.persistence.touched.table, 1),
        ),
        Seam("items of an index", dynamodb, "_INDEX_MEMBERS", None, lambda _, old: old),
        Seam(
            "resuming",
            app,
            "SERVICE_HANDLERS",
            _HANDLER,
            lambda _, old: traces.wrap_handler(redrive.wrap_handler(old)),
            ("states",),
        ),
        Seam(
            "resumable executions",
            _STATES,
            "_describe_execution",
            ("data",),
            lambda _, old: redrive.wrap_describe_execution(old),
        ),
    ]


def _shallow(kind: Any) -> Any:
    """Let a service's `get_state` hand out its entries themselves: copying them all takes longest of all."""

    def copied(self: Any, memo: Any) -> Any:
        twin = type(self)()
        twin._data = dict(self._data)
        return twin

    kind.__deepcopy__ = copied
    return kind


def _noted(original: Callable[..., Any], note: Callable[..., None], arguments: int) -> Callable[..., Any]:
    """Call, then note the first `arguments` arguments: the item is there when it is looked for."""

    def noting(*given: Any) -> Any:
        result = original(*given)
        note(*given[:arguments])
        return result

    return noting


def _validation_seams() -> list[Seam]:
    from engage_cli.local.validation import requests, resources

    return [
        Seam(
            "request validation",
            "ministack.app",
            "SERVICE_HANDLERS",
            None,
            lambda _, old: requests.wrap_handlers(old),
        ),
        Seam(
            "property validation",
            _PROVISIONERS,
            "_RESOURCE_HANDLERS",
            None,
            lambda _, old: resources.wrap_resource_handlers(old),
        ),
    ]
