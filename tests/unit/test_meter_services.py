"""The meter on the services that a run asked: queries, crawls, stored bytes, documents, fixed items."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.meter_support import SCOPE, Fake, amounts, at, clients, listing, query, refused

# The support module makes the handler importable.
# isort: split
from common.aws import error_code
from metering import crawler, fixtures, knowledge, queries, storage


@pytest.mark.parametrize(
    ("execution", "mb"),
    [
        (query(0), 10),
        (query(9_999_999), 10),
        (query(10_000_001), 11),
        (query(25_000_000), 25),
        (query(50_000_000, state="CANCELLED"), 50),
        (query(50_000_000, state="FAILED"), 0),
        (query(0, kind="DDL", sql="DROP TABLE t"), 0),
        (query(30_000_000, kind="DDL", sql="CREATE TABLE t WITH (format='PARQUET') AS\nSELECT * FROM u"), 30),
        (query(0, ResultReuseInformation={"ReusedPreviousResult": True}), 0),
    ],
)
def test_a_query_is_billed_by_the_rules_of_athena(execution: dict[str, Any], mb: int) -> None:
    assert queries.billed_mb(execution) == mb


def test_queries_are_asked_for_once_each_and_in_batches() -> None:
    asked: list[list[str]] = []

    def batch(QueryExecutionIds: list[str]) -> dict[str, Any]:  # noqa: N803
        asked.append(QueryExecutionIds)
        return {"QueryExecutions": [query(10**6) for _ in QueryExecutionIds]}

    ids = [f"q{i}" for i in range(60)] * 2
    found, missing = queries.load(clients(athena=Fake(batch_get_query_execution=batch)), ids)
    assert [len(part) for part in asked] == [50, 10]
    assert missing == 0
    assert queries.usage(found, missing)[0].quantity == Decimal(600) / 10**6
    assert queries.facts(found)[0] == {"scanned_bytes": 10**6, "billed_mb": 10}


def test_queries_that_athena_forgot_are_unknown() -> None:
    found, missing = queries.load(
        clients(athena=Fake(batch_get_query_execution={"QueryExecutions": []})), ["q"]
    )
    assert [line.quantity for line in queries.usage(found, missing)] == [None]


def test_a_short_crawl_is_billed_for_ten_minutes_of_two_assumed_dpus() -> None:
    glue = Fake(
        list_crawls=refused("ListCrawls", "InvalidAction"),
        get_crawler={"Crawler": {"LastCrawl": {"StartTime": at(3)}}},
        get_crawler_metrics={"CrawlerMetricsList": [{"LastRuntimeSeconds": 8.5}]},
    )
    crawls = crawler.load(clients(glue=glue), SCOPE, error_code)
    line = crawler.usage(SCOPE, crawls)[0]
    assert line.quantity == Decimal(1200) / 3600
    assert line.assumption
    assert "2 DPUs" in line.assumption


def test_dpu_hours_that_aws_reports_are_used_as_they_are() -> None:
    crawl = {"StartTime": at(0), "EndTime": at(1200), "DPUHour": 1.5}
    old = {"StartTime": at(-9999), "EndTime": at(-9000), "DPUHour": 9.0}
    crawls = crawler.load(clients(glue=Fake(list_crawls={"Crawls": [crawl, old]})), SCOPE, error_code)
    lines = crawler.usage(SCOPE, crawls)
    assert [(line.quantity, line.assumption) for line in lines] == [(Decimal("1.5"), None)]


def test_a_crawl_before_the_run_is_not_ours() -> None:
    glue = Fake(
        list_crawls=refused("x", "InvalidAction"),
        get_crawler={"Crawler": {"LastCrawl": {"StartTime": at(-60)}}},
    )
    assert crawler.load(clients(glue=glue), SCOPE, error_code) == []


def test_bytes_of_the_run_are_charged_for_the_days_that_they_are_kept() -> None:
    client = clients(s3=listing({"features/run=x/part": 2**30}))
    stored = storage.load(client, SCOPE, "lake", "raw", ["features/run=x/"])
    lines = storage.usage(stored, 90)
    assert lines[0].quantity == Decimal(90) / (Decimal(365) / 12)
    assert [line.quantity for line in lines[1:]] == [1, None]


def test_raw_data_is_paid_by_the_month_and_reads_are_not_metered() -> None:
    stored = storage.load(
        clients(s3=listing({"activity/week=2026-11-16/p": 2**29})), SCOPE, "lake", "raw", []
    )
    lines = storage.usage(stored, 90)
    assert [(line.item, line.quantity, line.per) for line in lines] == [
        ("Standard storage, first 50 TB", Decimal("0.5"), "month"),
        ("GET and others", None, "run"),
    ]


def test_query_results_of_other_times_are_not_ours() -> None:
    old = clients(s3=listing({"athena-results/q.csv": 10}, at(-100)))
    assert storage.load(old, SCOPE, "lake", "raw", []) == []


def test_documents_that_were_indexed_cost_tokens_and_vectors() -> None:
    client = clients(
        s3=listing({"knowledge/a.md": 4700, "knowledge/b.md": 470, "knowledge/c.txt": 99999}),
        bedrock_agent=Fake(
            list_ingestion_jobs={
                "ingestionJobSummaries": [
                    {"startedAt": at(60), "statistics": {"numberOfNewDocumentsIndexed": 2}},
                    {"startedAt": at(-600), "statistics": {"numberOfNewDocumentsIndexed": 50}},
                ]
            }
        ),
    )
    lines = knowledge.usage(client, SCOPE, "lake", "kb", "ds")
    assert amounts(lines)
    assert lines[0].quantity == Decimal(1100) / 10**6
    assert lines[1].quantity == Decimal(2 * 128 * 1024) / 10**9
    assert all(line.assumption for line in lines)


def test_without_a_knowledge_base_nothing_was_embedded() -> None:
    assert knowledge.usage(clients(), SCOPE, "lake", None, None) == []


def test_metrics_and_alarms_of_this_environment_are_counted() -> None:
    def metric(name: str, env: str) -> dict[str, Any]:
        return {"MetricName": name, "Dimensions": [{"Name": "Environment", "Value": env}]}

    cloudwatch = Fake(
        list_metrics={"Metrics": [metric("a", "dev"), metric("b", "dev"), metric("a", "prod")]},
        describe_alarms={
            "MetricAlarms": [{}, {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "x"}]}]
        },
        list_dashboards={
            "DashboardEntries": [{"DashboardName": "engage-dev"}, {"DashboardName": "engage-dev2"}]
        },
    )
    client = clients(cloudwatch=cloudwatch)
    found = [
        *fixtures.metrics(client, SCOPE, "Engage"),
        *fixtures.alarms(client, SCOPE),
        *fixtures.dashboards(client, SCOPE),
    ]
    assert [line.quantity for line in found] == [2, 3, 1]
    assert len(amounts(found)) == 3
    assert {line.per for line in found} == {"month"}


def test_images_without_a_size_are_unknown_and_not_free() -> None:
    ecr = Fake(
        describe_repositories={
            "repositories": [{"repositoryName": "engage-dev-training"}, {"repositoryName": "x"}]
        },
        describe_images={"imageDetails": []},
    )
    assert [line.quantity for line in fixtures.images(clients(ecr=ecr), SCOPE)] == [None]
