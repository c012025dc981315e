"""Lists too long for one answer: a job on Fargate, started through Step Functions, polled by the caller.

The request is written to `bulk/<job_id>/request.jsonl`, one `{"customer_id": ...}` a line; the task
writes `bulk/<job_id>/result.jsonl`, one prediction a line (`{"customer_id": ..., "not_found": true}`
for a customer that it does not know). The execution is named like the job, so its state is the job's.
"""

import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any

from common import s3
from common.aws import client, error_code
from common.errors import InputError
from common.settings import Settings

JOB_ID = re.compile(r"^job-\d{8}t\d{6}-[0-9a-f]{8}$")
PAGE_BYTES = 1_000_000
_STATES = {"RUNNING": "running", "SUCCEEDED": "succeeded", "PENDING_REDRIVE": "running"}


def start(settings: Settings, customer_ids: list[str], pointer: dict[str, Any]) -> dict[str, Any]:
    """Starts a job for `customer_ids` with the run and model of `pointer`; its id and status address."""
    job_id = f"job-{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(4)}"
    lines = "".join(json.dumps({"customer_id": customer_id}) + "\n" for customer_id in customer_ids)
    s3.put_bytes(settings.lake_bucket, f"bulk/{job_id}/request.jsonl", lines.encode(), "application/x-ndjson")
    client("stepfunctions").start_execution(
        stateMachineArn=settings.text("BULK_STATE_MACHINE_ARN"),
        name=job_id,
        input=json.dumps(
            {
                "job_id": job_id,
                "run_id": pointer["run_id"],
                "as_of": pointer["as_of"],
                "n_shards": pointer["n_shards"],
                "model_version": pointer["model_version"],
                "customers": len(customer_ids),
            }
        ),
    )
    return {"job_id": job_id, "status_url": f"/predict/{job_id}", "customers": len(customer_ids)}


def status(settings: Settings, job_id: str, offset_text: str | None) -> dict[str, Any] | None:
    """The job's state, and when it has succeeded a page of its predictions; None for an unknown job.

    A page holds whole lines of at most about 1 MB; `next` is the address of the page after it.
    """
    if not JOB_ID.match(job_id):
        return None
    execution = _describe(settings, job_id)
    if execution is None:
        return None
    state = _STATES.get(execution["status"], "failed")
    answer: dict[str, Any] = {"job_id": job_id, "status": state}
    if state == "failed":
        answer["error"] = {
            "code": str(execution.get("error") or execution["status"]),
            "message": "The job failed; its reason is in the logs (`engage logs --component bulk`).",
        }
    if state == "succeeded":
        answer |= page(settings.lake_bucket, job_id, _offset(offset_text))
    return answer


def page(bucket: str, job_id: str, offset: int) -> dict[str, Any]:
    """The predictions and unknown ids whose lines begin in the page at byte `offset` of the result."""
    key = f"bulk/{job_id}/result.jsonl"
    size = int(client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"])
    if offset >= size:
        return {"predictions": [], "not_found": [], "next": None}
    body = s3.get_bytes(bucket, key, first=offset, last=min(size, offset + PAGE_BYTES) - 1) or b""
    end = offset + len(body)
    if end < size:
        whole = body.rfind(b"\n") + 1
        if whole == 0:
            raise InputError("The offset is not the beginning of a line; use the address in `next`.")
        body, end = body[:whole], offset + whole
    try:
        rows = [json.loads(line) for line in body.splitlines() if line]
    except ValueError:
        raise InputError("The offset is not the beginning of a line; use the address in `next`.") from None
    return {
        "predictions": [row for row in rows if not row.get("not_found")],
        "not_found": [row["customer_id"] for row in rows if row.get("not_found")],
        "next": f"/predict/{job_id}?offset={end}" if end < size else None,
    }


def _describe(settings: Settings, job_id: str) -> dict[str, Any] | None:
    machine = settings.text("BULK_STATE_MACHINE_ARN")
    arn = machine.replace(":stateMachine:", ":execution:") + f":{job_id}"
    try:
        return dict(client("stepfunctions").describe_execution(executionArn=arn))
    except client("stepfunctions").exceptions.ClientError as error:
        if error_code(error) == "ExecutionDoesNotExist":
            return None
        raise


def _offset(text: str | None) -> int:
    if text is None or text == "":
        return 0
    if not text.isdecimal() or len(text) > 15:
        raise InputError("The offset must be a whole number; use the address in `next`.")
    return int(text)
