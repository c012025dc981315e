"""Converse answered by a model of the user's own: any server that speaks OpenAI's /v1/chat/completions.

llama.cpp, Ollama, vLLM and LM Studio do. The address comes from the setting `ask_model_url`, which the
endpoint gets as ENGAGE_ASK_MODEL_URL. A failing server is a loud ModelErrorException: the planner
never steps in silently.
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from engage_cli.local.bedrock.converse import Message, Reply, ToolCall, system_text, tool_specs
from engage_cli.local.bedrock.errors import ServiceError, validation

_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}


@dataclass(frozen=True)
class ProxyModel:
    """A connected model: base address, the model's name there (None: the server's own), key and seconds to
    wait.
    """

    url: str
    model: str | None = None
    api_key: str | None = None
    timeout: float = 60.0

    def reply(self, model_id: str, request: dict[str, Any]) -> Reply:
        """Forward one Converse request and translate the answer."""
        answer = self._post(chat_request(self.model or model_id, request))
        return chat_reply(answer)

    def _post(self, payload: dict[str, Any]) -> dict[str, Any]:
        base = self.url.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1")
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        call = urllib.request.Request(
            f"{base}/v1/chat/completions", json.dumps(payload).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(call, timeout=self.timeout) as answer:
                parsed = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            detail = error.read().decode("utf-8", "replace")[:300]
            raise _model_error(f"The connected model at {base} answered {error.code}: {detail}") from error
        except (OSError, ValueError) as error:
            raise _model_error(f"The connected model at {base} gave no usable answer: {error}") from error
        if not isinstance(parsed, dict):
            raise _model_error(f"The connected model at {base} answered something other than a JSON object.")
        return parsed


def _model_error(message: str) -> ServiceError:
    return ServiceError("ModelErrorException", message, 424)


def chat_request(model: str, request: dict[str, Any]) -> dict[str, Any]:
    """Translate a Converse request into a chat completion request."""
    system = system_text(request)
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for message in request["messages"]:
        messages += _chat_messages(message)
    payload: dict[str, Any] = {"model": model, "messages": messages, "stream": False}
    specs = tool_specs(request)
    if specs:
        payload["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": spec["name"],
                    "description": spec.get("description", ""),
                    "parameters": (spec.get("inputSchema") or {}).get("json") or {"type": "object"},
                },
            }
            for spec in specs
        ]
    inference = request.get("inferenceConfig") or {}
    names = {
        "maxTokens": "max_tokens",
        "temperature": "temperature",
        "topP": "top_p",
        "stopSequences": "stop",
    }
    payload |= {names[key]: value for key, value in inference.items() if key in names}
    return payload


def _chat_messages(message: Message) -> list[dict[str, Any]]:
    """One Converse message becomes an assistant or user message, or one "tool" message for each result."""
    said: list[str] = []
    calls: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for block in message["content"]:
        if "text" in block:
            said.append(block["text"])
        elif "guardContent" in block:
            said.append((block["guardContent"].get("text") or {}).get("text", ""))
        elif "toolUse" in block:
            use = block["toolUse"]
            function = {"name": use["name"], "arguments": json.dumps(use.get("input") or {})}
            calls.append({"id": use["toolUseId"], "type": "function", "function": function})
        elif "toolResult" in block:
            results.append(_tool_message(block["toolResult"]))
        elif not {"reasoningContent", "cachePoint"} & set(block):
            raise validation(
                f"Content blocks of type {next(iter(block))} cannot be sent to the connected model."
            )
    if calls:
        return [{"role": "assistant", "content": "\n".join(said) or None, "tool_calls": calls}]
    spoken = [{"role": message["role"], "content": "\n".join(said)}] if said else []
    return [*results, *spoken]


def _tool_message(result: dict[str, Any]) -> dict[str, Any]:
    parts = [
        part["text"] if "text" in part else json.dumps(part.get("json"), ensure_ascii=False)
        for part in result.get("content") or []
    ]
    failed = "The tool failed: " if result.get("status") == "error" else ""
    return {"role": "tool", "tool_call_id": result["toolUseId"], "content": failed + "\n".join(parts)}


def chat_reply(answer: dict[str, Any]) -> Reply:
    """Translate a chat completion into a reply; malformed tool arguments are an error, not an empty call."""
    choices = answer.get("choices") or []
    if not choices or not isinstance(choices[0].get("message"), dict):
        raise _model_error("The connected model answered without a message.")
    message = choices[0]["message"]
    calls = tuple(_tool_call(call) for call in message.get("tool_calls") or [])
    usage = answer.get("usage") or {}
    tokens = (int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))) if usage else None
    stop = "tool_use" if calls else _STOPS.get(str(choices[0].get("finish_reason")), "end_turn")
    return Reply(str(message.get("content") or ""), calls, stop, answer.get("model"), tokens)


def _tool_call(call: dict[str, Any]) -> ToolCall:
    function = call.get("function") or {}
    raw = function.get("arguments") or "{}"
    try:
        arguments = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError as error:
        raise _model_error(
            f"The connected model called {function.get('name')} with arguments that are not JSON."
        ) from error
    if not isinstance(arguments, dict):
        raise _model_error(
            f"The connected model called {function.get('name')} without an object of arguments."
        )
    named = {"id": str(call["id"])} if call.get("id") else {}
    return ToolCall(str(function.get("name") or ""), arguments, **named)
