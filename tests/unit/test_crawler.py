"""The crawler reads real files, writes the catalog as Glue does, and may do no more than its role."""

import asyncio
import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("ministack")

from ministack.services import cloudwatch_logs, glue, s3
from ministack.services import iam as iam_service

from engage_cli.datagen.generate import generate
from engage_cli.datagen.spec import GenerationSpec
from engage_cli.local import crawler
from engage_cli.local.crawler_formats import UnreadableFileError, read_schema
from engage_cli.local.crawler_history import LOG_GROUP
from engage_cli.local.crawler_layout import StoredObject, visible
from engage_cli.local.crawler_types import widen
from tests.waiting import until

ROLE = "arn:aws:iam::000000000000:role/crawl"
BUCKET = "raw-bucket"
TRUST = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
ALLOW = [{"Effect": "Allow", "Action": ["s3:*", "glue:*", "logs:*"], "Resource": "*"}]
STORES = (glue._databases, glue._tables, glue._partitions, glue._crawlers, s3._buckets, iam_service._roles)


class Account:
    """An in-process account: one bucket, one database, one role, one crawler."""

    def __init__(self) -> None:
        s3._buckets[BUCKET] = {"objects": {}}
        glue._databases["db"] = {"Name": "db"}
        self.role(ALLOW)

    def role(self, statements: list[dict[str, Any]], trust: dict[str, Any] = TRUST) -> None:
        iam_service._roles["crawl"] = {
            "Arn": ROLE,
            "AssumeRolePolicyDocument": json.dumps({"Statement": [trust]}),
            "InlinePolicies": {"p": json.dumps({"Version": "2012-10-17", "Statement": statements})},
            "AttachedPolicies": [],
        }

    def put(self, key: str, data: bytes | str) -> None:
        body = data.encode() if isinstance(data, str) else data
        s3._buckets[BUCKET]["objects"][key] = {"body": body, "size": len(body)}

    def remove(self, key: str) -> None:
        del s3._buckets[BUCKET]["objects"][key]

    def call(self, action: str, **request: Any) -> tuple[int, dict[str, Any]]:
        headers = {"x-amz-target": f"AWSGlue.{action}"}
        status, _, body = asyncio.run(crawler.handle("POST", "/", headers, json.dumps(request).encode(), {}))
        return status, json.loads(body or b"{}")

    def crawl(self, *paths: str, **settings: Any) -> dict[str, Any]:
        targets = {"S3Targets": [{"Path": f"s3://{BUCKET}/{path}"} for path in paths]}
        request = {"Name": "c", "Role": ROLE, "DatabaseName": "db", "Targets": targets, **settings}
        glue._crawlers.pop("c", None)
        assert self.call("CreateCrawler", **request)[0] == 200
        assert self.call("StartCrawler", Name="c")[0] == 200
        return self.wait()

    def wait(self) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            found = self.call("GetCrawler", Name="c")[1]["Crawler"]
            return dict(found["LastCrawl"]) if found["State"] == "READY" else None

        return dict(until(ended, pause=0.002))

    def table(self, name: str) -> dict[str, Any]:
        status, answer = self.call("GetTable", DatabaseName="db", Name=name)
        assert status == 200, answer
        return dict(answer["Table"])

    def tables(self) -> list[str]:
        return sorted(t["Name"] for t in self.call("GetTables", DatabaseName="db")[1]["TableList"])

    def partitions(self, name: str) -> dict[str, dict[str, Any]]:
        answer = self.call("GetPartitions", DatabaseName="db", TableName=name)[1]
        return {"/".join(p["Values"]): p for p in answer["Partitions"]}

    def log(self) -> str:
        group = cloudwatch_logs._log_groups.get(LOG_GROUP) or {"streams": {}}
        return "\n".join(e["message"] for s in group["streams"].values() for e in s["events"])


@pytest.fixture
def account() -> Iterator[Account]:
    for store in (*STORES, cloudwatch_logs._log_groups):
        store.clear()
    yield Account()
    for store in (*STORES, cloudwatch_logs._log_groups):
        store.clear()


def columns(table: dict[str, Any]) -> dict[str, str]:
    return {c["Name"]: c["Type"] for c in table["StorageDescriptor"]["Columns"]}


def parquet(**values: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(values), buffer)
    return buffer.getvalue()


CSV = "id,amount,flag,day\na,1,true,2026-01-05\nb,2.5,false,2026-01-06\n"


