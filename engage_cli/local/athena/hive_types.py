"""Hive's type names (the Glue catalog's) as DuckDB's and Athena's, and back."""

import re
from typing import Any

from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.macro_parts import ZONED

_SIMPLE = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}
_TO_HIVE = {
    "BOOLEAN": "boolean", "TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint",
    "HUGEINT": "bigint", "FLOAT": "float", "DOUBLE": "double", "VARCHAR": "string", "DATE": "date",
    "TIMESTAMP": "timestamp", "BLOB": "binary", '"NULL"': "unknown", "NULL": "unknown",
}  # fmt: skip
_TO_ATHENA = {"int": "integer", "string": "varchar", "binary": "varbinary", "unknown": "unknown"}


def _split(inner: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, char in enumerate(inner):
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append(inner[start:i])
            start = i + 1
    return [*parts, inner[start:]]


def duckdb_type(hive: str) -> str:
    """Return DuckDB's name of a Hive type. Raises QueryError for a type that it lacks."""
    text = hive.strip().lower()
    if match := re.fullmatch(r"decimal\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?", text):
        return f"DECIMAL({match[1] or 10}, {match[2] or 0})"
    if match := re.fullmatch(r"(?:var)?char\s*\(\s*\d+\s*\)", text):
        return "VARCHAR"
    if match := re.fullmatch(r"array<(.*)>", text):
        return duckdb_type(match[1]) + "[]"
    if match := re.fullmatch(r"map<(.*)>", text):
        key, value = _split(match[1])
        return f"MAP({duckdb_type(key)}, {duckdb_type(value)})"
    if match := re.fullmatch(r"struct<(.*)>", text):
        fields = [part.split(":", 1) for part in _split(match[1])]
        return "STRUCT(" + ", ".join(f'"{n.strip()}" {duckdb_type(t)}' for n, t in fields) + ")"
    if text in _SIMPLE:
        return _SIMPLE[text]
    raise not_supported(f"Column type {hive}")


def inner_types(hive: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what a Hive type is (array, map or struct) and the types in it, those of a struct with names."""
    kind, _, inner = hive.strip().lower().partition("<")
    parts = _split(inner.removesuffix(">"))
    if kind == "struct":
        return kind, [(name.strip(), part) for name, _, part in (part.partition(":") for part in parts)]
    return kind, [("", part) for part in parts]


def members(kind: Any) -> list[tuple[str, Any]]:
    """Return the fields of a row type with their names; those of a row without names are numbered."""
    named = kind.id == "struct"
    return [(name if named else f"field{i}", child) for i, (name, child) in enumerate(kind.children)]


def hive_type(kind: Any) -> str:
    """Return the Hive name of a DuckDB type object. Raises QueryError where Hive has none."""
    text = str(kind)
    if text in (ZONED, "JSON"):
        athena = "json" if text == "JSON" else "timestamp(3) with time zone"
        raise QueryError("NOT_SUPPORTED", f"Unsupported Hive type: {athena}")
    if text.startswith("DECIMAL"):
        return text.lower().replace(" ", "")
    if kind.id in ("list", "array"):
        return f"array<{hive_type(dict(kind.children)['child'])}>"
    if kind.id == "map":
        children = dict(kind.children)
        return f"map<{hive_type(children['key'])},{hive_type(children['value'])}>"
    if kind.id in ("struct", "tuple"):
        return "struct<" + ",".join(f"{name}:{hive_type(child)}" for name, child in members(kind)) + ">"
    if text in _TO_HIVE:
        return _TO_HIVE[text]
    raise not_supported(f"Column type {text.lower()}")


def athena_type(kind: Any) -> str:
    """Return the type name that GetQueryResults gives for a DuckDB type object."""
    text = str(kind)
    if text == ZONED:
        return "timestamp with time zone"
    if text == "JSON":
        return "json"
    if text.startswith("TIMESTAMP"):
        return "timestamp"
    if text in ("TIME", "INTERVAL", "UUID"):
        return {"INTERVAL": "interval day to second"}.get(text, text.lower())
    hive = {"list": "array", "array": "array", "map": "map", "struct": "row", "tuple": "row"}.get(kind.id)
    if hive is None:
        hive = "decimal" if text.startswith("DECIMAL") else hive_type(kind)
    return _TO_ATHENA.get(hive, hive)
