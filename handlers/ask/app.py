"""Ask: POST /ask {"question": "..."} -> an answer in plain language, with the SQL, sources and tool calls
behind it.
"""

import base64
import json
import re
import time
from functools import cache
from typing import Any

from common.aws import client, error_code
from common.errors import ConfigError, InputError
from common.log import logger
from common.settings import Settings
from conversation import Conversation, Outcome, UnansweredError
from published import NothingPublishedError, PublishedReader
from tools import Toolbox

MIN_LENGTH, MAX_LENGTH = 3, 500
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# The model's and the platform's refusals, as the caller sees them.
_STATUS = {"ThrottlingException": 429, "ServiceQuotaExceededException": 429, "ModelTimeoutException": 504}

Response = dict[str, Any]


def handler(event: dict[str, Any], context: object) -> Response:
    """The Lambda handler of API Gateway's proxy event."""
    log = logger("ask")
    began = time.monotonic()
    try:
        question = parse(event)
        log.info("question", question=masked(question))
        outcome = converse(question, Settings())
    except InputError as error:
        return failure(400, "BadRequest", error.message)
    except NothingPublishedError:
        return failure(
            404, "NothingPublished", "No predictions have been published yet: run the pipeline first."
        )
    except UnansweredError as error:
        log.warning("unanswered", code=error.code, reason=error.reason)
        return failure(error.status, error.code, error.reason)
    except ConfigError as error:
        log.error("misconfigured", reason=error.message)
        return failure(500, "Misconfigured", "The ask function is deployed wrongly; its log says how.")
    except Exception as error:
        return _unexpected(error)
    latency = round((time.monotonic() - began) * 1000)
    log.info(
        "answered",
        turns=outcome.turns,
        stop_reason=outcome.stop_reason,
        model=outcome.model_id,
        tools=[call["tool"] for call in outcome.evidence.calls],
        latency_ms=latency,
        input_tokens=outcome.usage.input_tokens,
        output_tokens=outcome.usage.output_tokens,
    )
    return respond(200, body_of(outcome, latency))


def parse(event: dict[str, Any]) -> str:
    """Return the question of a proxy event; raises InputError for anything else."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", "replace")
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("question"), str):
        raise InputError('The body must be JSON of the form {"question": "..."}.')
    question = " ".join(_CONTROL.sub(" ", document["question"]).split())
    if not MIN_LENGTH <= len(question) <= MAX_LENGTH:
        raise InputError(
            f"The question must have {MIN_LENGTH} to {MAX_LENGTH} characters, not {len(question)}."
        )
    return question


def converse(question: str, settings: Settings) -> Outcome:
    """Answer the question with the configured model, tools and guardrail."""
    identifier = settings.optional("GUARDRAIL_ID")
    guardrail = (identifier, settings.optional("GUARDRAIL_VERSION") or "DRAFT") if identifier else None
    model_id = settings.text("MODEL_ID")
    published = _reader(settings.lake_bucket).current()
    conversation = Conversation(
        client("bedrock-runtime").converse,
        model_id,
        lambda seconds_left: Toolbox(settings, published, seconds_left),
        guardrail,
    )
    return conversation.ask(question)


@cache
def _reader(bucket: str) -> PublishedReader:
    return PublishedReader(bucket)


def body_of(outcome: Outcome, latency_ms: int) -> dict[str, Any]:
    """Return the API's answer."""
    evidence = outcome.evidence
    return {
        "answer": outcome.answer,
        "sql": [one["sql"] for one in evidence.sql],
        "queries": evidence.sql,
        "sources": [
            {"document": key, "score": round(score, 4)}
            for key, score in sorted(evidence.sources.items(), key=lambda pair: -pair[1])
        ],
        "tool_calls": evidence.calls,
        "model_id": outcome.model_id,
        "stop_reason": outcome.stop_reason,
        "turns": outcome.turns,
        "usage": {"inputTokens": outcome.usage.input_tokens, "outputTokens": outcome.usage.output_tokens},
        "latency_ms": latency_ms,
    }


def masked(text: str) -> str:
    """Return `text` without e-mail addresses: people do type them into questions."""
    return _EMAIL.sub("[e-mail]", text)


def _unexpected(error: Exception) -> Response:
    """Translate a refusal by AWS; anything else is a bug, logged with its traceback."""
    log, code = logger("ask"), error_code(error)
    # The traceback may quote the question, so only the error's own text is logged, masked.
    log.error("failed", kind=type(error).__name__, code=code, reason=masked(str(error))[:500])
    if not code:
        return failure(
            500, "InternalError", "The question could not be answered because of an error in the service."
        )
    status = _STATUS.get(code, 502)
    message = f"The question could not be answered: AWS refused a call ({code})."
    return failure(status, code, message)


def failure(status: int, code: str, message: str) -> Response:
    """An error in the API's shape."""
    return respond(status, {"error": {"code": code, "message": message}})


def respond(status: int, body: dict[str, Any]) -> Response:
    """A proxy response."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
