"""Conditions moved nearer to the tables, so that more partitions and row groups can be left out.

Careful on purpose: what is left out here is not read, so a condition moves only where every row that it
rejects could not have changed the result. sqlglot's own `pushdown_predicates` moves conditions into
subqueries with LIMIT, which changes what they return.
"""

import contextlib

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.scope import Scope, traverse_scope

from engage_cli.local.athena.function_names import AGGREGATES
from engage_cli.local.athena.prune import conjuncts, kept_sides, usable

_FIXED = ("limit", "offset", "sample", "qualify", "match", "laterals", "connect")
_SETS = ("grouping_sets", "cube", "rollup", "all")


def pushed_down(tree: exp.Expression) -> exp.Expression:
    """Return a copy of a resolved query with conditions copied into its subqueries and WITH queries.

    A common table expression that is used more than once keeps all its rows.
    """
    tree = tree.copy()
    scopes = traverse_scope(tree)
    uses = scopes[-1].ref_count() if scopes else {}
    for scope in reversed(scopes):  # outer ones first, so that a condition can go on from level to level
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        kept, on = kept_sides(select)
        where = select.args.get("where")
        for alias, (_, source) in scope.selected_sources.items():
            if not isinstance(source, Scope) or uses.get(id(source), 0) > 1 or _recursive(source):
                continue
            candidates = list(on.get(alias, []))
            if where is not None and alias in kept:
                candidates += conjuncts(where.this)
            names = [projection.alias_or_name for projection in source.expression.selects]
            for condition in candidates:
                if usable(condition, alias, set(names)):
                    _push(source.expression, condition, names)
    return tree


def columns_read(tree: exp.Expression) -> dict[str, set[str]]:
    """Return which columns of each table a resolved query needs, also through subqueries that name more."""
    needed: dict[str, set[str]] = {}
    # A form that it does not know: then every column that is named counts.
    with contextlib.suppress(OptimizeError):
        tree = pushdown_projections(tree.copy())
    for scope in traverse_scope(tree):
        for alias, (_, source) in scope.selected_sources.items():
            if isinstance(source, exp.Table):
                columns = {column.name for column in scope.source_columns(alias)}
                needed[source.name] = needed.get(source.name, set()) | columns
    return needed


def _recursive(scope: Scope) -> bool:
    parent = scope.expression.parent
    holder = parent.parent if isinstance(parent, exp.CTE) else None
    return isinstance(holder, exp.With) and bool(holder.args.get("recursive"))


def _push(query: exp.Expression, condition: exp.Expression, names: list[str]) -> None:
    """Add a condition on the output columns `names` to a query, if it may stand there."""
    if isinstance(query, exp.Union) and not any(query.args.get(name) for name in _FIXED):
        for side in (query.left, query.right):
            _push(side.unnest(), condition, names)
        return
    if not isinstance(query, exp.Select) or any(query.args.get(name) for name in _FIXED):
        return
    if query.find(exp.Window) is not None:
        return
    group = query.args.get("group")
    if group is not None and any(group.args.get(name) for name in _SETS):
        return
    if group is None and (query.args.get("having") is not None or _aggregates(query)):
        return
    columns = [projection.unalias() for projection in query.selects]
    grouped = {item.sql() for item in group.expressions} if group is not None else None
    if grouped is not None:
        # GROUP BY 1 names a projection by its place.
        grouped |= {columns[int(sql) - 1].sql() for sql in grouped if sql.isdigit()}
    moved = condition.copy()
    for column in list(moved.find_all(exp.Column)):
        inner = columns[names.index(column.name)] if len(columns) == len(names) else None
        if not isinstance(inner, exp.Column) or (grouped is not None and inner.sql() not in grouped):
            return
        if column is moved:
            return  # A bare boolean column: not worth a case of its own.
        column.replace(inner.copy())
    query.where(moved, copy=False)


def _aggregates(query: exp.Select) -> bool:
    found = (node for projection in query.selects for node in projection.find_all(exp.Anonymous))
    return any(str(node.this).lower() in AGGREGATES for node in found)