@pytest.mark.parametrize("fmt", ["parquet", "csv"])
def test_generated_data_becomes_two_tables_with_a_partition_a_week(account: Account, fmt: Any) -> None:
    generate(GenerationSpec(200, date(2026, 11, 23), weeks=52, format=fmt), account)
    last = account.crawl("customers/", "activity/")
    assert last["Status"] == "SUCCEEDED"
    assert account.tables() == ["activity", "customers"]
    activity = account.table("activity")
    assert activity["PartitionKeys"] == [{"Name": "week", "Type": "string"}]
    whole = "int" if fmt == "parquet" else "bigint"
    assert columns(activity)["active_days"] == whole
    assert columns(activity)["spend"] == "double"
    assert columns(account.table("customers"))["signup_date"] == ("date" if fmt == "parquet" else "string")
    weeks = account.partitions("activity")
    assert len(weeks) == 52
    place = weeks["2026-11-16"]["StorageDescriptor"]["Location"]
    assert place == f"s3://{BUCKET}/activity/week=2026-11-16/"
    assert (
        account.call("GetCrawlerMetrics", CrawlerNameList=["c"])[1]["CrawlerMetricsList"][0]["TablesCreated"]
        == 2
    )


def test_csv_tables_skip_their_header_and_name_their_delimiter(account: Account) -> None:
    account.put("t/x.csv", CSV.replace(",", "|"))
    account.crawl("t/")
    table = account.table("t")
    assert columns(table) == {"id": "string", "amount": "double", "flag": "boolean", "day": "string"}
    assert table["Parameters"]["skip.header.line.count"] == "1"
    assert table["Parameters"]["UPDATED_BY_CRAWLER"] == "c"
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"field.delim": "|"}
    assert table["StorageDescriptor"]["InputFormat"].endswith("TextInputFormat")


def test_csv_of_text_only_has_no_header_as_on_glue(account: Account) -> None:
    account.put("t/x.csv", "name,city\nAnn,Rome\nBo,Oslo\n")
    account.crawl("t/")
    assert columns(account.table("t")) == {"col0": "string", "col1": "string"}
    assert "skip.header.line.count" not in account.table("t")["Parameters"]


def test_quoted_csv_is_warned_about(account: Account) -> None:
    account.put("t/x.csv", 'id,n\n"a",1\n"b",2\n')
    account.crawl("t/")
    assert "LazySimpleSerDe keeps the quotes" in account.log()


def test_json_lines_and_gzip_are_classified(account: Account) -> None:
    lines = '{"Id": 1, "tags": ["x"], "n": 2.5, "on": true}\n{"Id": 3000000000, "extra": {"a": 1}}\n'
    account.put("j/x.json.gz", gzip.compress(lines.encode()))
    account.crawl("j/")
    table = account.table("j")
    assert columns(table) == {
        "id": "bigint",
        "tags": "array<string>",
        "n": "double",
        "on": "boolean",
        "extra": "struct<a:int>",
    }
    assert table["Parameters"]["compressionType"] == "gzip"
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["paths"].startswith("Id,")


