"""Segments: every customer in exactly one, by a small table of rules over what is predicted and was done.

The first rule that fits decides. Nothing is learnt here: who reads a segment's name can say why a customer is
in it. Standard library only but for `assign`, which needs NumPy.

What a customer is worth is the greater of the expected value and the value of the last 12 weeks scaled to
the same horizon: a customer who is about to leave is expected to bring little, and just that is at stake.
The value at stake of a segment is the sum of churn probability times worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .contract import RISK_HIGH, RISK_MEDIUM
from .data_contract import DataContract
from .sqltext import text

NEW_WEEKS = 4
REGULAR_SHARE = 0.75
"""A loyal customer was active in this share of the last 12 weeks, or of those since sign-up."""
VALUABLE_QUANTILE = 0.8
"""Valuable is who is worth at least what a fifth of the recently active customers are worth."""


@dataclass(frozen=True)
class Segment:
    """A rule in words, and what one may do about it."""

    name: str
    rule: str
    action: str


_VALUABLE = "worth as much as the top fifth of the recently active"
_NOT_VALUABLE = "worth less than the top fifth of the recently active"
SEGMENTS: tuple[Segment, ...] = (
    Segment("new", f"signed up less than {NEW_WEEKS} weeks ago", "Welcome them; help with the first steps."),
    Segment("dormant", "no active week among the last 12", "One win-back offer, then no more mail."),
    Segment(
        "valuable_at_risk",
        f"churn probability from {RISK_MEDIUM:.0%}, {_VALUABLE}",
        "Call or write in person this week; find out what is wrong.",
    ),
    Segment(
        "at_risk",
        f"churn probability from {RISK_HIGH:.0%}, {_NOT_VALUABLE}",
        "A retention offer that costs little, by mail.",
    ),
    Segment(
        "drifting",
        f"churn probability from {RISK_MEDIUM:.0%} to {RISK_HIGH:.0%}, {_NOT_VALUABLE}",
        "Remind them of what they used; show news.",
    ),
    Segment(
        "valuable",
        f"churn probability below {RISK_MEDIUM:.0%}, {_VALUABLE}",
        "Thank them; early access, no discounts.",
    ),
    Segment(
        "loyal",
        f"churn probability below {RISK_MEDIUM:.0%}, active in at least {REGULAR_SHARE:.0%} of the last 12 "
        "weeks or of those since sign-up",
        "Ask for a recommendation; offer the next plan.",
    ),
    Segment("occasional", "all others", "Give a reason to come back more often."),
)
"""Each rule is told as it holds after those before it, so that a segment's definition can be read alone."""
NAMES: tuple[str, ...] = tuple(s.name for s in SEGMENTS)
TABLE: tuple[tuple[str, str], ...] = (
    ("segment", "string"),
    ("customers", "bigint"),
    ("share", "double"),
    ("mean_churn_probability", "double"),
    ("mean_expected_engagement", "double"),
    ("expected_value", "double"),
    ("value_at_stake", "double"),
    ("suggested_action", "string"),
    ("model_version", "string"),
    ("run_id", "string"),
)
"""Columns of the table `segments` with their Glue types; `as_of` is its partition key."""


def worth(contract: DataContract, expected: Any, value_12w: Any) -> Any:
    """What customers are worth over the horizon of value (arrays alike)."""
    import numpy as np

    return np.maximum(expected, value_12w * (contract.horizons["value"] / 12))


def at_stake_sql(contract: DataContract) -> str:
    """What is at stake with a customer, as Trino's SQL over the columns of the predictions table."""
    return f"churn_probability * greatest(expected_value, value_12w * {contract.horizons['value'] / 12!r}E0)"


def at_stake_words(contract: DataContract) -> str:
    """What is at stake, for people."""
    weeks = contract.horizons["value"]
    return (
        "churn probability times what the customer is worth: the greater of the value expected in the next "
        f"{weeks} weeks and the value of the last 12, brought to {weeks} weeks"
    )


def edge_of_value(contract: DataContract, expected: Any, value_12w: Any, active: Any) -> float | None:
    """The worth from which a customer is valuable, from the rows that are recently `active`; None when there
    are none or most are worth nothing. Stored with the model, so that it is one for all shards.
    """
    import numpy as np

    found = worth(contract, expected, value_12w)[active]
    edge = float(np.quantile(found, VALUABLE_QUANTILE)) if len(found) else 0.0
    return round(edge, 4) if edge > 0 else None


def stored_edge(metadata: Mapping[str, Any]) -> float:
    """The edge in a model's metadata; infinite (nobody is valuable) where there is none."""
    edge = (metadata.get("segments") or {}).get("edge_of_value")
    return float("inf") if edge is None else float(edge)


def assign(contract: DataContract, columns: Mapping[str, Any], edge: float) -> list[str]:
    """The segment of each row.

    Args:
        columns: arrays `churn_probability`, `expected_value`, `value_12w`, `tenure_weeks`, `active_weeks_12`.
    """
    import numpy as np

    churn, tenure = columns["churn_probability"], columns["tenure_weeks"]
    weeks = columns["active_weeks_12"]
    valuable = worth(contract, columns["expected_value"], columns["value_12w"]) >= edge
    rules = (
        tenure < NEW_WEEKS,
        weeks == 0,
        (churn >= RISK_MEDIUM) & valuable,
        churn >= RISK_HIGH,
        churn >= RISK_MEDIUM,
        valuable,
        weeks >= REGULAR_SHARE * np.minimum(tenure, 12),
    )
    places = np.select(rules, range(len(rules)), default=len(rules))
    return [NAMES[at] for at in places.tolist()]


def segments_sql(contract: DataContract, source: str, run_id: str, model_version: str) -> str:
    """SELECT of the table `segments` from a run's predictions: a row for each segment, an empty one, too."""
    at_stake = at_stake_sql(contract)
    rows = ", ".join(
        f"({place}, CAST({text(s.name)} AS varchar), CAST({text(s.action)} AS varchar))"
        for place, s in enumerate(SEGMENTS)
    )
    return f"""WITH known (place, segment, suggested_action) AS (VALUES {rows}),
found AS (
  SELECT segment, count(*) AS customers, avg(churn_probability) AS churn,
    avg(expected_engagement) AS engagement, sum(expected_value) AS expected, sum({at_stake}) AS at_stake
  FROM {source} GROUP BY segment
),
total AS (SELECT CAST(count(*) AS double) AS customers FROM {source})
  SELECT k.segment,
    coalesce(f.customers, 0) AS customers,
    round(coalesce(f.customers, 0) / t.customers, 6) AS share,
    round(f.churn, 6) AS mean_churn_probability,
    round(f.engagement, 6) AS mean_expected_engagement,
    round(coalesce(f.expected, 0E0), 2) AS expected_value,
    round(coalesce(f.at_stake, 0E0), 2) AS value_at_stake,
    k.suggested_action,
    CAST({text(model_version)} AS varchar) AS model_version,
    CAST({text(run_id)} AS varchar) AS run_id
  FROM known k
  LEFT JOIN found f ON f.segment = k.segment
  CROSS JOIN total t
  ORDER BY k.place"""
