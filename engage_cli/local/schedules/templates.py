"""AWS::Scheduler::Schedule with all of its properties: MiniStack drops the time zone, the dates and more."""

import json
from typing import Any

Json = dict[str, Any]
_PROPERTIES = ("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "State",
               "Description", "GroupName", "StartDate", "EndDate", "KmsKeyArn")  # fmt: skip


def create(logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
    """Create the schedule as CreateSchedule does. Raises ValueError with its message when it refuses."""
    from ministack.services import scheduler
    from ministack.services.cloudformation import provisioners

    name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=64)
    scheduler._ensure_default_group()
    return name, _attributes(scheduler._create_schedule(name, _body(props)))


def update(physical_id: str, old: Json, new: Json, stack_name: str) -> tuple[str, Json]:
    """Change it as UpdateSchedule does; another name or group is another schedule."""
    from ministack.services import scheduler

    names = [(one.get("Name", physical_id), one.get("GroupName", "default")) for one in (old, new)]
    if names[0] != names[1]:
        created = create(physical_id, new, stack_name)
        scheduler._schedules.pop(f"{names[0][1]}/{physical_id}", None)
        return created
    return physical_id, _attributes(scheduler._update_schedule(physical_id, _body(new)))


def _body(props: Json) -> Json:
    return {name: props[name] for name in _PROPERTIES if props.get(name) is not None}


def _attributes(answer: Any) -> Json:
    status, _, body = answer
    found = json.loads(body)
    if status >= 400:
        raise ValueError(str(found.get("Message") or found.get("message") or found))
    return {"Arn": found["ScheduleArn"]}
