"""What the columns of the predictions table mean, with their units. Standard library only.

The one source of the words for people and for language models: the tools of questions, the knowledge
documents and `about` in the API's answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .contract import RISK_HIGH, RISK_MEDIUM
from .data_contract import BOOLEAN, EVENTS, Attribute, DataContract
from .prediction_table import prediction_table

SHARE = "0 to 1"
PARTITION = ("as_of", "string")
PREDICTED = ("churn_probability", "expected_engagement", "expected_value")


@dataclass(frozen=True)
class Column:
    """A column of the predictions table: its Glue type, its meaning and the unit of its numbers."""

    name: str
    type: str
    meaning: str
    unit: str = ""


def columns(contract: DataContract) -> tuple[Column, ...]:
    """Every column of the table in its order, the partition key `as_of` last."""
    told = _told(contract)
    return tuple(
        Column(name, kind, *told.get(name, (name.replace("_", " "), "")))
        for name, kind in (*prediction_table(contract), PARTITION)
    )


def about(contract: DataContract) -> dict[str, Any]:
    """What an API answer says of its numbers: horizons in weeks, the unit of value, meanings."""
    told = _told(contract)
    return {
        "horizon_weeks": dict(contract.horizons),
        "currency": contract.currency or None,
        "value_unit": contract.value_unit,
        "meanings": {name: told[name][0] for name in PREDICTED},
    }


def value_words(contract: DataContract) -> str:
    """What value is, as a noun: the measure's meaning, else its name."""
    return one_line(contract.value_measure.meaning or contract.value.replace("_", " "))


def active_words(contract: DataContract) -> str:
    """What makes a day (or week) active, as a sentence."""
    unit = "day" if contract.days_known else "week"
    if not contract.active:
        return f"A {unit} is active when it has any activity."
    if contract.kind == EVENTS:
        things = [f"{contract.types[name]} ({name.replace('_', ' ')})" for name in contract.active]
        return f"A {unit} is active when it has an event of the type {' or '.join(things)}."
    things = [contract.measure(n).meaning or n.replace("_", " ") for n in contract.active]
    return f"A {unit} is active when it has {' or '.join(things)}."


def one_line(text: str) -> str:
    """Text of a contract with its white space folded, so that it stays within its line."""
    return " ".join(text.split())


def _told(contract: DataContract) -> dict[str, tuple[str, str]]:
    """Meaning and unit by column."""
    horizons, value, unit = contract.horizons, value_words(contract), contract.value_unit
    smallest = "days" if contract.days_known else "weeks"
    many = horizons["engagement"] * contract.days_per_week
    reason = "what moved the churn probability of this customer {} away from the average, in words"
    return {
        "customer_id": ("id of the customer", ""),
        "churn_probability": (f"probability of no activity in the next {horizons['churn']} weeks", SHARE),
        "expected_engagement": (f"share of the next {many} {smallest} with activity", SHARE),
        "expected_value": (f"{value} in the next {horizons['value']} weeks", unit),
        "engagement_low": ("low end of the 80 % interval of that share", SHARE),
        "engagement_high": ("high end of the 80 % interval of that share", SHARE),
        "value_low": (f"low end of the 80 % interval of {value} in the next {horizons['value']} weeks", unit),
        "value_high": (
            f"high end of the 80 % interval of {value} in the next {horizons['value']} weeks",
            unit,
        ),
        "segment": ("group of customers with one suggested action, from predictions and activity", ""),
        "risk_band": (
            f"high from a churn probability of {RISK_HIGH:g}, medium from {RISK_MEDIUM:g}, else low",
            "",
        ),
        "reason_1": (reason.format("most"), ""),
        "reason_2": (reason.format("second most"), ""),
        "reason_3": (reason.format("third most"), ""),
        "tenure_weeks": ("full weeks since sign-up", "weeks"),
        "active_weeks_12": ("weeks with activity among the last 12", "weeks"),
        "value_12w": (f"{value} in the last 12 weeks", unit),
        "days_since_active": (
            f"days since the end of the last active week, at most {contract.lookback_weeks * 7}",
            "days",
        ),
        "recently_active": (f"whether there was activity in the last {contract.recent_weeks} weeks", ""),
        "model_version": ("version of the model that predicted", ""),
        "run_id": ("run of the pipeline that predicted", ""),
        "as_of": ("as-of date, a Monday: nothing from it on was known to the prediction", ""),
        **{
            a.column: (_attribute(a), "" if a.kind == BOOLEAN else one_line(a.unit))
            for a in contract.attributes
        },
    }


def _attribute(attribute: Attribute) -> str:
    said = one_line(attribute.meaning) or attribute.name.replace("_", " ")
    return f"{said}, in groups" if attribute.bands else said
