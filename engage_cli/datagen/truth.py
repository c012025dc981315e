"""What lies ahead of a customer whose traits and state are known, or known up to a probability.

Exact recursions over the states of `model.py`, with one approximation: future support tickets act on
the hazard by their expectation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np

from engage_cli.datagen.model import (
    ENGAGED,
    FADING,
    NOT_YET,
    PAUSED,
    Floats,
    Simulation,
    day_number,
    leave_probability,
    purchase_level,
    state_factor,
    visit_level,
)
from engage_cli.datagen.parameters import Parameters

CHURN_WEEKS = 4
VALUE_WEEKS = 12

ParametersIn: TypeAlias = Callable[[date], Parameters]
"""The parameters that hold in the week of that Monday."""


@dataclass(frozen=True)
class Present:
    """Customers at the beginning of `week`. All arrays broadcast to one shape: one entry a customer, or one
    a customer and possible value of the traits.
    """

    week: date
    start: date
    """The first week of the data, where the trend is anchored."""
    share: Mapping[int, Floats]
    """Probability (or weight) of each living state: ENGAGED, FADING, PAUSED."""
    rate: Floats
    hazard: Floats
    ticket_rate: Floats
    ticket_memory: Floats
    signup_day: Floats
    """Days since 1970-01-01."""


@dataclass(frozen=True)
class Ahead:
    """Expectations over the weeks from `Present.week` on, each weighted by the shares it began with."""

    heard_of: Floats
    """P(an active day in the next 4 weeks)."""
    active_days: Floats
    """Expected active days in the next 4 weeks."""
    buying_days: Floats
    """Expected active days in the next 12 weeks, each times its week's level of purchases."""


@dataclass(frozen=True)
class Outlook:
    """Expectations from the end of the data on, one entry a customer."""

    churn_probability: Floats
    """P(no active day in the next 4 weeks)."""
    engagement: Floats
    """Expected active days in the next 28 days, as a share of 28."""
    spend: Floats
    """Expected spend of the next 12 weeks, USD."""


def outlook(simulation: Simulation) -> Outlook:
    """Return the expectations for the weeks after the last simulated one, knowing traits and state."""
    p, traits = simulation.parameters, simulation.traits
    share = {s: (simulation.state == s).astype(float) for s in (ENGAGED, FADING, PAUSED)}
    share[ENGAGED] += simulation.state == NOT_YET
    present = Present(
        week=simulation.week,
        start=simulation.start,
        share=share,
        rate=traits.rate,
        hazard=traits.hazard,
        ticket_rate=traits.ticket_rate,
        ticket_memory=simulation.ticket_memory,
        signup_day=simulation.attributes.signup_day.astype(float),
    )
    ahead = look_ahead(present, lambda _: p)
    return Outlook(
        churn_probability=np.clip(1 - ahead.heard_of, 0, 1),
        engagement=ahead.active_days / (7 * CHURN_WEEKS),
        spend=ahead.buying_days * traits.purchase_rate * basket_mean(traits.basket_median, p),
    )


def look_ahead(now: Present, parameters_in: ParametersIn) -> Ahead:
    """Return what is to be expected of customers whose activity is not yet seen."""
    share = dict(now.share)
    # The same, jointly with "no active day so far".
    silent = dict(now.share)
    heard, days, buying = (np.zeros_like(share[ENGAGED]) for _ in range(3))
    memory = now.ticket_memory
    for ahead in range(VALUE_WEEKS):
        week = now.week + timedelta(weeks=ahead)
        p = parameters_in(week)
        quiet = quiet_probability(now.rate, visit_level(week, now.start, p), p)
        active = sum(
            (share[s] * daily for s, daily in active_days(now.rate, week, now.start, p).items()), 0.0
        )
        buying += active * purchase_level(week, p)
        memory = memory * p.ticket_memory + now.ticket_rate
        tenure = np.maximum((day_number(week) - now.signup_day) / 7.0, 0.0)
        leave = leave_probability(now.hazard, tenure, memory, p)
        if ahead < CHURN_WEEKS:
            days += active
            for s, unseen in quiet.items():
                heard += silent[s] * (1 - unseen)
                silent[s] = silent[s] * unseen
            silent = move_on(silent, leave, p)
        share = move_on(share, leave, p)
    return Ahead(heard, days, buying)


def quiet_probability(rate: Floats, level: float, p: Parameters) -> dict[int, Floats]:
    """Return P(no active day in a whole week) of a customer who is engaged or fading."""
    return {s: (1 + 7 * _shocked(rate, s, level, p)) ** -p.week_shape for s in (ENGAGED, FADING)}


def active_days(rate: Floats, week: date, start: date, p: Parameters) -> dict[int, Floats]:
    """Return the expected active days of a whole week of a customer who is engaged or fading."""
    level = visit_level(week, start, p)
    return {
        s: 7 * -np.expm1(-p.week_shape * np.log1p(_shocked(rate, s, level, p))) for s in (ENGAGED, FADING)
    }


def move_on(share: Mapping[int, Floats], leave: Floats, p: Parameters) -> dict[int, Floats]:
    """Return the shares of the living states a week later; what is missing from the sum is gone."""
    back = share[PAUSED] / p.pause_weeks
    return {
        ENGAGED: share[ENGAGED] * (1 - leave - p.pause_probability) + back,
        FADING: share[FADING] * (1 - 1 / p.fading_weeks) + share[ENGAGED] * leave,
        PAUSED: share[PAUSED] - back + share[ENGAGED] * p.pause_probability,
    }


def basket_mean(median: Floats, p: Parameters) -> Floats:
    """Return the mean basket of a customer (USD): baskets are log-normal about their median."""
    return np.asarray(median * np.exp(p.basket_sigma**2 / 2))


def _shocked(rate: Floats, state: int, level: float, p: Parameters) -> Floats:
    # A plain float keeps the precision of `rate`, which may be single.
    return np.asarray(rate * float(state_factor(p)[state] * level / p.week_shape))
