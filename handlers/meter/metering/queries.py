"""Athena: data scanned by the run's queries, with the minimum that AWS bills for each."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from metering.records import Client, Used, not_metered

# AWS does not say whether its MB and TB are decimal; decimal gives the higher bill, so it is the one used.
MB = 10**6
MINIMUM_MB = 10
_ITEM = ("Athena", "SQL data scanned", "TB")
_BATCH = 50
_CTAS = re.compile(r"^\s*CREATE\s+TABLE\b.*?\bAS\b\s*\(?\s*(SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)


def load(client: Client, ids: Iterable[str]) -> tuple[list[dict[str, Any]], int]:
    """The query executions of `ids` (repeats dropped), and how many Athena no longer knows."""
    wanted = list(dict.fromkeys(ids))
    found: list[dict[str, Any]] = []
    for first in range(0, len(wanted), _BATCH):
        answer = client("athena").batch_get_query_execution(QueryExecutionIds=wanted[first : first + _BATCH])
        found += answer["QueryExecutions"]
    return found, len(wanted) - len(found)


def billed_mb(execution: dict[str, Any]) -> int:
    """Megabytes billed: rounded up, at least 10; 0 for DDL, failed queries and reused results."""
    statistics = execution.get("Statistics") or {}
    reused = (statistics.get("ResultReuseInformation") or {}).get("ReusedPreviousResult")
    # CREATE TABLE AS SELECT reads data and is billed as such, whatever it is called.
    is_dml = execution.get("StatementType") == "DML" or _CTAS.match(str(execution.get("Query", "")))
    if execution["Status"]["State"] not in ("SUCCEEDED", "CANCELLED") or reused or not is_dml:
        return 0
    return max(MINIMUM_MB, math.ceil(int(statistics.get("DataScannedInBytes", 0)) / MB))


def usage(executions: list[dict[str, Any]], missing: int) -> list[Used]:
    """One line for all queries of the run; one more when some of them cannot be found."""
    lines: list[Used] = []
    billed = [mb for mb in map(billed_mb, executions) if mb]
    if executions:
        scanned = sum(int((e.get("Statistics") or {}).get("DataScannedInBytes", 0)) for e in executions)
        at_minimum = sum(mb == MINIMUM_MB for mb in billed)
        lines.append(
            Used(
                *_ITEM[:2],
                Decimal(sum(billed)) / MB,
                _ITEM[2],
                f"{len(executions)} queries, {len(billed)} billed, {at_minimum} of them at the "
                f"{MINIMUM_MB} MB minimum; {scanned / MB:.1f} MB scanned",
                "BatchGetQueryExecution of the run's query ids: DataScannedInBytes, per query rounded up",
                assumption="MB and TB taken as decimal: AWS does not say",
            )
        )
    if missing:
        lines.append(not_metered(*_ITEM, f"{missing} queries that Athena does not know any more"))
    return lines


def facts(executions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bytes scanned and billed megabytes of each billed query: what an estimate needs to scale."""
    return [
        {
            "scanned_bytes": int((e.get("Statistics") or {}).get("DataScannedInBytes", 0)),
            "billed_mb": billed_mb(e),
        }
        for e in executions
        if billed_mb(e)
    ]
