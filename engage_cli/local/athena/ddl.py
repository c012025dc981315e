"""Statements about the catalog alone: tables, views, partitions, SHOW and DESCRIBE."""

import fnmatch
from typing import Any

from engage_cli.local.athena import statements as st
from engage_cli.local.athena.catalog import Catalog, Partition, Table
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.hive_types import athena_type, duckdb_type
from engage_cli.local.athena.results import Column
from engage_cli.local.athena.storage import ObjectStore, directory, partition_path, split_uri, unescape

Lines = tuple[str, list[Column], list[str]]
_FORMATS = {
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "textfile": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    ),
}


class DdlRunner:
    """Runs statements that change or show the catalog."""

    def __init__(self, catalog: Catalog, store: ObjectStore) -> None:
        self._catalog = catalog
        self._store = store

    def run(self, statement: st.Statement, database: str) -> Lines:
        """Run a statement. Return its substatement type, result columns and result lines."""
        if isinstance(statement, st.CreateExternalTable):
            return self._create_external(statement, database)
        if isinstance(statement, st.Drop):
            return self._drop(statement, database)
        if isinstance(statement, st.AddPartitions):
            return self._add_partitions(statement, database)
        if isinstance(statement, st.DropPartitions):
            return self._drop_partitions(statement, database)
        if isinstance(statement, st.RepairTable):
            return self._repair(statement, database)
        if isinstance(statement, st.Show):
            return self._show(statement, database)
        raise not_supported(type(statement).__name__)

    def _table(self, name: st.Name, database: str) -> Table:
        table = self._catalog.table(name[0] or database, name[1])
        if table is None:
            raise QueryError(
                "",
                f"FAILED: SemanticException [Error 10001]: Table not found {name[0] or database}.{name[1]}",
            )
        return table

    def create_view(
        self, statement: st.CreateView, database: str, names: list[str], types: list[Any]
    ) -> None:
        """Register a view whose query gives columns of these DuckDB types."""
        database, name = statement.name[0] or database, statement.name[1]
        existing = self._catalog.table(database, name)
        if existing is not None and existing.view_sql is None:
            raise QueryError(
                "TABLE_ALREADY_EXISTS", f"Table already exists: awsdatacatalog.{database}.{name}"
            )
        if existing is not None and not statement.replace:
            raise QueryError("TABLE_ALREADY_EXISTS", f"View already exists: awsdatacatalog.{database}.{name}")
        columns = [(n.lower(), athena_type(t)) for n, t in zip(names, types, strict=True)]
        hive = [(n, {"varchar": "string", "integer": "int"}.get(t, t)) for n, t in columns]
        view = Table(
            database,
            name,
            hive,
            view_sql=statement.sql,
            parameters={"presto_view": "true", "comment": "Presto View"},
        )
        self._catalog.create_table(view, replace=statement.replace)

    def _create_external(self, statement: st.CreateExternalTable, database: str) -> Lines:
        database, name = statement.name[0] or database, statement.name[1]
        done: Lines = ("CREATE_TABLE", [], [])
        if not self._catalog.has_database(database):
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}"
            )
        if self._catalog.table(database, name) is not None:
            if statement.if_not_exists:
                return done
            raise QueryError(
                "",
                f"FAILED: Execution Error. AlreadyExistsException: Table {name} already exists.",
            )
        for _, kind in [*statement.columns, *statement.partition_keys]:
            duckdb_type(kind)
        split_uri(statement.location)
        if statement.format not in _FORMATS:
            raise not_supported(f"STORED AS {statement.format.upper()}")
        input_format, serde = _FORMATS[statement.format]
        self._catalog.create_table(
            Table(
                database,
                name,
                statement.columns,
                statement.partition_keys,
                statement.location,
                input_format,
                statement.serde or serde,
                statement.serde_parameters,
                statement.parameters,
            )
        )
        return done

    def _drop(self, statement: st.Drop, database: str) -> Lines:
        kind = "VIEW" if statement.view else "TABLE"
        found = self._catalog.table(statement.name[0] or database, statement.name[1])
        if found is not None and (found.view_sql is not None) != statement.view:
            raise QueryError("", f"FAILED: SemanticException: {found.name} is not a {kind.lower()}")
        if found is not None:
            self._catalog.drop_table(found)
        elif not statement.if_exists:
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10001]: {kind.title()} not found {statement.name[1]}"
            )
        return f"DROP_{kind}", [], []

    @staticmethod
    def _values(table: Table, given: dict[str, str]) -> tuple[str, ...]:
        keys = [name.lower() for name, _ in table.partition_keys]
        if set(given) != set(keys):
            raise QueryError(
                "", f"FAILED: SemanticException partition spec {given} does not match the keys {keys}"
            )
        return tuple(given[key] for key in keys)

    def _add_partitions(self, statement: st.AddPartitions, database: str) -> Lines:
        table = self._table(statement.name, database)
        known = {p.values for p in self._catalog.partitions(table)}
        keys = [name.lower() for name, _ in table.partition_keys]
        new = []
        for given, location in statement.partitions:
            values = self._values(table, given)
            if values in known and not statement.if_not_exists:
                raise QueryError(
                    "",
                    f"FAILED: AlreadyExistsException: Partition {list(values)} already exists",
                )
            if values not in known:
                default = directory(table.location) + partition_path(keys, values) + "/"
                new.append(Partition(values, location or default))
                known.add(values)
        if new:
            self._catalog.add_partitions(table, new)
        return "ALTER_TABLE_ADD_PARTITION", [], []

    def _drop_partitions(self, statement: st.DropPartitions, database: str) -> Lines:
        table = self._table(statement.name, database)
        known = {p.values for p in self._catalog.partitions(table)}
        wanted = [self._values(table, given) for given in statement.partitions]
        if (missing := [v for v in wanted if v not in known]) and not statement.if_exists:
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10006]: Partition not found {list(missing[0])}"
            )
        for values in wanted:
            self._catalog.drop_partition(table, values)
        return "ALTER_TABLE_DROP_PARTITION", [], []

    def _repair(self, statement: st.RepairTable, database: str) -> Lines:
        table = self._table(statement.name, database)
        keys = [name.lower() for name, _ in table.partition_keys]
        known = {p.values for p in self._catalog.partitions(table)}
        base = directory(table.location)
        _, prefix = split_uri(base)
        found: dict[tuple[str, ...], str] = {}
        for item in self._store.objects(base):
            parts = item.key[len(prefix) :].split("/")[:-1][: len(keys)]
            names = [part.partition("=")[0].lower() for part in parts]
            if keys and names == keys:
                values = tuple(unescape(part.partition("=")[2]) for part in parts)
                found.setdefault(values, base + "/".join(parts) + "/")
        new = [Partition(values, location) for values, location in found.items() if values not in known]
        if new:
            self._catalog.add_partitions(table, new)
        lines = [f"Partitions not in metastore:\t{table.name}:{partition_path(keys, p.values)}" for p in new]
        lines += [
            f"Repair: Added partition to metastore {table.name}:{partition_path(keys, p.values)}" for p in new
        ]
        return "MSCK_REPAIR_TABLE", [Column("result", "varchar")], lines

    def _show(self, statement: st.Show, database: str) -> Lines:
        text = Column
        if statement.what == "databases":
            return "SHOW_DATABASES", [text("database_name", "string")], self._catalog.databases()
        if statement.what == "tables":
            schema = statement.name[1] if statement.name else database
            if not self._catalog.has_database(schema):
                raise QueryError(
                    "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {schema}"
                )
            pattern = (statement.pattern or "*").replace(".*", "*")
            names = [name for name in self._catalog.tables(schema) if fnmatch.fnmatchcase(name, pattern)]
            return "SHOW_TABLES", [text("tab_name", "string")], names
        assert statement.name is not None
        table = self._table(statement.name, database)
        columns = [*table.columns, *table.partition_keys]
        if statement.what == "partitions":
            keys = [name.lower() for name, _ in table.partition_keys]
            lines = sorted(partition_path(keys, p.values) for p in self._catalog.partitions(table))
            return "SHOW_PARTITIONS", [text("partition", "string")], lines
        if statement.what == "columns":
            return "SHOW_COLUMNS", [text("field", "string")], [name for name, _ in columns]
        lines = [f"{name:<20}\t{kind:<20}\t" for name, kind in columns]
        if table.partition_keys:
            lines += [
                "\t \t ",
                "# Partition Information\t \t ",
                f"{'# col_name':<20}\t{'data_type':<20}\tcomment",
                "\t \t ",
            ]
            lines += [f"{name:<20}\t{kind:<20}\t" for name, kind in table.partition_keys]
        info = [text("col_name", "string"), text("data_type", "string"), text("comment", "string")]
        return "DESCRIBE_TABLE", info, lines
