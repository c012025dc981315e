"""The answers to `queries`, typed. Values may be texts, as Athena's API returns them, or numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engage_cli.errors import CloudError
from engage_cli.report.queries import HISTOGRAM_BINS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Customers who share the values in `name`, and their sums (of the contract's value) and means."""

    name: str
    customers: int
    high_risk: int
    medium_risk: int
    high_risk_active: int
    mean_churn: float
    mean_engagement: float
    expected_value: float
    value_at_stake: float

    @property
    def high_share(self) -> float:
        return self.high_risk / self.customers if self.customers else 0.0


@dataclass(frozen=True)
class Aggregates:
    """The predictions of one as-of date, in groups."""

    everybody: Group
    by: dict[str, list[Group]] = field(default_factory=dict)  # by dimension, highest mean churn first
    segments: list[Group] = field(default_factory=list)  # by the first two dimensions, most value first
    segmented_by: tuple[str, ...] = ()
    histogram: list[int] = field(default_factory=list)  # customers by churn probability, equal bins of 0 to 1
    reasons: list[tuple[str, int]] = field(default_factory=list)


def from_rows(groups: Iterable[Row], histogram: Iterable[Row], reasons: Iterable[Row]) -> Aggregates:
    """Type the rows of the three queries. Raises CloudError when there are no predictions."""
    everybody: Group | None = None
    by: dict[str, list[Group]] = {}
    for row in groups:
        dimensions = str(row["grouped_by"] or "").split()
        group = _group(row, dimensions)
        if dimensions:
            by.setdefault(" ".join(dimensions), []).append(group)
        else:
            everybody = group
    if everybody is None or everybody.customers == 0:
        raise CloudError(
            "There are no predictions of this run: it did not publish any, or a later run replaced them.",
            hint="name a later run with --run, or run the pipeline: engage run-pipeline",
        )
    pair = next((name for name in by if " " in name), "")
    segments = sorted(by.pop(pair, []), key=lambda g: -g.value_at_stake)
    return Aggregates(
        everybody=everybody,
        by={name: sorted(found, key=lambda g: (-g.mean_churn, g.name)) for name, found in by.items()},
        segments=segments,
        segmented_by=tuple(pair.split()),
        histogram=_histogram(histogram),
        reasons=[(str(row["reason"]), int(row["customers"])) for row in reasons],
    )


def _group(row: Row, dimensions: list[str]) -> Group:
    return Group(
        name=", ".join(str(row[name]) for name in dimensions),
        customers=int(row["customers"]),
        high_risk=int(row["high_risk"] or 0),
        medium_risk=int(row["medium_risk"] or 0),
        high_risk_active=int(row["high_risk_active"] or 0),
        mean_churn=float(row["mean_churn"] or 0),
        mean_engagement=float(row["mean_engagement"] or 0),
        expected_value=float(row["expected_value"] or 0),
        value_at_stake=float(row["value_at_stake"] or 0),
    )


def _histogram(rows: Iterable[Row]) -> list[int]:
    counts = [0] * HISTOGRAM_BINS
    for row in rows:
        counts[int(row["bin"])] += int(row["customers"])
    return counts
