"""GetMetricData and GetMetricStatistics: one metric is one set of dimensions, and the newest comes first.

MiniStack takes a query without dimensions for all of them together, and answers oldest first whatever was
asked. Requests are in JSON or in the Query protocol; both were checked against the service's model before
they come here.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from engage_cli.local.monitoring import metrics

Json = dict[str, Any]
Response = tuple[int, Json, bytes]
Handler = Callable[[Json, Json, bool, bool], Response]


def wrap_get_metric_data(original: Handler) -> Handler:
    return _answering("GetMetricData", get_metric_data)


def wrap_get_metric_statistics(original: Handler) -> Handler:
    return _answering("GetMetricStatistics", get_metric_statistics)


def get_metric_data(request: Json) -> Json:
    """Each query's values by period. Raises ValueError for metric math, which is not offered locally."""
    start, end = _moment(request["StartTime"]), _moment(request["EndTime"])
    newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    results = []
    for query in request["MetricDataQueries"]:
        if "MetricStat" not in query:
            raise ValueError(
                f"The query {query['Id']} is metric math, which the local endpoint does not offer."
            )
        stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
        if query.get("ReturnData") is False:
            continue
        found = _by_period(metric, stat.get("Unit"), int(stat["Period"]), start, end)
        pairs = [(at, metrics.statistic(points, str(stat["Stat"]))) for at, points in found]
        pairs = [(at, value) for at, value in pairs if value is not None]
        if newest_first:
            pairs.reverse()
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or metric["MetricName"],
                "Timestamps": [at for at, _ in pairs],
                "Values": [value for _, value in pairs],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results, "Messages": []}


def get_metric_statistics(request: Json) -> Json:
    """The statistics of each period that has data."""
    start, end = _moment(request["StartTime"]), _moment(request["EndTime"])
    plain, extended = request.get("Statistics") or [], request.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise ValueError("Must specify either Statistics or ExtendedStatistics")
    datapoints = []
    for at, points in _by_period(request, request.get("Unit"), int(request["Period"]), start, end):
        point: Json = {"Timestamp": at, "Unit": points[0]["Unit"]}
        point |= {name: metrics.statistic(points, name) for name in plain}
        percentiles = {name: metrics.statistic(points, name) for name in extended}
        known = {name: value for name, value in percentiles.items() if value is not None}
        datapoints.append(point | ({"ExtendedStatistics": known} if known else {}))
    return {"Label": request["MetricName"], "Datapoints": datapoints}


def _by_period(
    metric: Json, unit: str | None, period: int, start: float, end: float
) -> list[tuple[int, list[Json]]]:
    """(start of the period, its points) in order; periods without points are left out."""
    dimensions = metrics.dimensions_of(metric.get("Dimensions") or ())
    found: dict[int, list[Json]] = {}
    # A period that has begun is told from its start on.
    first = start // period * period
    for point in metrics.points_of(metric["Namespace"], metric["MetricName"], dimensions):
        if first <= point["Timestamp"] < end and unit in (None, point["Unit"]):
            found.setdefault(int(point["Timestamp"] // period * period), []).append(point)
    return sorted(found.items())


def _answering(name: str, answer: Callable[[Json], Json]) -> Handler:
    def handle(params: Json, data: Json, is_cbor: bool, is_json: bool = False) -> Response:
        from ministack.services import cloudwatch

        try:
            found = answer(data if is_json else _from_query(name, params))
        except ValueError as problem:
            refused: Response = cloudwatch._error("ValidationError", str(problem), 400, use_json=is_json)
            return refused
        made: Response = (
            cloudwatch._json_ok(found)
            if is_json
            else cloudwatch._xml(200, f"{name}Response", f"<{name}Result>{_xml(found)}</{name}Result>")
        )
        return made

    return handle


def _from_query(name: str, params: Json) -> Json:
    from engage_cli.local.validation import requests, shapes

    flat = {key: value[0] if isinstance(value, list) else value for key, value in params.items()}
    shape = shapes.model("cloudwatch").operation_model(name).input_shape
    found: Json = requests._nested(shape, flat, "")
    return found


def _xml(value: Any, name: str = "") -> str:
    if isinstance(value, dict) and name == "ExtendedStatistics":
        pairs = value.items()
        return "".join(f"<entry><key>{key}</key><value>{one}</value></entry>" for key, one in pairs)
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(one, key)}</{key}>" for key, one in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(one, name)}</member>" for one in value)
    if name.startswith("Timestamp"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value))


def _moment(value: Any) -> float:
    from ministack.services import cloudwatch

    moment: float | None = cloudwatch._parse_ts(value)
    if moment is None:
        raise ValueError(f"{value!r} is not a time.")
    return moment
