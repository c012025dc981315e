"""The Trino functions that the local Athena has, and how each is said in DuckDB.

The tables are an allow-list: a name that is not in them never reaches DuckDB, so no file-reading or
system function of DuckDB can be called. Names of Trino that are missing here are in `KNOWN_TO_TRINO`
and are refused by name; any other name gets Trino's own FUNCTION_NOT_FOUND.
"""

from sqlglot import exp

from engage_cli.local.athena.calls import Arguments, Renderer, Table, call, renamed
from engage_cli.local.athena.dialect import position
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.function_names import KNOWN_TO_TRINO, RENAMED, SAME
from engage_cli.local.athena.functions_aggregates import AGGREGATE
from engage_cli.local.athena.functions_collections import COLLECTIONS
from engage_cli.local.athena.functions_dates import DATES
from engage_cli.local.athena.functions_json import JSON, json_made
from engage_cli.local.athena.functions_text import TEXT


def _extremum(name: str) -> Renderer:
    """GREATEST and LEAST are NULL when any argument is; DuckDB's skip NULLs."""

    def render(arguments: Arguments) -> exp.Expression:
        nulls: exp.Expression = exp.Is(this=arguments[0].copy(), expression=exp.Null())
        for argument in arguments[1:]:
            nulls = exp.Or(this=nulls, expression=exp.Is(this=argument.copy(), expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=nulls, true=exp.Null())], default=call(name, *arguments))

    return render


_WITH_TRY = ("trino_subscript", "trino_element_at", "trino_digits_of")


def _try(arguments: Arguments) -> exp.Expression:
    # DuckDB's TRY does not take functions that raise by themselves, nor constants that fail: casts and
    # subscripts get their own NULL.
    for node in arguments[0].find_all(exp.Anonymous):
        name = str(node.this)
        if name.startswith("trino_cast_") or name in _WITH_TRY:
            node.set("this", name.replace("trino_", "trino_try_", 1))
    return call("try", *arguments)


def _if(arguments: Arguments) -> exp.Expression:
    condition = call("trino_condition", arguments[0])
    return exp.If(this=condition, true=arguments[1], false=arguments[2] if len(arguments) == 3 else None)


_SPECIAL: Table = {
    **COLLECTIONS,
    **TEXT,
    **DATES,
    **JSON,
    **AGGREGATE,
    "greatest": (range(1, 100), _extremum("greatest")),
    "least": (range(1, 100), _extremum("least")),
    "if": ((2, 3), _if),
    "try": ((1,), _try),
}
_RENDERERS: dict[str, Renderer] = {name: renamed(name) for name in SAME}
_RENDERERS |= {name: renamed(target) for name, target in RENAMED.items()}


def is_registered(name: str) -> bool:
    """Say whether Trino has a function of this name, in lower case."""
    made = ("json_array", "json_object")
    return name in _SPECIAL or name in _RENDERERS or name in KNOWN_TO_TRINO or name in made


def render(node: exp.Anonymous, arguments: Arguments) -> exp.Expression:
    """Return a call in DuckDB's terms. Raises QueryError for a name or a number of arguments Trino lacks."""
    name = str(node.this).lower()
    if name in ("json_array", "json_object"):
        return json_made(name, arguments, nulls=bool(node.meta.get("nulls")))
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
