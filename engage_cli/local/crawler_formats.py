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
from typing import BinaryIO

from engage_cli.local.crawler_types import (
    UNKNOWN,
    NoHiveTypeError,
    json_type,
    parquet_type,
    settled,
    text_type,
    widen,
)

HEAD_BYTES = 256 * 1024
_DELIMITERS = (",", "|", "\t", ";", "\x01")
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
    if lines[0].lstrip().startswith("["):
        raise UnreadableFileError("a JSON array or nothing known; JSON must be one object a line")
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
    lines = [line for line in (raw.removesuffix("\r") for raw in text.split("\n")) if line.strip()]
    if not lines:
        raise UnreadableFileError("the file holds no complete line")
    return lines


# ---------------------------------------------------------------------- Parquet


def _parquet(stream: BinaryIO, size: int) -> FileSchema:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        footer = parquet.ParquetFile(stream)
        columns = tuple((f.name.lower(), parquet_type(f.type)) for f in footer.schema_arrow)
    except (pa.ArrowException, OSError) as exc:
        raise UnreadableFileError(f"broken Parquet: {str(exc).splitlines()[0]}") from exc
    except NoHiveTypeError as exc:
        raise UnreadableFileError(str(exc)) from exc
    rows = footer.metadata.num_rows
    return FileSchema("parquet", columns, size / max(rows, 1))


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
            try:
                found[name] = widen(found.get(name), json_type(value))
            except NoHiveTypeError as exc:
                raise UnreadableFileError(f"line {number}: {exc}") from exc
    columns: dict[str, str] = {}
    for name, kind in found.items():
        # Athena knows no upper case: keys that differ in it alone are one column.
        columns[name.lower()] = widen(columns.get(name.lower()), kind)
    kinds = tuple((name, settled(kind)) for name, kind in columns.items())
    return FileSchema("json", kinds, _average(lines), compression, paths=tuple(found))


def _csv(lines: list[str], compression: str) -> FileSchema:
    """Built-in rules of Glue: at least two columns and two rows, and a header that differs from its data."""
    for delimiter in _DELIMITERS:
        rows = _rows(lines, delimiter)
        width = len(rows[0])
        if width < 2:
            continue
        matching = [row for row in rows if len(row) == width]
        # A few broken rows are a matter for validation, not for classification.
        if len(rows) >= 2 and len(matching) >= 0.9 * len(rows):
            return _csv_schema(matching, lines, delimiter, compression)
    raise UnreadableFileError("neither Parquet, JSON lines nor CSV with two columns and two rows")


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error as exc:
        raise UnreadableFileError(f"broken CSV: {exc}") from exc


def _csv_schema(rows: list[list[str]], lines: list[str], delimiter: str, compression: str) -> FileSchema:
    first, data = rows[0], rows[1:]
    kinds = [_column_type([row[i] for row in data]) for i in range(len(first))]
    names = [re.sub(r"[^\w]", "_", name.strip().lower()) for name in first]
    named = all(_COLUMN_NAME.fullmatch(name.strip()) for name in first) and len(set(names)) == len(names)
    text = all(text_type(name.strip()) == "string" for name in first)
    header = named and text and any(kind != "string" for kind in kinds)
    if not header:
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
    kind = UNKNOWN
    for text in {value.strip() for value in values} - {""}:
        kind = widen(kind, text_type(text))
        if kind == "string":
            break  # No type is wider.
    return settled(kind)


def _average(lines: list[str]) -> float:
    return sum(len(line.encode()) + 1 for line in lines) / len(lines)
