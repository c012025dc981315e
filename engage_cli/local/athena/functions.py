"""The Trino functions that the local Athena has, and how each is said in DuckDB.

The table is an allow-list: a name that is not in it never reaches DuckDB, so no file-reading or
system function of DuckDB can be called. Names of Trino that are missing here are in `KNOWN_TO_TRINO`
and are refused by name; any other name gets Trino's own FUNCTION_NOT_FOUND.
"""

from collections.abc import Callable, Sequence

from sqlglot import exp

from engage_cli.local.athena.dialect import position
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.formats import joda_to_strftime, mysql_to_strftime
from engage_cli.local.athena.function_names import KNOWN_TO_TRINO, RENAMED, SAME

Arguments = list[exp.Expression]
Renderer = Callable[[Arguments], exp.Expression]
_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _renamed(name: str) -> Renderer:
    return lambda arguments: _call(name, *arguments)


def literal_text(node: exp.Expression, what: str) -> str:
    """Return the text of a string literal. Raises QueryError where DuckDB needs a constant."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    raise not_supported(f"{what} that is not a literal")


def _unit(node: exp.Expression, function: str) -> str:
    unit = literal_text(node, f"A unit of {function}").lower()
    if unit not in _UNITS:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"{position(node)}'{unit}' is not a valid DATE field")
    return unit


def _date_function(name: str) -> Renderer:
    return lambda a: _call(f"trino_{name}_{_unit(a[0], name)}", *a[1:])


def _extremum(name: str) -> Renderer:
    """GREATEST and LEAST are NULL when any argument is; DuckDB's skip NULLs."""

    def render(arguments: Arguments) -> exp.Expression:
        nulls: exp.Expression = exp.Is(this=arguments[0].copy(), expression=exp.Null())
        for argument in arguments[1:]:
            nulls = exp.Or(this=nulls, expression=exp.Is(this=argument.copy(), expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=nulls, true=exp.Null())], default=_call(name, *arguments))

    return render


def _concat(arguments: Arguments) -> exp.Expression:
    # Nested macros take time that doubles with every level: from the third argument on it is the operator.
    if len(arguments) == 1:
        return arguments[0]
    result = _call("trino_concat", *arguments[:2])
    for argument in arguments[2:]:
        result = exp.DPipe(this=result, expression=_call("trino_part", argument))
    return exp.Paren(this=result) if len(arguments) > 2 else result


def _from_base(arguments: Arguments) -> exp.Expression:
    text, radix = arguments
    if isinstance(radix, exp.Literal) and radix.this == "16":
        return _call("trino_from_base16", text)
    return _call("trino_from_base", text, radix)


def _percentile(arguments: Arguments) -> exp.Expression:
    # Exact and the same at every run; Trino's estimate has the exact one within its error.
    if len(arguments) == 2:
        return _call("quantile_disc", *arguments)
    raise not_supported("approx_percentile with weights or accuracy")


def _replacement(arguments: Arguments) -> exp.Expression:
    text, pattern, *rest = arguments
    new = literal_text(rest[0], "A replacement of regexp_replace") if rest else ""
    escaped = new.replace("\\", "\\\\").replace("$", "\\")
    return _call("regexp_replace", text, pattern, exp.Literal.string(escaped), exp.Literal.string("g"))


def _matches(quantifier: str) -> Renderer:
    def render(arguments: Arguments) -> exp.Expression:
        matched = _call("trino_any_match", _call("list_transform", *arguments))
        return matched if quantifier == "any" else exp.Not(this=matched)

    return render


def _formatted(convert: Callable[[str], str]) -> Renderer:
    return lambda a: _call("strftime", a[0], exp.Literal.string(convert(literal_text(a[1], "A format"))))


def _aggregate_argument(name: str) -> Renderer:
    def render(arguments: Arguments) -> exp.Expression:
        inner = arguments[0]
        if isinstance(inner, exp.Distinct):
            wrapped: exp.Expression = exp.Distinct(
                expressions=[_call(f"trino_{name}_arg", *inner.expressions)]
            )
        else:
            wrapped = _call(f"trino_{name}_arg", inner)
        return _call(name, wrapped)

    return render


def _substr(arguments: Arguments) -> exp.Expression:
    return _call(f"trino_substr{len(arguments)}", *arguments)


def _replace(arguments: Arguments) -> exp.Expression:
    return _call("replace", *arguments, *([exp.Literal.string("")] if len(arguments) == 2 else []))


