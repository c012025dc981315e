"""The data contract: raw columns, time arithmetic, targets and prediction columns. Standard library only.

Time. `as_of` is a Monday and the exclusive upper bound of what is known. The cut-off `c_k` lies `4 * k`
weeks before it. Features at a cut-off come from the 12 weeks before it, labels from the `horizon` weeks
that start at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

LOOKBACK_WEEKS = 12
"""Weeks of activity before a cut-off that features may use."""
STEP_WEEKS = 4
"""Distance between neighbouring cut-offs."""
RECENT_WEEKS = 4
"""A customer with an active day in this many last weeks is "recently active"."""
MAX_TRAIN_CUTOFFS = 3
"""At most this many training cut-offs for one target."""
HISTORY_WEEKS = 52
"""Weeks before the as-of date that a run may read; keeps the weekly partitions of one CTAS under Athena's
100.
"""
CUSTOMERS_PER_SHARD = 50_000
MAX_SHARDS = 100


class ContractError(ValueError):
    """The data, or the dates asked for, do not fit the contract. The message says what and by how much."""


@dataclass(frozen=True)
class Column:
    """A raw column: `kind` is string, date, integer, number or boolean."""

    name: str
    kind: str
    meaning: str
    required: bool = True
    personal: bool = False
    """Personal or protected: stays in the raw zone."""


CUSTOMER_COLUMNS: tuple[Column, ...] = (
    Column("customer_id", "string", "unique key of the customer"),
    Column("name", "string", "name", required=False, personal=True),
    Column("email", "string", "e-mail address", required=False, personal=True),
    Column("country", "string", "ISO 3166 two-letter code"),
    Column("city", "string", "city", required=False, personal=True),
    Column("signup_date", "date", "day of sign-up"),
    Column("acquisition_channel", "string", "how the customer was won"),
    Column("plan", "string", "subscription plan"),
    Column("device", "string", "main device"),
    Column("age", "integer", "age in years, may be empty"),
    Column("gender", "string", "gender, may be empty", required=False, personal=True),
    Column("marketing_opt_in", "boolean", "agreed to marketing mail"),
)

ACTIVITY_COLUMNS: tuple[Column, ...] = (
    Column("customer_id", "string", "key of the customer"),
    Column("active_days", "integer", "days with activity in the week, 0 to 7"),
    Column("sessions", "integer", "sessions"),
    Column("minutes", "number", "minutes of use"),
    Column("posts", "integer", "posts written"),
    Column("likes", "integer", "likes given"),
    Column("messages", "integer", "messages sent"),
    Column("purchases", "integer", "purchases"),
    Column("spend", "number", "spend in USD"),
    Column("support_tickets", "integer", "support tickets opened"),
)
"""Columns inside the activity files; the week is the partition `week=YYYY-MM-DD`, a Monday."""

CATEGORICAL_ATTRIBUTES = ("country", "plan", "device", "acquisition_channel")
MEASURES = tuple(c.name for c in ACTIVITY_COLUMNS if c.kind in ("integer", "number"))


@dataclass(frozen=True)
class Target:
    """What is predicted: `label` is the column of the training table."""

    name: str
    label: str
    horizon_weeks: int
    meaning: str

    @property
    def steps(self) -> int:
        """The horizon in steps between cut-offs."""
        return self.horizon_weeks // STEP_WEEKS


TARGETS: tuple[Target, ...] = (
    Target("engagement", "engagement", 4, "share of the next 28 days with activity, 0 to 1"),
    Target("churn", "churned", 4, "1 when there is no active day in the next 4 weeks, else 0"),
    Target("value", "value", 12, "spend in the next 12 weeks, USD"),
)
TARGET_BY_NAME: Mapping[str, Target] = {t.name: t for t in TARGETS}

RISK_HIGH = 0.6
RISK_MEDIUM = 0.3
RISK_BANDS = ("low", "medium", "high")


def risk_band(churn_probability: float) -> str:
    """The band of a churn probability: high from 0.6, medium from 0.3, else low."""
    if churn_probability >= RISK_HIGH:
        return "high"
    return "medium" if churn_probability >= RISK_MEDIUM else "low"


AGE_BANDS = ((25, "under 25"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))


def age_band(age: float | None) -> str:
    """The age group that predictions carry instead of the age; `unknown` for a missing one (None or NaN)."""
    if age is None or age != age:
        return "unknown"
    return next((name for below, name in AGE_BANDS if age < below), "65 and over")


PREDICTION_COLUMNS: tuple[tuple[str, str], ...] = (
    ("customer_id", "string"),
    ("churn_probability", "double"),
    ("expected_engagement", "double"),
    ("expected_value", "double"),
    ("risk_band", "string"),
    ("reason_1", "string"),
    ("reason_2", "string"),
    ("reason_3", "string"),
    ("country", "string"),
    ("plan", "string"),
    ("device", "string"),
    ("acquisition_channel", "string"),
    ("age_band", "string"),
    ("tenure_weeks", "bigint"),
    ("active_weeks_12", "bigint"),
    ("spend_12w", "double"),
    ("days_since_active", "bigint"),
    ("recently_active", "boolean"),
    ("model_version", "string"),
    ("run_id", "string"),
)
"""Columns of a predictions file and their Glue types; `as_of` is the partition key and not in the file."""


def parse_monday(text: str | date, what: str = "date") -> date:
    """A date that must be a Monday.

    Raises:
        ContractError: when the text is no ISO date or the day is no Monday.
    """
    try:
        day = text if isinstance(text, date) else date.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"The {what} {text!r} is not a date like 2026-01-05.") from error
    if day.weekday() != 0:
        monday = day - timedelta(days=day.weekday())
        raise ContractError(f"The {what} {day} is a {day:%A}; it must be a Monday, for example {monday}.")
    return day


def cutoff_at(as_of: date, k: int) -> date:
    """The cut-off `c_k`: `k` steps of four weeks before the as-of date."""
    return as_of - timedelta(weeks=STEP_WEEKS * k)


@dataclass(frozen=True)
class SplitPlan:
    """Which cut-off serves which purpose, for each target. Training cut-offs are newest first."""

    as_of: date
    train: Mapping[str, tuple[date, ...]]
    validation: Mapping[str, date]
    test: Mapping[str, date]

    @property
    def labelled(self) -> tuple[date, ...]:
        """Every distinct cut-off of training, validation or test, oldest first: the partitions of the
        training table.
        """
        found = {*self.validation.values(), *self.test.values()}
        for days in self.train.values():
            found.update(days)
        return tuple(sorted(found))

    @property
    def first_week(self) -> date:
        """The oldest week that any feature of this plan reads."""
        return self.labelled[0] - timedelta(weeks=LOOKBACK_WEEKS)

    def to_spec(self) -> dict[str, Any]:
        """The `cutoffs` object of `spec.json`, with ISO dates."""
        return {
            "train": {name: [d.isoformat() for d in days] for name, days in self.train.items()},
            "validation": {name: d.isoformat() for name, d in self.validation.items()},
            "test": {name: d.isoformat() for name, d in self.test.items()},
        }

    @classmethod
    def from_spec(cls, as_of: str, spec: Mapping[str, Any]) -> SplitPlan:
        """The plan of a `spec.json`.

        Raises:
            ContractError: when a target or a purpose is missing or a date is wrong.
        """
        try:
            return cls(
                as_of=parse_monday(as_of, "as-of date"),
                train={t.name: tuple(parse_monday(d) for d in spec["train"][t.name]) for t in TARGETS},
                validation={t.name: parse_monday(spec["validation"][t.name]) for t in TARGETS},
                test={t.name: parse_monday(spec["test"][t.name]) for t in TARGETS},
            )
        except KeyError as error:
            raise ContractError(f"The run specification has no {error} among its cut-offs.") from error


def weeks_needed() -> int:
    """The fewest weeks of data for one training cut-off of every target (48: set by value, 3 x 12 + 12)."""
    return max(3 * t.horizon_weeks for t in TARGETS) + LOOKBACK_WEEKS


def cutoffs(as_of: date | str, first_week: date | str, last_week: date | str | None = None) -> SplitPlan:
    """The split by time for data that begin in `first_week` and are known up to `as_of` (exclusive).

    With a horizon of `s` steps, the test cut-off is `c_s`, validation `c_2s`, training `c_3s` and up to two
    older ones, so that the label window of each purpose ends before that of the next begins (a purged
    split).

    Raises:
        ContractError: when a date is no Monday, when the data end before `as_of` (labels would count
            missing weeks as inactivity), or when a target has no training cut-off with 12 weeks of history.
    """
    end = parse_monday(as_of, "as-of date")
    start = parse_monday(first_week, "first week")
    if last_week is not None:
        data_end = parse_monday(last_week, "last week") + timedelta(weeks=1)
        if end > data_end:
            raise ContractError(
                f"The as-of date {end} lies after the end of the data, {data_end} (exclusive)."
            )
    start = max(start, end - timedelta(weeks=HISTORY_WEEKS))
    train: dict[str, tuple[date, ...]] = {}
    for target in TARGETS:
        ks = range(3 * target.steps, 3 * target.steps + MAX_TRAIN_CUTOFFS)
        days = (cutoff_at(end, k) for k in ks)
        train[target.name] = tuple(d for d in days if d - timedelta(weeks=LOOKBACK_WEEKS) >= start)
        if not train[target.name]:
            weeks = max(0, (end - start).days // 7)
            raise ContractError(
                f"There are {weeks} weeks of activity before {end}; at least {weeks_needed()} are needed to "
                f"train, validate and test {target.name} on separate periods."
            )
    return SplitPlan(
        as_of=end,
        train=train,
        validation={t.name: cutoff_at(end, 2 * t.steps) for t in TARGETS},
        test={t.name: cutoff_at(end, t.steps) for t in TARGETS},
    )


def shard_count(customers: int) -> int:
    """Shards of batch inference: one for each 50,000 customers, at least 1, at most 100."""
    return max(1, min(MAX_SHARDS, -(-customers // CUSTOMERS_PER_SHARD)))


def shard_of(customer_id: str, n_shards: int) -> int:
    """The shard of a customer; the same number as the SQL of `features.shard_expression`."""
    digest = hashlib.md5(customer_id.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % n_shards


def model_version(run_id: str) -> str:
    """The version of the model that a run makes: `run-X` gives `m-X`."""
    return "m-" + run_id.removeprefix("run-")
