"""How the world may change in added weeks: named changes of the parameters, which then stay.

A shift acts on every customer from its first week on (the factors at the end of `Parameters`) and on who
signs up from then on (the weights of the segments). It leaves alone how traits scatter between
customers (the gamma shapes, the rate of tickets), which the grid of the ceiling is made for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from engage_cli.datagen.parameters import Parameters, Segment


def with_weights(segments: Mapping[str, Segment], weights: Mapping[str, float]) -> Mapping[str, Segment]:
    """Return the segments with other shares of the customers; those not named keep theirs."""
    return MappingProxyType(
        {
            name: replace(segment, weight=weights.get(name, segment.weight))
            for name, segment in segments.items()
        }
    )


def price_rise(p: Parameters) -> Parameters:
    """Everything costs more: fewer visits and purchases, and far more begin to leave.

    Moves inputs (activity; more sign-ups on the free plan) and what follows from them: more churn at
    equal inputs.
    """
    return replace(
        p,
        visit_factor=0.45 * p.visit_factor,
        hazard_factor=2.5 * p.hazard_factor,
        purchase_factor=0.7 * p.purchase_factor,
        plans=with_weights(p.plans, {"free": 0.80, "basic": 0.16, "premium": 0.04}),
    )


def new_audience(p: Parameters) -> Parameters:
    """A campaign: five times as many sign-ups, young and from elsewhere, mostly through social networks.

    Moves inputs only: a customer with the same attributes and traits behaves as before.
    """
    return replace(
        p,
        signup_factor=5.0 * p.signup_factor,
        age_mean=27.0,
        channels=with_weights(p.channels, {"social": 2.5}),
        countries=with_weights(p.countries, {"BR": 0.40, "IN": 0.50, "MX": 0.25}),
    )


SHIFTS: Mapping[str, Callable[[Parameters], Parameters]] = MappingProxyType(
    {"price-rise": price_rise, "new-audience": new_audience}
)


def shifted(p: Parameters, names: Iterable[str]) -> Parameters:
    """Return the parameters after the named shifts, in that order; one that repeats changes nothing more."""
    for name in dict.fromkeys(names):
        p = SHIFTS[name](p)
    return p
