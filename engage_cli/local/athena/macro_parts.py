"""What macros are made of: names of types and units, overloads, and refusals."""

from engage_cli.sql_text import literal

# Any decimal fits this overload better than it fits DOUBLE.
DECIMAL = "DECIMAL(38, 10)"
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
REALS = ("FLOAT", "DOUBLE")
UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
DATE_UNITS = ("day", "week", "month", "quarter", "year")
ZONED = "STRUCT(__utc TIMESTAMP, __zone VARCHAR)"
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def macro(name: str, overloads: list[tuple[str, str]]) -> str:
    bodies = ", ".join(f"({arguments}) AS ({body})" for arguments, body in overloads)
    return f"CREATE OR REPLACE MACRO {name}{bodies}"


def refuse(code: str, message: str) -> str:
    return f"error({literal(f'{code}: {message}')})"


def unsupported(what: str) -> str:
    return refuse("NOT_SUPPORTED", what + " is not supported by the local Athena")


def unexpected(types: str, function: str) -> str:
    return refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({types}) for function {function}")


def check(condition: str, message: str) -> str:
    """Return a DuckDB condition that is true, or fails with a message (an SQL expression).

    DuckDB's TRY takes no `error()`, so that it fails in Python.
    """
    return f"(CASE WHEN {condition} THEN true ELSE python_raise({message}) END)"
