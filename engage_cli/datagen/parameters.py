"""Every number of the generative process, with its unit and its effect.

`model.py` holds the process itself; `docs/data.md` tells it in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


def _frozen(values: dict[str, "Segment"]) -> Mapping[str, "Segment"]:
    return MappingProxyType(values)


@dataclass(frozen=True)
class Segment:
    """What one attribute value does to a customer. All but `weight` multiply a base of 1."""

    weight: float
    """Share of customers with this value (normalised over the attribute)."""
    rate: float = 1.0
    """Factor on the daily visit rate: above 1 means more active days."""
    hazard: float = 1.0
    """Factor on the weekly drop-out hazard: above 1 means earlier drop-out."""
    purchase: float = 1.0
    """Factor on purchases per active day."""
    basket: float = 1.0
    """Factor on the median basket (USD)."""


COUNTRIES = _frozen(
    {
        "US": Segment(0.24, rate=1.05, hazard=0.85, purchase=1.15, basket=1.25),
        "GB": Segment(0.12, rate=1.05, hazard=0.90, purchase=1.10, basket=1.10),
        "DE": Segment(0.12, rate=0.95, hazard=0.60, purchase=1.05, basket=1.10),
        "FR": Segment(0.09, rate=0.95, hazard=1.00, purchase=0.95, basket=1.00),
        "BR": Segment(0.09, rate=1.10, hazard=1.90, purchase=0.80, basket=0.60),
        "IN": Segment(0.09, rate=1.00, hazard=2.30, purchase=0.65, basket=0.45),
        "ES": Segment(0.06, rate=1.00, hazard=1.10, purchase=0.90, basket=0.85),
        "IT": Segment(0.05, rate=1.00, hazard=1.20, purchase=0.90, basket=0.90),
        "MX": Segment(0.05, rate=1.05, hazard=1.70, purchase=0.80, basket=0.60),
        "NL": Segment(0.03, rate=0.90, hazard=0.50, purchase=1.10, basket=1.10),
        "PL": Segment(0.03, rate=0.95, hazard=1.35, purchase=0.90, basket=0.70),
        "SE": Segment(0.03, rate=0.90, hazard=0.45, purchase=1.10, basket=1.20),
    }
)
PLANS = _frozen(
    {
        "free": Segment(0.52, rate=0.75, hazard=1.35, purchase=0.50, basket=0.80),
        "basic": Segment(0.33, rate=1.10, hazard=0.85, purchase=1.20, basket=1.00),
        "premium": Segment(0.15, rate=1.55, hazard=0.50, purchase=2.20, basket=1.50),
    }
)
CHANNELS = _frozen(
    {
        "organic": Segment(0.34, rate=1.10, hazard=0.85),
        "paid_search": Segment(0.24, rate=0.95, hazard=1.10, purchase=1.10),
        "social": Segment(0.20, rate=1.05, hazard=1.45, purchase=0.85),
        "referral": Segment(0.15, rate=1.15, hazard=0.65, purchase=1.10),
        "partner": Segment(0.07, rate=0.75, hazard=1.30, basket=1.10),
    }
)
DEVICES = _frozen(
    {
        "android": Segment(0.42, rate=1.05, hazard=1.10, basket=0.90),
        "ios": Segment(0.36, rate=1.15, hazard=0.90, purchase=1.15, basket=1.15),
        "web": Segment(0.22, rate=0.65, hazard=1.15, basket=1.05),
    }
)
GENDERS = _frozen({"female": Segment(0.46), "male": Segment(0.45), "other": Segment(0.02), "": Segment(0.07)})


@dataclass(frozen=True)
class Parameters:
    """Parameters of the process of `model.py`. Weeks are calendar weeks that start on Monday."""

    countries: Mapping[str, Segment] = field(default_factory=lambda: COUNTRIES)
    """ISO-3166 alpha-2 codes; the hazard factor differs fivefold between the extremes."""
    plans: Mapping[str, Segment] = field(default_factory=lambda: PLANS)
    """Subscription plan: the strongest effect on spend."""
    channels: Mapping[str, Segment] = field(default_factory=lambda: CHANNELS)
    """How the customer was acquired."""
    devices: Mapping[str, Segment] = field(default_factory=lambda: DEVICES)
    """Main device."""
    genders: Mapping[str, Segment] = field(default_factory=lambda: GENDERS)
    """Recorded gender; the empty one is stored as null. No effect: a feature that must not help."""

    account_age_days: int = 700
    """Days before the end date over which customers signed up."""
    account_growth: float = 1.8
    """Account age = account_age_days * u**growth, u uniform: above 1 means more recent sign-ups."""
    age_mean: float = 37.0
    """Years; age is 18 plus a gamma variate of shape 2.2 with this overall mean, capped at 90."""
    age_missing: float = 0.06
    """Share of customers whose age is null."""
    opt_in_share: float = 0.55
    """Share with marketing opt-in."""
    opt_in_hazard: float = 0.85
    """Factor of opt-in on the drop-out hazard."""
    young_rate: float = 1.35
    """Factor on the visit rate at age 18, falling to 1 at 40 and to its inverse at 62 (log-linear)."""
    young_hazard: float = 1.30
    """Factor on the hazard at age 18, with the same log-linear course."""

    visit_rate: float = 0.24
    """Visits per day of an average customer; P(active on a day) = 1 - exp(-rate)."""
    visit_shape: float = 1.1
    """Gamma shape of the latent visit rate between customers: smaller means more unequal."""
    week_shape: float = 2.0
    """Gamma shape of the week-to-week shock on the visit rate: smaller means burstier."""

    hazard: float = 0.018
    """Base weekly probability to begin to leave, before all factors."""
    hazard_shape: float = 3.0
    """Gamma shape of the hazard between customers (frailty): smaller means more unequal."""
    hazard_rate_power: float = 0.35
    """Hazard falls with the relative visit rate to this power: active customers stay."""
    hazard_cap: float = 0.45
    """Highest weekly probability to begin to leave."""
    newcomer_hazard: float = 1.5
    """Extra hazard of a new customer, as a multiple of the base: factor 1 + this * exp(-tenure / tau)."""
    newcomer_weeks: float = 6.0
    """tau above, in weeks."""
    fading_weeks: float = 2.5
    """Mean weeks between beginning to leave and being gone (geometric)."""
    fading_rate: float = 0.55
    """Factor on the visit rate while fading: what makes drop-out visible before it is complete."""
    pause_probability: float = 0.018
    """Weekly probability that an engaged customer pauses (holiday, illness) and later returns."""
    pause_weeks: float = 4.0
    """Mean length of a pause in weeks (geometric)."""

    ticket_rate: float = 0.030
    """Support tickets per week of a customer who is not paused."""
    ticket_shape: float = 0.6
    """Gamma shape of the ticket rate between customers."""
    ticket_memory: float = 0.7
    """Share of a ticket's effect that is left a week later."""
    ticket_hazard: float = 2.0
    """Hazard factor is 1 + this * remembered tickets."""

    season_amplitude: float = 0.12
    """Relative amplitude of the yearly wave of visits (peak in mid-January, trough in mid-July)."""
    holiday_purchases: float = 0.6
    """Relative extra purchases at the peak in early December (a bump of four weeks)."""
    weekly_trend: float = 0.0005
    """Relative growth of visits per week, anchored at the first simulated week."""

    sessions_per_day: float = 0.8
    """Sessions beyond the first on an active day (Poisson), times the intensity."""
    minutes_per_session: float = 9.0
    """Mean minutes of a session; sessions are exponential, so a week's minutes are gamma."""
    intensity_shape: float = 1.5
    """Gamma shape of the engagement intensity between customers (scales sessions and social acts)."""
    intensity_rate_power: float = 0.3
    """Intensity grows with the relative visit rate to this power."""
    posts_per_day: float = 0.15
    """Posts per active day at intensity 1."""
    likes_per_day: float = 1.2
    """Likes per active day at intensity 1."""
    messages_per_day: float = 0.6
    """Messages per active day at intensity 1."""

    purchases_per_day: float = 0.055
    """Purchases per active day of an average customer."""
    purchase_shape: float = 0.7
    """Gamma shape of the purchase rate between customers: small, so that many never buy."""
    basket_median: float = 24.0
    """Median basket in USD before the factors of plan, country, channel and device."""
    basket_sigma: float = 0.55
    """Log-standard deviation of a basket within a customer."""
    basket_customer_sigma: float = 0.35
    """Log-standard deviation of the basket level between customers."""

    visit_factor: float = 1.0
    """Factor on every visit rate; 1 until the world changes (see `shifts.py`)."""
    hazard_factor: float = 1.0
    """Factor on every probability to begin to leave; 1 until the world changes."""
    purchase_factor: float = 1.0
    """Factor on every purchase rate; 1 until the world changes."""
    signup_factor: float = 1.0
    """Factor on the number of customers who sign up in added weeks; 1 until the world changes."""
