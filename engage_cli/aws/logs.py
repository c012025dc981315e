"""Log lines of the platform's functions and tasks, from CloudWatch Logs."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from engage_cli.aws.errors import translated
from engage_cli.aws.session import Aws


@dataclass(frozen=True)
class LogLine:
    """One line: when (milliseconds since 1970), which component, and the message."""

    timestamp: int
    component: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        when = datetime.fromtimestamp(self.timestamp / 1000, UTC)
        return f"{when:%Y-%m-%d %H:%M:%S} {self.component:<10} {_readable(self.message)}"


def _readable(message: str) -> str:
    """Return level, message and location of a structured line, or the line as it is."""
    try:
        data = json.loads(message)
    except ValueError:
        return message.rstrip()
    if not isinstance(data, dict) or "message" not in data:
        return message.rstrip()
    extra = {k: v for k, v in data.items() if k not in _PLUMBING}
    text = f"{data.get('level', 'INFO'):<7} {data['message']}"
    return f"{text} {json.dumps(extra)}" if extra else text


_PLUMBING = frozenset({
    "level", "message", "timestamp", "location", "service", "cold_start", "function_name",
    "function_memory_size",
    "function_arn", "function_request_id", "xray_trace_id",
})  # fmt: skip


class LogReader:
    """Reads the log groups `/engage/<env>/...`."""

    def __init__(self, aws: Aws, env: str, clock: Callable[[], float] = time.time,
                 sleep: Callable[[float], None] = time.sleep) -> None:  # fmt: skip
        self._logs = aws.client("logs")
        self._prefix = f"/engage/{env}/"
        self._clock = clock
        self._sleep = sleep

    def groups(self, component: str | None) -> list[str]:
        """Return the log groups of all components, or of the one named (its group ends with the name)."""
        with translated("listing the log groups"):
            pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self._prefix)
            names = [g["logGroupName"] for page in pages for g in page["logGroups"]]
        if component is None:
            return names
        return [
            n for n in names if n.rsplit("/", 1)[-1] in (component, f"{_env_prefix(self._prefix)}{component}")
        ]

    def lines(
        self, groups: Sequence[str], seconds: float, *, pattern: str | None = None, level: str | None = None
    ) -> list[LogLine]:
        """Return the lines of the last `seconds`, oldest first."""
        start = int((self._clock() - seconds) * 1000)
        found = [line for group in groups for line in self._read(group, start)]
        return sorted((x for x in found if _wanted(x, pattern, level)), key=lambda x: x.timestamp)

    def follow(
        self, groups: Sequence[str], *, pattern: str | None = None, level: str | None = None
    ) -> Iterator[LogLine]:
        """Yield new lines for ever; the caller leaves with Ctrl-C."""
        start = int(self._clock() * 1000)
        seen: set[LogLine] = set()
        while True:
            new = [x for group in groups for x in self._read(group, start) if x not in seen]
            for line in sorted(new, key=lambda x: x.timestamp):
                seen.add(line)
                if _wanted(line, pattern, level):
                    yield line
            # Lines may arrive a little late: look back 10 s, and forget what is older.
            start = int((self._clock() - 10) * 1000)
            seen = {x for x in seen if x.timestamp >= start}
            self._sleep(1)

    def _read(self, group: str, start: int) -> Iterator[LogLine]:
        component = group.rsplit("/", 1)[-1].removeprefix(_env_prefix(self._prefix))
        with translated(f"reading the logs of {component}"):
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=start
            )
            for page in pages:
                for event in page["events"]:
                    yield LogLine(event["timestamp"], component, event["message"])


def _env_prefix(prefix: str) -> str:
    return f"engage-{prefix.split('/')[2]}-"


def _wanted(line: LogLine, pattern: str | None, level: str | None) -> bool:
    if pattern and pattern not in line.message:
        return False
    return not level or f'"{level.upper()}"' in line.message or f" {level.upper()} " in f" {line.message} "
