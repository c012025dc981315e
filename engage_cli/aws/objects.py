"""Objects in S3: the verbs that the product needs."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import BoundedSemaphore, Lock
from typing import Any, Protocol

from engage_cli.aws.errors import error_code, translated
from engage_cli.aws.session import Aws
from engage_cli.errors import UserError

_DELETE_BATCH = 1000
_IN_FLIGHT = 16


class ObjectReader:
    """Reads objects of one bucket."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._s3 = aws.client("s3")
        self.bucket = bucket

    def exists(self, key: str) -> bool:
        from botocore.exceptions import ClientError

        with translated(f"reading s3://{self.bucket}/{key}"):
            try:
                self._s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as exc:
                if error_code(exc) in ("404", "NoSuchKey", "NotFound"):
                    return False
                raise
        return True

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, or None when there is no such object."""
        from botocore.exceptions import ClientError

        with translated(f"reading s3://{self.bucket}/{key}"):
            try:
                body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as exc:
                if error_code(exc) in ("NoSuchKey", "404"):
                    return None
                raise
        return body

    def get_tagged(self, key: str) -> tuple[bytes | None, str | None]:
        """Return the object's bytes and its ETag, or None twice when there is no such object."""
        from botocore.exceptions import ClientError

        with translated(f"reading s3://{self.bucket}/{key}"):
            try:
                found = self._s3.get_object(Bucket=self.bucket, Key=key)
            except ClientError as exc:
                if error_code(exc) in ("NoSuchKey", "404"):
                    return None, None
                raise
            return found["Body"].read(), found["ETag"]

    def get_json(self, key: str) -> Any:
        """Return the parsed JSON object, or None when there is no such object."""
        body = self.get(key)
        return None if body is None else json.loads(body)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below `prefix`, in order."""
        with translated(f"listing s3://{self.bucket}/{prefix}"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield item["Key"]

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders right below `prefix`, without their slash."""
        found: list[str] = []
        with translated(f"listing s3://{self.bucket}/{prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, Delimiter="/"
            )
            for page in pages:
                found += [p["Prefix"][len(prefix) :].rstrip("/") for p in page.get("CommonPrefixes", [])]
        return found


class ObjectStore(ObjectReader):
    """Reads and writes objects of one bucket."""

    def put(self, key: str, data: bytes, *, content_type: str | None = None) -> None:
        extra = {"ContentType": content_type} if content_type else {}
        with translated(f"writing s3://{self.bucket}/{key}"):
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=data, **extra)

    def put_if_unchanged(self, key: str, data: bytes, tag: str | None) -> None:
        """Write an object that still has the ETag `tag` (None: that still is not there), in one put.

        Raises UserError when it was changed meanwhile.
        """
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        with translated(f"writing s3://{self.bucket}/{key}"):
            try:
                self._s3.put_object(
                    Bucket=self.bucket, Key=key, Body=data, ContentType="application/json", **condition
                )
            except ClientError as exc:
                if error_code(exc) in ("PreconditionFailed", "ConditionalRequestConflict", "412", "409"):
                    raise UserError(
                        f"s3://{self.bucket}/{key} was changed by somebody else meanwhile.",
                        hint="Look at it again, then repeat the command.",
                    ) from exc
                raise

    def put_if_missing(self, key: str, data: bytes) -> bool:
        """Write an object whose key names its content; say whether it had to be written."""
        if self.exists(key):
            return False
        self.put(key, data)
        return True

    def delete(self, keys: Iterable[str]) -> int:
        """Delete the keys; return how many there were."""
        batch: list[str] = []
        count = 0
        for key in keys:
            batch.append(key)
            if len(batch) == _DELETE_BATCH:
                count += self._delete_batch(batch)
                batch = []
        return count + (self._delete_batch(batch) if batch else 0)

    def _delete_batch(self, keys: list[str]) -> int:
        with translated(f"deleting objects of s3://{self.bucket}"):
            answer = self._s3.delete_objects(
                Bucket=self.bucket, Delete={"Objects": [{"Key": k} for k in keys], "Quiet": True}
            )
        errors = answer.get("Errors", [])
        if errors:
            from engage_cli.errors import CloudError

            raise CloudError(
                f"s3://{self.bucket}/{errors[0]['Key']} could not be deleted: {errors[0].get('Message')}."
            )
        return len(keys)


class Puts(Protocol):
    """Takes an object: an `ObjectStore`, or one in memory."""

    def put(self, key: str, data: bytes) -> None: ...


class ParallelSink:
    """Writes objects with a few threads; at most `_IN_FLIGHT` are held in memory. Safe to call from threads.

    Use as a context manager: leaving it waits for every write and raises the first failure.
    """

    def __init__(self, store: Puts, threads: int = 4) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(max_workers=threads)
        self._slots = BoundedSemaphore(_IN_FLIGHT)
        self._lock = Lock()
        self._failure: BaseException | None = None
        self._pending: set[Future[None]] = set()

    def put(self, key: str, data: bytes) -> None:
        """Queue a write; blocks while too many are under way. Raises an earlier write's failure."""
        self._slots.acquire()
        self._raise_failure()
        future = self._pool.submit(self._store.put, key, data)
        with self._lock:
            self._pending.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        self._slots.release()
        with self._lock:
            self._pending.discard(future)
            if not future.cancelled() and self._failure is None:
                self._failure = future.exception()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def flush(self) -> None:
        """Wait for every write so far; raise the first failure."""
        with self._lock:
            pending = list(self._pending)
        wait(pending)
        self._raise_failure()

    def __enter__(self) -> "ParallelSink":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is None:
            self._raise_failure()
