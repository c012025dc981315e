"""The usage document of a run (`usage/run=<run_id>.json`, schema version 1), typed.

The meter function writes it (handlers/meter); docs/costs.md says how each record is measured.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engage_cli.errors import UserError

SCHEMA_VERSION = 1
Per = Literal["run", "month"]


@dataclass(frozen=True)
class Record:
    """`quantity` of one item of the price book; None when it exists but nobody measured it."""

    service: str
    item: str
    quantity: Decimal | None
    unit: str
    detail: str
    source: str
    per: Per = "run"
    assumption: str | None = None


@dataclass(frozen=True)
class Task:
    """A container task: its size, and its seconds before (`start`) and after its containers ran."""

    family: str
    vcpu: Decimal
    memory_gb: Decimal
    architecture: str
    spot: bool
    start_seconds: Decimal
    run_seconds: Decimal
    billed_seconds: Decimal


@dataclass(frozen=True)
class Usage:
    """What a run used, and the facts about it that the reports show."""

    run_id: str
    started: str
    finished: str
    seconds: Decimal
    records: list[Record]
    customers: int | None = None
    predictions: int | None = None
    n_shards: int | None = None
    map_children: int = 0
    failed_attempts: int = 0
    as_of: str | None = None
    states: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    queries_scanned_bytes: list[int] = field(default_factory=list)
    crawl_seconds: Decimal = Decimal(0)
    storage: list[dict[str, Any]] = field(default_factory=list)


def parse(text: str | bytes) -> Usage:
    """Parse a usage document. Raises UserError when its schema version is another one."""
    document = json.loads(text, parse_float=Decimal)
    if document.get("schema_version") != SCHEMA_VERSION:
        raise UserError(
            f"The usage file has schema version {document.get('schema_version')}; "
            f"this program reads version {SCHEMA_VERSION}.",
            hint="run the pipeline again, or use the version of engage-cli that made the run",
        )
    return Usage(
        run_id=document["run_id"],
        started=document["started"],
        finished=document["finished"],
        seconds=Decimal(document["seconds"]),
        records=[_record(row) for row in document["records"]],
        customers=document.get("customers"),
        predictions=document.get("predictions"),
        n_shards=document.get("n_shards"),
        map_children=document.get("map_children") or 0,
        failed_attempts=document.get("failed_attempts") or 0,
        as_of=document.get("as_of"),
        states=document.get("states") or [],
        tasks=[_task(row) for row in document.get("tasks") or []],
        queries_scanned_bytes=[int(row["scanned_bytes"]) for row in document.get("queries") or []],
        crawl_seconds=Decimal(document.get("crawl_seconds") or 0),
        storage=document.get("storage") or [],
    )


def _record(row: dict[str, Any]) -> Record:
    quantity = row["quantity"]
    return Record(
        service=row["service"],
        item=row["item"],
        quantity=None if quantity is None else Decimal(quantity),
        unit=row["unit"],
        detail=row["detail"],
        source=row["source"],
        per=row.get("per", "run"),
        assumption=row.get("assumption"),
    )


def _task(row: dict[str, Any]) -> Task:
    numbers = ("vcpu", "memory_gb", "start_seconds", "run_seconds", "billed_seconds")
    return Task(
        family=row["family"],
        architecture=row["architecture"],
        spot=row["spot"],
        **{name: Decimal(row[name]) for name in numbers},
    )
