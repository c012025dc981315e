"""The meter: what it reads from each service, and what it says when it cannot read it."""

import ast
import importlib.util
import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"
sys.path[:0] = [str(HANDLERS), str(HANDLERS / "meter")]

from common.aws import error_code  # noqa: E402
from common.settings import Settings  # noqa: E402
from metering import crawler, fixtures, history, knowledge, logs, queries, storage, tasks  # noqa: E402
from metering.records import Scope, Used  # noqa: E402

from engage_cli.cost import model, pricebook  # noqa: E402
from engage_cli.cost import usage as usages  # noqa: E402

BEGIN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RUN = "run-20261123T060000-ab12"
ARN = f"arn:aws:states:us-east-1:000000000000:execution:engage-dev-pipeline:{RUN}"
SCOPE = Scope(RUN, "dev", ARN, BEGIN, BEGIN + timedelta(minutes=5))
BOOK = pricebook.load()


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


class Fake:
    """A boto3 client that gives fixed answers; an answer may be a function of the arguments or an error."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._answers:
            raise AttributeError(name)
        return lambda **arguments: self._answer(name, arguments)

    def _answer(self, name: str, arguments: dict[str, Any]) -> Any:
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if callable(answer) else answer

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **arguments: [self._answer(name, arguments)])


def clients(**by_service: Fake) -> Any:
    return lambda service: by_service[service.replace("-", "_")]


def refused(operation: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"not allowed: {operation}"}}, operation)


def amounts(lines: list[Used]) -> dict[str, Decimal | None]:
    """Quantities by item, after a check that the price book knows each item in its unit."""
    model.price([usages._record(json.loads(json.dumps(line.to_json()))) for line in lines], BOOK)
    return {line.item: line.quantity for line in lines}


# --- Step Functions


def entered(name: str, seconds: float, kind: str = "Task") -> dict[str, Any]:
    return {
        "type": f"{kind}StateEntered",
        "timestamp": at(seconds),
        "stateEnteredEventDetails": {"name": name},
    }


def left(name: str, seconds: float, kind: str = "Task") -> dict[str, Any]:
    return event(f"{kind}StateExited", seconds, stateExitedEventDetails={"name": name})


def event(kind: str, seconds: float = 0, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": at(seconds), **details}


def test_each_state_entered_and_each_retry_is_a_transition() -> None:
    events = [
        event("ExecutionStarted"),
        entered("Prepare", 0),
        event("TaskScheduled"),
        event("TaskFailed"),
        event("TaskScheduled"),
        event("TaskSucceeded"),
        left("Prepare", 3),
        entered("Choose", 3, "Choice"),
        left("Choose", 3, "Choice"),
        entered("Done", 3, "Succeed"),
    ]
    found = history.History(ARN, events)
    assert found.transitions == 4
    assert found.failed_attempts == 1


def test_children_of_a_map_count_even_where_their_states_are_not_in_the_history() -> None:
    child = history.History("child", [event("TaskScheduled"), event("TaskSucceeded")], child=True)
    assert child.transitions == 1


def test_histories_of_all_map_children_are_read_page_by_page() -> None:
    pages = {
        None: {"events": [entered("Map", 0, "Map")], "nextToken": "2"},
        "2": {"events": [left("Map", 9, "Map")]},
    }
    states = Fake(
        get_execution_history=lambda executionArn, maxResults, nextToken=None: (  # noqa: N803
            pages[nextToken] if executionArn == ARN else {"events": [event("TaskScheduled")]}
        ),
        list_map_runs={"mapRuns": [{"mapRunArn": "map"}]},
        list_executions={"executions": [{"executionArn": "c1"}, {"executionArn": "c2"}]},
    )
    found = history.load(states, ARN)
    assert [(h.arn, h.child, len(h.events)) for h in found] == [
        (ARN, False, 2),
        ("c1", True, 1),
        ("c2", True, 1),
    ]
    assert [(u.detail, u.quantity) for u in history.usage(found)] == [
        ("state machine", 1),
        ("map children", 2),
    ]


def test_the_seconds_of_a_state_add_up_over_its_entries_and_an_open_state_says_so() -> None:
    events = [entered("A", 0), left("A", 2.5), entered("A", 4), left("A", 5), entered("Meter", 6)]
    assert history.state_times(events, at(8)) == [
        {"state": "A", "entries": 2, "seconds": 3.5, "finished": True},
        {"state": "Meter", "entries": 1, "seconds": 2.0, "finished": False},
    ]


# --- Fargate


def ecs_task(
    arn: str = "task/1", *, pull: float = 10, start: float = 40, stop: float = 100, **more: Any
) -> Any:
    times = {"PullStartedAt": pull, "StartedAt": start, "StoppedAt": stop}
    return {
        "TaskArn": arn,
        "TaskDefinitionArn": "arn:aws:ecs:us-east-1:0:task-definition/engage-dev-training:7",
        "Cpu": "4096",
        "Memory": "30720",
        "Attributes": [{"Name": "ecs.cpu-architecture", "Value": "arm64"}],
        **{name: int(at(second).timestamp() * 1000) for name, second in times.items()},
        **more,
    }


def succeeded(output: Any) -> dict[str, Any]:
    return event("TaskSucceeded", taskSucceededEventDetails={"output": json.dumps(output)})


def load_tasks(*events: dict[str, Any], ecs: Fake | None = None) -> tuple[list[tasks.Task], int]:
    return tasks.load(clients(ecs=ecs or Fake()), [history.History(ARN, list(events))])


def test_a_task_is_billed_from_the_image_pull_to_its_stop_in_whole_seconds() -> None:
    found, unusable = load_tasks(succeeded(ecs_task(stop=100.2)))
    assert unusable == 0
    assert found[0].billed_seconds == 91
    line = amounts(tasks.usage(found, 0, public_ip=False))
    assert line == {
        "Linux ARM64 vCPU": Decimal(91) / 3600 * 4,
        "Linux ARM64 memory": Decimal(91) / 3600 * 30,
    }


def test_a_short_task_is_billed_for_a_minute() -> None:
    found, _ = load_tasks(succeeded(ecs_task(pull=0, start=1, stop=3)))
    assert found[0].billed_seconds == 60


def test_tasks_as_the_ecs_api_writes_them_are_read_as_well() -> None:
    raw = tasks._lower(ecs_task())
    raw |= {"pullStartedAt": at(10).isoformat(), "stoppedAt": at(100).timestamp(), "startedAt": at(40)}
    raw["startedAt"] = raw["startedAt"].isoformat()
    found, _ = load_tasks(succeeded({"tasks": [raw], "failures": []}))
    assert found[0].billed_seconds == 90


def test_a_failed_task_is_billed_too_and_each_task_once() -> None:
    cause = json.dumps(ecs_task("task/2"))
    failed = event("TaskFailed", taskFailedEventDetails={"error": "States.TaskFailed", "cause": cause})
    found, _ = load_tasks(succeeded(ecs_task()), succeeded(ecs_task()), failed)
    assert len(found) == 2


def test_a_cause_in_plain_words_is_no_task() -> None:
    failed = event("TaskFailed", taskFailedEventDetails={"cause": "taskArn is missing"})
    assert load_tasks(failed) == ([], 0)


def test_a_task_without_times_is_unknown_and_not_free() -> None:
    incomplete = {k: v for k, v in ecs_task().items() if k != "StoppedAt"}
    found, unusable = load_tasks(succeeded(incomplete), ecs=Fake(describe_tasks={"tasks": []}))
    assert (found, unusable) == ([], 1)
    assert [line.quantity for line in tasks.usage(found, unusable, public_ip=None)] == [None]


def test_a_task_definition_without_a_platform_is_x86() -> None:
    raw = ecs_task(Attributes=[])
    ecs = Fake(describe_task_definition={"taskDefinition": {}})
    found, _ = load_tasks(succeeded(raw), ecs=ecs)
    assert [line.item for line in tasks.usage(found, 0, public_ip=False)] == [
        "Linux x86 vCPU",
        "Linux x86 memory",
    ]


def test_disk_above_20_gb_and_public_addresses_are_billed_while_the_task_runs() -> None:
    found, _ = load_tasks(succeeded(ecs_task(EphemeralStorage={"SizeInGiB": 50})))
    line = amounts(tasks.usage(found, 0, public_ip=True))
    assert line["Ephemeral storage above 20 GB"] == Decimal(30) * 90 / 3600
    assert line["public IPv4 address in use"] == Decimal(90) / 3600


def test_spot_on_arm_has_no_known_price() -> None:
    found, _ = load_tasks(succeeded(ecs_task(CapacityProviderName="FARGATE_SPOT")))
    assert [line.quantity for line in tasks.usage(found, 0, public_ip=False)] == [None]


# --- logs and Lambda


def report(ms: float = 1200, mb: int = 512) -> str:
    measures = f"Billed Duration: {ms} ms\tMemory Size: {mb} MB\tMax Memory Used: 9 MB"
    return f"REPORT RequestId: x\tDuration: 1 ms\t{measures}"


def cloud(streams: dict[str, dict[str, list[str]]], **config: Any) -> Any:
    """Log groups with streams of messages, and the configuration of every function."""

    def filter_log_events(logGroupName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {
            "events": [
                {"logStreamName": name, "message": message}
                for name, messages in streams[logGroupName].items()
                for message in messages
            ]
        }

    return clients(
        logs=Fake(
            describe_log_groups={"logGroups": [{"logGroupName": name} for name in streams]},
            filter_log_events=filter_log_events,
        ),
        **{"lambda": Fake(get_function_configuration={"Architectures": ["arm64"], **config})},
    )


def say(run_id: str | None, **more: Any) -> str:
    return json.dumps({"message": "step started", "run_id": run_id, **more})


def measured(streams: dict[str, dict[str, list[str]]], **config: Any) -> list[Used]:
    client = cloud(streams, **config)
    return logs.usage(client, SCOPE, logs.load(client, SCOPE, "/engage/dev/"))


def test_report_lines_give_requests_and_gb_seconds() -> None:
    lines = amounts(
        measured({"/engage/dev/split": {"s": [say(RUN), report(1200, 512), say(RUN), report(800, 512)]}})
    )
    assert lines["requests"] == 2
    assert lines["ARM64 duration (tier 1)"] == 1


def test_report_events_in_the_json_log_format_are_read() -> None:
    document = {
        "type": "platform.report",
        "record": {"metrics": {"billedDurationMs": 7, "memorySizeMB": 128}},
    }
    assert logs.parse_report("{}", document) == (7, 128)


def test_invocations_of_another_run_are_not_ours() -> None:
    other = "run-20261123T060001-ffff"
    messages = [say(RUN), report(), say(other), report(), say(RUN)]
    lines = amounts(measured({"/engage/dev/split": {"s": messages}}))
    assert lines["requests"] == 1


def test_an_invocation_that_failed_before_its_first_word_is_ours_if_it_is_a_step() -> None:
    lines = amounts(measured({"/engage/dev/split": {"s": [report()]}, "/engage/dev/ask": {"s": [report()]}}))
    assert lines["requests"] == 1


def test_logs_are_billed_with_26_bytes_for_every_event() -> None:
    message = say(RUN)
    lines = amounts(measured({"/engage/dev/training": {"s": [message]}}))
    assert lines == {"Logs ingest, Standard": Decimal(len(message) + 26) / 10**9}


def test_large_tmp_x86_and_tracing_have_their_own_items() -> None:
    config = {
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 1536},
        "TracingConfig": {"Mode": "Active"},
    }
    lines = amounts(measured({"/engage/dev/split": {"s": [say(RUN), report(2000, 1024)]}}, **config))
    assert lines["x86 duration (first 6e9 GB-s)"] == 2
    assert lines["/tmp above 512 MB"] == 2
    assert lines["traces recorded"] == 1


def test_a_function_whose_configuration_is_gone_keeps_its_requests_and_has_an_unknown_duration() -> None:
    logged = cloud({"/engage/dev/split": {"s": [say(RUN), report()]}})
    gone = Fake(get_function_configuration=refused("GetFunctionConfiguration", "ResourceNotFoundException"))
    client = clients(logs=logged("logs"), **{"lambda": gone})
    lines = amounts(logs.usage(client, SCOPE, logs.load(client, SCOPE, "/engage/dev/")))
    assert lines["requests"] == 1
    assert lines["ARM64 duration (tier 1)"] is None
    assert lines["Logs ingest, Standard"]


def test_queries_of_failed_attempts_are_found_in_the_logs() -> None:
    failed = json.dumps({"message": "step failed", "run_id": RUN, "queries": ["q1", "q2"]})
    groups = logs.load(cloud({"/engage/dev/split": {"s": [failed, report()]}}), SCOPE, "/engage/dev/")
    assert groups[0].queries == ["q1", "q2"]


# --- Athena


def query(
    scanned: int, *, kind: str = "DML", state: str = "SUCCEEDED", sql: str = "SELECT 1", **stats: Any
) -> Any:
    return {
        "StatementType": kind,
        "Query": sql,
        "Status": {"State": state},
        "Statistics": {"DataScannedInBytes": scanned, **stats},
    }


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


# --- the crawler


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


# --- S3, knowledge, fixed items


def listing(objects: dict[str, int], modified: datetime = BEGIN) -> Fake:
    def list_objects_v2(Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        return {
            "Contents": [
                {"Key": key, "Size": size, "LastModified": modified}
                for key, size in objects.items()
                if f"{Bucket}/{key}".startswith(f"{Bucket}/{Prefix}")
            ]
        }

    return Fake(list_objects_v2=list_objects_v2)


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


# --- the whole handler


def load_app() -> Any:
    spec = importlib.util.spec_from_file_location("meter_app", HANDLERS / "meter" / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


APP = load_app()
ENVIRONMENT = {"ENGAGE_ENV": "dev", "LAKE_BUCKET": "lake", "RAW_BUCKET": "raw", "LAKE_DATABASE": "engage_dev"}


def everything() -> dict[str, Fake]:
    states = Fake(
        describe_execution={"startDate": BEGIN},
        get_execution_history={"events": [entered("Train", 1), succeeded(ecs_task()), left("Train", 99)]},
        list_map_runs={"mapRuns": []},
        describe_state_machine_for_execution={"definition": '{"AssignPublicIp": "ENABLED"}'},
    )
    logged = cloud({"/engage/dev/split": {"s": [say(RUN), report()]}}, TracingConfig={"Mode": "Active"})
    return {
        "stepfunctions": states,
        "ecs": Fake(),
        "logs": logged("logs"),
        "lambda": logged("lambda"),
        "athena": Fake(batch_get_query_execution={"QueryExecutions": [query(10**8)]}),
        "glue": Fake(list_crawls={"Crawls": [{"StartTime": at(0), "EndTime": at(5), "DPUHour": 0.01}]}),
        "s3": listing({f"runs/{RUN}/spec.json": 100, "activity/week=2026-11-16/p": 5000}),
        "bedrock_agent": Fake(list_ingestion_jobs={"ingestionJobSummaries": []}),
        "cloudwatch": Fake(
            list_metrics={"Metrics": []},
            describe_alarms={"MetricAlarms": []},
            list_dashboards={"DashboardEntries": []},
        ),
        "ecr": Fake(describe_repositories={"repositories": []}, describe_images={"imageDetails": []}),
    }


def meter(monkeypatch: pytest.MonkeyPatch, services: dict[str, Fake], **run: Any) -> dict[str, Any]:
    written: dict[str, Any] = {}
    monkeypatch.setattr(APP.s3, "put_json", lambda bucket, key, document: written.update({key: document}))
    document = {
        "run_id": RUN,
        "execution_arn": ARN,
        "as_of": "2026-11-23",
        "trigger": "schedule",
        "queries": ["q1"],
        "split": {"customers_to_score": 100, "n_shards": 1},
        "publish": {"predictions": 100},
        **run,
    }
    out = APP.work(document, Settings(ENVIRONMENT), client=clients(**services), memory_mb=512)
    assert out["usage_key"] == f"usage/run={RUN}.json"
    return written[out["usage_key"]]


def test_the_usage_file_can_be_priced_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    document = meter(monkeypatch, everything())
    usage = usages.parse(json.dumps(document))
    report = model.cost_report(usage, BOOK)
    assert usage.customers == usage.predictions == 100
    assert [task.family for task in usage.tasks] == ["engage-dev-training"]
    assert report.run.usd > 0
    assert report.per_thousand_predictions
    found = {(line.service, line.item) for line in report.lines}
    assert ("EventBridge Scheduler", "invocations above 14M") in found
    assert ("VPC", "public IPv4 address in use") in found


def test_the_meter_counts_itself_and_says_that_it_is_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [r for r in meter(monkeypatch, everything())["records"] if r["detail"].startswith("meter")]
    assert [r["item"] for r in own] == ["ARM64 duration (tier 1)", "requests"]
    assert own[0]["assumption"].startswith("at least")


@pytest.mark.parametrize("service", ["athena", "glue", "logs", "cloudwatch", "ecr"])
def test_a_service_that_refuses_is_unknown_in_the_file_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    services = everything()
    names = {"athena": "Athena", "glue": "Glue", "logs": "Lambda", "cloudwatch": "CloudWatch", "ecr": "ECR"}
    services[service] = Fake(**dict.fromkeys(services[service]._answers, refused(service)))
    records = meter(monkeypatch, services)["records"]
    unknown = [r for r in records if r["service"] == names[service] and r["quantity"] is None]
    assert unknown
    assert "not allowed" in unknown[0]["source"]
    model.price([usages._record(r) for r in records], BOOK)


def written_keys() -> list[tuple[str, str, str | None]]:
    """Service, item and unit of each record that the sources spell out (unit None: held in a variable)."""
    found = []
    for path in (HANDLERS / "meter").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("Used", "not_metered", "unknown"):
                texts = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
                unit = texts[3] if name == "Used" and len(texts) > 3 else texts[2] if len(texts) > 2 else None
                if len(texts) > 1 and texts[0] and texts[1]:
                    found.append((texts[0], texts[1], unit if isinstance(unit, str) else None))
    return found


def test_every_record_that_the_meter_spells_out_is_in_the_price_book_with_its_unit() -> None:
    keys = written_keys()
    assert len(keys) > 20
    for service, item, unit in keys:
        price = BOOK.price(service, item)
        if unit is not None:
            price.check_unit(unit)
