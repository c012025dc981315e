# ruff: noqa: E501 - messages read better on one line
"""The types of expressions. See `type_check`."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from typing import Any

from sqlglot import exp

from engage_cli.local.athena import trino_types as tt
from engage_cli.local.athena.casts import can_cast
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.places import Places
from engage_cli.local.athena.trino_types import BIGINT, BOOLEAN, DOUBLE, UNKNOWN, VARCHAR, Type
from engage_cli.local.athena.type_calls import Calls
from engage_cli.local.athena.type_scope import Columns, Scope

# Trino has two comparisons and equality, and says the others with them.
_COMPARED = {exp.EQ: "=", exp.NEQ: "=", exp.LT: "<", exp.GT: "<", exp.LTE: "<=", exp.GTE: "<="}
_COMPUTED = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_NESTED = ("array", "map", "row")
_ZONE = re.compile(r"\d{4}-\d+-\d+(?: \d+:[\d:.]+)? ?(?:[A-Za-z][\w/+-]*|[+-]\d{2}:\d{2})")


def mismatch(place: str, text: str) -> QueryError:
    """Return the failure for types that do not fit."""
    return QueryError("TYPE_MISMATCH", place + text)


class Expressions:
    """Infers types; `query` gives the columns of a subquery."""

    def __init__(self, places: Places, query: Callable[[exp.Expression, Scope], Columns]) -> None:
        self.places = places
        self._query = query
        self._calls = Calls(places, self.infer)

    def infer(self, node: exp.Expression, scope: Scope) -> Type | None:
        """Return the type of an expression, None if it is not followed. Raises QueryError."""
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            return handler(self, node, scope)
        if isinstance(node, exp.Query):
            return self._scalar(node, scope)
        self.children(node, scope)
        return None

    def children(self, node: exp.Expression, scope: Scope) -> None:
        """Check what an expression holds."""
        for child in node.iter_expressions():
            self.infer(child, scope)

    def both(self, a: Type | None, b: Type | None, node: exp.Expression, words: str) -> Type | None:
        """Return what two types have in common. Raises QueryError if they have nothing."""
        if a is None or b is None:
            return None
        common = tt.common(a, b)
        if common is None:
            raise mismatch(self.places.of(node), words.format(a, b))
        return common

    def condition(self, node: exp.Expression, scope: Scope, what: str) -> None:
        """Check that an expression is a boolean."""
        kind = self.infer(node, scope)
        if kind not in (None, BOOLEAN, UNKNOWN):
            words = f"{what} must evaluate to a boolean: actual type {kind}"
            raise mismatch(self.places.of(node), words)

    def no_maps(self, kinds: Iterable[Type | None], what: str) -> None:
        """Refuse to group by maps: DuckDB's are the same only in the same order."""
        if any(kind is not None and "map(" in str(kind) for kind in kinds):
            raise not_supported(f"{what} of maps")

    def orderable(self, kind: Type | None, node: exp.Expression) -> None:
        """Refuse an order of what has none."""
        if kind is not None and (kind.name == "json" or "map(" in str(kind)):
            words = f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY: {node.this.sql('trino')}"
            raise mismatch(self.places.of(node), words)

    def count_of(self, clause: exp.Expression) -> None:
        """Check the number of LIMIT, FETCH or OFFSET."""
        value = clause.args.get("expression") or clause.args.get("count")
        if isinstance(value, exp.Literal) and (value.is_string or not str(value.this).isdigit()):
            raise QueryError(
                "SYNTAX_ERROR", f"{self.places.of(value)}mismatched input '{value.sql('trino')}'"
            )

    def _scalar(self, node: exp.Expression, scope: Scope) -> Type | None:
        columns = self._query(node, scope)
        return columns[0][1] if len(columns) == 1 else None

    def _literal(self, node: exp.Literal, scope: Scope) -> Type | None:
        text = str(node.this)
        if node.is_string:
            return Type("varchar", (len(text),))
        if "e" in text.lower():
            return DOUBLE
        if text.isdigit():
            limit = 2**63 if isinstance(node.parent, exp.Neg) else 2**63 - 1
            if int(text) > limit:
                raise QueryError("SYNTAX_ERROR", f"{self.places.of(node)}Invalid numeric literal: {text}")
            return tt.INTEGER if int(text) < 2**31 else BIGINT
        return decimal_of(text)

    def _column(self, node: exp.Column, scope: Scope) -> Type | None:
        return scope.column(node.table, node.name)

    def _dot(self, node: exp.Dot, scope: Scope) -> Type | None:
        row = self.infer(node.this, scope)
        if row is None or row.name != "row":
            return None
        return next((kind for name, kind in row.args if name == node.expression.name), None)

    def _cast(self, node: exp.Cast, scope: Scope) -> Type | None:
        target = tt.of_data_type(node.to)
        if type(node) is exp.Cast and isinstance(node.this, exp.Literal) and not node.meta.get("cast"):
            return self._typed_literal(node, target)
        source = self.infer(node.this, scope)
        if source is not None and target is not None and not can_cast(source, target):
            raise mismatch(self.places.of(node), f"Cannot cast {source} to {target}")
        node.meta["source"] = source
        return target

    def _typed_literal(self, node: exp.Cast, target: Type | None) -> Type | None:
        text = str(node.this.this).strip()
        if target is not None and not valid_literal(target.name, text):
            words = f"'{text}' is not a valid {target.name.upper()} literal"
            raise QueryError("INVALID_LITERAL", self.places.of(node) + words)
        if target is None or target.name != "decimal" or not node.this.is_string:
            zoned = target is not None and target.name == "timestamp" and _ZONE.fullmatch(text)
            return Type("timestamp with time zone", target.args) if zoned and target else target
        return decimal_of(text.lstrip("+-")) if not node.to.expressions else target

    def _interval(self, node: exp.Interval, scope: Scope) -> Type:
        unit = str(node.args["unit"]).upper()
        return tt.YEAR_TO_MONTH if unit.split()[0] in ("YEAR", "MONTH") else tt.DAY_TO_SECOND

    def _compared(self, node: exp.Binary, scope: Scope) -> Type:
        left, right = node.this, node.expression
        if isinstance(right, exp.Any | exp.All) or str(right.name).lower() in ("any", "all", "some"):
            self.children(node, scope)
            return BOOLEAN
        a, b = self.infer(left, scope), self.infer(right, scope)
        if a is None or b is None:
            return BOOLEAN
        operator = _COMPARED[type(node)]
        common = tt.common(a, b)
        if common is None or (operator != "=" and (common.name == "json" or "map(" in str(common))):
            raise mismatch(self.places.of(node), f"Cannot apply operator: {a} {operator} {b}")
        self._same_text(node, "this", a, common)
        self._same_text(node, "expression", b, common)
        if common.name in _NESTED and operator == "=":
            node.meta["nested"] = common
        return BOOLEAN

    @staticmethod
    def _same_text(node: exp.Expression, key: str, kind: Type, common: Type) -> None:
        """A `char` is compared without the blanks at its end."""
        if common.name == "char" and kind != UNKNOWN:
            node.set(key, exp.Anonymous(this="rtrim", expressions=[node.args[key]]))

    def _computed(self, node: exp.Binary, scope: Scope) -> Type | None:
        a, b = self.infer(node.this, scope), self.infer(node.expression, scope)
        if a is None or b is None:
            return None
        operator = _COMPUTED[type(node)]
        kind = tt.arithmetic(operator, a, b)
        if kind is None:
            raise mismatch(self.places.of(node), f"Cannot apply operator: {a} {operator} {b}")
        return kind

    def _joined(self, node: exp.DPipe, scope: Scope) -> Type | None:
        kinds = [self.infer(node.this, scope), self.infer(node.expression, scope)]
        kind = self._calls.concatenated(kinds, node)
        if kind is not None and kind.name == "array":
            for key, part in zip(("this", "expression"), kinds, strict=True):
                if part is not None and part.name != "array" and part != UNKNOWN:
                    node.set(key, exp.Array(expressions=[node.args[key]]))
        return kind

    def _negated(self, node: exp.Neg, scope: Scope) -> Type | None:
        kind = self.infer(node.this, scope)
        if kind is None or tt.is_number(kind) or kind in (tt.DAY_TO_SECOND, tt.YEAR_TO_MONTH, UNKNOWN):
            return kind
        raise mismatch(self.places.of(node), f"Cannot negate {kind}")

    def _logical(self, node: exp.Expression, scope: Scope) -> Type:
        for child in node.iter_expressions():
            kind = self.infer(child, scope)
            if kind not in (None, BOOLEAN, UNKNOWN):
                what = (
                    "Value of logical NOT expression"
                    if isinstance(node, exp.Not)
                    else "Logical expression term"
                )
                raise mismatch(self.places.of(child), f"{what} must evaluate to a boolean (actual: {kind})")
        return BOOLEAN

    def _between(self, node: exp.Between, scope: Scope) -> Type:
        kinds = [self.infer(part, scope) for part in (node.this, node.args["low"], node.args["high"])]
        if None not in kinds:
            common: Type | None = kinds[0]
            for kind in kinds[1:]:
                common = tt.common(common, kind) if common is not None and kind is not None else None
            if common is None:
                raise mismatch(
                    self.places.of(node), f"Cannot check if {kinds[0]} is BETWEEN {kinds[1]} and {kinds[2]}"
                )
        return BOOLEAN

    def _in(self, node: exp.In, scope: Scope) -> Type:
        value = self.infer(node.this, scope)
        words = "IN value and list items must be the same type: {} and {}"
        for item in node.expressions:
            kind = self.infer(item, scope)
            self.both(value, kind, node, words)
            if value is not None and kind is not None and value.name in _NESTED:
                node.meta["nested"] = tt.common(value, kind)
        query = node.args.get("query")
        if query is not None:
            columns = self._query(query, scope)
            if len(columns) == 1:
                words = "Value expression and result of subquery must be of the same type: {} vs {}"
                self.both(value, columns[0][1], node, words)
        return BOOLEAN

    def _boolean(self, node: exp.Expression, scope: Scope) -> Type:
        for child in node.iter_expressions():
            if isinstance(child, exp.Query):
                self._query(child, scope)
            else:
                self.infer(child, scope)
        return BOOLEAN

    def _like(self, node: exp.Like, scope: Scope) -> Type:
        for child in (node.this, node.expression):
            kind = self.infer(child, scope)
            if kind is not None and kind.name not in ("varchar", "char", "unknown"):
                what = "Left side of LIKE expression" if child is node.this else "Pattern for LIKE expression"
                raise mismatch(self.places.of(child), f"{what} must evaluate to a varchar (actual: {kind})")
        return BOOLEAN

    def _case(self, node: exp.Case, scope: Scope) -> Type | None:
        value = self.infer(node.this, scope) if node.this is not None else None
        branches: list[Type | None] = []
        for branch in node.args["ifs"]:
            if node.this is None:
                self.condition(branch.this, scope, "CASE WHEN clause")
            else:
                kind = self.infer(branch.this, scope)
                self.both(
                    value,
                    kind,
                    branch.this,
                    "CASE operand type does not match WHEN clause operand type: {} vs {}",
                )
            branches.append(self.infer(branch.args["true"], scope))
        default = node.args.get("default")
        branches.append(self.infer(default, scope) if default is not None else UNKNOWN)
        return self.one(
            branches,
            node,
            "All CASE results must be the same type or coercible to a common type. Cannot find common type between {} and {}, all types (without duplicates): {}",
        )

    def one(self, kinds: list[Type | None], node: exp.Expression, words: str) -> Type | None:
        """Return what several types have in common. Raises QueryError if they have nothing."""
        every = ", ".join(dict.fromkeys(str(kind) for kind in kinds if kind not in (None, UNKNOWN)))
        found: Type | None = UNKNOWN
        for kind in kinds:
            if kind is None:
                found = None
            if kind is None or found is None:
                continue
            common = tt.common(found, kind)
            if common is None:
                raise mismatch(self.places.of(node), words.format(found, kind, f"[{every}]"))
            found = common
        return found

    def _if(self, node: exp.If, scope: Scope) -> Type | None:
        self.condition(node.this, scope, "IF condition")
        parts = [part for part in (node.args.get("true"), node.args.get("false")) if part is not None]
        return self.one(
            [self.infer(part, scope) for part in parts],
            node,
            "Result types for IF must be the same: {} vs {}",
        )

    def _array(self, node: exp.Array, scope: Scope) -> Type | None:
        kinds = [self.infer(item, scope) for item in node.expressions]
        words = "All ARRAY elements must be the same type or coercible to a common type. Cannot find common type between {} and {}, all types (without duplicates): {}"
        element = self.one(kinds, node, words)
        return None if element is None else tt.array(element)

    def _tuple(self, node: exp.Expression, scope: Scope) -> Type | None:
        return row_of([self.infer(item, scope) for item in node.expressions])

    def _bracket(self, node: exp.Bracket, scope: Scope) -> Type | None:
        value, key = self.infer(node.this, scope), node.expressions[0]
        index = self.infer(key, scope)
        if value is None:
            return None
        if value.name == "row":
            place = int(key.name) if isinstance(key, exp.Literal) and str(key.this).isdigit() else 0
            if not 1 <= place <= len(value.args):
                words = f"Invalid subscript index: {key.sql('trino')}. ROW indices start at 1"
                raise QueryError("INVALID_FUNCTION_ARGUMENT", self.places.of(node) + words)
            node.meta["row"] = True
            kind: Type = value.args[place - 1][1]
            return kind
        wanted = {"array": BIGINT, "map": value.args[0] if value.args else None}.get(value.name)
        if wanted is None or (index is not None and not tt.converts(index, wanted)):
            raise mismatch(self.places.of(node), f"Cannot use {index} for subscript of {value}")
        result: Type = value.args[-1]
        return result

    def _extract(self, node: exp.Extract, scope: Scope) -> Type:
        kind = self.infer(node.expression, scope)
        field = str(node.this.name).upper()
        if kind is not None and kind.name not in (*tt.TEMPORAL, "unknown"):
            raise mismatch(self.places.of(node), f"Cannot extract {field} from {kind}")
        return BIGINT

    def _call(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        return self._calls.call(node, scope)

    def _named(self, node: exp.Expression, scope: Scope) -> Type | None:
        """TRIM and SUBSTRING with words between their arguments."""
        arguments = [part for part in node.iter_expressions() if not isinstance(part, exp.Var)]
        kinds = [self.infer(part, scope) for part in arguments]
        name = "trim" if isinstance(node, exp.Trim) else "substring"
        return self._calls.of_signature(name, kinds, node)

    def _window(self, node: exp.Window, scope: Scope) -> Type | None:
        function = node.this
        while isinstance(function, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            function = function.this
        for argument in function.expressions if isinstance(function, exp.Anonymous) else ():
            if isinstance(argument, exp.Distinct):
                raise QueryError(
                    "NOT_SUPPORTED",
                    f"{self.places.of(function)}DISTINCT in window function parameters not yet supported",
                )
            if isinstance(argument, exp.Order):
                raise QueryError(
                    "NOT_SUPPORTED",
                    f"{self.places.of(function)}Window function with ORDER BY is not supported",
                )
        for key, value in node.args.items():
            if key != "this":
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, exp.Expression):
                        self.infer(part, scope)
        return self.infer(node.this, scope)

    def _filtered(self, node: exp.Filter, scope: Scope) -> Type | None:
        self.condition(node.expression.this, scope, "Filter expression")
        return self.infer(node.this, scope)

    def _at_zone(self, node: exp.AtTimeZone, scope: Scope) -> Type | None:
        kind = self.infer(node.this, scope)
        self.infer(node.args["zone"], scope)
        if kind is None or kind.name == "time with time zone":
            return None
        if kind.name not in ("timestamp", "timestamp with time zone", "time", "unknown"):
            raise mismatch(
                self.places.of(node),
                f"Type of value must be a time or timestamp with or without time zone (actual {kind})",
            )
        return Type("timestamp with time zone", kind.args) if kind.name.startswith("timestamp") else None

    def _through(self, node: exp.Expression, scope: Scope) -> Type | None:
        return self.infer(node.this, scope)

    def _first_of(self, node: exp.Distinct, scope: Scope) -> Type | None:
        kinds = [self.infer(item, scope) for item in node.expressions]
        self.no_maps(kinds, "DISTINCT")
        return kinds[0] if len(kinds) == 1 else None

    def _order(self, node: exp.Order, scope: Scope) -> Type | None:
        for ordered in node.expressions:
            self.orderable(self.infer(ordered.this, scope), ordered)
        return self.infer(node.this, scope) if node.this is not None else None


_DAY = r"[+-]?\d{4,}-\d{1,2}-\d{1,2}"
_TIME = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?"
_LITERALS = {
    "date": re.compile(_DAY), "time": re.compile(_TIME),
    "timestamp": re.compile(rf"{_DAY}(?: {_TIME})?(?: ?(?:[A-Za-z][\w/+-]*|[+-]\d{{2}}:\d{{2}}))?"),
}  # fmt: skip


def valid_literal(kind: str, text: str) -> bool:
    """Say whether DATE, TIME or TIMESTAMP may stand before a text."""
    if kind not in _LITERALS:
        return True
    if not _LITERALS[kind].fullmatch(text):
        return False
    day = re.match(r"(\d{4})-(\d+)-(\d+)(?: |$)", text)
    if day is None or kind == "time":
        return True
    year, month, number = map(int, day.groups())
    return 1 <= month <= 12 and 1 <= number <= (monthrange(year, month)[1] if year else 31)


def decimal_of(text: str) -> Type:
    """Return the type of a decimal literal: as many digits as are written, without zeros at the start."""
    whole, _, fraction = text.partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    return Type("decimal", (max(1, digits), len(fraction)))


def row_of(kinds: list[Type | None]) -> Type | None:
    """Return a row without names, None if a field is not known."""
    return None if None in kinds else Type("row", tuple((None, kind) for kind in kinds))


def _always(kind: Type) -> Callable[[Expressions, Any, Scope], Type | None]:
    return lambda self, node, scope: kind


_HANDLERS: dict[type, Callable[[Any, Any, Scope], Type | None]] = {
    exp.Literal: Expressions._literal, exp.Boolean: _always(BOOLEAN), exp.Null: _always(UNKNOWN),
    exp.HexString: _always(tt.VARBINARY), exp.Column: Expressions._column,
    exp.Identifier: lambda self, node, scope: scope.variable(node.name), exp.Dot: Expressions._dot,
    exp.Paren: Expressions._through, exp.Alias: Expressions._through, exp.Cast: Expressions._cast,
    exp.TryCast: Expressions._cast, exp.Interval: Expressions._interval, exp.Neg: Expressions._negated,
    exp.Not: Expressions._logical, exp.And: Expressions._logical, exp.Or: Expressions._logical,
    exp.DPipe: Expressions._joined, exp.Between: Expressions._between, exp.In: Expressions._in,
    exp.Is: Expressions._boolean, exp.Exists: Expressions._boolean, exp.Like: Expressions._like,
    exp.NullSafeEQ: Expressions._boolean, exp.NullSafeNEQ: Expressions._boolean, exp.Case: Expressions._case,
    exp.If: Expressions._if, exp.Array: Expressions._array, exp.Tuple: Expressions._tuple,
    exp.Bracket: Expressions._bracket, exp.Extract: Expressions._extract, exp.Anonymous: Expressions._call,
    exp.Trim: Expressions._named, exp.Substring: Expressions._named, exp.Window: Expressions._window,
    exp.Filter: Expressions._filtered, exp.IgnoreNulls: Expressions._through,
    exp.RespectNulls: Expressions._through, exp.AtTimeZone: Expressions._at_zone,
    exp.Distinct: Expressions._first_of, exp.Order: Expressions._order, exp.CurrentDate: _always(tt.DATE),
    exp.CurrentTimestamp: _always(tt.ZONED), exp.Localtimestamp: _always(tt.TIMESTAMP),
    exp.ParseJSON: _always(tt.JSON), exp.UnicodeString: _always(VARCHAR),
    **dict.fromkeys(_COMPARED, Expressions._compared), **dict.fromkeys(_COMPUTED, Expressions._computed),
}  # fmt: skip
