"""Looks at every alarm again and again: when a metric arrives, and as time passes.

A transition is kept with its reason and its data, told to the alarm's topics, and on disk before the next
look.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from engage_cli.local.clock import CLOCK
from engage_cli.local.monitoring import alarms, metrics

logger = logging.getLogger("engage.alarms")
Json = dict[str, Any]
SECONDS = 10.0
"""Between two looks. AWS looks every minute, and every ten seconds at alarms with periods of ten seconds."""

_looking = threading.Lock()


def start(commit: Callable[[set[str]], None]) -> None:
    """Look every `SECONDS` from now on, and after each move of the clock.

    `commit(services)` writes the state of these services of MiniStack to disk.
    """

    def look() -> None:
        if evaluate_all():
            commit({"cloudwatch", "sns", "sqs", "lambda"})

    def keep_looking() -> None:
        while True:
            time.sleep(SECONDS)
            try:
                look()
            except Exception:
                logger.exception("the alarms were not looked at; the next look is in %.0f s", SECONDS)

    CLOCK.on_move(look)
    threading.Thread(target=keep_looking, daemon=True, name="engage-alarms").start()


def evaluate_all() -> bool:
    """Look at every alarm of every account and Region; whether any changed its state."""
    from ministack.services import cloudwatch

    changed = False
    for (account, region, _), alarm in list(cloudwatch._alarms._data.items()):
        with scope(account, region):
            changed = evaluate(alarm) or changed
    return changed


@contextmanager
def scope(account: str, region: str) -> Iterator[None]:
    """Act in an account and Region, as a request to it would."""
    from ministack.core import responses

    before = responses.get_account_id(), responses.get_region()
    responses.set_request_account_id(account)
    responses.set_request_region(region)
    try:
        yield
    finally:
        responses.set_request_account_id(before[0])
        responses.set_request_region(before[1])


def wrap_evaluate_alarm(original: Callable[[Json], None]) -> Callable[[Json], None]:
    """MiniStack asks when a metric arrives or an alarm is put; it takes the points of all dimensions for
    one.
    """

    def evaluate_alarm(alarm: Json) -> None:
        evaluate(alarm)

    return evaluate_alarm


def evaluate(alarm: Json) -> bool:
    """Look at one alarm of this account and Region, and change its state if it must; whether it did."""
    if not alarm.get("MetricName") or not alarms.is_offered(alarm):
        return False
    with _looking:
        now = CLOCK.now()
        dimensions = metrics.dimensions_of(alarm.get("Dimensions") or ())
        points = metrics.points_of(alarm["Namespace"], alarm["MetricName"], dimensions)
        if alarm.get("Unit"):
            points = [point for point in points if point["Unit"] == alarm["Unit"]]
        name = str(alarm.get("ExtendedStatistic") or alarm.get("Statistic"))
        seen = metrics.windows(points, name, int(alarm["Period"]), alarms.range_length(alarm), now)
        verdict, before = alarms.judge(alarm, seen, now), alarm["StateValue"]
        if verdict is None or verdict.state == before:
            return False
        alarm |= {"StateValue": verdict.state, "StateReason": verdict.reason, "StateReasonData": verdict.data}
        alarm |= {"StateUpdatedTimestamp": int(now), "StateTransitionedTimestamp": int(now)}
    # Not in the lock: who is told may put a metric, which looks at the alarms again.
    _tell(alarm, before, verdict)
    return True


def _tell(alarm: Json, before: str, verdict: alarms.Verdict) -> None:
    from ministack.services import cloudwatch

    reason_data = json.loads(verdict.data)
    cloudwatch._record_history(
        alarm["AlarmName"], before, verdict.state, verdict.reason, reason_data=reason_data
    )
    cloudwatch._dispatch_alarm_actions(alarm, before, verdict.state, verdict.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def wrap_dispatch_actions(original: Callable[..., None]) -> Callable[..., None]:
    """Note in the alarm's history each action that was taken, as CloudWatch does, or why it was not."""

    def dispatch(alarm: Json, old_state: str, new_state: str, reason: str) -> None:
        original(alarm, old_state, new_state, reason)
        which = {"ALARM": "AlarmActions", "OK": "OKActions"}.get(new_state, "InsufficientDataActions")
        if not alarm.get("ActionsEnabled", True):
            return
        for action in alarm.get(which) or ():
            _note_action(alarm["AlarmName"], new_state, action)

    return dispatch


def _note_action(alarm_name: str, state: str, action: str) -> None:
    from ministack.services import cloudwatch, sns

    if action not in sns._topics:
        problem = "Topic does not exist" if ":sns:" in action else "The local endpoint takes no such action"
    else:
        problem = ""
    summary = f"{'Failed to execute' if problem else 'Successfully executed'} action {action}"
    data: Json = {"actionState": "Failed" if problem else "Succeeded", "stateUpdateReason": state}
    data |= {"notificationResource": action} | ({"error": problem} if problem else {})
    cloudwatch._history_entries().append(
        {
            "AlarmName": alarm_name,
            "AlarmType": "MetricAlarm",
            "Timestamp": cloudwatch._ts_iso(CLOCK.now()),
            "HistoryItemType": "Action",
            "HistorySummary": summary,
            "HistoryData": json.dumps(data),
        }
    )
