"""When schedules are due: cron, rate and at, in their time zones."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engage_cli.local.clock import Clock
from engage_cli.local.schedules.expressions import next_after
from engage_cli.local.schedules.firing import due_between


def moment(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def following(expression: str, after: str, zone: str = "UTC", anchor: str = "2026-01-01T00:00") -> str | None:
    found = next_after(expression, zone, moment(after), moment(anchor))
    return None if found is None else f"{datetime.fromtimestamp(found, UTC):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("expression", "after", "zone", "expected"),
    [
        ("cron(0 6 ? * MON *)", "2026-11-25T12:00", "UTC", "2026-11-30T06:00"),
        ("cron(0 6 ? * MON *)", "2026-11-30T06:00", "UTC", "2026-12-07T06:00"),
        ("cron(0 6 ? * MON *)", "2026-11-25T12:00", "Asia/Tokyo", "2026-11-29T21:00"),
        # Six in the morning of New York is five hours behind in winter, four in summer.
        ("cron(0 6 * * ? *)", "2026-01-10T12:00", "America/New_York", "2026-01-11T11:00"),
        ("cron(0 6 * * ? *)", "2026-07-10T12:00", "America/New_York", "2026-07-11T10:00"),
        ("cron(30 22 L * ? *)", "2026-02-01T00:00", "UTC", "2026-02-28T22:30"),
        ("cron(0/15 8-9 ? * MON-FRI *)", "2026-11-27T09:45", "UTC", "2026-11-30T08:00"),
        ("cron(0 0 1 1 ? 2027)", "2027-01-02T00:00", "UTC", None),
        ("rate(1 hour)", "2026-01-01T05:10", "UTC", "2026-01-01T06:00"),
        ("rate(5 minutes)", "2026-01-01T00:00", "UTC", "2026-01-01T00:05"),
        ("rate(7 days)", "2026-01-09T00:00", "UTC", "2026-01-15T00:00"),
        ("at(2026-11-30T06:00:00)", "2026-11-25T12:00", "Europe/Berlin", "2026-11-30T05:00"),
        ("at(2026-11-20T06:00:00)", "2026-11-25T12:00", "UTC", None),
    ],
)
def test_the_next_moment_follows_the_clock_of_the_zone(
    expression: str, after: str, zone: str, expected: str | None
) -> None:
    assert following(expression, after, zone) == expected


def test_a_time_that_the_clock_skips_in_spring_is_skipped() -> None:
    # In Berlin there is no 2:30 on 29 March 2026.
    assert following("cron(30 2 * * ? *)", "2026-03-28T12:00", "Europe/Berlin") == "2026-03-30T00:30"


def test_a_time_that_the_clock_shows_twice_in_autumn_counts_once() -> None:
    # In Berlin 2:30 comes at 0:30 and at 1:30 UTC on 25 October 2026.
    assert following("cron(30 2 * * ? *)", "2026-10-24T12:00", "Europe/Berlin") == "2026-10-25T00:30"
    assert following("cron(30 2 * * ? *)", "2026-10-25T00:30", "Europe/Berlin") == "2026-10-26T01:30"


def test_an_expression_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="Invalid Schedule Expression"):
        next_after("cron(0 6 1 * MON *)", "UTC", 0, 0)


def schedule(**changes: Any) -> dict[str, Any]:
    return {
        "ScheduleExpression": "cron(0 6 ? * MON *)",
        "ScheduleExpressionTimezone": "UTC",
        "CreationDate": moment("2026-11-01T00:00"),
        **changes,
    }


def test_several_missed_moments_are_one_the_latest() -> None:
    due = due_between(schedule(), moment("2026-11-03T00:00"), moment("2026-11-25T00:00"))
    assert due == moment("2026-11-23T06:00")


def test_nothing_is_due_before_the_start_or_after_the_end() -> None:
    since, now = moment("2026-11-03T00:00"), moment("2026-11-25T00:00")
    assert due_between(schedule(StartDate="2026-11-24T00:00:00Z"), since, now) is None
    assert due_between(schedule(EndDate="2026-11-10T00:00:00Z"), since, now) == moment("2026-11-09T06:00")
    assert due_between(schedule(), moment("2026-11-23T06:00"), now) is None


def test_the_clock_moves_for_those_who_look_at_it_and_tells_them() -> None:
    clock, told = Clock(lambda: 100.0), []
    clock.on_move(lambda: told.append(clock.now()))
    assert clock.move({"seconds": 50}) == {"offset": 50.0, "now": 150.0}
    assert clock.move({"to": 400})["now"] == 400.0
    assert clock.move({})["offset"] == 0.0
    assert told == [150.0, 400.0, 100.0]
