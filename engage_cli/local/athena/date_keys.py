"""Partition keys that hold ISO dates as text, read as dates once.

`CAST(week AS date)` often stands in dozens of conditions of one query. Where every partition that is
read has a valid ISO date as its value, the relation gives that date as a column of its own, constant
for each file, and the casts become that column.
"""

import datetime as dt

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from engage_cli.local.athena.catalog import Partition
from engage_cli.local.athena.hive_types import duckdb_type
from engage_cli.local.athena.resolve import TableReference

PREFIX = "__date__"


def _iso(value: str) -> bool:
    try:
        return len(value) == 10 and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def date_keys(reference: TableReference, partitions: list[Partition]) -> list[str]:
    """Return the text keys of a table whose value is an ISO date in each of `partitions`."""
    keys = [(name.lower(), duckdb_type(kind)) for name, kind in reference.table.partition_keys]
    return [
        name
        for i, (name, kind) in enumerate(keys)
        if kind == "VARCHAR" and partitions and all(_iso(p.values[i]) for p in partitions)
    ]


def _casts_to_date(node: exp.Expression | None) -> bool:
    if isinstance(node, exp.Cast):
        return bool(node.args["to"].this == exp.DataType.Type.DATE)
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == "date"


def use_date_keys(tree: exp.Expression, reference: TableReference, keys: list[str]) -> None:
    """Replace, in place, each cast to date of one of `keys` of a reference by the date column."""
    for scope in traverse_scope(tree):
        for alias, (_, source) in scope.selected_sources.items():
            if not (isinstance(source, exp.Table) and source.name == reference.name):
                continue
            for column in list(scope.source_columns(alias)):
                parent = column.parent
                if column.name in keys and parent is not None and _casts_to_date(parent):
                    column.this.set("this", PREFIX + column.name)
                    parent.replace(column)
