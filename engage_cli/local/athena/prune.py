"""Partition pruning: the partitions whose values can satisfy the query's conditions.

Each condition that is about partition columns and constants only is evaluated by DuckDB itself over
the list of partition values, so any expression prunes, with exactly the semantics of the query.
"""

from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from engage_cli.local.athena.catalog import Partition
from engage_cli.local.athena.function_names import AGGREGATES
from engage_cli.local.athena.hive_types import duckdb_type
from engage_cli.local.athena.resolve import TableReference
from engage_cli.local.athena.translate import to_duckdb
from engage_cli.sql_text import literal, quoted

_UNSTABLE = ("rand", "random", "uuid", "now")


def conjuncts(condition: exp.Expression) -> list[exp.Expression]:
    """Return the conditions that AND joins."""
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.And):
        return conjuncts(condition.this) + conjuncts(condition.expression)
    return [condition]


def usable(condition: exp.Expression, alias: str, keys: set[str]) -> bool:
    """Say whether a condition is about the columns `keys` of one source alone, and gives a row one value."""
    columns = list(condition.find_all(exp.Column))
    if not columns or any(c.table != alias or c.name not in keys for c in columns):
        return False
    for node in condition.walk():
        if isinstance(node, exp.Select | exp.Window):
            return False
        if isinstance(node, exp.Anonymous) and str(node.this).lower() in (*AGGREGATES, *_UNSTABLE):
            return False
    return True


def kept_sides(select: exp.Select) -> tuple[set[str], dict[str, list[exp.Expression]]]:
    """Return the sources that WHERE may prune, and by source the ON conditions that may prune it.

    The side of an outer join that is padded with NULLs is pruned only by the join's own condition.
    """
    clause = select.args.get("from_") or select.args.get("from")
    kept = {clause.this.alias_or_name} if clause is not None else set()
    conditions: dict[str, list[exp.Expression]] = {}
    for join in select.args.get("joins") or []:
        side, name = (join.side or "").upper(), join.this.alias_or_name
        on = conjuncts(join.args["on"]) if join.args.get("on") is not None else []
        if side == "FULL":
            kept = set()
        elif side == "LEFT":
            conditions.setdefault(name, []).extend(on)
        elif side == "RIGHT":
            for other in kept:
                conditions.setdefault(other, []).extend(on)
            kept = {name}
        else:
            kept.add(name)
            for other in kept:
                conditions.setdefault(other, []).extend(on)
    return kept, conditions


def conditions_of(tree: exp.Expression, reference: TableReference, keys: set[str]) -> list[exp.Expression]:
    """Return the conditions that every row of a reference must meet, on the columns `keys` alone."""
    found: list[exp.Expression] = []
    for scope in traverse_scope(tree):
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        for alias, (_, source) in scope.selected_sources.items():
            if not (isinstance(source, exp.Table) and source.name == reference.name):
                continue
            kept, on = kept_sides(select)
            candidates = list(on.get(alias, []))
            where = select.args.get("where")
            if where is not None and alias in kept:
                candidates += conjuncts(where.this)
            found += [condition for condition in candidates if usable(condition, alias, keys)]
    return found


def prune(
    connection: Any, tree: exp.Expression, reference: TableReference, partitions: list[Partition]
) -> list[Partition]:
    """Return the partitions that can hold a matching row. `connection` is a DuckDB cursor with the macros."""
    import duckdb

    keys = reference.table.partition_keys
    conditions = conditions_of(tree, reference, {name.lower() for name, _ in keys})
    if not conditions or not partitions:
        return partitions
    rows = ", ".join(
        f"({i}, {', '.join('NULL' if v.startswith('__HIVE_DEFAULT') else literal(v) for v in p.values)})"
        for i, p in enumerate(partitions)
    )
    raw = ", ".join(["i", *(f"v{n}" for n in range(len(keys)))])
    typed = ", ".join(
        f"CAST(v{n} AS {duckdb_type(t)}) AS {quoted(k.lower())}" for n, (k, t) in enumerate(keys)
    )
    alive = set(range(len(partitions)))
    for condition in conditions:
        alias = next(condition.find_all(exp.Column)).table
        values = f"(SELECT i, {typed} FROM (VALUES {rows}) AS p({raw})) AS {quoted(alias)}"
        try:
            found = connection.execute(f"SELECT i FROM {values} WHERE {to_duckdb(condition)}").fetchall()
        except duckdb.Error:
            continue  # The query itself will report what is wrong with this condition.
        alive &= {row[0] for row in found}
    return [partition for i, partition in enumerate(partitions) if i in alive]
