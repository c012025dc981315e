"""The run's status document `runs/<run_id>/run.json`, for people and for `engage runs`."""

from datetime import UTC, datetime
from typing import Any

from common import s3
from common.names import run_key

SCHEMA_VERSION = 1


def now() -> str:
    """The present time, UTC, as ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_status(bucket: str, run_id: str) -> dict[str, Any] | None:
    """The run's status document, or None when the run never began."""
    return s3.get_json(bucket, run_key(run_id, "run.json"))


def write_status(bucket: str, run: dict[str, Any], status: str, **facts: Any) -> dict[str, Any]:
    """Writes status `started`, `finished` or `failed` with `facts`; keeps when the run first began."""
    before = read_status(bucket, run["run_id"]) or {}
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "execution_arn": run.get("execution_arn"),
        "as_of": run.get("as_of"),
        "trigger": run.get("trigger"),
        "started_at": before.get("started_at") or run.get("started_at") or now(),
        "updated_at": now(),
        "status": status,
        **facts,
    }
    s3.put_json(bucket, run_key(run["run_id"], "run.json"), document)
    return document


def seconds_since(started_at: str) -> float:
    """Seconds since an ISO 8601 time, which Step Functions gives with a zone."""
    return (datetime.now(UTC) - datetime.fromisoformat(started_at)).total_seconds()
