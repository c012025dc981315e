"""Metrics in log lines: the embedded metric format ("Specification: Embedded metric format", CloudWatch
user guide).

Every line that reaches CloudWatch Logs is looked at, whoever wrote it: a function, a task or PutLogEvents.
"""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engage_cli.local.monitoring import metrics

logger = logging.getLogger("engage.emf")
Json = dict[str, Any]
_MOST_DIMENSIONS, _MOST_METRICS, _MOST_VALUES = 30, 100, 100


@dataclass(frozen=True)
class Datum:
    """One value of a metric; `at` in seconds since 1970."""

    namespace: str
    name: str
    value: float
    unit: str
    dimensions: dict[str, str]
    at: float


def parse(line: str) -> list[Datum]:
    """The values that a log line carries: none for a line that is no EMF, or a wrong one, as on AWS."""
    if not line.startswith("{") or '"_aws"' not in line:
        return []
    try:
        document = json.loads(line)
        return list(_data(document))
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        logger.warning("a line in the embedded metric format is wrong, so it is only a line: %r", problem)
        return []


def _data(document: Json) -> Iterator[Datum]:
    at = float(document["_aws"]["Timestamp"]) / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        named = directive["Metrics"]
        if len(named) > _MOST_METRICS:
            raise ValueError(f"{len(named)} metrics in one directive; at most {_MOST_METRICS}")
        for keys in directive["Dimensions"]:
            if len(keys) > _MOST_DIMENSIONS:
                raise ValueError(f"{len(keys)} dimensions; at most {_MOST_DIMENSIONS}")
            dimensions = {key: str(document[key]) for key in keys}
            for metric in named:
                for value in _values(document[metric["Name"]]):
                    unit = metric.get("Unit", "None")
                    yield Datum(directive["Namespace"], metric["Name"], value, unit, dimensions, at)


def _values(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    if len(values) > _MOST_VALUES or any(isinstance(one, bool | str) for one in values):
        raise ValueError("a metric is a number or at most 100 numbers")
    return [float(one) for one in values]


def wrap_append_log_events(
    original: Callable[[Json, list[Json]], None],
) -> Callable[[Json, list[Json]], None]:
    """Keep the metrics of the lines besides the lines."""

    def append(stream: Json, events: list[Json]) -> None:
        original(stream, events)
        for event in events:
            for datum in parse(event["message"]):
                metrics.record(
                    datum.namespace, datum.name, datum.value, datum.unit, datum.dimensions, at=datum.at
                )

    return append
