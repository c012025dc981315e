"""What kind of file is this, and which columns does it hold? The crawler's built-in classifiers.

Parquet is read from its footer; CSV and JSON lines from the first part of the file. Column types are Hive
types as Glue names them. As with Glue's own CSV and JSON classifiers, dates in text are strings.
"""

import csv
import io
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO

HEAD_BYTES = 256 * 1024
_DELIMITERS = (",", "|", "\t", ";", "\x01")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COLUMN_NAME = re.compile(r"[A-Za-z_][\w .\-]{0,254}")


class UnreadableFileError(Exception):
    """The file is of no known kind, or broken. The message says which."""


@dataclass(frozen=True)
class FileSchema:
    """What one sampled file says about its table."""

    classification: str
    columns: tuple[tuple[str, str], ...]
    """(name in lower case, Hive type) in file order."""
    average_record_bytes: float
    compression: str = "none"
    delimiter: str = ""
    header: bool = False
    quoted: bool = False
    paths: tuple[str, ...] = field(default=())
    """The JSON keys as spelled in the file."""


def read_schema(stream: BinaryIO, size: int) -> FileSchema:
    """Classify a file by its content, never by its name. Raises UnreadableFileError."""
    head = stream.read(HEAD_BYTES)
    if not head:
        raise UnreadableFileError("the file is empty")
    if head[:4] == b"PAR1":
        stream.seek(0)
        return _parquet(stream, size)
    compression = "none"
    whole = len(head) >= size
    if head[:2] == b"\x1f\x8b":
        head, compression, whole = _gunzip(head), "gzip", False
    lines = _lines(head, whole)
    if lines[0].lstrip().startswith("{"):
        return _json_lines(lines, compression)
    return _csv(lines, compression)


def _gunzip(head: bytes) -> bytes:
    try:
        # The head of a gzip stream ends in the middle: decompress what there is.
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as exc:
        raise UnreadableFileError(f"broken gzip: {exc}") from exc


def _lines(head: bytes, whole: bool) -> list[str]:
    if b"\x00" in head:
        raise UnreadableFileError("a binary file of no known kind")
    if not whole:
        head = head[: head.rfind(b"\n") + 1]
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UnreadableFileError("the text is not UTF-8") from exc
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UnreadableFileError("the file holds no complete line")
    return lines


# ---------------------------------------------------------------------- Parquet


def _parquet(stream: BinaryIO, size: int) -> FileSchema:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        footer = parquet.ParquetFile(stream)
        columns = tuple((f.name.lower(), hive_type(f.type)) for f in footer.schema_arrow)
    except (pa.ArrowException, OSError) as exc:
        raise UnreadableFileError(f"broken Parquet: {str(exc).splitlines()[0]}") from exc
    rows = footer.metadata.num_rows
    return FileSchema("parquet", columns, size / max(rows, 1))


def hive_type(arrow: Any) -> str:
    """Return the Hive type of a pyarrow type."""
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
        (t.is_string, "string"),
        (t.is_large_string, "string"),
        (t.is_binary, "binary"),
        (t.is_large_binary, "binary"),
    )
    for test, name in simple:
        if test(arrow):
            return name
    if t.is_dictionary(arrow):
        return hive_type(arrow.value_type)
    if t.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if t.is_list(arrow) or t.is_large_list(arrow):
        return f"array<{hive_type(arrow.value_type)}>"
    if t.is_map(arrow):
        return f"map<{hive_type(arrow.key_type)},{hive_type(arrow.item_type)}>"
    if t.is_struct(arrow):
        return f"struct<{','.join(f'{f.name.lower()}:{hive_type(f.type)}' for f in arrow)}>"
    raise UnreadableFileError(f"Parquet type {arrow} has no Hive type")


# ------------------------------------------------------------------------- text


def _json_lines(lines: list[str], compression: str) -> FileSchema:
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as exc:
            raise UnreadableFileError(f"line {number} is no JSON: {exc}") from exc
        if not isinstance(record, dict):
            raise UnreadableFileError(f"line {number} is no JSON object")
        for name, value in record.items():
            if value is not None:
                found[name] = widen(found.get(name), _json_type(value))
            else:
                found.setdefault(name, "")
    columns = tuple((name.lower(), kind or "string") for name, kind in found.items())
    return FileSchema("json", columns, _average(lines), compression, paths=tuple(found))


def _json_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if abs(value) < 2**31 else "bigint"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        kind = None
        for item in value:
            kind = widen(kind, _json_type(item))
        return f"array<{kind or 'string'}>"
    if isinstance(value, dict):
        return f"struct<{','.join(f'{k.lower()}:{_json_type(v)}' for k, v in value.items())}>"
    return "string"


def _csv(lines: list[str], compression: str) -> FileSchema:
    """Built-in rules of Glue: at least two columns and two rows, and a header that differs from its data."""
    for delimiter in _DELIMITERS:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
        width = len(rows[0])
        if width < 2:
            continue
        matching = [row for row in rows if len(row) == width]
        # A few broken rows are a matter for validation, not for classification.
        if len(rows) >= 2 and len(matching) >= 0.9 * len(rows):
            return _csv_schema(matching, lines, delimiter, compression)
    raise UnreadableFileError("neither Parquet, JSON lines nor CSV with two columns and two rows")


def _csv_schema(rows: list[list[str]], lines: list[str], delimiter: str, compression: str) -> FileSchema:
    first, data = rows[0], rows[1:]
    kinds = [_column_type([row[i] for row in data]) for i in range(len(first))]
    named = all(_COLUMN_NAME.fullmatch(name.strip()) for name in first) and len(set(first)) == len(first)
    text = all(_text_type(name) == "string" for name in first)
    header = named and text and any(kind != "string" for kind in kinds)
    if header:
        names = [re.sub(r"[^\w]", "_", name.strip().lower()) for name in first]
    else:
        kinds = [_column_type([row[i] for row in rows]) for i in range(len(first))]
        names = [f"col{i}" for i in range(len(first))]
    return FileSchema(
        "csv",
        tuple(zip(names, kinds, strict=True)),
        _average(lines),
        compression,
        delimiter=delimiter,
        header=header,
        quoted=any(f'{delimiter}"' in line or line.startswith('"') for line in lines),
    )


def _column_type(values: list[str]) -> str:
    kind: str | None = None
    for value in values:
        if value.strip():
            kind = widen(kind, _text_type(value.strip()))
    return kind or "string"


def _text_type(text: str) -> str:
    if _INTEGER.fullmatch(text):
        return "bigint"
    if _NUMBER.fullmatch(text):
        return "double"
    return "boolean" if text.lower() in ("true", "false") else "string"


def widen(one: str | None, two: str) -> str:
    """Return the narrowest type that holds both."""
    if not one or one == two:
        return two
    order = ("tinyint", "smallint", "int", "bigint", "float", "double")
    if one in order and two in order:
        return order[max(order.index(one), order.index(two))]
    return "string"


def _average(lines: list[str]) -> float:
    return sum(len(line.encode()) + 1 for line in lines) / len(lines)
