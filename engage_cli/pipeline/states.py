"""What a run's history says: pure functions from Step Functions events to states."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HIDDEN_STATES = frozenset({"GetCrawler", "WaitForCrawler", "CrawlerDone", "Crawled"})
"""Plumbing of the crawl: its time is shown with StartCrawler."""


AFTER_FAILURE = frozenset({"Cleanup", "RunFailed", "CleanupFailed"})


@dataclass(frozen=True)
class StateView:
    """One state of a run: `running`, `succeeded` or `failed`; retries counted."""

    name: str
    status: str
    entered: datetime
    exited: datetime | None
    retries: int = 0
    error: str = ""
    cause: str = ""

    def seconds(self, now: datetime) -> float:
        return ((self.exited or now) - self.entered) / timedelta(seconds=1)


@dataclass(frozen=True)
class Failure:
    """Why a run failed: the state, the error's name, and its message in one sentence."""

    state: str
    error: str
    message: str


def states_of(events: Iterable[Mapping[str, Any]]) -> list[StateView]:
    """Return the states in the order in which they were first entered.

    A state that was entered several times (a polling loop) is one view from the first to the last time.
    """
    views: dict[str, StateView] = {}
    current = ""
    for event in events:
        kind, when = event["type"], event["timestamp"]
        if kind.endswith("StateEntered"):
            current = _shown(event["stateEnteredEventDetails"]["name"])
            old = views.get(current)
            views[current] = StateView(current, "running", old.entered if old else when, None)
        elif kind == "ExecutionRedriven":
            # The state that was interrupted is entered again: its time is the second one's.
            views = {name: view for name, view in views.items() if view.exited is not None}
        elif kind.endswith("StateExited"):
            name = _shown(event["stateExitedEventDetails"]["name"])
            if name in views:
                views[name] = _with(views[name], status=_final(views[name]), exited=when)
        elif kind.endswith(("Failed", "TimedOut")):
            error, cause = _reason(event)
            if current in views and kind not in ("ExecutionFailed", "ExecutionTimedOut"):
                view = views[current]
                views[current] = _with(view, retries=view.retries + 1, error=error, cause=cause)
        elif kind in ("TaskSucceeded", "LambdaFunctionSucceeded") and current in views:
            views[current] = _with(views[current], error="", cause="")
    return list(views.values())


def _shown(name: str) -> str:
    return "StartCrawler" if name in HIDDEN_STATES else name


def _final(view: StateView) -> str:
    # A state that ends with an error still set was left through its Catch.
    return "failed" if view.error else "succeeded"


def _with(view: StateView, **changes: Any) -> StateView:
    from dataclasses import replace

    return replace(view, **changes)


def _reason(event: Mapping[str, Any]) -> tuple[str, str]:
    details = next((v for k, v in event.items() if k.endswith("EventDetails") and isinstance(v, dict)), {})
    return str(details.get("error", "")), str(details.get("cause", ""))


def message_of(cause: str) -> str:
    """Return the sentence in a cause: the errorMessage of a Lambda, the reason of a task, or the text."""
    try:
        data = json.loads(cause)
    except ValueError:
        return cause.strip()
    if not isinstance(data, dict):
        return cause.strip()
    if "errorMessage" in data:
        return str(data["errorMessage"])
    task = data["Tasks"][0] if data.get("Tasks") else data
    codes = [c.get("ExitCode") for c in task.get("Containers", []) if c.get("ExitCode") is not None]
    reason = task.get("StoppedReason") or task.get("stoppedReason") or "the task failed"
    return f"{reason} (exit code {codes[0]})" if codes else str(reason)


def failure_of(views: Iterable[StateView], error: str = "", cause: str = "") -> Failure:
    """Return the failure of a run: the last state that failed, else the one it was in with its own error."""
    views = list(views)
    failed = [v for v in views if v.error and v.status != "succeeded" and v.name not in AFTER_FAILURE]
    if failed:
        return Failure(failed[-1].name, failed[-1].error, message_of(failed[-1].cause))
    last = max(views, key=lambda view: view.entered).name if views else ""
    return Failure(last, error, message_of(cause))
