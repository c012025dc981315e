"""The rows that an import does not use: their lines, their file, and whether they are too many."""

import csv
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

from engage_cli.datagen import import_times as times
from engage_cli.datagen.import_load import Loaded
from engage_cli.datagen.import_report import ShapeReport
from engage_cli.datagen.shapes import Shape
from engage_cli.errors import UserError

_EXAMPLES = 3


def write_rejects(loaded: Loaded, path: Path) -> Path | None:
    """Write the rows set aside as CSV and return the path; None (and no file) when there are none."""
    if not loaded.count("SELECT count(*) FROM rejects WHERE bad"):
        return None
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("shape", "file", "line", "reason"))
        writer.writerows(_rejects(loaded))
    return path


def judge(loaded: Loaded, shape: Shape, max_bad_fraction: float, rejects: Path | None) -> None:
    """Refuse the import when too many rows of a shape are bad, or none is good."""
    report = shape_report(loaded, shape)
    share = report.rows_set_aside / report.rows_read
    if share <= max_bad_fraction and report.rows_kept:
        return
    if not report.rows_set_aside:
        left = ", ".join(f"{n:,} x {reason}" for reason, n in report.left_out.items())
        raise UserError(
            f"No {shape.name} row is left of {report.rows_read:,} ({left}); nothing was imported.",
            hint="Look at what the contract leaves out, or give other files.",
        )
    examples = "; ".join(
        f"{path}:{line} {reason}" for _, path, line, reason in _rejects(loaded, shape.name, _EXAMPLES)
    )
    fits = times.hint_for(loaded, shape)
    raise UserError(
        f"{report.rows_set_aside:,} of {report.rows_read:,} {shape.name} rows ({share:.1%}) are bad, "
        f"more than the {max_bad_fraction:.1%} allowed; nothing was imported. First: {examples}.",
        hint=fits or f"All of them are in {rejects}. Repair them, or allow more with --max-bad.",
    )


def shape_report(loaded: Loaded, shape: Shape, ignore: Sequence[str] = ()) -> ShapeReport:
    """Count what was read, kept, set aside and left out; `ignore` are columns that a contract leaves out."""
    told = {name.strip().lower() for name in ignore}
    files = loaded.sources[shape]
    found: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for kind, bad, number in loaded.db.execute(
        f"SELECT kind, bad, count(*) FROM rejects WHERE shape = '{shape.name}' GROUP BY kind, bad "
        "ORDER BY 3 DESC, 1"
    ).fetchall():
        found[bad][kind] = number
    broken = sum(len(lines) for (name, _), lines in loaded.broken.items() if name == shape.name)
    read = loaded.count(f"SELECT count(*) FROM {shape.name}") + broken
    bad_rows, left = (sum(found[b].values()) for b in (True, False))
    have = [set(source.columns) | ({"week"} if source.folder_week else set()) for source in files]
    used = [{*s.columns.values(), *s.factors.values()} for s in files]
    return ShapeReport(
        files=len(files),
        rows_read=read,
        rows_kept=read - bad_rows - left,
        rows_set_aside=bad_rows,
        reasons=found[True],
        filled_columns=tuple(n for n in shape.names if not all(n in names for names in have)),
        ignored_columns=tuple(
            sorted(
                {
                    h
                    for s, u in zip(files, used, strict=True)
                    for h in s.header
                    if h not in u and h.strip().lower() not in told
                }
            )
        ),
        rows_left_out=left,
        left_out=found[False],
    )


def _rejects(
    loaded: Loaded, only: str = "", limit: int | None = None
) -> Iterator[tuple[str, Path, int, str]]:
    """(shape, file, line, reason) of the rows set aside, in the order of shape, file and line."""
    cut = f"LIMIT {limit}" if limit is not None else ""
    where = f"bad AND shape = '{only}'" if only else "bad"
    # A broken line has no record number: it sorts behind the records that come before it.
    place = "line - 0.5 - count(line) OVER (PARTITION BY shape, file_no ORDER BY line)"
    cursor = loaded.db.execute(
        f"SELECT shape, file_no, row_no, line, kind, detail FROM rejects WHERE {where} "
        f"ORDER BY shape DESC, file_no, coalesce(row_no, {place}), line {cut}"
    )
    while batch := cursor.fetchmany(10_000):
        for name, file_no, row_no, line, kind, detail in batch:
            shape = loaded.shape(name)
            assert shape is not None
            number = line if line is not None else _line(loaded, shape, file_no, row_no)
            reason = kind if detail is None else f"{kind}: {detail}"
            yield name, loaded.sources[shape][file_no].path, number, reason


def place_of(loaded: Loaded, shape: Shape, file_no: int, row_no: int) -> str:
    """Where a record stands: `file:line`."""
    return f"{loaded.sources[shape][file_no].path}:{_line(loaded, shape, file_no, row_no)}"


def _line(loaded: Loaded, shape: Shape, file_no: int, row_no: int) -> int:
    """The line of a record: the header is line 1 of a CSV; Parquet rows count from 1."""
    if loaded.sources[shape][file_no].format == "parquet":
        return row_no
    # Record k comes after broken line number i (from 0) when that line is at most k + 1 + i.
    broken = loaded.broken.get((shape.name, file_no), [])
    return row_no + 1 + bisect_right([line - i for i, line in enumerate(broken)], row_no + 1)
