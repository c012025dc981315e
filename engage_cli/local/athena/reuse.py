"""Result reuse by age: the result of an earlier run of the same query, if it is young enough.

As on AWS the data are not looked at: a result may be older than what is in the tables by now.
"""

import time
from collections.abc import Iterable
from typing import Any

from sqlglot import exp

from engage_cli.local.athena.dialect import parse_query
from engage_cli.local.athena.errors import QueryError, RequestError

_DEFAULT_MINUTES, _MAX_MINUTES = 60, 10_080
_UNSTABLE = frozenset({"now", "rand", "random", "uuid", "shuffle", "current_timestamp", "current_date",
                       "current_time", "localtime", "localtimestamp"})  # fmt: skip


def max_age(request: dict[str, Any]) -> int | None:
    """Return for how many minutes results may be reused, None if not at all. Raises RequestError."""
    asked = (request.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    if not asked.get("Enabled"):
        return None
    minutes = asked.get("MaxAgeInMinutes", _DEFAULT_MINUTES)
    if not isinstance(minutes, int) or not 0 <= minutes <= _MAX_MINUTES:
        raise RequestError(f"MaxAgeInMinutes must be between 0 and {_MAX_MINUTES}")
    return minutes


def earlier(
    executions: Iterable[dict[str, Any]], execution: dict[str, Any], minutes: int
) -> dict[str, Any] | None:
    """Return the youngest execution whose result may stand for that of `execution`, or None."""
    if not _stable(execution["Query"]):
        return None
    same = ("Query", "QueryExecutionContext", "WorkGroup", "ExecutionParameters", "_output")
    oldest = time.time() - minutes * 60
    found = [
        each
        for each in executions
        if each["Status"]["State"] == "SUCCEEDED"
        and each.get("SubstatementType") == "SELECT"
        and not each["Statistics"].get("ResultReuseInformation", {}).get("ReusedPreviousResult")
        and each["Status"]["CompletionDateTime"] >= oldest
        and all(each.get(name) == execution.get(name) for name in same)
    ]
    return max(found, key=lambda each: float(each["Status"]["CompletionDateTime"]), default=None)


def _stable(sql: str) -> bool:
    try:
        tree = parse_query(sql)
    except QueryError:
        return False
    names = {str(node.this).lower() for node in tree.find_all(exp.Anonymous)}
    kinds = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.Localtime, exp.Localtimestamp)
    return not names & _UNSTABLE and tree.find(*kinds) is None
