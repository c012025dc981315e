"""Import of a user's own customers and activity: check everything, stage it, then put it.

Stages, each of which may refuse the whole import: `find_sources` (files and headers), `_load` (rows into an
on-disk DuckDB with the reason of each bad one), `_cross_check` (unknown customers, duplicates), `_judge`
(too many bad rows), `_stage` (Parquet files in the raw layout). Only then does the first `put` happen.
"""

import csv
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from engage_cli.datagen import shapes
from engage_cli.datagen.import_report import ImportReport, ShapeReport
from engage_cli.datagen.import_rows import SQL_TYPES, checked_select, raw_select, type_words, typed_value
from engage_cli.datagen.import_sources import SourceFile, find_sources
from engage_cli.datagen.shapes import ACTIVITY, CUSTOMERS, Shape
from engage_cli.datagen.sinks import Sink
from engage_cli.errors import UserError

_EXAMPLES = 3
_CUSTOMERS_PER_PART = 500_000
_BROKEN_LINES = {
    "MISSING COLUMNS": "the line has too few columns",
    "TOO MANY COLUMNS": "the line has too many columns",
    "UNQUOTED VALUE": "a quote is not closed or not escaped",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
    "INVALID ENCODING": "the line is not UTF-8",
}


def import_files(
    customers: Path | None,
    activity: Sequence[Path] | Path | None,
    sink: Sink,
    *,
    rejects_path: Path,
    today: date,
    max_bad_fraction: float = 0.05,
    known_customers: Iterable[str] | None = None,
    memory_limit_mb: int = 512,
) -> ImportReport:
    """Check the files, then put them as Parquet in the raw layout; all or nothing.

    `known_customers` are the ids that activity may name when no customers file is given; without either,
    that check is left out and noted. Rows set aside go to `rejects_path` (replaced; only if there are any).

    Raises UserError: see `docs/data.md`; nothing has been put then.
    """
    places = {CUSTOMERS: [customers] if customers else [], ACTIVITY: _as_list(activity)}
    sources = {shape: find_sources(shape, found) for shape, found in places.items() if found}
    if not sources:
        raise UserError("There is nothing to import.", hint="Give a customers file, activity files, or both.")
    with tempfile.TemporaryDirectory(prefix="engage-import-") as folder:
        job = _Import(Path(folder), sources, today, memory_limit_mb)
        try:
            job.load()
            notes = job.cross_check(known_customers)
            rejects = job.write_rejects(rejects_path)
            for shape in sources:
                job.judge(shape, max_bad_fraction, rejects)
            staged = job.stage()
            report = ImportReport(
                customers=job.report(CUSTOMERS) if CUSTOMERS in sources else None,
                activity=job.report(ACTIVITY) if ACTIVITY in sources else None,
                weeks=tuple(job.weeks()),
                files_put=len(staged),
                rejects=rejects,
                notes=tuple(notes),
            )
        finally:
            job.close()
        for key, path in staged:
            sink.put(key, path.read_bytes())
    return report


def _as_list(places: Sequence[Path] | Path | None) -> list[Path]:
    if places is None:
        return []
    return [places] if isinstance(places, Path) else list(places)


