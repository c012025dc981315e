"""Parameters of a statement: `?` by position, and statements that are prepared and executed.

A parameter is a literal of SQL, as in Athena: it is parsed by itself, refused if it is anything else, and
only then put in the place of its `?`, so that no value can become a part of the statement.
"""

import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from engage_cli.local.athena.dialect import AthenaSql, parse_query
from engage_cli.local.athena.errors import QueryError, not_supported

_NAME = r"([A-Za-z_][A-Za-z0-9_@:]*)"
_PREPARE = re.compile(rf"PREPARE\s+{_NAME}\s+FROM\s+(.*)", re.IGNORECASE | re.DOTALL)
_EXECUTE = re.compile(rf"EXECUTE\s+{_NAME}(?:\s+USING\s+(.*))?", re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(rf"DEALLOCATE\s+PREPARE\s+{_NAME}", re.IGNORECASE)
_PREPARABLE = re.compile(r"\(|(SELECT|WITH|VALUES|TABLE|INSERT|UNLOAD|CREATE\s+TABLE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Prepare:
    """PREPARE name FROM statement."""

    name: str
    statement: str


@dataclass(frozen=True)
class Execute:
    """EXECUTE name USING values: the values as they were written."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Deallocate:
    """DEALLOCATE PREPARE name."""

    name: str


def prepared(text: str) -> Prepare | Execute | Deallocate | None:
    """Return what a statement without comments does with a prepared one; None for any other statement."""
    if match := _PREPARE.fullmatch(text):
        if not _PREPARABLE.match(match[2]):
            raise QueryError(
                "SYNTAX_ERROR",
                "line 1:1: only SELECT, INSERT INTO, CREATE TABLE AS and UNLOAD can be prepared",
            )
        # Now, not when it is executed.
        if not match[2].upper().startswith("UNLOAD"):
            parse_query(match[2])
        return Prepare(match[1], match[2])
    if match := _EXECUTE.fullmatch(text):
        return Execute(match[1], tuple(_values(match[2])) if match[2] else ())
    if match := _DEALLOCATE.fullmatch(text):
        return Deallocate(match[1])
    if re.match(r"(PREPARE|EXECUTE|DEALLOCATE)\b", text, re.IGNORECASE):
        raise QueryError("SYNTAX_ERROR", f"line 1:1: mismatched input '{text.split()[0]}'")
    return None


def bind(sql: str, values: list[str] | tuple[str, ...]) -> str:
    """Return `sql` with each `?` replaced by the literal at its position.

    Raises QueryError when their numbers differ (INVALID_PARAMETER_USAGE) or a value is no literal.
    """
    places = _places(sql)
    if len(places) != len(values):
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(values)}",
        )
    literals = [_literal(value) for value in values]
    for place, literal in reversed(list(zip(places, literals, strict=True))):
        sql = f"{sql[:place]}{literal}{sql[place + 1 :]}"
    return sql


def _places(sql: str) -> list[int]:
    try:
        tokens = AthenaSql().tokenize(sql)
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", f"line 1:1: {error}") from error
    return [token.start for token in tokens if token.token_type == TokenType.PLACEHOLDER]


def _values(text: str) -> list[str]:
    try:
        tree = sqlglot.parse_one(f"SELECT {text}", dialect=AthenaSql)
    except SqlglotError as error:
        raise QueryError("SYNTAX_ERROR", f"line 1:1: {error}") from error
    if not isinstance(tree, exp.Select) or set(filter(tree.args.get, tree.args)) - {"expressions"}:
        raise QueryError("SYNTAX_ERROR", "line 1:1: the values after USING must be literals")
    return [value.sql(dialect=AthenaSql) for value in tree.expressions]


def _literal(value: str) -> str:
    """Return a parameter as SQL. Raises QueryError unless it is one literal."""
    try:
        tree = sqlglot.parse_one(value, dialect=AthenaSql)
    except SqlglotError:
        tree = None
    if tree is None or not _is_literal(tree):
        raise not_supported(f"The parameter {value!r}: a literal is needed (text in single quotes), and this")
    return f"({tree.sql(dialect=AthenaSql)})"


def _is_literal(tree: exp.Expression) -> bool:
    if isinstance(tree, exp.Neg | exp.Paren):
        return _is_literal(tree.this)
    if isinstance(tree, exp.Cast):
        # DATE '...', TIMESTAMP '...', DECIMAL '...' and casts of literals.
        return _is_literal(tree.this)
    return isinstance(tree, exp.Literal | exp.Boolean | exp.Null | exp.Interval)
