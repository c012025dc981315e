"""The answers to `queries`, typed. Values may be texts, as Athena's API returns them, or numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engage_cli.errors import CloudError
from engage_cli.report.queries import HISTOGRAM_BINS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Customers who share the value `name` of a column, with their sums and means.

    `at_risk` are those in the risk band high; values are in the contract's unit, over its horizon.
    """

    name: str
    customers: int
    at_risk: int
    medium_risk: int
    at_risk_active: int
    mean_churn: float
    mean_engagement: float
    expected_value: float
    value_at_risk: float

    @property
    def at_risk_share(self) -> float:
        return self.at_risk / self.customers if self.customers else 0.0


@dataclass(frozen=True)
class Segment:
    """A row of the table `segments`; `mean_churn` is None for an empty one."""

    name: str
    customers: int
    share: float
    mean_churn: float | None
    expected_value: float
    value_at_stake: float
    action: str


@dataclass(frozen=True)
class Aggregates:
    """The predictions of one as-of date, in groups."""

    everybody: Group
    by: dict[str, list[Group]] = field(default_factory=dict)  # by column, highest share at risk first
    histogram: list[int] = field(default_factory=list)  # customers by churn probability, equal bins of 0 to 1
    reasons: list[tuple[str, int]] = field(default_factory=list)


def from_rows(groups: Iterable[Row], histogram: Iterable[Row], reasons: Iterable[Row]) -> Aggregates:
    """Type the rows of the three queries. Raises CloudError when there are no predictions."""
    everybody: Group | None = None
    by: dict[str, list[Group]] = {}
    for row in groups:
        if row["grouped_by"]:
            by.setdefault(str(row["grouped_by"]), []).append(_group(row))
        else:
            everybody = _group(row)
    if everybody is None or everybody.customers == 0:
        raise CloudError(
            "There are no predictions of this run: it did not publish any, or a later run replaced them.",
            hint="name a later run with --run, or run the pipeline: engage run-pipeline",
        )
    return Aggregates(
        everybody=everybody,
        by={name: sorted(found, key=lambda g: (-g.at_risk_share, g.name)) for name, found in by.items()},
        histogram=_histogram(histogram),
        reasons=[(str(row["reason"]), int(row["customers"])) for row in reasons],
    )


def segments_from_rows(rows: Iterable[Row]) -> Sequence[Segment] | None:
    """Type the rows of the table `segments`; None when there are none of this run."""
    found = [
        Segment(
            name=str(row["segment"]),
            customers=int(row["customers"] or 0),
            share=float(row["share"] or 0),
            mean_churn=_optional(row["mean_churn_probability"]),
            expected_value=float(row["expected_value"] or 0),
            value_at_stake=float(row["value_at_stake"] or 0),
            action=str(row["suggested_action"]),
        )
        for row in rows
    ]
    return found or None


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)


def _group(row: Row) -> Group:
    def count(name: str) -> int:
        return int(row[name] or 0)

    def number(name: str) -> float:
        return float(row[name] or 0)

    return Group(
        name={"true": "yes", "false": "no"}.get(str(row["name"]), str(row["name"])),
        customers=count("customers"),
        at_risk=count("at_risk"),
        medium_risk=count("medium_risk"),
        at_risk_active=count("at_risk_active"),
        mean_churn=number("mean_churn"),
        mean_engagement=number("mean_engagement"),
        expected_value=number("expected_value"),
        value_at_risk=number("value_at_risk"),
    )


def _histogram(rows: Iterable[Row]) -> list[int]:
    counts = [0] * HISTOGRAM_BINS
    for row in rows:
        counts[int(row["bin"])] += int(row["customers"])
    return counts
