"""The X-Ray API: traces are sent, found and read. What the platform does not use is refused by name."""

import base64
import json
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from engage_cli.local.bedrock.errors import Response, ServiceError, error_response, json_response, parse_body
from engage_cli.local.levels import real, recorded
from engage_cli.local.xray import context, documents, executions, filters, store

logger = logging.getLogger("engage.xray")
Json = dict[str, Any]

_PAGE = 100
_MOST_TRACES = 5
_LONGEST_RANGE = 6 * 3600.0
_RULE_ARN = "arn:aws:xray:{region}:{account}:sampling-rule/Default"


async def handle(method: str, path: str, headers: Json, body: bytes, query_params: Json) -> Response:
    """Answer one request."""
    try:
        operation = _OPERATIONS.get(path)
        if method != "POST" or operation is None:
            raise ServiceError(
                "NotImplementedException", f"X-Ray {path.strip('/')} ({method}) is not offered locally.", 501
            )
        return json_response(operation(parse_body(body)))
    except ServiceError as error:
        return error_response(error)


def put_trace_segments(request: Json) -> Json:
    """Keep the documents that are right; say of each other one what is wrong with it."""
    unprocessed = []
    for text in request.get("TraceSegmentDocuments") or ():
        try:
            store.put(documents.parse(str(text)))
        except documents.InvalidDocumentError as problem:
            told = {"ErrorCode": problem.code, "Message": str(problem)}
            unprocessed.append(told | ({"Id": problem.segment} if problem.segment else {}))
    return {"UnprocessedTraceSegments": unprocessed}


def put_telemetry_records(request: Json) -> Json:
    """Note what a daemon says of itself in the endpoint's log: X-Ray shows these records to nobody either."""
    for one in request.get("TelemetryRecords") or ():
        counts = [one.get(name, 0) for name in ("SegmentsReceivedCount", "SegmentsSentCount")]
        logger.info("daemon at %s: %s segments received, %s sent", request.get("Hostname", "?"), *counts)
    return {}


def get_sampling_rules(request: Json) -> Json:
    """The one rule that there is, Default."""
    rule = {
        "RuleName": "Default",
        "RuleARN": _rule_arn(),
        "Priority": 10_000,
        "FixedRate": context.RATE,
        "ReservoirSize": context.RESERVOIR,
        **dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*"),
        "Version": 1,
        "Attributes": {},
    }
    return {"SamplingRuleRecords": [{"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}]}


def get_sampling_targets(request: Json) -> Json:
    """What each client may record of the rule until it asks again."""
    now = time.time()
    targets, unprocessed = [], []
    for asked in request.get("SamplingStatisticsDocuments") or ():
        name = asked.get("RuleName")
        if name != "Default":
            message = f"There is no sampling rule {name}."
            unprocessed.append({"RuleName": name, "ErrorCode": "RuleNotFound", "Message": message})
            continue
        targets.append(
            {
                "RuleName": name,
                "FixedRate": context.RATE,
                "ReservoirQuota": context.RESERVOIR,
                "ReservoirQuotaTTL": now + 10,
                "Interval": 10,
            }
        )
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": 0.0,
        "UnprocessedStatistics": unprocessed,
    }


def get_trace_summaries(request: Json) -> Json:
    """Traces that began within a range of at most six hours, newest first, that the filter lets through."""
    start, end = _moment(request, "StartTime"), _moment(request, "EndTime")
    if end < start or end - start > _LONGEST_RANGE:
        raise ServiceError(
            "InvalidRequestException", "The time range must go forward, for at most six hours.", 400
        )
    try:
        wanted = filters.parse(request.get("FilterExpression"))
    except filters.UnknownFilterError as problem:
        raise ServiceError("InvalidRequestException", str(problem), 400) from problem
    found = []
    for trace_id, parts in _traces().items():
        # The second in the id; a range is given in whole seconds.
        if int(start) <= int(trace_id.split("-")[1], 16) <= end:
            summary = documents.summary(trace_id, documents.merged(parts))
            if wanted(summary):
                found.append(summary)
    found.sort(key=lambda one: -one["StartTime"])
    first = _position(request.get("NextToken"))
    answer: Json = {
        "TraceSummaries": found[first : first + _PAGE],
        "ApproximateTime": time.time(),
        "TracesProcessedCount": len(found),
    }
    if first + _PAGE < len(found):
        answer["NextToken"] = base64.urlsafe_b64encode(str(first + _PAGE).encode()).decode()
    return answer


def batch_get_traces(request: Json) -> Json:
    """Whole traces by their ids, five at most."""
    ids = [str(one) for one in request.get("TraceIds") or ()]
    if not 1 <= len(ids) <= _MOST_TRACES:
        raise ServiceError(
            "InvalidRequestException", f"Ask for 1 to {_MOST_TRACES} traces, not {len(ids)}.", 400
        )
    from_executions = executions.documents()
    traces, unknown = [], []
    for trace_id in ids:
        parts = documents.merged([*store.of_trace(trace_id), *from_executions.get(trace_id, ())])
        if not parts:
            unknown.append(trace_id)
            continue
        segments = [{"Id": one["id"], "Document": json.dumps(one)} for one in parts]
        duration = round(documents.duration(parts), 3)
        traces.append({"Id": trace_id, "Duration": duration, "LimitExceeded": False, "Segments": segments})
    return {"Traces": traces, "UnprocessedTraceIds": unknown}


def _traces() -> dict[str, list[Json]]:
    """Every trace's documents: those that were sent, and those of executions."""
    found = store.stored()
    for trace_id, parts in executions.documents().items():
        found.setdefault(trace_id, []).extend(parts)
    return found


def _moment(request: Json, name: str) -> float:
    value = request.get(name)
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ServiceError("InvalidRequestException", f"{name} is no time: {value!r}.", 400) from None


def _position(token: Any) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except ValueError:
        raise ServiceError("InvalidRequestException", "Invalid NextToken.", 400) from None


def _rule_arn() -> str:
    from ministack.core.responses import get_account_id, get_region

    return _RULE_ARN.format(region=get_region(), account=get_account_id())


_OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "/TraceSegments": put_trace_segments,
    "/TelemetryRecords": put_telemetry_records,
    "/GetSamplingRules": get_sampling_rules,
    "/SamplingTargets": get_sampling_targets,
    "/TraceSummaries": get_trace_summaries,
    "/Traces": batch_get_traces,
}
OPERATIONS = {
    "xray": {
        **real(
            "BatchGetTraces",
            "GetTraceSummaries",
            "PutTraceSegments",
        ),
        **real("GetSamplingRules", "GetSamplingTargets", note="there is the rule Default alone"),
        **recorded(
            "PutTelemetryRecords", why="a line in the endpoint's log; X-Ray shows them to nobody either"
        ),
    }
}
