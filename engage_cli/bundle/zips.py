"""Lambda zips: the same sources give the same bytes.

A zip holds the handler's files at its root, `common/` and `engage_ml/`. For a real account it also
holds the Linux wheels of the handler's requirements; the embedded endpoint runs the handler with this
program's own interpreter and libraries.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engage_cli.assets import asset_root
from engage_cli.errors import CloudError, UserError

LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORM = "manylinux_2_28_aarch64"
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Zip:
    """A handler's code: its name, bytes and the first 16 hex digits of their SHA-256."""

    handler: str
    data: bytes
    digest: str

    @property
    def key(self) -> str:
        """The key in the artifacts bucket; it names the content, so it is written once."""
        return f"code/{self.handler}-{self.digest}.zip"


def handler_names() -> list[str]:
    """Return the names of the Lambda handlers: the folders that hold an `app.py`."""
    return sorted(p.parent.name for p in (asset_root() / "handlers").glob("*/app.py"))


def build_zip(handler: str, *, with_wheels: bool, cache: Path | None = None) -> Zip:
    """Build the zip of one handler. Raises CloudError when its wheels cannot be had or are too large.

    A zip with wheels takes seconds, so it is kept in the folder `cache`, under a name made from its sources.
    """
    root = asset_root()
    files = dict(_tree(root / "handlers" / handler))
    files |= {f"common/{name}": path for name, path in _tree(root / "handlers" / "common")}
    files |= {f"engage_ml/{name}": path for name, path in _tree(root / "containers" / "engage_ml")}
    data = _zip_with_wheels(handler, files, cache) if with_wheels else zip_bytes(files.items())
    return Zip(handler, data, hashlib.sha256(data).hexdigest()[:16])


def _zip_with_wheels(handler: str, files: dict[str, Path], cache: Path | None) -> bytes:
    kept = cache / f"{handler}-{_sources_digest(handler, files)}.zip" if cache else None
    if kept is not None and kept.is_file():
        return kept.read_bytes()
    with tempfile.TemporaryDirectory(prefix="engage-wheels-") as folder:
        wheels = _install_wheels(handler, Path(folder))
        data = zip_bytes((wheels | files).items())
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        for stale in kept.parent.glob(f"{handler}-*.zip"):
            stale.unlink(missing_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_bytes(data)
        partial.replace(kept)
    return data


def _sources_digest(handler: str, files: dict[str, Path]) -> str:
    digest = hashlib.sha256(f"{LAMBDA_PYTHON} {LAMBDA_PLATFORM}".encode())
    digest.update(requirements_of(handler).read_bytes())
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _tree(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path.relative_to(folder).as_posix(), path


def zip_bytes(files: Iterable[tuple[str, Path]]) -> bytes:
    """Return a zip of files by name: sorted, with one date and mode, so that equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, path in sorted(files):
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    return buffer.getvalue()


def requirements_of(handler: str) -> Path:
    """Return the requirements file of a handler: its own, or the one that all share."""
    handlers = asset_root() / "handlers"
    own = handlers / handler / "requirements.txt"
    return own if own.is_file() else handlers / "requirements.txt"


def _install_wheels(handler: str, folder: Path) -> dict[str, Path]:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        "--target",
        str(folder),
        "--platform",
        LAMBDA_PLATFORM,
        "--python-version",
        LAMBDA_PYTHON,
        "--implementation",
        "cp",
        "--only-binary",
        ":all:",
        # The list is complete and pinned; pip would check it against this interpreter, not Lambda's.
        "--no-deps",
        "--ignore-requires-python",
        "-r",
        str(requirements_of(handler)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise UserError(f"pip cannot be run: {exc}.", hint="Install pip for this interpreter.") from exc
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CloudError(
            f"The wheels of the handler '{handler}' cannot be installed: {reason}.",
            hint="Check the connection to the package index and repeat the command.",
        )
    files = {
        name: path
        for name, path in _tree(folder)
        if "/tests/" not in f"/{name}" and not name.startswith("bin/")
    }
    size = sum(path.stat().st_size for path in files.values())
    if size > MAX_UNZIPPED_BYTES:
        raise CloudError(
            f"The handler '{handler}' needs {size / 2**20:.0f} MiB unzipped; Lambda takes 250 MiB.",
            hint=f"Remove a package from {requirements_of(handler).name}.",
        )
    return files
