# ruff: noqa: E501 - patterns read better on one line
"""DuckDB's failures in Trino's words."""

import re
from collections.abc import Callable

from engage_cli.local.athena.errors import QueryError

_TYPES = {
    "BOOL": "BOOLEAN", "INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INTEGER", "INT64": "BIGINT",
    "FLOAT": "REAL", "DOUBLE": "DOUBLE", "DATE": "DATE", "TIMESTAMP": "TIMESTAMP(3)",
}  # fmt: skip
_OPERATIONS = {"addition": "+", "subtraction": "-", "multiplication": "*"}
_CAST = "INVALID_CAST_ARGUMENT"
_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"


def _type(name: str) -> str:
    return _TYPES.get(name, re.sub(r",\s*", ", ", name))


def _overflow(found: re.Match[str]) -> tuple[str, str]:
    kind = _type(f"INT{found[2]}").lower()
    return "NUMERIC_VALUE_OUT_OF_RANGE", f"{kind} {found[1]} overflow: {found[3]}"


def _out_of_range(found: re.Match[str]) -> tuple[str, str]:
    if found[1] == "128":  # the sum of bigints is one more
        return "NUMERIC_VALUE_OUT_OF_RANGE", f"bigint addition overflow: {found[2]}"
    return _CAST, f"Out of range for {_type(f'INT{found[3]}').lower()}: {found[2]}"


def _always(code: str, message: str) -> Callable[[re.Match[str]], tuple[str, str]]:
    return lambda found: (code, message)


_PATTERNS: list[tuple[str, Callable[[re.Match[str]], tuple[str, str]]]] = [
    (r"Overflow in (\w+) of INT(\d+) \((.*)\)", _overflow),
    (r"Type INT(\d+) with value (\S+) can't be cast.* destination type INT(\d+)", _out_of_range),
    (r"Could not convert string '(.*)' to (\w+)", lambda f: (_CAST, f"Cannot cast '{f[1]}' to {_type(f[2])}")),
    (r'Casting value "(.*)" to type (DECIMAL\(\d+,\d+\))', lambda f: (_CAST, f"Cannot cast '{f[1]}' to {_type(f[2])}")),
    (r"Could not cast value (\S+) to (DECIMAL\(\d+,\d+\))", lambda f: (_CAST, f"Cannot cast '{f[1]}' to {_type(f[2])}")),
    (r'date field value out of range: "(.*?)"', lambda f: (_CAST, f"Value cannot be cast to date: {f[1]}")),
    (r'invalid date field format: "(.*?)"', lambda f: (_CAST, f"Value cannot be cast to date: {f[1]}")),
    (r'invalid timestamp field format: "(.*?)"', lambda f: (_CAST, f"Value cannot be cast to timestamp: {f[1]}")),
    (r"Malformed JSON in file", lambda f: ("HIVE_CURSOR_ERROR", "Row is not a valid JSON Object")),
    (r'Could not parse string "(.*)" according to format', lambda f: (_ARGUMENT, f'Invalid format: "{f[1]}"')),
    (r"Unknown TimeZone '(.*?)'", lambda f: (_ARGUMENT, f"'{f[1]}' is not a valid time zone")),
    (r"(invalid perl operator|missing \)|missing \]|no argument for repetition|bad repetition|invalid escape).*",
     lambda f: (_ARGUMENT, f"Invalid pattern: {f[0]}")),
    (r"Invalid input for hex digit: (.)", lambda f: (_ARGUMENT, f"invalid hex character: {f[1]}")),
    (r"Invalid UTF8 Codepoint (\S+)", lambda f: (_ARGUMENT, f"Not a valid Unicode code point: {f[1]}")),
    (r'timestamp field value out of range: "(.*?)"', lambda f: (_CAST, f"Value cannot be cast to timestamp: {f[1]}")),
    (r"More than one row returned", _always("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")),
    (r"WHERE clause cannot contain", _always("EXPRESSION_NOT_SCALAR", "WHERE clause cannot contain aggregations, window functions or grouping operations")),
    (r"aggregate function calls cannot be nested", _always("NESTED_AGGREGATION", "Cannot nest aggregations inside aggregation")),
    (r"Division by zero", _always("DIVISION_BY_ZERO", "Division by zero")),
]  # fmt: skip
_SIGNS = (
    ("Out of Range", "NUMERIC_VALUE_OUT_OF_RANGE"), ("Conversion Error", _CAST),
    ("Out of Memory", "EXCEEDED_MEMORY_LIMIT"), ("No function matches", "FUNCTION_NOT_FOUND"),
    ("does not support the supplied", "FUNCTION_NOT_FOUND"), ("Cannot compare", "TYPE_MISMATCH"),
    ("Cannot mix", "TYPE_MISMATCH"), ("Binder Error", "TYPE_MISMATCH"),
)  # fmt: skip


def translate_error(error: Exception) -> QueryError:
    """Return DuckDB's failure in Trino's words."""
    message = str(error)
    if match := re.search(r"\b([A-Z][A-Z_]{5,}): (.*)", message):
        return QueryError(match[1], match[2].strip())
    for pattern, words in _PATTERNS:
        if found := re.search(pattern, message):
            return QueryError(*words(found))
    first = message.split("\n")[0]
    body = first.partition("Error: ")[2] or first
    code = next((code for sign, code in _SIGNS if sign in message), "GENERIC_INTERNAL_ERROR")
    return QueryError(code, body)
