"""What the columns of a user's files look like: types, distinct values, formats of times, ranges.

Everything is read as text, from a sample of the first rows; the span of the times and the rhythm of the
customers are read from the whole files.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engage_cli.datagen import contract_words as known
from engage_cli.datagen.contract_time import (
    CANDIDATES,
    EPOCH,
    EPOCH_MS,
    FIRST_YEAR,
    SPREADSHEET,
    day_first_is_open,
    swapped,
    time_sql,
)
from engage_cli.datagen.import_sources import SourceFile, files_of, read_header
from engage_cli.datagen.import_values import number_value
from engage_cli.datagen.shapes import Column, Reading
from engage_cli.errors import UserError
from engage_cli.sql_text import literal, quoted

SAMPLE_ROWS = 200_000
_EXAMPLES = 40
_EMPTY = ("nan", "null", "none", "na", "n/a", "\\n", "<na>", "?")
# Seconds and milliseconds from 1990 to 2100.
_EPOCHS = {EPOCH: (631_152_000, 4_102_444_800), EPOCH_MS: (631_152_000_000, 4_102_444_800_000)}
# Days of a spreadsheet from 1970 to 2064.
_SPREADSHEET_DAYS = (25_569, 60_000)

# The end of today is not the same everywhere.
_PAST = "(t < current_date + INTERVAL 2 DAY)"


@dataclass(frozen=True)
class ColumnProfile:
    """One column of the sample. `kind`: number, boolean, time or text; `time_format`: it may be one."""

    name: str
    filled: int
    distinct: int
    examples: tuple[str, ...]
    kind: str
    time_format: str | None = None
    open_order: bool = False
    """Whether day and month could as well be the other way round."""
    whole: bool = False
    lowest: float | None = None
    highest: float | None = None
    typical: float | None = None
    """The median of numbers."""
    negative: int = 0
    decimal: str = "."
    length: float = 0.0
    words: float = 0.0

    @property
    def unique(self) -> bool:
        return self.filled > 0 and self.distinct >= 0.98 * self.filled


@dataclass(frozen=True)
class TableProfile:
    """The files of one table. `rows` counts the sample."""

    files: tuple[Path, ...]
    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        return next(c for c in self.columns if c.name == name)


class Table:
    """Open files of one table: `sample` is in the database, `everything` a SELECT of all rows as text."""

    def __init__(self, db: Any, what: str, places: Sequence[Path], work: Path) -> None:
        paths = files_of(what, places)
        sources = [read_header(path, work / f"{what}-{n}.csv") for n, path in enumerate(paths)]
        self.db, self.what, self.files = db, what, tuple(paths)
        self.header = sources[0].header
        if any(s.header != self.header for s in sources):
            other = next(s for s in sources if s.header != self.header)
            raise UserError(
                f"{sources[0].path} and {other.path} have different columns.",
                hint=f"Give files of one kind as --{what}.",
            )
        self.everything = " UNION ALL BY NAME ".join(_relation(source) for source in sources)
        limited = f"SELECT * FROM ({self.everything}) LIMIT {SAMPLE_ROWS}"
        try:
            db.execute(f"CREATE TABLE {what}_sample AS {limited}")
        except _duckdb_error() as exc:
            raise UserError(
                f"{paths[0]} cannot be read: {str(exc).splitlines()[0]}.", hint="Repair or export it again."
            ) from exc

    def profile(self) -> TableProfile:
        rows = self.db.execute(f"SELECT count(*) FROM {self.what}_sample").fetchone()[0]
        if not rows:
            raise UserError(f"{self.files[0]} holds no rows.", hint="Export it again.")
        return TableProfile(self.files, rows, tuple(self._column(name) for name in self.header))

    def _column(self, name: str) -> ColumnProfile:
        value = _filled(name)
        table = f"{self.what}_sample"
        filled, distinct, length, words = self.db.execute(
            f"SELECT count({value}), count(DISTINCT {value}), avg(length({value})), "
            f"avg(length({value}) - length(replace({value}, ' ', '')) + 1) FROM {table}"
        ).fetchone()
        examples = tuple(
            v
            for (v,) in self.db.execute(
                f"SELECT {value} AS v FROM {table} WHERE v IS NOT NULL GROUP BY v ORDER BY count(*) DESC, v "
                f"LIMIT {_EXAMPLES}"
            ).fetchall()
        )
        found = ColumnProfile(
            name, filled, distinct, examples, "text", length=length or 0.0, words=words or 0.0
        )
        if not filled:
            return found
        return self._number(found, value) or self._time(found, value) or self._boolean(found)

    def _number(self, found: ColumnProfile, value: str) -> ColumnProfile | None:
        for decimal in (".", ","):
            number = number_value("v", Column("x", "double", reading=Reading("x", decimal=decimal)))
            read, low, high, middle, negative, whole = self.db.execute(
                "SELECT count(n), min(n), max(n), median(n), count(*) FILTER (n < 0), "
                "count(*) FILTER (n = floor(n)) "
                f"FROM (SELECT {number} AS n FROM (SELECT {value} AS v FROM {self.what}_sample))"
            ).fetchone()
            if read < 0.98 * found.filled:
                continue
            kind = "boolean" if found.distinct == 2 and (low, high) == (0, 1) else "number"
            return replace(
                found, kind=kind, whole=whole == read, lowest=low, highest=high, typical=middle,
                negative=negative, decimal=decimal, time_format=_epoch_of(found, low, high, whole == read),
            )  # fmt: skip
        return None

    def _time(self, found: ColumnProfile, value: str) -> ColumnProfile | None:
        if not any(c.isdigit() for c in found.examples[0]):
            return None
        # Few values decide which patterns are worth the whole sample.
        for text in CANDIDATES:
            few = ", ".join(f"({literal(v)})" for v in found.examples)
            hits = self.db.execute(
                f"SELECT count({time_sql('v', text)}) FROM (VALUES {few}) t(v)"
            ).fetchone()[0]
            if hits < 0.9 * len(found.examples):
                continue
            # "%Y" reads the year 13 as well.
            read = self.db.execute(
                f"SELECT count(*) FROM {self.what}_sample WHERE year({time_sql(value, text)}) >= {FIRST_YEAR}"
            ).fetchone()[0]
            if read >= 0.98 * found.filled:
                both = bool(text) and self._other_order_fits(found, value, text)
                return replace(found, kind="time", time_format=text, open_order=both)
        return None

    def _other_order_fits(self, found: ColumnProfile, value: str, text: str) -> bool:
        if not day_first_is_open(text, found.examples):
            return False
        sql = f"SELECT count({time_sql(value, swapped(text))}) FROM {self.what}_sample"
        return bool(self.db.execute(sql).fetchone()[0] >= 0.98 * found.filled)

    def _boolean(self, found: ColumnProfile) -> ColumnProfile:
        words = {v.lower() for v in found.examples}
        pairs = ({"yes", "no"}, {"true", "false"}, {"y", "n"}, {"t", "f"})
        return replace(found, kind="boolean") if words in pairs else found

    def span(self, column: str, time_format: str) -> tuple[datetime, datetime, int]:
        """The first and the last time of a column in all rows, and how many lie in the future.

        Those are mistakes and do not count, unless all of them do.
        """
        time = time_sql(_filled(column), time_format)
        first, low, high, last, later = self.db.execute(
            f"SELECT min(t), min(t) FILTER ({_PAST}), max(t) FILTER ({_PAST}), max(t), "
            f"count(t) FILTER (NOT {_PAST}) FROM (SELECT {time} AS t FROM ({self.everything}))"
        ).fetchone()
        return (first, last, 0) if low is None else (low, high, later)

    def customers_not_in(self, customer: str, people: "Table", identifier: str) -> tuple[int, int]:
        """How many customers of these rows another table lacks, and how many there are."""
        plain = "regexp_replace({}, '^([0-9]+)\\.0+$', '\\1')"
        known = f"SELECT {plain.format(_filled(identifier))} FROM ({people.everything})"
        own = f"SELECT DISTINCT {plain.format(_filled(customer))} AS c FROM ({self.everything})"
        lacking, everybody = self.db.execute(
            f"SELECT count(*) FILTER (c NOT IN (SELECT k FROM ({known}) t(k) WHERE k IS NOT NULL)), count(*) "
            f"FROM ({own}) WHERE c IS NOT NULL"
        ).fetchone()
        return int(lacking), int(everybody)

    def copies(self, identifiers: Sequence[str]) -> tuple[int, bool]:
        """Rows of the sample that equal another in every column, and whether, but for them, one of some
        columns differs in every row.
        """
        table = f"{self.what}_sample"
        whole = f"SELECT DISTINCT {', '.join(quoted(name) for name in self.header)} FROM {table}"
        counts = "".join(f", count(DISTINCT {quoted(name)})" for name in identifiers)
        rows, *different = self.db.execute(f"SELECT count(*){counts} FROM {table}").fetchone()
        distinct = self.db.execute(f"SELECT count(*) FROM ({whole})").fetchone()[0]
        return int(rows - distinct), distinct in different

    def weeks_between_visits(self, customer: str, column: str, time_format: str) -> float | None:
        """The median distance in weeks between a customer's days of activity; None when nobody came twice."""
        time = f"CAST({time_sql(_filled(column), time_format)} AS DATE)"
        days = f"SELECT DISTINCT {_filled(customer)} AS c, {time} AS t FROM ({self.everything})"
        gaps = (
            f"SELECT t - lag(t) OVER (PARTITION BY c ORDER BY t) AS gap FROM ({days}) "
            f"WHERE c IS NOT NULL AND {_PAST}"
        )
        found = self.db.execute(f"SELECT median(gap) / 7.0 FROM ({gaps}) WHERE gap IS NOT NULL").fetchone()[0]
        return None if found is None else float(found)

    def active_shares(self, customer: str, column: str, time_format: str) -> dict[int, float]:
        """Which share of the customers came in the last 4, 8, ... 24 weeks of the data."""
        time = time_sql(_filled(column), time_format)
        rows = (
            f"SELECT c, t FROM (SELECT {_filled(customer)} AS c, {time} AS t FROM ({self.everything})) "
            f"WHERE c IS NOT NULL AND {_PAST}"
        )
        windows = range(4, 25, 4)
        counts = ", ".join(f"avg(CASE WHEN quiet < {7 * weeks} THEN 1.0 ELSE 0.0 END)" for weeks in windows)
        found = self.db.execute(
            f"WITH seen AS ({rows}) SELECT {counts} FROM (SELECT min(date_diff('day', t, "
            "(SELECT max(t) FROM seen))) AS quiet FROM seen GROUP BY c)"
        ).fetchone()
        return dict(zip(windows, (float(share or 0) for share in found), strict=True))

    def share_constant(self, customer: str, column: str, *, every_row: bool) -> float:
        """The share of customers (of those with several rows) for whom a column never changes.

        With `every_row`, filled in one row and empty in another is a change: only some of the rows tell it.
        """
        value = _filled(column)
        gaps = f" + CAST(count({value}) < count(*) AS INTEGER)" if every_row else ""
        sql = (
            "SELECT avg(CASE WHEN n <= 1 THEN 1.0 ELSE 0.0 END) "
            f"FROM (SELECT count(DISTINCT {value}){gaps} AS n "
            f"FROM {self.what}_sample "
            f"WHERE {_filled(customer)} IS NOT NULL GROUP BY {_filled(customer)} HAVING count(*) > 1)"
        )
        return float(self.db.execute(sql).fetchone()[0] or 0.0)

    def rows_per(self, columns: Sequence[str]) -> float:
        """Rows of the sample for each combination of values."""
        names = ", ".join(_filled(c) for c in columns)
        present = " AND ".join(f"{_filled(c)} IS NOT NULL" for c in columns)
        rows, groups = self.db.execute(
            f"SELECT sum(n), count(*) FROM (SELECT count(*) AS n FROM {self.what}_sample "
            f"WHERE {present} GROUP BY {names})"
        ).fetchone()
        return float(rows or 0) / (groups or 1)

    def only_first_days(self, column: str, time_format: str) -> bool:
        """Whether all times of a column are the first day of a month, and of several."""
        day = f"CAST({time_sql(_filled(column), time_format)} AS DATE)"
        latest, different = self.db.execute(
            f"SELECT max(day({day})), count(DISTINCT {day}) FROM {self.what}_sample"
        ).fetchone()
        return bool(latest == 1 and different > 2)

    def weekdays(self, column: str, time_format: str) -> list[int]:
        """The days of the week that a column of dates has, Monday first as 1."""
        time = time_sql(_filled(column), time_format)
        rows = self.db.execute(
            f"SELECT DISTINCT isodow({time}) FROM {self.what}_sample WHERE {time} IS NOT NULL"
        ).fetchall()
        return sorted(int(d) for (d,) in rows)


