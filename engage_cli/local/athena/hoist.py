"""Aggregates and window functions moved into a sub-select of their own.

DuckDB chooses a macro by the types of its arguments, but does not know the type of an aggregate or
window function while it does. `SELECT sum(x) / count(*) FROM t GROUP BY y` therefore becomes
`SELECT a0 / a1 FROM (SELECT y AS g0, sum(x) AS a0, count(*) AS a1 FROM t GROUP BY y)`, which DuckDB
merges again when it optimises.
"""

from collections.abc import Callable, Iterator

from sqlglot import exp

from engage_cli.local.athena.dialect import position
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.function_names import AGGREGATES

_INNER = "__inner"
_OUTER_CLAUSES = ("order", "limit", "offset", "distinct")


def _own_nodes(root: exp.Expression) -> Iterator[exp.Expression]:
    """Walk an expression without entering its subqueries."""
    yield from root.walk(prune=lambda node: isinstance(node, exp.Select | exp.SetOperation))


def is_windowed(node: exp.Expression) -> bool:
    """Say whether a function is called over a window."""
    child, parent = node, node.parent
    while isinstance(parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        child, parent = parent, parent.parent
    return isinstance(parent, exp.Window) and parent.this is child


def _aggregate(node: exp.Expression) -> bool:
    named = isinstance(node, exp.Anonymous) and str(node.this).lower() in AGGREGATES
    return (named or isinstance(node, exp.GroupConcat)) and not is_windowed(node)


def _clauses(select: exp.Select) -> list[exp.Expression]:
    found = list(select.expressions)
    return found + [select.args[name] for name in ("having", "order") if select.args.get(name)]


def _group_expressions(select: exp.Select) -> list[exp.Expression]:
    group = select.args.get("group")
    if group is None:
        return []
    found: list[exp.Expression] = []
    pending = list(group.expressions)
    for name in ("grouping_sets", "cube", "rollup"):
        pending += group.args.get(name) or []
    while pending:
        item = pending.pop(0)
        if isinstance(item, exp.GroupingSets | exp.Cube | exp.Rollup | exp.Tuple):
            pending = [*item.expressions, *pending]
        else:
            found.append(item)
    unwrapped = [item.this if isinstance(item, exp.Paren) else item for item in found]
    unique: list[exp.Expression] = []
    for item in unwrapped:
        if item not in unique and not isinstance(item, exp.Literal):
            unique.append(item)
    return unique


def _split(
    select: exp.Select,
    taken: list[tuple[str, exp.Expression]],
    replace: Callable[[exp.Expression], exp.Expression],
) -> None:
    """Turn `select` into an outer select over itself; the inner one gives the expressions in `taken`."""
    outer: dict[str, object] = {name: select.args.get(name) for name in _OUTER_CLAUSES}
    projections = []
    for projection in select.expressions:
        alias = projection.alias_or_name
        body = projection.unalias() if isinstance(projection, exp.Alias) else projection
        projections.append(exp.alias_(replace(body), alias, quoted=True))
    having = select.args.get("having")
    condition = exp.Where(this=replace(having.this)) if having is not None else None
    inner = exp.Select(expressions=[exp.alias_(node.copy(), name, quoted=True) for name, node in taken])
    for name, value in list(select.args.items()):
        if name not in (*_OUTER_CLAUSES, "expressions", "having", "with_", "with"):
            inner.set(name, value)
            select.set(name, None)
    if not taken:
        inner.set("expressions", [exp.alias_(exp.Literal.number(1), "__one", quoted=True)])
    select.set("expressions", projections)
    select.set("having", None)
    if outer["order"] is not None:
        order = select.args["order"]
        order.set("expressions", [replace(item) for item in order.expressions])
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(_INNER, quoted=True)))
    select.set("from_" if "from_" in exp.Select.arg_types else "from", exp.From(this=source))
    select.set("where", condition)


def _replacer(
    taken: list[tuple[str, exp.Expression]], check: Callable[[exp.Column], None]
) -> Callable[[exp.Expression], exp.Expression]:
    def replace(node: exp.Expression) -> exp.Expression:
        for name, expression in taken:
            if node == expression:
                return exp.column(
                    exp.to_identifier(name, quoted=True), table=exp.to_identifier(_INNER, quoted=True)
                )
        if isinstance(node, exp.Column):
            check(node)
            return node
        for key, value in list(node.args.items()):
            if isinstance(value, exp.Expression):
                node.set(key, replace(value))
            elif isinstance(value, list):
                node.set(key, [replace(item) if isinstance(item, exp.Expression) else item for item in value])
        return node

    return replace


