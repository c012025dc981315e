"""The generative process: who the customers are, what they do each week, and what is true of them.

A customer has observed attributes and hidden traits: visit rate, drop-out hazard, intensity, purchase
and ticket rates. Each trait is a product of attribute factors and a gamma variate. Week by week a customer
is in one of four states::

    engaged --hazard--> fading --1/fading_weeks--> gone
       ^ |
       | +--pause_probability--> paused --1/pause_weeks--> engaged

Activity is drawn from the state at the start of the week, then the state moves on. Active days are
Binomial(7, 1 - exp(-rate * season * trend * state factor * shock)), shock ~ Gamma(k)/k, so that
P(no active day) = (1 + 7 rate / k)^-k, which `truth.py` uses. All arrays have one entry a customer,
or one a row where a method returns rows.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from engage_cli.datagen.parameters import Parameters, Segment

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
"""Double precision in a simulation, single in the many weights of a ceiling."""
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Codes: TypeAlias = npt.NDArray[np.int8]

ENGAGED, FADING, PAUSED, GONE, NOT_YET = 0, 1, 2, 3, 4
STATE_NAMES = ("engaged", "fading", "paused", "gone", "not_yet")
NEVER = np.iinfo(np.int32).max
AGE_SHAPE = 2.2
"""Gamma shape of the years above 18."""
LOWEST_RELATIVE_RATE = 0.02
"""Floor of the visit rate relative to the base: keeps powers and logs of it finite."""


@dataclass(frozen=True)
class Attributes:
    """Observed attributes; categories as codes into the parameter's mapping, in its order."""

    country: Codes
    plan: Codes
    channel: Codes
    device: Codes
    gender: Codes
    age: Ints
    age_known: npt.NDArray[np.bool_]
    opt_in: npt.NDArray[np.bool_]
    signup_day: Ints
    """Days since 1970-01-01."""


@dataclass(frozen=True)
class Traits:
    """Hidden traits, constant over a customer's life."""

    rate: Floats
    """Visits per day while engaged, before season, trend and shock."""
    hazard: Floats
    """Weekly probability to begin to leave, before tenure and ticket factors."""
    intensity: Floats
    """Scales sessions and social acts per active day; population mean near 1."""
    purchase_rate: Floats
    """Purchases per active day."""
    basket_median: Floats
    """USD."""
    ticket_rate: Floats
    """Tickets per week."""


@dataclass(frozen=True)
class WeekRows:
    """The rows of one week: customers with an active day or a ticket. `customer` indexes the chunk."""

    customer: Ints
    active_days: Ints
    sessions: Ints
    minutes: Floats
    posts: Ints
    likes: Ints
    messages: Ints
    purchases: Ints
    spend: Floats
    support_tickets: Ints


def draw_attributes(rng: np.random.Generator, n: int, end: date, p: Parameters) -> Attributes:
    """Draw the observed attributes of `n` customers who signed up before `end`."""

    def pick(segments: dict[str, Segment]) -> Codes:
        weights = np.array([segment.weight for segment in segments.values()])
        edges = np.cumsum(weights / weights.sum())
        codes = np.searchsorted(edges, rng.random(n), side="right")
        return np.minimum(codes, len(weights) - 1).astype(np.int8)

    country, plan, channel, device, gender = (
        pick(dict(group)) for group in (p.countries, p.plans, p.channels, p.devices, p.genders)
    )
    age = 18 + rng.standard_gamma(AGE_SHAPE, n) * (p.age_mean - 18) / AGE_SHAPE
    days_before_end = 1 + np.floor(p.account_age_days * rng.random(n) ** p.account_growth)
    return Attributes(
        country=country,
        plan=plan,
        channel=channel,
        device=device,
        gender=gender,
        age=np.minimum(np.floor(age), 90).astype(np.int64),
        age_known=rng.random(n) >= p.age_missing,
        opt_in=rng.random(n) < p.opt_in_share,
        signup_day=day_number(end) - days_before_end.astype(np.int64),
    )


def draw_traits(rng: np.random.Generator, a: Attributes, p: Parameters) -> Traits:
    """Draw the hidden traits given the attributes."""
    n, usual = len(a.country), usual_traits(a, p)
    relative = usual.rate / p.visit_rate * _unit_gamma(rng, p.visit_shape, n)
    relative = np.maximum(relative, LOWEST_RELATIVE_RATE)
    hazard = usual.hazard * _unit_gamma(rng, p.hazard_shape, n) * relative**-p.hazard_rate_power
    return Traits(
        rate=p.visit_rate * relative,
        hazard=hazard,
        intensity=_unit_gamma(rng, p.intensity_shape, n) * relative**p.intensity_rate_power,
        purchase_rate=usual.purchase_rate * _unit_gamma(rng, p.purchase_shape, n),
        basket_median=usual.basket_median * np.exp(p.basket_customer_sigma * rng.standard_normal(n)),
        ticket_rate=usual.ticket_rate * _unit_gamma(rng, p.ticket_shape, n),
    )


