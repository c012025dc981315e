"""What a run has written and nobody reads: found and removed, by `prepare` and by `cleanup`.

Nothing that a reader can reach is touched: a prefix that a partition or `online/current.json` points
at stays, whichever run wrote it. Models stay too: one that nobody promoted is small and explains the run.
"""

from typing import Any

from common import catalog, names, s3
from common.aws import client
from common.settings import Settings


def clear(settings: Settings, run_id: str, as_of: str | None, *, keep_quarantine: bool) -> dict[str, Any]:
    """Removes the unpublished outputs of `run_id`; `{"tables": [...], "objects": {prefix: count}}`.

    `keep_quarantine` leaves the rejected rows for a person to look at (their tables still go).
    """
    bucket = settings.lake_bucket
    removed: dict[str, int] = {}
    for prefix in _unread_prefixes(settings, run_id, as_of, keep_quarantine=keep_quarantine):
        count = s3.delete_prefix(bucket, prefix)
        if count:
            removed[prefix] = count
    made = [*names.temporary_tables(run_id), names.outcomes_table(run_id)]
    tables = catalog.drop_tables(settings.lake_database, made)
    return {"tables": tables, "objects": removed}


def _unread_prefixes(
    settings: Settings, run_id: str, as_of: str | None, *, keep_quarantine: bool
) -> list[str]:
    bucket = settings.lake_bucket
    prefixes = [names.processed_prefix(run_id), names.features_prefix(run_id)]
    if not keep_quarantine:
        prefixes.append(names.quarantine_prefix(run_id))
    current = s3.get_json(bucket, names.CURRENT_KEY) or {}
    if current.get("run_id") != run_id:
        prefixes.append(names.online_prefix(run_id))
    if as_of:
        for table, prefix in (
            ("predictions", names.predictions_prefix(as_of, run_id)),
            ("qa_sample", names.qa_prefix(as_of, run_id)),
            ("segments", names.segments_prefix(as_of, run_id)),
        ):
            location = catalog.partition_location(settings.lake_database, table, as_of)
            if (location or "").rstrip("/") != f"s3://{bucket}/{prefix}".rstrip("/"):
                prefixes.append(prefix)
    return prefixes


def stop_queries(settings: Settings, run_id: str) -> int:
    """Stops the queries that still write tables of `run_id`, so that nothing appears after the clean-up.

    Only the newest 50 queries of the workgroup are looked at: an abandoned one is among them.
    """
    athena = client("athena")
    recent = athena.list_query_executions(WorkGroup=settings.workgroup, MaxResults=50)["QueryExecutionIds"]
    if not recent:
        return 0
    found = athena.batch_get_query_execution(QueryExecutionIds=recent)["QueryExecutions"]
    running = [
        item["QueryExecutionId"]
        for item in found
        if item["Status"]["State"] in ("QUEUED", "RUNNING") and names.rid(run_id) in item.get("Query", "")
    ]
    for query_id in running:
        athena.stop_query_execution(QueryExecutionId=query_id)
    return len(running)
