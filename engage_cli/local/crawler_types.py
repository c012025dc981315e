"""Hive types: of values in text and JSON, of Parquet columns, and the narrowest that holds two of them."""

import re
from collections.abc import Iterator
from typing import Any

UNKNOWN = "\0"
"""The type of what was null everywhere so far; `settled` makes it a string."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_WIDTHS = ("tinyint", "smallint", "int", "bigint", "float", "double")
_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
_MAX_PRECISION = 38


class NoHiveTypeError(Exception):
    """A value or column that no Hive type holds."""


def settled(kind: str) -> str:
    """The type for the catalog: what was never seen with a value is a string."""
    return kind.replace(UNKNOWN, "string")


def text_type(text: str) -> str:
    """The type of a field of a CSV file. Dates are strings, as with Glue's own classifier."""
    if _INTEGER.fullmatch(text):
        # Beyond bigint a double would change the digits of what is often an identifier.
        fits = len(text.lstrip("+-0")) <= 19 and -(2**63) <= int(text) < 2**63
        return "bigint" if fits else "string"
    if _NUMBER.fullmatch(text):
        return "double"
    return "boolean" if text.lower() in ("true", "false") else "string"


def json_type(value: object) -> str:
    """The type of a JSON value. Raises NoHiveTypeError for a key that no struct can hold."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        if abs(value) < 2**31:
            return "int"
        return "bigint" if -(2**63) <= value < 2**63 else "string"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        kind = UNKNOWN
        for item in value:
            kind = widen(kind, json_type(item))
        return f"array<{kind}>"
    if isinstance(value, dict):
        fields: dict[str, str] = {}
        for name, item in value.items():
            if not name or re.search(r"[<>,:]", name):
                raise NoHiveTypeError(f"the key {name!r} cannot be a field of a struct")
            fields[name.lower()] = widen(fields.get(name.lower()), json_type(item))
        return _struct(fields)
    return "string"


def parquet_type(arrow: Any) -> str:
    """The type of a pyarrow type. Raises NoHiveTypeError."""
    from pyarrow import types as t

    simple = (
        (t.is_boolean, "boolean"),
        (t.is_int8, "tinyint"),
        (t.is_int16, "smallint"),
        (t.is_int32, "int"),
        (t.is_uint8, "int"),
        (t.is_uint16, "int"),
        (t.is_integer, "bigint"),
        (t.is_float64, "double"),
        (t.is_floating, "float"),
        (t.is_date, "date"),
        (t.is_timestamp, "timestamp"),
        # Hive has no time of day: the number that Parquet stores.
        (t.is_time32, "int"),
        (t.is_time64, "bigint"),
        (t.is_null, "string"),
        (t.is_string, "string"),
        (t.is_large_string, "string"),
        (t.is_binary, "binary"),
        (t.is_large_binary, "binary"),
        (t.is_fixed_size_binary, "binary"),
    )
    # A decimal is stored as fixed-size binary, and pyarrow counts it as one.
    if t.is_decimal(arrow):
        if arrow.precision > _MAX_PRECISION:
            raise NoHiveTypeError(f"{arrow} has more digits than a Hive decimal's {_MAX_PRECISION}")
        return f"decimal({arrow.precision},{arrow.scale})"
    for test, name in simple:
        if test(arrow):
            return name
    if t.is_dictionary(arrow):
        return parquet_type(arrow.value_type)
    if t.is_list(arrow) or t.is_large_list(arrow) or t.is_fixed_size_list(arrow):
        return f"array<{parquet_type(arrow.value_type)}>"
    if t.is_map(arrow):
        return f"map<{parquet_type(arrow.key_type)},{parquet_type(arrow.item_type)}>"
    if t.is_struct(arrow):
        return _struct({field.name.lower(): parquet_type(field.type) for field in arrow})
    raise NoHiveTypeError(f"the Parquet type {arrow} has no Hive type")


def widen(one: str | None, two: str) -> str:
    """The narrowest type that holds both; within arrays, maps and structs too; `string` when none does."""
    if not one or one in (UNKNOWN, two):
        return two
    if two == UNKNOWN:
        return one
    if one in _WIDTHS and two in _WIDTHS:
        return _WIDTHS[max(_WIDTHS.index(one), _WIDTHS.index(two))]
    if "decimal" in one[:7] or "decimal" in two[:7]:
        return _widen_decimal(one, two)
    outer, inner = _split(one)
    other, theirs = _split(two)
    if outer != other or not outer:
        return "string"
    if outer == "struct":
        fields = dict(_fields(inner))
        for name, kind in _fields(theirs):
            fields[name] = widen(fields.get(name), kind)
        return _struct(fields)
    pairs = zip(_parts(inner), _parts(theirs), strict=True)
    return f"{outer}<{','.join(widen(a, b) for a, b in pairs)}>"


def _widen_decimal(one: str, two: str) -> str:
    shapes = []
    for kind in (one, two):
        match = _DECIMAL.fullmatch(kind)
        if match:
            shapes.append((int(match[1]) - int(match[2]), int(match[2])))
        elif kind in _DIGITS:
            shapes.append((_DIGITS[kind], 0))
        elif kind in ("float", "double"):
            return "double"
        else:
            return "string"
    whole, scale = (max(shape[i] for shape in shapes) for i in (0, 1))
    return f"decimal({whole + scale},{scale})" if whole + scale <= _MAX_PRECISION else "string"


def _struct(fields: dict[str, str]) -> str:
    return f"struct<{','.join(f'{name}:{kind}' for name, kind in fields.items())}>"


def _split(kind: str) -> tuple[str, str]:
    outer, bracket, rest = kind.partition("<")
    return (outer, rest[:-1]) if bracket else ("", kind)


def _parts(inner: str) -> Iterator[str]:
    """Split at the commas that are in no brackets."""
    depth, begin = 0, 0
    for i, character in enumerate(inner):
        if character in "<(":
            depth += 1
        elif character in ">)":
            depth -= 1
        elif character == "," and depth == 0:
            yield inner[begin:i]
            begin = i + 1
    if inner:
        yield inner[begin:]


def _fields(inner: str) -> Iterator[tuple[str, str]]:
    for part in _parts(inner):
        name, _, kind = part.partition(":")
        yield name, kind