def usual_traits(a: Attributes, p: Parameters) -> Traits:
    """Return what the attributes alone say of the traits: each before its random factor.

    The random factors have mean 1 (the basket: median 1); `hazard` and `intensity` are those of a relative
    visit rate of 1.
    """
    n = len(a.country)
    groups = ((p.countries, a.country), (p.plans, a.plan), (p.channels, a.channel), (p.devices, a.device))

    def factor(name: str) -> Floats:
        total = np.ones(n)
        for segments, codes in groups:
            total *= np.array([getattr(segment, name) for segment in segments.values()])[codes]
        return total

    # +1 at 18, 0 at 40, -1 at 62 and above.
    youth = np.maximum((40.0 - a.age) / 22.0, -1.0)
    return Traits(
        rate=p.visit_rate * factor("rate") * p.young_rate**youth,
        hazard=p.hazard * factor("hazard") * p.young_hazard**youth * np.where(a.opt_in, p.opt_in_hazard, 1.0),
        intensity=np.ones(n),
        purchase_rate=p.purchases_per_day * factor("purchase"),
        basket_median=p.basket_median * factor("basket"),
        ticket_rate=np.full(n, p.ticket_rate),
    )


class Simulation:
    """The customers of one chunk, moved forward a week at a time.

    `week` is the Monday of the next week to simulate. The whole state is in public arrays, so a later
    week can be continued from them.
    """

    def __init__(
        self, attributes: Attributes, traits: Traits, start: date, rng: np.random.Generator, p: Parameters
    ) -> None:
        self.attributes, self.traits, self.parameters = attributes, traits, p
        self.start, self.week = start, start
        self.rng = rng
        self.ticket_memory: Floats = np.zeros(len(traits.rate))
        self.gone_week: npt.NDArray[np.int32] = np.full(len(traits.rate), NEVER, dtype=np.int32)
        """Index of the first week gone; NEVER if not gone; -1 if gone before the first week."""
        self.state = self._initial_state()

    def _initial_state(self) -> Codes:
        p, n, traits = self.parameters, len(self.traits.rate), self.traits
        tenure = (day_number(self.start) - self.attributes.signup_day) / 7.0
        engaged, not_gone = still_there(traits.hazard, traits.ticket_rate, np.maximum(tenure, 0.0), p)
        u = self.rng.random(n)
        state = np.where(u < engaged, ENGAGED, np.where(u < not_gone, FADING, GONE))
        paused = (self.rng.random(n) < paused_share(p)) & (state == ENGAGED) & (tenure > 1)
        state = np.where(paused, PAUSED, state)
        # The week of sign-up counts as a week of life.
        state = np.where(tenure <= 0, NOT_YET, state)
        self.gone_week[state == GONE] = -1
        return state.astype(np.int8)

    def step(self) -> WeekRows:
        """Simulate the week `self.week`, move every state on, and return the week's rows."""
        monday = day_number(self.week)
        joined = (self.state == NOT_YET) & (self.attributes.signup_day < monday + 7)
        self.state[joined] = ENGAGED
        alive = np.flatnonzero(self.state < GONE)
        days = self._active_days(alive, monday)
        present = self.state[alive] != PAUSED
        tickets = self.rng.poisson(self.traits.ticket_rate[alive] * present)
        kept = (days > 0) | (tickets > 0)
        rows = self._rows(alive[kept], days[kept], tickets[kept])
        self.ticket_memory *= self.parameters.ticket_memory
        self.ticket_memory[alive] += tickets
        self._move_on(alive, monday)
        self.week += timedelta(days=7)
        return rows

    def _active_days(self, alive: Ints, monday: int) -> Ints:
        p = self.parameters
        level = visit_level(self.week, self.start, p) * state_factor(p)[self.state[alive]]
        shock = _unit_gamma(self.rng, p.week_shape, len(alive))
        daily = -np.expm1(-self.traits.rate[alive] * level * shock)
        # In the week of sign-up only the days from sign-up on can be active.
        possible = np.minimum(7, monday + 7 - self.attributes.signup_day[alive])
        return self.rng.binomial(possible, daily)

    def _rows(self, who: Ints, days: Ints, tickets: Ints) -> WeekRows:
        p, t, rng = self.parameters, self.traits, self.rng
        social = days * t.intensity[who]
        sessions = days + rng.poisson(p.sessions_per_day * social)
        purchases = rng.poisson(days * t.purchase_rate[who] * purchase_level(self.week, p))
        return WeekRows(
            customer=who,
            active_days=days,
            sessions=sessions,
            minutes=np.round(rng.standard_gamma(sessions) * p.minutes_per_session, 1),
            posts=rng.poisson(p.posts_per_day * social),
            likes=rng.poisson(p.likes_per_day * social),
            messages=rng.poisson(p.messages_per_day * social),
            purchases=purchases,
            spend=self._spend(who, purchases),
            support_tickets=tickets,
        )

    def _spend(self, who: Ints, purchases: Ints) -> Floats:
        """Sum of one log-normal basket a purchase, in whole cents."""
        owner = np.repeat(np.arange(len(who)), purchases)
        z = self.rng.standard_normal(len(owner))
        baskets = self.traits.basket_median[who][owner] * np.exp(self.parameters.basket_sigma * z)
        cents = np.maximum(np.round(baskets * 100), 1)
        return np.bincount(owner, weights=cents, minlength=len(who)) / 100

    def _move_on(self, alive: Ints, monday: int) -> None:
        p = self.parameters
        state = self.state[alive]
        u = self.rng.random(len(alive))
        tenure = np.maximum((monday - self.attributes.signup_day[alive]) / 7.0, 0.0)
        leave = leave_probability(self.traits.hazard[alive], tenure, self.ticket_memory[alive], p)
        moved = state.copy()
        engaged = state == ENGAGED
        moved[engaged & (u < leave)] = FADING
        moved[engaged & (u >= leave) & (u < leave + p.pause_probability)] = PAUSED
        moved[(state == FADING) & (u < 1 / p.fading_weeks)] = GONE
        moved[(state == PAUSED) & (u < 1 / p.pause_weeks)] = ENGAGED
        self.state[alive] = moved
        next_index = (self.week - self.start).days // 7 + 1
        self.gone_week[alive[moved == GONE]] = next_index


