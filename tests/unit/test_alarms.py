"""How alarms judge datapoints: the tables of "Configuring how CloudWatch alarms treat missing data"."""

import json
from typing import Any

import pytest

from engage_cli.local.monitoring.alarms import Datapoint, Verdict, is_offered, judge, range_length

NOW = 1_795_000_020.0
THREE_OF_THREE = [
    # oldest first: 0 is good, X breaches, - is missing; then missing, ignore, breaching, notBreaching
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("- - - - 0", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", None, "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", None, "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", None, "ALARM", "OK"),
]


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "N",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **changes,
    }


def points(picture: str) -> list[Datapoint]:
    """Newest first, as `judge` takes them."""
    values = {"0": 1.0, "X": 12.0, "-": None}
    signs = list(reversed(picture.split()))
    return [Datapoint(NOW - 60 * (n + 1), values[sign], 1.0) for n, sign in enumerate(signs)]


def state(verdict: Verdict | None) -> str | None:
    return verdict.state if verdict is not None else None


@pytest.mark.parametrize(
    ("needed", "row"),
    [*((3, row) for row in THREE_OF_THREE), *((2, row) for row in TWO_OF_THREE)],
    ids=lambda value: value[0] if isinstance(value, tuple) else f"{value} of 3",
)
def test_missing_data_is_treated_as_the_tables_of_the_guide_say(needed: int, row: tuple[Any, ...]) -> None:
    picture, *expected = row
    found = [
        state(judge(alarm(DatapointsToAlarm=needed, TreatMissingData=treat), points(picture), NOW))
        for treat in ("missing", "ignore", "breaching", "notBreaching")
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("GreaterThanOrEqualToThreshold", 10, "ALARM"),
        ("GreaterThanThreshold", 10, "OK"),
        ("GreaterThanThreshold", 10.1, "ALARM"),
        ("LessThanThreshold", 10, "OK"),
        ("LessThanThreshold", 9.9, "ALARM"),
        ("LessThanOrEqualToThreshold", 10, "ALARM"),
    ],
)
def test_the_comparison_is_the_alarms_own(operator: str, value: float, expected: str) -> None:
    one = alarm(EvaluationPeriods=1, ComparisonOperator=operator)
    assert state(judge(one, [Datapoint(NOW - 60, value, 1)], NOW)) == expected


def test_comparisons_with_a_band_are_not_judged() -> None:
    assert not is_offered({"ComparisonOperator": "GreaterThanUpperThreshold"})
    assert is_offered(alarm())


def test_an_alarm_on_dynamodb_ignores_missing_data_whatever_it_says() -> None:
    one = alarm(Namespace="AWS/DynamoDB", TreatMissingData="breaching")
    assert judge(one, points("- - - - -"), NOW) is None


def test_more_periods_are_looked_at_than_are_evaluated() -> None:
    assert range_length(alarm(EvaluationPeriods=1)) == 3
    one = alarm(EvaluationPeriods=1, TreatMissingData="notBreaching")
    # A breaching datapoint two periods ago still counts, as no newer one says otherwise.
    assert state(judge(one, points("X - -"), NOW)) == "ALARM"


def test_the_reason_names_datapoints_and_threshold_and_its_data_can_be_read() -> None:
    verdict = judge(alarm(EvaluationPeriods=1), points("- - X"), NOW)
    assert verdict is not None
    assert verdict.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoint [12.0 (18/11/26 11:06:00)] was greater than or "
        "equal to the threshold (10.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = json.loads(verdict.data)
    assert data["recentDatapoints"] == [12.0]
    assert data["evaluatedDatapoints"][0]["sampleCount"] == 1.0
    assert (data["period"], data["threshold"], data["statistic"]) == (60, 10.0, "Sum")


def test_the_reason_of_ok_says_what_was_not_crossed_or_that_there_was_nothing() -> None:
    good = judge(alarm(EvaluationPeriods=1), points("- - 0"), NOW)
    filled = judge(alarm(EvaluationPeriods=2, TreatMissingData="notBreaching"), points("- - - -"), NOW)
    unknown = judge(alarm(EvaluationPeriods=1), points("- - -"), NOW)
    assert good is not None
    assert filled is not None
    assert unknown is not None
    assert "was not greater than or equal to the threshold (10.0)" in good.reason
    assert (
        "no datapoints were received for 2 periods and 2 missing datapoints were treated as" in filled.reason
    )
    assert unknown.reason == "Insufficient Data: 1 datapoint was unknown."
