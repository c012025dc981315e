"""Checked pieces of Athena SQL. Every identifier, location and date that enters a statement passes through
here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from .contract import ContractError

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")
_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9_=.-]+/)+")


def table_name(name: str) -> str:
    """`database.table` (or `table`) as quoted identifiers.

    Raises:
        ContractError: when a part is not a lower-case identifier.
    """
    parts = name.split(".")
    if len(parts) > 2 or not all(_NAME.fullmatch(p) for p in parts):
        raise ContractError(f"{name!r} is not a table name (lower-case letters, digits, underscores).")
    return ".".join(f'"{p}"' for p in parts)


def identifier(name: str) -> str:
    """A column name, quoted: a contract may call a column `order`.

    Raises:
        ContractError: when it is not a lower-case identifier.
    """
    if not _NAME.fullmatch(name):
        raise ContractError(f"{name!r} is not a column name (lower-case letters, digits, underscores).")
    return f'"{name}"'


def text_literal(day: date) -> str:
    """An ISO date as a varchar literal: what the `week` partition is compared with."""
    return f"'{day.isoformat()}'"


def text(value: str) -> str:
    """Any text as a varchar literal; a quote is doubled.

    Raises:
        ContractError: for control characters, which no name or type of event has.
    """
    if any(ord(c) < 32 for c in value):
        raise ContractError(f"{value!r} has control characters.")
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """A number as a double, exactly: digits and exponents beyond what a literal of Trino takes."""
    return f"CAST('{float(value)!r}' AS double)"


def date_literal(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def values(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A common table expression over literal rows: `name(columns) AS (VALUES ...)`."""
    if not rows:
        raise ContractError(f"The list {name} has no rows.")
    body = ",\n    ".join("(" + ", ".join(row) + ")" for row in rows)
    return f"{name}({', '.join(columns)}) AS (\n  VALUES\n    {body}\n)"


def create_table_as(table: str, location: str, select: str, partitioned_by: Sequence[str] = ()) -> str:
    """`CREATE TABLE ... AS` with Parquet and Snappy at an S3 prefix; partition columns are the last of the
    SELECT.

    Raises:
        ContractError: when the table, the location (`s3://bucket/prefix/`) or a partition column is
        malformed.
    """
    if not _LOCATION.fullmatch(location):
        raise ContractError(f"{location!r} is not an S3 prefix like s3://bucket/folder/.")
    properties = ["format = 'PARQUET'", "write_compression = 'SNAPPY'", f"external_location = '{location}'"]
    if partitioned_by:
        for column in partitioned_by:
            table_name(column)
        properties.append("partitioned_by = ARRAY[" + ", ".join(f"'{c}'" for c in partitioned_by) + "]")
    return f"CREATE TABLE {table_name(table)}\nWITH (\n  " + ",\n  ".join(properties) + f"\n) AS\n{select}"
