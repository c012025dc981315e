"""What a query reads: Parquet footers, and the bytes that Athena would bill for."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engage_cli.local.athena.errors import QueryError


@dataclass(frozen=True)
class Footer:
    """Of one Parquet file: the columns with their kinds of type, and compressed bytes by column."""

    kinds: dict[str, str]
    compressed: dict[str, int]


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
    compressed: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(row_group.num_columns):
            chunk = row_group.column(index)
            name = chunk.path_in_schema.partition(".")[0].lower()
            compressed[name] = compressed.get(name, 0) + chunk.total_compressed_size
    kinds = {item.name.lower(): kind_of(str(item.type)) for item in metadata.schema.to_arrow_schema()}
    footer = Footer(kinds, compressed)
    with _LOCK:
        if len(_CACHE) >= _CACHE_SIZE:
            _CACHE.clear()
        _CACHE[key] = footer
    return footer


def parquet_bytes(footers: Iterable[Footer], columns: set[str]) -> int:
    """Return the compressed bytes of the named columns in all row groups."""
    return sum(size for footer in footers for name, size in footer.compressed.items() if name in columns)
