"""A sink that is a folder, so that what was generated or imported can be looked at as files."""

from pathlib import Path


class DirectorySink:
    """Writes each key as a file below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        """Write one file."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
