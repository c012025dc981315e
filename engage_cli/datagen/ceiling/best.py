"""The best predictions at a cut-off: look ahead from every state and trait, averaged over what is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from engage_cli.datagen.ceiling.evidence import acts_log_likelihood, basket_mean_of, purchase_rate_mean
from engage_cli.datagen.ceiling.filter import Filter, WeekTables, World
from engage_cli.datagen.ceiling.prior import Resolution, grid, with_ages
from engage_cli.datagen.ceiling.sample import Observed, chosen, week_index
from engage_cli.datagen.model import Floats, Ints, day_number, purchase_level, usual_traits
from engage_cli.datagen.truth import CHURN_WEEKS, ParametersIn, Present, look_ahead

_BLOCK = 192
"""Entries that are filtered together: few enough for the weights to stay in the processor's cache."""


@dataclass(frozen=True)
class Best:
    """Predictions at one cut-off, one entry a customer who had signed up before it."""

    number: Ints
    churn: Floats
    """P(no active day in the 4 weeks from the cut-off)."""
    engagement: Floats
    """Expected share of the 28 days from the cut-off with activity."""
    value: Floats
    """Expected spend in the 12 weeks from the cut-off, USD."""


class Predictor:
    """Makes the best predictions about customers of one world; may be used by several threads."""

    def __init__(
        self,
        start: date,
        parameters_in: ParametersIn,
        resolution: Resolution = Resolution(),  # noqa: B008 - frozen
    ) -> None:
        """`start` is the first week of all data, and so of every `Observed`.

        The grid is that of its parameters: a shift changes levels and who signs up, not how traits scatter.
        """
        self._ages = resolution.ages
        self._world = World(start, grid(parameters_in(start), resolution), parameters_in)
        self._tables = WeekTables(self._world)

    def predict(self, observed: Observed, cutoffs: Sequence[date]) -> dict[date, Best]:
        """Return the predictions at each cut-off. Only the weeks before a cut-off are read for it."""
        owner, attributes = with_ages(observed.attributes, observed.born, self._ages)
        # By entry: P(churn), E[active days], E[buying days], log evidence.
        found = {cutoff: np.full((4, len(owner)), np.nan) for cutoff in cutoffs}
        for week, who in _blocks(attributes.signup_day, self._world, max(cutoffs)):
            seen = observed.take(owner[who])
            part = Filter(self._world, self._tables, chosen(attributes, who), observed.born, week)
            for cutoff in sorted(cutoffs):
                if cutoff > week:
                    _watch(part, seen, cutoff)
                    found[cutoff][:, who] = _ahead(part, seen)
        return {day: _by_customer(observed, day, owner, found[day], self._world) for day in cutoffs}


def _blocks(signup_day: Ints, world: World, until: date) -> Iterator[tuple[date, Ints]]:
    """Yield (first week, entries): entries of one first week, at most `_BLOCK` at a time."""
    first = np.maximum((signup_day - day_number(world.start)) // 7, -1)
    for weeks in range(-1, week_index(until, world.start)):
        who = np.flatnonzero(first == weeks)
        for begin in range(0, len(who), _BLOCK):
            yield world.start + timedelta(weeks=max(weeks, 0)), who[begin : begin + _BLOCK]


def _watch(part: Filter, seen: Observed, until: date) -> None:
    while part.week < until:
        week = week_index(part.week, part.world.start)
        part.see(seen.active_days[:, week], seen.support_tickets[:, week])


def _ahead(part: Filter, seen: Observed) -> Floats:
    """Return P(churn), E[active days], E[buying days] and log evidence of the entries, (4, n)."""
    weeks = week_index(part.week, part.world.start)
    log = acts_log_likelihood(
        seen.acts[:, :weeks].sum(axis=1),
        seen.active_days[:, :weeks].sum(axis=1),
        part.world.grid.rates,
        seen.born,
    )
    weight = part.world.grid.spread(np.exp(log)).astype(np.float32)
    share = {state: weights * weight for state, weights in part.share.items()}
    total = sum(v.sum(axis=1, dtype=np.float64) for v in (*share.values(), part.gone * weight))
    ahead = look_ahead(
        Present(
            week=part.week,
            start=part.world.start,
            share=share,
            rate=part.rate,
            hazard=part.hazard,
            ticket_rate=part.ticket_rate,
            ticket_memory=part.ticket_memory,
            signup_day=part.signup_day,
        ),
        part.world.parameters_in,
    )
    heard, days, buying = (
        v.sum(axis=1, dtype=np.float64) / total
        for v in (ahead.heard_of, ahead.active_days, ahead.buying_days)
    )
    return np.stack([1 - heard, days, buying, part.log_evidence + np.log(total)])


def _by_customer(observed: Observed, cutoff: date, owner: Ints, found: Floats, world: World) -> Best:
    """Average the entries of each customer by their evidence, and price the days."""
    there = observed.attributes.signup_day < day_number(cutoff)
    n = len(there)
    known = there[owner]
    best = np.full(n, -np.inf)
    np.maximum.at(best, owner[known], found[3, known])
    weight = np.where(known, np.exp(found[3] - best[owner]), 0)
    churn, days, buying = (
        np.bincount(owner[known], (weight * row)[known], n)[there] / np.bincount(owner, weight, n)[there]
        for row in found[:3]
    )
    return Best(
        number=observed.number[there],
        churn=np.clip(churn, 0, 1),
        engagement=days / (7 * CHURN_WEEKS),
        value=buying * _spend_a_buying_day(observed.take(there), cutoff, world),
    )


def _spend_a_buying_day(seen: Observed, cutoff: date, world: World) -> Floats:
    """Return E[purchases a day] * E[basket], which what is seen of them makes independent."""
    weeks, p = week_index(cutoff, world.start), seen.born
    usual = usual_traits(seen.attributes, p)
    mondays = [world.start + timedelta(weeks=week) for week in range(weeks)]
    level = np.array([purchase_level(monday, world.parameters_in(monday)) for monday in mondays])
    purchases = seen.purchases[:, :weeks]
    exposure = seen.active_days[:, :weeks] @ level
    rate = purchase_rate_mean(usual.purchase_rate, purchases.sum(axis=1), exposure, p)
    return rate * basket_mean_of(usual.basket_median, purchases, seen.spend[:, :weeks], p)
