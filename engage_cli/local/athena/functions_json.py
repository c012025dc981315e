"""Trino's JSON functions. A path must be a literal; what of a path is known, is said in `duckdb_path`."""

import re

from sqlglot import exp

from engage_cli.local.athena.calls import (
    Arguments,
    Renderer,
    Table,
    call,
    literal_text,
    renamed,
    shaped,
    template,
)
from engage_cli.local.athena.errors import QueryError, not_supported

_STEP = re.compile(
    r"""\.([A-Za-z_][\w-]*)|\[\s*(\d+)\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\.\"((?:[^"\\]|\\.)*)\""""
)


def duckdb_path(path: str) -> str:
    """Return a JSON path of names and positions in DuckDB's form. Raises QueryError for any other path."""
    text = path.strip()
    if not text.startswith("$"):
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
    found, place = "$", 1
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            raise not_supported(f"The JSON path {path!r} (only names and positions are)")
        name = next((part for part in (step[1], step[3], step[4]) if part is not None), None)
        found += f"[{step[2]}]" if name is None else f'."{name}"'
        place = step.end()
    return found


def _with_path(macro: str, *, sql_json: bool = False) -> Renderer:
    def render(arguments: Arguments) -> exp.Expression:
        path = literal_text(arguments[1], "A JSON path")
        if sql_json:  # `lax $.a`: of a scalar member, strict gives the same where it does not fail
            path = re.sub(r"^\s*(lax|strict)\s+", "", path, flags=re.IGNORECASE)
        return call(macro, arguments[0], exp.Literal.string(duckdb_path(path)), *arguments[2:])

    return render


def _exists(arguments: Arguments) -> exp.Expression:
    found = _with_path("trino_json_extract", sql_json=True)(arguments)
    return exp.Not(this=exp.Is(this=found, expression=exp.Null()))


def _query(arguments: Arguments) -> exp.Expression:
    return exp.cast(_with_path("trino_json_extract", sql_json=True)(arguments), "VARCHAR")


def _value(arguments: Arguments) -> exp.Expression:
    """With a third argument: what an empty result becomes; JSON's null is not empty."""
    found = _with_path("trino_json_scalar", sql_json=True)(arguments[:2])
    if len(arguments) == 2:
        return found
    there = _with_path("trino_json_extract", sql_json=True)(arguments[:2])
    empty = exp.And(
        this=exp.Is(this=there, expression=exp.Null()),
        expression=exp.Not(
            this=exp.Is(this=call("trino_json_only", arguments[0].copy()), expression=exp.Null())
        ),
    )
    return exp.Case(ifs=[exp.If(this=empty, true=arguments[2])], default=found)


def _text(value: exp.Expression, *, nulls: bool) -> exp.Expression:
    """A value as JSON; what was made as JSON stays so."""
    made = value.meta.get("json") or isinstance(value, exp.Null)
    text = exp.cast(value if made else call("to_json", value), "VARCHAR")
    return exp.Coalesce(this=text, expressions=[exp.Literal.string("null")]) if nulls else text


def json_made(name: str, arguments: Arguments, *, nulls: bool) -> exp.Expression:
    """Return json_array or json_object; `nulls`: whether members that are NULL are there."""
    if name == "json_array":
        parts = [_text(value, nulls=nulls) for value in arguments]
    else:
        parts = [
            template("CAST(to_json(:k) AS VARCHAR) || ':' || :v", k=key, v=_text(value, nulls=nulls))
            for key, value in zip(arguments[::2], arguments[1::2], strict=True)
        ]
    empty = exp.cast(exp.Array(expressions=[]), "VARCHAR[]", dialect="duckdb")
    items: exp.Expression = exp.Array(expressions=parts) if parts else empty
    left, right = ("'['", "']'") if name == "json_array" else ("'{'", "'}'")
    sql = f"{left} || array_to_string(list_filter(:items, lambda e_: e_ IS NOT NULL), ',') || {right}"
    made = exp.paren(template(sql, items=items))
    made.meta["json"] = True
    return made


JSON: Table = {
    "json_extract": ((2,), _with_path("trino_json_extract")),
    "json_extract_scalar": ((2,), _with_path("trino_json_scalar")),
    "json_size": ((2,), _with_path("trino_json_size")),
    "json_value": ((2, 3), _value),
    "json_query": ((2,), _query),
    "json_exists": ((2,), _exists),
    "json_array_length": ((1,), renamed("trino_json_length")),
    "json_array_contains": ((2,), renamed("trino_json_contains")),
    "json_array_get": ((2,), renamed("trino_json_get")),
    "is_json_scalar": ((1,), renamed("trino_json_is_scalar")),
    "json_parse": ((1,), renamed("trino_json_parse")),
    "json_format": ((1,), shaped("CAST(:x AS VARCHAR)", "x")),
}
