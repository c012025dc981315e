"""The data contract: what the raw tables hold and what is to be predicted from them. Standard library only.

A user writes it as a TOML file with the names of their own columns; the import turns their files into the raw
layout, whose names are those of this module, and puts the contract beside the data as `_contract.json`. Every
step of a run reads it from there. Without one, the data are the synthetic ones (`DEFAULT`).

Raw layout:
- `customers/`: `customer_id`, `signup_date`, the attributes, the protected attributes; personal columns may
  be there and are never read.
- `activity/week=<Monday>/`, weekly: `customer_id`, `active_days` (when days are known), the measures.
- `activity/week=<Monday>/`, events: `customer_id`, `event_time`, `event_type` (when types are named), the
  summed measures. `cleaning.py` rolls them up to weeks; `events` and a count for each type are measures, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import pairwise
from math import isfinite
from typing import Any

from .contract import STEP_WEEKS, ContractError, SplitPlan, Target, cutoffs

SCHEMA_VERSION = 1
KEY = "_contract.json"
"""Where the contract lies in the raw bucket."""
CATEGORY, NUMBER, BOOLEAN = "category", "number", "boolean"
COUNT, AMOUNT = "count", "amount"
WEEKLY, EVENTS = "weekly", "events"
LOOKBACKS = (12, 26, 52)
"""Weeks that features may look back."""
LONGEST_HORIZON = 24
WINDOWS = (1, 2, 4, 8, 12, 26, 52)
RESERVED = frozenset(
    [
        "customer_id",
        "signup_date",
        "week",
        "cutoff",
        "shard",
        "as_of",
        "run_id",
        "model_version",
        "active_days",
        "event_time",
        "event_type",
        "engagement",
        "churned",
        "value",
        "tenure_weeks",
        "observed_weeks",
        "days_since_active",
        "segment",
        "risk_band",
        "recently_active",
        "churn_probability",
        "expected_engagement",
        "expected_value",
    ]
)
"""Names with a meaning of their own in the tables."""
_INTERNAL = re.compile(
    r"d\d\d|(active_)?weeks_(\d+|all)|(active_)?days_(\d+w|all|ahead|until_churn)|(first|last)_ago(_all)?"
    r"|bought_(weeks|ago)(_all)?|most_value|value_ahead|(inner_)?pattern|tenure_days|ago|ahead|cutoff_date"
    r"|\w+_known|known_(id|weeks)|week_date|event_day|signup_text|copy_number|reason|season_(sin|cos)"
)
"""Names of columns inside the SQL of `cleaning` and `features`, which an attribute would hide."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Attribute:
    """What is known of a customer beside activity: `kind` is category, number or boolean."""

    name: str
    kind: str = CATEGORY
    meaning: str = ""
    unit: str = ""
    bands: tuple[float, ...] = ()
    """Rising edges that group a number in predictions and reports (edge 25: "under 25", "25 and over")."""
    minimum: float | None = None
    maximum: float | None = None

    @property
    def column(self) -> str:
        """Its column in the predictions table: a number with bands is shown as its group."""
        return f"{self.name}_band" if self.bands else self.name

    def band(self, value: float | None) -> str:
        """The group of a number; `unknown` for a missing one (None or NaN)."""
        if value is None or value != value:
            return "unknown"
        return band_name(self.bands, value)


def band_name(edges: tuple[float, ...], value: float) -> str:
    """The name of the band that a value lies in: `under 25`, `25-34` (whole edges), `65 and over`."""
    if value < edges[0]:
        return f"under {_plain(edges[0])}"
    for low, high in pairwise(edges):
        if value < high:
            whole = float(low).is_integer() and float(high).is_integer()
            return f"{_plain(low)}-{_plain(high - 1)}" if whole else f"{_plain(low)} to under {_plain(high)}"
    return f"{_plain(edges[-1])} and over"


def _plain(value: float) -> str:
    return f"{value:.12g}"


