"""Reads usage documents. Only a reader is needed: costs never change anything."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from engage_cli.cost import usage as usages
from engage_cli.cost.usage import Usage
from engage_cli.errors import UserError

_PREFIX, _SUFFIX = "usage/run=", ".json"


class Reader(Protocol):
    """The part of an object store that is needed here."""

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, or None when there is no such object."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below `prefix`."""


def metered_runs(reader: Reader) -> list[Usage]:
    """Return the usage of every run that was metered and is still kept, oldest first.

    The files are read, as their keys have no order: the id of a scheduled run does not hold its time.
    """
    bodies = (reader.get(key) for key in reader.keys(_PREFIX) if key.endswith(_SUFFIX))
    found = [usages.parse(body) for body in bodies if body is not None]
    return sorted(found, key=lambda usage: datetime.fromisoformat(usage.finished))


def read_usage(reader: Reader, run_id: str | None = None) -> Usage:
    """Return the usage of a run, by default the last one. Raises UserError when it was not metered."""
    if run_id is None:
        runs = metered_runs(reader)
        if not runs:
            raise UserError(
                "No run has been metered yet, so there is nothing to price.",
                hint="run the pipeline first: engage run-pipeline",
            )
        return runs[-1]
    body = reader.get(f"{_PREFIX}{run_id}{_SUFFIX}")
    if body is None:
        raise UserError(
            f"The run '{run_id}' has no usage file: unknown, still running, or failed before metering.",
            hint="list the runs with: engage runs",
        )
    return usages.parse(body)
