"""The data contract: dates, splits, shards, bands."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from engage_ml import contract, dictionary
from engage_ml.data_contract import DEFAULT
from engage_ml.prediction_table import prediction_table
from hypothesis import given
from hypothesis import strategies as st

MONDAYS = st.integers(0, 2000).map(lambda n: date(2000, 1, 3) + timedelta(weeks=n))
FEATURES = dictionary.default()
ROOT = Path(__file__).parents[2]


@given(as_of=MONDAYS, weeks=st.integers(48, 200))
def test_splits_are_ordered_and_purged(as_of: date, weeks: int) -> None:
    first_week = as_of - timedelta(weeks=weeks)
    plan = DEFAULT.split(as_of, first_week, as_of - timedelta(weeks=1))
    for target in DEFAULT.targets:
        horizon = timedelta(weeks=target.horizon_weeks)
        train, validation, test = (
            plan.train[target.name],
            plan.validation[target.name],
            plan.test[target.name],
        )
        assert 1 <= len(train) <= 3
        assert max(train) + horizon <= validation
        assert validation + horizon <= test
        assert test + horizon == as_of
        assert min(train) - timedelta(weeks=12) >= first_week
    assert plan.first_week >= first_week
    assert all(day.weekday() == 0 for day in plan.labelled)


@given(as_of=MONDAYS, weeks=st.integers(0, 47))
def test_too_little_history_is_refused_with_the_weeks_needed(as_of: date, weeks: int) -> None:
    with pytest.raises(contract.ContractError, match=f"There are {weeks} weeks .* at least 48 are needed"):
        DEFAULT.split(as_of, as_of - timedelta(weeks=weeks))


def test_a_year_of_data_gives_the_documented_cutoffs() -> None:
    plan = DEFAULT.split("2026-11-23", "2025-11-24")
    assert plan.to_spec() == {
        "train": {
            "engagement": ["2026-08-31", "2026-08-03", "2026-07-06"],
            "churn": ["2026-08-31", "2026-08-03", "2026-07-06"],
            "value": ["2026-03-16", "2026-02-16"],
        },
        "validation": {"engagement": "2026-09-28", "churn": "2026-09-28", "value": "2026-06-08"},
        "test": {"engagement": "2026-10-26", "churn": "2026-10-26", "value": "2026-08-31"},
        "horizon_weeks": {"engagement": 4, "churn": 4, "value": 12},
        "first_week": "2025-11-24",
    }
    assert contract.SplitPlan.from_spec("2026-11-23", plan.to_spec()) == plan
    assert plan.first_week == date(2025, 11, 24)


@pytest.mark.parametrize(
    ("as_of", "message"),
    [("2026-11-24", "is a Tuesday; it must be a Monday, for example 2026-11-23"), ("soon", "is not a date")],
)
def test_an_as_of_date_that_is_no_monday_is_refused(as_of: str, message: str) -> None:
    with pytest.raises(contract.ContractError, match=message):
        DEFAULT.split(as_of, "2025-11-24")


def test_an_as_of_date_after_the_end_of_the_data_is_refused() -> None:
    with pytest.raises(contract.ContractError, match="after the end of the data, 2026-11-16"):
        DEFAULT.split("2026-11-23", "2025-11-24", "2026-11-09")


@given(st.text(min_size=1, max_size=30), st.integers(1, 100))
def test_a_shard_is_the_head_of_the_md5_modulo_the_number_of_shards(customer_id: str, n_shards: int) -> None:
    digest = hashlib.md5(customer_id.encode()).hexdigest()
    assert contract.shard_of(customer_id, n_shards) == int(digest[:8], 16) % n_shards


@pytest.mark.parametrize(
    ("customers", "shards"), [(0, 1), (50_000, 1), (50_001, 2), (100_000, 2), (10_000_000, 100)]
)
def test_there_is_a_shard_for_each_50000_customers(customers: int, shards: int) -> None:
    assert contract.shard_count(customers) == shards


def test_risk_bands_and_age_bands_have_their_documented_edges() -> None:
    assert [contract.risk_band(p) for p in (0.0, 0.2999, 0.3, 0.5999, 0.6, 1.0)] == [
        "low", "low", "medium", "medium", "high", "high",
    ]  # fmt: skip
    ages = (None, float("nan"), 18, 25, 64.0, 65, 99)
    assert [DEFAULT.attributes[4].band(a) for a in ages] == [
        "unknown", "unknown", "under 25", "25-34", "55-64", "65 and over", "65 and over",
    ]  # fmt: skip


def test_no_personal_or_protected_column_is_a_feature_or_a_prediction() -> None:
    personal = {*DEFAULT.personal, *(a.name for a in DEFAULT.protected)}
    assert personal == {"name", "email", "city", "gender"}
    assert not personal & set(FEATURES.names)
    assert not personal & {name for name, _ in prediction_table(DEFAULT)}


def test_the_data_dictionary_names_every_feature_once() -> None:
    assert len(set(FEATURES.names)) == len(FEATURES.features)
    assert 40 <= len(FEATURES.features) <= 90
    table = FEATURES.as_markdown()
    assert all(table.count(f"| `{name}` |") == 1 for name in FEATURES.names)
    assert all(f.meaning and f.unit and -1 <= f.window <= 12 for f in FEATURES.features)


def test_the_documented_data_dictionary_is_the_generated_one() -> None:
    assert FEATURES.as_markdown() in (ROOT / "docs" / "models.md").read_text()


def test_the_versions_in_the_images_are_the_locked_ones() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    for image in ("training", "inference"):
        for line in (ROOT / "containers" / image / "requirements.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                assert f"\n{line} " in lock, f"{image}: {line} is not in requirements.lock"


def test_what_the_predict_function_imports_needs_neither_pandas_nor_pyarrow_nor_boto3() -> None:
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow", "sklearn", "boto3", "duckdb"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import engage_ml.contract, engage_ml.features, engage_ml.gate
assert "numpy" not in sys.modules
import engage_ml.answers, engage_ml.registry
assert "xgboost" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "containers")
