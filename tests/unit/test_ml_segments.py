"""Segments: each rule, one segment for every customer, and the table of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from engage_ml import segments
from engage_ml.data_contract import DEFAULT

from tests.unit import ml_support

EDGE = 60.0


def segment_of(
    churn: float = 0.1, expected: float = 5.0, before: float = 0.0, tenure: int = 50, weeks: int = 4
) -> str:
    columns = {
        "churn_probability": np.array([churn]),
        "expected_value": np.array([expected]),
        "value_12w": np.array([before]),
        "tenure_weeks": np.array([tenure]),
        "active_weeks_12": np.array([weeks]),
    }
    return segments.assign(DEFAULT, columns, EDGE)[0]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ({"tenure": 3, "weeks": 0, "churn": 0.9}, "new"),
        ({"weeks": 0, "churn": 0.99}, "dormant"),
        ({"churn": 0.3, "expected": 60.0}, "valuable_at_risk"),
        ({"churn": 0.7, "before": 60.0, "expected": 2.0}, "valuable_at_risk"),
        ({"churn": 0.6}, "at_risk"),
        ({"churn": 0.59}, "drifting"),
        ({"churn": 0.29, "expected": 60.0}, "valuable"),
        ({"churn": 0.29, "weeks": 9}, "loyal"),
        ({"tenure": 4, "weeks": 3}, "loyal"),
        ({"churn": 0.29, "weeks": 8}, "occasional"),
    ],
)
def test_the_first_rule_that_fits_decides(customer: dict[str, Any], expected: str) -> None:
    assert segment_of(**customer) == expected


def test_what_a_customer_is_worth_follows_the_horizon_of_value() -> None:
    half = replace(DEFAULT, horizons={**DEFAULT.horizons, "value": 24})
    assert segments.worth(half, np.array([10.0]), np.array([30.0])).tolist() == [60.0]
    assert segments.worth(DEFAULT, np.array([10.0]), np.array([30.0])).tolist() == [30.0]


def test_a_fifth_of_the_active_customers_is_valuable() -> None:
    worth = np.arange(1.0, 1001.0)
    active = np.arange(1000) < 900
    edge = segments.edge_of_value(DEFAULT, worth, np.zeros(1000), active)
    assert edge is not None
    assert (worth[active] >= edge).mean() == pytest.approx(0.2, abs=0.002)


def test_nobody_is_valuable_where_nobody_is_worth_anything() -> None:
    assert segments.edge_of_value(DEFAULT, np.zeros(10), np.zeros(10), np.ones(10, bool)) is None
    assert segments.edge_of_value(DEFAULT, np.ones(10), np.zeros(10), np.zeros(10, bool)) is None
    assert segments.stored_edge({"segments": {"edge_of_value": None}}) == float("inf")
    assert segments.stored_edge({}) == float("inf")
    assert segments.stored_edge({"segments": {"edge_of_value": 7}}) == 7.0


def predictions(rows: int = 500) -> pa.Table:
    rng = np.random.default_rng(2)
    columns: dict[str, Any] = {
        "churn_probability": rng.random(rows),
        "expected_engagement": rng.random(rows),
        "expected_value": rng.gamma(1, 40, rows),
        "value_12w": rng.gamma(1, 40, rows),
        "tenure_weeks": rng.integers(0, 60, rows),
        "active_weeks_12": rng.integers(0, 13, rows),
    }
    return pa.table({**columns, "segment": segments.assign(DEFAULT, columns, EDGE)})


def test_every_customer_is_in_one_segment_and_all_segments_occur() -> None:
    found = predictions()["segment"].to_pylist()
    assert set(found) == set(segments.NAMES)
    assert len(found) == 500


def test_the_table_of_segments_adds_up_to_the_predictions() -> None:
    table = predictions()
    db = ml_support.connect()
    db.register("source", table.filter(pa.compute.not_equal(table["segment"], "dormant")))
    sql = segments.segments_sql(DEFAULT, "source", "run-1", "m-1")
    found = ml_support.run(db, sql)
    assert found.column_names == [name for name, _ in segments.TABLE]
    rows = {row["segment"]: row for row in found.to_pylist()}
    assert list(rows) == list(segments.NAMES)
    frame = table.to_pandas()
    frame = frame[frame["segment"] != "dormant"]
    worth = frame[["expected_value", "value_12w"]].max(axis=1)
    for name, row in rows.items():
        mine = frame["segment"] == name
        assert row["customers"] == mine.sum()
        assert row["value_at_stake"] == pytest.approx(
            (frame["churn_probability"] * worth)[mine].sum(), abs=0.01
        )
        assert row["expected_value"] == pytest.approx(frame["expected_value"][mine].sum(), abs=0.01)
        assert row["suggested_action"]
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1, abs=1e-5)
    assert rows["dormant"]["customers"] == 0
    assert rows["dormant"]["mean_churn_probability"] is None, "of nobody there is no mean"


def test_the_page_tells_the_rules_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    for segment in segments.SEGMENTS:
        assert f"| `{segment.name}` | {segment.rule} | {segment.action} |" in page


@pytest.mark.parametrize("name", ["at_risk", "drifting", "valuable", "loyal"])
def test_a_rule_can_be_read_without_the_rules_before_it(name: str) -> None:
    """The words name the bound that an earlier rule sets: nobody drifts with a churn probability of 90 %."""
    rule = next(segment.rule for segment in segments.SEGMENTS if segment.name == name)
    bounds = {
        "at_risk": "worth less",
        "drifting": "30% to 60%",
        "valuable": "below 30%",
        "loyal": "below 30%",
    }
    assert bounds[name] in rule
