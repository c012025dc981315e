"""Fires schedules at their time: starts the target with the schedule's role and input.

MiniStack's own sweep reads cron() in UTC whatever the time zone, forgets on a restart what was due, and
says nothing when a target cannot be started. This one replaces it, at the same interval (Scheduler is exact
to the minute).
"""

import json
import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engage_cli.local import integrations
from engage_cli.local.clock import CLOCK
from engage_cli.local.monitoring.evaluator import scope
from engage_cli.local.monitoring.metrics import record
from engage_cli.local.schedules.expressions import next_after

logger = logging.getLogger("engage.schedules")
Json = dict[str, Any]
Scope = tuple[str, str, str]  # account, Region, "group/name"

SERVICE = "engage_schedules"
_DEFAULT_AGE = 86_400  # RetryPolicy.MaximumEventAgeInSeconds, when a schedule does not say
_firing = threading.Lock()
_last: Any = None
# When a schedule was last seen disabled: what passes until then is not made up for.
_disabled: dict[Scope, float] = {}


def last() -> Any:
    """The moment for which each schedule fired last, by its scope. Kept with the state."""
    from ministack.core.responses import AccountRegionScopedDict

    global _last
    if _last is None:
        _last = AccountRegionScopedDict()
    return _last


def get_state() -> Json:
    return {"last": last()}


def load_persisted_state(data: Json) -> None:
    last().update(data.get("last", {}))


def reset() -> None:
    last().clear()


def tick(commit: Callable[[set[str]], None]) -> None:
    """Fire what is due. `commit(services)` writes the state of these services to disk."""
    from ministack.services import scheduler

    with _firing:
        fired = False
        for key in [key for key in list(last()._data) if key not in scheduler._schedules._data]:
            del last()._data[key]
            _disabled.pop(key, None)
        for key, schedule in list(scheduler._schedules._data.items()):
            try:
                with scope(key[0], key[1]):
                    fired = _look(key, schedule) or fired
            except Exception:
                logger.exception("schedule %s was not looked at", schedule.get("Name"))
        if fired:
            commit({SERVICE, "scheduler", "stepfunctions", "cloudwatch", "sns", "sqs", "eventbridge"})


def _look(key: Scope, schedule: Json) -> bool:
    """Fire one schedule if it is due; whether it was."""
    now = CLOCK.now()
    known = last()._data.get(key) or {}
    if schedule.get("State") != "ENABLED":
        _disabled[key] = now
        return False
    changed = float(schedule["LastModificationDate"])
    since = max(float(known.get("moment", 0.0)), changed, _disabled.get(key, 0.0))
    due = due_between(schedule, since, now)
    if due is None:
        return False
    last()._data[key] = {"moment": due}
    _fire(schedule, due, now)
    _complete(key, schedule, due)
    return True


def due_between(schedule: Json, since: float, now: float) -> float | None:
    """The latest moment after `since` and not after `now` at which the schedule is due; None: none."""
    start = _epoch(schedule.get("StartDate"))
    end = _epoch(schedule.get("EndDate"))
    expression = str(schedule["ScheduleExpression"])
    zone = str(schedule.get("ScheduleExpressionTimezone") or "UTC")
    anchor = start if start is not None else float(schedule["CreationDate"])
    moment = max(since, start - 1) if start is not None else since
    due = None
    while True:
        following = next_after(expression, zone, moment, anchor)
        if following is None or following > now or (end is not None and following > end):
            return due
        due = moment = following


def _epoch(value: Any) -> float | None:
    from ministack.services import scheduler

    moment: float | None = scheduler._to_epoch(value)
    return moment


def _fire(schedule: Json, due: float, now: float) -> None:
    """Start the target for the moment `due`, or say why not."""
    target, group = schedule.get("Target") or {}, {"ScheduleGroup": str(schedule.get("GroupName", "default"))}
    age = int((target.get("RetryPolicy") or {}).get("MaximumEventAgeInSeconds") or _DEFAULT_AGE)
    if now - due > age:
        # Only a machine that was off comes so late; Scheduler too gives up on an event of that age.
        logger.error(
            "Schedule %s was due at %s, more than %d s ago, while the endpoint was not running: not fired.",
            schedule["Name"], _iso(due), age,
        )  # fmt: skip
        record("AWS/Scheduler", "InvocationDroppedCount", 1, "Count", group)
        return
    record("AWS/Scheduler", "InvocationAttemptCount", 1, "Count", group)
    problem = integrations.schedule_problem(target, schedule) or _start(schedule, target, due)
    if problem is not None:
        # Neither a missing permission nor a missing target is tried again by EventBridge.
        logger.error("Schedule %s did not fire: %s", schedule["Name"], problem)
        record("AWS/Scheduler", "TargetErrorCount", 1, "Count", group)
        record("AWS/Scheduler", "InvocationDroppedCount", 1, "Count", group)


def _start(schedule: Json, target: Json, due: float) -> str | None:
    """Start the target; None when it was started, else why not."""
    from ministack.services import eventbridge, stepfunctions

    # The same moment has the same id, so that firing it again after a crash starts nothing twice.
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{schedule['Arn']}@{due}"))
    words = {
        "<aws.scheduler.schedule-arn>": str(schedule["Arn"]),
        "<aws.scheduler.scheduled-time>": _iso(due),
        "<aws.scheduler.execution-id>": event_id,
        "<aws.scheduler.attempt-number>": "1",
    }
    text = str(target.get("Input") or "{}")
    for word, value in words.items():
        text = text.replace(word, value)
    arn = str(target["Arn"])
    if not arn.startswith("arn:aws:states:"):
        event: Json = {"EventId": event_id, "Source": "aws.scheduler", "DetailType": "Scheduled Event"}
        event |= {"Detail": "{}", "Time": due, "Resources": [schedule["Arn"]], "Account": arn.split(":")[4]}
        eventbridge._invoke_target({**target, "Input": text}, event, schedule)
        return None
    status, _, body = stepfunctions._start_execution(
        {"stateMachineArn": arn, "name": event_id, "input": text}
    )
    answer = json.loads(body)
    if status < 400 or "ExecutionAlreadyExists" in str(answer.get("__type")):
        return None
    return str(answer.get("message") or answer.get("__type"))


def _complete(key: Scope, schedule: Json, due: float) -> None:
    """Delete a schedule that will not be due again, when it asks for that."""
    from ministack.services import scheduler

    if schedule.get("ActionAfterCompletion") != "DELETE":
        return
    end = _epoch(schedule.get("EndDate"))
    zone = str(schedule.get("ScheduleExpressionTimezone") or "UTC")
    following = next_after(str(schedule["ScheduleExpression"]), zone, due, float(schedule["CreationDate"]))
    if following is None or (end is not None and following > end):
        scheduler._schedules._data.pop(key, None)
        last()._data.pop(key, None)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
