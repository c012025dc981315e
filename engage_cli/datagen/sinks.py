"""Where generated and imported files go."""

from typing import Protocol


class Sink(Protocol):
    """Takes finished files. `put` may be called from several threads at once."""

    def put(self, key: str, data: bytes) -> None:
        """Store `data` under `key`, replacing what is there."""
        ...
