"""Cleanup: after a failure, remove what the run half wrote and say what failed and how to go on.

In: the run object (or the execution's raw input, when Prepare itself failed) with `error` from the
state machine's Catch and, when the state machine knows it, `failed_step`. Out: the same, extended by
`failure`, so that the execution's last state can fail with the real reason.
"""

import json
from typing import Any

from common import leftovers, names, runs
from common.errors import InputError
from common.settings import Settings
from common.step import Run, step

# The step that a failure came from is told by what the run object already holds.
_ORDER = (
    ("prepare", "Prepare"),
    ("validate", "Validate"),
    ("split", "Split"),
    ("features", "Features"),
    ("training", "Train"),
    ("promote", "Promote"),
    ("inference", "Infer"),
    ("publish", "Publish"),
    ("monitor", "Monitor"),
    ("meter", "Meter"),
)
_LONGEST_CAUSE = 4000  # a status document and an execution's output must stay small


def clean_up(event: Run, settings: Settings) -> Run:
    """Removes the run's unpublished outputs and writes its `failed` status."""
    try:
        run_id = names.run_id_of(event.get("run_id"))
    except InputError:
        return {**event, "failure": describe(event)}  # Prepare refused the id: nothing was written
    event = {**event, "run_id": run_id}
    failure = describe(event)
    as_of = event.get("as_of") if isinstance(event.get("as_of"), str) else None
    status = runs.read_status(settings.lake_bucket, run_id) or {}
    if status.get("status") == "finished":
        # Publish had finished: only what comes after it (monitor, meter) failed, the results stand.
        runs.write_status(settings.lake_bucket, event, "finished", **_kept(status), warning=failure)
        return {**event, "failure": failure}
    failure["stopped_queries"] = leftovers.stop_queries(settings, run_id)
    cleared = leftovers.clear(settings, run_id, as_of, keep_quarantine=True)
    failure["cleared_objects"] = sum(cleared["objects"].values())
    failure["cleared_tables"] = cleared["tables"]
    runs.write_status(settings.lake_bucket, event, "failed", failure=failure)
    return {**event, "failure": failure}


def describe(event: Run) -> dict[str, Any]:
    """`{"step", "error", "cause", "resume"}` of the caught error, in words that a person can act on."""
    caught = event.get("error") or {}
    error = str(caught.get("Error") or "Unknown")
    error, cause = readable_cause(error, str(caught.get("Cause") or ""))
    failed_step = str(event.get("failed_step") or guess_step(event))
    return {
        "step": failed_step,
        "error": error,
        "cause": cause[:_LONGEST_CAUSE],
        "resume": how_to_resume(error, event.get("as_of"), event.get("run_id")),
    }


def readable_cause(error: str, cause: str) -> tuple[str, str]:
    """The error's name and reason out of what Lambda, ECS or an AWS SDK call puts into `Cause`."""
    try:
        detail = json.loads(cause)
    except ValueError:
        return error, cause or error
    if not isinstance(detail, dict):
        return error, cause
    if "errorMessage" in detail:  # Lambda
        return str(detail.get("errorType") or error), str(detail["errorMessage"])
    if "Containers" in detail or "StoppedReason" in detail:  # an ECS task
        containers = [
            f"container {c.get('Name')} ended with exit code {c.get('ExitCode', 'none')}"
            + (f" ({c['Reason']})" if c.get("Reason") else "")
            for c in detail.get("Containers", [])
        ]
        parts = [detail.get("StoppedReason") or "the task stopped", *containers]
        return error, "; ".join(parts)
    return error, cause


def guess_step(run: Run) -> str:
    """The first step whose result the run object lacks."""
    return next((label for key, label in _ORDER if key not in run), "Meter")


def how_to_resume(error: str, as_of: Any, run_id: Any) -> str:
    """The command that goes on after the failure."""
    again = "engage run-pipeline" + (f" --as-of {as_of}" if as_of else "")
    if error in ("DataError", "InputError"):
        return f"correct what the cause names, then `{again}`"
    if error == "ConfigError":
        return f"`engage deploy`, then `{again}`"
    return f"see `engage logs` and `engage runs show {run_id}`, then `{again}`"


def _kept(status: dict[str, Any]) -> dict[str, Any]:
    own = (
        "schema_version",
        "run_id",
        "execution_arn",
        "as_of",
        "trigger",
        "started_at",
        "updated_at",
        "status",
    )
    return {key: value for key, value in status.items() if key not in own}


handler = step("cleanup", clean_up)
