"""Collects what the report is made from: the lake bucket's documents and three queries; then writes it."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from engage_cli.cost import model
from engage_cli.cost import usage as usages
from engage_cli.errors import UserError
from engage_cli.report import aggregates, queries
from engage_cli.report.build import ReportInputs, build_report

BEFORE_CONTRACTS = ("country", "plan", "acquisition_channel", "device")


class Objects(Protocol):
    """The part of an object store that is needed here."""

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, or None when there is no such object."""


class Queries(Protocol):
    """Runs statements with the lake database as default."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT statement as dicts."""


def write_report(
    lake: Objects,
    query: Queries,
    run_id: str,
    output: Path,
    *,
    environment: str | None = None,
    target: str | None = None,
) -> Path:
    """Write the report of a run to `output` and return its path.

    Raises UserError when nothing of the run is known, CloudError when its predictions are gone.
    """
    inputs = collect(lake, query, run_id, environment=environment, target=target)
    page = build_report(inputs)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    return output


def collect(
    lake: Objects,
    query: Queries,
    run_id: str,
    *,
    environment: str | None = None,
    target: str | None = None,
) -> ReportInputs:
    """Read the run's evaluation and usage, and ask for its predictions in groups."""
    body = lake.get(f"usage/run={run_id}.json")
    usage = None if body is None else usages.parse(body)
    evaluation = _document(lake, f"runs/{run_id}/evaluation.json")
    status = _document(lake, f"runs/{run_id}/run.json") or {}
    as_of = (usage and usage.as_of) or (evaluation or {}).get("as_of") or status.get("as_of")
    if not as_of:
        raise UserError(
            f"Nothing is known of the run '{run_id}': it has no usage, evaluation or status.",
            hint="list the runs with: engage runs",
        )
    return ReportInputs(
        environment=environment,
        target=target,
        as_of=as_of,
        generated=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        usage=usage,
        predictions=_predictions(query, as_of, run_id, _dimensions(status)),
        evaluation=evaluation,
        cost=None if usage is None else model.cost_report(usage),
    )


def _dimensions(status: Mapping[str, Any]) -> list[str]:
    """The columns that customers are grouped by, as the run published them; the risk band is shown apart.

    Runs of versions before data contracts tell none: they knew the synthetic data's columns only.
    """
    about = (status.get("publish") or {}).get("about")
    if about is None:
        return list(BEFORE_CONTRACTS)
    return [name for name in about["dimensions"] if name != "risk_band"]


def _predictions(query: Queries, as_of: str, run_id: str, dimensions: Sequence[str]) -> aggregates.Aggregates:
    statements = [
        queries.groups(as_of, run_id, dimensions),
        queries.histogram(as_of, run_id),
        queries.reasons(as_of, run_id),
    ]
    # At the same time: each waits for Athena, not for us.
    with ThreadPoolExecutor(max_workers=len(statements)) as pool:
        groups, histogram, reasons = pool.map(query.rows, statements)
    found = aggregates.from_rows(groups, histogram, reasons)
    return replace(found, by={name: found.by[name] for name in dimensions if name in found.by})


def _document(lake: Objects, key: str) -> dict[str, Any] | None:
    body = lake.get(key)
    return None if body is None else dict(json.loads(body))
