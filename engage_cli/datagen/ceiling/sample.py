"""Who is in the sample, and what anybody could know of them: attributes and weeks of activity, no more."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from engage_cli.datagen.model import Attributes, Ints, WeekRows
from engage_cli.datagen.parameters import Parameters

MAX_SAMPLE = 20_000
_EXPECTED_SAMPLE = 19_000
"""Customers that a share of more than `MAX_SAMPLE` aims at: seven standard deviations below the most."""

NO_AGE = -1


@dataclass(frozen=True)
class Observed:
    """What is observable of n customers in W weeks. Measures are (n, W), 0 where there was no row."""

    number: Ints
    """The customer's number; the id is made of it."""
    attributes: Attributes
    """With `NO_AGE` for an age that is not known."""
    born: Parameters
    """The parameters that the customers' traits were drawn with."""
    active_days: npt.NDArray[np.int32]
    acts: npt.NDArray[np.int32]
    """Sessions beyond the first of a day, posts, likes and messages together."""
    purchases: npt.NDArray[np.int32]
    spend: npt.NDArray[np.float64]
    support_tickets: npt.NDArray[np.int32]

    def take(self, who: Any) -> "Observed":
        """Return the same of some of the customers (indices or a mask)."""
        rows = {f.name: getattr(self, f.name)[who] for f in fields(self) if f.name not in _NOT_BY_CUSTOMER}
        return replace(self, attributes=chosen(self.attributes, who), **rows)


_NOT_BY_CUSTOMER = ("attributes", "born")


def chosen(a: Attributes, who: Any) -> Attributes:
    """Return the attributes of some of the customers (indices or a mask)."""
    return Attributes(**{f.name: getattr(a, f.name)[who] for f in fields(a)})


def sampled(number: Ints, customers: int) -> Ints:
    """Return the indices of the numbers that are in the sample of a data set with so many customers.

    All of them up to `MAX_SAMPLE`; of more, those whose hash is low: the same ones in any order and chunk.
    """
    if customers <= MAX_SAMPLE:
        return np.arange(len(number))
    limit = np.uint64(2**64 * (_EXPECTED_SAMPLE / customers))
    return np.flatnonzero(_hashed(number) < limit)


def _hashed(number: Ints) -> npt.NDArray[np.uint64]:
    """Mix the bits of a number (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    z = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class Observer:
    """Notes what is observable of the sampled customers of one chunk while it is simulated."""

    def __init__(
        self, number: Ints, customers: int, attributes: Attributes, born: Parameters, weeks: int
    ) -> None:
        self._who = sampled(number, customers)
        self._place = np.full(len(number), -1)
        self._place[self._who] = np.arange(len(self._who))
        self._number, self._born = number, born
        # An age that is not recorded is known to the simulation and to nobody else.
        self._attributes = replace(attributes, age=np.where(attributes.age_known, attributes.age, NO_AGE))
        self._days, self._acts, self._purchases, self._tickets = (
            np.zeros((len(self._who), weeks), dtype=np.int32) for _ in range(4)
        )
        self._spend = np.zeros((len(self._who), weeks))

    def note(self, week: int, rows: WeekRows) -> None:
        """Take what the rows of the week of that index say of the sampled customers."""
        kept = np.flatnonzero(self._place[rows.customer] >= 0)
        place = self._place[rows.customer[kept]]
        acts = rows.sessions - rows.active_days + rows.posts + rows.likes + rows.messages
        for store, values in (
            (self._days, rows.active_days),
            (self._acts, acts),
            (self._purchases, rows.purchases),
            (self._spend, rows.spend),
            (self._tickets, rows.support_tickets),
        ):
            store[place, week] = values[kept]

    def observed(self) -> Observed:
        """Return everything noted so far."""
        who = self._who
        return Observed(
            number=self._number[who],
            attributes=chosen(self._attributes, who),
            born=self._born,
            active_days=self._days,
            acts=self._acts,
            purchases=self._purchases,
            spend=self._spend,
            support_tickets=self._tickets,
        )


def week_index(week: date, start: date) -> int:
    """Return how many weeks lie between the first week of the data and a Monday."""
    return (week - start).days // 7


def cutoffs(start: date, end: date, weeks_back: Sequence[int]) -> list[date]:
    """Return the Mondays so many weeks before the end that have at least one week of data before them."""
    return sorted(day for back in weeks_back if (day := end - timedelta(weeks=back)) > start)
