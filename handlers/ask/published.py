"""What questions are about: the served run's pointer, read again after a minute."""

import time
from collections.abc import Callable

from common.published import contract_of, read_pointer
from description import Published

POINTER_SECONDS = 5.0


class NothingPublishedError(Exception):
    """No run has published predictions yet."""


class PublishedReader:
    """Keeps what is served in the function's memory. A new run takes over within a minute."""

    def __init__(self, bucket: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket, self._clock = bucket, clock
        self._found: Published | None = None
        self._read_at = float("-inf")

    def current(self) -> Published:
        """What is served now; raises NothingPublishedError before the first run has finished."""
        now = self._clock()
        if self._found is None or now - self._read_at >= POINTER_SECONDS:
            pointer = read_pointer(self._bucket)
            if pointer is None:
                raise NothingPublishedError
            self._found, self._read_at = Published(contract_of(pointer), str(pointer["as_of"])), now
        return self._found
