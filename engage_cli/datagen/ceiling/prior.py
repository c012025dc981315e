"""The hidden traits as a grid of points, and how likely each point is for a customer's attributes.

A point is a visit rate (relative to the base, the same points for everybody), a frailty (the random factor of
the hazard) and a ticket rate. The other traits need no grid: what they say of the three, or the three of
them, has a closed form (`evidence`).
"""

from dataclasses import dataclass, replace

import numpy as np

from engage_cli.datagen.ceiling.sample import NO_AGE, chosen
from engage_cli.datagen.model import (
    AGE_SHAPE,
    ENGAGED,
    FADING,
    LOWEST_RELATIVE_RATE,
    PAUSED,
    Attributes,
    Floats,
    Ints,
    paused_share,
    still_there,
)
from engage_cli.datagen.parameters import Parameters

HIGHEST_RELATIVE_RATE = 14.0
"""The last point: here a customer is active on nearly every day, so more makes no difference."""


@dataclass(frozen=True)
class Resolution:
    """How fine the grid is: points of each dimension."""

    rates: int = 28
    frailties: int = 4
    ticket_rates: int = 3
    ages: int = 4
    """Values that stand for an age which is not recorded."""


@dataclass(frozen=True)
class Grid:
    """K points, the rate varying slowest; `weight` is the prior of frailty and ticket rate at a point."""

    rates: Floats
    """The R distinct relative rates, ascending."""
    relative_rate: Floats
    frailty: Floats
    ticket_rate: Floats
    weight: Floats

    @property
    def repeats(self) -> int:
        """Points that share a rate."""
        return len(self.relative_rate) // len(self.rates)

    def spread(self, by_rate: Floats) -> Floats:
        """Return values of (..., R) as (..., K)."""
        return np.repeat(by_rate, self.repeats, axis=-1)


def grid(p: Parameters, resolution: Resolution) -> Grid:
    """Return the grid: rates in equal steps of the logarithm, the others at the nodes of Gauss quadrature."""
    rates = np.geomspace(LOWEST_RELATIVE_RATE, HIGHEST_RELATIVE_RATE, resolution.rates)
    frailty, frailty_weight = gamma_nodes(p.hazard_shape, resolution.frailties)
    ticket, ticket_weight = gamma_nodes(p.ticket_shape, resolution.ticket_rates)
    points = np.meshgrid(rates, frailty, p.ticket_rate * ticket, indexing="ij")
    weight = np.multiply.outer(frailty_weight, ticket_weight).ravel()
    relative, frailties, tickets = (axis.ravel() for axis in points)
    return Grid(rates, relative, frailties, tickets, np.tile(weight, len(rates)))


def gamma_nodes(shape: float, n: int) -> tuple[Floats, Floats]:
    """Return nodes and weights that integrate over a gamma variate of that shape and mean 1."""
    from scipy.special import gamma, roots_genlaguerre

    nodes, weights = roots_genlaguerre(n, shape - 1)
    return nodes / shape, weights / gamma(shape)


def rate_weights(usual: Floats, rates: Floats, p: Parameters) -> Floats:
    """Return P(relative rate is nearest to a point), (n, R), for relative rates that are usual * gamma.

    The first point takes all that lies below it, as the floor of the process does.
    """
    from scipy.special import gammainc

    edges = np.sqrt(rates[1:] * rates[:-1])
    below = gammainc(p.visit_shape, p.visit_shape * edges / usual[:, None])
    zero, one = np.zeros((len(usual), 1)), np.ones((len(usual), 1))
    return np.diff(np.concatenate([zero, below, one], axis=1), axis=1)


def initial_shares(
    hazard: Floats, ticket_rate: Floats, tenure_weeks: Floats, p: Parameters
) -> dict[int, Floats]:
    """Return P(state) at the start of the data of customers who signed up before (tenure above 0)."""
    engaged, not_gone = still_there(hazard, ticket_rate, tenure_weeks, p)
    paused = engaged * (paused_share(p) * (tenure_weeks > 1))
    return {ENGAGED: engaged - paused, FADING: not_gone - engaged, PAUSED: paused}


def with_ages(a: Attributes, p: Parameters, ages: int) -> tuple[Ints, Attributes]:
    """Return (owner, attributes): a customer whose age is not known becomes `ages` equally likely ones.

    `owner` says which customer an entry stands for.
    """
    from scipy.special import gammaincinv

    unknown = a.age == NO_AGE
    owner = np.repeat(np.arange(len(unknown)), np.where(unknown, ages, 1))
    middle = (np.arange(ages) + 0.5) / ages
    likely = 18 + gammaincinv(AGE_SHAPE, middle) * (p.age_mean - 18) / AGE_SHAPE
    age = a.age[owner]
    age[unknown[owner]] = np.tile(np.floor(likely).astype(age.dtype), int(unknown.sum()))
    return owner, replace(chosen(a, owner), age=age)
