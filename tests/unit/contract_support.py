"""A user with files of their own: writes a contract, checks it, imports; the clean tables in DuckDB."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from engage_ml import features

from engage_cli.datagen.contract_check import Check
from engage_cli.datagen.contract_file import FileContract, read_contract
from engage_cli.datagen.contract_init import contract_text, run_check
from engage_cli.datagen.import_report import ImportReport
from engage_cli.datagen.importer import import_files
from engage_cli.datagen.importing import import_into
from tests.directory_sink import DirectorySink
from tests.unit import ml_support

TODAY = date(2026, 11, 23)
EVENTS = '[activity]\nkind = "events"\n[activity.measures]\namount = "amount"\n'
WEEKLY = '[customers]\n[activity]\n[activity.measures]\nminutes = "amount"\n'
HEAD = "customer_id,event_time,amount\n"


def days(*texts: str) -> str:
    """One customer's events: a row for each day."""
    return HEAD + "".join(f"a,{day},1\n" for day in texts)


class MemoryStore:
    """A bucket in memory that can be read and written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def keys(self, prefix: str = "") -> Iterator[str]:
        yield from [k for k in sorted(self.objects) if k.startswith(prefix)]

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def get_json(self, key: str) -> Any:
        import json

        body = self.get(key)
        return None if body is None else json.loads(body)

    def put(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def delete(self, keys: Iterable[str]) -> int:
        return len([self.objects.pop(key, None) for key in list(keys)])

    def table(self, prefix: str) -> list[dict[str, Any]]:
        """The rows of all Parquet files below a prefix."""
        found = [pq.read_table(io.BytesIO(self.objects[k])) for k in self.keys(prefix)]
        return list(pa.concat_tables(found).to_pylist()) if found else []


class Owner:
    """A folder with files, a contract in it, and a bucket."""

    def __init__(self, root: Path) -> None:
        self.root, self.raw = root, MemoryStore()
        self.contract_file, self.rejects = root / "contract.toml", root / "rejects.csv"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def init(self, customers: Path | None, *activity: Path) -> str:
        """The text of the guessed contract, which lies in the folder from now on."""
        text, _ = contract_text(customers, activity, self.contract_file)
        self.contract_file.write_text(text)
        return text

    @property
    def contract(self) -> FileContract:
        return read_contract(self.contract_file)

    def check(self, customers: Path | None, *activity: Path, max_bad: float = 0.05) -> Check:
        return run_check(
            self.contract_file, customers, activity, rejects=self.rejects, max_bad_fraction=max_bad
        )

    def load(self, customers: Path | None, *activity: Path, replace: bool = False) -> ImportReport:
        """Import into the bucket by the contract."""
        return import_into(
            self.raw, customers, activity, rejects=self.rejects, max_bad_fraction=0.05, replace=replace,
            contract=self.contract,
        )  # type: ignore[arg-type]  # fmt: skip

    def read(
        self, contract: str, activity: str | bytes, customers: str | None = None, **options: Any
    ) -> ImportReport:
        """Import texts into the folder `out` by a contract."""
        self.contract_file.write_text(contract)
        people = self.write("c.csv", customers) if customers is not None else None
        return import_files(
            people, self.write("a.csv", activity), DirectorySink(self.root / "out"),
            rejects_path=self.rejects, today=TODAY, contract=self.contract,
            **{"max_bad_fraction": 0.9, **options},
        )  # fmt: skip

    def rows(self, prefix: str = "activity") -> list[dict[str, Any]]:
        """What `read` has put, with the week of each row of activity."""
        files = sorted((self.root / "out" / prefix).rglob("*.parquet"))
        found = []
        for file in files:
            week = {"week": file.parent.name.removeprefix("week=")} if prefix == "activity" else {}
            found += [row | week for row in pq.ParquetFile(file).read().to_pylist()]
        return found


def cleaned(owner: Owner, as_of: date) -> duckdb.DuckDBPyConnection:
    """The clean tables `customers` and `activity` of what the owner has imported, by the pipeline's SQL."""
    db = ml_support.connect()
    for key, body in owner.raw.objects.items():
        if key.endswith(".parquet"):
            path = owner.root / "raw" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    contract, raw = owner.contract.contract, owner.root / "raw"
    db.execute(f"CREATE TABLE raw_customers AS FROM read_parquet('{raw}/customers/*.parquet')")
    db.execute(
        f"CREATE TABLE raw_activity AS SELECT * REPLACE (CAST(week AS VARCHAR) AS week) "
        f"FROM read_parquet('{raw}/activity/*/*.parquet', hive_partitioning = true)"
    )
    first = date.fromisoformat(min(k.split("=")[1][:10] for k in owner.raw.keys("activity/")))
    ml_support.make_table(db, "customers", features.clean_customers_sql(contract, "raw_customers"))
    ml_support.make_table(
        db, "activity", features.clean_activity_sql(contract, "raw_activity", "customers", first, as_of)
    )
    return db
