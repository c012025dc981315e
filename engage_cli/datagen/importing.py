"""Puts checked files into the raw bucket: customers as a whole, activity week by week, and the contract."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace as replaced
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engage_cli.aws.objects import ObjectStore, ParallelSink
from engage_cli.datagen.contract_file import FILE, FileContract
from engage_cli.datagen.import_report import ImportReport
from engage_cli.datagen.importer import import_files
from engage_cli.datagen.load import existing_keys, load_raw
from engage_cli.datagen.sinks import Sink
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_ml.data_contract import DataContract


def import_into(
    raw: ObjectStore,
    customers: Path | None,
    activity: Sequence[Path],
    *,
    rejects: Path,
    max_bad_fraction: float,
    replace: bool,
    contract: FileContract | None = None,
) -> ImportReport:
    """Import files. Customers replace all customers, a week replaces that week; other weeks stay
    unless `replace`. `contract` says what the files are; without it they have the synthetic shapes.

    Raises UserError when the files are refused; nothing was written then.
    """
    if not replace:
        refuse_another_contract(raw, contract)
    elif contract is not None:
        _refuse_half_a_start(raw, contract, customers, activity)
    if activity and not replace:
        _refuse_mixed_formats(raw)
    has_file = contract is None or contract.customers.origin == FILE
    undated = contract is not None and not (has_file and contract.customers.signed_up)
    must_keep = list(customer_ids(raw)) if customers and not replace else None
    known = None if customers or not has_file else list(customer_ids(raw))
    if known == [] and activity and contract is not None:
        raise UserError(
            "There are no customers yet, and the contract takes them from a file.",
            hint='Give it with --customers, or write from = "activity" into [customers] of the contract.',
        )
    earlier = _customers(raw) if undated and not replace else None
    own = contract.contract if contract else None

    def counter(week: date) -> int:
        return 0 if replace else _rows_of(raw, week)

    with ParallelSink(raw) as sink:

        def write(recorder: Sink) -> ImportReport:
            report = import_files(
                customers, list(activity) or None, recorder, rejects_path=rejects, contract=contract,
                today=datetime.now(UTC).date(), max_bad_fraction=max_bad_fraction, known_customers=known,
                must_keep=must_keep, existing=earlier, rows_there=counter,
            )  # fmt: skip
            sink.flush()
            return report

        report = load_raw(raw, sink, write, replaces=_Replaces(replace), contract=own, own=True)
    return replaced(report, weeks_there=_weeks_there(raw))


def contract_in_place(raw: ObjectStore) -> "DataContract":
    """The contract of the data in the raw bucket: that beside them, or that of the synthetic data.

    Raises UserError when the document there cannot be read.
    """
    from engage_ml import data_contract as dc
    from engage_ml.contract import ContractError

    document = raw.get_json(dc.KEY)
    try:
        return dc.DEFAULT if document is None else dc.parse(document)
    except ContractError as error:
        raise UserError(
            f"The contract in the raw bucket cannot be used: {error}",
            hint="Import all of the data again with --contract and --replace.",
        ) from error


def refuse_another_contract(raw: ObjectStore, contract: FileContract | None) -> None:
    """Raise UserError when the data there follow a contract with other columns.

    What is predicted from the same columns, and how things are called, may change with every import.
    """
    from engage_ml.data_contract import DEFAULT

    if not existing_keys(raw):
        return
    there, given = contract_in_place(raw), contract.contract if contract else DEFAULT
    if contract is None and there != DEFAULT:
        raise UserError(
            f"The data there follow the contract {there.name!r}.",
            hint="Give its file with --contract, or add --replace to start anew without one.",
        )
    if _layout(there) != _layout(given):
        raise UserError(
            f"The data there follow the contract {there.name!r}, and {given.name!r} has other columns.",
            hint="Use the same contract, or add --replace to put data of this one in their place.",
        )


def _layout(contract: "DataContract") -> tuple[Any, ...]:
    """What of a contract decides which columns the raw files have."""
    people = [(a.name, a.kind) for a in (*contract.attributes, *contract.protected)]
    measures = [(m.name, m.kind) for m in contract.raw_measures]
    return (contract.kind, sorted(people), sorted(measures), bool(contract.types), contract.days_known)


def _refuse_half_a_start(
    raw: ObjectStore, contract: FileContract, customers: Path | None, activity: Sequence[Path]
) -> None:
    """Raise UserError when only one table would be of the new contract."""
    if not existing_keys(raw) or _layout(contract_in_place(raw)) == _layout(contract.contract):
        return
    lacking = "--activity" if not activity else ""
    if contract.customers.origin == FILE and not customers:
        lacking = "--customers"
    if lacking:
        raise UserError(
            f"The data there follow another contract, and {lacking} is not given.",
            hint="Give all of the files: both tables must follow the new contract.",
        )


def _rows_of(raw: ObjectStore, week: date) -> int:
    """The rows that a week has in the raw bucket."""
    import pyarrow.parquet

    files = (io.BytesIO(raw.get(key) or b"") for key in raw.keys(f"activity/week={week}/"))
    return sum(pyarrow.parquet.ParquetFile(file).metadata.num_rows for file in files)


def _weeks_there(raw: ObjectStore) -> int:
    """Weeks from the first to the last folder of activity."""
    days = sorted({key.split("/")[1].removeprefix("week=") for key in raw.keys("activity/")})
    found = [date.fromisoformat(d) for d in days if len(d) == 10]
    return (found[-1] - found[0]).days // 7 + 1 if found else 0


def _refuse_mixed_formats(raw: ObjectStore) -> None:
    # Imports are written as Parquet; a table of Parquet and CSV files would be two tables to the crawler.
    if any(key.endswith(".csv") for key in raw.keys("activity/")):
        raise UserError(
            "The raw bucket holds weeks as CSV and imported ones are Parquet; a table cannot be both.",
            hint="Import all weeks and add --replace.",
        )


class _Replaces:
    """Says whether an old file goes: its table or its week is new, or everything was to be replaced."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything

    def __call__(self, old: str, new: set[str]) -> bool:
        folder = old.rsplit("/", 1)[0]
        same_folder = any(key.rsplit("/", 1)[0] == folder for key in new)
        same_table = any(key.split("/", 1)[0] == old.split("/", 1)[0] for key in new)
        return same_folder or (self._everything and same_table)


def customer_ids(raw: ObjectStore) -> Iterator[str]:
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


def _customers(raw: ObjectStore) -> Any:
    """The customers that are in the raw bucket now as one pyarrow table; None without any."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    tables = []
    for key in raw.keys("customers/"):
        body = io.BytesIO(raw.get(key) or b"")
        if key.endswith(".parquet"):
            tables.append(pyarrow.parquet.read_table(body))
        else:
            # As text: an identifier keeps its leading zeros.
            options = pyarrow.csv.ConvertOptions(column_types={"customer_id": "string"})
            tables.append(pyarrow.csv.read_csv(body, convert_options=options))
    return pa.concat_tables(tables, promote_options="permissive") if tables else None
