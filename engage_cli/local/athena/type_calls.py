# ruff: noqa: E501 - messages read better on one line
"""The types of calls of functions: by their signatures, and by rules where a signature cannot say it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlglot import exp

from engage_cli.local.athena import functions
from engage_cli.local.athena import trino_types as tt
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.places import Places
from engage_cli.local.athena.signatures import Signature, signatures, split
from engage_cli.local.athena.trino_types import BIGINT, BOOLEAN, UNKNOWN, VARCHAR, Type
from engage_cli.local.athena.type_scope import Scope

Kinds = list[Type | None]
_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")


@cache
def _pattern(text: str) -> Type:
    if text in ("T", "U", "K", "V"):
        return Type("variable", (text,))
    zone = text.endswith(" with time zone")
    name, bracket, rest = text.removesuffix(" with time zone").partition("(")
    name += " with time zone" if zone else ""
    if not bracket:
        return Type(name)
    parts = split(rest.removesuffix(")"))
    if name in ("array", "map"):
        return Type(name, tuple(_pattern(part) for part in parts))
    if name == "row":
        return Type(name, tuple((None, _pattern(part)) for part in parts))
    return Type(name, tuple(int(part) if part.isdigit() else part for part in parts))


def _fit(pattern: Type, actual: Type, bound: dict[str, Any]) -> int | None:
    """Return how far a type is from a pattern (0: it is it), None if it does not fit. Fills `bound`."""
    if pattern.name == "variable":
        known = bound.get(pattern.args[0], UNKNOWN)
        both = tt.common(known, actual)
        bound[pattern.args[0]] = both
        return None if both is None else 0
    if actual == UNKNOWN:
        return 0
    if pattern.name in ("array", "map", "row"):
        if actual.name != pattern.name or len(actual.args) != len(pattern.args):
            return None
        total = 0
        for part, kind in zip(pattern.args, actual.args, strict=True):
            one = _fit(part[1], kind[1], bound) if pattern.name == "row" else _fit(part, kind, bound)
            if one is None:
                return None
            total += one
        return total
    if pattern.name == "varchar" and actual.name in ("varchar", "char"):
        size = pattern.args[0] if pattern.args else None
        if isinstance(size, int) and not (actual.args and actual.args[0] <= size):
            return None
        bound["x"] = actual.args
        return int(actual.name == "char")
    if pattern.name == actual.name and any(isinstance(size, str) for size in pattern.args):
        bound.update(zip(pattern.args, actual.args, strict=True))
        return 0
    return _converted(pattern, actual, bound)


def _converted(pattern: Type, actual: Type, bound: dict[str, Any]) -> int | None:
    if pattern.name == "decimal" and tt.is_whole(actual):
        bound.update(zip(("p", "s"), tt.as_decimal(actual).args, strict=True))
        return 5
    times = ("date", "timestamp", "timestamp with time zone")
    if pattern.name in times[1:] and actual.name in times[: times.index(pattern.name)]:
        bound["p"] = actual.args[0] if actual.args else 0
        return times.index(pattern.name) - times.index(actual.name)
    if any(isinstance(size, str) for size in pattern.args):
        return None
    if pattern == actual:
        return 0
    if actual.name in _NUMBERS and pattern.name in _NUMBERS and tt.converts(actual, pattern):
        return _NUMBERS.index(pattern.name) - _NUMBERS.index(actual.name)
    return 1 if tt.converts(actual, pattern) else None


def _result(pattern: Type, bound: dict[str, Any]) -> Type:
    if pattern.name == "variable":
        kind: Type = bound.get(pattern.args[0], UNKNOWN)
        return kind
    if pattern.name == "varchar" and pattern.args == ("x",):
        return Type("varchar", tuple(bound.get("x", ())))
    parts: list[Any] = []
    for part in pattern.args:
        if isinstance(part, Type):
            parts.append(_result(part, bound))
        elif isinstance(part, tuple):
            parts.append((None, _result(part[1], bound)))
        else:
            parts.append(bound.get(part, 3) if isinstance(part, str) else part)
    return Type(pattern.name, tuple(parts))


class Calls:
    """Types of calls; `infer` gives the type of an argument."""

    def __init__(self, places: Places, infer: Callable[[exp.Expression, Scope], Type | None]) -> None:
        self._places = places
        self._infer = infer

    def call(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        """Return the type of a call. Raises QueryError (FUNCTION_NOT_FOUND, TYPE_MISMATCH)."""
        name = str(node.this).lower()
        if not functions.is_registered(name):
            raise QueryError("FUNCTION_NOT_FOUND", f"{self._places.of(node)}Function '{name}' not registered")
        if name in _LAMBDAS:
            return _LAMBDAS[name](self, node, scope)
        arguments = [item for item in node.expressions if not isinstance(item, exp.Star)]
        kinds = [None if isinstance(item, exp.Lambda) else self._infer(item, scope) for item in arguments]
        if name in _RULES:
            return _RULES[name](self, node, kinds)
        kind = self.of_signature(name, kinds, node)
        if kind in (tt.DAY_TO_SECOND, tt.YEAR_TO_MONTH) and name in ("sum", "avg"):
            raise not_supported(f"{name} of intervals")
        first = kinds[0] if kinds else None
        if name == "to_iso8601" and first is not None and first.args and first.args[0] != 3:
            if first.args[0] > 3:
                raise not_supported(f"to_iso8601 of {first}")
            node.meta["digits"] = first.args[0]
        if kind == tt.REAL and name in ("sum", "avg", "geometric_mean"):
            node.meta["real"] = True
        return kind

    def of_signature(self, name: str, kinds: Kinds, node: exp.Expression) -> Type | None:
        """Return the result of the signature that fits best, None if it is not known."""
        known = signatures().get(name)
        if known is None:
            return None
        best: tuple[int, Type] | None = None
        results = set()
        for signature in known:
            patterns = _arguments(signature, len(kinds))
            if patterns is None:
                continue
            results.add(signature.result)
            bound: dict[str, Any] = {}
            fits = [
                0 if kind is None else _fit(p, kind, bound) for p, kind in zip(patterns, kinds, strict=True)
            ]
            if None not in fits:
                total = sum(fit for fit in fits if fit is not None)
                if best is None or total < best[0]:
                    best = (total, _result(_pattern(signature.result), bound))
        if best is None:
            raise self._unexpected(name, kinds, known, node)
        if None in kinds:
            only = next(iter(results)) if len(results) == 1 else ""
            plain = only and not any(mark in only for mark in ("T", "U", "K", "V", "(x)", "(p", "s)"))
            return _pattern(only) if plain else None
        return best[1]

    def _unexpected(
        self, name: str, kinds: Kinds, known: list[Signature], node: exp.Expression
    ) -> QueryError:
        given = ", ".join("?" if kind is None else str(kind) for kind in kinds)
        expected = ", ".join(signature.text for signature in known)
        words = f"Unexpected parameters ({given}) for function {name}. Expected: {expected}"
        return QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)

    def concatenated(self, kinds: Kinds, node: exp.Expression) -> Type | None:
        """Return the type of a concatenation: of texts, binary data, or arrays and their elements."""
        if None in kinds:
            return None
        known = [kind for kind in kinds if kind is not None]
        arrays = [kind for kind in known if kind.name == "array"]
        if arrays:
            total: Type | None = arrays[0].args[0]
            for kind in known:
                inner = kind.args[0] if kind.name == "array" else kind
                total = tt.common(total, inner) if total is not None else None
            if total is not None:
                return tt.array(total)
        names = {kind.name for kind in known}
        if names <= {"varchar", "char", "unknown"}:
            return VARCHAR if names != {"char"} else Type("char", (sum(kind.args[0] for kind in known),))
        if names <= {"varbinary", "unknown"}:
            return tt.VARBINARY
        if isinstance(node, exp.DPipe):
            words = f"Cannot apply operator: {kinds[0]} || {kinds[1]}"
            raise QueryError("TYPE_MISMATCH", self._places.of(node) + words)
        given = ", ".join(map(str, known))
        expected = "concat(char(x), char(y)), concat(array(E), E) E, concat(E, array(E)) E, concat(array(E)) E, concat(varchar), concat(varbinary)"
        words = f"Unexpected parameters ({given}) for function concat. Expected: {expected}"
        raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)

    def _same(self, node: exp.Anonymous, kinds: Kinds) -> Type | None:
        """All arguments have one type, which is the result's."""
        name = str(node.this).lower()
        words = {
            "coalesce": "All COALESCE operands must be the same type or coercible to a common type. Cannot find common type between {} and {}, all types (without duplicates): [{}, {}]",
            "nullif": "Types are not comparable with NULLIF: {0} vs {1}",
        }.get(name)
        total: Type | None = UNKNOWN
        for kind in kinds:
            if kind is None or total is None:
                total = None
                continue
            both = tt.common(total, kind)
            if both is None and words is not None:
                raise QueryError(
                    "TYPE_MISMATCH", self._places.of(node) + words.format(total, kind, total, kind)
                )
            if both is None:
                given = ", ".join(map(str, kinds))
                text = f"Unexpected parameters ({given}) for function {name}. Expected: {name}(E) E:orderable"
                raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + text)
            total = both
        return kinds[0] if name == "nullif" else total

    def _type_name(self, node: exp.Anonymous, kinds: Kinds) -> Type:
        node.meta["type"] = kinds[0]
        return VARCHAR

    def _formatted(self, node: exp.Anonymous, kinds: Kinds) -> Type:
        for kind in kinds:
            if kind is not None and kind.name in ("array", "map", "row", "varbinary", "json"):
                raise not_supported(f"A value of type {kind} in format")
            if kind is not None and kind.name.startswith("timestamp") and kind.args[0] != 3:
                raise not_supported(f"A value of type {kind} in format")
        return VARCHAR

    def _json_made(self, node: exp.Anonymous, kinds: Kinds) -> Type:
        for kind in kinds:
            plain = kind is None or tt.is_whole(kind) or kind in (BOOLEAN, UNKNOWN)
            if not plain and kind is not None and kind.name not in ("varchar", "char", "decimal"):
                raise not_supported(f"A value of type {kind} in {str(node.this).lower()}")
        return VARCHAR

    def _shifted(self, node: exp.Anonymous, kinds: Kinds) -> Type | None:
        """Shifts stay within the bits of their type."""
        kind = kinds[0] if kinds else None
        if kind is None or len(kinds) != 2:
            return None
        if not tt.is_whole(kind):
            words = f"Unexpected parameters ({kind}, {kinds[1]}) for function {str(node.this).lower()}"
            raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)
        node.meta["bits"] = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}[kind.name]
        return kind

    def _row(self, node: exp.Anonymous, kinds: Kinds) -> Type | None:
        return None if None in kinds else Type("row", tuple((None, kind) for kind in kinds))

    def _rounded(self, node: exp.Anonymous, kinds: Kinds) -> Type | None:
        kind = kinds[0]
        if kind is None:
            return None
        name = str(node.this).lower()
        if kind != UNKNOWN and not tt.is_number(kind):
            given = ", ".join(map(str, kinds))
            words = f"Unexpected parameters ({given}) for function {name}. Expected: {name}(double), {name}(decimal(p,s))"
            raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)
        if kind.name != "decimal":
            return kind
        precision, scale = kind.args
        if len(kinds) == 2:
            return Type("decimal", (min(38, precision + 1) if name == "round" else precision, scale))
        digits = precision - scale + (0 if name == "truncate" else min(1, scale))
        return Type("decimal", (max(1, digits), 0))

    def _modulo(self, node: exp.Anonymous, kinds: Kinds) -> Type | None:
        left, right = kinds if len(kinds) == 2 else (None, None)
        if left is None or right is None:
            return None
        kind = tt.arithmetic("%", left, right)
        if kind is None:
            words = f"Unexpected parameters ({left}, {right}) for function mod"
            raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)
        return kind

    def _percentile(self, node: exp.Anonymous, kinds: Kinds) -> Type | None:
        if None in kinds or not kinds:
            return None
        many = [kind for kind in kinds[1:] if kind is not None and kind.name == "array"]
        value = kinds[0]
        if value is not None and tt.is_whole(value):
            value = BIGINT
        return value if not many or value is None else tt.array(value)

    def _body(self, function: exp.Expression, kinds: Kinds, scope: Scope) -> Type | None:
        if not isinstance(function, exp.Lambda):
            return None
        names = [item.name for item in function.expressions]
        if len(names) != len(kinds):
            return None
        return self._infer(function.this, Scope(scope, variables=dict(zip(names, kinds, strict=True))))

    def _parts(self, node: exp.Anonymous, scope: Scope, count: int) -> list[Kinds]:
        """Return the parts of the types of the first arguments: of an array one, of a map two."""
        found: list[Kinds] = []
        for item in node.expressions[:count]:
            kind = self._infer(item, scope)
            if kind is not None and kind.name not in ("array", "map", "unknown"):
                words = f"Unexpected parameters ({kind}, <function>) for function {str(node.this).lower()}"
                raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)
            found.append(list(kind.args) if kind is not None and kind.args else [None, None])
        return found

    def _transform(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        (parts,) = self._parts(node, scope, 1)
        body = self._body(node.expressions[-1], parts[:1], scope)
        return None if body is None else tt.array(body)

    def _filter(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        (parts,) = self._parts(node, scope, 1)
        body = self._body(node.expressions[-1], parts[:1], scope)
        name = str(node.this).lower()
        if body not in (None, BOOLEAN, UNKNOWN):
            words = f"Unexpected parameters (array({parts[0]}), <function>) for function {name}"
            raise QueryError("FUNCTION_NOT_FOUND", self._places.of(node) + words)
        if name != "filter":
            return BOOLEAN
        return None if parts[0] is None else tt.array(parts[0])

    def _sorted(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        if len(node.expressions) < 2:
            return self.of_signature(
                "array_sort", [self._infer(item, scope) for item in node.expressions], node
            )
        (parts,) = self._parts(node, scope, 1)
        self._body(node.expressions[1], [parts[0], parts[0]], scope)
        return None if parts[0] is None else tt.array(parts[0])

    def _reduce(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        if len(node.expressions) != 4:
            return None
        (parts,) = self._parts(node, scope, 1)
        state = self._infer(node.expressions[1], scope)
        step = self._body(node.expressions[2], [state, parts[0]], scope)
        both = tt.common(state, step) if state is not None and step is not None else None
        return self._body(node.expressions[3], [both], scope)

    def _zip_with(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        left, right = self._parts(node, scope, 2)
        body = self._body(node.expressions[-1], [left[0], right[0]], scope)
        return None if body is None else tt.array(body)

    def _over_map(self, node: exp.Anonymous, scope: Scope) -> Type | None:
        (parts,) = self._parts(node, scope, 1)
        key, value = parts if len(parts) == 2 else (None, None)
        body = self._body(node.expressions[-1], [key, value], scope)
        name = str(node.this).lower()
        if name == "transform_keys":
            key = body
        elif name == "transform_values":
            value = body
        return None if key is None or value is None else Type("map", (key, value))

    def _unfollowed(self, node: exp.Anonymous, scope: Scope) -> None:
        for item in node.expressions:
            if not isinstance(item, exp.Lambda | exp.Star):
                self._infer(item, scope)


def _arguments(signature: Signature, count: int) -> list[Type] | None:
    patterns = [_pattern(text) for text in signature.arguments]
    if signature.repeats and count >= len(patterns):
        patterns += [patterns[-1]] * (count - len(patterns))
    return patterns if len(patterns) == count else None


def _always(kind: Type) -> Callable[[Calls, exp.Anonymous, Kinds], Type | None]:
    return lambda self, node, kinds: kind


_RULES: dict[str, Callable[[Calls, exp.Anonymous, Kinds], Type | None]] = {
    **dict.fromkeys(("coalesce", "nullif", "greatest", "least"), Calls._same),
    **dict.fromkeys(("round", "truncate", "ceil", "ceiling", "floor"), Calls._rounded),
    **dict.fromkeys(("json_value", "json_query"), _always(VARCHAR)), "format": Calls._formatted,
    **dict.fromkeys(("json_object", "json_array"), Calls._json_made),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift", "bitwise_right_shift_arithmetic"), Calls._shifted),
    "typeof": Calls._type_name, "row": Calls._row, "mod": Calls._modulo, "grouping": _always(BIGINT),
    "concat": lambda self, node, kinds: self.concatenated(kinds, node),
    "try": lambda self, node, kinds: kinds[0] if kinds else None, "approx_percentile": Calls._percentile,
    "json_exists": _always(BOOLEAN),
}  # fmt: skip
_LAMBDAS: dict[str, Callable[[Calls, exp.Anonymous, Scope], Type | None]] = {
    "transform": Calls._transform, "reduce": Calls._reduce, "zip_with": Calls._zip_with, "array_sort": Calls._sorted,
    **dict.fromkeys(("filter", "any_match", "all_match", "none_match"), Calls._filter),
    **dict.fromkeys(("map_filter", "transform_keys", "transform_values"), Calls._over_map),
    **dict.fromkeys(("map_zip_with", "reduce_agg"), Calls._unfollowed),
}  # fmt: skip
