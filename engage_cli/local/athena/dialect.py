"""Trino's grammar with every function kept under the name that the user wrote.

sqlglot maps functions of many dialects onto shared classes, which hides whether Trino has them.
Here all calls stay `exp.Anonymous`, so `functions.py` is the only list of what is allowed.
"""

from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError

from engage_cli.local.athena.errors import QueryError

_SPECIAL_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "LISTAGG")


class AthenaSql(Trino):  # type: ignore[misc]
    """Trino with functions left as they are."""

    class Parser(Trino.Parser):  # type: ignore[misc]
        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012 - sqlglot's own convention
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: parse for name, parse in Trino.Parser.FUNCTION_PARSERS.items() if name in _SPECIAL_SYNTAX
        }


def parse_query(sql: str) -> exp.Expression:
    """Parse one statement. Raises QueryError (SYNTAX_ERROR) with line and column."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect=AthenaSql) if tree is not None]
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        place = f"line {detail.get('line', 1)}:{detail.get('col', 1)}: "
        near = detail.get("highlight") or ""
        text = f"mismatched input '{near}'" if near else str(detail.get("description") or error)
        raise QueryError("SYNTAX_ERROR", place + text) from error
    except TokenError as error:
        raise QueryError("SYNTAX_ERROR", f"line 1:1: {error}") from error
    if len(trees) != 1:
        raise QueryError("", "Only one sql statement is allowed. Got: " + sql.strip()[:200])
    return trees[0]


def position(node: exp.Expression) -> str:
    """Return Trino's `line L:C: ` of a node, or an empty string where the parser kept no place."""
    for part in node.walk():
        line, col = part.meta.get("line"), part.meta.get("col")
        if line and col:
            start = part.meta.get("start")
            end = part.meta.get("end")
            width = (end - start) if start is not None and end is not None else 0
            return f"line {line}:{max(1, col - width)}: "
    return ""