@dataclass(frozen=True)
class Measure:
    """A number of a week of activity, summed over it: a `count` (whole) or an `amount`."""

    name: str
    kind: str = COUNT
    meaning: str = ""
    unit: str = ""
    one: str = ""
    """The noun for one of it, as reasons say it: `session`."""
    group: str = ""
    """Measures of one group tell one story in reasons; its own name when empty."""
    per: str = ""
    """Another measure: makes the feature `<name>_per_<one of it>`."""
    negative: bool = False
    """Whether single values may be below zero, such as refunds."""

    @property
    def story(self) -> str:
        return self.group or self.name

    @property
    def noun(self) -> str:
        return self.one or self.name.replace("_", " ")


@dataclass(frozen=True)
class DataContract:
    """The whole contract. `parse` checks one; `to_dict` is its JSON form."""

    name: str
    kind: str
    attributes: tuple[Attribute, ...]
    measures: tuple[Measure, ...]
    protected: tuple[Attribute, ...] = ()
    """Never features; only the fairness report reads them."""
    personal: tuple[str, ...] = ()
    """Columns that stay in the raw zone."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Of events: measure name -> the text in `event_type` that it counts."""
    active: tuple[str, ...] = ()
    """What makes a day (or week) active: measures (weekly) or names of types (events). Empty: any."""
    days_known: bool = True
    """Whether single days are known. If not, a week is the smallest unit, and `active_days` is 0 or 1."""
    value: str = ""
    transactions: str = ""
    """The measure that counts purchases, if there is one."""
    currency: str = ""
    """ISO 4217 code of `value`; empty when value is no money."""
    horizons: Mapping[str, int] = field(default_factory=lambda: {"engagement": 4, "churn": 4, "value": 12})
    lookback_weeks: int = 12

    @property
    def days_per_week(self) -> int:
        return 7 if self.days_known else 1

    @property
    def windows(self) -> tuple[int, ...]:
        """The windows of features in weeks, up to the lookback."""
        return tuple(w for w in WINDOWS if w <= self.lookback_weeks)

    @property
    def week_windows(self) -> tuple[int, ...]:
        """The windows over which active weeks are counted."""
        return tuple(w for w in self.windows if w >= 4)

    @property
    def measure_windows(self) -> tuple[int, ...]:
        """The windows over which measures are summed."""
        return tuple(w for w in self.windows if w in (4, 12, 26, 52))

    @property
    def recent_weeks(self) -> int:
        """A customer active in this many last weeks is "recently active": the churn horizon, as far as
        there is a window of it.
        """
        return max(w for w in self.week_windows if w <= max(4, self.horizons["churn"]))

    @property
    def value_measure(self) -> Measure:
        return self.measure(self.value)

    @property
    def bought(self) -> Measure:
        """The measure whose weeks count as purchases: that of transactions, else that of value."""
        return self.measure(self.transactions or self.value)

    @property
    def value_unit(self) -> str:
        """What value is counted in: the currency, else the measure's unit."""
        return self.currency or self.value_measure.unit or self.value

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is predicted, with this contract's horizons."""
        near, far = self.horizons["engagement"], self.horizons["value"]
        unit = "days" if self.days_known else "weeks"
        many = near * self.days_per_week
        said = self.value_measure.meaning or self.value.replace("_", " ")
        return (
            Target(
                "engagement", "engagement", near,
                f"share of the next {many} {unit} with activity, 0 to 1",
            ),
            Target(
                "churn", "churned", self.horizons["churn"],
                f"1 when there is no activity in the next {self.horizons['churn']} weeks, else 0",
            ),
            Target("value", "value", far, f"{said} in the next {far} weeks, {self.value_unit}"),
        )  # fmt: skip

    @property
    def weeks_needed(self) -> int:
        """The fewest weeks of data for one training cut-off of every target, validation and test."""
        return max(3 * weeks for weeks in self.horizons.values()) + self.lookback_weeks

    @property
    def audited(self) -> tuple[Attribute, ...]:
        """What the fairness report compares groups of: protected attributes, and numbers with bands."""
        return (*self.protected, *(a for a in self.attributes if a.bands))

    def measure(self, name: str) -> Measure:
        return next(m for m in self.measures if m.name == name)

    def of_kind(self, kind: str) -> tuple[Attribute, ...]:
        return tuple(a for a in self.attributes if a.kind == kind)

    @property
    def raw_measures(self) -> tuple[Measure, ...]:
        """The measures that are columns of the raw activity: of events those that are not counts of them."""
        if self.kind == WEEKLY:
            return self.measures
        return tuple(m for m in self.measures if m.name != EVENTS and m.name not in self.types)

    def split(
        self, as_of: date | str, first_week: date | str, last_week: date | str | None = None
    ) -> SplitPlan:
        """The split by time with this contract's horizons and lookback; see `contract.cutoffs`."""
        return cutoffs(
            as_of, first_week, last_week, horizons=self.horizons, lookback_weeks=self.lookback_weeks
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, which `parse` reads."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


def parse(document: Any) -> DataContract:
    """The contract of a JSON document.

    Raises:
        ContractError: naming the place and what is wrong with it.
    """
    if not isinstance(document, Mapping):
        raise ContractError("The data contract is not an object.")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise ContractError(
            f"The data contract has schema version {document.get('schema_version')!r}, not {SCHEMA_VERSION}."
        )
    try:
        found = DataContract(
            **{
                **{k: v for k, v in document.items() if k != "schema_version"},
                "attributes": _attributes(document["attributes"]),
                "protected": _attributes(document.get("protected", ())),
                "measures": tuple(Measure(**m) for m in document["measures"]),
                "personal": tuple(document.get("personal", ())),
                "active": tuple(document.get("active", ())),
                "types": dict(document.get("types", {})),
                "horizons": {k: int(v) for k, v in document["horizons"].items()},
            }
        )
    except KeyError as error:
        raise ContractError(f"The data contract lacks {error}.") from error
    except TypeError as error:
        raise ContractError(f"The data contract is malformed: {error}.") from error
    check(found)
    return found


def _attributes(found: Iterable[Mapping[str, Any]]) -> tuple[Attribute, ...]:
    return tuple(Attribute(**{**a, "bands": tuple(a.get("bands", ()))}) for a in found)


def is_reserved(name: str) -> bool:
    """Whether a name has a meaning of its own in the tables, or inside the SQL that makes them."""
    return name in RESERVED or _INTERNAL.fullmatch(name) is not None


def check(contract: DataContract) -> None:
    """Checks what types cannot: names, references, horizons.

    Raises:
        ContractError: naming the first thing that is wrong.
    """
    _check_names(contract)
    _check_kinds(contract)
    for target in ("engagement", "churn", "value"):
        weeks = contract.horizons.get(target)
        if weeks is None or weeks % STEP_WEEKS or not STEP_WEEKS <= weeks <= LONGEST_HORIZON:
            raise ContractError(
                f"The horizon of {target} must be a multiple of {STEP_WEEKS} weeks, "
                f"{STEP_WEEKS} to {LONGEST_HORIZON}, not {weeks}."
            )
    if contract.lookback_weeks not in LOOKBACKS:
        raise ContractError(f"The lookback must be 12, 26 or 52 weeks, not {contract.lookback_weeks}.")
    if contract.currency and not _CURRENCY.fullmatch(contract.currency):
        raise ContractError(f"The currency {contract.currency!r} is no ISO 4217 code such as USD.")
    _check_columns(contract)


def _check_columns(contract: DataContract) -> None:
    """Names that follow from the contract's must not meet: `miles` and a measure called `miles_4w`."""
    from .dictionary import dictionary
    from .prediction_table import prediction_table

    for names in (dictionary(contract).names, tuple(name for name, _ in prediction_table(contract))):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ContractError(f"Two columns would be called {twice[0]!r}; choose another name for yours.")


def _check_names(contract: DataContract) -> None:
    names = [
        *(a.name for a in contract.attributes),
        *(a.name for a in contract.protected),
        *(m.name for m in contract.measures),
    ]
    for name in names:
        if not _NAME.fullmatch(name):
            raise ContractError(
                f"The name {name!r} must begin with a letter and have only a-z, 0-9 and _, at most 40."
            )
        if is_reserved(name):
            raise ContractError(f"The name {name!r} has a meaning of its own here; choose another.")
        if names.count(name) > 1:
            raise ContractError(f"The name {name!r} is used twice.")
    if not contract.measures:
        raise ContractError("The data contract names no measure.")
    measures = {m.name for m in contract.measures}
    for role, name in (("value", contract.value), ("transactions", contract.transactions)):
        if (name or role == "value") and name not in measures:
            raise ContractError(f"The {role} {name!r} is none of the measures {', '.join(sorted(measures))}.")
    for measure in contract.measures:
        if measure.per and measure.per not in measures:
            raise ContractError(f"The measure {measure.name!r} is per {measure.per!r}, which is no measure.")
    allowed = measures if contract.kind == WEEKLY else set(contract.types)
    for name in contract.active:
        if name not in allowed:
            raise ContractError(f"`active` names {name!r}, which is none of {', '.join(sorted(allowed))}.")


def _check_kinds(contract: DataContract) -> None:
    if contract.kind not in (WEEKLY, EVENTS):
        raise ContractError(f"The activity is weekly or events, not {contract.kind!r}.")
    for attribute in (*contract.attributes, *contract.protected):
        if attribute.kind not in (CATEGORY, NUMBER, BOOLEAN):
            raise ContractError(
                f"The attribute {attribute.name!r} is a category, number or boolean, not {attribute.kind!r}."
            )
        limits = (*attribute.bands, *(x for x in (attribute.minimum, attribute.maximum) if x is not None))
        if not all(isfinite(x) for x in limits):
            raise ContractError(f"The bands and limits of {attribute.name!r} must be finite numbers.")
        if attribute.bands and (attribute.kind != NUMBER or list(attribute.bands) != sorted(attribute.bands)):
            raise ContractError(f"The bands of {attribute.name!r} need a number and must rise.")
    for name, value in contract.types.items():
        if not value.strip() or any(ord(c) < 32 for c in value):
            raise ContractError(f"The type of event {name!r} is empty or has control characters.")
    for measure in contract.measures:
        if measure.kind not in (COUNT, AMOUNT):
            raise ContractError(
                f"The measure {measure.name!r} is a count or an amount, not {measure.kind!r}."
            )
    if contract.kind == EVENTS:
        if EVENTS not in {m.name for m in contract.measures}:
            raise ContractError("A contract of events counts them in the measure 'events'.")
        if not contract.days_known:
            raise ContractError("Events have a time, so their days are known.")
        lacking = sorted(set(contract.types) - {m.name for m in contract.measures})
        if lacking:
            raise ContractError(f"The type {lacking[0]!r} is no measure.")
    elif contract.types:
        raise ContractError("Weekly activity has no types of events.")


DEFAULT = DataContract(
    name="synthetic",
    kind=WEEKLY,
    attributes=(
        Attribute("country", meaning="country of the customer", unit="ISO code"),
        Attribute("plan", meaning="subscription plan", unit="name"),
        Attribute("device", meaning="main device", unit="name"),
        Attribute("acquisition_channel", meaning="how the customer was won", unit="name"),
        Attribute(
            "age", NUMBER, "age, empty when unknown", "years",
            bands=(25, 35, 45, 55, 65), minimum=0, maximum=130,
        ),
        Attribute("marketing_opt_in", BOOLEAN, "agreed to marketing mail", "0 or 1"),
    ),
    protected=(Attribute("gender", meaning="gender", unit="name"),),
    personal=("name", "email", "city"),
    measures=(
        Measure("sessions", COUNT, "sessions", "sessions", "session", "use"),
        Measure("minutes", AMOUNT, "minutes of use", "minutes", "minute", "use", per="sessions"),
        Measure("posts", COUNT, "posts written", "posts", "post", "social"),
        Measure("likes", COUNT, "likes given", "likes", "like", "social"),
        Measure("messages", COUNT, "messages sent", "messages", "message", "social"),
        Measure("purchases", COUNT, "purchases", "purchases", "purchase", "buying"),
        Measure("spend", AMOUNT, "spend", "USD", "spend", "spend", per="purchases"),
        Measure("support_tickets", COUNT, "support tickets opened", "tickets", "support ticket", "support"),
    ),
    value="spend",
    transactions="purchases",
    currency="USD",
)  # fmt: skip
"""The contract of the data that `engage generate-data` makes."""
