"""How an alarm judges its datapoints: pure functions, after "Alarm evaluation" and "Configuring how
CloudWatch alarms treat missing data" of the CloudWatch user guide, whose tables are the test cases.

A datapoint is the statistic over one period, or None when the metric has none there. More periods than
EvaluationPeriods are looked at (the evaluation range): datapoints that exist are used before missing ones
are filled in.
"""

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Alarm = Mapping[str, Any]
EXTRA_PERIODS = 2
"""Periods of the evaluation range beyond EvaluationPeriods: AWS gives no number; its examples show two."""

_COMPARE: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Datapoint:
    """One period: its start (seconds since 1970), the statistic's value (None: missing), how many samples."""

    start: float
    value: float | None
    samples: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The state that an alarm should be in, why in a sentence, and the data of it as AWS writes them."""

    state: str
    reason: str
    data: str


def range_length(alarm: Alarm) -> int:
    """How many periods are looked at."""
    return int(alarm["EvaluationPeriods"]) + EXTRA_PERIODS


def judge(alarm: Alarm, datapoints: Sequence[Datapoint], now: float) -> Verdict | None:
    """The verdict over `datapoints` (newest first, `range_length` of them); None: stay as it is."""
    periods = int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    existing = [point for point in datapoints if point.value is not None][:periods]
    breaching = [point for point in existing if _breaches(alarm, point)]
    filled = periods - len(existing)
    treat = _treatment(alarm)
    if treat == "breaching" and filled:
        return _verdict(alarm, len(breaching) + filled >= needed, existing, filled, now)
    if treat == "notBreaching" and filled:
        return _verdict(alarm, len(breaching) >= needed, existing, filled, now)
    if not existing:
        return None if treat == "ignore" else _without_data(alarm, periods, now)
    if len(breaching) >= needed:
        return _verdict(alarm, True, existing, filled, now)
    if len(breaching) == len(existing) and _is_old_enough(datapoints, existing, needed):
        return None if treat == "ignore" else _verdict(alarm, True, existing, filled, now)
    return _verdict(alarm, False, existing, filled, now)


def _treatment(alarm: Alarm) -> str:
    # PutMetricAlarm: "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data".
    if alarm.get("Namespace") == "AWS/DynamoDB":
        return "ignore"
    return str(alarm.get("TreatMissingData") or "missing")


def _is_old_enough(datapoints: Sequence[Datapoint], existing: Sequence[Datapoint], needed: int) -> bool:
    """Whether the oldest of datapoints that all breach is at least `needed` periods old: the ones that are
    missing since then do not keep the alarm from rising.
    """
    return bool(existing) and datapoints.index(existing[-1]) + 1 >= needed


def _breaches(alarm: Alarm, point: Datapoint) -> bool:
    assert point.value is not None
    compare, _ = _COMPARE[str(alarm["ComparisonOperator"])]
    return compare(point.value, float(alarm["Threshold"]))


def is_offered(alarm: Alarm) -> bool:
    """Whether the comparison is one with a threshold; those with a band belong to anomaly detection."""
    return alarm.get("ComparisonOperator") in _COMPARE


def _verdict(alarm: Alarm, alarming: bool, existing: Sequence[Datapoint], filled: int, now: float) -> Verdict:
    state = "ALARM" if alarming else "OK"
    deciding = [point for point in existing if _breaches(alarm, point) is alarming]
    if deciding:
        reason = _crossed(alarm, alarming, deciding, len(existing) + filled)
    else:
        word = "Breaching" if alarming else "NonBreaching"
        were = "was" if filled == 1 else "were"
        reason = (
            f"Threshold Crossed: no datapoints were received for {_count(filled, 'period')} and "
            f"{_count(filled, 'missing datapoint')} {were} treated as [{word}]."
        )
    return Verdict(state, reason, _reason_data(alarm, existing, now))


def _crossed(alarm: Alarm, alarming: bool, deciding: Sequence[Datapoint], of: int) -> str:
    _, words = _COMPARE[str(alarm["ComparisonOperator"])]
    shown = ", ".join(f"{point.value} ({_day(point.start)})" for point in deciding)
    were = "was" if len(deciding) == 1 else "were"
    threshold = float(alarm["Threshold"])
    if not alarming:
        return (
            f"Threshold Crossed: {_count(len(deciding), 'datapoint')} [{shown}] {were} not {words} the "
            f"threshold ({threshold})."
        )
    needed = int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    return (
        f"Threshold Crossed: {len(deciding)} out of the last {_count(of, 'datapoint')} [{shown}] {were} "
        f"{words} the threshold ({threshold}) (minimum {_count(needed, 'datapoint')} for OK -> ALARM "
        f"transition)."
    )


def _without_data(alarm: Alarm, periods: int, now: float) -> Verdict:
    reason = f"Insufficient Data: {_count(periods, 'datapoint')} {'were' if periods > 1 else 'was'} unknown."
    return Verdict("INSUFFICIENT_DATA", reason, _reason_data(alarm, (), now))


def _reason_data(alarm: Alarm, used: Sequence[Datapoint], now: float) -> str:
    oldest = used[-1].start if used else now
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": _iso(now),
            "startDate": _iso(oldest),
            "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            "period": int(alarm["Period"]),
            "recentDatapoints": [point.value for point in reversed(used)],
            "threshold": float(alarm["Threshold"]),
            "evaluatedDatapoints": [
                {"timestamp": _iso(point.start), "sampleCount": point.samples, "value": point.value}
                for point in used
            ],
        }
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d/%m/%y %H:%M:%S")
