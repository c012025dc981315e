"""The clock that schedules and alarms look at. A test moves it; everything else goes by the machine's own.

Moving it is an admin call of the endpoint (`POST /_engage/clock`, see `guard`), for which nobody but the
owner of the endpoint's files has the secret. It is not kept: after a restart the clock is right again.
"""

import threading
import time
from collections.abc import Callable
from typing import Any


class Clock:
    """Seconds since 1970, plus what it was moved by; who must look at once is told of a move."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._source() + self._offset

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each move."""
        self._listeners.append(listener)

    def move(self, request: dict[str, Any]) -> dict[str, Any]:
        """Move by `seconds` (may be negative), or `to` a time in seconds since 1970; `{}` sets it right.

        Returns the offset and the new time when everybody has looked.
        """
        with self._lock:
            if "to" in request:
                self._offset = float(request["to"]) - self._source()
            elif "seconds" in request:
                self._offset += float(request["seconds"])
            else:
                self._offset = 0.0
            for listener in self._listeners:
                listener()
            return {"offset": self._offset, "now": self.now()}


CLOCK = Clock()
