"""The catalog that queries are resolved against: a narrow port, and the Glue catalog behind it."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.hive_types import duckdb_type

Columns = list[tuple[str, str]]


@dataclass(frozen=True)
class Partition:
    """A partition: its values in the order of the table's keys, and where its files are."""

    values: tuple[str, ...]
    location: str


@dataclass
class Table:
    """A table or view of the Glue catalog. Column types are Hive's."""

    database: str
    name: str
    columns: Columns
    partition_keys: Columns = field(default_factory=list)
    location: str = ""
    input_format: str = ""
    serde: str = ""
    serde_parameters: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    view_sql: str | None = None
    external: bool = True
    bucket_columns: tuple[str, ...] = ()
    bucket_count: int = -1

    def duckdb_columns(self) -> Columns:
        """Return every column, partition keys last, with DuckDB's types."""
        return [(name.lower(), duckdb_type(kind)) for name, kind in [*self.columns, *self.partition_keys]]

    @property
    def format(self) -> str:
        """Return `parquet`, `csv` or `json`. Raises QueryError for another format."""
        text = f"{self.serde} {self.input_format}".lower()
        if "parquet" in text:
            return "parquet"
        if "json" in text:
            return "json"
        if "lazysimple" in text or "opencsv" in text or "text" in text:
            return "csv"
        raise QueryError(
            "NOT_SUPPORTED", f"Format of table {self.database}.{self.name} ({self.serde or 'none'})"
        )


class Catalog(Protocol):
    """What the engine asks of a catalog."""

    def has_database(self, database: str) -> bool:
        """Say whether the database exists."""

    def databases(self) -> list[str]:
        """Return the names of all databases."""

    def tables(self, database: str) -> list[str]:
        """Return the names of a database's tables and views, sorted."""

    def table(self, database: str, name: str) -> Table | None:
        """Return a table or view, or None."""

    def partitions(self, table: Table) -> list[Partition]:
        """Return the registered partitions of a table."""

    def create_table(self, table: Table, *, replace: bool = False) -> None:
        """Register a table or view. Raises QueryError if it exists and `replace` is not set."""

    def update_table(self, table: Table) -> None:
        """Put a table in the place of the one with its name, whose partitions stay."""

    def create_database(self, name: str, location: str, comment: str) -> None:
        """Make a database."""

    def drop_database(self, name: str) -> None:
        """Remove an empty database."""

    def drop_table(self, table: Table) -> None:
        """Remove a table with its partitions."""

    def add_partitions(self, table: Table, partitions: list[Partition]) -> None:
        """Register partitions; those that exist are left alone."""

    def update_partition(self, table: Table, values: tuple[str, ...], partition: Partition) -> None:
        """Put a partition in the place of the one with these values."""

    def drop_partition(self, table: Table, values: tuple[str, ...]) -> None:
        """Remove one partition."""


_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def _storage(table: Table, location: str) -> dict[str, Any]:
    parquet = "parquet" in table.serde.lower()
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in table.columns],
        "Location": location,
        "InputFormat": table.input_format or "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat"
        if parquet
        else "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": table.bucket_count or -1,
        "BucketColumns": list(table.bucket_columns),
        "SerdeInfo": {"SerializationLibrary": table.serde, "Parameters": dict(table.serde_parameters)},
        "StoredAsSubDirectories": False,
    }