def still_there(
    hazard: Floats, ticket_rate: Floats, tenure_weeks: Floats, p: Parameters
) -> tuple[Floats, Floats]:
    """Return P(has not begun to leave) and P(not gone) after so many weeks, for the start of the data."""
    # Expected remembered tickets of a customer in the steady state.
    tickets = 1 + p.ticket_hazard * ticket_rate / (1 - p.ticket_memory)

    def engaged(weeks: Floats) -> Floats:
        newcomer = p.newcomer_hazard * p.newcomer_weeks * -np.expm1(-weeks / p.newcomer_weeks)
        return np.asarray(np.exp(-hazard * tickets * (weeks + newcomer)))

    return engaged(tenure_weeks), engaged(np.maximum(tenure_weeks - p.fading_weeks, 0.0))


def paused_share(p: Parameters) -> float:
    """Return the share of engaged customers who pause, in the steady state."""
    return p.pause_probability * p.pause_weeks / (1 + p.pause_probability * p.pause_weeks)


def leave_probability(hazard: Floats, tenure_weeks: Floats, tickets: Floats, p: Parameters) -> Floats:
    """Return P(engaged -> fading) in one week, from remembered tickets and tenure."""
    newcomer = 1 + p.newcomer_hazard * np.exp(-tenure_weeks / p.newcomer_weeks)
    factor = p.hazard_factor * newcomer * (1 + p.ticket_hazard * tickets)
    return np.asarray(np.minimum(hazard * factor, p.hazard_cap))


def state_factor(p: Parameters) -> Floats:
    """Return the factor on the visit rate by state code."""
    return np.array([1.0, p.fading_rate, 0.0, 0.0, 0.0])


def visit_level(week: date, start: date, p: Parameters) -> float:
    """Return season times trend of the visit rate in a week, and what a changed world makes of it."""
    wave = math.cos(2 * math.pi * (week.timetuple().tm_yday - 15) / 365.25)
    trend = 1 + p.weekly_trend * ((week - start).days / 7)
    return p.visit_factor * (1 + p.season_amplitude * wave) * trend


def purchase_level(week: date, p: Parameters) -> float:
    """Return the holiday factor on purchases: a Gaussian bump around 4 December."""
    days = (week.timetuple().tm_yday - 338 + 183) % 366 - 183
    return p.purchase_factor * (1 + p.holiday_purchases * math.exp(-0.5 * (days / 14) ** 2))


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def _unit_gamma(rng: np.random.Generator, shape: float, n: int) -> Floats:
    """Gamma variates of mean 1 and variance 1/shape."""
    return np.asarray(rng.standard_gamma(shape, n) / shape)
