"""Starting a run and watching it."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from engage_cli.aws.runs import RunReader, RunStarter
from engage_cli.errors import CloudError, UserError
from engage_cli.pipeline.states import AFTER_FAILURE, Failure, StateView, failure_of, states_of

_TUNE = re.compile(r"(\d{1,6})(s|m|h|trials)")
_AFTER_PUBLISHING = ("Publish", "Meter")
"""A run that fails there may have pointed readers at its predictions already."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended: its status, its states, its output when it succeeded, else its failure.

    `resumable`: it ended before it could clean up after itself, so it can go on where it was.
    """

    run_id: str
    status: str
    seconds: float
    states: list[StateView]
    output: dict[str, Any] | None
    failure: Failure | None
    resumable: bool = False


def new_run_id(now: datetime | None = None) -> str:
    """Return a run id that sorts by time: `run-20261123t060000-1a2b`."""
    return f"run-{(now or datetime.now(UTC)):%Y%m%dt%H%M%S}-{secrets.token_hex(2)}"


def checked_as_of(text: str | None) -> str | None:
    """Return the as-of date. Raises UserError when it is no date or no Monday."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as exc:
        raise UserError(f"--as-of: '{text}' is not a date.", hint="Write it as 2026-11-16.") from exc
    if day.weekday() != 0:
        monday = date.fromordinal(day.toordinal() - day.weekday())
        raise UserError(f"--as-of: {day} is a {day:%A}; weeks start on Mondays.", hint=f"Try {monday}.")
    return day.isoformat()


def checked_tune(text: str | None) -> str | None:
    """Return the tuning budget. Raises UserError when it is none, or more than the training step allows."""
    if text is None:
        return None
    found = _TUNE.fullmatch(text.strip())
    most = {"s": 3600, "m": 60, "h": 1, "trials": 500}
    if found is None or not 1 <= int(found[1]) <= most[found[2]]:
        raise UserError(
            f"--tune: '{text}' is no tuning budget.",
            hint="Write a time of at most one hour (90s, 10m, 1h), or a number of trials (25trials).",
        )
    return found[0]


def start_run(runs: RunStarter, as_of: str | None, tune: str | None = None) -> str:
    """Start the pipeline; return the run's id."""
    run_id = new_run_id()
    runs.start(run_id, {"run_id": run_id, "as_of": as_of, "trigger": "manual", "tune": tune})
    return run_id


def result_of(runs: RunReader, run_id: str) -> RunResult:
    """Read a run's present state."""
    import json

    description = runs.describe(run_id)
    views = states_of(runs.history(run_id))
    ended = description.get("stopDate") or datetime.now(UTC)
    failed = description["status"] in ("FAILED", "TIMED_OUT", "ABORTED")
    if failed:
        # The state in which a run ends badly has no exit of its own.
        views = [replace(v, status="failed", exited=ended) if v.exited is None else v for v in views]
    return RunResult(
        run_id=run_id,
        status=description["status"],
        seconds=(ended - description["startDate"]).total_seconds(),
        states=views,
        output=json.loads(description["output"]) if description.get("output") else None,
        failure=failure_of(views, description.get("error", ""), description.get("cause", ""))
        if failed
        else None,
        resumable=description.get("redriveStatus") == "REDRIVABLE"
        and bool(views)
        and max(views, key=lambda view: view.entered).name not in AFTER_FAILURE,
    )


def resume_run(runs: RunStarter, run_id: str) -> None:
    """Let a run go on at the state where it ended. Raises UserError when that state cannot be resumed."""
    result = result_of(runs, run_id)
    if result.status in ("SUCCEEDED", "RUNNING"):
        raise UserError(
            f"Run {run_id} {'has succeeded' if result.status == 'SUCCEEDED' else 'is going on'}; "
            "there is nothing to resume.",
            hint=f"Look at it: engage runs show {run_id}",
        )
    if not result.resumable:
        raise UserError(
            f"Run {run_id} failed and cleaned up what it had made, so it cannot be resumed.",
            hint="Correct the cause, then start a new one: engage run-pipeline",
        )
    runs.resume(run_id)


def watch_run(
    runs: RunReader,
    run_id: str,
    on_change: Callable[[RunResult], None],
    *,
    poll_seconds: float = 0.5,
    sleep: Callable[[float], None] = time.sleep,
) -> RunResult:
    """Report the run until it ends. Leaving early does not stop it."""
    while True:
        result = result_of(runs, run_id)
        on_change(result)
        if result.status != "RUNNING":
            return result
        sleep(poll_seconds)


def require_success(result: RunResult) -> RunResult:
    """Return a run that succeeded. Raises CloudError saying which step failed, why, and how to resume."""
    if result.status == "SUCCEEDED":
        return result
    failure = result.failure
    where = f" at {failure.state}" if failure and failure.state else ""
    why = f": {failure.message.rstrip('.')}" if failure and failure.message else ""
    if result.resumable:
        raise CloudError(
            f"Run {result.run_id} {result.status.lower()}{where}{why}.",
            hint=f"Let it go on where it was: engage runs resume {result.run_id}",
        )
    published = failure is not None and failure.state in _AFTER_PUBLISHING
    raise CloudError(
        f"Run {result.run_id} {result.status.lower()}{where}{why}.",
        hint=f"{'Its predictions may be' if published else 'Nothing of it was'} published. "
        "Correct the cause, then: engage run-pipeline "
        f"(details: engage runs show {result.run_id}; logs: engage logs --run {result.run_id})",
    )
