"""Save MiniStack's state shortly after it changed; on its own it saves only at a clean shutdown.

Every service's state is one JSON file. A save takes what the services hand out, writes the files whose
content changed, and then rests for twenty times as long as it took, so that it never costs more than a
twentieth of the processor. Runs in the endpoint process.
"""

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

logger = logging.getLogger("engage.persistence")

_QUIET_SECONDS = 1.0
_IDLE_SECONDS = 10.0
_REST_FACTOR = 20


class Saver:
    """Saves in a thread of its own, a second after the first change since the last save."""

    def __init__(self, directory: Path, states: Callable[[], dict[str, Callable[[], Any]]]) -> None:
        self._directory = directory
        self._states = states
        self._digests: dict[str, str] = {}
        self._changed = threading.Event()
        self._active = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to save in the background."""
        threading.Thread(target=self._run, daemon=True, name="engage-saver").start()

    def changed(self) -> None:
        """Something may have changed."""
        self._active = True
        self._changed.set()

    def save(self) -> list[str]:
        """Write what changed since the last save; the names of the services written."""
        from ministack.core import persistence

        written = []
        with self._lock:
            for name, get_state in self._states().items():
                text = self._snapshot(name, get_state, persistence)
                if text is None:
                    continue
                digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
                if self._digests.get(name) != digest:
                    self._write(self._directory / f"{name}.json", text)
                    self._digests[name] = digest
                    written.append(name)
        return written

    def _run(self) -> None:
        while True:
            # Executions and tasks change state without a request, so look again while there is traffic.
            if not self._changed.wait(_IDLE_SECONDS) and not self._active:
                continue
            self._active = self._changed.is_set()
            time.sleep(_QUIET_SECONDS)
            self._changed.clear()
            started = time.monotonic()
            try:
                self.save()
            except OSError as error:
                logger.error("the state could not be saved: %s", error)
            time.sleep(_REST_FACTOR * (time.monotonic() - started))

    def _snapshot(self, name: str, get_state: Callable[[], Any], persistence: Any) -> str | None:
        for _ in range(5):
            try:
                state = get_state()
                if state is None:
                    return None
                wrapped = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
                return json.dumps(wrapped, default=persistence._json_default)
            except RuntimeError:
                # A store grew while it was walked; the requests do not wait for us, so walk it again.
                time.sleep(0.01)
        logger.warning("the state of %s changes too fast to be saved now", name)
        self._changed.set()
        return None

    def _write(self, path: Path, text: str) -> None:
        temporary = path.with_suffix(".saving")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
