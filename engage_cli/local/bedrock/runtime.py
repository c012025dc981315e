"""bedrock-runtime: Converse, InvokeModel of the embedding model, ApplyGuardrail. Everything else is
refused.
"""

import asyncio
import copy
import os
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from engage_cli.local.bedrock import converse, embedding, guardrails, iam, models, planner
from engage_cli.local.bedrock.converse import Reply
from engage_cli.local.bedrock.errors import (
    Response,
    ServiceError,
    error_response,
    json_response,
    parse_body,
    validation,
)
from engage_cli.local.bedrock.proxy import ProxyModel

Request = dict[str, Any]
Brain = Callable[[str, Request], Reply]
_OPERATION = re.compile(r"^/model/.+/(converse|converse-stream|invoke|invoke-with-response-stream)$")
_GUARDRAIL = re.compile(r"^/guardrail/(.+)/version/([^/]+)/apply$")


def brain_from_environment() -> Brain:
    """Return the connected model when an address is set (`docs/ask.md`), else the planner."""
    url = _variable("URL")
    if not url:
        return lambda _model_id, request: planner.reply(request)
    return ProxyModel(
        url,
        model=_variable("NAME", "MODEL"),
        api_key=_variable("KEY"),
        timeout=float(_variable("TIMEOUT_SECONDS") or 60),
    ).reply


def _variable(name: str, older: str | None = None) -> str | None:
    """The endpoint is started without the caller's MINISTACK_ variables, so our own names come first."""
    ours, theirs = f"ENGAGE_ASK_MODEL_{name}", f"MINISTACK_BEDROCK_PROXY_{older or name}"
    return os.environ.get(ours, "").strip() or os.environ.get(theirs, "").strip() or None


class RuntimeService:
    """Answers bedrock-runtime; `brain` gives the replies of Converse."""

    def __init__(self, brain: Brain, clock: Callable[[], float] = time.monotonic) -> None:
        self._brain = brain
        self._clock = clock

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Response:
        """Answer one request; a connected model may be slow, so the work is done off the event loop."""
        return await asyncio.to_thread(self.respond, method, path, headers, body)

    def respond(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        """Answer one request."""
        path = unquote(path)
        try:
            found = _OPERATION.match(path)
            if method == "POST" and found and found.group(1) == "converse":
                return self._converse(models.model_id_of(path), headers, parse_body(body))
            if method == "POST" and found and found.group(1) == "invoke":
                return self._invoke(models.model_id_of(path), parse_body(body))
            if method == "POST" and (guard := _GUARDRAIL.match(path)):
                return guardrails.apply(guard.group(1), guard.group(2), parse_body(body))
            name = found.group(1) if found else f"{method} {path}"
            raise ServiceError("NotImplementedException", f"Bedrock {name} is not offered locally.", 501)
        except ServiceError as error:
            return error_response(error)

    def _invoke(self, model_id: str, request: Request) -> Response:
        if models.base_id(model_id) != models.EMBEDDING_MODEL:
            raise validation(
                f"InvokeModel of {model_id} is not offered locally: only {models.EMBEDDING_MODEL} is; "
                "use Converse for questions."
            )
        text = request.get("inputText")
        if not isinstance(text, str) or not 1 <= len(text) <= embedding.MAX_CHARACTERS:
            raise validation(f"inputText must have between 1 and {embedding.MAX_CHARACTERS} characters.")
        dimensions = request.get("dimensions", 1024)
        if dimensions not in embedding.DIMENSIONS:
            raise validation(f"dimensions must be one of {list(embedding.DIMENSIONS)}, not {dimensions}.")
        if request.get("embeddingTypes", ["float"]) != ["float"]:
            raise validation('Only embeddingTypes ["float"] is offered locally.')
        vector = embedding.embed(text, dimensions, normalize=bool(request.get("normalize", True)))
        values = [float(value) for value in vector]
        tokens = embedding.count_tokens(text)
        counts = {"X-Amzn-Bedrock-Input-Token-Count": str(tokens), "X-Amzn-Bedrock-Output-Token-Count": "0"}
        payload = {"embedding": values, "embeddingsByType": {"float": values}, "inputTextTokenCount": tokens}
        return json_response(payload, headers=counts)

    def _converse(self, model_id: str, headers: dict[str, str], request: Request) -> Response:
        began = self._clock()
        models.check_chat_model(model_id)
        choice = (request.get("toolConfig") or {}).get("toolChoice") or {}
        models.check_inference(model_id, request.get("inferenceConfig") or {}, choice)
        iam.require_models(model_id, headers)
        converse.check(request)
        reply, trace = self._guarded(model_id, request, headers)
        latency = max(1, round((self._clock() - began) * 1000))
        return json_response(converse.response(request, reply, latency, trace))

    def _guarded(self, model_id: str, request: Request, headers: dict[str, str]) -> tuple[Reply, Request]:
        configuration = request.get("guardrailConfig") or {}
        if not configuration:
            return self._brain(model_id, request), {}
        record = guardrails.find(
            str(configuration.get("guardrailIdentifier", "")),
            str(configuration.get("guardrailVersion", "DRAFT")),
        )
        iam.require_caller("bedrock:ApplyGuardrail", record["GuardrailArn"], headers)
        request = copy.deepcopy(request)
        inputs: Request = {}
        for block in (
            block
            for message in request["messages"]
            if message["role"] == "user"
            for block in message["content"]
            if "text" in block
        ):
            verdict = guardrails.evaluate(record, "INPUT", block["text"])
            if verdict.assessment:
                inputs[record["GuardrailId"]] = verdict.assessment
            if verdict.blocked:
                reply = Reply(verdict.text, stop_reason="guardrail_intervened")
                return reply, _trace(configuration, {"inputAssessment": inputs})
            block["text"] = verdict.text
        reply = self._brain(model_id, request)
        if not reply.text:
            return reply, _trace(configuration, {"inputAssessment": inputs})
        verdict = guardrails.evaluate(record, "OUTPUT", reply.text)
        outputs = {record["GuardrailId"]: [verdict.assessment]} if verdict.assessment else {}
        stop = "guardrail_intervened" if verdict.changed else reply.stop_reason
        calls = () if verdict.blocked else reply.tool_calls
        guarded = Reply(verdict.text, calls, stop, reply.model, reply.tokens)
        return guarded, _trace(configuration, {"inputAssessment": inputs, "outputAssessments": outputs})


def _trace(configuration: Request, assessments: Request) -> Request:
    shown = {key: value for key, value in assessments.items() if value}
    return {"guardrail": shown} if shown and str(configuration.get("trace", "")).startswith("enabled") else {}
