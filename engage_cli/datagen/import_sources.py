"""Finding a user's files and reading their headers: what is refused before a single row is read."""

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from engage_cli.datagen.shapes import ACTIVITY, Format, Shape
from engage_cli.errors import UserError

_SUFFIXES: dict[str, Format] = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}
_DELIMITERS = ",;\t|"
_WEEK_FOLDER = re.compile(r"week=(.*)")


@dataclass(frozen=True)
class SourceFile:
    """One readable input file. `columns` maps the shape's column names to the file's own spelling."""

    path: Path
    format: Format
    header: tuple[str, ...]
    columns: dict[str, str]
    delimiter: str = ","
    folder_week: date | None = None
    """The week of a hive folder `week=YYYY-MM-DD`, when the file has no such column."""


def find_sources(shape: Shape, places: Sequence[Path]) -> list[SourceFile]:
    """Return the files of a shape with checked headers, in path order.

    UserError: a place is missing or holds no file, formats are mixed, a file is empty or unreadable, or a
    required column is missing.
    """
    paths = [path for place in places for path in _files_in(shape, place)]
    formats = {_format_of(path): path for path in paths}
    if len(formats) > 1:
        one, two = formats.values()
        raise UserError(
            f"The {shape.name} files mix CSV and Parquet: {one} and {two}.",
            hint="Bring all files of one shape into one format; a table cannot hold both.",
        )
    return [_inspect(shape, path) for path in paths]


def _files_in(shape: Shape, place: Path) -> list[Path]:
    if not place.exists():
        raise UserError(f"{place} does not exist.", hint=f"Give the file or folder of the {shape.name}.")
    if place.is_file():
        return [place]
    # Names that begin with a dot or an underscore are hidden, as for Athena.
    found = [
        path
        for path in sorted(place.rglob("*"))
        if path.is_file()
        and _suffix(path) in _SUFFIXES
        and not any(part.startswith((".", "_")) for part in path.relative_to(place).parts)
    ]
    if not found:
        raise UserError(
            f"The folder {place} holds no CSV or Parquet file.",
            hint=f"Put the {shape.name} there as *.csv, *.csv.gz or *.parquet.",
        )
    return found


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".csv.gz" if name.endswith(".csv.gz") else path.suffix.lower()


def _format_of(path: Path) -> Format:
    try:
        return _SUFFIXES[_suffix(path)]
    except KeyError:
        raise UserError(
            f"{path} is neither CSV nor Parquet by its name.",
            hint="Rename it to *.csv, *.csv.gz or *.parquet.",
        ) from None


def _inspect(shape: Shape, path: Path) -> SourceFile:
    fmt = _format_of(path)
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty.", hint="Remove it or export it again.")
    header, delimiter = _csv_header(path) if fmt == "csv" else (_parquet_header(path), ",")
    lowered = [name.strip().lower() for name in header]
    for name in lowered:
        if lowered.count(name) > 1:
            raise UserError(f"{path} has the column {name!r} twice.", hint="Rename or drop one of them.")
    known = {column.name for column in shape.columns}
    columns = {low: name for low, name in zip(lowered, header, strict=True) if low in known}
    week = _folder_week(path) if shape is ACTIVITY and "week" not in columns else None
    present = set(columns) | ({"week"} if week else set())
    for column in shape.columns:
        if column.required and column.name not in present:
            also = " (or a folder week=YYYY-MM-DD)" if column.name == "week" else ""
            raise UserError(
                f"{path} has no column {column.name!r}; it has {', '.join(header)}.",
                hint=f"Add or rename the column{also}; required: "
                + ", ".join(c.name for c in shape.columns if c.required)
                + ".",
            )
    return SourceFile(path, fmt, header, columns, delimiter, week)


def _csv_header(path: Path) -> tuple[tuple[str, ...], str]:
    opener: Any = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            # Bounded: a binary file may have no line end at all.
            line = stream.readline(1_000_000)
    except (OSError, UnicodeDecodeError, EOFError) as exc:
        raise UserError(f"{path} cannot be read as CSV: {exc}.", hint="Save it as UTF-8 CSV.") from exc
    delimiter = max(_DELIMITERS, key=line.count)
    if not line.strip() or delimiter not in line:
        raise UserError(
            f"The first line of {path} is no CSV header.", hint="The first line must name the columns."
        )
    return tuple(next(csv.reader([line], delimiter=delimiter))), delimiter


def _parquet_header(path: Path) -> tuple[str, ...]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        footer = parquet.ParquetFile(path)
    except (OSError, pa.ArrowException) as exc:
        raise UserError(f"{path} cannot be read as Parquet: {exc}.", hint="Export it again.") from exc
    with footer:
        if footer.metadata.num_rows == 0:
            raise UserError(f"{path} holds no rows.", hint="Remove it or export it again.")
        schema = footer.schema_arrow
        for field in schema:
            if pa.types.is_nested(field.type):
                raise UserError(
                    f"The column {field.name!r} of {path} is nested ({field.type}).",
                    hint="Flatten or drop it.",
                )
        return tuple(schema.names)


def _folder_week(path: Path) -> date | None:
    for part in path.parent.parts[::-1]:
        match = _WEEK_FOLDER.fullmatch(part)
        if match:
            try:
                week = date.fromisoformat(match[1])
            except ValueError:
                week = None
            if week is None or week.weekday() != 0:
                raise UserError(
                    f"The folder {part!r} of {path} names no Monday.",
                    hint="Name it week=YYYY-MM-DD, a Monday.",
                )
            return week
    return None
