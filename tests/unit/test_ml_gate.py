"""Champion or challenger, and the measures that it rests on."""

from __future__ import annotations

import numpy as np
import pytest
from engage_ml import metrics
from engage_ml.gate import difference, gate
from engage_ml.train import tweedie_deviance

OLD, NEW = "2026-02-23", "2026-03-02"


def gap(mean: float, error: float = 0.001, loss: float = 0.4) -> dict[str, float]:
    return {"mean": mean, "standard_error": error, "champion_loss": loss}


def test_the_first_model_is_promoted() -> None:
    decision = gate(None, NEW, None)
    assert decision.promote
    assert decision.reason == "There is no champion yet."


def test_a_challenger_that_is_better_is_promoted() -> None:
    decision = gate({"churn": gap(-0.02), "value": gap(0.0)}, NEW, OLD)
    assert decision.promote
    assert "better beyond noise at churn (log loss -5.0 %)" in decision.reason


def test_a_challenger_within_the_noise_is_promoted() -> None:
    assert gate({"churn": gap(0.003, error=0.002)}, NEW, OLD).promote


def test_a_challenger_worse_by_less_than_half_a_percent_is_promoted() -> None:
    assert gate({"churn": gap(0.0019, error=0.00001)}, NEW, OLD).promote


def test_a_challenger_worse_beyond_noise_at_one_target_is_not_promoted() -> None:
    decision = gate({"churn": gap(0.02), "engagement": gap(-0.1)}, NEW, OLD)
    assert not decision.promote
    assert decision.reason == (
        "The champion stays: the challenger is worse beyond noise at churn (log loss +5.0 %)."
    )


def test_a_champion_that_knows_later_data_stays() -> None:
    decision = gate({"churn": gap(-0.2)}, OLD, NEW)
    assert not decision.promote
    assert "knows data up to 2026-03-02" in decision.reason


def test_the_difference_is_paired() -> None:
    ours, theirs = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 3.5])
    assert difference(ours, theirs) == {"mean": -0.5, "standard_error": 0.0, "champion_loss": 2.5}


def test_the_normalised_gini_is_one_for_a_perfect_ranking_and_minus_one_for_its_reverse() -> None:
    actual = np.array([0.0, 0.0, 1.0, 5.0, 20.0])
    assert metrics.normalised_gini(actual, actual) == 1
    assert metrics.normalised_gini(actual, -actual) == -1
    assert metrics.normalised_gini(actual, np.ones(5)) == pytest.approx(0, abs=1e-9)
    assert metrics.normalised_gini(np.zeros(5), actual) is None


def test_measures_of_one_outcome_are_unknown_and_not_zero() -> None:
    found = metrics.churn_metrics(np.zeros(10), np.full(10, 0.2))
    assert found["roc_auc"] is None
    assert found["calibration_error"] == pytest.approx(0.2)
    assert metrics.churn_curves(np.zeros(10), np.full(10, 0.2)) == {}


def test_the_lift_of_a_perfect_ranking_is_the_inverse_of_the_base_rate() -> None:
    outcome = np.zeros(1000)
    outcome[:100] = 1
    assert metrics.top_decile_lift(outcome, outcome + np.linspace(0, 0.1, 1000)[::-1]) == 10


def test_the_calibration_error_is_small_for_honest_and_large_for_shifted_probabilities() -> None:
    rng = np.random.default_rng(1)
    chance = rng.uniform(0, 0.8, 50_000)
    outcome = (rng.uniform(size=50_000) < chance).astype(float)
    assert metrics.calibration_error(outcome, chance) < 0.01
    assert metrics.calibration_error(outcome, chance + 0.2) == pytest.approx(0.2, abs=0.01)


def test_the_deviance_is_zero_for_a_perfect_amount_and_positive_otherwise() -> None:
    actual = np.array([1.0, 10.0, 100.0])
    assert tweedie_deviance(actual, actual) == pytest.approx(0, abs=1e-9)
    assert (tweedie_deviance(actual, actual * 1.5) > 0).all()
    assert tweedie_deviance(np.array([0.0]), np.array([4.0]))[0] == pytest.approx(8)


def test_curves_start_and_end_where_they_must() -> None:
    rng = np.random.default_rng(2)
    chance = rng.uniform(size=500)
    curves = metrics.churn_curves((rng.uniform(size=500) < chance).astype(float), chance)
    assert curves["roc"]["y"][-1] == 1
    assert (curves["gain"]["y"][0], curves["gain"]["y"][-1]) == (0, 1)
    assert sum(curves["histogram"]["counts"]) == 500
