"""Trino's grammar with every function kept under the name that the user wrote.

sqlglot maps functions of many dialects onto shared classes, which hides whether Trino has them.
Here all calls stay `exp.Anonymous`, so `functions.py` is the only list of what is allowed.
"""

import re
from collections.abc import Callable
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.forms import simplified
from engage_cli.local.athena.json_syntax import PARSERS

_SPECIAL_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")


# sqlglot takes the names of types of many dialects.
_TYPES = frozenset(
    (
        "boolean", "tinyint", "smallint", "integer", "int", "bigint", "real", "double", "decimal", "dec",
        "numeric", "varchar", "char", "varbinary", "json", "date", "time", "timestamp", "interval", "array",
        "map", "row", "ipaddress", "uuid", "hyperloglog", "p4hyperloglog", "qdigest", "tdigest", "setdigest",
        "geometry", "sphericalgeography", "bingtile", "color",
    )
)  # fmt: skip


def _check_type(parser: Any) -> None:
    """Refuse CAST(x AS type), of which `x` comes next, for a type that Trino has not."""
    depth, place = 0, parser._index
    while place + 1 < len(parser._tokens) and depth >= 0:
        token, following = parser._tokens[place], parser._tokens[place + 1]
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and token.token_type == TokenType.ALIAS:
            name = following.text.lower()
            if name.isidentifier() and name not in _TYPES:
                where = f"line {following.line}:{max(1, following.col - len(following.text) + 1)}: "
                raise QueryError("TYPE_NOT_FOUND", f"{where}Unknown type: {name}")
            return
        place += 1


def _cast(parse: Callable[[Any], exp.Expression]) -> Callable[[Any], exp.Expression]:
    """Tell CAST('1.5' AS decimal) from DECIMAL '1.5', for which sqlglot has one tree."""

    def marked(parser: Any) -> exp.Expression:
        _check_type(parser)
        node = parse(parser)
        node.meta["cast"] = True
        return node

    return marked


class AthenaSql(Trino):  # type: ignore[misc]
    """Trino with functions left as they are, and subscripts as they are written."""

    INDEX_OFFSET = 0

    class Parser(Trino.Parser):  # type: ignore[misc]
        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012 - sqlglot's own convention
        FUNCTION_PARSERS = {  # noqa: RUF012
            **{n: parse for n, parse in Trino.Parser.FUNCTION_PARSERS.items() if n in _SPECIAL_SYNTAX},
            **PARSERS,
            "CAST": _cast(Trino.Parser.FUNCTION_PARSERS["CAST"]),
            "TRY_CAST": _cast(Trino.Parser.FUNCTION_PARSERS["TRY_CAST"]),
        }


def parse_query(sql: str) -> exp.Expression:
    """Parse one statement. Raises QueryError (SYNTAX_ERROR) with line and column."""
    if (found := re.sub(r"'(?:[^']|'')*'", lambda m: " " * len(m[0]), sql).find("`")) >= 0:
        line = sql[:found].count("\n") + 1
        column = found - (sql.rfind("\n", 0, found) + 1) + 1
        words = "backquoted identifiers are not supported; use double quotes to quote identifiers"
        raise QueryError("SYNTAX_ERROR", f"line {line}:{column}: {words}")
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
    _check_grammar(sql, trees)
    if len(trees) != 1:
        raise QueryError("", "Only one sql statement is allowed. Got: " + sql.strip()[:200])
    for group in list(trees[0].find_all(exp.WithinGroup)):
        _order_inside(group)
    for node in trees[0].find_all(exp.Anonymous):
        form = node.expressions[1] if len(node.expressions) == 2 else None
        if str(node.this).lower() == "normalize" and isinstance(form, exp.Column):
            form.replace(exp.Literal.string(form.name))  # a keyword, not a column
    simplified(trees[0])
    for query in (trees[0], trees[0].args.get("expression")):
        if isinstance(query, exp.Query):
            query.meta["sql"] = sql
    return trees[0]


def _mismatched(token: Token) -> QueryError:
    place = f"line {token.line}:{max(1, token.col - len(token.text) + 1)}: "
    return QueryError("SYNTAX_ERROR", f"{place}mismatched input '{token.text}'")


# What may stand before a subscript; before anything else `[` would be a list, which Trino writes ARRAY[].
_SUBSCRIPTED = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_BRACKET, TokenType.R_PAREN, TokenType.ARRAY)
_FOREIGN = (
    TokenType.DCOLON, TokenType.ILIKE, TokenType.L_BRACE, TokenType.DIV, TokenType.QUALIFY, TokenType.CARET,
    TokenType.AMP, TokenType.PIPE, TokenType.TILDE, TokenType.SIMILAR_TO, TokenType.RLIKE, TokenType.GLOB,
)  # fmt: skip


def _check_grammar(sql: str, trees: list[exp.Expression]) -> None:
    """Refuse what sqlglot takes and Trino's grammar does not: casts, lists, stars and limits of others."""
    limited: list[bool] = [False]
    before: Token | None = None
    for token in AthenaSql().tokenize(sql):
        kind = token.token_type
        if kind == TokenType.MATCH_RECOGNIZE:
            raise not_supported("MATCH_RECOGNIZE")
        name_as_text = (
            kind == TokenType.STRING and before is not None and before.token_type == TokenType.ALIAS
        )
        if kind in _FOREIGN or token.text == "==" or name_as_text:
            raise _mismatched(token)
        if kind == TokenType.L_BRACKET and (before is None or before.token_type not in _SUBSCRIPTED):
            raise _mismatched(token)
        if kind == TokenType.L_PAREN:
            limited.append(False)
        elif kind == TokenType.R_PAREN and len(limited) > 1:
            limited.pop()
        elif kind in (TokenType.LIMIT, TokenType.FETCH):
            limited[-1] = True
        elif kind == TokenType.OFFSET and limited[-1]:
            raise _mismatched(token)
        before = token
    for distinct in (node for tree in trees for node in tree.find_all(exp.Distinct)):
        if distinct.args.get("on") is not None:
            raise QueryError("SYNTAX_ERROR", "line 1:17: mismatched input 'ON'")
    for star in (star for tree in trees for star in tree.find_all(exp.Star)):
        if any(star.args.get(name) for name in ("except_", "except", "replace", "rename")):
            raise QueryError("SYNTAX_ERROR", "line 1:1: mismatched input after '*'")


def _order_inside(group: exp.WithinGroup) -> None:
    """LISTAGG(x, ',') WITHIN GROUP (ORDER BY y): the order moves into the call, as in other aggregates."""
    function, order = group.this, group.expression
    if (
        not isinstance(function, exp.Anonymous)
        or not function.expressions
        or not isinstance(order, exp.Order)
    ):
        return
    if len(function.expressions) == 1:
        function.append("expressions", exp.Literal.string(""))
    order.set("this", function.expressions[-1].copy())
    function.set("expressions", [*function.expressions[:-1], order])
    group.replace(function)


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
