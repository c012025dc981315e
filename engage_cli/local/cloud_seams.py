"""The seams of metrics, alarms, traces, schedules and dropped properties: where they are plugged into
MiniStack (see `seams`).
"""

from collections.abc import Callable
from typing import Any

from engage_cli.local.seams import Context, Seam

_STATES = "ministack.services.stepfunctions"
_CLOUDWATCH = "ministack.services.cloudwatch"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_HANDLER = ("method", "path", "headers", "body", "query_params")


def cloud_seams() -> list[Seam]:
    """Every seam of this module, in the order in which they are installed."""
    return [*_metric_seams(), *_trace_seams(), *_schedule_seams(), *_template_seams()]


def register(app: Any) -> None:
    """Add the service xray and the stores of traces and schedules to MiniStack's application.

    The places are checked by the seams of the services that register themselves (`seams`).
    """
    from ministack.core import iam_actions, router

    from engage_cli.local.schedules import firing
    from engage_cli.local.xray import service, store

    router.SERVICE_PATTERNS["xray"] = {"host_patterns": [r"xray\."], "credential_scope": "xray"}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["xray"] = "xray"
    iam_actions._BOTOCORE_SERVICE_MAP["xray"] = ["xray"]
    app.SERVICE_HANDLERS["xray"] = service.handle
    for name, module in ((store.SERVICE, store), (firing.SERVICE, firing)):
        app._loaded_modules[name] = module
        app._state_map[name] = name
        app.SERVICE_REGISTRY[name] = {"module": name}


def _wrapping(
    name: str, module: str, attribute: str, parameters: tuple[str, ...], wrap: Callable[[Any], Any]
) -> Seam:
    return Seam(name, module, attribute, parameters, lambda _, old: wrap(old))


def _metric_seams() -> list[Seam]:
    from engage_cli.local.monitoring import emf, evaluator, metrics, queries, service_metrics
    from engage_cli.local.xray import gateway

    query = ("params", "cbor_data", "is_cbor", "is_json")
    published = ("namespace", "metric_name", "value", "unit", "dimensions")
    request = ("api_id", "stage_name", "method", "path", "headers", "body", "query_params",
               "owner_account_id", "owner_region")  # fmt: skip
    return [
        _wrapping("metrics of services", _CLOUDWATCH, "record_metric", published, metrics.wrap_record_metric),
        _wrapping("age of metrics", _CLOUDWATCH, "_evict_old_metrics", (), metrics.wrap_evict),
        _wrapping("alarm", _CLOUDWATCH, "_evaluate_alarm", ("alarm",), evaluator.wrap_evaluate_alarm),
        _wrapping(
            "alarm actions",
            _CLOUDWATCH,
            "_dispatch_alarm_actions",
            ("alarm", "old_state", "new_state", "reason"),
            evaluator.wrap_dispatch_actions,
        ),
        _wrapping("GetMetricData", _CLOUDWATCH, "_get_metric_data", query, queries.wrap_get_metric_data),
        _wrapping(
            "GetMetricStatistics",
            _CLOUDWATCH,
            "_get_metric_statistics",
            query,
            queries.wrap_get_metric_statistics,
        ),
        _wrapping(
            "metrics in logs",
            "ministack.services.cloudwatch_logs",
            "_append_log_events",
            ("stream", "events"),
            emf.wrap_append_log_events,
        ),
        _wrapping(
            "metrics of functions",
            "ministack.services.lambda_svc",
            "_emit_lambda_metrics",
            ("function_name", "duration_ms", "error", "throttle"),
            service_metrics.wrap_emit_lambda_metrics,
        ),
        _wrapping(
            "metrics of executions",
            _STATES,
            "_emit_execution_status_event",
            ("execution",),
            service_metrics.wrap_execution_status,
        ),
        _wrapping(
            "metrics and traces of API requests",
            "ministack.services.apigateway_v1",
            "_handle_execute_in_scope",
            request,
            lambda old: gateway.wrap_api_request(service_metrics.wrap_api_request(old)),
        ),
        Seam(
            "metrics of tables",
            "ministack.app",
            "SERVICE_HANDLERS",
            _HANDLER,
            lambda _, old: service_metrics.wrap_dynamodb(old),
            ("dynamodb",),
        ),
    ]


