"""Finding a user's files and reading their headers: what is refused before a single row is read."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Never

from engage_cli.datagen.contract_section import nearest
from engage_cli.datagen.import_encoding import encoding_of, open_text, write_utf8, write_with_tabs
from engage_cli.datagen.shapes import Column, Format, Shape
from engage_cli.errors import UserError

_TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
_SUFFIXES: dict[str, Format] = {
    **{s: "csv" for t in _TEXT_SUFFIXES for s in (t, f"{t}.gz", f"{t}.zip")},
    ".zip": "csv",
    ".parquet": "parquet",
}
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
    factors: dict[str, str] = field(default_factory=dict)
    """By name of the shape's column: the column that it is multiplied by."""
    encoding: str = "utf-8"
    readable: Path | None = None
    """What is read instead of `path`: the same text in UTF-8."""


def find_sources(shape: Shape, places: Sequence[Path], work: Path) -> list[SourceFile]:
    """Return the files of a shape with checked headers, in path order; `work` is for texts in UTF-8.

    UserError: a place is missing or holds no file, formats are mixed, a file is empty or unreadable, or a
    required column is missing.
    """
    paths = files_of(shape.name, places)
    formats = {format_of(path): path for path in paths}
    if len(formats) > 1:
        one, two = formats.values()
        raise UserError(
            f"The {shape.name} files mix CSV and Parquet: {one} and {two}.",
            hint="Bring all files of one shape into one format; a table cannot hold both.",
        )
    return [_inspect(shape, path, work / f"{shape.name}-{n}.csv") for n, path in enumerate(paths)]


def files_of(what: str, places: Sequence[Path]) -> list[Path]:
    """The files below some places, in path order; `what` they hold is for messages."""
    return [path for place in places for path in _files_in(what, place)]


def _files_in(what: str, place: Path) -> list[Path]:
    if not place.exists():
        raise UserError(f"{place} does not exist.", hint=f"Give the file or folder of the {what}.")
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
            hint=f"Put the {what} there as *.csv, *.txt, *.csv.gz, *.zip or *.parquet.",
        )
    return found


def _suffix(path: Path) -> str:
    name = path.name.lower()
    packed = name.removesuffix(".gz").removesuffix(".zip")
    return Path(packed).suffix + name[len(packed) :]


def format_of(path: Path) -> Format:
    """What a file is by its name; raises UserError for another kind."""
    try:
        return _SUFFIXES[_suffix(path)]
    except KeyError:
        raise UserError(
            f"{path} is neither CSV nor Parquet by its name.",
            hint="Save it as *.csv, *.txt, *.csv.gz, *.zip or *.parquet.",
        ) from None


def read_header(path: Path, target: Path) -> SourceFile:
    """The columns of a file, before any shape; a text that is no UTF-8 is written to `target` as such.

    UserError: the file is empty or cannot be read, or a column occurs twice.
    """
    fmt = format_of(path)
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty.", hint="Remove it or export it again.")
    if fmt == "parquet":
        return SourceFile(path, fmt, _unrepeated(path, _parquet_header(path)), {})
    encoding = _text_encoding(path)
    readable = None
    if encoding != "utf-8" or path.name.lower().endswith(".zip"):
        write_utf8(path, encoding, target)
        readable = target
    line, second = _first_lines(path, readable or path)
    delimiter = max(_DELIMITERS, key=line.count)
    if delimiter not in line and len(line.split()) == len(second.split()) > 1:
        tabbed = target.with_suffix(".tabs.csv")
        write_with_tabs(readable or path, tabbed)
        readable, delimiter, line = tabbed, "\t", "\t".join(line.split())
    header = _csv_header(path, line, delimiter)
    return SourceFile(
        path, fmt, _unrepeated(path, header), {}, delimiter, encoding=encoding, readable=readable
    )


def _text_encoding(path: Path) -> str:
    try:
        encoding = encoding_of(path)
    except (OSError, EOFError) as exc:
        raise UserError(f"{path} cannot be read as CSV: {exc}.", hint="Save it as UTF-8 CSV.") from exc
    if encoding == "binary":
        raise UserError(f"{path} cannot be read as CSV: it is no text.", hint="Save it as UTF-8 CSV.")
    return encoding


def _unrepeated(path: Path, header: tuple[str, ...]) -> tuple[str, ...]:
    # Programs write a column of row numbers without a name.
    header = tuple(name if name.strip() else f"unnamed {n}" for n, name in enumerate(header, start=1))
    lowered = [_plain(name) for name in header]
    for name in lowered:
        if lowered.count(name) > 1:
            raise UserError(f"{path} has the column {name!r} twice.", hint="Rename or drop one of them.")
    return header


def _plain(name: str) -> str:
    return name.strip().lower()


def _inspect(shape: Shape, path: Path, target: Path) -> SourceFile:
    source = read_header(path, target)
    spelling = {_plain(name): name for name in source.header}
    wanted = {c.name: _plain(c.reading.column if c.reading else c.name) for c in shape.columns}
    columns = {name: spelling[column] for name, column in wanted.items() if column in spelling}
    factors = {}
    for column in shape.columns:
        times = column.reading.times if column.reading else ""
        if times:
            if _plain(times) not in spelling:
                _refuse_missing(shape, path, source.header, times)
            factors[column.name] = spelling[_plain(times)]
    is_weekly = "week" in shape.names
    week = _folder_week(path) if is_weekly and "week" not in columns else None
    for column in shape.columns:
        if column.name in columns or (column.name == "week" and week):
            continue
        # A contract names the columns that it needs: one that is not there is a mistake, not an empty one.
        if column.required or column.reading:
            _refuse_missing(
                shape, path, source.header, column.reading.column if column.reading else "", column
            )
    return replace(source, columns=columns, factors=factors, folder_week=week)


def _refuse_missing(
    shape: Shape, path: Path, header: Sequence[str], wanted: str, column: Column | None = None
) -> Never:
    name = wanted or (column.name if column else "")
    also = " (or a folder week=YYYY-MM-DD)" if column and column.name == "week" else ""
    near = nearest(name, list(header))
    needed = ", ".join(c.reading.column if c.reading else c.name for c in shape.columns if c.required)
    raise UserError(
        f"{path} has no column {name!r}; it has {', '.join(header)}.",
        hint=near or f"Add or rename the column{also}; required: {needed}.",
    )


def _first_lines(path: Path, readable: Path) -> tuple[str, str]:
    """The first two lines without their ends."""
    try:
        with open_text(readable) as stream:
            # Bounded: a binary file may have no line end at all.
            first, second = stream.readline(1_000_000), stream.readline(1_000_000)
            lines = first.decode("utf-8-sig"), second.decode("utf-8", errors="replace")
    except (OSError, UnicodeDecodeError, EOFError) as exc:
        raise UserError(f"{path} cannot be read as CSV: {exc}.", hint="Save it as UTF-8 CSV.") from exc
    return lines[0].rstrip("\r\n"), lines[1].rstrip("\r\n")


def _csv_header(path: Path, line: str, delimiter: str) -> tuple[str, ...]:
    if not line.strip() or delimiter not in line:
        raise UserError(
            f"The first line of {path} is no CSV header.",
            hint="The first line must name the columns, with commas, semicolons, tabs or bars between them.",
        )
    header = tuple(next(csv.reader([line], delimiter=delimiter)))
    if not any(c.isalpha() for name in header for c in name):
        raise UserError(
            f"The first line of {path} holds values and no names of columns: {', '.join(header)[:100]}.",
            hint="Put a line of names on top of it, one for each column, such as: customer_id,date,amount",
        )
    return header


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
