"""Which trace a call belongs to: the trace header, and whether a new trace is recorded.

Source: "Tracing header" and "Configuring sampling rules" of the X-Ray developer guide. A service that
starts a trace records the first one of each second and then one in twenty (the rule Default); what comes
with a header follows it.
"""

import contextvars
import random
import re
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
SEGMENT_ID = re.compile(r"[0-9a-f]{16}")
RESERVOIR, RATE = 1, 0.05
"""The rule Default: traces of each second that are recorded for certain, and the share of the others."""


@dataclass(frozen=True)
class Trace:
    """A trace's id, the segment that a call comes from, and whether it is recorded (None: not decided)."""

    root: str
    parent: str | None = None
    sampled: bool | None = None

    @classmethod
    def parse(cls, header: str | None) -> "Trace | None":
        """A trace header; None when it names no trace."""
        parts = dict(part.strip().partition("=")[::2] for part in (header or "").split(";"))
        root, parent = parts.get("Root", ""), parts.get("Parent", "")
        if TRACE_ID.fullmatch(root) is None:
            return None
        sampled = {"1": True, "0": False}.get(parts.get("Sampled", ""))
        return cls(root, parent if SEGMENT_ID.fullmatch(parent) else None, sampled)

    @property
    def header(self) -> str:
        """`Root=1-...;Parent=...;Sampled=1`."""
        parts = [f"Root={self.root}"]
        if self.parent is not None:
            parts.append(f"Parent={self.parent}")
        if self.sampled is not None:
            parts.append(f"Sampled={int(self.sampled)}")
        return ";".join(parts)


class Sampler:
    """Decides which new traces are recorded."""

    def __init__(
        self, now: Callable[[], float] = time.time, chance: Callable[[], float] = random.random
    ) -> None:
        self._now, self._chance = now, chance
        self._second, self._used = 0, 0
        self._lock = threading.Lock()

    def decide(self) -> bool:
        with self._lock:
            second = int(self._now())
            if second != self._second:
                self._second, self._used = second, 0
            if self._used < RESERVOIR:
                self._used += 1
                return True
        return self._chance() < RATE


_sampler = Sampler()
_current: contextvars.ContextVar[Trace | None] = contextvars.ContextVar("engage_trace", default=None)


def current() -> Trace | None:
    """The trace that the present call belongs to."""
    return _current.get()


def enter(trace: Trace | None) -> contextvars.Token[Trace | None]:
    """Let what follows belong to `trace`; undo it with `leave`."""
    return _current.set(trace)


def leave(token: contextvars.Token[Trace | None]) -> None:
    _current.reset(token)


def begun(upstream: Trace | None) -> Trace:
    """The trace of a service that traces actively: the one it was called in, or a new one."""
    if upstream is None:
        upstream = Trace(new_trace_id())
    sampled = _sampler.decide() if upstream.sampled is None else upstream.sampled
    return Trace(upstream.root, upstream.parent, sampled)


def new_trace_id(now: float | None = None) -> str:
    return f"1-{int(time.time() if now is None else now):08x}-{secrets.token_hex(12)}"


def new_segment_id() -> str:
    return secrets.token_hex(8)


def wrap_handler(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Let a request belong to the trace that its header names: the SDK in a function sends one."""

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Json
    ) -> Any:
        token = enter(Trace.parse(headers.get("x-amzn-trace-id")))
        try:
            return await original(method, path, headers, body, query_params)
        finally:
            leave(token)

    return handle
