"""Puts checked files into the raw bucket: customers as a whole, activity week by week."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from engage_cli.aws.objects import ObjectStore, ParallelSink
from engage_cli.datagen.import_report import ImportReport
from engage_cli.datagen.importer import import_files
from engage_cli.datagen.load import SYNTHETIC_KEY, load_raw
from engage_cli.datagen.sinks import Sink
from engage_cli.errors import UserError


def import_into(
    raw: ObjectStore,
    customers: Path | None,
    activity: Sequence[Path],
    *,
    rejects: Path,
    max_bad_fraction: float,
    replace: bool,
) -> ImportReport:
    """Import files. Customers replace all customers, a week replaces that week; other weeks stay
    unless `replace`.

    Raises UserError when the files are refused; nothing was written then.
    """
    if activity and not replace:
        _refuse_mixed_formats(raw)
    known = None if customers else list(_customer_ids(raw))
    if customers and not replace:
        _refuse_vanishing_customers(raw, customers)
    with ParallelSink(raw) as sink:

        def write(recorder: Sink) -> ImportReport:
            report = import_files(
                customers, list(activity) or None, recorder, rejects_path=rejects,
                today=datetime.now(UTC).date(), max_bad_fraction=max_bad_fraction, known_customers=known,
            )  # fmt: skip
            sink.flush()
            return report

        report = load_raw(raw, sink, write, replaces=_Replaces(replace))
    raw.delete([SYNTHETIC_KEY])
    return report


def _refuse_mixed_formats(raw: ObjectStore) -> None:
    # Imports are written as Parquet; a table of Parquet and CSV files would be two tables to the crawler.
    if any(key.endswith(".csv") for key in raw.keys("activity/")):
        raise UserError(
            "The raw bucket holds weeks as CSV and imported ones are Parquet; a table cannot be both.",
            hint="Import all weeks and add --replace.",
        )


def _refuse_vanishing_customers(raw: ObjectStore, customers: Path) -> None:
    """Raise UserError when the file lacks customers that are there now: their history would be orphaned."""
    existing = set(_customer_ids(raw))
    given = _ids_in(customers)
    # A file that cannot be read is refused by the import itself, which says what is wrong with it.
    gone = existing - given if given is not None else set()
    if gone:
        raise UserError(
            f"{len(gone):,} of the {len(existing):,} customers in the raw bucket are not in {customers}.",
            hint="Give a file of all customers, or add --replace to start anew with this data.",
        )


def _ids_in(path: Path) -> set[str] | None:
    import duckdb

    files = sorted(map(str, path.rglob("*"))) if path.is_dir() else [str(path)]
    parquet = [f for f in files if f.endswith(".parquet")]
    csv = [f for f in files if f.endswith(".csv")]
    reader, chosen = ("read_parquet(?)", parquet) if parquet else ("read_csv(?, all_varchar = true)", csv)
    try:
        rows = (
            duckdb.connect()
            .execute(f"SELECT CAST(customer_id AS VARCHAR) FROM {reader}", [chosen])
            .fetchall()
        )
    except duckdb.Error:
        return None
    return {str(row[0]) for row in rows}


class _Replaces:
    """Says whether an old file goes: its table or its week is new, or everything was to be replaced."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything

    def __call__(self, old: str, new: set[str]) -> bool:
        folder = old.rsplit("/", 1)[0]
        same_folder = any(key.rsplit("/", 1)[0] == folder for key in new)
        same_table = any(key.split("/", 1)[0] == old.split("/", 1)[0] for key in new)
        return same_folder or (self._everything and same_table)


def _customer_ids(raw: ObjectStore) -> Iterator[str]:
    """Yield the ids of the customers that are in the raw bucket now."""
    import pyarrow.csv
    import pyarrow.parquet

    for key in raw.keys("customers/"):
        body = io.BytesIO(raw.get(key) or b"")
        if key.endswith(".parquet"):
            table = pyarrow.parquet.read_table(body, columns=["customer_id"])
        else:
            options = pyarrow.csv.ConvertOptions(
                include_columns=["customer_id"], column_types={"customer_id": "string"}
            )
            table = pyarrow.csv.read_csv(body, convert_options=options)
        yield from table.column("customer_id").to_pylist()
