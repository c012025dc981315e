"""Where generated and imported files go."""

from pathlib import Path
from typing import Protocol

from engage_cli.errors import UserError


class Sink(Protocol):
    """Takes finished files. `put` may be called from several threads at once."""

    def put(self, key: str, data: bytes) -> None:
        """Store `data` under `key`, replacing what is there."""
        ...


class DirectorySink:
    """Writes each key as a file below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def put(self, key: str, data: bytes) -> None:
        """Write one file; a key that would leave the folder is refused."""
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root):
            raise UserError(f"The key {key!r} leads out of {self._root}.", hint="Use a relative key.")
        path.parent.mkdir(parents=True, exist_ok=True)
        # A reader never sees half a file: written beside, then renamed.
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(data)
        partial.replace(path)
