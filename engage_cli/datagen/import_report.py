"""What an import did: kept, set aside and why, left out and why."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path


@dataclass(frozen=True)
class ShapeReport:
    """The outcome for one shape. `rows_read` = `rows_kept` + `rows_set_aside` + `rows_left_out`."""

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
    rows_left_out: int = 0
    """Rows that are no mistakes and still not used, such as sales without a customer."""
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportReport:
    """What was imported. `rejects` is the CSV of rows set aside (file, line, shape, reason), if any."""

    customers: ShapeReport | None
    activity: ShapeReport | None
    weeks: tuple[date, ...]
    """The weeks that the import brings, oldest first; those without any event among them."""
    files_put: int
    rejects: Path | None
    notes: tuple[str, ...] = field(default=())
    customer_count: int = 0
    """Customers that are put; 0 when the customers stay as they are."""
    returning: int = 0
    """Customers with activity in more than one week of the files."""
    weeks_needed: int = 0
    """The fewest weeks from which a run can train, validate and test."""
    weeks_there: int = 0
    """Weeks from the first to the last in the raw bucket after the import."""

    @property
    def as_of(self) -> date | None:
        """The day up to which the activity is known: the Monday after the last week."""
        return self.weeks[-1] + timedelta(weeks=1) if self.weeks else None
