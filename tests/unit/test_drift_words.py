"""What the monitor found, in sentences for a person."""

import re
from pathlib import Path
from typing import Any

import pytest
from engage_ml import drift_kind

from engage_cli.cli.pipeline import not_as_before
from engage_cli.models import drift
from engage_cli.report.sections import drift as section

ROOT = Path(__file__).parents[2]


def row(name: str, verdict: str, psi: float = 0.3) -> dict[str, Any]:
    return {
        "name": name,
        "judged": True,
        "verdict": verdict,
        "psi": psi,
        "usual": 0.02,
        "learnt": 0.4,
        "ks": 0.1,
    }


def document(ratio: float, verdict: str, feature: str, **more: Any) -> dict[str, Any]:
    total = {"ratio": ratio, "verdict": verdict}
    return {
        "verdict": verdict,
        "thresholds": {"psi": {"watch": 0.1, "alert": 0.25}},
        "features": {
            "compared": [row("active_days_4w", feature, more.get("psi", 0.3))],
            "change": more.get("change"),
        },
        "predictions": {"compared": [row("churn_probability", more.get("foretold", "none"), 0.01)]},
        "performance": {
            "churn": {"as_of": "2026-10-26", "total_recent": total},
            "value": {"why": "not over"},
        },
    }


def test_more_leavers_and_other_customers_are_told_with_what_to_do() -> None:
    said = drift.in_words(document(1.57, "alert", "watch", change="behaviour"))
    assert said[0] == "Of recently active customers, 157% of the leavers foretold on 2026-10-26 came true."
    assert "active_days_4w" in said[1]
    assert said[-1].startswith("Next: Find out what changed")


@pytest.mark.parametrize("change", ["missing", "words", "audience", "behaviour"])
def test_each_kind_of_change_has_its_sentence_its_next_step_and_two_words(change: str) -> None:
    what, then = drift.CHANGES[change]
    said = drift.in_words(document(1.0, "watch", "watch", change=change))
    assert what.format(names="active_days_4w") in said
    assert then[1:] in said[-1]
    assert drift.KINDS[change]


def test_every_kind_that_the_monitor_knows_has_words() -> None:
    kinds = {drift_kind.MISSING, drift_kind.WORDS, drift_kind.AUDIENCE, drift_kind.BEHAVIOUR}
    assert set(drift.CHANGES) == set(drift.KINDS) == kinds


def test_predictions_that_moved_alone_are_named() -> None:
    said = drift.in_words(document(1.0, "none", "none", foretold="alert"))
    assert said[0] == "What the model says has moved, and no feature by itself: churn_probability."


def test_what_moved_as_it_did_before_is_said_to_need_no_action() -> None:
    assert drift.in_words(document(1.0, "none", "none", psi=0.14)) == [
        "Moved, but as in earlier weeks or within chance, which needs no action: active_days_4w.",
        "Nothing has moved beyond what is usual.",
    ]
    foretold = document(1.0, "none", "none", psi=0.01)
    foretold["predictions"]["compared"][0]["psi"] = 0.12
    assert drift.in_words(foretold)[0].endswith("needs no action: churn_probability.")


def test_a_world_as_before_is_one_sentence() -> None:
    assert drift.in_words(document(1.0, "none", "none", psi=0.01)) == [
        "Nothing has moved beyond what is usual."
    ]


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
    named = not_as_before({"monitor": {**monitor, "change": "audience"}})
    assert "inputs (new customers)" in named[0]
    assert not_as_before({"monitor": {**monitor, "verdict": "none"}}) == []
    assert not_as_before({}) == []


def test_features_that_age_are_shown_and_said_not_to_be_judged() -> None:
    found = document(1.0, "none", "none")
    judged = [row(f"sessions_{at}w", "none", 0.01) for at in range(20)]
    aged = [
        {**row(name, verdict), "judged": False}
        for name, verdict in (("tenure_weeks", "alert"), ("x", "none"))
    ]
    found["features"]["compared"] = [*judged, *aged]
    shown = drift.moved(found)
    assert [line[0] for line in shown] == [
        "churn_probability",
        *(r["name"] for r in judged[:12]),
        "tenure_weeks",
    ]
    assert shown[-1][-1] == "not judged: ages"


def test_only_what_this_version_wrote_can_be_told() -> None:
    assert drift.readable({"schema_version": app_version()})
    assert not drift.readable({"schema_version": 1})
    assert not drift.readable(None)


def app_version() -> int:
    """The version that the monitor writes, read from its source: handlers are no package of the program."""
    source = (ROOT / "handlers/monitor/app.py").read_text()
    found = re.search(r"^SCHEMA_VERSION = (\d+)$", source, re.MULTILINE)
    assert found is not None
    return int(found[1])


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
        "psi": {"watch": 0.11, "alert": 0.26, "usual": 2.5},
        "ratio": {"watch": 0.12, "alert": 0.27},
        "auc": {"watch": 0.03, "alert": 0.06},
    }
    said = drift.thresholds({"thresholds": limits})
    assert all(number in said for number in ("0.11", "0.26", "2.5 times", "12%", "27%", "0.03", "0.06"))
