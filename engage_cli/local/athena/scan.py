"""What a query reads: Parquet footers, and the bytes that Athena would bill for."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engage_cli.local.athena.errors import QueryError


@dataclass(frozen=True)
class RowGroup:
    """Compressed bytes by column, and by column the lowest and highest value as text, where they are told."""

    compressed: dict[str, int]
    statistics: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Footer:
    """Of one Parquet file: the columns with their kinds of type, and its row groups."""

    kinds: dict[str, str]
    groups: tuple[RowGroup, ...]


_CACHE: dict[tuple[str, int, int], Footer] = {}
_LOCK = threading.Lock()
_CACHE_SIZE = 20_000


def kind_of(type_name: str) -> str:
    """Return the family of a type (Arrow's, Hive's or DuckDB's name); families never convert silently."""
    text = type_name.lower()
    for family, starts in (
        ("array", ("list", "large_list", "array")), ("map", ("map",)), ("struct", ("struct", "row")),
        ("decimal", ("decimal",)), ("date", ("date",)), ("timestamp", ("timestamp",)),
        ("boolean", ("bool",)), ("integer", ("int", "uint", "bigint", "smallint", "tinyint")),
        ("real", ("float", "double", "halffloat", "real")),
        ("text", ("string", "large_string", "varchar", "char", "binary", "large_binary", "dictionary")),
    ):  # fmt: skip
        if text.startswith(starts):
            return family
    return text


def read_footer(path: Path) -> Footer:
    """Return the footer of a Parquet file. Raises QueryError (HIVE_BAD_DATA) for a broken file."""
    import pyarrow.parquet as parquet

    status = path.stat()
    key = (str(path), status.st_mtime_ns, status.st_size)
    with _LOCK:
        if key in _CACHE:
            return _CACHE[key]
    try:
        metadata = parquet.read_metadata(path)
    except Exception as error:  # pyarrow raises OSError, ValueError and its own ArrowInvalid
        raise QueryError("HIVE_BAD_DATA", f"Not valid Parquet file: {path.name}: {error}") from error
    groups = tuple(_row_group(metadata.row_group(i)) for i in range(metadata.num_row_groups))
    kinds = {item.name.lower(): kind_of(str(item.type)) for item in metadata.schema.to_arrow_schema()}
    footer = Footer(kinds, groups)
    with _LOCK:
        if len(_CACHE) >= _CACHE_SIZE:
            _CACHE.clear()
        _CACHE[key] = footer
    return footer


def _row_group(row_group: Any) -> RowGroup:
    compressed: dict[str, int] = {}
    statistics: dict[str, tuple[str, str]] = {}
    for index in range(row_group.num_columns):
        chunk = row_group.column(index)
        name = chunk.path_in_schema.partition(".")[0].lower()
        compressed[name] = compressed.get(name, 0) + chunk.total_compressed_size
        told = chunk.statistics if chunk.path_in_schema.lower() == name else None
        if told is not None and told.has_min_max:
            low, high = told.min, told.max
            # Bytes are no text, and NaN is not below or above anything.
            if not isinstance(low, bytes) and low == low and high == high:
                statistics[name] = (str(low), str(high))
    return RowGroup(compressed, statistics)
