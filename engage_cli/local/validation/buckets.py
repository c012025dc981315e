"""What S3 rejects: names of buckets and keys, long lists, and bucket policies (S3 user guide)."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from engage_cli.local.validation import policies
from engage_cli.local.validation.refusal import Refused

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
MAX_KEY_BYTES, MAX_DELETED = 1024, 1000


def name_problem(name: str) -> str | None:
    """Why S3 has no such bucket name, or None."""
    if not _NAME.fullmatch(name) or name.startswith(_PREFIXES) or name.endswith(_SUFFIXES):
        return "The specified bucket is not valid."
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return None
    return "The specified bucket is not valid."


def check(method: str, path: str, body: bytes, query: Mapping[str, Any]) -> None:
    """Raise Refused for a path-style request that S3 rejects."""
    bucket, _, key = unquote(path.lstrip("/")).partition("/")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise Refused("KeyTooLongError", "Your key is too long")
    if method == "PUT" and bucket and not key and not query and name_problem(bucket):
        raise Refused("InvalidBucketName", str(name_problem(bucket)))
    if method == "PUT" and not key and "policy" in query:
        policies.check_bucket(body.decode("utf-8", "replace"), bucket)
    if method == "POST" and "delete" in query and body.count(b"<Key>") > MAX_DELETED:
        raise Refused("MalformedXML", "The XML you provided was not well-formed or did not validate.")
