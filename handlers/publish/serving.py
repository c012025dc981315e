"""What everybody is served: the pointer `online/current.json`, and when a run may move it."""

from datetime import date, timedelta
from typing import Any

from common import names, s3
from common.step import Run

SCHEMA_VERSION = 1


def current_pointer(run: Run, version: str) -> dict[str, Any]:
    """What the predict and ask functions serve from now on, with the contract that gives it its meaning."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "as_of": run["as_of"],
        "n_shards": int(run["split"]["n_shards"]),
        "model_version": version,
        "contract": run["contract"],
    }


def newer_served(bucket: str, run: Run) -> str | None:
    """The as-of date that is served, when it is a newer one of the same data than the run's; else None.

    Dates compare only within the same data. Served predictions are of other data when their contract has
    another name, or when the raw data end before them: those were replaced, so this run takes over.
    """
    served = s3.get_json(bucket, names.CURRENT_KEY)
    if served is None or str(served["as_of"]) <= run["as_of"]:
        return None
    before = served.get("contract")
    if before is not None and before["name"] != run["contract"]["name"]:
        return None
    return str(served["as_of"]) if str(served["as_of"]) <= data_end(run) else None


def data_end(run: Run) -> str:
    """The Monday after the last complete week of raw data that the run found."""
    newest = run["prepare"].get("newest_week") or run["prepare"]["last_week"]
    return (date.fromisoformat(newest) + timedelta(weeks=1)).isoformat()
