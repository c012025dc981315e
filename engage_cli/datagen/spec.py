"""What to generate, and what was generated."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.shapes import FORMATS, Format
from engage_cli.errors import UserError

CHUNK_CUSTOMERS = 50_000
"""Customers a chunk. Part of the definition of the data: another size is other data."""


def current_monday(today: date) -> date:
    """Return the Monday of the week of `today`: the default (exclusive) end of the data."""
    return today - timedelta(days=today.weekday())


@dataclass(frozen=True)
class GenerationSpec:
    """A data set: the same spec gives the same bytes, whatever the number of threads.

    `end` is the Monday after the last week. Raises UserError for values that make no data set.
    """

    customers: int
    end: date
    weeks: int = 52
    seed: int = 7
    format: Format = "parquet"
    parameters: Parameters = field(default_factory=Parameters)
    chunk_customers: int = CHUNK_CUSTOMERS

    def __post_init__(self) -> None:
        if self.customers < 1:
            raise UserError(f"Cannot generate {self.customers} customers.", hint="Ask for at least 1.")
        if not 1 <= self.weeks <= 520:
            raise UserError(f"Cannot generate {self.weeks} weeks.", hint="Ask for 1 to 520 weeks.")
        if self.end.weekday() != 0:
            monday = current_monday(self.end)
            raise UserError(
                f"The data cannot end on {self.end}, which is no Monday.", hint=f"Use {monday} for example."
            )
        if self.chunk_customers < 1:
            raise UserError("A chunk holds at least one customer.", hint="Leave chunk_customers alone.")
        if self.seed < 0:
            raise UserError(f"The seed {self.seed} is negative.", hint="Use 0 or more.")
        if self.format not in FORMATS:
            raise UserError(f"Unknown format {self.format!r}.", hint=f"Use one of {', '.join(FORMATS)}.")

    @property
    def start(self) -> date:
        """The Monday of the first week."""
        return self.end - timedelta(weeks=self.weeks)

    @property
    def week_dates(self) -> list[date]:
        """The Mondays of all weeks, oldest first."""
        return [self.start + timedelta(weeks=i) for i in range(self.weeks)]

    @property
    def chunk_sizes(self) -> list[int]:
        """Number of customers of each chunk."""
        full, rest = divmod(self.customers, self.chunk_customers)
        return [self.chunk_customers] * full + ([rest] if rest else [])


@dataclass(frozen=True)
class GenerationReport:
    """What was written. `data_bytes` counts raw files only, not the truth."""

    customers: int
    activity_rows: int
    files: int
    data_bytes: int
    start: date
    end: date
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows of both shapes per second."""
        return (self.customers + self.activity_rows) / max(self.seconds, 1e-9)


Progress: TypeAlias = Callable[[int, int], None]
"""Called with (steps done, steps in total) from one thread at a time; a step is a week of a chunk."""
