"""What a crawler's settings change: grouping, table level, new folders only, reports; and what is refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from test_crawler import BUCKET, STORES, Account, columns, parquet

pytest.importorskip("ministack")

from ministack.services import cloudwatch_logs, glue

from engage_cli.local import crawler_history, interrupted

LOG_ONLY = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
NEW_FOLDERS = {
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
    "SchemaChangePolicy": LOG_ONLY,
}


@pytest.fixture
def account() -> Iterator[Account]:
    for store in (*STORES, cloudwatch_logs._log_groups):
        store.clear()
    yield Account()
    for store in (*STORES, cloudwatch_logs._log_groups):
        store.clear()


def grouping(**settings: Any) -> str:
    return json.dumps({"Version": 1.0, "Grouping": settings})


def test_compatible_schemas_are_combined_however_few_columns_they_share(account: Account) -> None:
    account.put("t/year=2017/data1.json", '{"A": 1, "B": 2}\n')
    account.put("t/year=2018/data2.json", '{"C": 3, "D": 4}\n')
    account.crawl("t/")
    assert account.tables() == ["year_2017", "year_2018"]
    for name in account.tables():
        account.call("DeleteTable", DatabaseName="db", Name=name)
    account.crawl("t/", Configuration=grouping(TableGroupingPolicy="CombineCompatibleSchemas"))
    assert account.tables() == ["t"]
    assert columns(account.table("t")) == {"a": "int", "b": "int", "c": "int", "d": "int"}
    assert [key["Name"] for key in account.table("t")["PartitionKeys"]] == ["year"]


def test_combining_never_joins_files_of_different_kinds(account: Account) -> None:
    account.put("t/a/x", parquet(id=["a"]))
    account.put("t/b/x", '{"id": "a"}\n')
    account.crawl("t/", Configuration=grouping(TableGroupingPolicy="CombineCompatibleSchemas"))
    assert account.tables() == ["a", "b"]


@pytest.mark.parametrize(
    ("level", "tables", "keys"),
    [
        (1, ["sales"], ["partition_0", "year", "month"]),
        (2, ["sales"], ["partition_0", "year", "month"]),
        (3, ["asia", "europe"], ["year", "month"]),
        (4, ["year_2025", "year_2026"], ["month"]),
    ],
)
def test_tables_begin_at_the_table_level_counted_from_the_bucket(
    account: Account, level: int, tables: list[str], keys: list[str]
) -> None:
    for region, year in (("asia", 2025), ("europe", 2026)):
        for month in (1, 2):
            account.put(f"sales/{region}/year={year}/month={month}/x", parquet(id=["a"]))
    account.crawl("sales/", Configuration=grouping(TableLevelConfiguration=level))
    assert account.tables() == tables
    for name in tables:
        assert [key["Name"] for key in account.table(name)["PartitionKeys"]] == keys


def test_what_lies_above_the_table_level_is_named(account: Account) -> None:
    account.put("sales/x", parquet(id=["a"]))
    account.put("sales/asia/y", parquet(id=["a"]))
    account.crawl("sales/", Configuration=grouping(TableLevelConfiguration=3))
    assert account.tables() == ["asia"]
    assert "Skipped sales: it is above the table level 3" in account.log()


def test_files_of_one_folder_that_differ_become_a_table_each(account: Account) -> None:
    account.put("t/people.json", '{"name": "Ann", "age": 3}\n')
    account.put("t/visits.json", '{"place": "Rome", "day": "x"}\n')
    account.crawl("t/")
    assert account.tables() == ["people_json", "visits_json"]
    place = account.table("people_json")["StorageDescriptor"]["Location"]
    assert place == f"s3://{BUCKET}/t/people.json"
    assert "Athena reads folders only" in account.log()
    account.crawl("t/")
    assert account.tables() == ["people_json", "visits_json"], "the second crawl finds its own tables"


def test_new_folders_only_adds_partitions_and_touches_nothing_else(account: Account) -> None:
    account.put("t/week=1/x", parquet(id=["a"], n=[1]))
    assert account.crawl("t/", **NEW_FOLDERS)["Status"] == "SUCCEEDED"
    version = account.table("t")["VersionId"]
    account.put("t/week=1/y", b"PAR1 broken, and not looked at")
    account.put("t/week=2/x", parquet(id=["b"], n=[2]))
    account.put("t/week=3/x", '{"other": 1}\n')
    account.put("t/week=4/day=1/x", parquet(id=["b"], n=[2]))
    account.remove("t/week=1/x")
    account.crawl("t/", **NEW_FOLDERS)
    assert sorted(account.partitions("t")) == ["1", "2"]
    assert account.table("t")["VersionId"] == version
    assert "Ignored t/week=3: it does not fit table t" in account.log()
    assert "Ignored t/week=4/day=1: it does not fit table t" in account.log()
    assert "Skipped t/week=1/y" not in account.log()
    assert "Added 1 partitions to table t: 2" in account.log()


def test_new_folders_only_adds_no_tables_after_the_first_crawl(account: Account) -> None:
    account.put("data/people/x", parquet(id=["a"], name=["b"]))
    account.put("data/visits/day=1/x", parquet(place=["a"], hits=[1]))
    account.crawl("data/", **NEW_FOLDERS)
    assert account.tables() == ["people", "visits"]
    account.put("data/sales/x", parquet(shop=["a"]))
    account.put("data/visits/day=2/x", parquet(place=["a"], hits=[1]))
    account.crawl("data/", **NEW_FOLDERS)
    assert account.tables() == ["people", "visits"]
    assert sorted(account.partitions("visits")) == ["1", "2"]
    assert "Ignored data/sales: a crawl of new folders adds no table" in account.log()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}, "can have only LOG"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}, "CRAWL_EVENT_MODE"),
        ({"Configuration": "{"}, "no JSON"),
        ({"Configuration": "[]"}, "JSON object"),
        ({"Configuration": '{"Surprise": 1}'}, "Surprise"),
        ({"Configuration": grouping(TableLevelConfiguration=0)}, "from 1"),
        ({"Configuration": grouping(TableGroupingPolicy="All")}, "'All'"),
        ({"Targets": {"S3Targets": [{"Path": "s3://b/", "SampleSize": 250}]}}, "between 1 and 249"),
    ],
)
def test_settings_that_cannot_work_are_refused_when_they_are_made(
    account: Account, settings: dict[str, Any], words: str
) -> None:
    status, answer = account.call("CreateCrawler", Name="bad", Role="r", DatabaseName="db", **settings)
    assert (status, answer["__type"]) == (400, "InvalidInputException")
    assert words in answer["message"]
    assert "bad" not in glue._crawlers
    account.crawl("t/")
    status, answer = account.call("UpdateCrawler", Name="c", **settings)
    assert status == 400
    assert words in answer["message"]


def test_list_crawls_reports_every_run_newest_first(account: Account) -> None:
    account.put("t/week=1/x", parquet(id=["a"]))
    account.crawl("t/")
    account.put("t/week=2/x", parquet(id=["a"]))
    account.role([])
    assert account.call("StartCrawler", Name="c")[0] == 200
    assert account.wait()["Status"] == "FAILED"
    crawls = account.call("ListCrawls", CrawlerName="c")[1]["Crawls"]
    assert [crawl["State"] for crawl in crawls] == ["FAILED", "COMPLETED"]
    failed, done = crawls
    assert "AccessDeniedException" in failed["ErrorMessage"]
    assert done["StartTime"] < done["EndTime"] <= failed["StartTime"]
    assert json.loads(done["Summary"]) == {
        "TABLE": {"ADD": {"Count": 1, "Details": {"names": ["t"]}}},
        "PARTITION": {"ADD": {"Count": 1}},
    }
    assert done["LogGroup"] == "/aws-glue/crawlers"
    assert f"[{done['MessagePrefix']}] INFO : CRAWL : Created table t" in account.log()
    assert "DPUHour" not in done
    assert account.call("ListCrawls", CrawlerName="none")[1]["__type"] == "EntityNotFoundException"
    record = account.call("GetCrawler", Name="c")[1]["Crawler"]
    assert record["LastCrawl"]["MessagePrefix"] == failed["CrawlId"]
    everyone = account.call("GetCrawlers")[1]["Crawlers"]
    for shown in (record, *everyone, *crawls):
        assert not [key for key in shown if key.startswith("_")]


def test_a_run_that_the_endpoints_end_interrupted_is_listed_as_failed(account: Account) -> None:
    account.put("t/x", parquet(id=["a"]))
    account.crawl("t/")
    crawler = glue._crawlers["c"]
    crawler["State"] = "RUNNING"
    crawler_history.begin(crawler)
    assert "crawler c" in interrupted.mark()
    last, before = account.call("ListCrawls", CrawlerName="c")[1]["Crawls"]
    assert (last["State"], last["ErrorMessage"]) == ("FAILED", interrupted.CRAWL)
    assert before["State"] == "COMPLETED"


def test_list_crawls_filters_and_pages(account: Account) -> None:
    account.put("t/x", parquet(id=["a"]))
    account.crawl("t/")
    for _ in range(4):
        account.call("StartCrawler", Name="c")
        account.wait()
    first = account.call("ListCrawls", CrawlerName="c", MaxResults=3)[1]
    second = account.call("ListCrawls", CrawlerName="c", MaxResults=3, NextToken=first["NextToken"])[1]
    assert (len(first["Crawls"]), len(second["Crawls"]), "NextToken" in second) == (3, 2, False)

    def crawls(field: str, operator: str, value: str) -> list[dict[str, Any]]:
        filters = [{"FieldName": field, "FilterOperator": operator, "FieldValue": value}]
        return list(account.call("ListCrawls", CrawlerName="c", Filters=filters)[1]["Crawls"])

    middle = first["Crawls"][2]
    assert crawls("CRAWL_ID", "EQ", middle["CrawlId"]) == [middle]
    assert len(crawls("CRAWL_ID", "NE", middle["CrawlId"])) == 4
    assert len(crawls("STATE", "EQ", "COMPLETED")) == 5
    assert len(crawls("START_TIME", "GE", "0")) == 5
    assert crawls("END_TIME", "LT", "1000") == []
    for field, operator, value in (("DPU_HOUR", "EQ", "1"), ("STATE", "GT", "x"), ("START_TIME", "EQ", "x")):
        filters = [{"FieldName": field, "FilterOperator": operator, "FieldValue": value}]
        answer = account.call("ListCrawls", CrawlerName="c", Filters=filters)
        assert answer[1]["__type"] == "InvalidInputException"


def test_metrics_survive_in_the_crawlers_own_record(account: Account) -> None:
    account.put("t/x", parquet(id=["a"]))
    account.crawl("t/")
    (found,) = account.call("GetCrawlerMetrics")[1]["CrawlerMetricsList"]
    assert (found["TablesCreated"], found["TablesUpdated"], found["TablesDeleted"]) == (1, 0, 0)
    assert 0 < found["MedianRuntimeSeconds"] == found["LastRuntimeSeconds"]
    glue._crawlers["c"] = json.loads(json.dumps(glue._crawlers["c"]))
    assert account.call("GetCrawlerMetrics")[1]["CrawlerMetricsList"] == [found]
