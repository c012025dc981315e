"""Import of a user's own customers and activity: check everything, stage it, then put it.

Stages, each of which may refuse the whole import: `import_sources` (files and headers), `import_load` (rows
into an on-disk DuckDB with the reason of each bad one), `import_cross` (unknown customers, duplicates, weeks
that are not over), `import_rejects` (too many bad rows), `import_stage` (Parquet files in the raw layout).
Only then does the first `put` happen. The columns are those of a user's contract, or of the synthetic data.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from engage_ml.data_contract import DEFAULT

from engage_cli.datagen import import_cross as cross
from engage_cli.datagen import import_stage as staging
from engage_cli.datagen.contract_file import DROP, FILE, Customers, FileContract
from engage_cli.datagen.contract_shapes import activity_shape, customers_shape
from engage_cli.datagen.import_load import Loaded, connect, load
from engage_cli.datagen.import_rejects import judge, shape_report, write_rejects
from engage_cli.datagen.import_report import ImportReport
from engage_cli.datagen.import_sources import SourceFile, find_sources
from engage_cli.datagen.shapes import ACTIVITY, CUSTOMERS, Shape
from engage_cli.datagen.sinks import Sink
from engage_cli.errors import UserError


def import_files(
    customers: Path | None,
    activity: Sequence[Path] | Path | None,
    sink: Sink | None,
    *,
    rejects_path: Path,
    today: date,
    contract: FileContract | None = None,
    max_bad_fraction: float = 0.05,
    known_customers: Iterable[str] | None = None,
    must_keep: Iterable[str] | None = None,
    existing: Any = None,
    rows_there: Callable[[date], int] | None = None,
    memory_limit_mb: int = 512,
) -> ImportReport:
    """Check the files, then put them as Parquet in the raw layout; all or nothing. Without a sink they are
    only checked.

    `contract` names the columns; without it they are those of the synthetic data. `known_customers` are the
    ids that activity may name when no customers file is given; without either, that check is left out and
    noted. `must_keep` are ids that a customers file must hold. `existing` (a pyarrow table, or None) are the
    customers of earlier imports, for a contract that takes customers or sign-ups from the activity.
    `rows_there` counts the rows that a week has already, so that none is lost. Rows set aside go to
    `rejects_path` (replaced; only if there are any).

    Raises UserError: see `docs/data.md`; nothing has been put then.
    """
    job = _Job(contract, today, existing)
    places = job.places(customers, [activity] if isinstance(activity, Path) else list(activity or []))
    with tempfile.TemporaryDirectory(prefix="engage-import-") as folder:
        work = Path(folder)
        sources = {shape: find_sources(shape, found, work) for shape, found in places.items()}
        db = connect(work, memory_limit_mb)
        try:
            loaded = load(db, sources, today)
            if must_keep is not None and not job.adds:
                cross.refuse_vanishing(loaded, must_keep)
            notes = [*_encoding_notes(sources), *job.cross_check(loaded, known_customers)]
            rejects = write_rejects(loaded, rejects_path)
            for shape in sources:
                judge(loaded, shape, max_bad_fraction, rejects)
            weeks, found = job.keep(loaded, rows_there)
            if rows_there is not None and job.has_events(loaded):
                cross.refuse_losing_events(loaded, weeks, rows_there)
            staged = staging.stage(loaded, work, weeks, customers=job.puts_customers(loaded)) if sink else []
            report = job.report(loaded, weeks, len(staged), rejects, (*notes, *found))
        finally:
            db.close()
        for key, path in staged:
            assert sink is not None
            sink.put(key, path.read_bytes())
    return report


class _Job:
    """What differs between the synthetic shapes and those of a contract."""

    def __init__(self, contract: FileContract | None, today: date, existing: Any) -> None:
        self._contract, self._today, self._existing = contract, today, existing
        self._has_file = contract is None or contract.customers.origin == FILE
        self._dated = contract is None or not self._has_file or bool(contract.customers.signed_up)
        self._people = contract.customers if contract else Customers(origin=FILE)
        self.adds = self._people.unknown == "add"
        """Whether customers of the activity who are in no file are added; so none can vanish."""

    def places(self, customers: Path | None, activity: list[Path]) -> dict[Shape, list[Path]]:
        """The shapes with their files. UserError: there are none, or some that do not fit the contract."""
        own = self._contract
        if not customers and not activity:
            raise UserError(
                "There is nothing to import.", hint="Give a customers file, activity files, or both."
            )
        if customers and not self._has_file:
            raise UserError(
                f"The contract takes the customers from the activity, and {customers} was given.",
                hint='Leave --customers out, or describe the file in [customers] (from = "file").',
            )
        if customers and not self._dated and not activity:
            raise UserError(
                "The contract takes the sign-ups from the activity, and none was given.",
                hint="Give --activity, too, or name the column of sign-ups in the contract.",
            )
        if self.adds and not customers:
            raise UserError(
                "The contract adds the customers who are not in the file of customers, and none was given.",
                hint="Give --customers, too.",
            )
        people, rows = (customers_shape(own), activity_shape(own)) if own else (CUSTOMERS, ACTIVITY)
        found = {people: [customers]} if customers else {}
        return {**found, **({rows: activity} if activity else {})}

    def cross_check(self, loaded: Loaded, known: Iterable[str] | None) -> list[str]:
        """Set aside what does not fit together; notes for the report."""
        notes: list[str] = []
        people, rows = loaded.shape("customers"), loaded.shape("activity")
        if people:
            cross.set_aside_duplicates(loaded, people, bad=self._people.repeated == "refuse")
        if rows:
            if self._contract and self._contract.activity.repeated == DROP:
                cross.leave_out_copies(loaded, rows)
            if self._has_file and not self.adds:
                notes += cross.set_aside_unknown(loaded, known, bad=self._people.unknown == "refuse")
            cross.set_aside_duplicates(loaded, rows)
            if rows.has_events:
                notes += cross.leave_out_unfinished_week(loaded)
        return notes

    @staticmethod
    def has_events(loaded: Loaded) -> bool:
        rows = loaded.shape("activity")
        return rows is not None and rows.has_events

    def keep(
        self, loaded: Loaded, there: Callable[[date], int] | None = None
    ) -> tuple[list[date], list[str]]:
        """Make the tables of good rows; the weeks to put, and notes."""
        people, rows = loaded.shape("customers"), loaded.shape("activity")
        weeks: list[date] = []
        notes: list[str] = []
        if rows:
            weeks = staging.keep_activity(loaded, rows)
            if self._contract:
                missing, notes = cross.weeks_without_activity(loaded, weeks, there)
                weeks = sorted([*weeks, *missing])
        if people and self._dated:
            staging.keep_customers(loaded, people)
        elif people:
            staging.date_customers(loaded, people, self._existing, add=self.adds)
        elif rows and not self._has_file:
            staging.derive_customers(loaded, rows, self._existing)
        return weeks, notes

    def puts_customers(self, loaded: Loaded) -> bool:
        return loaded.shape("customers") is not None or not self._has_file

    def report(
        self, loaded: Loaded, weeks: list[date], files: int, rejects: Path | None, notes: tuple[str, ...]
    ) -> ImportReport:
        people, rows = loaded.shape("customers"), loaded.shape("activity")
        own = self._contract
        kept = loaded.count("SELECT count(*) FROM good_customers") if self.puts_customers(loaded) else 0
        return ImportReport(
            customers=shape_report(loaded, people, own.customers.ignore if own else ()) if people else None,
            activity=shape_report(loaded, rows, own.activity.ignore if own else ()) if rows else None,
            weeks=tuple(weeks),
            files_put=files,
            rejects=rejects,
            notes=notes,
            customer_count=kept,
            weeks_needed=(own.contract if own else DEFAULT).weeks_needed,
            returning=staging.returning_customers(loaded) if rows else 0,
        )


def _encoding_notes(sources: dict[Shape, list[SourceFile]]) -> list[str]:
    names = {"cp1252": "Windows-1252", "latin-1": "Latin-1", "utf-16": "UTF-16"}
    return [
        f"{source.path} is no UTF-8; it was read as {names[source.encoding]}."
        for files in sources.values()
        for source in files
        if source.encoding in names
    ]
