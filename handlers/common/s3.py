"""S3 verbs of this product: objects, JSON documents and prefixes of one bucket.

A missing object is `None`, never an exception to be told apart by its code. Deleting a prefix is
done 1,000 keys a call and reports how many went.
"""

import json
from collections.abc import Iterator
from typing import Any

from common.aws import client, error_code
from common.errors import TransientError

_MISSING = {"NoSuchKey", "404", "NotFound"}
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


def get_bytes(bucket: str, key: str, *, first: int | None = None, last: int | None = None) -> bytes | None:
    """The object's bytes, or bytes `first`..`last` (both inclusive) of it; None when it does not exist."""
    extra = {} if first is None else {"Range": f"bytes={first}-{'' if last is None else last}"}
    try:
        return bytes(client("s3").get_object(Bucket=bucket, Key=key, **extra)["Body"].read())
    except client("s3").exceptions.ClientError as error:
        if error_code(error) in _MISSING:
            return None
        raise


def get_json(bucket: str, key: str) -> dict[str, Any] | None:
    """The object as a JSON document; None when it does not exist."""
    body = get_bytes(bucket, key)
    return None if body is None else dict(json.loads(body))


def put_bytes(bucket: str, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
    """Writes the object: one put, so a reader sees the old bytes or the new ones, never half."""
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)


def put_json(bucket: str, key: str, document: dict[str, Any]) -> None:
    """Writes `document` as sorted, indented JSON (the same content gives the same bytes)."""
    body = json.dumps(document, indent=1, sort_keys=True, default=str).encode()
    put_bytes(bucket, key, body, "application/json")


def get_tagged(bucket: str, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """The object as a JSON document with its ETag, for `put_json_if`; (None, None) when it does not exist."""
    try:
        found = client("s3").get_object(Bucket=bucket, Key=key)
    except client("s3").exceptions.ClientError as error:
        if error_code(error) in _MISSING:
            return None, None
        raise
    return dict(json.loads(found["Body"].read())), str(found["ETag"])


def put_json_if(bucket: str, key: str, document: dict[str, Any], etag: str | None) -> None:
    """Writes the document only if the object still is the one with `etag` (None: is still not there).

    Raises TransientError, which is retried, when another writer was first.
    """
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    body = json.dumps(document, indent=1, sort_keys=True, default=str).encode()
    try:
        client("s3").put_object(
            Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition
        )
    except client("s3").exceptions.ClientError as error:
        if error_code(error) not in _LOST:
            raise
        raise TransientError(f"Another writer changed {key} meanwhile.") from error


def exists(bucket: str, key: str) -> bool:
    """Whether the object exists."""
    try:
        client("s3").head_object(Bucket=bucket, Key=key)
    except client("s3").exceptions.ClientError as error:
        if error_code(error) in _MISSING:
            return False
        raise
    return True


def keys(bucket: str, prefix: str) -> Iterator[str]:
    """Every key under `prefix`, in order."""
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            yield item["Key"]


def folders(bucket: str, prefix: str) -> list[str]:
    """The names of the "folders" directly under `prefix` (which ends in /), in order."""
    pages = (
        client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    )
    return [
        item["Prefix"][len(prefix) :].rstrip("/") for page in pages for item in page.get("CommonPrefixes", [])
    ]


def any_object(bucket: str, prefix: str) -> bool:
    """Whether an object with content (not an empty folder marker) is under `prefix`."""
    page = client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=10)
    return any(item["Size"] > 0 for item in page.get("Contents", []))


def delete_prefix(bucket: str, prefix: str) -> int:
    """Deletes every object under `prefix` and returns how many; the prefix must name a folder."""
    if not prefix.endswith("/") or prefix == "/":
        raise ValueError(f"refusing to delete by the prefix '{prefix}': it does not end in a folder")
    batch: list[dict[str, str]] = []
    deleted = 0
    for key in keys(bucket, prefix):
        batch.append({"Key": key})
        if len(batch) == 1000:
            deleted += _delete_batch(bucket, batch)
            batch = []
    return deleted + (_delete_batch(bucket, batch) if batch else 0)


def _delete_batch(bucket: str, batch: list[dict[str, str]]) -> int:
    answer = client("s3").delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
    failed = answer.get("Errors", [])
    if failed:
        first = failed[0]
        raise TransientError(
            f"{len(failed)} objects of {bucket} were not deleted; first: {first['Key']} ({first['Code']})."
        )
    return len(batch)
