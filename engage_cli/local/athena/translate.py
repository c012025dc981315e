"""A resolved Trino query as DuckDB SQL. Semantics live in `macros`; names in `functions`."""

import re

from sqlglot import exp

from engage_cli.local.athena import functions
from engage_cli.local.athena.calls import call, template
from engage_cli.local.athena.comparisons import compared
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.functions_aggregates import average
from engage_cli.local.athena.functions_dates import FIELDS
from engage_cli.local.athena.hoist import hoist, is_windowed
from engage_cli.local.athena.json_shapes import as_text, has_rows, is_json, type_shape

_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "eq", exp.NEQ: "neq", exp.LT: "lt", exp.LTE: "lte", exp.GT: "gt", exp.GTE: "gte",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expression], str] = {
    exp.Div: "div", exp.Mod: "mod", exp.Add: "plus", exp.Sub: "minus", exp.DPipe: "concat",
}  # fmt: skip
_INTEGER_CASTS = {"TINYINT", "SMALLINT", "INT", "BIGINT"}
_REAL_CASTS = {"DOUBLE", "FLOAT", "DECIMAL"}
_ALLOWED_CLASSES = (
    exp.Cast, exp.TryCast, exp.Extract, exp.Substring, exp.StrPosition, exp.Trim, exp.Case, exp.If,
    exp.Coalesce, exp.Array, exp.Unnest, exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp,
    exp.Exists, exp.And, exp.Or, exp.Anonymous,
)  # fmt: skip
# What gives a boolean by its form: a condition of another form is asked for its type.
_CONDITIONS = (
    exp.Predicate, exp.Connector, exp.Not, exp.Between, exp.In, exp.Exists, exp.Boolean, exp.Null, exp.Is,
    exp.Paren, exp.SubqueryPredicate, exp.Subquery,
)  # fmt: skip
_SIZED = ("timestamp", "timestamp with time zone", "time")
_ZONE = re.compile(r"(\d{4}-\d+-\d+(?: \d+:[\d:.]+)?) ?([A-Za-z][\w/+-]*|[+-]\d{2}:\d{2})")


def typed(node: exp.Expression) -> exp.Expression:
    """Give a literal its Trino type; DuckDB would otherwise let it take any type that fits."""
    if isinstance(node, exp.Literal):
        if node.is_string:
            return exp.cast(node, "VARCHAR")
        text = str(node.this)
        if text.isdigit():
            return exp.cast(node, "INT" if int(text) < 2**31 else "BIGINT")
    return node


def _macro(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=f"trino_{name}", expressions=[typed(a) for a in arguments])


def _binary(node: exp.Expression, name: str) -> exp.Expression | None:
    left, right = node.this, node.expression
    if "nested" in node.meta:
        equal = compared(left, right, node.meta["nested"])
        return equal if name == "eq" else exp.Not(this=equal)
    opaque = (exp.Null, exp.Tuple, exp.Any, exp.All)
    if isinstance(left, opaque) or isinstance(right, opaque):
        return None
    if isinstance(left, exp.Literal) and isinstance(right, exp.Literal) and name in ("plus", "minus"):
        return None
    if name in _CHAINS and _is_chain(left, name) and not right.find(exp.Interval):
        return type(node)(this=left, expression=_macro(_CHAINS[name], right))
    if name in ("div", "mod"):
        return _macro(name, left, right, left.copy(), right.copy())
    return _macro(name, left, right)


# DuckDB binds a macro's argument once for each level above it, so `a + b + ... + n` as nested macros takes
# time that doubles with every term. From the third term on, each is checked by itself.
_CHAINS = {"plus": "term", "minus": "term", "concat": "part"}


def _is_chain(left: exp.Expression, name: str) -> bool:
    """Whether `left` is already a sum (or a concatenation) of two or more, without intervals."""
    heads = ("trino_concat",) if name == "concat" else ("trino_plus", "trino_minus")
    links = (exp.DPipe,) if name == "concat" else (exp.Add, exp.Sub)
    if isinstance(left, links):
        return True
    return isinstance(left, exp.Anonymous) and left.this in heads and not left.find(exp.Interval)


