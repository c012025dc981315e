"""The verdict whether the predictions can be relied on: each check alone can change it, and says why."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import report_support

from engage_cli.report import ReportInputs, trust

Change = Callable[[dict[str, Any], dict[str, Any]], None]


@pytest.fixture(scope="module")
def calm() -> ReportInputs:
    """A run in which nothing moved."""
    found = report_support.inputs()
    monitor = report_support.document("monitor.json")
    monitor["features"] |= {"verdict": "none"}
    for row in monitor["features"]["compared"]:
        row["verdict"] = "none"
    return replace(found, monitor=monitor)


def judged(calm: ReportInputs, change: Change) -> trust.Trust:
    import copy

    evaluation, monitor = copy.deepcopy(calm.evaluation), copy.deepcopy(calm.monitor)
    assert isinstance(evaluation, dict)
    assert isinstance(monitor, dict)
    change(evaluation, monitor)
    return trust.judge(replace(calm, evaluation=evaluation, monitor=monitor))


def ranked(verdict: str) -> Change:
    def change(evaluation: dict[str, Any], _: dict[str, Any]) -> None:
        entry = evaluation["targets"]["churn"]
        name, _auc = trust.best_rule(entry) or ("", 0.0)
        entry["versus"][name]["recent"]["roc_auc"]["verdict"] = verdict

    return change


def measured(target: str, population: str, **values: Any) -> Change:
    def change(evaluation: dict[str, Any], _: dict[str, Any]) -> None:
        evaluation["targets"][target]["challenger"][population] |= values

    return change


def outcome(verdict: str, total: str) -> Change:
    def change(_: dict[str, Any], monitor: dict[str, Any]) -> None:
        monitor["performance"]["churn"]["verdict"] = verdict
        monitor["performance"]["churn"]["total"]["verdict"] = total

    return change


def test_a_good_model_in_a_calm_week_can_be_relied_on(calm: ReportInputs) -> None:
    found = trust.judge(calm)
    assert found.answer == "Yes"
    assert "better than the best simple rule" in found.reason


@pytest.mark.parametrize(
    ("change", "answer", "reason"),
    [
        (ranked("no difference"), "With care", "no better than a simple rule"),
        (ranked("worse"), "No", "worse than a simple rule"),
        (measured("churn", "all", calibration_error=0.03), "With care", "off by 3.0 points"),
        (measured("churn", "all", calibration_error=0.08), "No", "off by 8.0 points"),
        (measured("value", "all", total_ratio=0.84, ci={"total_ratio": [0.8, 0.88]}), "With care", "84"),
        (measured("value", "all", total_ratio=0.6, ci={"total_ratio": [0.55, 0.65]}), "No", "60"),
        (outcome("watch", "none"), "With care", "less well than the test had promised"),
        (outcome("alert", "alert"), "No", "of the number foretold"),
    ],
)
def test_each_check_can_change_the_verdict(
    calm: ReportInputs, change: Change, answer: str, reason: str
) -> None:
    found = judged(calm, change)
    assert found.answer == answer
    assert reason in found.reason


def test_a_total_that_is_off_within_noise_is_no_reason_for_doubt(calm: ReportInputs) -> None:
    change = measured("value", "all", total_ratio=0.84, ci={"total_ratio": [0.6, 1.1]})
    assert judged(calm, change).answer == "Yes"


def test_customers_that_behave_differently_ask_for_care_and_are_named_by_what_they_do() -> None:
    found = trust.judge(report_support.inputs())
    assert found.answer == "With care"
    assert "sessions in the last 4 weeks" in found.reason
    assert "_" not in found.reason


def test_the_gravest_reason_is_told_and_the_others_are_counted(calm: ReportInputs) -> None:
    def change(evaluation: dict[str, Any], monitor: dict[str, Any]) -> None:
        measured("churn", "all", calibration_error=0.08)(evaluation, monitor)
        outcome("alert", "alert")(evaluation, monitor)
        ranked("no difference")(evaluation, monitor)

    found = judged(calm, change)
    assert found.answer == "No"
    assert found.reason.startswith("Its chances of leaving are off by 8.0 points")
    assert "1 more reason below." in found.reason


def test_a_champion_without_a_paired_comparison_is_judged_by_its_interval(calm: ReportInputs) -> None:
    def change(evaluation: dict[str, Any], _: dict[str, Any]) -> None:
        evaluation["decision"]["promote"] = False
        rule = trust.best_rule(evaluation["targets"]["churn"])
        assert rule
        evaluation["targets"]["churn"]["champion"]["recent"] |= {
            "roc_auc": rule[1] + 0.01,
            "ci": {"roc_auc": [rule[1] - 0.01, rule[1] + 0.03]},
        }

    assert judged(calm, change).answer == "With care"


def test_twice_the_leavers_among_active_customers_are_told_as_such(calm: ReportInputs) -> None:
    def change(_: dict[str, Any], monitor: dict[str, Any]) -> None:
        outcome("alert", "none")(_, monitor)
        recent = {**monitor["performance"]["churn"]["total"], "ratio": 2.01, "verdict": "alert"}
        monitor["performance"]["churn"]["total_recent"] = recent

    found = judged(calm, change)
    assert found.answer == "No"
    assert found.reason.replace("\u00a0", " ").startswith(
        "Of the active customers 201 % of the number foretold"
    )


def test_without_an_evaluation_the_answer_is_not_known(calm: ReportInputs) -> None:
    found = trust.judge(replace(calm, evaluation=None))
    assert found.answer == "Not known"


def test_a_run_without_a_monitor_is_judged_by_its_evaluation_and_says_what_is_not_known(
    calm: ReportInputs,
) -> None:
    found = trust.judge(replace(calm, monitor=None))
    assert found.answer == "Yes"
    unknown = [check.text for check in found.checks if check.state == trust.UNKNOWN]
    assert len(unknown) == 4
    assert unknown[0] == "Whether customers behave as before was not monitored in this run."
