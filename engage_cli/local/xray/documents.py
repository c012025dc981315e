"""Segment documents: what may be sent, how they make up a trace, and what its summary says.

Source: "AWS X-Ray segment documents" of the X-Ray developer guide, and the API reference.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engage_cli.local.xray.context import SEGMENT_ID, TRACE_ID

Json = dict[str, Any]
LARGEST = 64 * 1024
_NAME = re.compile(r"[\w\s.:/%&#=+\-@\\,]{1,200}")


class InvalidDocumentError(ValueError):
    """A segment document that X-Ray does not take. `code` is X-Ray's, `segment` the document's id if it has
    one.
    """

    def __init__(self, code: str, message: str, segment: str | None = None) -> None:
        super().__init__(message)
        self.code, self.segment = code, segment


def parse(text: str) -> Json:
    """A document that was sent. Raises InvalidDocumentError."""
    if len(text.encode()) > LARGEST:
        raise InvalidDocumentError("DocumentTooLarge", f"The document is larger than {LARGEST} bytes.")
    try:
        document = json.loads(text)
    except ValueError:
        raise InvalidDocumentError("ParseError", "The document is not JSON.") from None
    if not isinstance(document, dict):
        raise InvalidDocumentError("ParseError", "The document is no JSON object.")
    segment = document.get("id") if isinstance(document.get("id"), str) else None
    for field, problem in _problems(document):
        raise InvalidDocumentError(
            f"{'Missing' if problem == 'is missing' else 'Invalid'}{field}", f"{field} {problem}.", segment
        )
    return document


def _problems(document: Json) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it)."""
    checks = (
        ("Name", document.get("name"), _NAME.fullmatch),
        ("Id", document.get("id"), SEGMENT_ID.fullmatch),
        ("TraceId", document.get("trace_id"), TRACE_ID.fullmatch),
    )
    for field, value, fits in checks:
        if value is None:
            yield field, "is missing"
        elif not isinstance(value, str) or fits(value) is None:
            yield field, f"{value!r} has not the form that X-Ray asks for"
    start, end = document.get("start_time"), document.get("end_time")
    if not _is_number(start):
        yield "StartTime", "is missing" if start is None else "is no number of seconds"
    elif document.get("in_progress") is not True:
        if not _is_number(end):
            yield "EndTime", "is missing" if end is None else "is no number of seconds"
        elif float(end) < float(start):  # type: ignore[arg-type]
            yield "EndTime", "lies before the start"
    if document.get("type") == "subsegment" and not document.get("parent_id"):
        yield "ParentId", "is missing"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def merged(documents: Iterable[Json]) -> list[Json]:
    """The segments of a trace, oldest first; subsegments that came alone are put into their parent."""
    copies: list[Json] = [json.loads(json.dumps(document)) for document in documents]
    subsegments = [one for one in copies if one.get("type") == "subsegment"]
    segments = [one for one in copies if one.get("type") != "subsegment"]
    homeless: list[Json] = []
    while subsegments:
        places = dict(_places(segments))
        waiting = [one for one in subsegments if one["parent_id"] not in places]
        for one in subsegments:
            if one["parent_id"] in places:
                places[one["parent_id"]].setdefault("subsegments", []).append(one)
        if len(waiting) == len(subsegments):
            homeless = waiting  # Their parent was not sent, or not yet.
            break
        subsegments = waiting
    return sorted([*segments, *homeless], key=lambda one: float(one["start_time"]))


def _places(documents: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    for document in documents:
        yield document["id"], document
        yield from _places(document.get("subsegments") or ())


def duration(segments: Sequence[Json]) -> float:
    """Seconds from the first start to the last end of a trace."""
    ends = [float(one.get("end_time") or one["start_time"]) for one in segments]
    return max(ends) - min(float(one["start_time"]) for one in segments)


def summary(trace_id: str, segments: Sequence[Json]) -> Json:
    """The summary of a trace as GetTraceSummaries gives it."""
    root = segments[0]
    every = list(_all(segments))
    http: Mapping[str, Any] = root.get("http") or {}
    request, response = http.get("request") or {}, http.get("response") or {}
    told = {
        "HttpURL": request.get("url"),
        "HttpStatus": response.get("status"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent") or None,
    }
    return {
        "Id": trace_id,
        "StartTime": float(root["start_time"]),
        "Duration": round(duration(segments), 3),
        "ResponseTime": round(duration([root]), 3),
        "HasFault": any(one.get("fault") for one in every),
        "HasError": any(one.get("error") for one in every),
        "HasThrottle": any(one.get("throttle") for one in every),
        "IsPartial": any("end_time" not in one for one in segments),
        "Http": {key: value for key, value in told.items() if value is not None},
        "Annotations": _annotations(every),
        "Users": [],
        "ServiceIds": [_service(one) for one in segments],
        "EntryPoint": _service(root),
        "Revision": 1,
        "MatchedEventTime": float(root["start_time"]),
    }


def _all(documents: Iterable[Json]) -> Iterator[Json]:
    for document in documents:
        yield document
        yield from _all(document.get("subsegments") or ())


def _service(segment: Json) -> Json:
    account = (segment.get("aws") or {}).get("account_id")
    found = {"Name": segment["name"], "Names": [segment["name"]], "Type": segment.get("origin")}
    return {key: value for key, value in {**found, "AccountId": account}.items() if value is not None}


def _annotations(every: Iterable[Json]) -> Json:
    found: Json = {}
    for one in every:
        for key, value in (one.get("annotations") or {}).items():
            kind = (
                "BooleanValue"
                if isinstance(value, bool)
                else ("NumberValue" if _is_number(value) else "StringValue")
            )
            values = found.setdefault(key, [])
            if not any(entry["AnnotationValue"] == {kind: value} for entry in values):
                values.append(
                    {
                        "AnnotationValue": {kind: value},
                        "ServiceIds": [_service(one)] if "origin" in one else [],
                    }
                )
    return found
