"""Tables about tables: `information_schema` and `"name$partitions"`, made when a query names them."""

from sqlglot import exp

from engage_cli.local.athena.catalog import Catalog, Table
from engage_cli.local.athena.errors import QueryError

Rows = list[tuple[str | int | None, ...]]
_CATALOG = "awsdatacatalog"
_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type",
    ),
}  # fmt: skip
_TYPES = {"string": "varchar", "int": "integer", "binary": "varbinary", "float": "real"}


def information(catalog: Catalog, name: str) -> exp.Select:
    """Return the query that gives a table of information_schema. Raises QueryError (TABLE_NOT_FOUND)."""
    if name not in _COLUMNS:
        full = f"{_CATALOG}.information_schema.{name}"
        raise QueryError("TABLE_NOT_FOUND", f"Table '{full}' does not exist")
    if name == "schemata":
        rows: Rows = [(_CATALOG, database) for database in [*catalog.databases(), "information_schema"]]
        return _query(_COLUMNS[name], rows)
    rows = []
    for database in catalog.databases():
        for table_name in catalog.tables(database):
            table = catalog.table(database, table_name)
            if table is not None:
                rows += _rows(name, table)
    return _query(_COLUMNS[name], rows)


def _rows(name: str, table: Table) -> Rows:
    place = (_CATALOG, table.database, table.name)
    if name == "tables":
        return [(*place, "BASE TABLE" if table.view_sql is None else "VIEW")]
    if name == "views":
        return [] if table.view_sql is None else [(*place, table.view_sql)]
    columns = enumerate([*table.columns, *table.partition_keys], 1)
    return [(*place, column.lower(), i, None, "YES", _type(kind)) for i, (column, kind) in columns]


def _type(hive: str) -> str:
    """Trino's name of a Hive type: array<int> is array(integer)."""
    text = hive.strip().lower()
    for kind in ("array", "map", "struct"):
        if text.startswith(kind + "<"):
            from engage_cli.local.athena.hive_types import inner_types

            parts = [f"{name} {_type(part)}".strip() for name, part in inner_types(text)[1]]
            return f"{'row' if kind == 'struct' else kind}({', '.join(parts)})"
    return "timestamp(3)" if text == "timestamp" else _TYPES.get(text, text)


def partitions(catalog: Catalog, table: Table) -> exp.Select:
    """Return the query that gives the partitions of a table, a column for each key."""
    rows: Rows = [tuple(p.values) for p in catalog.partitions(table)]
    return _query(tuple(name.lower() for name, _ in table.partition_keys), rows)


def _query(columns: tuple[str, ...], rows: Rows) -> exp.Select:
    def literal(value: str | int | None) -> exp.Expression:
        if value is None:
            return exp.cast(exp.Null(), "VARCHAR")
        return (
            exp.cast(exp.Literal.number(value), "BIGINT")
            if isinstance(value, int)
            else exp.Literal.string(value)
        )

    shown = rows or [tuple(None for _ in columns)]
    values = exp.Values(expressions=[exp.Tuple(expressions=[literal(v) for v in row]) for row in shown])
    names = [exp.to_identifier(name) for name in columns]
    values.set("alias", exp.TableAlias(this=exp.to_identifier("v_"), columns=names))
    query = exp.Select(expressions=[exp.column(name) for name in columns]).from_(values)
    return query if rows else query.where(exp.false())
