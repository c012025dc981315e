"""SHAP summary and residuals: exact, of a fixed size, and without a single customer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xgboost
from engage_ml.blocks import FeatureBlock
from engage_ml.explain import contributions
from engage_ml.residuals import residual_summary
from engage_ml.score import CHURN, Model, feature_types
from engage_ml.shap_summary import BINS, GROUPS, SAMPLE, SMALLEST_GROUP, shap_summary

NAMES = ("plan", "days_since_active", "sessions_4w", "tenure_weeks")
PLANS = ("basic", "free", "rare")


def block(rows: int, seed: int = 3) -> FeatureBlock:
    """Silent customers leave, most of those with the plan `free` as well; tenure says nothing."""
    rng = np.random.default_rng(seed)
    plan = np.where(np.arange(rows) < SMALLEST_GROUP - 1, 2, rng.integers(0, 2, rows))
    silent = rng.integers(0, 60, rows).astype(float)
    sessions = np.where(rng.random(rows) < 0.2, np.nan, rng.poisson(5, rows))
    values = np.stack([plan, silent, sessions, rng.integers(0, 200, rows)], axis=1).astype(np.float32)
    ids = np.array([f"C{i}" for i in range(rows)])
    return FeatureBlock(ids, NAMES, values, {"plan": PLANS})


@pytest.fixture(scope="module")
def model() -> Model:
    known = block(3000)
    chance = 1 / (1 + np.exp(-(known.column("days_since_active") - 30) / 8 - (known.column("plan") == 1)))
    left = np.random.default_rng(1).random(len(known)) < chance
    data = xgboost.DMatrix(
        known.values, label=left, feature_types=feature_types(NAMES, {"plan": PLANS}), enable_categorical=True
    )
    params = {
        "objective": "binary:logistic",
        "max_depth": 3,
        "eta": 0.3,
        "min_child_weight": 20,
        "nthread": 1,
    }
    booster = xgboost.train(params, data, num_boost_round=20)
    return Model("m-test", NAMES, {"plan": PLANS}, boosters={CHURN: booster})


@pytest.fixture(scope="module")
def summary(model: Model) -> dict[str, Any]:
    return shap_summary(model, block(1500), cutoff="2026-02-02")


def of(summary: dict[str, Any], feature: str) -> dict[str, Any]:
    return next(f for f in summary["features"] if f["feature"] == feature)


def test_contributions_are_exact_and_add_up_to_the_margin_with_the_base(
    model: Model, summary: dict[str, Any]
) -> None:
    rows = block(1500)
    data = model.data(model.matrix(rows))
    exact = contributions(model, data, exact=True)
    margin = model.boosters[CHURN].predict(data, output_margin=True)
    assert margin == pytest.approx(summary["base"] + exact.sum(axis=1), abs=1e-3)
    strength = np.abs(exact).mean(axis=0)
    for feature in summary["features"]:
        expected = strength[NAMES.index(feature["feature"])]
        assert feature["mean_abs"] == pytest.approx(expected, abs=1e-4)


def test_the_strongest_feature_comes_first_and_every_row_is_counted(summary: dict[str, Any]) -> None:
    strengths = [f["mean_abs"] for f in summary["features"]]
    assert summary["features"][0]["feature"] == "days_since_active"
    assert strengths == sorted(strengths, reverse=True)
    for feature in summary["features"]:
        assert len(feature["counts"]) == len(feature["height"]) == BINS
        assert sum(feature["counts"]) == summary["rows"] == 1500


def test_high_values_of_a_feature_that_raises_the_risk_lie_on_the_right(summary: dict[str, Any]) -> None:
    silent = of(summary, "days_since_active")
    heights = [h for h in silent["height"] if h is not None]
    assert heights[0] < 0.3 < 0.7 < heights[-1]
    means = [g["mean"] for g in silent["groups"]]
    assert means == sorted(means)
    assert means[0] < 0 < means[-1]
    assert len(means) == GROUPS
    for group in silent["groups"]:
        assert group["low"] <= group["mean"] <= group["high"]


def test_a_category_has_its_words_and_no_order(summary: dict[str, Any]) -> None:
    plan = of(summary, "plan")
    assert set(plan["height"]) == {None}
    by_word = {g["word"]: g["mean"] for g in plan["groups"]}
    assert by_word["free"] > by_word["basic"]


def test_a_group_of_few_customers_is_left_out(summary: dict[str, Any]) -> None:
    assert "rare" not in {g["word"] for g in of(summary, "plan")["groups"]}


def test_missing_values_are_a_group_of_their_own(summary: dict[str, Any]) -> None:
    words = {g.get("word"): g["rows"] for g in of(summary, "sessions_4w")["groups"]}
    assert words["missing"] == int(np.isnan(block(1500).column("sessions_4w")).sum())


def test_a_large_test_set_is_sampled_and_the_summary_stays_small(model: Model) -> None:
    found = shap_summary(model, block(SAMPLE + 500), cutoff="2026-02-02")
    assert found["rows"] == SAMPLE
    assert len(json.dumps(found)) < 20_000
    assert found == shap_summary(model, block(SAMPLE + 500), cutoff="2026-02-02")


def test_a_single_row_can_be_summarised(model: Model) -> None:
    found = shap_summary(model, block(1), cutoff="2026-02-02")
    assert all(f["groups"] == [] for f in found["features"])


# --- residuals


def test_residuals_are_actual_less_predicted_by_rising_prediction() -> None:
    predicted = np.arange(1000, dtype=float)
    actual = predicted + np.where(np.arange(1000) % 2, 5.0, -3.0)
    found = residual_summary(actual[::-1], predicted[::-1])
    assert found["mean"] == pytest.approx(1.0)
    assert found["mean_abs"] == pytest.approx(4.0)
    assert found["rmse"] == pytest.approx(np.sqrt(17.0))
    assert [p["rows"] for p in found["parts"]] == [100] * 10
    assert [p["predicted"] for p in found["parts"]] == sorted(p["predicted"] for p in found["parts"])
    for part in found["parts"]:
        assert (part["p10"], part["p90"], part["mean"]) == (-3.0, 5.0, 1.0)


def test_few_rows_have_fewer_parts_and_too_few_none() -> None:
    rng = np.random.default_rng(2)
    assert len(residual_summary(rng.random(45), rng.random(45))["parts"]) == 2
    assert residual_summary(rng.random(19), rng.random(19))["parts"] == []
    assert residual_summary(np.zeros(0), np.zeros(0))["mean"] is None
