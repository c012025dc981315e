# ruff: noqa: E501 - statements read better on one line
"""The API over MiniStack's own stores, called in this process: no socket, no endpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_SCRIPT = """
import asyncio, json, time
from ministack.services import athena as ms_athena, glue, s3
from engage_cli.local.athena import service

def call(action, **request):
    headers = {"x-amz-target": f"AmazonAthena.{action}"}
    status, _, body = asyncio.run(service.handle("POST", "/", headers, json.dumps(request).encode(), {}))
    return status, json.loads(body)

def run(sql, **more):
    status, started = call("StartQueryExecution", QueryString=sql, WorkGroup="w",
                           QueryExecutionContext={"Database": "lake"}, **more)
    assert status == 200, started
    for _ in range(6000):
        execution = call("GetQueryExecution", QueryExecutionId=started["QueryExecutionId"])[1]["QueryExecution"]
        if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return execution
        time.sleep(0.02)
    raise AssertionError("query hangs")

def keys(prefix):
    return sorted(k for k in s3._buckets["lake"]["objects"] if k.startswith(prefix))

s3._create_bucket("lake", b"")
glue._create_database({"DatabaseInput": {"Name": "lake"}})
status, _ = call("CreateWorkGroup", Name="w", Configuration={
    "ResultConfiguration": {"OutputLocation": "s3://lake/athena-results/"}, "BytesScannedCutoffPerQuery": 10_000_000})
assert status == 200
out = {}
out["missing_workgroup"] = call("StartQueryExecution", QueryString="SELECT 1", WorkGroup="nope")
ctas = run("CREATE TABLE t WITH (external_location='s3://lake/t/', partitioned_by=ARRAY['p'], write_compression='SNAPPY') "
           "AS SELECT x, CAST(x AS double) / 4 AS y, CAST(x % 2 AS varchar) AS p FROM UNNEST(sequence(1, 2500)) AS u(x)")
out["ctas"] = ctas
out["ctas_result"] = call("GetQueryResults", QueryExecutionId=ctas["QueryExecutionId"])[1]
out["files"] = keys("t/")
status, _, body = s3._list_objects_v2("lake", {"prefix": ["t/"]})
out["listed"] = body.decode()
one = s3._get_object_data("lake", out["files"][0])
out["etag_matches"] = s3._buckets["lake"]["objects"][out["files"][0]]["etag"].strip('"') == __import__("hashlib").md5(one).hexdigest()
out["partitions"] = sorted(p["Values"][0] for p in glue._partitions["lake/t"])
select = run("SELECT x, y FROM t WHERE p = '0' ORDER BY x")
out["select"] = select
rows, token, pages = [], None, 0
while True:
    more = {"NextToken": token} if token else {}
    page = call("GetQueryResults", QueryExecutionId=select["QueryExecutionId"], **more)[1]
    rows += [[d.get("VarCharValue") for d in row["Data"]] for row in page["ResultSet"]["Rows"]]
    pages, token = pages + 1, page.get("NextToken")
    if not token:
        break
out["rows"], out["pages"], out["first"], out["last"] = len(rows), pages, rows[:2], rows[-1]
out["columns"] = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
out["results"] = keys("athena-results/" + select["QueryExecutionId"])
token = "a" * 32
ids = {call("StartQueryExecution", QueryString="SELECT 1", WorkGroup="w", ClientRequestToken=token)[1]["QueryExecutionId"]
       for _ in range(3)}
out["ids"] = len(ids)
out["mismatch"] = call("StartQueryExecution", QueryString="SELECT 2", WorkGroup="w", ClientRequestToken=token)
out["failed"] = run("SELECT * FROM nope")
out["enforced"] = run("SELECT 1", ResultConfiguration={"OutputLocation": "s3://lake/elsewhere/"})["ResultConfiguration"]
ms_athena._workgroups["w"]["Configuration"]["BytesScannedCutoffPerQuery"] = 1
out["cutoff"] = run("SELECT sum(y) FROM t")["Status"]
long = call("StartQueryExecution", WorkGroup="w", QueryString="SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) "
            "CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE (x * y + z) % 7 = 3")[1]["QueryExecutionId"]
time.sleep(0.3)
begun = time.time()
call("StopQueryExecution", QueryExecutionId=long)
while call("GetQueryExecution", QueryExecutionId=long)[1]["QueryExecution"]["Status"]["State"] not in ("CANCELLED", "FAILED"):
    assert time.time() - begun < 120
    time.sleep(0.05)
