"""Where an expression stands in the statement: looked up only when a message needs it."""

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from engage_cli.local.athena.dialect import AthenaSql

_OPERATORS: dict[type[exp.Expression], tuple[TokenType, ...]] = {
    exp.EQ: (TokenType.EQ,), exp.NEQ: (TokenType.NEQ,), exp.LT: (TokenType.LT,), exp.LTE: (TokenType.LTE,),
    exp.GT: (TokenType.GT,), exp.GTE: (TokenType.GTE,), exp.Add: (TokenType.PLUS,),
    exp.Sub: (TokenType.DASH,), exp.Mul: (TokenType.STAR,), exp.Div: (TokenType.SLASH,),
    exp.Mod: (TokenType.MOD,),
    exp.DPipe: (TokenType.DPIPE,), exp.Like: (TokenType.LIKE,), exp.In: (TokenType.IN,),
    exp.Between: (TokenType.BETWEEN,), exp.Is: (TokenType.IS,), exp.Union: (TokenType.UNION,),
    exp.Except: (TokenType.EXCEPT,), exp.Intersect: (TokenType.INTERSECT,),
}  # fmt: skip
# What an expression of these kinds begins with.
_FIRST: dict[type[exp.Expression], tuple[str, ...]] = {
    exp.Cast: ("CAST", "DATE", "TIMESTAMP", "TIME", "DECIMAL"), exp.TryCast: ("TRY_CAST",),
    exp.Case: ("CASE",), exp.Select: ("SELECT",), exp.Values: ("VALUES",), exp.Array: ("ARRAY",),
    exp.If: ("IF",), exp.Not: ("NOT",), exp.Extract: ("EXTRACT",), exp.Trim: ("TRIM",),
    exp.Substring: ("SUBSTRING",), exp.Neg: ("-",),
    exp.Tuple: ("(",), exp.Interval: ("INTERVAL",),
}  # fmt: skip


class Places:
    """The places of the expressions of one statement, given its text (empty: none is known)."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens: list[Token] | None = None

    def of(self, node: exp.Expression) -> str:
        """Return Trino's `line L:C: ` of a node, or an empty string where it is not known."""
        token = self._token(node)
        if token is None:
            return ""
        return f"line {token.line}:{max(1, token.col - (token.end - token.start))}: "

    def _token(self, node: exp.Expression) -> Token | None:
        operators = _OPERATORS.get(type(node))
        if operators is not None:
            right = node.args.get("expression") or node.args.get("low") or next(iter(node.expressions), None)
            at = self._first(right) if isinstance(right, exp.Expression) else None
            return self._before(at, lambda token: token.token_type in operators)
        at = self._first(node)
        words = ("CAST",) if node.meta.get("cast") and type(node) is exp.Cast else _FIRST.get(type(node))
        if words is None or at is None or self._all()[at].text.upper() in words:
            return None if at is None else self._all()[at]
        return self._before(at, lambda token: token.text.upper() in words)

    def _before(self, at: int | None, wanted: object) -> Token | None:
        if at is None or not callable(wanted):
            return None
        return next((token for token in reversed(self._all()[:at]) if wanted(token)), None)

    def _first(self, node: exp.Expression) -> int | None:
        """Return the number of the first token that belongs to a node and is known."""
        starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
        if not starts:
            return None
        first = min(starts)
        return next((i for i, token in enumerate(self._all()) if token.start == first), None)

    def _all(self) -> list[Token]:
        if self._tokens is None:
            self._tokens = list(AthenaSql().tokenize(self._sql)) if self._sql else []
        return self._tokens
