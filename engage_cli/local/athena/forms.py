# ruff: noqa: E501 - forms read better on one line
"""Forms of Trino's grammar that sqlglot takes in another way, or that are written with simpler ones."""

import re

from sqlglot import exp

from engage_cli.local.athena.errors import QueryError, not_supported

_UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")
_MILLISECONDS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}


def simplified(tree: exp.Expression) -> None:
    """Rewrite such forms of a parsed statement in place. Raises QueryError."""
    for node in list(tree.walk()):
        if isinstance(node, exp.Interval) and isinstance(node.args.get("unit"), exp.IntervalSpan):
            _span(node)
        elif isinstance(node, exp.Anonymous) and str(node.this).upper() in ("ALL", "SOME", "ANY"):
            _quantified(node)
        elif isinstance(node, exp.Join) and str(node.args.get("method") or "").upper() == "NATURAL":
            raise QueryError("NOT_SUPPORTED", "Natural join not supported")
        elif isinstance(node, exp.Select):
            _stars(node)


def _quantified(node: exp.Anonymous) -> None:
    """ALL (VALUES ...) is no function."""
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values | exp.Select):
        query = node.expressions[0]
        if isinstance(query, exp.Values):
            query = exp.select("*").from_(exp.Subquery(this=query))
        kind = exp.All if str(node.this).upper() == "ALL" else exp.Any
        node.replace(kind(this=query))


def _span(node: exp.Interval) -> None:
    """INTERVAL '1-2' YEAR TO MONTH is 14 months, INTERVAL '1 02:03:04.5' DAY TO SECOND so many milliseconds."""
    first, last = (part.name.upper() for part in (node.args["unit"].this, node.args["unit"].expression))
    text = str(node.this.name)
    if (first, last) == ("YEAR", "MONTH"):
        found = re.fullmatch(r"\s*([+-]?)(\d+)(?:-(\d+))?\s*", text)
        count = int(found[2]) * 12 + int(found[3] or 0) if found else 0
        unit, sign = "MONTH", found and found[1]
    else:
        units = (
            _UNITS[_UNITS.index(first) : _UNITS.index(last) + 1] if first in _UNITS and last in _UNITS else ()
        )
        found = re.fullmatch(r"\s*([+-]?)([\d .:]+)\s*", text)
        parts = re.split(r"[ :]", found[2].strip()) if found else []
        if len(parts) > len(units):
            found = None
        count = round(
            sum(float(part) * _MILLISECONDS[name] for part, name in zip(parts, units, strict=False))
        )
        unit, sign = "MILLISECOND", found and found[1]
    if found is None:
        words = f"'{text}' is not a valid INTERVAL literal"
        raise QueryError("INVALID_LITERAL", words)
    node.set("this", exp.Literal.string(f"{'-' if sign == '-' else ''}{count}"))
    node.set("unit", exp.Var(this=unit))


def _stars(select: exp.Select) -> None:
    """`(CAST(... AS ROW(a ..., b ...))).*`: its fields. Of other rows the type is not known in time."""
    found: list[exp.Expression] = []
    for item in select.expressions:
        star = item.this if isinstance(item, exp.Alias | exp.Aliases) else item
        if not (isinstance(star, exp.Dot) and isinstance(star.expression, exp.Star)):
            found.append(item)
            continue
        row = star.this.unnest()
        if not (isinstance(row, exp.Cast) and row.to.is_type("struct")) or isinstance(item, exp.Alias):
            raise not_supported("A star of a row that is not CAST(... AS ROW(...))")
        names = [field.this for field in row.to.expressions if isinstance(field, exp.ColumnDef)]
        labels = item.expressions if isinstance(item, exp.Aliases) else names
        if len(names) != len(row.to.expressions) or len(labels) != len(names):
            raise not_supported("A star of a row without names")
        for name, label in zip(names, labels, strict=True):
            dot = exp.Dot(this=exp.paren(row.copy()), expression=name.copy())
            found.append(exp.alias_(dot, label.name))
    select.set("expressions", found)


def with_ties(tree: exp.Expression) -> exp.Expression:
    """Return a resolved query whose FETCH FIRST ... WITH TIES are conditions on the rank of a row."""
    for fetch in list(tree.find_all(exp.Fetch)):
        options = fetch.args.get("limit_options")
        if options is None or not options.args.get("with_ties"):
            continue
        select = fetch.parent
        if not isinstance(select, exp.Select):
            raise not_supported("WITH TIES after UNION, INTERSECT or EXCEPT")
        if select.args.get("order") is None:
            raise QueryError("MISSING_ORDER_BY", "FETCH FIRST WITH TIES clause requires ORDER BY")
        whole = _ranked(select)
        if select is tree:
            tree = whole
        else:
            select.replace(whole)
    return tree


def _ranked(select: exp.Select) -> exp.Select:
    fetch, offset, order = (select.args.get(name) for name in ("limit", "offset", "order"))
    assert fetch is not None
    assert order is not None
    inner = select.copy()
    for name in ("limit", "offset", "order"):
        inner.set(name, None)
    outputs = list(select.expressions)
    projections = [exp.alias_(item.unalias().copy(), f"c{i}") for i, item in enumerate(outputs)]
    keys = [exp.alias_(_key(item.this, outputs), f"k{i}") for i, item in enumerate(order.expressions)]
    inner.set("expressions", [*projections, *keys])
    ordered = [
        exp.Ordered(this=exp.column(f"k{i}", "ties_"), desc=item.args.get("desc"), nulls_first=item.args.get("nulls_first"))
        for i, item in enumerate(order.expressions)
    ]  # fmt: skip
    rank = exp.Window(
        this=exp.Anonymous(this="rank", expressions=[]),
        order=exp.Order(expressions=[o.copy() for o in ordered]),
    )
    names = [item.alias_or_name for item in (*projections, *keys)]
    ranks = exp.Select(
        expressions=[
            *(exp.alias_(exp.column(name, "ties_"), name) for name in names),
            exp.alias_(rank, "rank_"),
        ]
    ).from_(inner.subquery("ties_"))
    counts = [part for part in (fetch.args.get("count"), offset and offset.expression) if part is not None]
    if not all(isinstance(part, exp.Literal) and part.name.isdigit() for part in counts):
        raise not_supported("WITH TIES with a number of rows that is not a literal")
    count = int(fetch.args["count"].name) if fetch.args.get("count") is not None else 1
    count += int(offset.expression.name) if offset is not None else 0
    whole = exp.Select(
        expressions=[
            exp.alias_(exp.column(f"c{i}", "ties_"), item.alias_or_name, quoted=True)
            for i, item in enumerate(outputs)
        ]
    ).from_(ranks.subquery("ties_"))
    limit = exp.LTE(this=exp.column("rank_", "ties_"), expression=exp.Literal.number(count))
    whole.set("where", exp.Where(this=limit))
    whole.set("order", exp.Order(expressions=ordered))
    whole.set("offset", offset)
    whole.meta.update(select.meta)
    return whole


def _key(node: exp.Expression, outputs: list[exp.Expression]) -> exp.Expression:
    """What ORDER BY names: the number or the name of an output column, or an expression."""
    if isinstance(node, exp.Literal) and str(node.this).isdigit():
        return outputs[int(node.this) - 1].unalias().copy()
    if isinstance(node, exp.Column) and not node.table:
        named = (item for item in outputs if item.alias_or_name == node.name)
        return next((item.unalias().copy() for item in named), node.copy())
    return node.copy()
