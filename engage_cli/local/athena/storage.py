"""S3 as the engine sees it: objects that are files, and a way to add or remove objects."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from engage_cli.local.athena.errors import QueryError


@dataclass(frozen=True)
class StoredObject:
    """An object: its key, size in bytes, and the file that holds it."""

    bucket: str
    key: str
    size: int
    path: Path

    @property
    def uri(self) -> str:
        """Return the `s3://` address."""
        return f"s3://{self.bucket}/{self.key}"


class ObjectStore(Protocol):
    """What the engine asks of S3."""

    root: Path

    def objects(self, location: str) -> list[StoredObject]:
        """Return the objects below `s3://bucket/prefix`, without hidden and empty ones, by key."""

    def is_empty(self, location: str) -> bool:
        """Say whether there is no object at all below a location."""

    def file(self, uri: str) -> Path | None:
        """Return the file of an object, or None if there is no such object."""

    def put_file(self, uri: str, file: Path, content_type: str) -> None:
        """Move a file into S3 as an object."""

    def delete(self, uri: str) -> None:
        """Delete an object."""


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` address. Raises QueryError for anything else."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise QueryError("", f"Invalid S3 location: {uri}")
    return bucket, key


def directory(location: str) -> str:
    """Return a location that ends with a slash."""
    return location if location.endswith("/") else location + "/"


def hidden(relative_key: str) -> bool:
    """Say whether Hive ignores a key: a part of it starts with `_` or `.`."""
    return any(part.startswith(("_", ".")) for part in relative_key.split("/"))


def file_digest(file: Path) -> str:
    """Return the MD5 of a file as hex, read in pieces."""
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


class MiniStackStore:
    """MiniStack's S3 of the request's account.

    With S3_PERSIST=1 each object is the file S3_DATA_DIR/<account>/<bucket>/<key>. An object is added
    by moving its file there and then entering a record without a body in MiniStack's bucket, exactly
    what its own PutObject leaves behind after persisting; so no output is ever held in memory.
    """

    def __init__(self) -> None:
        from ministack.services import s3

        if not s3.S3_PERSIST:
            raise RuntimeError("The local Athena reads objects as files: start MiniStack with S3_PERSIST=1.")
        self._s3 = s3
        self.root = Path(os.path.realpath(s3.DATA_DIR))

    def _bucket(self, name: str) -> dict[str, dict[str, dict[str, object]]]:
        bucket: dict[str, dict[str, dict[str, object]]] | None = self._s3._buckets.get(name)
        if bucket is None:
            raise QueryError("", f"Bucket {name} does not exist (NoSuchBucket)")
        return bucket

    def _path(self, bucket: str, key: str) -> Path:
        path = self._s3._object_disk_path(bucket, key)
        if path is None:
            raise QueryError("", f"Key cannot be stored: s3://{bucket}/{key}")
        return Path(os.path.realpath(path))

    def objects(self, location: str) -> list[StoredObject]:
        """Return the objects below a location, without hidden and empty ones, by key."""
        name, prefix = split_uri(directory(location))
        found = []
        for key, record in list(self._bucket(name)["objects"].items()):
            if not key.startswith(prefix) or hidden(key[len(prefix) :]):
                continue
            size = record.get("size")
            if isinstance(size, int) and size > 0:
                found.append(StoredObject(name, key, size, self._path(name, key)))
        return sorted(found, key=lambda item: item.key)

    def is_empty(self, location: str) -> bool:
        """Say whether there is no object at all below a location."""
        name, prefix = split_uri(directory(location))
        return not any(key.startswith(prefix) for key in list(self._bucket(name)["objects"]))

    def file(self, uri: str) -> Path | None:
        """Return the file of an object, or None if there is no such object."""
        name, key = split_uri(uri)
        return self._path(name, key) if key in self._bucket(name)["objects"] else None

    def put_file(self, uri: str, file: Path, content_type: str) -> None:
        """Move a file into S3 as an object."""
        name, key = split_uri(uri)
        bucket = self._bucket(name)
        size = file.stat().st_size
        etag = f'"{file_digest(file)}"'
        record = self._s3._build_object_record(b"", {"content-type": content_type}, etag=etag)
        record["size"] = size
        record["body"] = None
        record["preserved_headers"].update(self._s3._bucket_default_sse_headers(name))
        prior = bucket["objects"].get(key)
        target = self._path(name, key)
        target.parent.mkdir(parents=True, exist_ok=True)
        # The version that is displaced must be saved before its file is replaced.
        version = self._s3._record_object_version(name, key, prior, record, None)
        shutil.move(file, target)
        bucket["objects"][key] = record
        self._s3._persist_object(name, key, record)
        self._s3._fire_s3_event_async(
            name, key, "s3:ObjectCreated:Put", size=size, etag=etag, version_id=version
        )

    def delete(self, uri: str) -> None:
        """Delete an object."""
        name, key = split_uri(uri)
        self._s3._delete_object(name, key, {})


def partition_path(keys: list[str], values: tuple[str, ...]) -> str:
    """Return `key=value/...` of a partition, values escaped as Hive escapes them."""
    return "/".join(f"{key}={_escape(value)}" for key, value in zip(keys, values, strict=True))


def _escape(value: str) -> str:
    return "".join(
        c if c not in "\"#%'*/:=?\\{}[]^\x7f" and ord(c) >= 32 else f"%{ord(c):02X}" for c in value
    )


def unescape(value: str) -> str:
    """Return the value behind a Hive path segment."""
    return unquote(value)
