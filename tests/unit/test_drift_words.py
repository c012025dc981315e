"""What the monitor found, in sentences for a person."""

from typing import Any

from engage_cli.cli.pipeline import not_as_before
from engage_cli.models import drift


def document(ratio: float, verdict: str, feature: str) -> dict[str, Any]:
    total = {"ratio": ratio, "verdict": verdict}
    return {
        "verdict": verdict,
        "features": {"compared": [{"name": "active_days_4w", "judged": True, "verdict": feature}]},
        "performance": {
            "churn": {"as_of": "2026-10-26", "total_recent": total},
            "value": {"why": "not over"},
        },
    }


def test_more_leavers_and_other_customers_are_told_with_what_to_do() -> None:
    said = drift.in_words(document(1.57, "alert", "watch"))
    assert said[0] == "Of recently active customers, 157% of the leavers foretold on 2026-10-26 came true."
    assert "active_days_4w" in said[1]
    assert said[-1].startswith("Next: ")


def test_a_world_as_before_is_one_sentence() -> None:
    assert drift.in_words(document(1.0, "none", "none")) == ["Nothing has moved beyond what is usual."]


def test_a_run_says_what_its_monitor_found_and_nothing_when_all_is_as_before() -> None:
    monitor = {
        "verdict": "alert",
        "features": "watch",
        "predictions": "none",
        "performance": {"churn": "alert"},
    }
    assert not_as_before({"monitor": monitor}) == [
        "Monitor: alert - moved beyond the usual: inputs, churn foretold. Look: engage models drift"
    ]
    assert not_as_before({"monitor": {**monitor, "verdict": "none"}}) == []
    assert not_as_before({}) == []
