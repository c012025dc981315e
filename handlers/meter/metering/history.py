"""Step Functions: the histories of a run and of its map children, state transitions and state times."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from metering.records import Used

Event = dict[str, Any]

_ATTEMPTS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_FAILURES = (
    "TaskFailed",
    "TaskTimedOut",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
)


@dataclass(frozen=True)
class History:
    """Events of one execution, oldest first; `child` marks a child of a Distributed Map."""

    arn: str
    events: list[Event]
    child: bool = False

    @property
    def transitions(self) -> int:
        """Billed transitions: every state entered, and every retry of a task.

        "Step Functions counts a state transition each time a step of your workflow is executed [...]
        including retries" (aws.amazon.com/step-functions/pricing). A retry is an attempt without a new
        TaskStateEntered. Attempts count also where an endpoint leaves out the entering of nested states.
        """
        types = [event["type"] for event in self.events]
        entered = sum(kind.endswith("StateEntered") for kind in types)
        task_entered = types.count("TaskStateEntered")
        attempts = sum(types.count(kind) for kind in _ATTEMPTS)
        # An execution enters one state at least, even where an endpoint does not write that of a child.
        return max(1, entered + max(0, attempts - task_entered))

    @property
    def failed_attempts(self) -> int:
        return sum(event["type"] in _FAILURES for event in self.events)


def load(states: Any, execution_arn: str) -> list[History]:
    """The history of the execution, then those of the children of all its Distributed Maps."""
    histories = [History(execution_arn, _events(states, execution_arn))]
    for run in _pages(states, "list_map_runs", "mapRuns", executionArn=execution_arn):
        for child in _pages(states, "list_executions", "executions", mapRunArn=run["mapRunArn"]):
            arn = child["executionArn"]
            histories.append(History(arn, _events(states, arn), child=True))
    return histories


def _events(states: Any, arn: str) -> list[Event]:
    return list(_pages(states, "get_execution_history", "events", executionArn=arn))


def _pages(states: Any, operation: str, field: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = getattr(states, operation)(**arguments, maxResults=1000, **token)
        yield from page[field]
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def usage(histories: list[History]) -> list[Used]:
    """Transitions of the state machine itself and of the map children, apart: only the latter grow."""
    lines = []
    for detail, child in (("state machine", False), ("map children", True)):
        counts = [h.transitions for h in histories if h.child is child]
        if counts:
            lines.append(
                Used(
                    "Step Functions",
                    "Standard state transition",
                    Decimal(sum(counts)),
                    "transition",
                    detail,
                    "GetExecutionHistory: states entered and retries",
                )
            )
    return lines


def state_times(events: list[Event], now: datetime) -> list[dict[str, Any]]:
    """Seconds from entering to leaving, by state, in the order of first entry.

    Times of a state entered many times (an inline map, a loop) are added. A state that is still open
    (the meter's own) counts until `now` and says `finished: false`.
    """
    open_since: dict[str, list[datetime]] = defaultdict(list)
    states: dict[str, dict[str, Any]] = {}
    for event in events:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            open_since[name].append(event["timestamp"])
            row = states.setdefault(name, {"state": name, "entries": 0, "seconds": 0.0, "finished": True})
            row["entries"] += 1
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            if open_since[name]:
                began = open_since[name].pop(0)
                states[name]["seconds"] += (event["timestamp"] - began).total_seconds()
    for name, moments in open_since.items():
        for began in moments:
            states[name]["seconds"] += (now - began).total_seconds()
            states[name]["finished"] = False
    for row in states.values():
        row["seconds"] = round(row["seconds"], 3)
    return list(states.values())
