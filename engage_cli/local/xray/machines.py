"""TracingConfiguration of state machines, which MiniStack takes and forgets."""

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def wrap_create(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """CreateStateMachine: keep the setting, and show it in DescribeStateMachine."""

    def create_state_machine(data: Json) -> Any:
        status, headers, body = original(data)
        if status == 200:
            _keep(json.loads(body)["stateMachineArn"], data.get("tracingConfiguration"))
        return status, headers, body

    return create_state_machine


def wrap_update(original: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """UpdateStateMachine: a setting that is not named stays."""

    def update_state_machine(data: Json) -> Any:
        status, headers, body = original(data)
        if status == 200 and "tracingConfiguration" in data:
            _keep(str(data["stateMachineArn"]), data["tracingConfiguration"])
        return status, headers, body

    return update_state_machine


def wrap_create_from_template(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, props: Json, stack_name: str) -> Any:
        arn, attributes = original(logical_id, props, stack_name)
        _keep(arn, _from_template(props))
        return arn, attributes

    return create


def wrap_update_from_template(original: Callable[..., Any]) -> Callable[..., Any]:
    def update(
        physical_id: str, old_props: Json, new_props: Json, stack_name: str, logical_id: str | None = None
    ) -> Any:
        arn, attributes = original(physical_id, old_props, new_props, stack_name, logical_id)
        _keep(arn, _from_template(new_props))
        return arn, attributes

    return update


def _from_template(props: Json) -> Json:
    enabled = (props.get("TracingConfiguration") or {}).get("Enabled", False)
    return {"enabled": enabled in (True, "true")}


def _keep(arn: str, setting: Json | None) -> None:
    from ministack.services import stepfunctions

    stepfunctions._state_machines[arn]["tracingConfiguration"] = {
        "enabled": bool((setting or {}).get("enabled", False))
    }
