"""The client of `engage ask`, its rendering, and its page."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engage_cli.ask import client, render
from engage_cli.errors import CloudError, UserError

RAW: dict[str, Any] = {
    "answer": "DE with 50.0 % [bold]",
    "sql": ["SELECT 1"],
    "queries": [{"sql": "SELECT 1", "rows": 1, "scanned_bytes": 2048, "query_id": "q"}],
    "sources": [{"document": "knowledge/definitions.md", "score": 0.5}],
    "tool_calls": [{"tool": "query_predictions", "input": {"sql": "x"}, "ok": False, "error": "no"}],
    "model_id": "engage-local-planner", "usage": {"inputTokens": 5, "outputTokens": 2}, "latency_ms": 1500,
}  # fmt: skip


class Api:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.posted: list[tuple[str, Mapping[str, Any]]] = []

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.posted.append((path, body))
        return self.answer


def test_a_question_is_posted_and_its_answer_read() -> None:
    api = Api(RAW)
    answer = client.ask(api, "  which   countries? ")
    assert api.posted == [("ask", {"question": "which countries?"})]
    assert answer.queries[0].scanned_bytes == 2048
    assert answer.by_planner
    assert answer.tool_calls[0].error == "no"


@pytest.mark.parametrize("question", ["", "hi", "x" * 501])
def test_a_question_of_the_wrong_length_is_not_sent(question: str) -> None:
    api = Api(RAW)
    with pytest.raises(UserError, match="3 to 500"):
        client.ask(api, question)
    assert api.posted == []


@pytest.mark.parametrize("raw", [{}, {"answer": "x"}, RAW | {"sources": [{}]}, RAW | {"usage": "no"}])
def test_an_answer_of_another_shape_is_a_clear_error(raw: dict[str, Any]) -> None:
    with pytest.raises(CloudError, match="expected shape"):
        client.read(raw)


def test_the_sql_the_documents_and_the_answerer_are_shown() -> None:
    from rich.console import Console

    text = io.StringIO()
    render.render(Console(file=text, width=100), client.read(RAW))
    shown = text.getvalue()
    for part in ("[bold]", "SQL (1 row, 2.0 kB scanned)", "SELECT 1", "knowledge/definitions.md (0.50)",
                 "without a language model, in 1.5 s", "query_predictions: no"):  # fmt: skip
        assert part in shown


def test_a_look_up_of_values_is_shown_only_where_a_language_model_called_it_one() -> None:
    look_up = {"sql": "SELECT 2", "purpose": "look-up"}
    raw = RAW | {"queries": [look_up, RAW["queries"][0]]}
    assert [one.sql for one in client.read(raw).shown_queries] == ["SELECT 1"]
    assert [one.title for one in render.sections(client.read(raw))].count("SQL") == 0
    model = client.read(raw | {"model_id": "a-model"})
    assert [one.sql for one in model.shown_queries] == ["SELECT 2", "SELECT 1"]


def test_a_blocked_question_is_not_said_to_be_answered_by_a_model() -> None:
    blocked = client.read(RAW | {"model_id": "guardrail", "stop_reason": "guardrail_intervened"})
    assert render.footer(blocked) == "Stopped by the guardrail; no model was asked, in 1.5 s."


def test_the_page_lists_what_the_planner_understands() -> None:
    from engage_cli.local.bedrock.reference import rewritten

    page = (Path(__file__).parents[2] / "docs" / "ask.md").read_text(encoding="utf-8")
    assert rewritten(page) == page, "run: python -m engage_cli.local.bedrock.reference docs/ask.md"
