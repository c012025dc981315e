"""CREATE TABLE AS and INSERT INTO: files are staged, then moved into S3, then registered.

A statement that fails leaves no table, partition or object: everything that can fail happens before
the first object is added.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engage_cli.local.athena import statements as st
from engage_cli.local.athena.access import Access
from engage_cli.local.athena.catalog import Catalog, Columns, Partition, Table, find_table
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.hive_types import duckdb_type, hive_type
from engage_cli.local.athena.relation import quote, text
from engage_cli.local.athena.scan import kind_of
from engage_cli.local.athena.storage import ObjectStore, directory, partition_path, unescape

if TYPE_CHECKING:
    from engage_cli.local.athena.engine import Prepared

MAX_PARTITIONS = 100
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_CODECS = {
    "SNAPPY": "snappy",
    "ZSTD": "zstd",
    "GZIP": "gzip",
    "NONE": "uncompressed",
    "UNCOMPRESSED": "uncompressed",
}
_PROPERTIES = ("format", "external_location", "partitioned_by", "write_compression", "parquet_compression")


class TableWriter:
    """Writes the rows of one statement. `stage` is an empty directory on the store's file system."""

    def __init__(
        self, catalog: Catalog, store: ObjectStore, access: Access, stage: Path, query_id: str
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._access = access
        self._stage = stage
        self._query_id = query_id

    def create(
        self, connection: Any, statement: st.CreateTableAs, prepared: Prepared, database: str, output: str
    ) -> tuple[int, list[str]]:
        """Create a table from a query. Return the number of rows and the addresses of the new objects."""
        database, name = statement.name[0] or database, statement.name[1]
        self._check_target(database, name, statement)
        if self._catalog.table(database, name) is not None:
            return 0, []
        properties = statement.properties
        codec = self._codec(properties)
        location = properties.get("external_location") or f"{directory(output)}tables/{self._query_id}/"
        location = directory(str(location))
        if not self._store.is_empty(location):
            message = f"Target directory for table '{database}.{name}' already exists: {location}"
            raise QueryError(
                "HIVE_PATH_ALREADY_EXISTS", message + ". You may need to manually clean the data"
            )
        columns, keys = self._layout(prepared, properties)
        table = Table(
            database,
            name,
            columns,
            keys,
            location,
            f"{_PARQUET}.MapredParquetInputFormat",
            f"{_PARQUET}.serde.ParquetHiveSerDe",
            {"serialization.format": "1"},
            {"classification": "parquet", "parquet.compression": codec.upper()},
        )
        query = prepared.sql if statement.with_data else f"SELECT * FROM ({prepared.sql}) WHERE false"
        selected = ", ".join(f"c{i} AS {quote(n)}" for i, n in enumerate(prepared.names))
        rows, files = self._write(connection, f"SELECT {selected} FROM ({query})", table, codec)
        uris = self._publish(table, files, new=True)
        return rows, uris

    def insert(
        self, connection: Any, statement: st.Insert, prepared: Prepared, database: str, output: str
    ) -> tuple[int, list[str]]:
        """Append a query's rows to a table. Return their number and the addresses of the new objects."""
        del output  # a table has its own location
        table = find_table(self._catalog, database, statement.name)
        if table.view_sql is not None:
            raise QueryError("NOT_SUPPORTED", "Inserting into views is not supported")
        if table.format != "parquet":
            raise not_supported(f"INSERT INTO a {table.format} table")
        targets = [(name.lower(), kind) for name, kind in [*table.columns, *table.partition_keys]]
        given = statement.columns or [name for name, _ in targets]
        if unknown := [name for name in given if name not in dict(targets)]:
            raise QueryError(
                "COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {unknown[0]}"
            )
        wanted = [kind_of(duckdb_type(dict(targets)[name])) for name in given]
        actual = [kind_of(str(kind)) for kind in prepared.types]
        nulls = ('"null"', "null")
        if len(wanted) != len(actual) or any(
            w != a and a not in nulls for w, a in zip(wanted, actual, strict=True)
        ):
            message = f"Insert query has mismatched column types: Table: [{', '.join(wanted)}], "
            raise QueryError("TYPE_MISMATCH", message + f"Query: [{', '.join(actual)}]")
        place = {name: f"c{i}" for i, name in enumerate(given)}
        selected = ", ".join(
            f"CAST({place.get(name, 'NULL')} AS {duckdb_type(kind)}) AS {quote(name)}"
            for name, kind in targets
        )
        codec = _CODECS.get(table.parameters.get("parquet.compression", "SNAPPY").upper(), "snappy")
        rows, files = self._write(connection, f"SELECT {selected} FROM ({prepared.sql})", table, codec)
        return rows, self._publish(table, files, new=False)

    def _check_target(self, database: str, name: str, statement: st.CreateTableAs) -> None:
        if not self._catalog.has_database(database):
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema {database} not found")
        if self._catalog.table(database, name) is not None and not statement.if_not_exists:
            raise QueryError(
                "TABLE_ALREADY_EXISTS", f"Table 'awsdatacatalog.{database}.{name}' already exists"
            )
        for item in statement.properties:
            if item not in _PROPERTIES:
                raise not_supported(f"Table property {item}")

    @staticmethod
    def _codec(properties: dict[str, str | list[str] | int]) -> str:
        form = str(properties.get("format", "PARQUET")).upper()
        if form != "PARQUET":
            raise not_supported(f"CREATE TABLE AS with format {form}")
        codec = str(
            properties.get("write_compression") or properties.get("parquet_compression") or "GZIP"
        ).upper()
        if codec not in _CODECS:
            raise not_supported(f"Compression {codec} for Parquet")
        return _CODECS[codec]

    @staticmethod
    def _layout(prepared: Prepared, properties: dict[str, str | list[str] | int]) -> tuple[Columns, Columns]:
        names = [name.lower() for name in prepared.names]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{doubled}' specified more than once")
        columns = [(name, hive_type(kind)) for name, kind in zip(names, prepared.types, strict=True)]
        if nameless := next((name for name, kind in columns if kind == "unknown"), None):
            raise QueryError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {nameless}")
        listed = properties.get("partitioned_by") or []
        keys = [str(item) for item in listed] if isinstance(listed, list) else [str(listed)]
        if missing := [key for key in keys if key not in names]:
            raise QueryError("INVALID_TABLE_PROPERTY", f"Partition column not in table: {missing[0]}")
        if keys and (names[-len(keys) :] != keys or len(keys) == len(names)):
            message = (
                "Partition keys must be the last columns in the table and in the same order as the table"
            )
            raise QueryError("HIVE_COLUMN_ORDER_MISMATCH", f"{message} properties: {keys}")
        split = len(columns) - len(keys)
        return columns[:split], columns[split:]

    def _write(
        self, connection: Any, query: str, table: Table, codec: str
    ) -> tuple[int, dict[tuple[str, ...], list[Path]]]:
        """Stage the files of a query. Return the number of rows, and files by partition values."""
        keys = [name.lower() for name, _ in table.partition_keys]
        options = f"FORMAT parquet, COMPRESSION {codec}"
        target = self._stage / "rows"
        if keys:
            texts = [f"trino_cast_varchar({quote(key)}) AS {quote(key)}" for key in keys]
            query = f"SELECT * REPLACE ({', '.join(texts)}) FROM ({query})"
            options += (
                f", PARTITION_BY ({', '.join(quote(key) for key in keys)}), FILENAME_PATTERN '{{uuid}}'"
            )
        [(rows,)] = connection.execute(f"COPY ({query}) TO {text(str(target))} ({options})").fetchall()
        if not keys:
            return rows, {(): [target]}
        found: dict[tuple[str, ...], list[Path]] = {}
        for file in sorted(target.rglob("*")) if target.is_dir() else []:
            if file.is_file():
                parts = file.relative_to(target).parts[:-1]
                found.setdefault(tuple(unescape(part.partition("=")[2]) for part in parts), []).append(file)
        if len(found) > MAX_PARTITIONS:
            message = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
            raise QueryError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
        return rows, found

    def _publish(self, table: Table, files: dict[tuple[str, ...], list[Path]], *, new: bool) -> list[str]:
        """Move staged files into S3 and register what they belong to; undo both if that fails."""
        known = {} if new else {p.values: p.location for p in self._catalog.partitions(table)}
        keys = [name.lower() for name, _ in table.partition_keys]
        added: list[str] = []
        partitions = []
        try:
            for values, paths in files.items():
                location = known.get(values) or directory(table.location) + partition_path(keys, values)
                if values and values not in known:
                    partitions.append(Partition(values, directory(location)))
                for path in paths:
                    uri = f"{directory(location)}{self._file_name(len(added))}"
                    self._access.write(uri)
                    self._store.put_file(uri, path, "application/octet-stream")
                    added.append(uri)
            if new:
                self._catalog.create_table(table)
            if partitions:
                self._catalog.add_partitions(table, partitions)
        except BaseException:
            for uri in added:
                self._store.delete(uri)
            raise
        return added

    def _file_name(self, index: int) -> str:
        prefix = re.sub(r"[^0-9a-f]", "", self._query_id)[:12] or "0"
        return f"{prefix}_{index:05d}_{uuid.uuid4()}"
