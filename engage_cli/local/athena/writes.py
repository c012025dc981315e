"""CREATE TABLE AS and INSERT INTO: files are staged, then moved into S3, then registered.

A statement that fails leaves no table, partition or object: everything that can fail happens before
the first object is added.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engage_cli.local.athena import statements as st
from engage_cli.local.athena.access import Access
from engage_cli.local.athena.catalog import Catalog, Columns, Partition, Table, find_table
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.file_formats import Bucketing, FileFormat, bucketing, file_format
from engage_cli.local.athena.hive_types import duckdb_type, hive_type
from engage_cli.local.athena.scan import kind_of
from engage_cli.local.athena.storage import ObjectStore, directory, partition_path, unescape
from engage_cli.local.athena.trino_types import of_hive
from engage_cli.sql_text import literal, quoted

if TYPE_CHECKING:
    from engage_cli.local.athena.engine import Prepared

MAX_PARTITIONS = 100
_BUCKET = "__bucket"
# Trino coerces whole numbers into decimals and both into doubles where they are inserted.
_WIDENED = {("integer", "real"), ("integer", "decimal"), ("decimal", "real"), ("date", "timestamp")}
_PROPERTIES = (
    "format", "external_location", "partitioned_by", "write_compression", "parquet_compression",
    "bucketed_by", "bucket_count", "field_delimiter",
)  # fmt: skip
_UNLOAD_PROPERTIES = ("format", "compression", "field_delimiter", "partitioned_by")


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
        form = file_format(properties, "CREATE TABLE AS")
        location = properties.get("external_location") or f"{directory(output)}tables/{self._query_id}/"
        location = self._empty(str(location), f"table '{database}.{name}'")
        columns, keys = self._layout(prepared, properties)
        buckets = bucketing(properties, [name for name, _ in columns])
        table = Table(database, name, columns, keys, location, **form.description())
        table.bucket_columns, table.bucket_count = tuple(buckets.columns), buckets.count
        query = prepared.sql if statement.with_data else f"SELECT * FROM ({prepared.sql}) WHERE false"
        rows, files = self._write(connection, self._named(prepared, query), table, form, buckets)
        return rows, self._publish(table, files, form, new=True)

    def unload(
        self, connection: Any, statement: st.Unload, prepared: Prepared, database: str, output: str
    ) -> tuple[int, list[str]]:
        """Write a query's rows to a location, without a table. Return their number and the new objects."""
        del output
        if "compression_level" in statement.properties:
            raise not_supported("The property compression_level of UNLOAD")
        if wrong := next((name for name in statement.properties if name not in _UNLOAD_PROPERTIES), None):
            raise QueryError("INVALID_PROPERTY", f"UNLOAD property '{wrong}' does not exist")
        form = file_format(statement.properties, "UNLOAD")
        location = self._empty(statement.location, "UNLOAD")
        columns, keys = self._layout(prepared, statement.properties)
        # It takes the place of the table in what follows, and is never registered.
        table = Table(database, "unload", columns, keys, location)
        rows, files = self._write(connection, self._named(prepared, prepared.sql), table, form, Bucketing())
        return rows, self._publish(table, files, form, new=None)

    @staticmethod
    def _named(prepared: Prepared, query: str) -> str:
        selected = ", ".join(f"c{i} AS {quoted(n.lower())}" for i, n in enumerate(prepared.names))
        return f"SELECT {selected} FROM ({query})"

    def _empty(self, location: str, what: str) -> str:
        location = directory(location)
        if not self._store.is_empty(location):
            message = f"Target directory for {what} already exists: {location}"
            raise QueryError(
                "HIVE_PATH_ALREADY_EXISTS", message + ". You may need to manually clean the data"
            )
        return location

    def insert(
        self, connection: Any, statement: st.Insert, prepared: Prepared, database: str, output: str
    ) -> tuple[int, list[str]]:
        """Append a query's rows to a table. Return their number and the addresses of the new objects."""
        del output  # a table has its own location
        table = find_table(self._catalog, database, statement.name)
        if table.view_sql is not None:
            raise QueryError("NOT_SUPPORTED", "Inserting into views is not supported")
        if table.bucket_count > 0:
            raise QueryError("NOT_SUPPORTED", "INSERT INTO is not supported on bucketed tables")
        form = self._format_of(table)
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
            w != a and a not in nulls and (a, w) not in _WIDENED for w, a in zip(wanted, actual, strict=True)
        ):
            wanted = [
                str(of_hive(dict(targets)[name]) or kind) for name, kind in zip(given, wanted, strict=True)
            ]
            actual = [str(trino or kind) for trino, kind in zip(prepared.trino, actual, strict=True)]
            message = f"Insert query has mismatched column types: Table: [{', '.join(wanted)}], "
            raise QueryError("TYPE_MISMATCH", message + f"Query: [{', '.join(actual)}]")
        place = {name: f"c{i}" for i, name in enumerate(given)}
        selected = ", ".join(
            f"CAST({place.get(name, 'NULL')} AS {duckdb_type(kind)}) AS {quoted(name)}"
            for name, kind in targets
        )
        query = f"SELECT {selected} FROM ({prepared.sql})"
        rows, files = self._write(connection, query, table, form, Bucketing())
        return rows, self._publish(table, files, form, new=False)

    @staticmethod
    def _format_of(table: Table) -> FileFormat:
        """Return the format that new files of a table have. Raises QueryError where it cannot be written."""
        if table.format == "parquet":
            return file_format(
                {"write_compression": table.parameters.get("parquet.compression", "SNAPPY")}, "INSERT"
            )
        if "opencsv" in table.serde.lower():
            raise QueryError("NOT_SUPPORTED", "INSERT INTO is not supported on a table with OpenCSVSerde")
        codec = table.parameters.get("write.compression", "GZIP")
        if table.format == "json":
            return file_format({"format": "JSON", "write_compression": codec}, "INSERT")
        parameters = table.serde_parameters
        delimiter = parameters.get("field.delim", parameters.get("serialization.format", "\x01"))
        form = file_format(
            {"format": "TEXTFILE", "write_compression": codec, "field_delimiter": delimiter}, "INSERT"
        )
        return replace(form, null=parameters.get("serialization.null.format", "\\N"))

    def _check_target(self, database: str, name: str, statement: st.CreateTableAs) -> None:
        if not self._catalog.has_database(database):
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema {database} not found")
        if self._catalog.table(database, name) is not None and not statement.if_not_exists:
            raise QueryError(
                "TABLE_ALREADY_EXISTS", f"Table 'awsdatacatalog.{database}.{name}' already exists"
            )
        for item in statement.properties:
            if item not in _PROPERTIES:
                words = f"Catalog 'awsdatacatalog' table property '{item}' does not exist"
                raise QueryError("INVALID_TABLE_PROPERTY", words)

    @staticmethod
    def _layout(prepared: Prepared, properties: dict[str, str | list[str] | int]) -> tuple[Columns, Columns]:
        names = [name.lower() for name in prepared.names]
        if unnamed := [i for i, name in enumerate(names, 1) if re.fullmatch(r"_col\d+", name)]:
            raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {unnamed[0]}")
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
        self, connection: Any, query: str, table: Table, form: FileFormat, buckets: Bucketing
    ) -> tuple[int, dict[tuple[str, ...], list[Path]]]:
        """Stage the files of a query. Return the number of rows, and files by partition values."""
        keys = [name.lower() for name, _ in table.partition_keys]
        folders = [*keys, _BUCKET] if buckets.columns else keys
        relation = connection.sql(query)
        columns = list(zip(relation.columns, relation.types, strict=True))
        if buckets.columns:
            query = f"SELECT *, {buckets.expression(dict(columns))} AS {quoted(_BUCKET)} FROM ({query})"
        query = form.query(query, columns, folders)
        options, target = form.options(), self._stage / f"rows{form.suffix}"
        if keys:
            texts = [f"trino_cast_varchar({quoted(key)}, {quoted(key)}) AS {quoted(key)}" for key in keys]
            query = f"SELECT * REPLACE ({', '.join(texts)}) FROM ({query})"
        if folders:
            named = ", ".join(quoted(key) for key in folders)
            options += f", PARTITION_BY ({named}), FILENAME_PATTERN '{{uuid}}'"
        [(rows,)] = connection.execute(f"COPY ({query}) TO {literal(str(target))} ({options})").fetchall()
        if not folders:
            return rows, {(): [target]}
        found: dict[tuple[str, ...], list[Path]] = {}
        for file in sorted(target.rglob("*")) if target.is_dir() else []:
            if file.is_file():
                parts = file.relative_to(target).parts[: len(keys)]
                found.setdefault(tuple(unescape(part.partition("=")[2]) for part in parts), []).append(file)
        if len(found) > MAX_PARTITIONS:
            message = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
            raise QueryError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
        return rows, found

    def _publish(
        self, table: Table, files: dict[tuple[str, ...], list[Path]], form: FileFormat, *, new: bool | None
    ) -> list[str]:
        """Move staged files into S3 and register what they belong to; undo both if that fails.

        `new`: whether the table is to be registered; None if there is none.
        """
        known = {} if new is not False else {p.values: p.location for p in self._catalog.partitions(table)}
        keys = [name.lower() for name, _ in table.partition_keys]
        added: list[str] = []
        partitions = []
        try:
            for values, paths in files.items():
                location = known.get(values) or directory(table.location) + partition_path(keys, values)
                if values and values not in known:
                    partitions.append(Partition(values, directory(location)))
                for path in paths:
                    uri = f"{directory(location)}{self._file_name(len(added))}{form.suffix}"
                    self._access.write(uri)
                    self._store.put_file(uri, path, "application/octet-stream")
                    added.append(uri)
            if new:
                self._catalog.create_table(table)
            if partitions and new is not None:
                self._catalog.add_partitions(table, partitions)
        except BaseException:
            for uri in added:
                self._store.delete(uri)
            raise
        return added

    def _file_name(self, index: int) -> str:
        prefix = re.sub(r"[^0-9a-f]", "", self._query_id)[:12] or "0"
        return f"{prefix}_{index:05d}_{uuid.uuid4()}"