def _cast(node: exp.Expression) -> exp.Expression | None:
    target: exp.DataType = node.args["to"]
    kind = target.this.value
    attempt = "try_" if isinstance(node, exp.TryCast) else ""
    literal = isinstance(node.this, exp.Literal) and node.this.is_string
    source = node.meta.get("source")
    if source is not None and source.name == "json" and kind in (*_INTEGER_CASTS, *_REAL_CASTS):
        name = "trino_json_whole" if kind in _INTEGER_CASTS else "trino_json_text"
        node.set("this", call(name, node.this))
    elif source is not None and source.name == "json" and kind == "BOOLEAN":
        node.set("this", template("json_extract_string(:x, '$')", x=node.this))
    if kind in _INTEGER_CASTS:
        return _macro(f"{attempt}cast_{'integer' if kind == 'INT' else kind.lower()}", node.this)
    if kind == "DATE" and not (literal and not attempt):
        return _macro(f"{attempt}cast_date", node.this)
    if kind in ("VARCHAR", "TEXT", "CHAR", "NCHAR"):
        return _cast_to_text(node, target, kind, attempt)
    if kind.startswith("TIMESTAMP"):
        return _cast_to_timestamp(node, kind, attempt, literal and not node.meta.get("cast"))
    if kind == "BOOLEAN":
        return _macro(f"{attempt}cast_boolean", node.this)
    if kind in ("DOUBLE", "FLOAT"):
        return _macro(f"{attempt}cast_{kind.lower()}", node.this)
    if kind == "TIME":
        return _macro(f"{attempt}cast_time", node.this)
    if kind == "JSON":
        return call("trino_json_of", node.this)
    if kind == "DECIMAL" and not target.expressions:
        if literal and not node.meta.get("cast"):  # DECIMAL '1.50' has the precision that is written
            digits = str(node.this.this).lstrip("+-")
            scale = len(digits.partition(".")[2])
            sizes = (max(1, len(digits.replace(".", ""))), scale)
        else:
            sizes = (38, 0)
        params = [exp.DataTypeParam(this=exp.Literal.number(size)) for size in sizes]
        target.set("expressions", params)
    if kind == "DECIMAL":
        node.set("this", call(f"trino_{attempt}digits_of", typed(node.this), node.this.copy()))
    if attempt and (kind in ("ARRAY", "MAP", "STRUCT") or target.args.get("nested")):
        # DuckDB's TRY_CAST gives the array with NULL for what it cannot cast.
        return call("try", _cast(exp.Cast(this=node.this, to=target)) or exp.Cast(this=node.this, to=target))
    shape = type_shape(target)
    if has_rows(shape) and is_json(node.this):
        source = exp.cast(node.this, "VARCHAR")
        node.set(
            "this", exp.cast(call("python_json_shape", source, exp.Literal.string(as_text(shape))), "JSON")
        )
        return None
    if kind in ("HLLSKETCH", "USERDEFINED", "IPADDRESS", "TIMETZ"):
        raise not_supported(f"CAST to {kind}")
    return None


def _cast_to_text(node: exp.Cast, target: exp.DataType, kind: str, attempt: str) -> exp.Expression:
    source = node.meta.get("source")
    text = _macro(f"{attempt}cast_varchar", node.this, node.this.copy())
    if source is not None and source.name in _SIZED and source.args[0] != 3:
        if source.args[0] > 3:
            if source.name != "timestamp":
                raise not_supported(f"{source} as text")
            text = call("trino_micros", node.this)
        text = call("trino_digits", text, exp.Literal.number(source.args[0]))
    if not target.expressions:
        return text
    size = target.expressions[0].this
    if kind in ("CHAR", "NCHAR"):
        return call("rpad", text, size, exp.Literal.string(" "))
    if source is not None and source.name not in ("varchar", "char", "unknown") and not attempt:
        return call("trino_as_varchar", text, size)
    return call("substr", text, exp.Literal.number(1), size)


