"""Time arithmetic, targets and splits. Standard library only. What the data hold is in `data_contract`.

Time. `as_of` is a Monday and the exclusive upper bound of what is known. The cut-off `c_k` lies `4 * k`
weeks before it. Features at a cut-off come from the weeks before it, labels from the `horizon` weeks that
start at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

STEP_WEEKS = 4
"""Distance between neighbouring cut-offs."""
MAX_TRAIN_CUTOFFS = 3
"""At most this many training cut-offs for one target."""
HISTORY_WEEKS = 99
"""Weeks before the as-of date that a run may read; keeps the weekly partitions of one CTAS under Athena's
100.
"""
CUSTOMERS_PER_SHARD = 50_000
MAX_SHARDS = 100


class ContractError(ValueError):
    """The data, or the dates asked for, do not fit the contract. The message says what and by how much."""


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


LABELS: Mapping[str, str] = {"engagement": "engagement", "churn": "churned", "value": "value"}
"""The targets, which every contract has, and their label columns."""

RISK_HIGH = 0.6
RISK_MEDIUM = 0.3


def risk_band(churn_probability: float) -> str:
    """The band of a churn probability: high from 0.6, medium from 0.3, else low."""
    if churn_probability >= RISK_HIGH:
        return "high"
    return "medium" if churn_probability >= RISK_MEDIUM else "low"


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
    horizons: Mapping[str, int]
    """Weeks that a label looks ahead, by target."""
    first_week: date
    """The oldest week that is known and read: features over the whole history begin there."""

    @property
    def labelled(self) -> tuple[date, ...]:
        """Every distinct cut-off of training, validation or test, oldest first: the partitions of the
        training table.
        """
        found = {*self.validation.values(), *self.test.values()}
        for days in self.train.values():
            found.update(days)
        return tuple(sorted(found))

    def to_spec(self) -> dict[str, Any]:
        """The `cutoffs` object of `spec.json`, with ISO dates."""
        return {
            "train": {name: [d.isoformat() for d in days] for name, days in self.train.items()},
            "validation": {name: d.isoformat() for name, d in self.validation.items()},
            "test": {name: d.isoformat() for name, d in self.test.items()},
            "horizon_weeks": dict(self.horizons),
            "first_week": self.first_week.isoformat(),
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
                train={name: tuple(parse_monday(d) for d in spec["train"][name]) for name in LABELS},
                validation={name: parse_monday(spec["validation"][name]) for name in LABELS},
                test={name: parse_monday(spec["test"][name]) for name in LABELS},
                horizons={name: int(spec["horizon_weeks"][name]) for name in LABELS},
                first_week=parse_monday(spec["first_week"], "first week"),
            )
        except KeyError as error:
            raise ContractError(f"The run specification has no {error} among its cut-offs.") from error


def cutoffs(
    as_of: date | str,
    first_week: date | str,
    last_week: date | str | None = None,
    *,
    horizons: Mapping[str, int],
    lookback_weeks: int,
) -> SplitPlan:
    """The split by time for data that begin in `first_week` and are known up to `as_of` (exclusive).

    With a horizon of `s` steps, the test cut-off is `c_s`, validation `c_2s`, training `c_3s` and up to two
    older ones, so that the label window of each purpose ends before that of the next begins (a purged
    split).

    Raises:
        ContractError: when a date is no Monday, when the data end before `as_of` (labels would count
            missing weeks as inactivity), or when a target has no training cut-off with a whole lookback.
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
    steps = {name: horizons[name] // STEP_WEEKS for name in LABELS}
    train: dict[str, tuple[date, ...]] = {}
    for name, s in steps.items():
        days = (cutoff_at(end, k) for k in range(3 * s, 3 * s + MAX_TRAIN_CUTOFFS))
        train[name] = tuple(d for d in days if d - timedelta(weeks=lookback_weeks) >= start)
        if not train[name]:
            weeks = max(0, (end - start).days // 7)
            needed = max(3 * h for h in horizons.values()) + lookback_weeks
            raise ContractError(
                f"There are {weeks} weeks of activity before {end}; at least {needed} are needed to "
                f"train, validate and test {name} on separate periods."
            )
    return SplitPlan(
        as_of=end,
        train=train,
        validation={name: cutoff_at(end, 2 * s) for name, s in steps.items()},
        test={name: cutoff_at(end, s) for name, s in steps.items()},
        horizons=dict(horizons),
        first_week=start,
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
