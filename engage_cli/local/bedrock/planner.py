"""Answers questions without a language model: question -> intent -> tool calls -> answer from the tools'
rows.

It speaks the Converse protocol and keeps no state: every turn is worked out from the messages. Numbers in its
answers come from tool results only. A question that it cannot map it names as such, with what it can answer
and how to connect a model.
"""

import re
from dataclasses import dataclass
from typing import Any

from engage_cli.local.bedrock import answers, grammar, statements
from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.converse import (
    Message,
    Reply,
    ToolCall,
    result_value,
    system_text,
    texts,
    tool_specs,
)
from engage_cli.local.bedrock.grammar import Intent, Values
from engage_cli.local.bedrock.models import PLANNER

_TABLE = re.compile(r"[Tt]able\s+`?(\w+)`?\s*\(([^)]*)\)")
_GREETING = re.compile(
    r"^\s*(hi|hello|hey|help|thanks|thank you|what can (you|i) (do|ask|answer)).{0,20}$", re.IGNORECASE
)

CAPABILITIES = """\
I can answer questions about the newest predictions, for example:
- Which countries have the highest churn risk?
- How many customers are at high risk, by plan?
- What share of customers on mobile is at risk?
- Total expected value of at-risk customers in Germany
- Top 10 customers by churn probability with value over $100
- Compare plans
- Why are customers in France at risk?
- What is the prediction for customer C00000001?
- How is churn defined? How good is the model?"""
CONNECT = (
    "To have free questions answered, connect a language model: set `ask_model_url` to any "
    "OpenAI-compatible server "
    "(llama.cpp, Ollama, vLLM), or deploy to AWS, where Amazon Bedrock answers."
)


@dataclass(frozen=True)
class Tools:
    """What the request offers: the tools' names and arguments, and the table that the query tool reads."""

    query: tuple[str, str] | None
    search: tuple[str, str] | None
    prediction: tuple[str, str] | None
    table: str | None
    columns: frozenset[str]


@dataclass(frozen=True)
class _Exchange:
    """One tool call of the conversation and what came back."""

    name: str
    arguments: dict[str, Any]
    value: Any
    failed: bool


def reply(request: dict[str, Any]) -> Reply:
    """Return the next turn of the assistant for a Converse request."""
    tools = offered(request)
    question, exchanges = _conversation(request["messages"])
    said, calls = _turn(question, exchanges, tools)
    return Reply(said, calls, model=PLANNER)


def offered(request: dict[str, Any]) -> Tools:
    """Read the tools: by the argument that each requires, and the table from descriptions or system
    prompt.
    """
    found: dict[str, tuple[str, str]] = {}
    description = ""
    for spec in tool_specs(request):
        schema = (spec.get("inputSchema") or {}).get("json") or {}
        names = list(schema.get("required") or schema.get("properties") or [])
        for argument in ("sql", "query", "customer_id"):
            if argument in names:
                found.setdefault(argument, (spec["name"], argument))
        description += spec.get("description", "") + "\n"
    described = _TABLE.search(description) or _TABLE.search(system_text(request))
    columns = [part.split()[0] for part in described[2].split(",") if part.split()] if described else []
    return Tools(
        found.get("sql"),
        found.get("query"),
        found.get("customer_id"),
        described[1] if described else None,
        frozenset(columns),
    )


def _conversation(messages: list[Message]) -> tuple[str, list[_Exchange]]:
    """Return the newest question and the tool exchanges since."""
    question, exchanges, pending = "", list[_Exchange](), dict[str, dict[str, Any]]()
    for message in messages:
        if message["role"] == "user" and (said := texts(message).strip()):
            question, exchanges = said, []
        for block in message["content"]:
            if "toolUse" in block:
                pending[block["toolUse"]["toolUseId"]] = block["toolUse"]
            elif "toolResult" in block:
                result = block["toolResult"]
                use = pending.get(result["toolUseId"], {"name": "", "input": {}})
                failed = result.get("status") == "error"
                exchanges.append(_Exchange(use["name"], use.get("input") or {}, result_value(result), failed))
    return question, exchanges


