"""S3 objects as files that a kill at any moment leaves whole: the old object or the new one, never a mix.

MiniStack keeps an object's bytes in one file and its metadata in a sidecar beside it. Both are written
under temporary names first; then the sidecar takes its place, then the bytes. A temporary file of bytes
without its sidecar's therefore means that only the last step is missing, and `repair` takes it.
"""

import contextvars
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

logger = logging.getLogger("engage.s3")

_TEMPORARY, _SIDECAR = ".tmp", ".meta.json"
_VERSIONS = ".versions"

failures: contextvars.ContextVar[list[OSError] | None] = contextvars.ContextVar("s3_failures", default=None)
"""Where the request that is being served collects the disk's refusals; its answer must not be a success."""


def wrap_persist_object(original: Callable[..., None]) -> Callable[..., None]:
    """Write an object so that it is whole; what the disk refuses is the caller's to know."""
    from ministack.services import s3

    def persist_object(bucket: str, key: str, obj: Any) -> None:
        path = s3._object_disk_path(bucket, key)
        if not isinstance(obj, dict) or path is None:
            original(bucket, key, obj)
            return
        sidecar = path + _SIDECAR
        meta = {**s3._object_meta_from_record(obj), **s3._key_history_meta(bucket, key), "key": key}
        body = obj.get("body")
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            _write(sidecar + _TEMPORARY, json.dumps(meta).encode())
            if body is not None:
                _write(path + _TEMPORARY, body)
            os.replace(sidecar + _TEMPORARY, sidecar)
            if body is not None:
                os.replace(path + _TEMPORARY, path)
            folder = os.path.join(s3.DATA_DIR, s3.get_account_id(), bucket)
            s3._remove_key_files(s3._other_key_disk_path(folder, key, path))
        except OSError as error:
            for temporary in (path + _TEMPORARY, sidecar + _TEMPORARY):
                Path(temporary).unlink(missing_ok=True)
            _fail(error)
        # The file has it now.
        obj["body"] = None

    return persist_object


def wrap_delete_persisted_object(original: Callable[..., None]) -> Callable[..., None]:
    """Remove an object's files; what the disk refuses is the caller's to know."""
    from ministack.services import s3

    def delete_persisted_object(bucket: str, key: str) -> None:
        try:
            path = s3._object_disk_path(bucket, key)
            if path is not None:
                s3._remove_key_files(path)
                folder = os.path.join(s3.DATA_DIR, s3.get_account_id(), bucket)
                s3._remove_key_files(s3._other_key_disk_path(folder, key, path))
        except OSError as error:
            _fail(error)

    return delete_persisted_object


def repair(root: Path) -> int:
    """Finish or undo what a kill interrupted under `root`, before MiniStack loads; the number of files."""
    touched = 0
    for folder, _, names in os.walk(root):
        # Bytes first: whether their sidecar's temporary file is still there decides what they are.
        for name in sorted(names, key=lambda name: name.endswith(_SIDECAR + _TEMPORARY)):
            # A key that ends like a temporary file is stored under an encoded name, so this is none.
            if not name.endswith(_TEMPORARY):
                continue
            touched += 1
            temporary = os.path.join(folder, name)
            final = temporary[: -len(_TEMPORARY)]
            waits = os.path.exists(final + _SIDECAR + _TEMPORARY)
            if final.endswith(_SIDECAR) or waits or _VERSIONS in Path(folder).parts:
                os.remove(temporary)
            elif _size_told(final + _SIDECAR) == os.path.getsize(temporary):
                os.replace(temporary, final)
            else:
                os.remove(temporary)
    return touched


def _write(path: str, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def _size_told(sidecar: str) -> int | None:
    try:
        with open(sidecar, encoding="utf-8") as file:
            size: int | None = json.load(file).get("size")
    except (OSError, ValueError):
        return None
    return size


def _fail(error: OSError) -> None:
    logger.error("an object could not be written: %s", error)
    collected = failures.get()
    if collected is not None:
        collected.append(error)
    raise error
