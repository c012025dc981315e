"""What the monitor found, in sentences for a person."""

from typing import Any

import pytest

from engage_cli.cli.pipeline import not_as_before
from engage_cli.models import drift
from engage_cli.report.sections import drift as section


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


def outcomes(total: str, recent: str, auc_recent: str) -> dict[str, Any]:
    """What the monitor says of churn, with the verdicts given."""
    sums = {"expected": 100.0, "observed": 110.0, "ratio": 1.1, "low": 1.0, "high": 1.2}
    auc = {"value": 0.8, "low": 0.78, "high": 0.82, "at_test": 0.85}
    return {
        "churn": {
            "as_of": "2026-10-26",
            "verdict": "alert",
            "total": {**sums, "verdict": total},
            "total_recent": {**sums, "verdict": recent},
            "auc": {**auc, "verdict": "none"},
            "auc_recent": {**auc, "verdict": auc_recent},
        }
    }


@pytest.mark.parametrize(
    ("verdicts", "rows"),
    [
        (("none", "alert", "none"), ["none", "alert"]),
        (("none", "none", "alert"), ["none", "alert"]),
        (("watch", "none", "none"), ["watch", "none"]),
    ],
)
def test_the_command_and_the_report_judge_a_row_alike(
    verdicts: tuple[str, str, str], rows: list[str]
) -> None:
    found = {"performance": outcomes(*verdicts)}
    assert [row[-1] for row in drift.outcomes(found)] == rows
    shown = section._outcomes(found, "USD").rows
    assert [row[-1] for row in shown[:2]] == rows


def test_both_name_every_threshold_of_the_monitor() -> None:
    limits = {
        "psi": {"watch": 0.11, "alert": 0.26},
        "ratio": {"watch": 0.12, "alert": 0.27},
        "auc": {"watch": 0.03, "alert": 0.06},
    }
    said = drift.thresholds({"thresholds": limits})
    assert all(number in said for number in ("0.11", "0.26", "12%", "27%", "0.03", "0.06"))
