"""S3: the run's own objects by prefix (bytes until the lifecycle removes them, PUTs), and the raw data."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from metering.records import Client, Scope, Used, not_metered

GIB = Decimal(2**30)  # a GB-month of S3 is 2^30 bytes for a month
MONTH_DAYS = Decimal(365) / 12
_SERVICE = "S3"
_STORAGE = "Standard storage, first 50 TB"
_PUT = "PUT/COPY/POST/LIST"


@dataclass(frozen=True)
class Stored:
    """Objects under a prefix: `owner` is "run" (this run wrote them) or "month" (kept whatever runs)."""

    bucket: str
    prefix: str
    objects: int
    bytes: int
    owner: str

    def to_json(self) -> dict[str, Any]:
        return {
            "prefix": self.prefix,
            "objects": self.objects,
            "bytes": self.bytes,
            "kept": self.owner == "month",
        }


def load(client: Client, scope: Scope, lake: str, raw: str, run_prefixes: list[str]) -> list[Stored]:
    """What is under the run's prefixes, the query results of the run, and the whole of the raw zone."""
    found = [_sum(client, lake, prefix, "run") for prefix in run_prefixes]
    found.append(_sum(client, lake, "athena-results/", "run", scope))
    found += [_sum(client, raw, prefix, "month") for prefix in ("customers/", "activity/")]
    return [stored for stored in found if stored.objects]


def _sum(client: Client, bucket: str, prefix: str, owner: str, scope: Scope | None = None) -> Stored:
    objects = [
        item["Size"]
        for item in _items(client, bucket, prefix)
        if scope is None or scope.covers(item["LastModified"])
    ]
    return Stored(bucket, prefix, len(objects), sum(objects), owner)


def _items(client: Client, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def usage(stored: list[Stored], lifecycle_days: int) -> list[Used]:
    """Storage, the PUTs that are certain, and the requests that nobody counts.

    Bytes of the run are charged to it for their whole life of `lifecycle_days`: runs per month times
    that is the steady state of the month.
    """
    lines: list[Used] = []
    for item in stored:
        ours = item.owner == "run"
        months = Decimal(lifecycle_days) / MONTH_DAYS if ours else Decimal(1)
        how = f"kept {lifecycle_days} days" if ours else "kept"
        lines.append(
            Used(
                _SERVICE,
                _STORAGE,
                Decimal(item.bytes) / GIB * months,
                "GB-month",
                f"{_short(item.prefix)}: {item.bytes / 10**6:.1f} MB in {item.objects} objects, {how}",
                "ListObjectsV2: sizes of the objects",
                per="run" if ours else "month",
            )
        )
    puts = sum(item.objects for item in stored if item.owner == "run")
    if puts:
        lines.append(
            Used(
                _SERVICE,
                _PUT,
                Decimal(puts),
                "request",
                f"{puts} objects written",
                "ListObjectsV2: one PUT for each object that is there",
                assumption="at least: parts of multipart uploads, lists, and objects written and removed "
                "again are not counted",
            )
        )
    reason = "S3 keeps no count of reads without paid request metrics or access logs"
    lines.append(not_metered(_SERVICE, "GET and others", "request", reason))
    return lines


def _short(prefix: str) -> str:
    """The folder that a prefix belongs to, without the run's id."""
    return prefix.split("/", 1)[0] + "/"
