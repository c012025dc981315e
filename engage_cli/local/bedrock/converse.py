"""The Converse protocol: what a request must look like, and what an answer looks like.

`Reply` is what a brain (the planner or a connected model) gives back; this module turns it into the answer
of the true protocol: output message, stop reason, usage, latency.
"""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from engage_cli.local.bedrock.embedding import count_tokens
from engage_cli.local.bedrock.errors import validation

Message = dict[str, Any]


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model wants to be run."""

    name: str
    arguments: dict[str, Any]
    id: str = field(default_factory=lambda: f"tooluse_{uuid.uuid4().hex[:22]}")


@dataclass(frozen=True)
class Reply:
    """What a brain answers: text, tool calls or both. `tokens` are (input, output) when the brain counted
    them.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    stop_reason: str | None = None
    model: str | None = None
    tokens: tuple[int, int] | None = None


def check(request: dict[str, Any]) -> list[Message]:
    """Return the messages of a valid request; raise what Bedrock raises for an invalid one."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise validation("The value at 'messages' must have at least one message.")
    if messages[0].get("role") != "user":
        raise validation(
            "A conversation must start with a user message. Try again with a conversation that starts "
            "with a user message."
        )
    expected: set[str] = set()
    before = ""
    for number, message in enumerate(messages):
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant"):
            raise validation(f"messages.{number}.role must be user or assistant.")
        if role == before:
            raise validation(
                "A conversation must alternate between user and assistant roles. Make sure the "
                "conversation alternates between user and assistant roles and try again."
            )
        if not isinstance(content, list) or not content:
            raise validation(
                f"The content field in the Message object at messages.{number} is empty. Add a "
                "ContentBlock object to the content field and try again."
            )
        _check_results(number, content, expected)
        expected = {block["toolUse"]["toolUseId"] for block in content if "toolUse" in block}
        before = role
    if before != "user":
        raise validation("The conversation must end with a user message.")
    used = any(
        "toolUse" in block or "toolResult" in block for message in messages for block in message["content"]
    )
    if used and not tool_specs(request):
        raise validation(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )
    return messages


def _check_results(number: int, content: list[dict[str, Any]], expected: set[str]) -> None:
    given = {block["toolResult"].get("toolUseId", "") for block in content if "toolResult" in block}
    if given - expected:
        raise validation(
            f"The number of toolResult blocks at messages.{number}.content exceeds the number of "
            "toolUse blocks of previous turn."
        )
    if expected - given:
        missing = ", ".join(sorted(expected - given))
        raise validation(
            f"Expected toolResult blocks at messages.{number}.content for the following Ids: {missing}"
        )


def tool_specs(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tool specifications that the request offers."""
    tools = (request.get("toolConfig") or {}).get("tools") or []
    return [tool["toolSpec"] for tool in tools if "toolSpec" in tool]


def system_text(request: dict[str, Any]) -> str:
    """Return the system prompt."""
    return "\n".join(block["text"] for block in request.get("system") or [] if "text" in block)


def texts(message: Message) -> str:
    """Return the text blocks of a message (guarded blocks too), joined."""
    found = []
    for block in message.get("content") or []:
        if "text" in block:
            found.append(block["text"])
        elif "guardContent" in block:
            found.append((block["guardContent"].get("text") or {}).get("text", ""))
    return "\n".join(found)


def result_value(result: dict[str, Any]) -> Any:
    """Return what a toolResult holds: its JSON, its text read as JSON, or its text."""
    for block in result.get("content") or []:
        if "json" in block:
            return block["json"]
        if "text" in block:
            try:
                return json.loads(block["text"])
            except ValueError:
                return block["text"]
    return None


def input_tokens(request: dict[str, Any]) -> int:
    """Return the approximate input tokens: system prompt, tools and all messages."""
    parts = {key: request.get(key) for key in ("system", "messages", "toolConfig")}
    return count_tokens(json.dumps(parts, ensure_ascii=False, default=str))


def response(request: dict[str, Any], reply: Reply, latency_ms: int, trace: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of Converse for `reply`."""
    content: list[dict[str, Any]] = [{"text": reply.text}] if reply.text else []
    for call in reply.tool_calls:
        content.append({"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}})
    given, produced = reply.tokens or (
        input_tokens(request),
        count_tokens(json.dumps(content, ensure_ascii=False)) if content else 0,
    )
    stop = reply.stop_reason or ("tool_use" if reply.tool_calls else "end_turn")
    answer: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": given, "outputTokens": produced, "totalTokens": given + produced},
        "metrics": {"latencyMs": latency_ms},
    }
    # The field of prompt routers says who answered really: here the planner or the connected model.
    routed = {"promptRouter": {"invokedModelId": reply.model}} if reply.model else {}
    if trace or routed:
        answer["trace"] = {**routed, **trace}
    return answer