def _check_aggregates(select: exp.Select) -> None:
    """Refuse an aggregate or window function in WHERE, and an aggregate inside of another."""
    where = select.args.get("where")
    for node in _own_nodes(where) if where is not None else ():
        if _aggregate(node) or isinstance(node, exp.Window):
            words = "WHERE clause cannot contain aggregations, window functions or grouping operations: "
            raise QueryError("EXPRESSION_NOT_SCALAR", position(node) + words + node.sql(dialect="trino"))
    for clause in _clauses(select):
        for node in _own_nodes(clause):
            inner = (
                (n for n in _own_nodes(node) if n is not node and _aggregate(n)) if _aggregate(node) else ()
            )
            for nested in inner:
                words = f"Cannot nest aggregations inside aggregation '{str(node.this).lower()}': "
                raise QueryError("NESTED_AGGREGATION", position(nested) + words + nested.sql(dialect="trino"))


def _hoist_aggregates(select: exp.Select) -> None:
    groups = _group_expressions(select)
    found: list[exp.Expression] = []
    for clause in _clauses(select):
        for node in _own_nodes(clause):
            if _aggregate(node):
                whole = node.parent if isinstance(node.parent, exp.Filter) else node
                assert whole is not None
                if whole not in found:
                    found.append(whole)
    if not found and not groups:
        return
    taken = [(f"__g{i}", node) for i, node in enumerate(groups)] + [
        (f"__a{i}", node) for i, node in enumerate(found)
    ]
    tables = {source.alias_or_name for source in _sources(select)}

    def check(column: exp.Column) -> None:
        if column.table in tables:
            text = f"'{column.name}' must be an aggregate expression or appear in GROUP BY clause"
            raise QueryError("EXPRESSION_NOT_AGGREGATE", position(column) + text)

    _split(
        select,
        [(name, node.copy()) for name, node in taken],
        _replacer([(n, e.copy()) for n, e in taken], check),
    )


def _sources(select: exp.Select) -> list[exp.Expression]:
    clause = select.args.get("from_") or select.args.get("from")
    sources = [clause.this] if clause is not None else []
    return sources + [join.this for join in select.args.get("joins") or []]


def _hoist_windows(select: exp.Select) -> None:
    windows: list[exp.Expression] = []
    nested = False
    for clause in _clauses(select):
        for node in _own_nodes(clause):
            if isinstance(node, exp.Window):
                if node not in windows:
                    windows.append(node)
                nested = nested or not isinstance(node.parent, exp.Alias | exp.Select)
    if not nested:
        return
    tables = {source.alias_or_name for source in _sources(select)}
    columns: list[exp.Expression] = []
    for clause in _clauses(select):
        for column in clause.find_all(exp.Column):
            if column.table in tables and column not in columns:
                columns.append(column)
    taken = [(f"__w{i}", node.copy()) for i, node in enumerate(windows)]
    taken += [(f"__c{i}", node.copy()) for i, node in enumerate(columns)]
    _split(select, taken, _replacer([(n, e.copy()) for n, e in taken], lambda column: None))


def _inline_in_order(select: exp.Select) -> None:
    """Put what an output column stands for into the expressions of ORDER BY that name it.

    DuckDB does not know the type of an output column there while it chooses a macro. A column alone stays:
    it is a name, and nothing is chosen.
    """
    order = select.args.get("order")
    if order is None:
        return
    bodies = {
        projection.alias_or_name: projection.unalias()
        for projection in select.expressions
        if isinstance(projection, exp.Alias)
    }
    for ordered in order.expressions:
        for column in list(ordered.find_all(exp.Column)):
            body = bodies.get(column.name)
            if body is not None and not column.table and column.parent is not ordered:
                column.replace(exp.paren(body.copy()))


def hoist(tree: exp.Expression) -> exp.Expression:
    """Change a resolved query so that no operator stands directly over an aggregate or window; return it.

    Raises QueryError (EXPRESSION_NOT_AGGREGATE) for a column that is neither grouped nor aggregated.
    """
    for select in reversed(list(tree.find_all(exp.Select))):
        _check_aggregates(select)
        _hoist_aggregates(select)
        _hoist_windows(select)
        _inline_in_order(select)
    return tree
