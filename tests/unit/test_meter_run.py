"""The meter on what a run itself did: states, tasks, functions and their logs."""

import json
from decimal import Decimal
from typing import Any

from tests.unit.meter_support import (
    ARN,
    RUN,
    SCOPE,
    Fake,
    amounts,
    at,
    clients,
    cloud,
    ecs_task,
    entered,
    event,
    left,
    refused,
    report,
    say,
    succeeded,
)

# The support module makes the handler importable.
# isort: split
from metering import history, logs, tasks
from metering.records import Used


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
