"""Statements about the catalog alone: databases, tables, views and partitions."""

import re
from dataclasses import replace
from typing import Any

from engage_cli.local.athena import statements as st
from engage_cli.local.athena.catalog import Catalog, Partition, Table
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.hive_types import athena_type, duckdb_type
from engage_cli.local.athena.results import Column
from engage_cli.local.athena.showing import Lines, find, show
from engage_cli.local.athena.storage import ObjectStore, directory, partition_path, split_uri, unescape

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
            return show(self._catalog, statement, database)
        if isinstance(statement, st.AlterPartition):
            return self._alter_partition(statement, database)
        if isinstance(statement, st.AlterTable):
            return self._alter_table(statement, database)
        if isinstance(statement, st.Database):
            return self._database(statement)
        raise not_supported(type(statement).__name__)

    def _table(self, name: st.Name, database: str) -> Table:
        return find(self._catalog, name, database)

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
        names = statement.columns or names
        if len(names) != len(types):
            raise QueryError(
                "MISMATCHED_COLUMN_ALIASES", f"The view has {len(names)} names for {len(types)} columns"
            )
        self._check_names(names)
        columns = [(n.lower(), athena_type(t)) for n, t in zip(names, types, strict=True)]
        hive = [(n, {"varchar": "string", "integer": "int"}.get(t, t)) for n, t in columns]
        view = Table(
            database,
            name,
            hive,
            view_sql=self._view_sql(statement),
            parameters={"presto_view": "true", "comment": "Presto View"},
        )
        self._catalog.create_table(view, replace=statement.replace)

    @staticmethod
    def _check_names(names: list[str]) -> None:
        for place, name in enumerate(names, 1):
            if re.fullmatch(r"_col\d+", name):
                raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {place}")
            if name in names[: place - 1]:
                raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once")

    @staticmethod
    def _view_sql(statement: st.CreateView) -> str:
        if not statement.columns:
            return statement.sql
        names = ", ".join(f'"{name}"' for name in statement.columns)
        return f"SELECT * FROM ({statement.sql}) AS v_ ({names})"

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
        for values in wanted if not missing else [v for v in wanted if v in known]:
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

    def _alter_partition(self, statement: st.AlterPartition, database: str) -> Lines:
        table = self._table(statement.name, database)
        values = self._values(table, statement.values)
        known = self._catalog.partitions(table)
        old = next((p for p in known if p.values == values), None)
        if old is None:
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10006]: Partition not found {list(values)}"
            )
        if statement.renamed is not None:
            new, kind = Partition(self._values(table, statement.renamed), old.location), "RENAME_PARTITION"
        else:
            split_uri(statement.location or "")
            new, kind = Partition(values, statement.location or ""), "PARTITION_SET_LOCATION"
        if new.values != values and any(p.values == new.values for p in known):
            words = f"Partition {list(new.values)} already exists"
            raise QueryError("", f"FAILED: AlreadyExistsException: {words}")
        self._catalog.update_partition(table, values, new)
        return f"ALTER_TABLE_{kind}", [], []

    def _alter_table(self, statement: st.AlterTable, database: str) -> Lines:
        table = self._table(statement.name, database)
        if table.view_sql is not None:
            raise QueryError("", f"FAILED: SemanticException: {table.name} is a view, not a table")
        for _, hive in statement.columns:
            duckdb_type(hive)
        changed = replace(table, parameters={**table.parameters, **statement.properties})
        if statement.location:
            split_uri(statement.location)
            changed.location = statement.location
        if statement.kind == "ADD_COLUMNS":
            changed.columns = [*table.columns, *statement.columns]
        elif statement.kind == "REPLACE_COLUMNS":
            changed.columns = statement.columns
        elif statement.kind == "CHANGE_COLUMN":
            if statement.changed not in dict(table.columns):
                raise QueryError(
                    "", f"FAILED: SemanticException [Error 10002]: Invalid column {statement.changed}"
                )
            changed.columns = [
                statement.columns[0] if name == statement.changed else (name, hive)
                for name, hive in table.columns
            ]
        names = [name for name, _ in [*changed.columns, *changed.partition_keys]]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise QueryError("", f"FAILED: SemanticException [Error 10036]: Duplicate column name: {doubled}")
        self._catalog.update_table(changed)
        return f"ALTER_TABLE_{statement.kind}", [], []

    def _database(self, statement: st.Database) -> Lines:
        there = self._catalog.has_database(statement.name)
        if statement.create:
            if there and not statement.lenient:
                raise QueryError("", f"FAILED: Execution Error. Database {statement.name} already exists")
            if not there:
                self._catalog.create_database(statement.name, statement.location, statement.comment)
            return "CREATE_DATABASE", [], []
        if not there:
            if not statement.lenient:
                words = f"Database does not exist: {statement.name}"
                raise QueryError("", f"FAILED: SemanticException [Error 10072]: {words}")
            return "DROP_DATABASE", [], []
        tables = self._catalog.tables(statement.name)
        if tables and not statement.cascade:
            words = f"Database {statement.name} is not empty. One or more tables exist."
            raise QueryError("", f"FAILED: Execution Error. InvalidOperationException(message:{words})")
        for name in tables:
            if (table := self._catalog.table(statement.name, name)) is not None:
                self._catalog.drop_table(table)
        self._catalog.drop_database(statement.name)
        return "DROP_DATABASE", [], []
