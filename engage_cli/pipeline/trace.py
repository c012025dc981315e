"""A run's trace as a tree: what X-Ray's segment documents say of when each part of the run began and how
long it took.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from engage_cli.aws.traces import id_in
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from rich.tree import Tree

_STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_KINDS = {
    _STATE_MACHINE: "state machine",
    "AWS::Lambda": "Lambda",
    "AWS::Lambda::Function": "function",
    "AWS::ApiGateway::Stage": "API",
}
_CLOCKS_DIFFER = timedelta(seconds=5)


class Runs(Protocol):
    """What is needed of `engage_cli.aws.runs.RunReader`."""

    def describe(self, run_id: str) -> dict[str, Any]: ...


class Traces(Protocol):
    """What is needed of `engage_cli.aws.traces.TraceReader`."""

    def documents(self, trace_id: str) -> list[dict[str, Any]]: ...

    def of_service(self, name: str, kind: str, start: datetime, end: datetime) -> Iterable[str]: ...


@dataclass
class Span:
    """One part of a trace.

    `offset`: seconds from the start of the trace; `seconds`: how long it took, None while it goes on.
    `kind`: the service that wrote it, empty for a part of another one. `error`: why it failed, if it did.
    """

    name: str
    kind: str
    offset: float
    seconds: float | None
    error: str = ""
    children: list["Span"] = field(default_factory=list)


@dataclass(frozen=True)
class RunTrace:
    """The trace of a run."""

    run_id: str
    trace_id: str
    spans: list[Span]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def trace_of(runs: Runs, traces: Traces, run_id: str) -> RunTrace:
    """Read a run's trace. Raises UserError when the run has none."""
    execution = runs.describe(run_id)
    named = id_in(str(execution.get("traceHeader") or ""))
    candidates = [named] if named else []
    for trace_id in candidates or _started_with(traces, execution):
        documents = traces.documents(trace_id)
        if any(_is_run(document, execution) for document in documents):
            return RunTrace(run_id, trace_id, spans_of(documents))
    raise UserError(
        f"Run {run_id} has no trace.",
        hint="X-Ray keeps one for 30 days of a run that started with TracingMode = Active; "
        "look at engage.toml, then: engage deploy",
    )


def _is_run(document: Mapping[str, Any], execution: Mapping[str, Any]) -> bool:
    """Whether a segment is that of this execution, as far as it says of which one it is."""
    arn = (document.get("aws") or {}).get("execution_arn", execution["executionArn"])
    return document.get("origin") == _STATE_MACHINE and arn == execution["executionArn"]


def _started_with(traces: Traces, execution: Mapping[str, Any]) -> Iterable[str]:
    """Traces of the state machine that began when the run did: one that a schedule started names none
    itself.
    """
    name = str(execution["stateMachineArn"]).rpartition(":")[2]
    started = execution["startDate"]
    return traces.of_service(name, _STATE_MACHINE, started - _CLOCKS_DIFFER, started + _CLOCKS_DIFFER)


def spans_of(documents: Iterable[Mapping[str, Any]]) -> list[Span]:
    """The tree of segment documents: each below the segment or subsegment that it came from, oldest first."""
    segments = sorted(documents, key=lambda one: float(one["start_time"]))
    if not segments:
        return []
    origin = float(segments[0]["start_time"])
    placed: dict[str, Span] = {}
    made = [(segment, _span(segment, origin, placed)) for segment in segments]
    roots = []
    for segment, span in made:
        parent = placed.get(str(segment.get("parent_id")))
        if parent is None or parent is span:
            roots.append(span)
        else:
            parent.children.append(span)
    for span in placed.values():
        span.children.sort(key=lambda one: one.offset)
    return roots


def _span(document: Mapping[str, Any], origin: float, placed: dict[str, Span]) -> Span:
    start, end = float(document["start_time"]), document.get("end_time")
    kind = str(document.get("origin") or "")
    span = Span(
        name=str(document["name"]),
        kind=_KINDS.get(kind, kind) or str((document.get("aws") or {}).get("operation") or ""),
        offset=round(start - origin, 3),
        seconds=None if end is None else round(float(end) - start, 3),
        error=_error(document),
    )
    placed[str(document["id"])] = span
    span.children = [_span(one, origin, placed) for one in document.get("subsegments") or ()]
    return span


def _error(document: Mapping[str, Any]) -> str:
    if not any(document.get(flag) for flag in ("fault", "error", "throttle")):
        return ""
    cause = document.get("cause")
    exceptions = (cause.get("exceptions") if isinstance(cause, dict) else None) or [{}]
    return str(exceptions[0].get("type") or ("throttled" if document.get("throttle") else "failed"))


def trace_tree(trace: RunTrace) -> "Tree":
    """The trace as a tree for people: name, when it began and how long it took."""
    from rich.markup import escape
    from rich.tree import Tree

    started = datetime.fromtimestamp(int(trace.trace_id.split("-")[1], 16), UTC)
    root = Tree(f"Trace {trace.trace_id} of {escape(trace.run_id)}, {started:%Y-%m-%d %H:%M:%S} UTC")

    def add(branch: "Tree", span: Span) -> None:
        took = "goes on" if span.seconds is None else f"{span.seconds:.3f} s"
        kind = f" [dim]{escape(span.kind)}[/dim]" if span.kind else ""
        error = f"  [red]{escape(span.error)}[/red]" if span.error else ""
        below = branch.add(f"{escape(span.name)}{kind}  +{span.offset:.3f} s  {took}{error}")
        for child in span.children:
            add(below, child)

    for span in trace.spans:
        add(root, span)
    return root
