"""When times cannot be read: which other time format would read them."""

from typing import TYPE_CHECKING, Any

from engage_cli.datagen.contract_time import (
    CANDIDATES,
    EPOCH,
    EPOCH_MS,
    FIRST_YEAR,
    LAST_YEAR,
    SPREADSHEET,
    TIME_WORDS,
    time_sql,
)
from engage_cli.datagen.import_rows import raw_select
from engage_cli.datagen.import_sources import SourceFile
from engage_cli.datagen.shapes import Column, Shape
from engage_cli.sql_text import quoted

if TYPE_CHECKING:
    from engage_cli.datagen.import_load import Loaded

_VALUES = 2_000
_WRONG_SHARE = 0.02
"""So many unreadable times are a wrong format, and not single mistakes."""


def hint_for(loaded: "Loaded", shape: Shape) -> str:
    """What to do when much of a column of times cannot be read; empty when times are not the trouble."""
    for column in shape.columns:
        if column.reading is None or column.type not in ("date", "time"):
            continue
        for number, source in enumerate(loaded.sources[shape]):
            unread, rows = loaded.db.execute(
                f"SELECT count(*) FILTER (_kind LIKE ? || ' is not %' AND {quoted(column.name)} IS NULL), "
                f"count(*) FROM {shape.name} WHERE _file = {number}",
                [column.said],
            ).fetchone()
            if unread > _WRONG_SHARE * rows:
                return fitting_hint(loaded.db, shape, column, source)
    return ""


def fitting_hint(db: Any, shape: Shape, column: Column, source: SourceFile) -> str:
    """The next step: the time format that reads a column; empty for one that is no time of a contract."""
    if column.reading is None or column.type not in ("date", "time") or column.name not in source.columns:
        return ""
    place = f"[{shape.name}]"
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE written AS SELECT DISTINCT {quoted(column.name)} AS v "
        f"FROM ({raw_select(shape, source)}) WHERE v IS NOT NULL LIMIT {_VALUES}"
    )
    db.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    for text in ("", *CANDIDATES, EPOCH, EPOCH_MS, SPREADSHEET):
        time = time_sql("v", text)
        reads = db.execute(
            f"SELECT avg(CASE WHEN year({time}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN 1.0 ELSE 0.0 END) "
            "FROM written"
        ).fetchone()[0]
        if reads and reads > 1 - _WRONG_SHARE and text != column.reading.time_format:
            unread = f"{time_sql('v', column.reading.time_format)} IS NULL"
            example = db.execute(f"SELECT max(v) FROM written WHERE {unread}").fetchone()[0] or ""
            if not text:
                return f"Remove time_format from {place}: {example[:40]!r} is read without one."
            return f'Write time_format = "{text}" into {place}: it reads {example[:40]!r}.'
    return f"Give the time_format of {column.said} in {place}: {TIME_WORDS}."
