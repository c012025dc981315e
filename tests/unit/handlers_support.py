"""Support for the tests of the handlers: moto for S3 and DynamoDB, a catalog in memory (moto's Glue needs a
package that we do not lock), and an Athena that really runs the statements, on DuckDB, over the objects in
moto's S3.
"""

from __future__ import annotations

import importlib.util
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from botocore.exceptions import ClientError
from moto import mock_aws
from sqlglot import exp

ROOT = Path(__file__).parents[2]
HANDLERS = ROOT / "handlers"
for folder in (HANDLERS, ROOT / "containers"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

ENVIRONMENT = {
    "ENGAGE_ENV": "test",
    "RAW_BUCKET": "raw",
    "LAKE_BUCKET": "lake",
    "RAW_DATABASE": "engage_test_raw",
    "LAKE_DATABASE": "engage_test",
    "WORKGROUP": "engage-test",
    "METRICS_NAMESPACE": "Engage",
    "CACHE_TABLE": "engage-test-cache",
    "CACHE_TTL_SECONDS": "3600",
    "BULK_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:engage-test-bulk",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def load(handler: str) -> ModuleType:
    """The module `app` of a handler, with its neighbours imported as in its zip."""
    folder = HANDLERS / handler
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(f"handler_{handler}", folder / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
        # Neighbours have short names (cache, request): keep them out of the way of other tests.
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "") or "").startswith(f"{folder}/"):
                del sys.modules[name]
    return module


class MemoryGlue:
    """A Glue client with the verbs that the handlers use."""

    class exceptions:  # noqa: N801 - boto3 clients have their exceptions here
        ClientError = ClientError

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.partitions: dict[tuple[str, str, str], dict[str, Any]] = {}

    def create_table(self, DatabaseName: str, TableInput: dict[str, Any]) -> None:  # noqa: N803
        if (DatabaseName, TableInput["Name"]) in self.tables:
            raise _error("AlreadyExistsException", "CreateTable")
        self.tables[DatabaseName, TableInput["Name"]] = TableInput

    def get_table(self, DatabaseName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        return {"Table": self._find(self.tables, (DatabaseName, Name), "GetTable")}

    def update_table(self, DatabaseName: str, TableInput: dict[str, Any]) -> None:  # noqa: N803
        self._find(self.tables, (DatabaseName, TableInput["Name"]), "UpdateTable")
        self.tables[DatabaseName, TableInput["Name"]] = TableInput

    def delete_table(self, DatabaseName: str, Name: str) -> None:  # noqa: N803
        self._find(self.tables, (DatabaseName, Name), "DeleteTable")
        del self.tables[DatabaseName, Name]

    def get_partition(self, DatabaseName: str, TableName: str, PartitionValues: list[str]) -> Any:  # noqa: N803
        key = (DatabaseName, TableName, PartitionValues[0])
        return {"Partition": self._find(self.partitions, key, "GetPartition")}

    def create_partition(self, DatabaseName: str, TableName: str, PartitionInput: Any) -> None:  # noqa: N803
        key = (DatabaseName, TableName, PartitionInput["Values"][0])
        if key in self.partitions:
            raise _error("AlreadyExistsException", "CreatePartition")
        self.partitions[key] = PartitionInput

    def update_partition(
        self,
        DatabaseName: str,  # noqa: N803
        TableName: str,  # noqa: N803
        PartitionValueList: list[str],  # noqa: N803
        PartitionInput: dict[str, Any],  # noqa: N803
    ) -> None:
        key = (DatabaseName, TableName, PartitionValueList[0])
        self._find(self.partitions, key, "UpdatePartition")
        self.partitions[key] = PartitionInput

    def _find(self, where: dict[Any, Any], key: tuple[str, ...], operation: str) -> Any:
        if key not in where:
            raise _error("EntityNotFoundException", operation)
        return where[key]


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def glue() -> MemoryGlue:
    """The catalog of the installation."""
    from common import aws

    found: MemoryGlue = aws.CLIENTS["glue"]
    return found


def s3() -> Any:
    """The S3 client that the handlers have too: a new one would take longer than what is asked of it."""
    from common import aws

    return aws.client("s3")


class DuckAthena:
    """An Athena client with the verbs that the handlers use; `fails` maps text to (reason, retryable)."""

    def __init__(self) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET threads = 1")
        self.db.execute("CREATE MACRO to_utf8(x) AS x")
        self.db.execute("CREATE MACRO to_hex(x) AS upper(x)")
        self.db.execute("CREATE MACRO from_base(x, b) AS ('0x' || x)::BIGINT")
        self._one_at_a_time = threading.Lock()
        self.statements: list[str] = []
        self.stopped: list[str] = []
        self.fails: dict[str, tuple[str, bool]] = {}
        self.running: dict[str, str] = {}
        self._results: dict[str, dict[str, Any]] = {}

    def start_query_execution(self, QueryString: str, **request: Any) -> dict[str, str]:  # noqa: N803
        with self._one_at_a_time:
            # As Athena does: an earlier result of the same text, whatever has changed since.
            earlier = next((q for q, result in self._results.items() if result["sql"] == QueryString), None)
            if "ResultReuseConfiguration" in request and earlier:
                return {"QueryExecutionId": earlier}
            return self._start(QueryString)

    def _start(self, QueryString: str) -> dict[str, str]:  # noqa: N803
        query_id = f"q-{len(self.statements)}"
        self.statements.append(QueryString)
        failure = next((f for text, f in self.fails.items() if text in QueryString), None)
        result: dict[str, Any] = {"sql": QueryString, "type": "DML"}
        if failure:
            result["failure"] = failure
        elif QueryString.lstrip().upper().startswith("CREATE TABLE"):
            self._create(QueryString)
            result["type"] = "DDL"
        else:
            result["table"] = self._run(sqlglot.parse_one(QueryString, read="athena"))
        self._results[query_id] = result
        return {"QueryExecutionId": query_id}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803
        if QueryExecutionId in self.running:
            return {"QueryExecution": {"Status": {"State": "RUNNING"}}}
        result = self._results[QueryExecutionId]
        status: dict[str, Any] = {"State": "SUCCEEDED"}
        if "failure" in result:
            reason, retryable = result["failure"]
            status = {
                "State": "FAILED",
                "StateChangeReason": reason,
                "AthenaError": {"Retryable": retryable},
            }
        return {
            "QueryExecution": {
                "QueryExecutionId": QueryExecutionId,
                "Query": result["sql"],
                "StatementType": result["type"],
                "Status": status,
                "Statistics": {"DataScannedInBytes": 1234, "EngineExecutionTimeInMillis": 5},
            }
        }

    def get_query_results(
        self,
        QueryExecutionId: str,  # noqa: N803
        MaxResults: int,  # noqa: N803
        NextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        table: pa.Table = self._results[QueryExecutionId]["table"]
        rows = [table.column_names] + [[_text(v) for v in row.values()] for row in table.to_pylist()]
        first = int(NextToken)
        page = rows[first : first + MaxResults]
        answer: dict[str, Any] = {
            "ResultSet": {
                "Rows": [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in page],
                "ResultSetMetadata": {
                    "ColumnInfo": [{"Name": f.name, "Type": _athena_type(f.type)} for f in table.schema]
                },
            }
        }
        if first + MaxResults < len(rows):
            answer["NextToken"] = str(first + MaxResults)
        return answer

    def stop_query_execution(self, QueryExecutionId: str) -> None:  # noqa: N803
        self.stopped.append(QueryExecutionId)
        self.running.pop(QueryExecutionId, None)

    def list_query_executions(self, WorkGroup: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"QueryExecutionIds": list(self.running)[:MaxResults]}

    def batch_get_query_execution(self, QueryExecutionIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {
            "QueryExecutions": [
                {"QueryExecutionId": q, "Query": self.running[q], "Status": {"State": "RUNNING"}}
                for q in QueryExecutionIds
            ]
        }

    def _create(self, sql: str) -> None:
        tree = sqlglot.parse_one(sql, read="athena")
        location = (
            next(p.this.name for p in tree.find_all(exp.LocationProperty))
            if tree.find(exp.LocationProperty)
            else sql.split("external_location = '")[1].split("'")[0]
        )
        table = self._run(tree.expression)
        target = tree.this.find(exp.Table)
        assert target is not None
        bucket, prefix = location.removeprefix("s3://").split("/", 1)
        put_parquet(bucket, f"{prefix}0000", table)
        create_table(target.db, target.name, location, table)

    def _run(self, tree: exp.Expression) -> pa.Table:
        aliases = {cte.alias for cte in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            if table.db and table.name not in aliases:
                flat = f"{table.db}__{table.name}"
                self.db.register(flat, read_glue_table(table.db, table.name))
                alias = table.alias or table.name
                table.replace(exp.to_table(flat).as_(alias))
        return self.db.sql(tree.sql(dialect="duckdb")).to_arrow_table()


def read_glue_table(database: str, name: str) -> pa.Table:
    """The rows behind a table of the catalog; `week=...` and `as_of=...` folders become a column."""
    location = glue().get_table(database, name)["Table"]["StorageDescriptor"]["Location"]
    bucket, prefix = location.removeprefix("s3://").split("/", 1)
    parts = []
    for item in s3().list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
        part = read_parquet(bucket, item["Key"])
        for piece in item["Key"].split("/"):
            key, _, value = piece.partition("=")
            if key in ("week", "as_of"):
                part = part.append_column(key, pa.array([value] * part.num_rows, pa.string()))
        parts.append(part)
    return pa.concat_tables(parts)


def read_parquet(bucket: str, key: str) -> pa.Table:
    body = s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    return pq.read_table(io.BytesIO(body))


def put_parquet(bucket: str, key: str, table: pa.Table) -> None:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    s3().put_object(Bucket=bucket, Key=key, Body=sink.getvalue())


def create_table(database: str, name: str, location: str, table: pa.Table) -> None:
    """A table of the catalog with the columns of an Arrow table."""
    columns = [{"Name": f.name, "Type": _athena_type(f.type)} for f in table.schema]
    glue().create_table(
        DatabaseName=database,
        TableInput={"Name": name, "StorageDescriptor": {"Location": location, "Columns": columns}},
    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _athena_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "bigint"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    names = {pa.float64(): "double", pa.float32(): "float", pa.bool_(): "boolean", pa.date32(): "date"}
    return names.get(kind, "varchar")


@contextmanager
def cloud(monkeypatch: Any) -> Iterator[DuckAthena]:
    """An empty installation in moto, with the environment of the functions."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    from common import athena, aws

    with mock_aws():
        # One for all installations, since it has read the models of the services already.
        boto3.DEFAULT_SESSION = _session()
        aws.CLIENTS.clear()
        athena.LEDGER.clear()
        for bucket in ("raw", "lake"):
            s3().create_bucket(Bucket=bucket)
        aws.CLIENTS["glue"] = MemoryGlue()
        from engage_ml.data_contract import DEFAULT
        from engage_ml.prediction_table import prediction_table
        from engage_ml.segments import TABLE

        for name in ("predictions", "qa_sample", "segments"):
            columns = TABLE if name == "segments" else prediction_table(DEFAULT)
            glue().create_table(
                DatabaseName="engage_test",
                TableInput={
                    "Name": name,
                    "PartitionKeys": [{"Name": "as_of", "Type": "string"}],
                    "StorageDescriptor": {
                        "Location": f"s3://lake/{name}/",
                        "Columns": [{"Name": n, "Type": t} for n, t in columns],
                    },
                },
            )
        fake = DuckAthena()
        aws.CLIENTS["athena"] = fake
        try:
            yield fake
        finally:
            aws.CLIENTS.clear()


@cache
def _session() -> boto3.Session:
    return boto3.Session()
