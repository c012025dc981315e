"""Log groups of the run: Lambda REPORT lines (requests, billed milliseconds) and ingested bytes.

Lines of one stream come from one container, one invocation after the other. An invocation whose lines
name another run is that run's; one that names no run, and whose function is a pipeline step, is ours.
"""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from metering.records import Client, Scope, Used, not_metered

EVENT_OVERHEAD_BYTES = 26  # CloudWatch Logs counts 26 bytes for every event beside its message
ONLINE_FUNCTIONS = ("predict", "ask")  # the API's: they run for callers, not for the weekly run
FREE_TMP_MB = 512
_PAGE = 10_000
_GB = Decimal(10**9)
_REPORT = re.compile(
    r"^REPORT RequestId:.*?Billed Duration: (?P<ms>[\d.]+) ms.*?Memory Size: (?P<mb>\d+) MB", re.DOTALL
)


@dataclass
class Group:
    """What one log group received during the run."""

    name: str
    bytes: int = 0
    events: int = 0
    invocations: list[tuple[Decimal, int]] = field(default_factory=list)  # billed ms, memory MB
    queries: list[str] = field(default_factory=list)  # Athena ids of failed attempts
    truncated: bool = False

    @property
    def function(self) -> str:
        return self.name.rsplit("/", 1)[-1]


def load(client: Client, scope: Scope, prefix: str) -> list[Group]:
    """All groups under `prefix` with their lines between the start of the run and now."""
    logs = client("logs")
    names = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        for group in page["logGroups"]
    ]
    return [_read(logs, name, scope) for name in sorted(names)]


def _read(logs: Any, name: str, scope: Scope) -> Group:
    group = Group(name)
    streams: dict[str, list[str]] = defaultdict(list)
    token: dict[str, str] = {}
    while True:
        page = logs.filter_log_events(
            logGroupName=name, startTime=scope.started_ms, endTime=scope.now_ms, limit=_PAGE, **token
        )
        for event in page["events"]:
            streams[event["logStreamName"]].append(event["message"])
        if not page.get("nextToken"):
            # An endpoint that does not page stops at its limit: what follows is then unknown.
            group.truncated = len(page["events"]) >= _PAGE
            break
        token = {"nextToken": page["nextToken"]}
    for messages in streams.values():
        _read_stream(group, messages, scope.run_id)
    return group


def _read_stream(group: Group, messages: list[str], run_id: str) -> None:
    named: str | None = None
    pending: list[str] = []
    for message in messages:
        pending.append(message)
        document = _document(message)
        if document.get("run_id"):
            named = str(document["run_id"])
        if named in (None, run_id) and document.get("message") == "step failed":
            group.queries += [str(query) for query in document.get("queries") or []]
        report = parse_report(message, document)
        if report is None:
            continue
        if named == run_id or (named is None and group.function not in ONLINE_FUNCTIONS):
            group.invocations.append(report)
            _count(group, pending)
        named, pending = None, []
    if named == run_id or (named is None and group.function not in ONLINE_FUNCTIONS):
        _count(group, pending)  # a task's stream, or an invocation that has not ended


def _count(group: Group, messages: list[str]) -> None:
    group.events += len(messages)
    group.bytes += sum(len(m.encode()) for m in messages) + EVENT_OVERHEAD_BYTES * len(messages)


def _document(message: str) -> dict[str, Any]:
    if not message.startswith("{"):
        return {}
    try:
        document = json.loads(message)
    except ValueError:
        return {}  # a line that only looks like JSON
    return document if isinstance(document, dict) else {}


def parse_report(message: str, document: dict[str, Any] | None = None) -> tuple[Decimal, int] | None:
    """Billed milliseconds and memory in MB of a REPORT line, in its text or its JSON format."""
    found = _REPORT.match(message)
    if found:
        return Decimal(found["ms"]), int(found["mb"])
    if document and document.get("type") == "platform.report":
        metrics = document.get("record", {}).get("metrics", {})
        if "billedDurationMs" in metrics and "memorySizeMB" in metrics:
            return Decimal(str(metrics["billedDurationMs"])), int(metrics["memorySizeMB"])
    return None


def usage(client: Client, scope: Scope, groups: list[Group]) -> list[Used]:
    """Lambda requests and GB-seconds by function, X-Ray traces, and log bytes ingested and kept."""
    lines: list[Used] = []
    invoked = [group for group in groups if group.invocations]
    requests, traced = 0, 0
    for group in invoked:
        requests += len(group.invocations)
        facts = _function(client, f"engage-{scope.env}-{group.function}")
        if facts is None:
            reason = f"{group.function}: its architecture could not be read"
            lines.append(not_metered("Lambda", "ARM64 duration (tier 1)", "GB-second", reason))
            continue
        lines += _duration(group, facts)
        if (facts.get("TracingConfig") or {}).get("Mode") == "Active":
            traced += len(group.invocations)
    if requests:
        counts = ", ".join(f"{group.function} {len(group.invocations)}" for group in invoked)
        source = "REPORT lines in the functions' log groups"
        lines.insert(0, Used("Lambda", "requests", Decimal(requests), "request", counts, source))
    if traced:
        assumption = "upper limit: one trace per invocation; sampling records fewer"
        source = "REPORT lines of functions with active tracing"
        detail = f"{traced} invocations"
        lines.append(
            Used("X-Ray", "traces recorded", Decimal(traced), "trace", detail, source, assumption=assumption)
        )
    return lines + _ingested(groups)


def _function(client: Client, name: str) -> dict[str, Any] | None:
    """The function's configuration; None when it cannot be had (deleted since, or not allowed)."""
    try:
        answer: dict[str, Any] = client("lambda").get_function_configuration(FunctionName=name)
    except client("lambda").exceptions.ClientError:
        return None
    return answer


def _duration(group: Group, facts: dict[str, Any]) -> list[Used]:
    architecture = (facts.get("Architectures") or ["x86_64"])[0]
    item = "ARM64 duration (tier 1)" if architecture == "arm64" else "x86 duration (first 6e9 GB-s)"
    seconds = sum((ms for ms, _ in group.invocations), Decimal()) / 1000
    gb_seconds = sum((ms / 1000 * mb / 1024 for ms, mb in group.invocations), Decimal())
    memory = group.invocations[-1][1]
    detail = f"{group.function}: {seconds.normalize():f} s x {memory} MB {architecture}"
    source = "REPORT lines: billed duration x memory size"
    lines = [Used("Lambda", item, gb_seconds, "GB-second", detail, source)]
    extra = max(0, (facts.get("EphemeralStorage") or {}).get("Size", FREE_TMP_MB) - FREE_TMP_MB)
    if extra:
        quantity = seconds * extra / 1024
        detail = f"{group.function}: {extra} MB above 512"
        lines.append(Used("Lambda", "/tmp above 512 MB", quantity, "GB-second", detail, source))
    return lines


def _ingested(groups: list[Group]) -> list[Used]:
    events = sum(group.events for group in groups)
    if not events:
        return []
    volume = Decimal(sum(group.bytes for group in groups)) / _GB
    short = [group.function for group in groups if group.truncated]
    return [
        Used(
            "CloudWatch",
            "Logs ingest, Standard",
            volume,
            "GB",
            f"{events} events in {len(groups)} log groups",
            "FilterLogEvents: bytes of the messages and 26 for each event",
            assumption=f"at least: not all lines of {', '.join(short)} were listed" if short else None,
        )
    ]
