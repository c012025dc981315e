"""A usage document as the meter writes it, with round numbers, for the tests of costs and reports."""

import json
from typing import Any

RUN_ID = "run-20261123T060000-ab12"


def record(
    service: str, item: str, quantity: float | None, unit: str, *, detail: str = "", **more: Any
) -> dict[str, Any]:
    base = {"service": service, "item": item, "quantity": quantity, "unit": unit, "detail": detail}
    return {**base, "source": "test", "per": "run", "assumption": None, **more}


def task(family: str, start: float, run: float) -> dict[str, Any]:
    billed = max(60, -(-int(start + run) // 1))
    return {
        "family": family,
        "vcpu": 4.0,
        "memory_gb": 30.0,
        "architecture": "ARM64",
        "spot": False,
        "ephemeral_gb": 20,
        "start_seconds": start,
        "run_seconds": run,
        "billed_seconds": billed,
    }


def document(**changes: Any) -> dict[str, Any]:
    """100,000 customers in two shards."""
    inference, training = "engage-dev-inference", "engage-dev-training"
    records = [
        record("Step Functions", "Standard state transition", 24, "transition", detail="state machine"),
        record("Step Functions", "Standard state transition", 4, "transition", detail="map children"),
        record("Fargate", "Linux ARM64 vCPU", 4 * 180 / 3600, "vCPU-hour", detail=f"{training}: 1 x"),
        record("Fargate", "Linux ARM64 memory", 30 * 180 / 3600, "GB-hour", detail=f"{training}: 1 x"),
        record("Fargate", "Linux ARM64 vCPU", 4 * 120 / 3600, "vCPU-hour", detail=f"{inference}: 2 x"),
        record("Fargate", "Linux ARM64 memory", 30 * 120 / 3600, "GB-hour", detail=f"{inference}: 2 x"),
        record("Lambda", "requests", 9, "request"),
        record("Lambda", "ARM64 duration (tier 1)", 40, "GB-second", detail="features"),
        record("Athena", "SQL data scanned", 0.00052, "TB", detail="14 queries"),
        record("Glue", "Crawler", 1 / 3, "DPU-hour", assumption="unconfirmed: 2 DPUs"),
        record("S3", "Standard storage, first 50 TB", 0.5, "GB-month", detail="features/: 180 MB"),
        record("S3", "PUT/COPY/POST/LIST", 200, "request"),
        record("S3", "GET and others", None, "request", source="S3 keeps no count"),
        record("CloudWatch", "Logs ingest, Standard", 0.0004, "GB"),
        record("CloudWatch", "custom metric (incl. EMF), first 10,000", 14, "metric-month", per="month"),
        record("CloudWatch", "dashboard", 1, "dashboard-month", per="month"),
        record("Secrets Manager", "secret", 1, "secret-month", per="month"),
        record("S3", "Standard storage, first 50 TB", 0.2, "GB-month", detail="activity/", per="month"),
    ]
    states = [("Prepare", 1.2), ("Crawl", 8.1), ("Validate", 3.4), ("Split", 0.9), ("Features", 6.3)]
    states += [("Train", 31.7), ("Promote", 0.4), ("Inference", 21.9), ("Publish", 4.2), ("Meter", 0.8)]
    return {
        "schema_version": 1,
        "run_id": RUN_ID,
        "as_of": "2026-11-23",
        "trigger": "manual",
        "started": "2026-11-23T06:00:00+00:00",
        "finished": "2026-11-23T06:01:20+00:00",
        "seconds": 80.0,
        "customers": 100_000,
        "predictions": 100_000,
        "n_shards": 2,
        "map_children": 2,
        "failed_attempts": 0,
        "crawl_seconds": 8.0,
        "states": [{"state": n, "entries": 1, "seconds": s, "finished": n != "Meter"} for n, s in states],
        "tasks": [task(training, 30, 150), task(inference, 20, 40), task(inference, 20, 40)],
        "queries": [{"scanned_bytes": size * 10**6, "billed_mb": max(10, size)} for size in (3, 510)],
        "storage": [{"prefix": "features/", "objects": 12, "bytes": 180_000_000, "kept": False}],
        "records": records,
        **changes,
    }


def document_text(**changes: Any) -> str:
    return json.dumps(document(**changes))
