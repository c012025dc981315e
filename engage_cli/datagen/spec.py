"""What to generate, and what was generated."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TypeAlias

from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.shapes import FORMATS, Format
from engage_cli.datagen.shifts import SHIFTS, shifted
from engage_cli.errors import UserError

CHUNK_CUSTOMERS = 50_000
"""Customers a chunk. Part of the definition of the data: another size is other data."""


def current_monday(today: date) -> date:
    """Return the Monday of the week of `today`: the default (exclusive) end of the data."""
    return today - timedelta(days=today.weekday())


@dataclass(frozen=True)
class Advance:
    """Weeks added to a data set, from whose first on the world may have changed."""

    weeks: int
    shift: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.weeks <= 52:
            raise UserError(f"Cannot add {self.weeks} weeks.", hint="Add 1 to 52 weeks.")
        if self.shift is not None and self.shift not in SHIFTS:
            raise UserError(f"Unknown shift '{self.shift}'.", hint=f"Use one of {', '.join(SHIFTS)}.")


@dataclass(frozen=True)
class Phase:
    """Weeks from `first` to before `end` with the same parameters: the generated ones, or an advance."""

    first: date
    end: date
    parameters: Parameters


@dataclass(frozen=True)
class Chunk:
    """Customers that are made together, with a random stream of their own."""

    part: int
    first: int
    """Customers in the chunks before it; their numbers count from 1."""
    size: int
    phase: int
    """Index of the phase in which they were drawn; those of phase 0 may have signed up before its weeks."""


@dataclass(frozen=True)
class GenerationSpec:
    """A data set: the same spec gives the same bytes, whatever the number of threads.

    `end` is the Monday after the last week, before any advance. Raises UserError for values that make no
    data set.
    """

    customers: int
    end: date
    weeks: int = 52
    seed: int = 7
    format: Format = "parquet"
    parameters: Parameters = field(default_factory=Parameters)
    chunk_customers: int = CHUNK_CUSTOMERS
    advances: tuple[Advance, ...] = ()

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
    def until(self) -> date:
        """The Monday after the last week, advances included."""
        return self.end + timedelta(weeks=sum(advance.weeks for advance in self.advances))

    @property
    def week_dates(self) -> list[date]:
        """The Mondays of all weeks, oldest first."""
        return [self.start + timedelta(weeks=i) for i in range((self.until - self.start).days // 7)]

    @cached_property
    def phases(self) -> list[Phase]:
        """The generated weeks and every advance, oldest first. A shift stays in the advances after it."""
        phases = [Phase(self.start, self.end, self.parameters)]
        shifts: list[str] = []
        for advance in self.advances:
            shifts += [advance.shift] if advance.shift else []
            first = phases[-1].end
            end = first + timedelta(weeks=advance.weeks)
            phases.append(Phase(first, end, shifted(self.parameters, shifts)))
        return phases

    def parameters_in(self, week: date) -> Parameters:
        """Return the parameters of a week; of weeks after the last one, those of the last."""
        return next(
            (phase.parameters for phase in self.phases if week < phase.end), self.phases[-1].parameters
        )

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All chunks: those of the generated customers, then those who signed up in each advance."""
        chunks: list[Chunk] = []
        for index, phase in enumerate(self.phases):
            rest = self.customers if index == 0 else self._newcomers(phase)
            while rest > 0:
                first = chunks[-1].first + chunks[-1].size if chunks else 0
                size = min(rest, self.chunk_customers)
                chunks.append(Chunk(len(chunks), first, size, index))
                rest -= size
        return chunks

    def _newcomers(self, phase: Phase) -> int:
        p, weeks = phase.parameters, (phase.end - phase.first).days // 7
        return round(self.customers * signups_a_week(self.parameters) * p.signup_factor * weeks)

    @property
    def everybody(self) -> int:
        """Number of customers, advances included."""
        return sum(chunk.size for chunk in self.chunks)

    @property
    def digest(self) -> str:
        """A digest of the parameters of every phase: other numbers, other digest."""
        return hashlib.sha256(repr([phase.parameters for phase in self.phases]).encode()).hexdigest()


def signups_a_week(p: Parameters) -> float:
    """Return sign-ups a week as a share of the customers: the mean of the last 12 generated weeks."""
    weeks = 12
    return float((7 * weeks / p.account_age_days) ** (1 / p.account_growth)) / weeks


@dataclass(frozen=True)
class GenerationReport:
    """What was written. `data_bytes` counts raw files only, not the truth."""

    customers: int
    """Customers that were not there before."""
    activity_rows: int
    files: int
    data_bytes: int
    start: date
    end: date
    seconds: float
    """Of simulating and writing."""
    ceiling_seconds: float
    """Of the ceilings, after that."""
    fingerprints: Mapping[int, str]
    """What identifies the customers' traits and states at the end, by part."""

    @property
    def rows_per_second(self) -> float:
        """Rows of both shapes per second."""
        return (self.customers + self.activity_rows) / max(self.seconds, 1e-9)


Progress: TypeAlias = Callable[[int, int], None]
"""Called with (steps done, steps in total) from one thread at a time; a step is a week of a chunk."""
