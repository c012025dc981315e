"""How many columns each argument of UNNEST gives: a map two, an array of rows one for each field.

That depends on types, which DuckDB alone knows: it is asked for those of the arguments, over the tables
that stand before the UNNEST.
"""

from typing import Any

from sqlglot import exp

from engage_cli.local.athena.calls import call
from engage_cli.local.athena.macro_parts import ZONED
from engage_cli.local.athena.translate import to_duckdb


def find_shapes(connection: Any, tree: exp.Expression) -> None:
    """Say, in the `shapes` of each UNNEST that is no plain one, the width of each argument (0: no row)."""
    for node in list(tree.find_all(exp.Unnest)):
        if _plain(node):
            continue
        kinds = _types(connection, node)
        if kinds is None:
            continue
        for argument, kind in zip(list(node.expressions), kinds, strict=True):
            if kind.id == "map":
                entries = call("map_entries", argument.copy())
                argument.replace(entries)
        widths = [_width(kind) for kind in kinds]
        if widths != [0]:
            node.meta["shapes"] = widths


def _plain(node: exp.Unnest) -> bool:
    """Say whether the argument cannot be of rows, so that there is nothing to ask."""
    if len(node.expressions) != 1:
        return False
    argument = node.expressions[0]
    if isinstance(argument, exp.Anonymous):
        return str(argument.this).lower() in ("sequence", "split", "regexp_extract_all", "map_keys")
    return isinstance(argument, exp.Array) and all(isinstance(e, exp.Literal) for e in argument.expressions)


def _width(kind: Any) -> int:
    if kind.id == "map":
        return 2
    if kind.id != "list":
        return 0
    child = dict(kind.children)["child"]
    return len(child.children) if child.id in ("struct", "tuple") and str(child) != ZONED else 0


def _types(connection: Any, node: exp.Unnest) -> list[Any] | None:
    """Return the types of the arguments, None where they cannot be told."""
    import duckdb

    select = node.find_ancestor(exp.Select)
    if select is None:
        return None
    query = exp.Select(expressions=[argument.copy() for argument in node.expressions])
    source = select.args.get("from_") or select.args.get("from")
    if source is not None and source.this is not node:
        query.set("from_" if "from_" in exp.Select.arg_types else "from", source.copy())
        before: list[exp.Expression] = []
        for join in select.args.get("joins") or []:
            if join.find(exp.Unnest) is node:
                break
            before.append(join.copy())
        query.set("joins", before)
    clauses = _clauses(node)
    if clauses:
        query.set("with_" if "with_" in exp.Select.arg_types else "with", exp.With(expressions=clauses))
    labelled = [exp.alias_(item, f"__u{i}", quoted=True) for i, item in enumerate(query.expressions)]
    query.set("expressions", labelled)
    try:
        return list(connection.sql(to_duckdb(query)).types)
    except duckdb.Error:
        return None  # It leans on an outer query; DuckDB's own UNNEST takes it, or says what is wrong.


def _clauses(node: exp.Expression) -> list[exp.Expression]:
    """The common table expressions that are visible at a node, outer ones first."""
    found: list[exp.Expression] = []
    child, parent = node, node.parent
    while parent is not None:
        clause = parent.args.get("with_") or parent.args.get("with")
        if clause is not None and child is not clause:
            found = [cte.copy() for cte in clause.expressions] + found
        elif isinstance(parent, exp.With):
            found = [cte.copy() for cte in parent.expressions[: parent.expressions.index(child)]] + found
        child, parent = parent, parent.parent
    return found
