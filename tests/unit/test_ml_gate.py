"""Champion or challenger."""

from __future__ import annotations

import numpy as np
from engage_ml.gate import difference, gate

OLD, NEW = "2026-02-23", "2026-03-02"


def gap(mean: float, error: float = 0.001, loss: float = 0.4) -> dict[str, float]:
    return {"mean": mean, "standard_error": error, "champion_loss": loss}


def test_the_first_model_is_promoted() -> None:
    decision = gate(None, NEW, None)
    assert decision.promote
    assert decision.reason == "This is the first model: there is no champion to compare with."


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
