"""Collects what the report is made from: the lake bucket's documents and a few queries."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from engage_ml.contract import ContractError
from engage_ml.data_contract import DataContract, parse

from engage_cli.cost import model
from engage_cli.cost import usage as usages
from engage_cli.errors import CloudError, UserError
from engage_cli.models.drift import readable
from engage_cli.outputs import require_folder
from engage_cli.report import aggregates, queries
from engage_cli.report.inputs import ReportInputs


class Objects(Protocol):
    """The part of an object store that is needed here."""

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, or None when there is no such object."""


class Queries(Protocol):
    """Runs statements with the lake database as default."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT statement as dicts."""


def collect(
    lake: Objects,
    query: Queries,
    run_id: str,
    *,
    environment: str | None = None,
    target: str | None = None,
) -> ReportInputs:
    """Read the run's documents, and ask for its predictions in groups.

    Raises UserError when nothing of the run is known, CloudError when its predictions are gone or it was made
    by a version without data contracts.
    """
    spec = document(lake, f"runs/{run_id}/spec.json")
    status = document(lake, f"runs/{run_id}/run.json")
    if spec is None and status is None:
        raise UserError(f"There is no run '{run_id}'.", hint="list the runs with: engage runs")
    if spec is None:
        raise CloudError(
            f"The run '{run_id}' ended before it had features, so there is nothing to report.",
            hint=f"see why: engage runs show {run_id}",
        )
    contract, as_of = _contract(spec, run_id), str(spec["as_of"])
    evaluation = document(lake, f"runs/{run_id}/evaluation.json")
    body = lake.get(f"usage/run={run_id}.json")
    usage = None if body is None else usages.parse(body)
    predictions, segments = _ask(query, contract, as_of, run_id, _has_segments(status))
    found = ReportInputs(
        run_id=run_id,
        as_of=as_of,
        generated=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        contract=contract,
        predictions=predictions,
        segments=segments,
        evaluation=evaluation,
        monitor=_monitor(lake, run_id),
        spec=spec,
        status=status,
        usage=usage,
        cost=None if usage is None else model.cost_report(usage),
        environment=environment,
        target=target,
    )
    return _with_model(lake, found)


def write_page(page: str, output: Path) -> Path:
    """Write the page. Raises UserError when that is not possible."""
    require_folder(output)
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"The report cannot be written to {output}: {error.strerror or error}.",
            hint="Name another file with --output.",
        ) from error
    return output


def document(lake: Objects, key: str) -> dict[str, Any] | None:
    """Return a JSON document of the lake, or None when there is none."""
    body = lake.get(key)
    return None if body is None else dict(json.loads(body))


def _contract(spec: dict[str, Any], run_id: str) -> DataContract:
    try:
        return parse(spec.get("contract"))
    except ContractError as error:
        raise CloudError(
            f"The run '{run_id}' has no data contract that this version reads: {error}",
            hint="run the pipeline again: engage run-pipeline",
        ) from error


def _has_segments(status: dict[str, Any] | None) -> bool:
    """Whether the run published segments: its status then says where."""
    return bool(((status or {}).get("publish") or {}).get("segments"))


def _ask(
    query: Queries, contract: DataContract, as_of: str, run_id: str, has_segments: bool
) -> tuple[aggregates.Aggregates, Sequence[aggregates.Segment] | None]:
    statements = [
        queries.groups(contract, as_of, run_id),
        queries.histogram(as_of, run_id),
        queries.reasons(as_of, run_id),
    ]
    if has_segments:
        statements.append(queries.segments(as_of, run_id))
    # At the same time: each waits for Athena, not for us.
    with ThreadPoolExecutor(max_workers=len(statements)) as pool:
        groups, histogram, reasons, *rest = pool.map(query.rows, statements)
    segments = aggregates.segments_from_rows(rest[0]) if rest else None
    return aggregates.from_rows(groups, histogram, reasons), segments


def _monitor(lake: Objects, run_id: str) -> dict[str, Any] | None:
    """What the monitor found, or None when it is not there or in a form of another version."""
    found = document(lake, f"runs/{run_id}/monitor.json")
    return found if readable(found) else None


def _with_model(lake: Objects, found: ReportInputs) -> ReportInputs:
    """Add the model that predicted, and, where the run was monitored, the bins and counts of drift."""
    from dataclasses import replace

    version = found.serving_version
    if version is None:
        return found
    known = document(lake, f"models/{version}/model.json")
    if found.monitor is None:
        return replace(found, model=known)
    reference = document(lake, f"models/{version}/reference.json")
    shards = int((found.spec or {}).get("n_shards") or 0)
    parts = [document(lake, f"runs/{found.run_id}/monitor/shard-{n:05d}.json") for n in range(shards)]
    counts = None if reference is None or None in parts else add_counts([p for p in parts if p])
    return replace(found, model=known, reference=reference, counts=counts)


def add_counts(parts: Sequence[dict[str, Any]]) -> dict[str, dict[str, list[int]]]:
    """Return the sums of the shards' counts, by kind and name."""
    total: dict[str, dict[str, list[int]]] = {"features": {}, "predictions": {}}
    for part in parts:
        for kind, sums in total.items():
            for name, counts in part[kind].items():
                before = sums.get(name) or [0] * len(counts)
                sums[name] = [a + b for a, b in zip(before, counts, strict=True)]
    return total
