"""X-Ray's parts: headers, sampling, segment documents, filters, and the segment of an execution."""

import json
from typing import Any

import pytest

from engage_cli.local.xray import documents, executions, filters
from engage_cli.local.xray.context import Sampler, Trace, begun, new_trace_id

ROOT = "1-6b06e3c2-2f6cdf6ef210677f1a05b3ab"


def document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "svc",
        "id": "00000000000000a1",
        "trace_id": ROOT,
        "start_time": 10.0,
        "end_time": 12.5,
        **changes,
    }


def test_a_header_is_read_and_written() -> None:
    trace = Trace.parse(f"Root={ROOT}; Parent=00000000000000a1;Sampled=1")
    assert trace == Trace(ROOT, "00000000000000a1", True)
    assert trace.header == f"Root={ROOT};Parent=00000000000000a1;Sampled=1"
    assert Trace.parse(f"Root={ROOT};Sampled=?") == Trace(ROOT)
    assert Trace.parse("Self=1-1-1") is None
    assert Trace.parse(None) is None


def test_one_trace_of_each_second_is_recorded_for_certain_and_then_one_in_twenty() -> None:
    now, chance = [100.2], [0.04]
    sampler = Sampler(lambda: now[0], lambda: chance[0])
    assert [sampler.decide(), sampler.decide()] == [True, True]
    chance[0] = 0.06
    assert sampler.decide() is False
    now[0] = 101.0
    assert [sampler.decide(), sampler.decide()] == [True, False]


def test_a_service_follows_what_was_decided_before_it() -> None:
    assert begun(Trace(ROOT, None, False)) == Trace(ROOT, None, False)
    assert begun(Trace(ROOT, None, True)).sampled is True
    assert begun(None).root.startswith("1-")
    assert new_trace_id(0x6B06E3C2).startswith("1-6b06e3c2-")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "ParseError"),
        ("[]", "ParseError"),
        (json.dumps(document(name=None)), "MissingName"),
        (json.dumps(document(name="a\u0001b")), "InvalidName"),
        (json.dumps(document(id="xyz")), "InvalidId"),
        (json.dumps(document(trace_id="1-2-3")), "InvalidTraceId"),
        (json.dumps(document(start_time="now")), "InvalidStartTime"),
        (
            json.dumps({key: value for key, value in document().items() if key != "end_time"}),
            "MissingEndTime",
        ),
        (json.dumps(document(end_time=9)), "InvalidEndTime"),
        (json.dumps(document(type="subsegment")), "MissingParentId"),
        (json.dumps(document(metadata={"x": "y" * 70_000})), "DocumentTooLarge"),
    ],
)
def test_a_wrong_document_is_refused_with_its_field(text: str, code: str) -> None:
    with pytest.raises(documents.InvalidDocumentError) as refused:
        documents.parse(text)
    assert refused.value.code == code


def test_a_document_in_progress_needs_no_end() -> None:
    open_one = {key: value for key, value in document(in_progress=True).items() if key != "end_time"}
    assert documents.parse(json.dumps(open_one)) == open_one


def test_subsegments_that_came_alone_are_put_into_their_parents_and_the_homeless_stay() -> None:
    inner = document(id="00000000000000b2", type="subsegment", parent_id="00000000000000b1", start_time=11.0)
    outer = document(id="00000000000000b1", type="subsegment", parent_id="00000000000000a1", start_time=11.0)
    lost = document(
        id="00000000000000c1", type="subsegment", parent_id="00000000000000ff", start_time=13.0, end_time=14
    )
    found = documents.merged([inner, lost, outer, document()])
    assert [one["id"] for one in found] == ["00000000000000a1", "00000000000000c1"]
    assert found[0]["subsegments"][0]["subsegments"][0]["id"] == "00000000000000b2"
    assert documents.duration(found) == 4.0


def test_a_summary_says_what_a_filter_asks_for() -> None:
    part = {"id": "00000000000000d1", "name": "x", "start_time": 11.0, "end_time": 12.0, "fault": True}
    segments = [
        document(
            origin="AWS::Lambda",
            http={"response": {"status": 502}},
            annotations={"run": "r1", "big": True},
            subsegments=[part],
        )
    ]
    summary = documents.summary(ROOT, segments)
    assert (summary["Duration"], summary["HasFault"], summary["HasError"]) == (2.5, True, False)
    for expression in (
        'service("svc")',
        'service(id(name: "svc", type: "AWS::Lambda"))',
        'annotation.run = "r1" AND annotation.big = true',
        "fault AND !error AND http.status = 502",
        "duration >= 2.5 and responsetime < 3",
        None,
    ):
        assert filters.parse(expression)(summary), expression
    for expression in (
        'service("other")',
        'service(id(name: "svc", type: "AWS::ECS"))',
        "ok",
        "duration > 2.5",
    ):
        assert not filters.parse(expression)(summary), expression


