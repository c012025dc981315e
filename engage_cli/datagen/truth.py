"""What is true of a customer at the end of the data: the best that any model could predict.

Exact recursions over the states of `model.py`, with one approximation: future support tickets act on
the hazard by their expectation.
"""

from dataclasses import dataclass
from datetime import timedelta

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

CHURN_WEEKS = 4
VALUE_WEEKS = 12


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
    """Return the expectations for the weeks after the last simulated one."""
    p, traits = simulation.parameters, simulation.traits
    n = len(traits.rate)
    # Probability of each living state; `silent` is the same jointly with "no active day so far".
    share = {s: (simulation.state == s).astype(float) for s in (ENGAGED, FADING, PAUSED)}
    share[ENGAGED] += simulation.state == NOT_YET
    silent = {s: v.copy() for s, v in share.items()}
    silent_gone = 1 - sum(share.values(), np.zeros(n))
    memory = simulation.ticket_memory.copy()
    factors = state_factor(p)
    basket = traits.basket_median * np.exp(p.basket_sigma**2 / 2)
    churn, days, spend = np.zeros(n), np.zeros(n), np.zeros(n)
    for ahead in range(VALUE_WEEKS):
        week = simulation.week + timedelta(weeks=ahead)
        level = visit_level(week, simulation.start, p)
        active = np.zeros(n)
        for s in (ENGAGED, FADING, PAUSED):
            rate = traits.rate * factors[s] * level / p.week_shape
            active += share[s] * 7 * -np.expm1(-p.week_shape * np.log1p(rate))
            silent[s] *= (1 + 7 * rate) ** -p.week_shape
        spend += active * traits.purchase_rate * purchase_level(week, p) * basket
        if ahead < CHURN_WEEKS:
            days += active
        if ahead == CHURN_WEEKS - 1:
            churn = silent_gone + sum(silent.values(), np.zeros(n))
        memory = memory * p.ticket_memory + traits.ticket_rate
        tenure = np.maximum((day_number(week) - simulation.attributes.signup_day) / 7.0, 0.0)
        leave = leave_probability(traits.hazard, tenure, memory, p)
        silent_gone = silent_gone + silent[FADING] / p.fading_weeks
        share, silent = (
            _advance(d, leave, p.pause_probability, p.pause_weeks, p.fading_weeks) for d in (share, silent)
        )
    return Outlook(np.clip(churn, 0, 1), days / (7 * CHURN_WEEKS), spend)


def _advance(
    d: dict[int, Floats], leave: Floats, pause: float, pause_weeks: float, fading_weeks: float
) -> dict[int, Floats]:
    back = d[PAUSED] / pause_weeks
    return {
        ENGAGED: d[ENGAGED] * (1 - leave - pause) + back,
        FADING: d[FADING] * (1 - 1 / fading_weeks) + d[ENGAGED] * leave,
        PAUSED: d[PAUSED] - back + d[ENGAGED] * pause,
    }
