"""CloudWatch's datapoints in MiniStack's store: written by services of this endpoint, and read by metric.

MiniStack keeps a list of points for each (namespace, name, dimensions). Here equal values of one minute
become one point with a count, as CloudWatch itself stores them, so that counters do not grow with every
request.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engage_cli.local.monitoring.alarms import Datapoint

Json = dict[str, Any]
KEPT_SECONDS = 15 * 24 * 3600  # CloudWatch keeps datapoints of a minute for 15 days.
_EVICTION_SECONDS = 3600.0

_lock = threading.Lock()
_evicted = 0.0


def record(
    namespace: str,
    name: str,
    value: float,
    unit: str = "None",
    dimensions: Mapping[str, str] | None = None,
    *,
    at: float | None = None,
    merged: bool = True,
) -> None:
    """Keep one value of a metric in the account and Region of this context.

    `merged`: equal values of the same minute are one point with a count; not worth it for measured times.
    """
    from ministack.services import cloudwatch

    named = dict(dimensions or {})
    moment = time.time() if at is None else at
    with _lock:
        points = cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(named)))
        found = _same(points, float(value), unit, moment) if merged else None
        if found is not None:
            found["Count"] = found.get("Count", 1.0) + 1.0
            return
        points.append({"Timestamp": moment, "Value": float(value), "Unit": unit, "Dimensions": named})


def _same(points: list[Json], value: float, unit: str, moment: float) -> Json | None:
    minute = moment // 60
    for point in reversed(points):
        if point["Timestamp"] // 60 != minute:
            return None
        if point["Value"] == value and point["Unit"] == unit and "_stat" not in point:
            return point
    return None


def wrap_record_metric(original: Callable[..., None]) -> Callable[..., None]:
    """MiniStack's own services write through the same door."""

    def record_metric(
        namespace: str,
        metric_name: str,
        value: float,
        unit: str = "None",
        dimensions: Json | None = None,
    ) -> None:
        record(namespace, metric_name, value, unit, dimensions)

    return record_metric


def wrap_evict(original: Callable[[], None]) -> Callable[[], None]:
    """Forget old points, once an hour, in place: MiniStack copies every list at every request, and a point
    that is written meanwhile is lost with the old list.
    """

    def evict() -> None:
        from ministack.services import cloudwatch

        global _evicted
        if time.monotonic() - _evicted < _EVICTION_SECONDS and _evicted:
            return
        _evicted = time.monotonic()
        oldest = time.time() - KEPT_SECONDS
        with _lock:
            for key, points in list(cloudwatch._metrics._data.items()):
                points[:] = [point for point in points if point["Timestamp"] >= oldest]
                if not points:
                    del cloudwatch._metrics._data[key]

    return evict


def points_of(namespace: str, name: str, dimensions: Mapping[str, str]) -> list[Json]:
    """The points of exactly this metric: another set of dimensions is another metric."""
    from ministack.services import cloudwatch

    with _lock:
        found = cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dict(dimensions))))
        return list(found or ())


def dimensions_of(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """[{Name, Value}] as a mapping."""
    return {one["Name"]: one["Value"] for one in listed}


def statistic(points: list[Json], name: str) -> float | None:
    """`Sum`, `Average`, `p99`, ... over points; None when there are none or a percentile cannot be told."""
    from ministack.services import cloudwatch

    stats = cloudwatch._calc_stats(points)
    if not stats:
        return None
    value = cloudwatch._stat_value(stats, name, points)
    return None if value is None else float(value)


def windows(points: list[Json], name: str, period: int, count: int, now: float) -> list[Datapoint]:
    """The last `count` periods, newest first. The newest is the one that `now` is in the last minute of."""
    step = min(period, 60)
    end = (now // step + 1) * step
    found = []
    for number in range(count):
        start = end - (number + 1) * period
        inside = [point for point in points if start <= point["Timestamp"] < start + period]
        samples = sum(_samples(point) for point in inside)
        found.append(Datapoint(start, statistic(inside, name), samples))
    return found


def _samples(point: Json) -> float:
    from ministack.services import cloudwatch

    count: float = cloudwatch._point_stats(point)[0]
    return count