@pytest.mark.parametrize("expression", ['user = "me"', "fault OR error", "service(", 'edge("a", "b")'])
def test_a_filter_that_is_not_read_is_refused_and_not_taken_for_true(expression: str) -> None:
    with pytest.raises(filters.UnknownFilterError, match="does not read"):
        filters.parse(expression)


def event(number: int, kind: str, second: float, **details: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "timestamp": f"2026-11-25T10:00:{second:06.3f}Z", **details}


def execution(events: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
    return {
        "executionArn": f"{machine.replace('stateMachine', 'execution')}:run",
        "stateMachineArn": machine,
        "startDate": "2026-11-25T10:00:00.000Z",
        "stopDate": "2026-11-25T10:00:09.000Z",
        "status": "SUCCEEDED",
        "traceHeader": f"Root={ROOT};Sampled=1",
        "_traced": True,
        "events": events,
        **changes,
    }


def entered(number: int, kind: str, name: str, second: float) -> dict[str, Any]:
    return event(number, f"{kind}StateEntered", second, stateEnteredEventDetails={"name": name})


def left(number: int, kind: str, name: str, second: float) -> dict[str, Any]:
    return event(number, f"{kind}StateExited", second, stateExitedEventDetails={"name": name})


def scheduled(number: int, second: float, resource: str) -> dict[str, Any]:
    return event(number, "TaskScheduled", second, taskScheduledEventDetails={"resource": resource})


LAMBDA = "arn:aws:states:::lambda:invoke"


def test_an_executions_segment_holds_its_states_and_their_calls() -> None:
    failure = {"error": "Lambda.Unknown", "cause": "it broke"}
    found = executions.segment(
        execution(
            [
                entered(2, "Task", "Work", 1),
                scheduled(3, 1, LAMBDA),
                event(4, "TaskFailed", 2, taskFailedEventDetails=failure),
                scheduled(5, 3, LAMBDA),
                event(6, "TaskSucceeded", 4),
                left(7, "Task", "Work", 4),
                entered(8, "Map", "Shards", 5),
                scheduled(9, 5, "arn:aws:states:::ecs:runTask.sync"),
                event(10, "TaskSucceeded", 8),
                left(11, "Map", "Shards", 8),
            ]
        )
    )
    assert (found["name"], found["origin"]) == ("m", executions.ORIGIN)
    work, shards = found["subsegments"]
    assert [(one["name"], one.get("fault", False)) for one in work["subsegments"]] == [
        ("Lambda", True),
        ("Lambda", False),
    ]
    assert work["subsegments"][0]["cause"]["exceptions"][0]["type"] == "Lambda.Unknown"
    assert shards["subsegments"][0]["name"] == "ECS"
    assert shards["subsegments"][0]["aws"] == {"operation": "RunTask"}
    ids = [found["id"], work["id"], *(one["id"] for one in work["subsegments"]), shards["id"]]
    assert len(set(ids)) == 5


def test_a_run_that_goes_on_is_in_progress_and_one_that_failed_has_its_fault() -> None:
    events = [entered(2, "Task", "Work", 1), scheduled(3, 1, LAMBDA)]
    going = executions.segment(execution(events, status="RUNNING", stopDate=None))
    assert going["in_progress"] is True
    assert going["subsegments"][0]["in_progress"] is True
    assert going["subsegments"][0]["subsegments"][0]["in_progress"] is True
    ended = [*events, event(4, "ExecutionFailed", 9)]
    failed = executions.segment(execution(ended, status="FAILED", error="States.Timeout", cause="too slow"))
    assert failed["cause"]["exceptions"][0]["type"] == "States.Timeout"
    assert failed["subsegments"][0]["fault"] is True


def test_a_call_names_the_attempt_that_it_is_part_of() -> None:
    one = execution([entered(2, "Task", "Work", 1), scheduled(3, 1, LAMBDA)], status="RUNNING", stopDate=None)
    trace = executions.calling(one)
    assert trace is not None
    assert trace.parent == executions.segment(one)["subsegments"][0]["subsegments"][0]["id"]
    assert executions.calling({**one, "_traced": False}) == Trace(ROOT, None, False)
    assert executions.calling({key: value for key, value in one.items() if key != "_traced"}) is None