def test_parquet_types_become_hive_types() -> None:
    schema = pa.schema(
        [
            ("A", pa.int32()),
            ("b", pa.int64()),
            ("c", pa.decimal128(10, 2)),
            ("d", pa.list_(pa.string())),
            ("e", pa.timestamp("ms")),
            ("f", pa.struct([("x", pa.float64())])),
            ("g", pa.date32()),
            ("h", pa.bool_()),
        ]
    )
    buffer = io.BytesIO()
    pq.write_table(schema.empty_table(), buffer)
    size = buffer.tell()
    buffer.seek(0)
    assert dict(read_schema(buffer, size).columns) == {
        "a": "int",
        "b": "bigint",
        "c": "decimal(10,2)",
        "d": "array<string>",
        "e": "timestamp",
        "f": "struct<x:double>",
        "g": "date",
        "h": "boolean",
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"PAR1 broken", "broken Parquet"),
        (b"\x00\x01\x02", "binary"),
        (b"\x1f\x8b broken", "broken gzip"),
        (b"{broken\n", "no JSON"),
        (b"one\ncolumn\n", "neither"),
        (b"a,b\n", "neither"),
        ("é,1\nb,2\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_an_unreadable_file_says_why(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError, match=words):
        read_schema(io.BytesIO(data), len(data))


def test_an_unreadable_file_is_named_and_skipped(account: Account) -> None:
    account.put("t/a.parquet", b"PAR1 broken")
    account.put("t/b.csv", CSV)
    assert account.crawl("t/")["Status"] == "SUCCEEDED"
    assert account.tables() == ["t"]
    assert "Skipped t/a.parquet: broken Parquet" in account.log()


def test_hidden_empty_and_excluded_objects_are_no_data() -> None:
    keys = ("t/a.csv", "t/_SUCCESS", "t/.x/a.csv", "t/tmp/a.csv", "t/a.bak")
    objects = [StoredObject(key, 1) for key in keys] + [StoredObject("t/empty", 0)]
    kept = visible(objects, "t/", ["tmp/**", "*.bak"])
    assert [item.key for item in kept] == ["t/a.csv"]


def test_folders_with_other_columns_become_tables_of_their_own(account: Account) -> None:
    account.put("people/x.parquet", parquet(id=["a"], name=["b"]))
    account.put("visits/day=1/x.parquet", parquet(place=["a"], hits=[1]))
    account.crawl("", TablePrefix="raw_")
    assert account.tables() == ["raw_people", "raw_visits"]
    assert list(account.partitions("raw_visits")) == ["1"]


def test_folders_without_a_key_become_numbered_partitions(account: Account) -> None:
    for year in ("2025", "2026"):
        account.put(f"t/{year}/01/x.parquet", parquet(id=["a"]))
    account.crawl("t/")
    assert [k["Name"] for k in account.table("t")["PartitionKeys"]] == ["partition_0", "partition_1"]
    assert sorted(account.partitions("t")) == ["2025/01", "2026/01"]


def test_a_second_crawl_adds_new_partitions_and_keeps_the_table(account: Account) -> None:
    account.put("t/week=1/x.parquet", parquet(id=["a"]))
    account.crawl("t/")
    version = account.table("t")["VersionId"]
    account.crawl("t/")
    assert account.table("t")["VersionId"] == version, "nothing changed, yet the table was updated"
    account.put("t/week=2/x.parquet", parquet(id=["b"]))
    account.crawl("t/")
    assert sorted(account.partitions("t")) == ["1", "2"]


@pytest.mark.parametrize(("behaviour", "seen"), [("UPDATE_IN_DATABASE", True), ("LOG", False)])
def test_new_columns_follow_the_update_behaviour(account: Account, behaviour: str, seen: bool) -> None:
    policy = {"UpdateBehavior": behaviour, "DeleteBehavior": "LOG"}
    account.put("t/x.parquet", parquet(id=["a"]))
    account.crawl("t/", SchemaChangePolicy=policy)
    account.put("t/x.parquet", parquet(id=["a"], extra=[1]))
    account.crawl("t/", SchemaChangePolicy=policy)
    assert ("extra" in columns(account.table("t"))) is seen
    assert ("it was left as it is" in account.log()) is not seen


@pytest.mark.parametrize("behaviour", ["LOG", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE"])
def test_vanished_partitions_and_tables_follow_the_delete_behaviour(account: Account, behaviour: str) -> None:
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behaviour}
    for key in ("t/week=1/x", "t/week=2/x", "u/x"):
        account.put(key, parquet(id=["a"]))
    account.crawl("t/", "u/", SchemaChangePolicy=policy)
    account.remove("t/week=1/x")
    account.remove("u/x")
    account.crawl("t/", "u/", SchemaChangePolicy=policy)
    deleted, deprecated = behaviour == "DELETE_FROM_DATABASE", behaviour == "DEPRECATE_IN_DATABASE"
    assert ("1" in account.partitions("t")) is not deleted
    assert ("u" in account.tables()) is not deleted
    if not deleted:
        marked = account.partitions("t")["1"].get("Parameters") or {}
        assert ("DEPRECATED_BY_CRAWLER" in marked) is deprecated
        assert "DEPRECATED_BY_CRAWLER" not in account.partitions("t")["2"]["Parameters"]
        assert ("DEPRECATED_BY_CRAWLER" in account.table("u")["Parameters"]) is deprecated


def test_a_partition_that_comes_back_is_deprecated_no_more(account: Account) -> None:
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
    data = parquet(id=["a"])
    for week in (1, 2):
        account.put(f"t/week={week}/x", data)
    account.crawl("t/", SchemaChangePolicy=policy)
    account.remove("t/week=1/x")
    account.crawl("t/", SchemaChangePolicy=policy)
    account.put("t/week=1/x", data)
    account.crawl("t/", SchemaChangePolicy=policy)
    assert "DEPRECATED_BY_CRAWLER" not in account.partitions("t")["1"]["Parameters"]


def test_tables_of_others_are_left_alone(account: Account) -> None:
    theirs = {"Name": "mine", "StorageDescriptor": {"Location": f"s3://{BUCKET}/t/"}, "Parameters": {}}
    account.call("CreateTable", DatabaseName="db", TableInput=theirs)
    account.crawl("t/", SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    assert account.tables() == ["mine"]


def test_a_name_that_is_taken_by_another_folder_gets_a_hash(account: Account) -> None:
    account.put("a/t/x", parquet(id=["a"]))
    account.put("b/t/x", parquet(id=["a"]))
    account.crawl("a/t/", "b/t/")
    names = account.tables()
    assert len(names) == 2
    assert names[1].startswith("t_")


@pytest.mark.parametrize(
    ("denied", "part"),
    [
        ("s3:ListBucket", "s3:ListBucket"),
        ("s3:GetObject", "s3:GetObject"),
        ("glue:CreateTable", "glue:CreateTable"),
        ("glue:BatchCreatePartition", "glue:BatchCreatePartition"),
    ],
)
def test_what_the_role_may_not_do_fails_the_crawl_by_name(account: Account, denied: str, part: str) -> None:
    account.put("t/week=1/x", parquet(id=["a"]))
    account.role([*ALLOW, {"Effect": "Deny", "Action": denied, "Resource": "*"}])
    last = account.crawl("t/")
    assert last["Status"] == "FAILED"
    assert part in last["ErrorMessage"]
    assert "assumed-role/crawl/AWS-Crawler" in last["ErrorMessage"]


def test_a_role_with_rights_on_this_database_and_prefix_is_enough(account: Account) -> None:
    base = "arn:aws:glue:us-east-1:000000000000"
    tables = [f"{base}:catalog", f"{base}:database/db", f"{base}:table/db/*"]
    reads, writes = ["GetDatabase", "GetTable", "GetPartitions"], ["CreateTable", "BatchCreatePartition"]
    account.role(
        [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/t/*"},
            {"Effect": "Allow", "Action": [f"glue:{a}" for a in reads + writes], "Resource": tables},
        ]
    )
    account.put("t/week=1/x", parquet(id=["a"]))
    assert account.crawl("t/")["Status"] == "SUCCEEDED"
    assert account.log() == "", "logs were written without the right to"
    account.put("other/x", parquet(id=["a"]))
    assert account.crawl("other/")["Status"] == "FAILED"


def test_a_role_that_does_not_trust_glue_fails_the_crawl(account: Account) -> None:
    account.role(ALLOW, {**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}})
    assert "unable to assume role" in account.crawl("t/")["ErrorMessage"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DatabaseName": "none"}, "Database none not found"),
        ({"Targets": {"S3Targets": [{"Path": "s3://no-bucket/"}]}}, "NoSuchBucket"),
        ({"Targets": {"JdbcTargets": [{"Path": "x"}]}}, "not JdbcTargets"),
        ({"Targets": {}}, "no targets"),
        ({"Classifiers": ["mine"]}, "custom classifiers"),
    ],
)
def test_a_crawl_that_cannot_work_says_why(account: Account, settings: dict[str, Any], words: str) -> None:
    last = account.crawl("t/", **settings)
    assert last["Status"] == "FAILED"
    assert words in last["ErrorMessage"]
    assert words in account.log()


def test_starting_and_stopping_answer_as_glue_does(account: Account) -> None:
    assert account.call("StartCrawler", Name="none")[1]["__type"] == "EntityNotFoundException"
    account.crawl("t/")
    assert account.call("StopCrawler", Name="c")[1]["__type"] == "CrawlerNotRunningException"
    glue._crawlers["c"]["State"] = "RUNNING"
    assert account.call("StartCrawler", Name="c")[1]["__type"] == "CrawlerRunningException"
    assert account.call("StopCrawler", Name="c")[0] == 200
    assert account.call("StopCrawler", Name="c")[1]["__type"] == "CrawlerStoppingException"
    account.put("t/x", parquet(id=["a"]))
    crawler._run(glue._crawlers["c"])
    assert account.wait()["Status"] == "CANCELLED"


def test_every_file_is_read_unless_a_sample_is_asked_for(account: Account) -> None:
    for week in range(3):
        account.put(f"t/week={week}/part-0", parquet(id=["a"], n=[week]))
        account.put(f"t/week={week}/part-1", parquet(id=["a"], n=[0.5]))
        account.put(f"t/week={week}/part-2", b"PAR1 broken")
    account.crawl("t/")
    assert columns(account.table("t")) == {"id": "string", "n": "double"}
    assert len(account.partitions("t")) == 3
    for week in range(3):
        assert f"Skipped t/week={week}/part-2: broken Parquet" in account.log()
    assert "files skipped: 3" in account.log()
    account.call("DeleteTable", DatabaseName="db", Name="t")
    target = {"Path": f"s3://{BUCKET}/t/", "SampleSize": 1}
    account.crawl(Targets={"S3Targets": [target]})
    assert columns(account.table("t")) == {"id": "string", "n": "bigint"}
    assert account.table("t")["Parameters"]["objectCount"] == "9"


def test_types_widen_until_they_hold_both() -> None:
    pairs = [(None, "int"), ("int", "bigint"), ("bigint", "double"), ("int", "boolean"), ("date", "date")]
    assert [widen(a, b) for a, b in pairs] == ["int", "bigint", "double", "string", "date"]


def test_commas_inside_quotes_are_no_separators() -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["id", "n"], ["a, b", 1], ["c", 2]])
    data = out.getvalue().encode()
    assert dict(read_schema(io.BytesIO(data), len(data)).columns) == {"id": "string", "n": "bigint"}
