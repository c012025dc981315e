"""Row-group pruning: the row groups whose statistics allow a matching row, and the bytes that they hold.

Only for the bill: DuckDB prunes for itself when it reads. A condition counts when it compares one column
with constants; everything else keeps the row group, as a reader would.
"""

from collections.abc import Iterable
from typing import Any

from sqlglot import exp

from engage_cli.local.athena.hive_types import duckdb_type
from engage_cli.local.athena.prune import conditions_of
from engage_cli.local.athena.resolve import TableReference
from engage_cli.local.athena.scan import Footer, RowGroup
from engage_cli.local.athena.translate import to_duckdb
from engage_cli.sql_text import literal

_ORDERED = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE", "DATE", "TIMESTAMP",
            "VARCHAR", "DECIMAL")  # fmt: skip
_MIRRORED = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE, exp.EQ: exp.EQ}


class RowGroupFilter:
    """Which row groups of one reference's files a query reads. `connection`: a cursor with the macros."""

    def __init__(self, connection: Any, tree: exp.Expression, reference: TableReference) -> None:
        self._connection = connection
        columns = {name.lower(): duckdb_type(hive) for name, hive in reference.table.columns}
        self._types = {name: kind for name, kind in columns.items() if kind.startswith(_ORDERED)}
        conditions = conditions_of(tree, reference, set(self._types))
        self._tests = [test for condition in conditions if (test := _test(condition)) is not None]

    def bytes(self, footers: Iterable[Footer], columns: set[str]) -> int:
        """Return the compressed bytes of the named columns in the row groups that may hold a matching row."""
        groups = [group for footer in footers for group in footer.groups]
        return sum(
            size
            for group in self._alive(groups)
            for name, size in group.compressed.items()
            if name in columns
        )

    def _alive(self, groups: list[RowGroup]) -> list[RowGroup]:
        import duckdb

        alive = set(range(len(groups)))
        for column, sql in self._tests:
            known = [(i, g.statistics[column]) for i, g in enumerate(groups) if column in g.statistics]
            if not known:
                continue
            kind = self._types[column]
            rows = ", ".join(f"({i}, {literal(low)}, {literal(high)})" for i, (low, high) in known)
            typed = f"SELECT i, CAST(low AS {kind}) AS low, CAST(high AS {kind}) AS high"
            table = f"({typed} FROM (VALUES {rows}) AS v(i, low, high))"
            try:
                found = self._connection.execute(f"SELECT i FROM {table} WHERE {sql}").fetchall()
            except duckdb.Error:
                continue  # The query itself will report what is wrong with this condition.
            alive -= {i for i, _ in known} - {row[0] for row in found}
        return [groups[i] for i in sorted(alive)]


def _test(condition: exp.Expression) -> tuple[str, str] | None:
    """Return a column and the SQL over its `low` and `high` that a row group must meet; None if unknown."""
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.Between) and isinstance(condition.this, exp.Column):
        low, high = condition.args["low"], condition.args["high"]
        if _constant(low) and _constant(high):
            return condition.this.name, f"high >= {to_duckdb(low)} AND low <= {to_duckdb(high)}"
    if isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
        values = condition.expressions
        if values and all(_constant(value) for value in values):
            sides = [f"({to_duckdb(value)}) BETWEEN low AND high" for value in values]
            return condition.this.name, " OR ".join(sides)
    kind = type(condition)
    if kind not in _MIRRORED:
        return None
    column, value = condition.this, condition.expression
    if not isinstance(column, exp.Column):
        column, value, kind = value, column, _MIRRORED[kind]
    if not isinstance(column, exp.Column) or not _constant(value):
        return None
    constant = f"({to_duckdb(value)})"
    return column.name, {
        exp.EQ: f"{constant} BETWEEN low AND high",
        exp.LT: f"low < {constant}",
        exp.LTE: f"low <= {constant}",
        exp.GT: f"high > {constant}",
        exp.GTE: f"high >= {constant}",
    }[kind]


def _constant(value: exp.Expression) -> bool:
    return not list(value.find_all(exp.Column, exp.Select))
