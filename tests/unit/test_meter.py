"""The meter as a whole: a usage file that can be priced, and what it says when it cannot read a service."""

import ast
import importlib.util
import json
from typing import Any

import pytest

from engage_cli.cost import model
from engage_cli.cost import usage as usages
from tests.unit.meter_support import (
    ARN,
    BEGIN,
    BOOK,
    HANDLERS,
    RUN,
    Fake,
    at,
    clients,
    cloud,
    ecs_task,
    entered,
    left,
    listing,
    query,
    refused,
    report,
    say,
    succeeded,
)

# The support module makes the handler importable.
# isort: split
from common.settings import Settings


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
