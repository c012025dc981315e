"""One run publishes at a time: the partitions and the online pointer move together or not at all.

The lock is an object that is written only if it is absent (a conditional put, which S3 decides), and
removed at the end. A function that was ended by force leaves it behind: after Lambda's longest run time
another run may take it over, again with a conditional put, so that only one does.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from common.aws import client, error_code
from common.errors import TransientError

KEY = "online/publishing.json"
STALE_AFTER = timedelta(minutes=16)
"""Lambda ends a function after 15 minutes."""

_LOST = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


@contextmanager
def publishing(bucket: str, run_id: str) -> Iterator[None]:
    """Hold the lock. Raises TransientError, which is retried, while another run holds it."""
    etag = _holder_to_replace(bucket, run_id)
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    try:
        client("s3").put_object(
            Bucket=bucket, Key=KEY, Body=json.dumps({"run_id": run_id}).encode(), **condition
        )
    except client("s3").exceptions.ClientError as error:
        if error_code(error) not in _LOST:
            raise
        raise TransientError("Another run is publishing its predictions now.") from error
    try:
        yield
    finally:
        client("s3").delete_object(Bucket=bucket, Key=KEY)


def _holder_to_replace(bucket: str, run_id: str) -> str | None:
    """The ETag of a lock that may be taken over: our own of an earlier attempt, or a stale one."""
    try:
        found = client("s3").get_object(Bucket=bucket, Key=KEY)
    except client("s3").exceptions.ClientError as error:
        if error_code(error) in ("NoSuchKey", "404"):
            return None
        raise
    holder = json.loads(found["Body"].read()).get("run_id")
    if holder == run_id or datetime.now(UTC) - found["LastModified"] > STALE_AFTER:
        return str(found["ETag"])
    raise TransientError(f"The run {holder} is publishing its predictions now.")