class _Import:
    """One import's database: tables `customers` and `activity` of all rows, `rejects` of the bad ones."""

    def __init__(
        self, folder: Path, sources: dict[Shape, list[SourceFile]], today: date, memory_limit_mb: int
    ) -> None:
        import duckdb

        self._folder, self._sources, self._today = folder, sources, today
        self._error: type[Exception] = duckdb.Error
        # On disk with a memory limit: any number of rows in bounded memory.
        self._db: Any = duckdb.connect(
            str(folder / "import.duckdb"),
            config={
                "memory_limit": f"{memory_limit_mb}MB",
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        # Broken CSV lines by (shape, file number): they shift the line numbers of the rows after them.
        self._broken: dict[tuple[str, int], list[int]] = {}

    def close(self) -> None:
        """Close the database; its files go with the folder."""
        self._db.close()

    def load(self) -> None:
        """Read every file once into its table, with the reason of each bad row."""
        self._db.execute(
            "CREATE TABLE rejects (shape VARCHAR, file_no INT, row_no BIGINT, line BIGINT, "
            "kind VARCHAR, detail VARCHAR)"
        )
        for shape, files in self._sources.items():
            columns = ", ".join(f"{c.name} {SQL_TYPES[c.type]}" for c in shape.columns)
            self._db.execute(
                f"CREATE TABLE {shape.name} "
                f"(file_no INT, row_no BIGINT, {columns}, kind VARCHAR, detail VARCHAR)"
            )
            for number, source in enumerate(files):
                self._load_file(shape, number, source)
            self._db.execute(
                f"INSERT INTO rejects SELECT '{shape.name}', file_no, row_no, NULL, kind, detail "
                f"FROM {shape.name} WHERE kind IS NOT NULL"
            )

    def _load_file(self, shape: Shape, number: int, source: SourceFile) -> None:
        try:
            self._db.execute(f"INSERT INTO {shape.name} {checked_select(shape, source, number, self._today)}")
            self._note_broken_lines(shape, number, source)
        except self._error as exc:
            raise UserError(
                f"{source.path} cannot be read: {str(exc).splitlines()[0]}.",
                hint="Repair or export it again.",
            ) from exc
        rows, bad = self._db.execute(
            f"SELECT count(*), count(kind) FROM {shape.name} WHERE file_no = {number}"
        ).fetchone()
        broken = self._broken.get((shape.name, number), [])
        if rows == 0 and not broken:
            raise UserError(f"{source.path} holds no rows.", hint="Remove it or export it again.")
        if bad:
            self._refuse_wrong_columns(shape, source)

    def _note_broken_lines(self, shape: Shape, number: int, source: SourceFile) -> None:
        tables = {name for (name,) in self._db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if source.format != "csv" or "reject_errors" not in tables:
            return
        errors = self._db.execute(
            "SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY line ORDER BY line"
        ).fetchall()
        self._db.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
        self._broken[shape.name, number] = [line for line, _ in errors]
        rows = [
            (shape.name, number, line, _BROKEN_LINES.get(error, f"the line is broken ({error.lower()})"))
            for line, error in errors
        ]
        if rows:
            self._db.executemany("INSERT INTO rejects VALUES (?, ?, NULL, ?, ?, NULL)", rows)

    def _refuse_wrong_columns(self, shape: Shape, source: SourceFile) -> None:
        """A column of which no value can be read is a wrong column, not many bad rows."""
        checked = [c for c in shape.columns if c.type != "string" and c.name in source.columns]
        counts = ", ".join(
            f"count(raw.{c.name}), count({typed_value(c)}), any_value(raw.{c.name})" for c in checked
        )
        found = self._db.execute(f"SELECT {counts} FROM ({raw_select(shape, source)}) AS raw").fetchone()
        self._db.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        for i, column in enumerate(checked):
            present, readable, example = found[3 * i : 3 * i + 3]
            if present and not readable:
                raise UserError(
                    f"No value of the column {column.name!r} of {source.path} is {type_words(column)}; "
                    f"the first is {str(example)[:60]!r}.",
                    hint=f"Write {column.name} as {type_words(column)}.",
                )

    def cross_check(self, known: Iterable[str] | None) -> list[str]:
        """Set aside duplicates and activity of unknown customers; return notes for the report."""
        notes: list[str] = []
        if CUSTOMERS in self._sources:
            self._set_aside_duplicates(CUSTOMERS, ("customer_id",), "customer_id is a duplicate")
        if ACTIVITY not in self._sources:
            return notes
        if CUSTOMERS in self._sources:
            ids = f"SELECT customer_id FROM customers c WHERE {self._good(CUSTOMERS, 'c')}"
        elif known is not None:
            self._load_known(known)
            ids = "SELECT customer_id FROM known"
        else:
            ids = ""
            notes.append("Without customers it was not checked that the activity is of known customers.")
        if ids:
            self._db.execute(
                f"INSERT INTO rejects SELECT 'activity', file_no, row_no, NULL, 'the customer is unknown', "
                f"customer_id FROM activity a WHERE kind IS NULL AND customer_id NOT IN ({ids})"
            )
        self._set_aside_duplicates(
            ACTIVITY, ("customer_id", "week"), "the customer has a row for this week already"
        )
        return notes

    def _load_known(self, known: Iterable[str]) -> None:
        import pyarrow as pa

        table = pa.table({"customer_id": pa.array(known, type=pa.string())})
        self._db.register("known_view", table)
        self._db.execute("CREATE TABLE known AS SELECT DISTINCT customer_id FROM known_view")
        self._db.unregister("known_view")

    def _set_aside_duplicates(self, shape: Shape, key: tuple[str, ...], kind: str) -> None:
        """Keep the first row of each key, in file and line order."""
        columns = ", ".join(key)
        good = f"SELECT * FROM {shape.name} r WHERE {self._good(shape, 'r')}"
        # Only repeated keys are sorted: clean data costs one aggregation.
        self._db.execute(
            f"INSERT INTO rejects WITH good AS ({good}), "
            f"repeated AS (SELECT {columns} FROM good GROUP BY ALL HAVING count(*) > 1) "
            f"SELECT '{shape.name}', file_no, row_no, NULL, '{kind}', customer_id FROM ("
            f"SELECT *, row_number() OVER (PARTITION BY {columns} ORDER BY file_no, row_no) AS nth "
            f"FROM good SEMI JOIN repeated USING ({columns})) WHERE nth > 1"
        )

    def _good(self, shape: Shape, alias: str) -> str:
        return (
            f"{alias}.kind IS NULL AND NOT EXISTS (SELECT 1 FROM rejects x WHERE x.shape = '{shape.name}' "
            f"AND x.file_no = {alias}.file_no AND x.row_no = {alias}.row_no)"
        )

    def _line(self, shape: str, file_no: int, row_no: int) -> int:
        """Return the line of a record: the header is line 1 of a CSV; Parquet rows count from 1."""
        shape_of = CUSTOMERS if shape == CUSTOMERS.name else ACTIVITY
        if self._sources[shape_of][file_no].format == "parquet":
            return row_no
        # Record k comes after broken line number i (from 0) when that line is at most k + 1 + i.
        broken = self._broken.get((shape, file_no), [])
        return row_no + 1 + bisect_right([line - i for i, line in enumerate(broken)], row_no + 1)

    def _rejects(self, where: str = "true", limit: int | None = None) -> Iterable[tuple[str, Path, int, str]]:
        cut = f"LIMIT {limit}" if limit is not None else ""
        # A broken line has no record number: it sorts behind the records that come before it.
        place = "line - 0.5 - count(line) OVER (PARTITION BY shape, file_no ORDER BY line)"
        cursor = self._db.execute(
            f"SELECT shape, file_no, row_no, line, kind, detail FROM rejects WHERE {where} "
            f"ORDER BY shape DESC, file_no, coalesce(row_no, {place}), line {cut}"
        )
        while batch := cursor.fetchmany(10_000):
            for shape, file_no, row_no, line, kind, detail in batch:
                shape_of = CUSTOMERS if shape == CUSTOMERS.name else ACTIVITY
                number = line if line is not None else self._line(shape, file_no, row_no)
                reason = kind if detail is None else f"{kind}: {detail}"
                yield shape, self._sources[shape_of][file_no].path, number, reason

    def write_rejects(self, path: Path) -> Path | None:
        """Write the rows set aside as CSV and return the path; None (and no file) when there are none."""
        if not self._db.execute("SELECT count(*) FROM rejects").fetchone()[0]:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("shape", "file", "line", "reason"))
            writer.writerows(self._rejects())
        return path

    def judge(self, shape: Shape, max_bad_fraction: float, rejects: Path | None) -> None:
        """Refuse the import when too many rows of a shape are bad, or none is good."""
        report = self.report(shape)
        share = report.rows_set_aside / report.rows_read
        if share <= max_bad_fraction and report.rows_kept:
            return
        examples = "; ".join(
            f"{path}:{line} {reason}"
            for _, path, line, reason in self._rejects(f"shape = '{shape.name}'", _EXAMPLES)
        )
        raise UserError(
            f"{report.rows_set_aside:,} of {report.rows_read:,} {shape.name} rows ({share:.1%}) are bad, "
            f"more than the {max_bad_fraction:.1%} allowed; nothing was imported. First: {examples}.",
            hint=f"All of them are in {rejects}. Repair them, or allow more with a higher limit.",
        )

    def report(self, shape: Shape) -> ShapeReport:
        """Count what was read, kept and set aside."""
        files = self._sources[shape]
        kinds = dict(
            self._db.execute(
                f"SELECT kind, count(*) FROM rejects WHERE shape = '{shape.name}' "
                "GROUP BY kind ORDER BY 2 DESC, 1"
            ).fetchall()
        )
        loaded = self._db.execute(f"SELECT count(*) FROM {shape.name}").fetchone()[0]
        broken = sum(len(lines) for (name, _), lines in self._broken.items() if name == shape.name)
        bad = sum(kinds.values())
        have = [set(source.columns) | ({"week"} if source.folder_week else set()) for source in files]
        extra = {h for s in files for h in s.header if h not in s.columns.values()}
        return ShapeReport(
            files=len(files),
            rows_read=loaded + broken,
            rows_kept=loaded + broken - bad,
            rows_set_aside=bad,
            reasons=kinds,
            filled_columns=tuple(n for n in shape.names if not all(n in names for names in have)),
            ignored_columns=tuple(sorted(extra)),
        )

    def weeks(self) -> list[date]:
        """Return the weeks of the good activity, oldest first."""
        if ACTIVITY not in self._sources:
            return []
        rows = self._db.execute("SELECT DISTINCT week FROM good_activity ORDER BY week").fetchall()
        return [week for (week,) in rows]

    def stage(self) -> list[tuple[str, Path]]:
        """Write the good rows as Parquet files; return (key, file) pairs."""
        staged: list[tuple[str, Path]] = []
        if CUSTOMERS in self._sources:
            self._keep(CUSTOMERS, "file_no, row_no")
            kept = self._db.execute("SELECT count(*) FROM good_customers").fetchone()[0]
            for part, offset in enumerate(range(0, kept, _CUSTOMERS_PER_PART)):
                query = f"SELECT * FROM good_customers LIMIT {_CUSTOMERS_PER_PART} OFFSET {offset}"
                staged.append(self._copy(query, shapes.customers_key(part, "parquet")))
        if ACTIVITY in self._sources:
            self._keep(ACTIVITY, "week, customer_id")
            for week in self.weeks():
                query = f"SELECT * EXCLUDE (week) FROM good_activity WHERE week = DATE '{week}'"
                staged.append(self._copy(query, shapes.activity_key(week, 0, "parquet")))
        return staged

    def _keep(self, shape: Shape, order: str) -> None:
        names = ", ".join(shape.names)
        self._db.execute(
            f"CREATE TABLE good_{shape.name} AS SELECT {names} FROM {shape.name} r "
            f"WHERE {self._good(shape, 'r')} ORDER BY {order}"
        )

    def _copy(self, query: str, key: str) -> tuple[str, Path]:
        path = self._folder / "staged" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        return key, path
