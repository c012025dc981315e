"""Trino's types: how they are written, which converts into which without a cast, and what two have in common.

Source: https://trino.io/docs/current/language/types.html, and for decimals
https://trino.io/docs/current/functions/decimal.html.
"""

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from engage_cli.local.athena.hive_types import inner_types


@dataclass(frozen=True)
class Type:
    """A type. `args`: sizes, element types, or the (name or None, type) of a row's fields."""

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.name == "row":
            fields = (f"{name} {kind}" if name else str(kind) for name, kind in self.args)
            return f"row({', '.join(fields)})"
        if self.name.endswith(" with time zone"):
            return f"{self.name.partition(' ')[0]}({self.args[0]}) with time zone"
        separator = "," if self.name == "decimal" else ", "
        return f"{self.name}({separator.join(map(str, self.args))})" if self.args else self.name


BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DATE, VARCHAR, VARBINARY, JSON, UNKNOWN = (
    Type(name)
    for name in (
        "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "date", "varchar",
        "varbinary", "json", "unknown",
    )
)  # fmt: skip
DAY_TO_SECOND, YEAR_TO_MONTH = Type("interval day to second"), Type("interval year to month")
TIMESTAMP, ZONED = Type("timestamp", (3,)), Type("timestamp with time zone", (3,))
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_NUMBERS = (*_DIGITS, "decimal", "real", "double")
_TIMES = ("date", "timestamp", "timestamp with time zone")
TEMPORAL = (
    *_TIMES, "time", "time with time zone", "interval day to second", "interval year to month",
)  # fmt: skip
_SIZED = ("timestamp", "timestamp with time zone", "time", "time with time zone")


def is_number(kind: Type) -> bool:
    """Say whether a type is one of the numbers."""
    return kind.name in _NUMBERS


def is_whole(kind: Type) -> bool:
    """Say whether a type is one of the integers."""
    return kind.name in _DIGITS


def as_decimal(kind: Type) -> Type:
    """Return the decimal that holds an integer type, or a decimal itself."""
    return kind if kind.name == "decimal" else Type("decimal", (_DIGITS[kind.name], 0))


def array(element: Type) -> Type:
    """Return the array of a type."""
    return Type("array", (element,))


def common(left: Type, right: Type) -> Type | None:
    """Return the type that both become without a cast, None where there is none."""
    if left == right or right == UNKNOWN:
        return left
    if left == UNKNOWN:
        return right
    if is_number(left) and is_number(right):
        return _common_number(left, right)
    names = {left.name, right.name}
    if left.name == right.name and left.name in _SIZED:
        return max(left, right, key=lambda kind: int(kind.args[0]))
    if names <= set(_TIMES):
        name = max(names, key=_TIMES.index)
        return Type(name, (max(int(kind.args[0]) for kind in (left, right) if kind.args),))
    if names <= {"varchar", "char"}:
        bounded = all(kind.args for kind in (left, right))
        name = "char" if "char" in names and bounded else "varchar"
        return Type(name, (max(left.args[0], right.args[0]),) if bounded else ())
    if len(names) == 1 and len(left.args) == len(right.args) and left.name in ("array", "map", "row"):
        return _common_parts(left, right)
    return None


def _common_number(left: Type, right: Type) -> Type:
    names = {left.name, right.name}
    for real in ("double", "real"):
        if real in names:
            return Type(real)
    if "decimal" not in names:
        return max(left, right, key=lambda kind: _DIGITS[kind.name])
    (p1, s1), (p2, s2) = as_decimal(left).args, as_decimal(right).args
    scale = max(s1, s2)
    return Type("decimal", (min(38, max(p1 - s1, p2 - s2) + scale), scale))


def _common_parts(left: Type, right: Type) -> Type | None:
    row = left.name == "row"
    parts: list[Any] = []
    for a, b in zip(left.args, right.args, strict=True):
        both = common(a[1], b[1]) if row else common(a, b)
        if both is None:
            return None
        parts.append((a[0] if a[0] == b[0] else None, both) if row else both)
    return Type(left.name, tuple(parts))


def converts(source: Type, target: Type) -> bool:
    """Say whether a type becomes another without a cast."""
    if target.name == source.name == "row":
        return len(source.args) == len(target.args) and all(
            converts(a, b) for (_, a), (_, b) in zip(source.args, target.args, strict=True)
        )
    return common(source, target) == target or (source.name in ("varchar", "char") and target == VARCHAR)


def arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    """Return the type of `left operator right`, None where Trino has no such operator."""
    if UNKNOWN in (left, right):
        left, right = (right, right) if left == UNKNOWN else (left, left)
        if left == UNKNOWN:
            return UNKNOWN
    if is_number(left) and is_number(right):
        both = _common_number(left, right)
        return _decimal(operator, as_decimal(left), as_decimal(right)) if both.name == "decimal" else both
    intervals = (DAY_TO_SECOND, YEAR_TO_MONTH)
    if left in intervals or right in intervals:
        return _with_interval(operator, left, right)
    if (
        operator == "-"
        and {left.name, right.name} <= set(_TIMES) | {"time"}
        and ((left.name == "time") == (right.name == "time"))
    ):
        return DAY_TO_SECOND
    return None


def _with_interval(operator: str, left: Type, right: Type) -> Type | None:
    intervals = (DAY_TO_SECOND, YEAR_TO_MONTH)
    if operator in ("*", "/"):
        value, factor = (right, left) if operator == "*" and is_number(left) else (left, right)
        return value if value in intervals and is_number(factor) else None
    if operator not in "+-":
        return None
    if left == right:
        return left
    value, interval = (left, right) if right in intervals else (right, left)
    if value in intervals or (operator == "-" and value is right):
        return None
    if value.name == "date" or (value.name == "time" and interval == DAY_TO_SECOND):
        return value
    if value.name not in _TIMES:
        return None
    # Such an interval has milliseconds, and so has the sum.
    return Type(value.name, (max(3, value.args[0]),)) if interval == DAY_TO_SECOND else value


def _decimal(operator: str, left: Type, right: Type) -> Type:
    (p1, s1), (p2, s2) = left.args, right.args
    scale = s1 + s2 if operator == "*" else max(s1, s2)
    precision = {
        "*": p1 + p2, "/": p1 + s2 + max(0, s2 - s1), "%": min(p1 - s1, p2 - s2) + scale,
    }.get(operator, max(p1 - s1, p2 - s2) + scale + 1)  # fmt: skip
    return Type("decimal", (min(38, precision), scale))


_NAMES = {
    "int": "integer", "text": "varchar", "float": "real", "struct": "row",
    "timestamptz": "timestamp with time zone", "timetz": "time with time zone",
    "nchar": "char", "bpchar": "char",
}  # fmt: skip
_KNOWN = (
    "boolean", *_NUMBERS, "date", "varchar", "char", "varbinary", "json", "array", "map", "row", "uuid",
    *_SIZED,
)  # fmt: skip


def of_data_type(node: exp.DataType) -> Type | None:
    """Return the type that a query names, None for one that is not followed."""
    name = _NAMES.get(str(node.this.value).lower(), str(node.this.value).lower())
    if name not in _KNOWN:
        return None
    parts: list[Any] = []
    for item in node.expressions:
        if isinstance(item, exp.DataTypeParam):
            parts.append(int(item.this.name))
            continue
        inner = item.args["kind"] if isinstance(item, exp.ColumnDef) else item
        kind = of_data_type(inner) if isinstance(inner, exp.DataType) else None
        if kind is None:
            return None
        field = item.name.lower() if isinstance(item, exp.ColumnDef) else None
        parts.append((field, kind) if name == "row" else kind)
    if name in ("array", "map", "row") and not parts:
        return None
    default = {"decimal": (38, 0), "char": (1,)}.get(name, (3,) if name in _SIZED else ())
    if name == "decimal" and len(parts) == 1:
        parts.append(0)
    return Type(name, tuple(parts) or default)


def of_hive(hive: str) -> Type | None:
    """Return the type of a column of the catalog, None for one that is not followed."""
    text = hive.strip().lower()
    kind, parts = inner_types(text)
    if parts and "<" in text:
        inner = [of_hive(part) for _, part in parts]
        if None in inner:
            return None
        names = [name for name, _ in parts]
        if kind == "struct":
            return Type("row", tuple(zip(names, inner, strict=True)))
        return Type(kind, tuple(inner)) if kind in ("array", "map") else None
    base, _, sizes = text.removesuffix(")").partition("(")
    name = {"string": "varchar", "int": "integer", "float": "real", "binary": "varbinary"}.get(base, base)
    args = tuple(int(size) for size in sizes.split(",") if size.strip())
    if name == "decimal":
        args = (*args, *((10, 0)[len(args) :]))
    if name == "timestamp":
        args = (3,)
    return Type(name, args) if name in _KNOWN else None
