"""Scores a shard of a run, or with the argument `bulk` a list of customers.

`python -m inference`: RUN_ID and SHARD name the shard; the model is MODEL_VERSION, else the
specification's, else the champion. `python -m inference bulk`: JOB_ID names `bulk/<JOB_ID>/request.jsonl`,
or BULK_KEY and RESULT_KEY name the request and the result. See `shards` and `bulk`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from engage_ml import contract, registry, task

from . import bulk, shards


def score_shard_task(log: task.JsonLog) -> None:
    """One shard of batch inference, from the environment."""
    run_id = task.run_id_variable()
    text = task.variable("SHARD")
    if not text.isdecimal():
        raise contract.ContractError(f"SHARD {text!r} is not a number.")
    store = registry.S3Store(task.variable("LAKE_BUCKET"))
    log("started", run_id=run_id, shard=int(text))
    with tempfile.TemporaryDirectory(prefix="engage-inference-") as folder:
        rows = shards.score_shard(
            store,
            run_id,
            int(text),
            os.environ.get("MODEL_VERSION") or None,
            task.threads(),
            log,
            Path(folder),
        )
    log.metrics({"PredictionsWritten": rows}, {"PredictionsWritten": "Count"})


def bulk_task(log: task.JsonLog) -> None:
    """A bulk request, from the environment."""
    request = bulk.request_from(os.environ)
    store = registry.S3Store(task.variable("LAKE_BUCKET"))
    log("started", key=request.key)
    scored, unknown = bulk.answer(store, request, task.threads())
    log("result written", key=request.result_key, predictions=scored, not_found=unknown)
    log.metrics({"BulkPredictions": scored}, {"BulkPredictions": "Count"})


def main(arguments: list[str]) -> int:
    """The entry point; returns the exit code."""
    if arguments not in ([], ["bulk"]):
        print(f"error: unknown arguments {arguments}; the only one is `bulk`.", file=sys.stderr)
        return 1
    work, service = (bulk_task, "bulk") if arguments else (score_shard_task, "inference")
    log = task.JsonLog(service)
    return task.run_task(log, lambda: work(log))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
