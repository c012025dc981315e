"""A run's trace as people and programs see it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from engage_cli.aws.traces import id_in, new_header
from engage_cli.errors import UserError
from engage_cli.pipeline.trace import spans_of, trace_of, trace_tree

ROOT = "1-6b06e3c2-2f6cdf6ef210677f1a05b3ab"
MACHINE = "arn:aws:states:us-east-1:1:stateMachine:engage-dev-pipeline"
EXECUTION = "arn:aws:states:us-east-1:1:execution:engage-dev-pipeline:run-1"
STARTED = datetime(2026, 11, 25, 10, tzinfo=UTC)


def part(identity: str, name: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    found = {"id": identity, "name": name, "start_time": start, **more}
    return found | ({"end_time": end} if end is not None else {"in_progress": True})


def documents() -> list[dict[str, Any]]:
    call = part("c1", "Lambda", 101.5, 103.0, aws={"operation": "Invoke"})
    machine = part(
        "m", "engage-dev-pipeline", 100.0, None, origin="AWS::StepFunctions::StateMachine",
        aws={"execution_arn": EXECUTION}, subsegments=[part("s1", "Train", 101.0, 104.0, subsegments=[call])],
    )  # fmt: skip
    failed = {"exceptions": [{"type": "ValueError"}]}
    function = part(
        "f", "train", 101.7, 102.9, origin="AWS::Lambda::Function", parent_id="l", fault=True, cause=failed
    )
    return [function, part("l", "train", 101.6, 102.95, origin="AWS::Lambda", parent_id="c1"), machine]


class FakeRuns:
    def __init__(self, header: str | None) -> None:
        self._header = header

    def describe(self, run_id: str) -> dict[str, Any]:
        found = {"stateMachineArn": MACHINE, "executionArn": EXECUTION, "startDate": STARTED}
        return found | ({"traceHeader": self._header} if self._header else {})


class FakeTraces:
    """Has the traces given; remembers which services were looked for."""

    def __init__(self, known: dict[str, list[dict[str, Any]]]) -> None:
        self._known = known
        self.looked_for: list[tuple[str, str, datetime, datetime]] = []

    def documents(self, trace_id: str) -> list[dict[str, Any]]:
        return self._known.get(trace_id, [])

    def of_service(self, name: str, kind: str, start: datetime, end: datetime) -> Iterable[str]:
        self.looked_for.append((name, kind, start, end))
        return list(self._known)


def test_segments_hang_below_what_they_came_from_with_their_start_and_duration() -> None:
    (machine,) = spans_of(documents())
    assert (machine.name, machine.kind, machine.offset, machine.seconds) == (
        "engage-dev-pipeline", "state machine", 0.0, None,
    )  # fmt: skip
    train = machine.children[0]
    call = train.children[0]
    assert (train.offset, train.seconds, call.kind) == (1.0, 3.0, "Invoke")
    service = call.children[0]
    function = service.children[0]
    assert (service.kind, function.kind, function.offset, function.seconds) == (
        "Lambda",
        "function",
        1.7,
        1.2,
    )
    assert function.error == "ValueError"


def test_a_segment_whose_parent_is_unknown_is_a_root_of_its_own() -> None:
    assert [
        span.name for span in spans_of([part("a", "x", 1, 2, parent_id="gone"), part("b", "y", 3, 4)])
    ] == ["x", "y"]
    assert spans_of([]) == []


def test_the_trace_is_the_one_that_the_run_names() -> None:
    traces = FakeTraces({ROOT: documents()})
    assert trace_of(FakeRuns(f"Root={ROOT};Sampled=1"), traces, "run-1").trace_id == ROOT
    assert traces.looked_for == []


def test_a_run_that_names_none_is_found_by_its_state_machine_and_start() -> None:
    other = [{**documents()[2], "aws": {"execution_arn": EXECUTION + "0"}}]
    traces = FakeTraces({"1-00000001-000000000000000000000001": other, ROOT: documents()})
    assert trace_of(FakeRuns(None), traces, "run-1").trace_id == ROOT
    (name, kind, start, end) = traces.looked_for[0]
    assert (name, kind) == ("engage-dev-pipeline", "AWS::StepFunctions::StateMachine")
    assert start < STARTED < end


def test_a_run_without_a_trace_says_so_and_what_to_do() -> None:
    with pytest.raises(UserError, match=r"Run run-1 has no trace\.") as error:
        trace_of(FakeRuns(f"Root={ROOT};Sampled=1"), FakeTraces({}), "run-1")
    assert "TracingMode" in str(error.value.hint)


def test_people_see_a_tree_with_the_start_and_the_time_of_each_part() -> None:
    import io

    from rich.console import Console

    page = io.StringIO()
    Console(file=page, width=120, highlight=False).print(
        trace_tree(trace_of(FakeRuns(f"Root={ROOT}"), FakeTraces({ROOT: documents()}), "run-1"))
    )
    text = page.getvalue()
    assert f"Trace {ROOT} of run-1" in text
    assert "engage-dev-pipeline state machine  +0.000 s  goes on" in text
    assert "Train  +1.000 s  3.000 s" in text
    assert "train function  +1.700 s  1.200 s  ValueError" in text


def test_a_new_header_names_a_trace_that_is_to_be_recorded() -> None:
    header = new_header()
    assert header.endswith(";Sampled=1")
    assert id_in(header) == header.removeprefix("Root=").removesuffix(";Sampled=1")
    assert id_in("Sampled=1") is None
