"""The forward algorithm: P(state, traits | activity up to a week), for customers with the same first week.

Weights are kept for each state and grid point as (n, K) of single precision. A week is: multiply by the
likelihood of what was seen, note the tickets, move the states on, as the process does.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engage_cli.datagen.ceiling.evidence import days_likelihood
from engage_cli.datagen.ceiling.prior import Grid, initial_shares, rate_weights
from engage_cli.datagen.model import (
    ENGAGED,
    FADING,
    PAUSED,
    Attributes,
    Floats,
    Ints,
    day_number,
    leave_probability,
    state_factor,
    usual_traits,
    visit_level,
)
from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.truth import ParametersIn, move_on

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """What is the same for all customers: the first week, the grid, and the parameters of every week."""

    start: date
    grid: Grid
    parameters_in: ParametersIn


class WeekTables:
    """Likelihood of a week's active days by week, made when first asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[date, dict[int, Singles]] = {}

    def at(self, week: date) -> dict[int, Singles]:
        """Return P(days, no ticket | possible days) of ENGAGED and FADING, (64, K): row 8 possible + days."""
        if week not in self._made:
            self._made[week] = {state: self._table(week, state) for state in (ENGAGED, FADING)}
        return self._made[week]

    def _table(self, week: date, state: int) -> Singles:
        grid, p = self._world.grid, self._world.parameters_in(week)
        level = visit_level(week, self._world.start, p) * state_factor(p)[state]
        days = days_likelihood(p.visit_rate * grid.rates * level, p).reshape(64, -1)
        return (grid.spread(days) * np.exp(-grid.ticket_rate)).astype(np.float32)


class Filter:
    """Customers from their first week on. `share` and `gone` are weights that add up to 1 a customer."""

    def __init__(
        self, world: World, tables: WeekTables, attributes: Attributes, born: Parameters, first_week: date
    ) -> None:
        """Begin in `first_week`: the first of the data, or that of the sign-up of all of them."""
        self.world, self._tables, self.week = world, tables, first_week
        grid, usual = world.grid, usual_traits(attributes, born)
        self.signup_day = attributes.signup_day.astype(np.float32)[:, None]
        pull = grid.frailty * grid.relative_rate**-born.hazard_rate_power
        self.hazard: Singles = np.multiply.outer(usual.hazard, pull).astype(np.float32)
        self.rate: Singles = (born.visit_rate * grid.relative_rate).astype(np.float32)
        self.ticket_rate: Singles = grid.ticket_rate.astype(np.float32)
        self.ticket_memory: Singles = np.zeros((len(self.signup_day), 1), dtype=np.float32)
        self.log_evidence: Floats = np.zeros(len(self.signup_day))
        """Log of the probability of all that was seen, up to a constant of the customer."""
        weight = grid.spread(rate_weights(usual.rate / born.visit_rate, grid.rates, born)) * grid.weight
        self.share, self.gone = self._begin(weight.astype(np.float32), born)

    def _begin(self, weight: Singles, p: Parameters) -> tuple[dict[int, Singles], Singles]:
        tenure = (day_number(self.world.start) - self.signup_day) / 7
        if (tenure <= 0).all():
            nobody = np.zeros_like(weight)
            return {ENGAGED: weight, FADING: nobody, PAUSED: nobody}, nobody.copy()
        states = initial_shares(self.hazard, self.ticket_rate, np.maximum(tenure, 0), p)
        share: dict[int, Singles] = {s: (weight * v).astype(np.float32) for s, v in states.items()}
        return share, weight - sum(share.values())

    def see(self, days: Ints, tickets: Ints) -> None:
        """Take what was seen in the week `self.week` into account, and move on to the next."""
        p, monday = self.world.parameters_in(self.week), day_number(self.week)
        possible = np.minimum(7, monday + 7 - self.signup_day[:, 0]).astype(np.int64)
        for state, table in self._tables.at(self.week).items():
            self.share[state] *= table[8 * possible + days]
        self._see_tickets(days, tickets, p)
        self._normalise()
        self.ticket_memory = self.ticket_memory * p.ticket_memory + tickets[:, None].astype(np.float32)
        tenure = np.maximum((monday - self.signup_day) / 7, 0)
        leave = leave_probability(self.hazard, tenure, self.ticket_memory, p)
        self.gone += self.share[FADING] * (1 / p.fading_weeks)
        self.share = move_on(self.share, leave, p)
        self.week += timedelta(weeks=1)

    def _see_tickets(self, days: Ints, tickets: Ints, p: Parameters) -> None:
        wrote = np.flatnonzero(tickets)
        likelihood = (self.ticket_rate / p.ticket_rate) ** tickets[wrote, None]
        for state in (ENGAGED, FADING):
            self.share[state][wrote] *= likelihood
        there = (days > 0) | (tickets > 0)
        self.share[PAUSED][there] = 0
        self.gone[there] = 0

    def _normalise(self) -> None:
        parts = [*self.share.values(), self.gone]
        total = sum((part.sum(axis=1, dtype=np.float64) for part in parts), np.zeros(len(self.gone)))
        self.log_evidence += np.log(total)
        scale = (1 / total).astype(np.float32)[:, None]
        for part in parts:
            part *= scale