def _cast_to_timestamp(node: exp.Cast, kind: str, attempt: str, literal: bool) -> exp.Expression:
    """TIMESTAMP with and without a zone; a literal has one when it names one."""
    if literal and not attempt and (found := _ZONE.fullmatch(str(node.this.this).strip())):
        wall = exp.cast(exp.Literal.string(found[1]), "TIMESTAMP")
        return call("trino_zoned", wall, exp.Literal.string(found[2]))
    if kind == "TIMESTAMPTZ":
        if attempt:
            raise not_supported("TRY_CAST to timestamp with time zone")
        return _macro("cast_zoned", node.this)
    digits = int(node.to.expressions[0].this.name) if node.to.expressions else 3
    if digits > 6:
        raise not_supported(f"timestamp({digits}), of more than six digits of a second,")
    return _macro(f"{attempt}cast_timestamp", node.this, exp.Literal.number(10 ** (6 - digits)))


def _unnest(node: exp.Unnest) -> exp.Expression | None:
    """Return an UNNEST with shapes (`unnest.find_shapes`) as a subquery; None for one that DuckDB takes."""
    shapes = node.meta.get("shapes")
    if shapes is None:
        return None
    inner, outer = [], []
    for i, (argument, width) in enumerate(zip(node.expressions, shapes, strict=True)):
        inner.append(exp.alias_(call("unnest", argument), f"e{i}", quoted=True))
        fields = [template(f"struct_extract_at(e{i}, {n + 1})") for n in range(width)]
        outer += fields or [exp.column(f"e{i}", quoted=True)]
    alias, offset = node.args["alias"], node.args.get("offset")
    columns = list(alias.columns)
    if offset:
        lengths = [call("len", argument.copy()) for argument in node.expressions]
        numbers = template("generate_series(1, :n)", n=call("greatest", *lengths))
        inner.append(exp.alias_(call("unnest", numbers), "e_", quoted=True))
        outer.append(exp.column("e_", quoted=True))
        if isinstance(offset, exp.Identifier):
            columns.append(offset)
    query = exp.Select(expressions=outer).from_(exp.Select(expressions=inner).subquery("u_"))
    name = exp.TableAlias(this=alias.this, columns=columns)
    if isinstance(node.parent, exp.From):
        return exp.Subquery(this=query, alias=name)
    return exp.Lateral(this=exp.Subquery(this=query), alias=name)


def _in(node: exp.In) -> exp.Expression | None:
    values = node.expressions
    if "nested" in node.meta:
        return exp.paren(exp.or_(*(compared(node.this, value, node.meta["nested"]) for value in values)))
    if values and all(isinstance(value, exp.Literal) for value in values):
        kinds = {bool(value.is_string) for value in values}
        if len(kinds) == 1 and not isinstance(node.this, exp.Literal | exp.Tuple | exp.Null):
            node.set("this", call("trino_texts" if kinds == {True} else "trino_numbers", node.this))
        elif len(kinds) == 1 and isinstance(node.this, exp.Literal) and node.this.is_string not in kinds:
            raise QueryError("TYPE_MISMATCH", "IN value and list items must be the same type")
    node.set("expressions", [typed(value) for value in values])
    return None


def _ignoring_nulls(node: exp.IgnoreNulls) -> exp.Expression | None:
    function = node.this
    if not isinstance(function, exp.Anonymous) or not function.expressions:
        return None
    *first, last = function.expressions
    # DuckDB has the words inside of the parentheses, where sqlglot does not write them.
    text = last.sql(dialect="duckdb", identify=True, normalize_functions=False)
    function.set("expressions", [*first, exp.Var(this=f"{text} IGNORE NULLS")])
    return function


# DuckDB's aggregates that the templates of Trino's aggregates are made of.
_INNER = ("list", "histogram", "sum", "avg", "count", "skewness", "kurtosis")