def _turn(question: str, exchanges: list[_Exchange], tools: Tools) -> tuple[str, tuple[ToolCall, ...]]:
    failed = next((one for one in exchanges if one.failed), None)
    if failed is not None:
        return f"I could not answer, because {failed.name} failed: {_reason(failed.value)}", ()
    if _GREETING.match(question):
        return f"{CAPABILITIES}\n\n{CONNECT}", ()
    values = next((_values(one.value) for one in exchanges if _is_lookup(one, tools)), None)
    intent = grammar.parse(question, values)
    if intent.kind == "unknown":
        return _cannot(intent, values), ()
    if intent.kind == "knowledge":
        return _knowledge(question, exchanges, tools)
    if intent.kind == "customer":
        return _prediction(intent, exchanges, tools)
    return _query(intent, exchanges, tools)


def _query(intent: Intent, exchanges: list[_Exchange], tools: Tools) -> tuple[str, tuple[ToolCall, ...]]:
    if tools.query is None or tools.table is None:
        return "I have no tool that reads the predictions, so I cannot answer with numbers.", ()
    if intent.kind == "lookup":
        return "", (_call(tools.query, statements.lookup(tools.table)),)
    missing = sorted(statements.columns_of(intent) - tools.columns)
    if missing:
        return f"The table {tools.table} has no column {', '.join(missing)}, so I cannot answer that.", ()
    sql = statements.statement(intent, tools.table)
    done = next((one for one in exchanges if one.arguments.get(tools.query[1]) == sql), None)
    if done is None:
        return "", (_call(tools.query, sql),)
    return answers.answer_rows(intent, done.value), ()


def _knowledge(question: str, exchanges: list[_Exchange], tools: Tools) -> tuple[str, tuple[ToolCall, ...]]:
    if tools.search is None:
        return "I have no tool that searches the knowledge documents, so I cannot answer that.", ()
    if not exchanges:
        return "", (_call(tools.search, question),)
    return answers.answer_passages(question, exchanges[-1].value), ()


def _prediction(intent: Intent, exchanges: list[_Exchange], tools: Tools) -> tuple[str, tuple[ToolCall, ...]]:
    if tools.prediction is None:
        return "I have no tool that predicts for one customer, so I cannot answer that.", ()
    if not exchanges:
        return "", tuple(_call(tools.prediction, one) for one in intent.customer_ids[:5])
    return "\n".join(answers.answer_prediction(one.value or {}) for one in exchanges), ()


def _call(tool: tuple[str, str], value: str) -> ToolCall:
    return ToolCall(tool[0], {tool[1]: value})


def _is_lookup(exchange: _Exchange, tools: Tools) -> bool:
    if tools.query is None or tools.table is None:
        return False
    return bool(exchange.arguments.get(tools.query[1]) == statements.lookup(tools.table))


def _values(result: Any) -> Values:
    """Read the answer of the lookup query: each row has one category column that is not NULL."""
    found: dict[str, list[str]] = {column: [] for column in v.CATEGORICAL}
    for row in answers.rows_of(result or {}):
        for column in v.CATEGORICAL:
            if row.get(column) not in (None, ""):
                found[column].append(str(row[column]))
    return {column: tuple(values) for column, values in found.items()}


def _cannot(intent: Intent, values: Values | None) -> str:
    words = ", ".join(f'"{word}"' for word in intent.unknown_words)
    first = (
        f"I do not understand {words}, so I do not answer." if words else "I do not understand the question."
    )
    parts = [
        f"{first} (This is the local planner: it maps questions to queries by a fixed grammar, without a "
        f"language model.)"
    ]
    if values:
        known = [
            f"{v.DIMENSION_BY_COLUMN[column].plural}: {', '.join(list(some)[:12])}"
            for column, some in values.items()
            if some
        ]
        parts.append("Values that I know: " + "; ".join(known) + ".")
    return "\n\n".join([*parts, CAPABILITIES, CONNECT])


def _reason(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("error") or value.get("message") or value)
    return str(value)
