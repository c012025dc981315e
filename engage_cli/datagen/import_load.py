"""Reads every file once into an on-disk DuckDB, with the reason of each row that is not used.

Tables: `customers` and `activity` (_file, _row, the columns, _kind, _detail, _left) and `rejects`: the
rows that are set aside (`bad`) or left out. A row is good when it is not among the rejects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from engage_cli.datagen import import_times as times
from engage_cli.datagen.import_rows import (
    SQL_TYPES,
    checked_select,
    raw_select,
    type_words,
    typed_value,
)
from engage_cli.datagen.import_sources import SourceFile
from engage_cli.datagen.shapes import Shape
from engage_cli.errors import UserError
from engage_cli.sql_text import literal, quoted

_BROKEN_LINES = {
    "MISSING COLUMNS": "the line has too few columns",
    "TOO MANY COLUMNS": "the line has too many columns",
    "UNQUOTED VALUE": "a quote is not closed or not escaped",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
    "INVALID ENCODING": "the line is not UTF-8",
}


def connect(folder: Path, memory_limit_mb: int) -> Any:
    """A DuckDB on disk with a memory limit: any number of rows in bounded memory."""
    import duckdb

    return duckdb.connect(
        str(folder / "import.duckdb"),
        config={
            "memory_limit": f"{memory_limit_mb}MB",
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )


@dataclass(frozen=True)
class Loaded:
    """The database of one import, and what its files are. `broken`: lines by (shape, file number), which
    shift the line numbers of the rows after them.
    """

    db: Any
    sources: dict[Shape, list[SourceFile]]
    broken: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def shape(self, name: str) -> Shape | None:
        """The shape of that name, when files of it were given."""
        return next((s for s in self.sources if s.name == name), None)

    def good(self, shape: str, alias: str) -> str:
        """The condition that a row is used."""
        return (
            f"NOT EXISTS (SELECT 1 FROM rejects x WHERE x.shape = '{shape}' "
            f"AND x.file_no = {alias}._file AND x.row_no = {alias}._row)"
        )

    def count(self, sql: str) -> int:
        return int(self.db.execute(sql).fetchone()[0])


def load(db: Any, sources: dict[Shape, list[SourceFile]], today: date) -> Loaded:
    """Read the files. UserError: a file cannot be read or holds no rows, or a column has a wrong type."""
    loaded = Loaded(db, sources)
    db.execute(
        "CREATE TABLE rejects (shape VARCHAR, file_no INT, row_no BIGINT, line BIGINT, "
        "kind VARCHAR, detail VARCHAR, bad BOOLEAN)"
    )
    for shape, files in sources.items():
        columns = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.type]}" for c in shape.columns)
        db.execute(
            f"CREATE TABLE {shape.name} "
            f"(_file INT, _row BIGINT, {columns}, _kind VARCHAR, _detail VARCHAR, _left VARCHAR)"
        )
        for number, source in enumerate(files):
            _load_file(loaded, shape, number, source, today)
        db.execute(
            f"INSERT INTO rejects SELECT '{shape.name}', _file, _row, NULL, coalesce(_kind, _left), "
            f"_detail, _kind IS NOT NULL FROM {shape.name} WHERE _kind IS NOT NULL OR _left IS NOT NULL"
        )
    return loaded


def _load_file(loaded: Loaded, shape: Shape, number: int, source: SourceFile, today: date) -> None:
    import duckdb

    try:
        loaded.db.execute(f"INSERT INTO {shape.name} {checked_select(shape, source, number, today)}")
        _note_broken_lines(loaded, shape, number, source)
    except duckdb.Error as exc:
        raise UserError(
            f"{source.path} cannot be read: {str(exc).splitlines()[0]}.", hint="Repair or export it again."
        ) from exc
    rows, bad = loaded.db.execute(
        f"SELECT count(*), count(_kind) FROM {shape.name} WHERE _file = {number}"
    ).fetchone()
    if rows == 0 and not loaded.broken.get((shape.name, number)):
        raise UserError(f"{source.path} holds no rows.", hint="Remove it or export it again.")
    if bad:
        _refuse_wrong_columns(loaded.db, shape, source)


def _note_broken_lines(loaded: Loaded, shape: Shape, number: int, source: SourceFile) -> None:
    db = loaded.db
    tables = {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if source.format != "csv" or "reject_errors" not in tables:
        return
    errors = db.execute(
        "SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    forget_broken_lines(db)
    loaded.broken[shape.name, number] = [line for line, _ in errors]
    rows = [
        (shape.name, number, line, _BROKEN_LINES.get(error, f"the line is broken ({error.lower()})"))
        for line, error in errors
    ]
    if rows:
        db.executemany("INSERT INTO rejects VALUES (?, ?, NULL, ?, ?, NULL, true)", rows)


def forget_broken_lines(db: Any) -> None:
    """Drop what reading a CSV has noted of its broken lines: reading it again would note them twice."""
    db.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")


def _refuse_wrong_columns(db: Any, shape: Shape, source: SourceFile) -> None:
    """A column of which no value can be read is a wrong column, not many bad rows."""
    checked = [c for c in shape.columns if c.type != "string" and c.name in source.columns]
    counts = ", ".join(
        f"count(raw.{quoted(c.name)}), count({typed_value(c)}), any_value(raw.{quoted(c.name)})"
        for c in checked
    )
    found = db.execute(f"SELECT {counts} FROM ({raw_select(shape, source)}) AS raw").fetchone()
    forget_broken_lines(db)
    for i, column in enumerate(checked):
        present, readable, example = found[3 * i : 3 * i + 3]
        if present and not readable:
            words, own = type_words(column), source.columns[column.name]
            # A personal value is not repeated, not even in a message.
            first = "" if column.personal else f"; the first is {str(example)[:60]!r}"
            fits = times.fitting_hint(db, shape, column, source)
            raise UserError(
                f"No value of the column {own!r} of {source.path} is {words}{first}.",
                hint=fits or f"Write {own} as {words}.",
            )


def register_ids(db: Any, table: str, ids: Iterable[str] | Sequence[str]) -> None:
    """Make a table of distinct customer ids."""
    import pyarrow as pa

    db.register("ids_view", pa.table({"customer_id": pa.array(list(ids), type=pa.string())}))
    db.execute(f"CREATE TABLE {table} AS SELECT DISTINCT customer_id FROM ids_view")
    db.unregister("ids_view")


def reject(db: Any, shape: str, kind: str, rows: str, *, bad: bool = True, detail: str = "NULL") -> None:
    """Put rows among the rejects: `rows` is what follows SELECT ... FROM, with _file and _row."""
    db.execute(
        f"INSERT INTO rejects SELECT '{shape}', _file, _row, NULL, {literal(kind)}, {detail}, {bad} "
        f"FROM {rows}"
    )