class GlueCatalog:
    """The Glue catalog of the request's account and region, in MiniStack's stores."""

    def __init__(self) -> None:
        from ministack.services import glue

        self._glue = glue

    def has_database(self, database: str) -> bool:
        """Say whether the database exists."""
        return database in self._glue._databases

    def databases(self) -> list[str]:
        """Return the names of all databases."""
        return sorted(self._glue._databases.keys())

    def tables(self, database: str) -> list[str]:
        """Return the names of a database's tables and views, sorted."""
        prefix = database + "/"
        return sorted(key[len(prefix) :] for key in self._glue._tables.keys() if key.startswith(prefix))  # noqa: SIM118

    def table(self, database: str, name: str) -> Table | None:
        """Return a table or view, or None."""
        found = self._glue._tables.get(f"{database}/{name}")
        return None if found is None else self._from_glue(database, name, found)

    @staticmethod
    def _from_glue(database: str, name: str, found: dict[str, Any]) -> Table:
        from engage_cli.local.athena.views import view_sql

        storage = found.get("StorageDescriptor") or {}
        serde = storage.get("SerdeInfo") or {}
        view = found.get("TableType") == "VIRTUAL_VIEW"
        return Table(
            database=database,
            name=name,
            columns=[(c["Name"], c.get("Type", "string")) for c in storage.get("Columns") or []],
            partition_keys=[(c["Name"], c.get("Type", "string")) for c in found.get("PartitionKeys") or []],
            location=storage.get("Location") or "",
            input_format=storage.get("InputFormat") or "",
            serde=serde.get("SerializationLibrary") or "",
            serde_parameters=dict(serde.get("Parameters") or {}),
            parameters=dict(found.get("Parameters") or {}),
            view_sql=view_sql(found.get("ViewOriginalText") or "") if view else None,
            external=found.get("TableType") != "MANAGED_TABLE",
            bucket_columns=tuple(storage.get("BucketColumns") or ()),
            bucket_count=int(storage.get("NumberOfBuckets") or -1),
        )

    def partitions(self, table: Table) -> list[Partition]:
        """Return the registered partitions of a table."""
        found = self._glue._partitions.get(f"{table.database}/{table.name}") or []
        return [
            Partition(tuple(p.get("Values") or []), (p.get("StorageDescriptor") or {}).get("Location") or "")
            for p in list(found)
        ]

    def create_table(self, table: Table, *, replace: bool = False) -> None:
        """Register a table or view. Raises QueryError if it exists and `replace` is not set."""
        request = self._input(table)
        if replace and f"{table.database}/{table.name}" in self._glue._tables:
            self._glue._delete_table({"DatabaseName": table.database, "Name": table.name})
        self._check(self._glue._create_table({"DatabaseName": table.database, "TableInput": request}), table)

    @staticmethod
    def _input(table: Table) -> dict[str, Any]:
        from engage_cli.local.athena.views import view_text

        view = table.view_sql is not None
        parameters = dict(table.parameters)
        if not view and table.external:
            parameters.setdefault("EXTERNAL", "TRUE")
        request = {
            "Name": table.name,
            "TableType": "VIRTUAL_VIEW" if view else "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in table.partition_keys],
            "StorageDescriptor": _storage(table, table.location),
        }
        if view:
            request["ViewOriginalText"] = view_text(table)
            request["ViewExpandedText"] = "/* Presto View */"
        return request

    def update_table(self, table: Table) -> None:
        """Put a table in the place of the one with its name, whose partitions stay."""
        request = {"DatabaseName": table.database, "TableInput": self._input(table)}
        self._check(self._glue._update_table(request), table)

    def create_database(self, name: str, location: str, comment: str) -> None:
        """Make a database."""
        given = {"Name": name, "LocationUri": location, "Description": comment}
        self._glue._create_database({"DatabaseInput": {key: value for key, value in given.items() if value}})

    def drop_database(self, name: str) -> None:
        """Remove an empty database."""
        self._glue._delete_database({"Name": name})

    @staticmethod
    def _check(response: tuple[int, dict[str, str], bytes], table: Table) -> None:
        if response[0] == 200:
            return
        text = response[2].decode()
        if "AlreadyExists" in text:
            name = f"awsdatacatalog.{table.database}.{table.name}"
            raise QueryError("TABLE_ALREADY_EXISTS", f"Table '{name}' already exists")
        raise QueryError("", f"FAILED: SemanticException {text}")

    def drop_table(self, table: Table) -> None:
        """Remove a table with its partitions."""
        self._glue._delete_table({"DatabaseName": table.database, "Name": table.name})

    def add_partitions(self, table: Table, partitions: list[Partition]) -> None:
        """Register partitions; those that exist are left alone."""
        inputs: list[dict[str, Any]] = [
            {"Values": list(p.values), "StorageDescriptor": _storage(table, p.location), "Parameters": {}}
            for p in partitions
        ]
        for item in inputs:
            item["LastAccessTime"] = int(time.time())
        request = {"DatabaseName": table.database, "TableName": table.name, "PartitionInputList": inputs}
        self._glue._batch_create_partition(request)

    def update_partition(self, table: Table, values: tuple[str, ...], partition: Partition) -> None:
        """Put a partition in the place of the one with these values."""
        self.drop_partition(table, values)
        self.add_partitions(table, [partition])

    def drop_partition(self, table: Table, values: tuple[str, ...]) -> None:
        """Remove one partition."""
        request = {"DatabaseName": table.database, "TableName": table.name, "PartitionValues": list(values)}
        self._glue._delete_partition(request)


def find_table(catalog: Catalog, database: str, name: tuple[str | None, str]) -> Table:
    """Return a table by its optional database and name. Raises QueryError (TABLE_NOT_FOUND)."""
    table = catalog.table(name[0] or database, name[1])
    if table is None:
        full = f"awsdatacatalog.{name[0] or database}.{name[1]}"
        raise QueryError("TABLE_NOT_FOUND", f"Table '{full}' does not exist")
    return table
