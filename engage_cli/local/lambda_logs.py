"""What an invocation used, and how it is written to CloudWatch Logs. Runs in the endpoint process."""

import logging
import math
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from engage_cli.local import authorization

logger = logging.getLogger("engage.lambda")


@dataclass
class Invocation:
    """What one invocation used: milliseconds, bytes, and its log lines with epoch milliseconds.

    `started_at`: when the handler was called, in seconds since 1970.
    """

    duration_ms: float = 0.0
    started_at: float | None = None
    init_ms: float | None = None
    peak_bytes: int = 0
    stream: str = ""
    lines: list[tuple[int, str]] = field(default_factory=list)

    @property
    def billed_ms(self) -> int:
        """Since August 2025 AWS bills the init phase of every function as well."""
        return math.ceil(self.duration_ms + (self.init_ms or 0.0))

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)


def report_line(request_id: str, memory_mb: int, facts: Invocation) -> str:
    """The REPORT line of an invocation, as Lambda writes it (tab separated)."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {facts.duration_ms:.2f} ms",
        f"Billed Duration: {facts.billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {math.ceil(facts.peak_bytes / 1024 / 1024)} MB",
    ]
    if facts.init_ms is not None:
        parts.append(f"Init Duration: {facts.init_ms:.2f} ms")
    return "\t".join(parts)


def write_log(config: dict[str, Any], request_id: str, qualifier: str, facts: Invocation) -> None:
    """Write START, the function's lines, END and REPORT to the log group, as far as the role allows."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import cloudwatch_logs as logs

    name = config.get("FunctionName", "unknown")
    group = log_group(config)
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}"
    needs = [("logs:PutLogEvents", f"{arn}:log-stream:{facts.stream}")]
    if group not in logs._log_groups:
        needs.append(("logs:CreateLogGroup", arn))
    for action, resource in needs:
        message = authorization.denial(config.get("Role", ""), name, action, resource)
        if message is not None:
            logger.warning("no log of %s: %s", name, message)
            return
    if group not in logs._log_groups:
        logs._create_log_group({"logGroupName": group})
    if facts.stream not in logs._log_groups[group]["streams"]:
        logs._create_log_stream({"logGroupName": group, "logStreamName": facts.stream})
    now = int(time.time() * 1000)
    first = facts.lines[0][0] if facts.lines else now
    memory = int(config.get("MemorySize", 128))
    entries = [
        (first, f"START RequestId: {request_id} Version: {qualifier}"),
        *facts.lines,
        (now, f"END RequestId: {request_id}"),
        (now, report_line(request_id, memory, facts)),
    ]
    events = [{"timestamp": stamp, "message": line, "ingestionTime": now} for stamp, line in entries]
    logs._append_log_events(logs._log_groups[group]["streams"][facts.stream], events)
    logs._fanout_to_subscription_filters(
        group, facts.stream, [{"timestamp": stamp, "message": line} for stamp, line in entries]
    )


def log_group(config: dict[str, Any]) -> str:
    """The log group that a function writes to."""
    return (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"


def stream_name(qualifier: str) -> str:
    """A new log stream: each environment has its own."""
    return f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{qualifier}]{uuid4().hex}"