def _trace_seams() -> list[Seam]:
    from engage_cli.local.xray import context, executions, machines

    kind = "AWS::StepFunctions::StateMachine"
    create = ("logical_id", "props", "stack_name")
    update = ("physical_id", "old_props", "new_props", "stack_name", "logical_id")
    return [
        Seam("stores by service", "ministack.app", "_state_map", None, lambda _, old: old),
        Seam(
            "traces of invocations",
            "ministack.app",
            "SERVICE_HANDLERS",
            _HANDLER,
            lambda _, old: context.wrap_handler(old),
            ("lambda",),
        ),
        _wrapping(
            "traces of executions", _STATES, "_start_execution", ("data",), executions.wrap_start_execution
        ),
        _wrapping("tracing of machines", _STATES, "_create_state_machine", ("data",), machines.wrap_create),
        _wrapping(
            "change of tracing of machines",
            _STATES,
            "_update_state_machine",
            ("data",),
            machines.wrap_update,
        ),
        _of_type("tracing in templates", kind, "create", create, machines.wrap_create_from_template),
        _of_type(
            "change of tracing in templates", kind, "update", update, machines.wrap_update_from_template
        ),
    ]


def _schedule_seams() -> list[Seam]:
    from engage_cli.local.schedules import firing, templates

    kind, create = "AWS::Scheduler::Schedule", ("logical_id", "props", "stack_name")
    update = ("physical_id", "old_props", "new_props", "stack_name")

    def sweep(context: Context, original: Any) -> Any:
        return lambda: firing.tick(context.persistence.commit)

    events = "ministack.services.eventbridge"
    return [
        Seam("schedules", "ministack.services.scheduler", "_tick_schedules", (), sweep),
        Seam("cron expressions", events, "_parse_cron_fields", ("expr",), lambda _, old: old),
        Seam("cron calendar", events, "_cron_next_fire", ("fields", "after_dt"), lambda _, old: old),
        Seam(
            "targets of schedules",
            events,
            "_invoke_target",
            ("target", "event", "rule", "view"),
            lambda _, old: old,
        ),
        _of_type("schedules in templates", kind, "create", create, lambda _: templates.create),
        _of_type("change of schedules in templates", kind, "update", update, lambda _: templates.update),
    ]


def _template_seams() -> list[Seam]:
    from engage_cli.local import template_properties as properties

    create = ("logical_id", "props", "stack_name")
    update = ("physical_id", "old_props", "new_props", "stack_name")
    named = (*update, "logical_id")
    validator = "AWS::ApiGateway::RequestValidator"
    places: list[tuple[str, str, str, tuple[str, ...], Callable[[Any], Any]]] = [
        ("request validators", validator, "create", create, lambda _: properties.create_validator),
        ("change of request validators", validator, "update", update, lambda _: properties.update_validator),
        ("removal of request validators", validator, "delete", ("physical_id", "props"),
         lambda _: properties.delete_validator),
        ("validators of methods", "AWS::ApiGateway::Method", "create", create, properties.wrap_method),
        ("change of validators of methods", "AWS::ApiGateway::Method", "update", update,
         properties.wrap_method),
        ("time to live", "AWS::DynamoDB::Table", "create", create, properties.wrap_table),
        ("change of time to live", "AWS::DynamoDB::Table", "update", named, properties.wrap_table),
        ("lifecycle of objects", "AWS::S3::Bucket", "create", create, properties.wrap_bucket),
        ("change of lifecycle of objects", "AWS::S3::Bucket", "update", update, properties.wrap_bucket),
    ]  # fmt: skip
    return [_of_type(*place) for place in places]


def _of_type(
    name: str, kind: str, verb: str, parameters: tuple[str, ...], wrap: Callable[[Any], Any]
) -> Seam:
    """How MiniStack makes, changes or deletes a resource of a template."""
    return Seam(name, _PROVISIONERS, "_RESOURCE_HANDLERS", parameters, lambda _, old: wrap(old), (kind, verb))
