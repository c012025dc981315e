"""A catalog in memory and S3 as a directory: what the engine's tests run against."""

import shutil
from pathlib import Path

from engage_cli.local.athena.catalog import Partition, Table
from engage_cli.local.athena.engine import Engine, Outcome, QueryHandle
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.results import Column, read_page
from engage_cli.local.athena.storage import StoredObject, directory, hidden, split_uri

PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
LAZY_SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV_SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


class DirectoryStore:
    """Objects as files `<root>/000000000000/<bucket>/<key>`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._account = root / "000000000000"
        self._account.mkdir(parents=True)

    def path(self, uri: str) -> Path:
        bucket, key = split_uri(uri)
        return self._account / bucket / key

    def objects(self, location: str) -> list[StoredObject]:
        bucket, prefix = split_uri(directory(location))
        base = self._account / bucket
        keys = [str(f.relative_to(base)) for f in base.rglob("*") if f.is_file()] if base.is_dir() else []
        found = [k for k in sorted(keys) if k.startswith(prefix) and not hidden(k[len(prefix) :])]
        return [StoredObject(bucket, k, (base / k).stat().st_size, base / k) for k in found]

    def is_empty(self, location: str) -> bool:
        return not self.objects(location)

    def file(self, uri: str) -> Path | None:
        path = self.path(uri)
        return path if path.is_file() else None

    def put_file(self, uri: str, file: Path, content_type: str) -> None:
        target = self.path(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)

    def delete(self, uri: str) -> None:
        self.path(uri).unlink()


class MemoryCatalog:
    """Databases `lake` and `raw`."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Table] = {}
        self.parts: dict[tuple[str, str], list[Partition]] = {}
        self.fail_on_create = False
        self.names = ["lake", "raw"]

    def has_database(self, database: str) -> bool:
        return database in self.databases()

    def databases(self) -> list[str]:
        return sorted(self.names)

    def create_database(self, name: str, location: str, comment: str) -> None:
        self.names.append(name)

    def drop_database(self, name: str) -> None:
        self.names.remove(name)

    def update_table(self, table: Table) -> None:
        self.found[table.database, table.name] = table

    def tables(self, database: str) -> list[str]:
        return sorted(name for owner, name in self.found if owner == database)

    def table(self, database: str, name: str) -> Table | None:
        return self.found.get((database, name))

    def partitions(self, table: Table) -> list[Partition]:
        return list(self.parts.get((table.database, table.name), []))

    def create_table(self, table: Table, *, replace: bool = False) -> None:
        if self.fail_on_create:
            raise QueryError("TABLE_ALREADY_EXISTS", f"Table {table.name} already exists")
        self.found[table.database, table.name] = table

    def drop_table(self, table: Table) -> None:
        del self.found[table.database, table.name]
        self.parts.pop((table.database, table.name), None)

    def add_partitions(self, table: Table, partitions: list[Partition]) -> None:
        self.parts.setdefault((table.database, table.name), []).extend(partitions)

    def update_partition(self, table: Table, values: tuple[str, ...], partition: Partition) -> None:
        self.drop_partition(table, values)
        self.add_partitions(table, [partition])

    def drop_partition(self, table: Table, values: tuple[str, ...]) -> None:
        key = (table.database, table.name)
        self.parts[key] = [p for p in self.parts.get(key, []) if p.values != values]


class Athena:
    """The engine with its fakes, and short ways to use it."""

    def __init__(self, folder: Path, memory: str = "1GB") -> None:
        self.store = DirectoryStore(folder / "s3")
        self.catalog = MemoryCatalog()
        self.engine = Engine(self.catalog, self.store, folder / "work", memory=memory, threads=2)
        self._count = 0

    def run(self, sql: str, *, cutoff: int | None = None, handle: QueryHandle | None = None) -> Outcome:
        self._count += 1
        identifier = f"{self._count:08x}-0000"
        output = "s3://results/out/"
        return self.engine.execute(
            sql, "lake", query_id=identifier, output=output, cutoff=cutoff, handle=handle
        )

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query as text, without the header."""
        outcome = self.run(sql)
        assert outcome.csv is not None
        page, _ = read_page(outcome.csv, 0, 1_000_000)
        outcome.csv.unlink()
        return [tuple(row) for row in page[1:]]

    def result(self, sql: str) -> tuple[list[Column], list[tuple[str | None, ...]]]:
        """Return the columns and rows of any statement, without the header; lines of DDL are rows."""
        outcome = self.run(sql)
        if outcome.csv is None:
            return outcome.columns, [(line,) for line in outcome.lines]
        page, _ = read_page(outcome.csv, 0, 1_000_000)
        outcome.csv.unlink()
        return outcome.columns, [tuple(row) for row in page[1:]]

    def reset(self) -> None:
        """Forget every table and object; the engine, which is slow to make, stays."""
        for bucket in (self.store.root / "000000000000").iterdir():
            shutil.rmtree(bucket)
        self.catalog.__init__()  # type: ignore[misc]

    def put(self, address: str, content: str) -> None:
        """Put an object into S3."""
        target = self.store.path(address)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    def parquet_table(
        self,
        name: str,
        columns: list[tuple[str, str]],
        keys: list[tuple[str, str]] | None = None,
        location: str = "",
    ) -> Table:
        table = Table(
            "lake", name, columns, keys or [], location or f"s3://lake/{name}/", "MapredParquetInputFormat",
            PARQUET_SERDE,
        )  # fmt: skip
        self.catalog.create_table(table)
        return table
