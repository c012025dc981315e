"""Athena queries of the program itself: small results for reports and look-ups."""

import time
from collections.abc import Callable
from typing import Any

from engage_cli.aws.errors import translated
from engage_cli.aws.session import Aws
from engage_cli.errors import CloudError


class QueryRunner:
    """Runs SELECT statements in the workgroup of an environment."""

    def __init__(
        self, aws: Aws, workgroup: str, database: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._athena = aws.client("athena")
        self._workgroup = workgroup
        self._database = database
        self._sleep = sleep

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows as dicts of text (None for NULL). Raises CloudError with Athena's reason."""
        with translated("starting an Athena query"):
            query_id = self._athena.start_query_execution(
                QueryString=sql, WorkGroup=self._workgroup, QueryExecutionContext={"Database": self._database}
            )["QueryExecutionId"]
        delay = 0.03
        while True:
            with translated("watching an Athena query"):
                status = self._athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"][
                    "Status"
                ]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            self._sleep(delay)
            delay = min(delay * 1.5, 1)
        if status["State"] != "SUCCEEDED":
            raise CloudError(f"Athena could not run a query: {status.get('StateChangeReason', 'no reason')}")
        return self._fetch(query_id)

    def _fetch(self, query_id: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        names: list[str] = []
        with translated("reading the results of an Athena query"):
            for page in self._athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id):
                result = page["ResultSet"]
                values = [[c.get("VarCharValue") for c in row["Data"]] for row in result["Rows"]]
                if not names:
                    names = [c["Name"] for c in result["ResultSetMetadata"]["ColumnInfo"]]
                    values = values[1:]
                rows += [dict(zip(names, row, strict=True)) for row in values]
        return rows