def _try(arguments: Arguments) -> exp.Expression:
    # DuckDB's TRY does not take functions that raise by themselves: casts get their own NULL.
    for node in arguments[0].find_all(exp.Anonymous):
        if str(node.this).startswith("trino_cast_"):
            node.set("this", str(node.this).replace("trino_cast_", "trino_try_cast_"))
    return _call("try", *arguments)


def _map_agg(arguments: Arguments) -> exp.Expression:
    return _call("map_from_entries", _call("list", _call("row", *arguments)))


_SPECIAL: dict[str, tuple[Sequence[int], Renderer]] = {
    "date_add": ((3,), _date_function("date_add")),
    "date_diff": ((3,), _date_function("date_diff")),
    "date_trunc": ((2,), _date_function("date_trunc")),
    "greatest": (range(1, 100), _extremum("greatest")),
    "least": (range(1, 100), _extremum("least")),
    "concat": (range(2, 100), _concat),
    "from_base": ((2,), _from_base),
    "approx_percentile": ((2, 3, 4), _percentile),
    "regexp_replace": ((2, 3), _replacement),
    "regexp_extract": (
        (2, 3),
        lambda a: _call("trino_regexp_extract", a[0], a[1], a[2] if len(a) == 3 else exp.Literal.number(0)),
    ),
    "any_match": ((2,), _matches("any")),
    "none_match": ((2,), _matches("none")),
    "date_format": ((2,), _formatted(mysql_to_strftime)),
    "format_datetime": ((2,), _formatted(joda_to_strftime)),
    "date_parse": (
        (2,),
        lambda a: _call(
            "strptime", a[0], exp.Literal.string(mysql_to_strftime(literal_text(a[1], "A format")))
        ),
    ),
    "sum": ((1,), _aggregate_argument("sum")),
    "avg": ((1,), _aggregate_argument("avg")),
    "substr": ((2, 3), _substr),
    "substring": ((2, 3), _substr),
    "replace": ((2, 3), _replace),
    "map_agg": ((2,), _map_agg),
    "if": ((2, 3), lambda a: exp.If(this=a[0], true=a[1], false=a[2] if len(a) == 3 else None)),
    "try": ((1,), _try),
    "map": ((0, 2), lambda a: _call("map", *a)),
    "element_at": ((2,), lambda a: _call("trino_element_at", *a)),
    "log": ((2,), lambda a: exp.Div(this=_call("ln", a[1]), expression=_call("ln", a[0]))),
    "e": ((0,), lambda a: _call("exp", exp.Literal.number("1e0"))),
    "nan": ((0,), lambda a: exp.cast(exp.Literal.string("nan"), "DOUBLE")),
    "infinity": ((0,), lambda a: exp.cast(exp.Literal.string("infinity"), "DOUBLE")),
    "to_unixtime": ((1,), lambda a: _call("epoch", *a)),
    "sequence": ((2,), lambda a: _call("generate_series", *a)),
    "from_iso8601_date": ((1,), lambda a: _call("trino_cast_date", *a)),
    "second": ((1,), lambda a: _call("second", *a)),
    "current_timezone": ((0,), lambda a: exp.Literal.string("UTC")),
    "bitwise_and": ((2,), lambda a: exp.BitwiseAnd(this=a[0], expression=a[1])),
    "bitwise_or": ((2,), lambda a: exp.BitwiseOr(this=a[0], expression=a[1])),
}

_RENDERERS: dict[str, Renderer] = {name: _renamed(name) for name in SAME}
_RENDERERS |= {name: _renamed(target) for name, target in RENAMED.items()}


def supported_functions() -> frozenset[str]:
    """Return the names of the functions that a query may call."""
    return frozenset(_RENDERERS) | frozenset(_SPECIAL)


def render(node: exp.Anonymous, arguments: Arguments) -> exp.Expression:
    """Return a call in DuckDB's terms. Raises QueryError for a name or a number of arguments Trino lacks."""
    name = str(node.this).lower()
    if name in _SPECIAL:
        counts, special = _SPECIAL[name]
        if len(arguments) not in counts:
            message = f"{position(node)}Unexpected parameters for function {name}: {len(arguments)} given"
            raise QueryError("FUNCTION_NOT_FOUND", message)
        return special(arguments)
    if name in _RENDERERS:
        return _RENDERERS[name](arguments)
    if name in KNOWN_TO_TRINO:
        raise not_supported(f"Function {name}")
    raise QueryError("FUNCTION_NOT_FOUND", f"{position(node)}Function '{name}' not registered")