@contextmanager
def opened(places: dict[str, list[Path]]) -> Iterator[dict[str, Table]]:
    """The tables of some files, by name (`customers`, `activity`)."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="engage-profile-") as folder:
        db = duckdb.connect(str(Path(folder) / "profile.duckdb"), config={"memory_limit": "512MB"})
        try:
            yield {what: Table(db, what, found, Path(folder)) for what, found in places.items() if found}
        finally:
            db.close()


def _relation(source: SourceFile) -> str:
    path = literal(str(source.readable or source.path))
    if source.format == "parquet":
        columns = ", ".join(f"CAST({quoted(n)} AS VARCHAR) AS {quoted(n)}" for n in source.header)
        return f"SELECT {columns} FROM read_parquet({path}, hive_partitioning=false)"
    types = ", ".join(f"{literal(n)}: 'VARCHAR'" for n in source.header)
    return (
        f"SELECT * FROM read_csv({path}, header=true, auto_detect=false, delim={literal(source.delimiter)}, "
        f"quote='\"', escape='\"', columns={{{types}}}, ignore_errors=true, max_line_size=1000000)"
    )


def _filled(column: str) -> str:
    words = ", ".join(f"'{w}'" for w in _EMPTY)
    trimmed = f"nullif(trim({quoted(column)}), '')"
    return f"CASE WHEN lower({trimmed}) NOT IN ({words}) THEN {trimmed} END"


def _epoch_of(found: ColumnProfile, low: float, high: float, whole: bool) -> str | None:
    """How a column of numbers may be a time: seconds, milliseconds, days of a spreadsheet, or 20240131."""
    for text, (first, last) in _EPOCHS.items():
        if first <= low and high <= last and found.distinct > 2:
            return text
    least, most = _SPREADSHEET_DAYS
    if least <= low and high <= most and known.has_part(found.name, known.PLAIN_TIME):
        return SPREADSHEET
    for text, scale in (("%Y%m%d", 1), ("%Y%m%d%H%M%S", 1_000_000)):
        inside = 19_000_101 * scale <= low and high < 21_001_232 * scale
        if whole and inside and all(_is_compact(value, text) for value in found.examples):
            return text
    return None


def _is_compact(value: str, text: str) -> bool:
    """Whether a number is a date, and its time, written without anything between: 20240131."""
    try:
        datetime.strptime(value, text)
    except ValueError:
        return False
    return True


def _duckdb_error() -> type[Exception]:
    import duckdb

    error: type[Exception] = duckdb.Error
    return error
