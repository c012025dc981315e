"""Athena: run one statement to its end and hand back typed rows, bytes scanned and the query's id.

Every id is added to `LEDGER`, which `common.step` moves into the run object, so that the run can be
metered and priced from what Athena itself reports.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from common.aws import client
from common.errors import QueryError, TransientError

LEDGER: list[str] = []

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_SLOWER = 1.2  # a query of 3 s is seen to have ended after at most half a second more
_PAGE = 1000  # the most that GetQueryResults returns
# Reasons that Athena gives for its own passing problems, beside the Retryable flag.
_PASSING = ("exhausted resources", "throttl", "slowdown", "slow down", "internal error", "too many requests")


@dataclass(frozen=True)
class QueryResult:
    """A finished query. `rows` are dicts by column name with Python values (NULL is None)."""

    id: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    scanned_bytes: int = 0
    engine_ms: int = 0
    truncated: bool = False
    output_location: str | None = None

    def one(self) -> dict[str, Any]:
        """The only row of a query that must give exactly one."""
        if len(self.rows) != 1:
            raise QueryError(f"Query {self.id} gave {len(self.rows)} rows where one was expected.")
        return self.rows[0]


def run(
    sql: str,
    database: str,
    *,
    workgroup: str,
    max_rows: int = 1000,
    timeout: float = 780,
    sleep: Callable[[float], None] = time.sleep,
) -> QueryResult:
    """Runs `sql` and returns up to `max_rows` typed rows.

    Raises QueryError with Athena's reason when the query fails, TransientError when Athena says that
    the failure is passing or when `timeout` seconds are over (the query is then stopped).
    """
    query_id = start(sql, database, workgroup=workgroup)
    execution = wait(query_id, timeout=timeout, sleep=sleep)
    return _result(query_id, execution, max_rows)


def run_all(
    statements: Sequence[tuple[str, str]], *, workgroup: str, max_rows: int = 1000
) -> list[QueryResult]:
    """Runs `(sql, database)` pairs at the same time; results in the same order, the first error raised."""
    client("athena")  # made before the threads: boto3 clients may be shared, not created, concurrently
    with ThreadPoolExecutor(max_workers=max(1, min(5, len(statements)))) as pool:
        jobs = [pool.submit(run, sql, db, workgroup=workgroup, max_rows=max_rows) for sql, db in statements]
        return [job.result() for job in jobs]


def start(sql: str, database: str, *, workgroup: str) -> str:
    """Starts the query and returns its id (recorded in LEDGER).

    Never with result reuse, which does not look whether the data have changed since.
    """
    answer = client("athena").start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=workgroup
    )
    query_id = str(answer["QueryExecutionId"])
    LEDGER.append(query_id)
    return query_id


def wait(query_id: str, *, timeout: float, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Polls (first after 50 ms, then ever slower up to 1 s) until the query ends; its QueryExecution."""
    pause, waited = _FIRST_PAUSE, 0.0
    while True:
        execution: dict[str, Any] = client("athena").get_query_execution(QueryExecutionId=query_id)[
            "QueryExecution"
        ]
        state = execution["Status"]["State"]
        if state == "SUCCEEDED":
            return execution
        if state in ("FAILED", "CANCELLED"):
            raise _failure(query_id, execution)
        if waited >= timeout:
            client("athena").stop_query_execution(QueryExecutionId=query_id)
            raise TransientError(f"Athena query {query_id} was stopped: not finished after {timeout:.0f} s.")
        sleep(pause)
        waited += pause
        pause = min(pause * _SLOWER, _LONGEST_PAUSE)


def _failure(query_id: str, execution: dict[str, Any]) -> Exception:
    status = execution["Status"]
    reason = (
        status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or "no reason"
    )
    message = f"Athena query {query_id} {status['State'].lower()}: {reason}"
    passing = status.get("AthenaError", {}).get("Retryable") or any(w in reason.lower() for w in _PASSING)
    if passing:
        return TransientError(message)
    # The start of the statement tells which one it was; statements of the pipeline hold no personal values.
    statement = " ".join(str(execution.get("Query", "")).split())[:160]
    return QueryError(f"{message} (statement: {statement})", query_id=query_id)


def _result(query_id: str, execution: dict[str, Any], max_rows: int) -> QueryResult:
    statistics = execution.get("Statistics", {})
    measured: dict[str, Any] = {
        "scanned_bytes": int(statistics.get("DataScannedInBytes", 0)),
        "engine_ms": int(statistics.get("EngineExecutionTimeInMillis", 0)),
        "output_location": execution.get("ResultConfiguration", {}).get("OutputLocation"),
    }
    if execution.get("StatementType") != "DML" or max_rows <= 0:
        return QueryResult(query_id, **measured)
    columns: list[str] = []
    types: list[str] = []
    rows: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        extra = {"NextToken": token} if token else {}
        wanted = min(_PAGE, max_rows - len(rows) + (0 if columns else 1))
        page = client("athena").get_query_results(QueryExecutionId=query_id, MaxResults=wanted, **extra)
        texts = [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        if not columns:
            info = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            columns = [str(column.get("Label") or column["Name"]) for column in info]
            types = [str(column["Type"]).lower() for column in info]
            # The first row of the first page repeats the names (SELECT only: INSERT and UNLOAD have none).
            if texts and texts[0] == columns:
                texts = texts[1:]
        rows += [
            {n: _typed(v, t) for n, v, t in zip(columns, row, types, strict=True)} for row in texts if columns
        ]
        token = page.get("NextToken")
        if not token or len(rows) >= max_rows:
            return QueryResult(
                query_id,
                rows[:max_rows],
                columns,
                types,
                truncated=bool(token) or len(rows) > max_rows,
                **measured,
            )


def _typed(value: str | None, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("tinyint", "smallint", "integer", "int", "bigint"):
        return int(value)
    if kind in ("double", "float", "real"):
        return float(value)
    if kind.startswith("decimal"):
        return Decimal(value)
    if kind == "boolean":
        return value.lower() == "true"
    if kind == "date":
        return date.fromisoformat(value)
    return value
