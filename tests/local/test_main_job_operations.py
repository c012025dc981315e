"""The main job: what its dashboard shows, its traces, and the weekly trigger."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from main_job_support import STATES, Engage, FirstRun

from engage_cli.local import process

pytestmark = pytest.mark.local
Metric = tuple[str, str, tuple[tuple[str, str], ...]]


@pytest.fixture(scope="module")
def used(engage: Engage, first: FirstRun) -> Engage:
    """The environment `main` after its first run, with a prediction, a bulk job and a question."""
    engage.ok("predict", "C00000021")
    # More than the function takes at once: a task of the bulk state machine does it.
    names = engage.directory / "many.txt"
    names.write_text("\n".join(f"C{number:08}" for number in range(1, 300)))
    engage.ok("predict", "--file", str(names))
    engage.ok("ask", "How many customers are there?")
    return engage


@pytest.fixture(scope="module")
def untraced(engage: Engage) -> Iterator[Engage]:
    """Another environment at the same endpoint, without data, and with tracing switched off."""
    directory = engage.home / "work-ops"
    directory.mkdir()
    other = Engage(engage.home, "ops", directory)
    other.configure('[parameters]\nTracingMode = "PassThrough"\n')
    other.ok("deploy")
    yield other
    process.move_clock(other.endpoint)
    other.ok("destroy", "--yes")


def shown_on_the_dashboard(engage: Engage) -> set[tuple[Metric, str]]:
    """Each metric of the dashboard with the statistic that it is shown by."""
    body = engage.client("cloudwatch").get_dashboard(DashboardName=f"engage-{engage.env}")["DashboardBody"]
    found = set()
    for widget in json.loads(body)["widgets"]:
        for line in widget["properties"]["metrics"]:
            options = line[-1] if isinstance(line[-1], dict) else {}
            namespace, name, *dimensions = [part for part in line if isinstance(part, str)]
            pairs = tuple(sorted(zip(dimensions[::2], dimensions[1::2], strict=True)))
            statistic = options.get("stat") or widget["properties"]["stat"]
            found.add(((namespace, name, pairs), statistic))
    return found


def values_of(engage: Engage, metric: Metric, statistic: str) -> list[float]:
    namespace, name, pairs = metric
    dimensions = [{"Name": key, "Value": value} for key, value in pairs]
    query = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    now = datetime.now(UTC)
    found = engage.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": query, "Period": 86400, "Stat": statistic}}],
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(minutes=1),
    )
    values: list[float] = found["MetricDataResults"][0]["Values"]
    return values


def test_every_metric_of_the_dashboard_exists_and_has_values(used: Engage) -> None:
    shown = shown_on_the_dashboard(used)
    assert len(shown) == 20
    pages = used.client("cloudwatch").get_paginator("list_metrics").paginate()
    listed = {
        (
            one["Namespace"],
            one["MetricName"],
            tuple(sorted((d["Name"], d["Value"]) for d in one["Dimensions"])),
        )
        for page in pages
        for one in page["Metrics"]
    }
    assert {metric for metric, _ in shown} - listed == set()
    without = [metric for metric, statistic in shown if not values_of(used, metric, statistic)]
    assert without == []


def test_what_the_dashboard_shows_is_what_happened(used: Engage, first: FirstRun) -> None:
    runs = [used.read("runs", "show", one["run_id"]) for one in used.read("runs")]
    outputs = [run["output"] for run in runs if run["status"] == "SUCCEEDED"]
    of = (("Environment", "main"),)
    quarantined = [
        out["validate"]["customers"]["quarantined"] + out["validate"]["activity"]["quarantined"]
        for out in outputs
    ]
    assert values_of(used, ("Engage", "RowsQuarantined", of), "Maximum") == [max(quarantined)]
    quality = [output["promote"]["metrics"]["churn_roc_auc"] for output in outputs]
    assert values_of(used, ("Engage", "ChurnAUC", of), "Minimum") == [min(quality)]
    arn = first.run["output"]["execution_arn"].replace(":execution:", ":stateMachine:").rpartition(":")[0]
    succeeded = ("AWS/States", "ExecutionsSucceeded", (("StateMachineArn", arn),))
    assert values_of(used, succeeded, "Sum") == [len(outputs)]
    table = (("Operation", "BatchGetItem"), ("TableName", "engage-main-cache"))
    assert values_of(used, ("AWS/DynamoDB", "SuccessfulRequestLatency", table), "SampleCount")[0] >= 1
    misses = values_of(used, ("Engage", "CacheMisses", of), "Sum")
    assert misses[0] >= 1


def test_the_alarms_are_judged_by_what_happened(used: Engage) -> None:
    alarms = used.client("cloudwatch").describe_alarms(AlarmNamePrefix="engage-main-")["MetricAlarms"]
    states = {one["AlarmName"].removeprefix("engage-main-"): one["StateValue"] for one in alarms}
    assert states["model-quality"] == "OK"
    assert states["api-errors"] == "OK"
    assert "INSUFFICIENT_DATA" not in states.values()


def test_a_runs_trace_shows_its_states_and_the_functions_phases(used: Engage, first: FirstRun) -> None:
    trace = used.read("runs", "show", first.run_id, "--trace")
    (machine,) = trace["spans"]
    assert (machine["name"], machine["kind"]) == ("engage-main-pipeline", "state machine")
    names = [state["name"] for state in machine["children"]]
    assert [name for name in names if name in STATES] == STATES
    validate = next(state for state in machine["children"] if state["name"] == "Validate")
    (call,) = validate["children"]
    (service,) = call["children"]
    (function,) = service["children"]
    kinds = [call["kind"], service["kind"], function["kind"]]
    assert (service["name"], kinds) == ("engage-main-validate", ["Invoke", "Lambda", "function"])
    assert {"Invocation", "Overhead"} <= {phase["name"] for phase in function["children"]}
    assert validate["offset"] <= function["offset"]
    assert 0 < function["seconds"] <= validate["seconds"]
    assert machine["seconds"] == pytest.approx(first.run["seconds"], abs=0.1)
    train = next(state for state in machine["children"] if state["name"] == "Train")
    assert train["children"][0]["kind"] == "RunTask"
    page = used.ok("runs", "show", first.run_id, "--trace").out
    assert f"Trace {trace['trace_id']} of {first.run_id}" in page
    assert "engage-main-validate function" in page


def test_a_request_to_the_api_is_traced_from_the_gateway_to_the_function(used: Engage) -> None:
    now = datetime.now(UTC)
    window = {"StartTime": now - timedelta(hours=1), "EndTime": now}
    wanted = 'service(id(name: "engage-main/v1", type: "AWS::ApiGateway::Stage"))'
    found = used.client("xray").get_trace_summaries(**window, FilterExpression=wanted)["TraceSummaries"]
    assert {"engage-main-predict", "engage-main-ask"} & {
        service["Name"] for one in found for service in one["ServiceIds"]
    }


def test_without_tracing_there_is_no_trace_and_the_command_says_what_to_do(untraced: Engage) -> None:
    assert untraced("run-pipeline").code == 1  # There is no data.
    refused = untraced("runs", "show", "--trace")
    assert refused.code == 2
    assert "has no trace" in refused.err
    assert "TracingMode" in refused.err


def test_the_weekly_trigger_starts_the_pipeline_at_its_time(untraced: Engage) -> None:
    before = {run["run_id"] for run in untraced.read("runs")}
    untraced.ok("schedule", "on")
    now = datetime.now(UTC)
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=6, minute=0, second=0, microsecond=0)
    process.move_clock(untraced.endpoint, to=monday.timestamp() - 1)
    assert {run["run_id"] for run in untraced.read("runs")} == before
    process.move_clock(untraced.endpoint, to=monday.timestamp() + 1)
    (started,) = {run["run_id"] for run in untraced.read("runs")} - before
    machine = untraced.client("stepfunctions")
    arn = next(
        one["stateMachineArn"]
        for one in machine.list_state_machines()["stateMachines"]
        if one["name"] == "engage-ops-pipeline"
    )
    execution = machine.describe_execution(
        executionArn=f"{arn.replace(':stateMachine:', ':execution:')}:{started}"
    )
    assert json.loads(execution["input"]) == {"as_of": None, "trigger": "schedule", "tune": None}
    untraced.ok("schedule", "off")
    untraced.finished(started)