ms_athena._workgroups["w"]["Configuration"]["BytesScannedCutoffPerQuery"] = 10_000_000
def value(execution):
    page = call("GetQueryResults", QueryExecutionId=execution["QueryExecutionId"])
    return [[d.get("VarCharValue") for d in row["Data"]] for row in page[1]["ResultSet"]["Rows"]] if page[0] == 200 else page
sql = "SELECT count(*) AS n FROM t WHERE p = ? AND x > ?"
out["bound"] = value(run(sql, ExecutionParameters=["'0'", "2000"]))
out["injected"] = run(sql, ExecutionParameters=["'0'", "2000 OR true"])["Status"]
out["too_few"] = run(sql, ExecutionParameters=["'0'"])["Status"]
out["prepared"] = run("PREPARE mine FROM " + sql)["Status"]["State"]
out["executed"] = value(run("EXECUTE mine USING '0', 2400"))
out["executed_by_call"] = value(run("EXECUTE mine", ExecutionParameters=["'1'", "2400"]))
out["known"] = call("ListPreparedStatements", WorkGroup="w")[1]["PreparedStatements"][0]["StatementName"]
out["kept"] = call("GetPreparedStatement", WorkGroup="w", StatementName="mine")[1]["PreparedStatement"]["QueryStatement"]
out["updated"] = call("UpdatePreparedStatement", WorkGroup="w", StatementName="mine", QueryStatement="SELECT 1")[0]
out["batch"] = call("BatchGetPreparedStatement", WorkGroup="w", PreparedStatementNames=["mine", "other"])[1]
out["deallocated"] = run("DEALLOCATE PREPARE mine")["Status"]["State"]
out["unknown"] = run("EXECUTE mine")["Status"]
out["gone"] = call("GetPreparedStatement", WorkGroup="w", StatementName="mine")
out["not_prepared"] = call("CreatePreparedStatement", WorkGroup="w", StatementName="bad", QueryStatement="DROP TABLE t")
again = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}
first, second = run("SELECT sum(y) FROM t", **again), run("SELECT sum(y) FROM t", **again)
out["reused"] = [(e["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"], e["Statistics"]["DataScannedInBytes"] > 0) for e in (first, second)]
out["same_result"] = value(first) == value(second) and first["ResultConfiguration"] == second["ResultConfiguration"]
out["never_reused"] = [run("SELECT max(x), random() FROM t", **again)["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] for _ in range(2)]
out["too_old"] = call("StartQueryExecution", QueryString="SELECT 1", WorkGroup="w", ResultReuseConfiguration={"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 20_000}})
out["explained"] = value(run("EXPLAIN SELECT sum(y) FROM t"))[0]
out["valid"] = value(run("EXPLAIN (TYPE VALIDATE) SELECT sum(y) FROM t"))
out["invalid"] = run("EXPLAIN (TYPE VALIDATE) SELECT nope FROM t")["Status"]["StateChangeReason"]
analyzed = run("EXPLAIN ANALYZE SELECT sum(y) FROM t")
out["analyzed"] = analyzed["Statistics"]["DataScannedInBytes"], value(analyzed)[-1]
out["refused"] = run("EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1")["Status"]["StateChangeReason"]
unloaded = run("UNLOAD (SELECT x, y, p FROM t WHERE p = '0') TO 's3://lake/unloaded/' WITH (format = 'JSON', partitioned_by = ARRAY['p'])")
out["unloaded"] = unloaded["Status"]["State"], unloaded["SubstatementType"], unloaded["StatementType"], len(keys("unloaded/p=0/"))
out["manifest"] = sorted(k.rpartition("-")[2] for k in keys("athena-results/" + unloaded["QueryExecutionId"]))
run("CREATE DATABASE made")
run("CREATE EXTERNAL TABLE made.e (a int) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://lake/e/'")
run("ALTER TABLE made.e ADD PARTITION (p = 'x')")
run("ALTER TABLE made.e PARTITION (p = 'x') RENAME TO PARTITION (p = 'y')")
out["altered"] = run("ALTER TABLE made.e ADD COLUMNS (b string)")["Status"]["State"], value(run("SHOW COLUMNS IN made.e")), value(run("SHOW PARTITIONS made.e"))
out["information"] = value(run("SELECT table_name FROM information_schema.tables WHERE table_schema = 'made'"))
out["bucketed"] = run("CREATE TABLE made.b WITH (bucketed_by = ARRAY['x'], bucket_count = 2) AS SELECT x FROM t")["Status"]["State"], glue._tables["made/b"]["StorageDescriptor"]["NumberOfBuckets"], run("INSERT INTO made.b VALUES (1)")["Status"].get("StateChangeReason")
out["dropped"] = run("DROP DATABASE made CASCADE")["Status"]["State"], "made" in glue._databases
out["stopped"] = call("GetQueryExecution", QueryExecutionId=long)[1]["QueryExecution"]["Status"]["State"]
out["listed_ids"] = len(call("ListQueryExecutions", WorkGroup="w")[1]["QueryExecutionIds"])
json.dumps(ms_athena.get_state(), default=lambda v: str(v))
print(json.dumps(out))
"""


def test_the_api_runs_queries_over_ministacks_stores_and_registers_its_objects(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {
        **os.environ, "S3_PERSIST": "1", "S3_DATA_DIR": str(tmp_path / "s3"), "STATE_DIR": str(tmp_path / "state"),
        "PYTHONPATH": str(root),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    out = json.loads(done.stdout.splitlines()[-1])
    assert out["missing_workgroup"][0] == 400
    assert out["ctas"]["Status"]["State"] == "SUCCEEDED", out["ctas"]
    assert out["ctas"]["StatementType"] == "DDL"
    assert out["ctas_result"]["UpdateCount"] == 2500
    assert {key.split("/")[1] for key in out["files"]} == {"p=0", "p=1"}
    assert all(f"<Key>{key}</Key>" in out["listed"] for key in out["files"])
    assert out["etag_matches"]
    assert out["partitions"] == ["0", "1"]
    assert out["select"]["Statistics"]["DataScannedInBytes"] > 0
    assert (out["rows"], out["pages"]) == (1251, 2)
    assert out["first"] == [["x", "y"], ["2", "0.5"]]
    assert out["last"] == ["2500", "625.0"]
    assert [(c["Name"], c["Type"]) for c in out["columns"]] == [("x", "bigint"), ("y", "double")]
    assert [key.partition(".")[2] for key in out["results"]] == ["csv", "csv.metadata"]
    assert out["ids"] == 1
    assert out["mismatch"][0] == 400
    assert out["failed"]["Status"]["StateChangeReason"].startswith("TABLE_NOT_FOUND: line 1:15")
    assert out["enforced"]["OutputLocation"].startswith("s3://lake/athena-results/")
    assert out["cutoff"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert out["cutoff"]["State"] == "CANCELLED"
    _parameters(out)
    _catalog(out)
    assert out["reused"] == [[False, True], [True, False]]
    assert out["same_result"]
    assert out["never_reused"] == [False, False]
    assert out["too_old"][0] == 400
    assert out["explained"] == ["Plan of the local Athena (DuckDB's operators, not Trino's):"]
    assert out["valid"] == [["true"]]
    assert out["invalid"].startswith("COLUMN_NOT_FOUND")
    assert out["analyzed"][0] > 0
    assert out["analyzed"][1] == [f"Input: {out['analyzed'][0]} B"]
    assert out["refused"] == "NOT_SUPPORTED: EXPLAIN (TYPE IO) is not supported by the local Athena"
    assert out["stopped"] == "CANCELLED"
    assert out["listed_ids"] >= 7


def _catalog(out: dict[str, Any]) -> None:
    assert out["unloaded"] == ["SUCCEEDED", "UNLOAD", "DML", 1]
    assert out["manifest"][-1] == "manifest.csv"
    assert out["altered"] == ["SUCCEEDED", [["a"], ["b"], ["p"]], [["p=y"]]]
    assert out["information"] == [["table_name"], ["e"]]
    assert out["bucketed"] == [
        "SUCCEEDED",
        2,
        "NOT_SUPPORTED: INSERT INTO is not supported on bucketed tables",
    ]
    assert out["dropped"] == ["SUCCEEDED", False]


def _parameters(out: dict[str, Any]) -> None:
    assert out["bound"] == [["n"], ["250"]]
    assert "a literal is needed" in out["injected"]["StateChangeReason"]
    assert "expected 2 but found 1" in out["too_few"]["StateChangeReason"]
    assert (out["prepared"], out["deallocated"]) == ("SUCCEEDED", "SUCCEEDED")
    assert out["executed"] == [["n"], ["50"]]
    assert out["executed_by_call"] == [["n"], ["50"]]
    assert (out["known"], out["updated"]) == ("mine", 200)
    assert out["kept"].startswith("SELECT count(*)")
    assert [s["StatementName"] for s in out["batch"]["PreparedStatements"]] == ["mine"]
    assert [s["StatementName"] for s in out["batch"]["UnprocessedPreparedStatementNames"]] == ["other"]
    assert out["unknown"]["StateChangeReason"] == "NOT_FOUND: Prepared statement not found: mine"
    assert (out["gone"][0], out["gone"][1]["__type"]) == (400, "ResourceNotFoundException")
    assert "only SELECT" in out["not_prepared"][1]["message"]
