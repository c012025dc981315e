"""SHOW and DESCRIBE: what is in the catalog, in Athena's lines."""

import fnmatch

from engage_cli.local.athena import statements as st
from engage_cli.local.athena.catalog import Catalog, Table
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.results import Column
from engage_cli.local.athena.storage import partition_path

Lines = tuple[str, list[Column], list[str]]
_OUTPUTS = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "other": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}


def find(catalog: Catalog, name: st.Name, database: str) -> Table:
    """Return a table or view. Raises QueryError in the words of Hive."""
    table = catalog.table(name[0] or database, name[1])
    if table is None:
        full = f"{name[0] or database}.{name[1]}"
        raise QueryError("", f"FAILED: SemanticException [Error 10001]: Table not found {full}")
    return table


def show(catalog: Catalog, statement: st.Show, database: str) -> Lines:
    """Return the substatement type, the result's columns and its lines."""
    if statement.what == "databases":
        names = _matching(catalog.databases(), statement.pattern)
        return "SHOW_DATABASES", [Column("database_name", "string")], names
    if statement.what in ("tables", "views"):
        return _tables(catalog, statement, database)
    assert statement.name is not None
    table = find(catalog, statement.name, database)
    if statement.what == "partitions":
        return _partitions(catalog, table)
    if statement.what == "columns":
        columns = [name for name, _ in [*table.columns, *table.partition_keys]]
        return "SHOW_COLUMNS", [Column("field", "string")], columns
    if statement.what == "properties":
        return _properties(table, statement.pattern)
    if statement.what == "create view":
        return _create_view(table)
    if statement.what == "create table":
        return "SHOW_CREATE_TABLE", [Column("createtab_stmt", "string")], _create_table(table)
    return _describe(table)


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Names by Hive's pattern: `*` or `.*` for anything, and `|` between alternatives."""
    alternatives = (pattern or "*").replace(".*", "*").split("|")
    return [name for name in names if any(fnmatch.fnmatchcase(name, each) for each in alternatives)]


def _tables(catalog: Catalog, statement: st.Show, database: str) -> Lines:
    schema = statement.name[1] if statement.name else database
    if not catalog.has_database(schema):
        raise QueryError("", f"FAILED: SemanticException [Error 10072]: Database does not exist: {schema}")
    names = _matching(catalog.tables(schema), statement.pattern)
    if statement.what == "tables":
        return "SHOW_TABLES", [Column("tab_name", "string")], names
    found = [name for name in names if (table := catalog.table(schema, name)) and table.view_sql is not None]
    return "SHOW_VIEWS", [Column("views", "string")], found


def _partitions(catalog: Catalog, table: Table) -> Lines:
    if not table.partition_keys:
        raise QueryError(
            "", f"FAILED: SemanticException [Error 10001]: Table {table.name} is not a partitioned table"
        )
    keys = [name.lower() for name, _ in table.partition_keys]
    lines = sorted(partition_path(keys, p.values) for p in catalog.partitions(table))
    return "SHOW_PARTITIONS", [Column("partition", "string")], lines


def _properties(table: Table, wanted: str | None) -> Lines:
    columns = [Column("prpt_name", "string"), Column("prpt_value", "string")]
    if wanted is None:
        return (
            "SHOW_TBLPROPERTIES",
            columns,
            [f"{name}\t{value}" for name, value in sorted(table.parameters.items())],
        )
    if wanted not in table.parameters:
        return "SHOW_TBLPROPERTIES", columns[1:], [f"Table {table.name} does not have property: {wanted}"]
    return "SHOW_TBLPROPERTIES", columns[1:], [table.parameters[wanted]]


def _create_view(table: Table) -> Lines:
    if table.view_sql is None:
        raise QueryError(
            "NOT_SUPPORTED", f"'awsdatacatalog.{table.database}.{table.name}' is a table, not a view"
        )
    lines = [f"CREATE VIEW awsdatacatalog.{table.database}.{table.name} AS", *table.view_sql.splitlines()]
    return "SHOW_CREATE_VIEW", [Column("create view", "varchar")], lines


def _listed(columns: list[tuple[str, str]]) -> list[str]:
    lines = [f"  `{name}` {kind}, " for name, kind in columns]
    return [*lines[:-1], lines[-1].removesuffix(", ") + ")"]


def _quoted(pairs: dict[str, str]) -> list[str]:
    lines = [f"  '{name}'='{value}', " for name, value in sorted(pairs.items())]
    return [*lines[:-1], lines[-1].removesuffix(", ") + ") "]


def _create_table(table: Table) -> list[str]:
    if table.view_sql is not None:
        raise QueryError("", f"FAILED: SemanticException: {table.name} is a view, not a table")
    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`(", *_listed(table.columns)]
    if table.partition_keys:
        lines += ["PARTITIONED BY ( ", *_listed(table.partition_keys)]
    if table.bucket_columns:
        lines += ["CLUSTERED BY ( ", *(f"  {name}" for name in table.bucket_columns), ") "]
        lines.append(f"INTO {table.bucket_count} BUCKETS")
    lines += ["ROW FORMAT SERDE ", f"  '{table.serde}' "]
    if table.serde_parameters:
        lines += ["WITH SERDEPROPERTIES ( ", *_quoted(table.serde_parameters)]
    output = _OUTPUTS["parquet" if "parquet" in table.serde.lower() else "other"]
    lines += ["STORED AS INPUTFORMAT ", f"  '{table.input_format}' ", "OUTPUTFORMAT ", f"  '{output}'"]
    lines += ["LOCATION", f"  '{table.location}'"]
    shown = {name: value for name, value in table.parameters.items() if name != "EXTERNAL"}
    if shown:
        lines += ["TBLPROPERTIES (", *(line.rstrip() for line in _quoted(shown))]
    return lines


def _padded(*values: str) -> str:
    return "\t".join(f"{value:<20}" for value in values)


def _describe(table: Table) -> Lines:
    lines = [_padded(name, kind, "") for name, kind in [*table.columns, *table.partition_keys]]
    if table.partition_keys:
        head = "# " + _padded("col_name", "data_type", "comment")
        lines += ["\t \t ", "# Partition Information\t \t ", head, "\t \t "]
        lines += [_padded(name, kind, "") for name, kind in table.partition_keys]
    info = [Column("col_name", "string"), Column("data_type", "string"), Column("comment", "string")]
    return "DESCRIBE_TABLE", info, lines