def _around_inner(node: exp.Filter | exp.Window) -> exp.Expression | None:
    """FILTER and OVER of an aggregate that is a template belong to the aggregates within it."""
    function = node.this
    name = str(function.this) if isinstance(function, exp.Anonymous) else ""
    if name in _INNER or not isinstance(function, exp.Anonymous | exp.Case | exp.Binary):
        return None
    inner = [n for n in function.find_all(exp.Anonymous) if str(n.this) in _INNER]
    for aggregate in inner:
        target = aggregate.parent if isinstance(aggregate.parent, exp.Filter) else aggregate
        assert target is not None
        around = node.copy()
        around.set("this", target.copy())
        target.replace(around)
    return function if inner else None


def _condition(node: exp.Expression) -> None:
    """Have a condition that may be no boolean asked for its type."""
    condition = node.this
    if isinstance(condition, exp.Expression) and not isinstance(condition, _CONDITIONS):
        node.set("this", call("trino_condition", typed(condition)))


def _between(node: exp.Between) -> exp.Expression:
    low = _macro("gte", node.this.copy(), node.args["low"])
    high = _macro("lte", node.this, node.args["high"])
    return exp.Paren(this=exp.And(this=low, expression=high))


def _rewritten(node: exp.Expression) -> exp.Expression | None:
    """Return what replaces a node whose children are already translated, or None to keep it."""
    if isinstance(node, exp.Anonymous):
        if str(node.this).lower() == "avg" and is_windowed(node) and len(node.expressions) == 1:
            return average(node.expressions, windowed=True)
        rendered = functions.render(node, node.expressions)
        if "digits" in node.meta:
            return call("trino_digits", rendered, exp.Literal.number(node.meta["digits"]))
        if node.meta.get("bits", 64) < 64:
            return _within_bits(str(node.this).lower(), node.expressions, node.meta["bits"], rendered)
        if node.meta.get("type") is not None:  # typeof: a constant, but an aggregate stays one
            known = exp.Literal.string(str(node.meta["type"]))
            whether = exp.Is(this=exp.paren(node.expressions[0]), expression=exp.Null())
            return exp.Case(ifs=[exp.If(this=whether, true=known)], default=known.copy())
        if isinstance(rendered, exp.Anonymous) and str(rendered.this).startswith("trino_"):
            rendered.set("expressions", [typed(argument) for argument in rendered.expressions])
        return rendered
    if type(node) in _COMPARISONS:
        return _binary(node, _COMPARISONS[type(node)])
    if type(node) in _ARITHMETIC:
        return _binary(node, _ARITHMETIC[type(node)])
    if isinstance(node, exp.Between):
        return _between(node)
    if isinstance(node, exp.In):
        return _in(node)
    if isinstance(node, exp.Where | exp.Having) or (isinstance(node, exp.If) and not _simple_case(node)):
        _condition(node)
        return None
    if isinstance(node, exp.Mul):
        return type(node)(this=typed(node.this), expression=typed(node.expression))
    if isinstance(node, exp.Bracket):
        return _bracket(node)
    if isinstance(node, exp.AtTimeZone):
        return call("trino_at_timezone", node.this, node.args["zone"])
    if isinstance(node, exp.CurrentTimestamp):
        return call("trino_now")
    if isinstance(node, exp.ParseJSON):
        return call("trino_json_parse", node.this)
    if isinstance(node, exp.Filter | exp.Window):
        return _around_inner(node)
    if isinstance(node, exp.IgnoreNulls):
        return _ignoring_nulls(node)
    if isinstance(node, exp.Unnest):
        return _unnest(node)
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.Extract):
        part = str(node.this.name).lower()
        if part not in FIELDS:
            raise QueryError("SYNTAX_ERROR", f"line 1:1: Invalid EXTRACT field: {part.upper()}")
        return call(f"trino_{FIELDS[part]}", node.expression)
    if isinstance(node, exp.Substring):
        arguments = [
            node.this,
            node.args["start"],
            *([node.args["length"]] if node.args.get("length") else []),
        ]
        return _macro(f"substr{len(arguments)}", *arguments)
    if isinstance(node, exp.Trim) and node.expression is None:
        side = str(node.args.get("position") or "").upper()
        return call({"LEADING": "trino_ltrim", "TRAILING": "trino_rtrim"}.get(side, "trino_trim"), node.this)
    if isinstance(node, exp.HexString):
        return exp.Anonymous(this="unhex", expressions=[exp.Literal.string(node.this)])
    if isinstance(node, exp.Func) and not isinstance(node, _ALLOWED_CLASSES):
        raise not_supported(node.sql(dialect="trino").partition("(")[0])
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise not_supported(f"Table function {node.this.sql(dialect='trino').partition('(')[0]}")
    return None


