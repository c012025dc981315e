"""Asks the API a question and reads its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engage_cli.errors import CloudError, UserError

MIN_LENGTH, MAX_LENGTH = 3, 500
PLANNER = "engage-local-planner"
GUARDRAIL = "guardrail"


class Poster(Protocol):
    """What is needed of the API client: post JSON, raise UserError or CloudError for refusals."""

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Source:
    """A knowledge document behind the answer; `score` is the similarity of its best passage."""

    document: str
    score: float


@dataclass(frozen=True)
class Query:
    """A statement that was run: rows returned, bytes scanned, Athena's id (None when the API did not say)."""

    sql: str
    rows: int | None = None
    scanned_bytes: int | None = None
    query_id: str | None = None
    purpose: str = "answer"
    """`look-up` when it only found out which values there are, else `answer`."""


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model called; `error` when it refused or failed."""

    tool: str
    input: Mapping[str, Any]
    error: str | None = None


@dataclass(frozen=True)
class Answer:
    """An answered question with its evidence. Tokens over all turns; `raw` is the API's JSON."""

    text: str
    queries: tuple[Query, ...]
    sources: tuple[Source, ...]
    tool_calls: tuple[ToolCall, ...]
    model_id: str
    input_tokens: int
    output_tokens: int
    latency_ms: int | None
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def by_planner(self) -> bool:
        """Whether the local planner answered, without a language model."""
        return self.model_id == PLANNER

    @property
    def shown_queries(self) -> tuple[Query, ...]:
        """The queries that the answer rests on: without the planner's look-ups of values. A language model
        may misname a query, so all of its queries are shown.
        """
        return tuple(one for one in self.queries if not (self.by_planner and one.purpose == "look-up"))

    @property
    def is_blocked(self) -> bool:
        """Whether the guardrail stopped the question before any model saw it."""
        return self.model_id == GUARDRAIL


def ask(api: Poster, question: str) -> Answer:
    """Return the answer to `question`. Raises UserError for a question that cannot be asked, CloudError for
    the rest.
    """
    question = " ".join(question.split())
    if not MIN_LENGTH <= len(question) <= MAX_LENGTH:
        raise UserError(
            f"A question must have {MIN_LENGTH} to {MAX_LENGTH} characters, not {len(question)}.",
            hint='For example: engage ask "Which countries have the highest churn risk?"',
        )
    return read(api.post("ask", {"question": question}))


def read(raw: dict[str, Any]) -> Answer:
    """Return the answer in the API's JSON; raises CloudError when it is not one."""
    try:
        queries = raw.get("queries") or [{"sql": sql} for sql in raw.get("sql", [])]
        usage = raw.get("usage", {})
        latency = raw.get("latency_ms")
        return Answer(
            text=str(raw["answer"]),
            queries=tuple(
                Query(
                    str(one["sql"]),
                    one.get("rows"),
                    one.get("scanned_bytes"),
                    one.get("query_id"),
                    str(one.get("purpose") or "answer"),
                )
                for one in queries
            ),
            sources=tuple(
                Source(str(one["document"]), float(one["score"])) for one in raw.get("sources", [])
            ),
            tool_calls=tuple(
                ToolCall(str(one["tool"]), dict(one.get("input") or {}), one.get("error"))
                for one in raw.get("tool_calls", [])
            ),
            model_id=str(raw["model_id"]),
            input_tokens=int(usage.get("inputTokens", 0)),
            output_tokens=int(usage.get("outputTokens", 0)),
            latency_ms=None if latency is None else int(latency),
            raw=raw,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CloudError(
            f"The API's answer is not of the expected shape ({error}); program and platform may differ "
            f"in version.",
            hint="Run `engage deploy`.",
        ) from error
