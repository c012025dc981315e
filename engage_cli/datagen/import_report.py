"""What an import did: kept, set aside and why."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class ShapeReport:
    """The outcome for one shape. `rows_read` = `rows_kept` + `rows_set_aside`."""

    files: int
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    reasons: dict[str, int]
    """Rows set aside by kind of reason, most frequent first."""
    filled_columns: tuple[str, ...]
    """Optional columns that at least one file lacks; filled with null or 0."""
    ignored_columns: tuple[str, ...]
    """Columns that no shape knows; left out."""


@dataclass(frozen=True)
class ImportReport:
    """What was imported. `rejects` is the CSV of rows set aside (file, line, shape, reason), if any."""

    customers: ShapeReport | None
    activity: ShapeReport | None
    weeks: tuple[date, ...]
    files_put: int
    rejects: Path | None
    notes: tuple[str, ...] = field(default=())
