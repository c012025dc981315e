"""Traces that X-Ray has: read by their id, or looked for by the service that they begin in."""

import json
import re
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from engage_cli.aws.errors import translated
from engage_cli.aws.session import Aws

_HEADER_ROOT = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})")


class TraceReader:
    """Reads traces."""

    def __init__(self, aws: Aws) -> None:
        self._xray = aws.client("xray")

    def documents(self, trace_id: str) -> list[dict[str, Any]]:
        """The segment documents of a trace; none when X-Ray has no such trace (any more)."""
        with translated(f"reading the trace {trace_id}"):
            pages = self._xray.get_paginator("batch_get_traces").paginate(TraceIds=[trace_id])
            return [
                json.loads(segment["Document"])
                for page in pages
                for trace in page["Traces"]
                for segment in trace["Segments"]
            ]

    def of_service(self, name: str, kind: str, start: datetime, end: datetime) -> Iterator[str]:
        """The ids of traces that go through a service and began between two moments."""
        with translated(f"looking for traces of {name}"):
            pages = self._xray.get_paginator("get_trace_summaries").paginate(
                StartTime=start,
                EndTime=end,
                FilterExpression=f'service(id(name: "{name}", type: "{kind}"))',
            )
            for page in pages:
                yield from (summary["Id"] for summary in page["TraceSummaries"])


def new_header() -> str:
    """The header of a new trace that is to be recorded."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=1"


def id_in(header: str) -> str | None:
    """The id of the trace that a header names."""
    found = _HEADER_ROOT.search(header)
    return found[1] if found else None
