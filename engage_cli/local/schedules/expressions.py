"""When a schedule is due: cron(), rate() and at() expressions with time zones, as EventBridge Scheduler
reads them.

Source: "Schedule types in EventBridge Scheduler" and "Time zones and daylight saving time" of its user
guide. cron() and at() follow the clock on the wall of their time zone: a time that the clock skips in
spring is skipped, one that it shows twice in autumn counts once. rate() counts elapsed time from its start.
Moments are seconds since 1970.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((.+)\)")


def next_after(expression: str, zone: str, after: float, anchor: float) -> float | None:
    """The first moment later than `after` at which `expression` is due; None when there is none.

    `anchor`: where a rate() starts to count; its first moment is one interval later.
    Raises ValueError for an expression that is none.
    """
    rate, at = _RATE.fullmatch(expression), _AT.fullmatch(expression)
    if rate is not None:
        interval = int(rate[1]) * _UNITS[rate[2]]
        passed = max(0, int((after - anchor) // interval))
        return anchor + (passed + 1) * interval
    if at is not None:
        moment = _moment(datetime.fromisoformat(at[1]), ZoneInfo(zone))
        return moment if moment is not None and moment > after else None
    return _next_cron(expression, ZoneInfo(zone), after)


def _next_cron(expression: str, zone: ZoneInfo, after: float) -> float | None:
    from ministack.services import eventbridge

    fields = eventbridge._parse_cron_fields(expression)
    if fields is None:
        raise ValueError(f"Invalid Schedule Expression {expression}.")
    # The wall's clock without a zone: MiniStack's walk through the calendar takes it for UTC.
    wall = datetime.fromtimestamp(after, zone).replace(tzinfo=UTC)
    while True:
        found = eventbridge._cron_next_fire(fields, wall)
        if found is None:
            return None
        moment = _moment(found.replace(tzinfo=None), zone)
        if moment is not None and moment > after:
            return moment
        wall = found  # Skipped in spring, or shown for the second time in autumn.


def _moment(wall: datetime, zone: ZoneInfo) -> float | None:
    """The (first) moment at which the clock shows `wall`; None when it never does."""
    moment = wall.replace(tzinfo=zone, fold=0).timestamp()
    shown = datetime.fromtimestamp(moment, zone).replace(tzinfo=None)
    return moment if shown == wall else None
