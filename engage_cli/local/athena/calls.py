"""Ways to write DuckDB expressions: calls, templates, and lambdas put into them."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from engage_cli.local.athena.errors import not_supported

Arguments = list[exp.Expression]
Renderer = Callable[[Arguments], exp.Expression]
Table = dict[str, tuple[Sequence[int], Renderer]]


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """Return a call of a DuckDB function."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def renamed(name: str) -> Renderer:
    """Return the renderer of a function that has another name in DuckDB."""
    return lambda arguments: call(name, *arguments)


def literal_text(node: exp.Expression, what: str) -> str:
    """Return the text of a string literal. Raises QueryError where DuckDB needs a constant."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    raise not_supported(f"{what} that is not a literal")


class _Sql(DuckDB):  # type: ignore[misc]
    """DuckDB with every call kept under its name, so that a template stays what it says."""

    class Parser(DuckDB.Parser):  # type: ignore[misc]
        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012 - sqlglot's own convention
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: parse
            for name, parse in DuckDB.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST")
        }


@lru_cache(maxsize=512)
def _parsed(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, dialect=_Sql)


def template(sql: str, **values: exp.Expression) -> exp.Expression:
    """Return a DuckDB expression with each `:name` replaced by a value.

    Values stand as they are: a template puts parentheses where an operator could take one apart.
    """
    tree = _parsed(sql).copy()
    for node in list(tree.find_all(exp.Placeholder)):
        value = values[str(node.this)].copy()
        if node is tree:
            return value
        node.replace(value)
    return tree


def shaped(sql: str, *names: str) -> Renderer:
    """Return the renderer that puts its arguments, in the order of `names`, into a template."""
    return lambda arguments: template(sql, **dict(zip(names, arguments, strict=False)))


def _stands_for(node: exp.Identifier, name: str) -> bool:
    """Say whether an identifier is the variable of a lambda, and no part of another name."""
    parent = node.parent
    if node.name != name or isinstance(parent, exp.Column | exp.Alias | exp.TableAlias | exp.Lambda):
        return False
    return not (isinstance(parent, exp.Dot) and parent.expression is node)


def applied(function: exp.Expression, *values: exp.Expression) -> exp.Expression:
    """Return the body of a lambda with its variables replaced by values. Raises QueryError for no lambda."""
    if not isinstance(function, exp.Lambda):
        raise not_supported("A function as an argument that is not a lambda")
    body = exp.Paren(this=function.this.copy())
    for variable, value in zip(function.expressions, values, strict=True):
        for node in list(body.find_all(exp.Identifier)):
            if _stands_for(node, variable.name):
                node.replace(exp.Paren(this=value.copy()))
    return body
