"""What a crawler's runs did: LastCrawl, ListCrawls and GetCrawlerMetrics, kept on the crawler's own record.

So they are saved and deleted with it. `public` takes them off again: Glue's answers have no such member.
Runs in the endpoint process.
"""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
LOG_GROUP = "/aws-glue/crawlers"
_KEY = "_crawls"
_KEEP = 200
_STATES = {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED", "FAILED": "FAILED"}
_FIELDS = {"CRAWL_ID": "CrawlId", "STATE": "State", "START_TIME": "StartTime", "END_TIME": "EndTime"}


class FilterError(ValueError):
    """A filter of ListCrawls that cannot be applied."""


@dataclass
class Changes:
    """What a crawl did to the catalog: names of tables, numbers of partitions."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    partitions_added: int = 0
    partitions_updated: int = 0
    partitions_deleted: int = 0
    skipped_files: int = 0

    def __str__(self) -> str:
        return (
            f"tables: {len(self.created)} created, {len(self.updated)} updated, {len(self.deleted)} deleted; "
            f"partitions: {self.partitions_added} added, {self.partitions_updated} updated, "
            f"{self.partitions_deleted} deleted; files skipped: {self.skipped_files}"
        )

    def to_json(self) -> Json:
        """The run summary of ListCrawls: what was added, updated and deleted."""
        tables = {"ADD": self.created, "UPDATE": self.updated, "DELETE": self.deleted}
        partitions = {
            "ADD": self.partitions_added,
            "UPDATE": self.partitions_updated,
            "DELETE": self.partitions_deleted,
        }
        return {
            "TABLE": {k: {"Count": len(v), "Details": {"names": v}} for k, v in tables.items() if v},
            "PARTITION": {k: {"Count": v} for k, v in partitions.items() if v},
        }


def begin(crawler: Json) -> Json:
    """Add a run that begins now to the crawler's history, and return its entry."""
    entry = {
        "CrawlId": str(uuid.uuid4()),
        "State": "RUNNING",
        "StartTime": time.time(),
        "LogGroup": LOG_GROUP,
        "LogStream": crawler["Name"],
    }
    entry["MessagePrefix"] = entry["CrawlId"]
    crawler[_KEY] = [*crawler.get(_KEY, [])[-_KEEP + 1 :], entry]
    return entry


def end(crawler: Json, entry: Json, status: str, message: str, changes: Changes) -> None:
    """Close a run: `status` is LastCrawl's (SUCCEEDED, CANCELLED, FAILED)."""
    entry |= {"State": _STATES[status], "EndTime": time.time(), "Summary": json.dumps(changes.to_json())}
    entry["_tables"] = [len(changes.created), len(changes.updated), len(changes.deleted)]
    error = {"ErrorMessage": message[:2048]} if message else {}
    entry |= error
    crawler["CrawlElapsedTime"] = int((entry["EndTime"] - entry["StartTime"]) * 1000)
    names = ("LogGroup", "LogStream", "MessagePrefix", "StartTime")
    crawler["LastCrawl"] = {"Status": status, **{name: entry[name] for name in names}, **error}


def interrupted(crawler: Json, message: str) -> None:
    """Close the runs that the endpoint's end interrupted; when they ended is not known."""
    for entry in crawler.get(_KEY, []):
        if entry["State"] == "RUNNING":
            entry |= {"State": "FAILED", "ErrorMessage": message}


def metrics(crawler: Json) -> Json:
    """An entry of GetCrawlerMetrics: run times in seconds, and what the last crawl changed."""
    ended = [entry for entry in crawler.get(_KEY, []) if "EndTime" in entry]
    seconds = [entry["EndTime"] - entry["StartTime"] for entry in ended[-20:]]
    tables = ended[-1]["_tables"] if ended else [0, 0, 0]
    return {
        "CrawlerName": crawler["Name"],
        "TimeLeftSeconds": 0.0,
        "StillEstimating": False,
        "LastRuntimeSeconds": seconds[-1] if seconds else 0.0,
        "MedianRuntimeSeconds": sorted(seconds)[len(seconds) // 2] if seconds else 0.0,
        **dict(zip(("TablesCreated", "TablesUpdated", "TablesDeleted"), tables, strict=True)),
    }


def list_crawls(crawler: Json, request: Json) -> Json:
    """The answer of ListCrawls: newest first, filtered, in pages. Raises FilterError.

    There is no DPUHour: nothing here is measured in data processing units.
    """
    found = [public(entry) for entry in reversed(crawler.get(_KEY, []))]
    for condition in request.get("Filters") or []:
        found = [entry for entry in found if _passes(entry, condition)]
    try:
        begin_at, size = int(request.get("NextToken") or 0), int(request.get("MaxResults") or 20)
    except ValueError as exc:
        raise FilterError("The continuation token is not valid") from exc
    more = {"NextToken": str(begin_at + size)} if begin_at + size < len(found) else {}
    return {"Crawls": found[begin_at : begin_at + size], **more}


def public(record: Json) -> Json:
    """A record without what only we keep in it."""
    return {key: value for key, value in record.items() if not key.startswith("_")}


def _passes(entry: Json, condition: Json) -> bool:
    name, operator = condition.get("FieldName", ""), condition.get("FilterOperator", "")
    if name not in _FIELDS:
        raise FilterError(f"ListCrawls cannot be filtered by {name} here")
    value: Any = entry.get(_FIELDS[name])
    wanted: Any = condition.get("FieldValue", "")
    if name.endswith("_TIME"):
        if value is None:
            return False
        value, wanted = int(value * 1000), _milliseconds(wanted)
    elif operator not in ("EQ", "NE"):
        raise FilterError(f"{name} can be compared with EQ and NE only")
    answers = {"EQ": value == wanted, "NE": value != wanted}
    if name.endswith("_TIME"):
        answers |= {"GT": value > wanted, "GE": value >= wanted, "LT": value < wanted, "LE": value <= wanted}
    if operator not in answers:
        raise FilterError(f"{operator!r} is no filter operator")
    return bool(answers[operator])


def _milliseconds(text: str) -> int:
    try:
        return int(text)
    except ValueError as exc:
        raise FilterError(f"{text!r} is no time in milliseconds since 1970") from exc