def _within_bits(
    name: str, arguments: list[exp.Expression], bits: int, shifted: exp.Expression
) -> exp.Expression:
    """A shift of an integer of fewer than 64 bits, which are the ones that it moves."""
    kind = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER"}[bits]
    if name == "bitwise_left_shift":
        half, size = 2 ** (bits - 1), 2**bits
        sql = f"CAST(((:v + {half}) % {size} + {size}) % {size} - {half} AS {kind})"
        wide = template(
            f"CAST(:a AS HUGEINT) * CAST(power(2, least(:n, {bits})) AS HUGEINT)",
            a=arguments[0],
            n=arguments[1],
        )
        return template(sql, v=exp.paren(wide))
    if name == "bitwise_right_shift":
        moved = f"CAST((CAST(:a AS BIGINT) & {2**bits - 1}) >> (:n) AS {kind})"
        sql = f"CASE WHEN (:n) = 0 THEN (:a) ELSE {moved} END"
        return template(sql, a=arguments[0], n=arguments[1])
    return exp.cast(shifted, kind)


def _simple_case(node: exp.If) -> bool:
    """Say whether a branch belongs to CASE with a value, whose WHENs are no conditions."""
    return isinstance(node.parent, exp.Case) and node.parent.this is not None


def _bracket(node: exp.Bracket) -> exp.Expression:
    key = node.expressions[0]
    if node.meta.get("row"):
        return call("struct_extract_at", node.this, key)
    return call("trino_subscript", node.this, typed(key))


def _filtered_average(node: exp.Filter) -> None:
    """avg(x) FILTER (WHERE c) is avg(IF(c, x)): the macro of averages takes no FILTER."""
    function = node.this
    if isinstance(function, exp.Anonymous) and str(function.this).lower() == "avg" and function.expressions:
        inner = function.expressions[0]
        holder = inner if isinstance(inner, exp.Distinct) else None
        value = holder.expressions[0] if holder is not None else inner
        kept = exp.Case(ifs=[exp.If(this=node.expression.this.copy(), true=value.copy())])
        value.replace(kept)
        node.replace(function)


def _as_real(node: exp.Anonymous) -> None:
    """DuckDB's sum of reals is a double, as is what Trino adds them up in."""
    whole: exp.Expression = node
    while isinstance(whole.parent, exp.Filter | exp.Window) and whole.parent.this is whole:
        whole = whole.parent
    whole.replace(exp.cast(whole.copy(), "REAL"))


def translate(tree: exp.Expression) -> exp.Expression:
    """Return a copy of `tree` in DuckDB's terms. Raises QueryError for what has no exact twin."""
    tree = tree.copy()
    for node in list(tree.find_all(exp.Filter)):
        if not isinstance(node.parent, exp.Window):
            _filtered_average(node)
    for node in list(tree.find_all(exp.Anonymous)):
        if node.meta.get("real"):
            _as_real(node)
    root = hoist(tree)
    # Children come before parents; nodes made on the way are not visited again.
    for node in reversed(list(root.walk())):
        replacement = _rewritten(node)
        if replacement is None:
            continue
        if node is root:
            root = replacement
        else:
            node.replace(replacement)
    return root


def to_duckdb(tree: exp.Expression) -> str:
    """Return translated SQL text, every identifier quoted."""
    return str(translate(tree).sql(dialect="duckdb", identify=True, normalize_functions=False))
