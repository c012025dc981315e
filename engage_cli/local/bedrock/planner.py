"""Answers questions without a language model: question -> intent -> tool calls -> answer from the tools'
rows.

It speaks the Converse protocol and keeps no state: every turn is worked out from the messages. Numbers in its
answers come from tool results only. A question that it cannot map it names as such, with what it can answer
and how to connect a model.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from engage_cli.local.bedrock import answers, examples, grammar, passages, segment_answers, statements
from engage_cli.local.bedrock.columns import Table, described
from engage_cli.local.bedrock.converse import (
    Message,
    Reply,
    ToolCall,
    result_value,
    system_text,
    texts,
    tool_specs,
)
from engage_cli.local.bedrock.grammar import Values
from engage_cli.local.bedrock.intent import Intent
from engage_cli.local.bedrock.lexicon import Lexicon, lexicon
from engage_cli.local.bedrock.models import PLANNER
from engage_cli.local.bedrock.vocabulary import CUSTOMERS

_GREETING = re.compile(
    r"^\s*(hi|hello|hey|help|thanks|thank you|what can (you|i) (do|ask|answer)).{0,20}$", re.IGNORECASE
)

LOOK_UP = "look-up"
MOST_CUSTOMERS = 5
"""A question may name so many customers."""
CONNECT = (
    "To have free questions answered, connect a language model: set `ask_model_url` to any "
    "OpenAI-compatible server "
    "(llama.cpp, Ollama, vLLM), or deploy to AWS, where Amazon Bedrock answers."
)


@dataclass(frozen=True)
class Tools:
    """What the request offers: the tools' names and arguments, and the table that the query tool reads.
    `look_up` are the arguments that tell the query tool of a query that only looks values up.
    """

    query: tuple[str, str] | None
    search: tuple[str, str] | None
    prediction: tuple[str, str] | None
    table: Table | None
    look_up: tuple[tuple[str, str], ...] = ()

    @property
    def lexicon(self) -> Lexicon:
        """The words of the table; without one, those that every table has."""
        return lexicon(self.table or Table("predictions", ()))


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
    look_up: tuple[tuple[str, str], ...] = ()
    description = ""
    for spec in tool_specs(request):
        schema = (spec.get("inputSchema") or {}).get("json") or {}
        names = list(schema.get("required") or schema.get("properties") or [])
        for argument in ("sql", "query", "customer_id"):
            if argument in names:
                found.setdefault(argument, (spec["name"], argument))
        if "sql" in names and LOOK_UP in ((schema.get("properties") or {}).get("purpose") or {}).get(
            "enum", ()
        ):
            look_up = (("purpose", LOOK_UP),)
        description += spec.get("description", "") + "\n"
    table = described(description) or described(system_text(request))
    return Tools(found.get("sql"), found.get("query"), found.get("customer_id"), table, look_up)


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
    known = tools.lexicon
    if _GREETING.match(question):
        return f"{examples.listed(known)}\n\n{CONNECT}", ()
    lookup = statements.lookup(known, question) if tools.query and known.looked_up else None
    values = next(
        (_values(one.value, known) for one in exchanges if _asked(one, tools.query) == lookup), None
    )
    intent = grammar.parse(question, known, values if lookup else {})
    if intent.kind == "unknown":
        return _cannot(intent, values, known), ()
    if intent.kind == "knowledge":
        return _knowledge(question, intent, exchanges, tools)
    if intent.kind == "customer":
        return _prediction(intent, exchanges, tools)
    if tools.query is None or tools.table is None:
        return "I have no tool that reads the predictions, so I cannot answer with numbers.", ()
    if intent.kind == "lookup" and lookup:
        return "", (ToolCall(tools.query[0], {tools.query[1]: lookup, **dict(tools.look_up)}),)
    return _query(intent, exchanges, tools.query, known)


def _query(
    intent: Intent, exchanges: list[_Exchange], tool: tuple[str, str], known: Lexicon
) -> tuple[str, tuple[ToolCall, ...]]:
    missing = sorted(statements.columns_of(intent) - known.table.names)
    if missing:
        return (
            f"The table {known.table.name} has no column {', '.join(missing)}, so I cannot answer that.",
            (),
        )
    sql = statements.statement(intent, known)
    done = next((one for one in exchanges if _asked(one, tool) == sql), None)
    if done is None:
        return "", (_call(tool, sql),)
    if intent.kind == "segments":
        return segment_answers.answer_segments(intent, done.value, known), ()
    return answers.answer_rows(intent, done.value, known), ()


def _knowledge(
    question: str, intent: Intent, exchanges: list[_Exchange], tools: Tools
) -> tuple[str, tuple[ToolCall, ...]]:
    """A definition, with the number that it is about where there is one; else the nearest passages."""
    if tools.search is None:
        return "I have no tool that searches the knowledge documents, so I cannot answer that.", ()
    known = tools.lexicon
    label = next((m.label for m in intent.metrics if m is not CUSTOMERS), "")
    searched = _call(tools.search, passages.search_text(question, label))
    number = replace(intent, kind="aggregate") if intent.metrics else None
    if number is None or tools.query is None or statements.columns_of(number) - known.table.names:
        if not exchanges:
            return "", (searched,)
        return passages.answer_passages(question, exchanges[-1].value), ()
    if not exchanges:
        return "", (searched, _call(tools.query, statements.statement(number, known)))
    by_tool = {one.name: one.value for one in exchanges}
    term = passages.defined_term(question) or ""
    said = passages.definition(term, by_tool.get(tools.search[0]), label)
    # The definition says what the number means; without one the table's own words do.
    counted = answers.answer_rows(number, by_tool.get(tools.query[0]), known, explained=said is None)
    return "\n\n".join([*([said] if said else []), counted]), ()


def _prediction(intent: Intent, exchanges: list[_Exchange], tools: Tools) -> tuple[str, tuple[ToolCall, ...]]:
    if tools.prediction is None:
        return "I have no tool that predicts for one customer, so I cannot answer that.", ()
    ids = intent.customer_ids
    if not exchanges:
        return "", tuple(_call(tools.prediction, one) for one in ids[:MOST_CUSTOMERS])
    said = [answers.answer_prediction(one.value or {}) for one in exchanges]
    if len(ids) > MOST_CUSTOMERS:
        said.append(f"These are the first {MOST_CUSTOMERS} of the {len(ids)} customers; ask for the others.")
    return "\n".join(said), ()


def _call(tool: tuple[str, str], value: str) -> ToolCall:
    return ToolCall(tool[0], {tool[1]: value})


def _asked(exchange: _Exchange, tool: tuple[str, str] | None) -> Any:
    """What an exchange asked of a tool."""
    return exchange.arguments.get(tool[1]) if tool else None


def _values(result: Any, known: Lexicon) -> Values:
    """Read the answer of the lookup query: each row has one text column that is not NULL."""
    found: dict[str, list[str]] = {one.column: [] for one in known.looked_up}
    for row in answers.rows_of(result or {}):
        for column, some in found.items():
            if row.get(column) not in (None, ""):
                some.append(str(row[column]))
    return {column: tuple(values) for column, values in found.items()}


def _cannot(intent: Intent, values: Values | None, known: Lexicon) -> str:
    """One sentence that says what was not understood, and a few questions that are."""
    words = ", ".join(f'"{word}"' for word in intent.unknown_words)
    first = (
        f"I do not understand {words}, so I do not answer." if words else "I do not understand the question."
    )
    if intent.customer_ids:
        first = f"{first[:-1]}; of customers by id I tell the prediction with its reasons."
    return examples.listed(known, values, f"{first} These questions work:", examples.FEW)


def _reason(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("error") or value.get("message") or value)
    return str(value)
