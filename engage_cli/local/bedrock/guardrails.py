"""Guardrails that act: words, personal data and regular expressions (MiniStack's), and prompt attacks (ours).

Prompt attacks are found by patterns of known phrasings, so a new phrasing passes; Bedrock uses a classifier.
Topic, grounding and harmful-content policies need a model: they are recorded and not evaluated locally.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engage_cli.local.bedrock.errors import Response, json_response, not_found, validation

_ATTACKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(ignore|disregard|forget|override|bypass)\b[^.?!\n]{0,40}\b(previous|prior|above|earlier|all|your|the|any)\b"
        r"[^.?!\n]{0,30}\b(instruction|instructions|prompt|prompts|rules|guidelines|guardrails?|restrictions|policy)\b",
        r"\b(reveal|show|print|repeat|output|leak)\b[^.?!\n]{0,30}\b(system|hidden|initial|developer)\s+"
        r"(prompt|instructions?|message)",
        r"\byou are (now|no longer)\b[^.?!\n]{0,60}",
        r"\b(act|behave|respond) as\b[^.?!\n]{0,30}\b(dan|unrestricted|jailbroken|root|admin(istrator)?)\b",
        r"\b(do anything now|jailbreak|developer mode|god mode)\b",
        r"</?\s*(system|assistant|instructions?)\s*>|\[/?inst\]|<\|im_start\|>",
        r"\bnew (system )?(instructions|prompt)\s*:",
    )
)


@dataclass(frozen=True)
class Verdict:
    """What a guardrail makes of one text: the text to use instead, and whether it was blocked."""

    text: str
    blocked: bool
    changed: bool
    assessment: dict[str, Any]


def find(identifier: str, version: str) -> dict[str, Any]:
    """Return the guardrail's record; unknown ids and versions are a ResourceNotFoundException."""
    from ministack.services import bedrock_runtime

    record = bedrock_runtime._resolve_guardrail(identifier, version)
    if record is None:
        raise not_found(
            f"The guardrail identifier or version provided in the request does not exist: {identifier}."
        )
    return dict(record)


def wrap_create_guardrail(original: Callable[[bytes], Response]) -> Callable[[bytes], Response]:
    """Give a guardrail an identifier of AWS's form: `[a-z0-9]+`, without MiniStack's `gr-`."""

    def create_guardrail(body: bytes) -> Response:
        from ministack.services import bedrock

        known = set(bedrock._guardrails)
        status, headers, answer = original(body)
        for old in set(bedrock._guardrails) - known:
            record = bedrock._guardrails.pop(old)
            new = old.removeprefix("gr-")
            record["GuardrailId"] = new
            arn = record["GuardrailArn"]
            record["GuardrailArn"] = arn.replace(old, new)
            if arn in bedrock._tags:
                bedrock._tags[record["GuardrailArn"]] = bedrock._tags.pop(arn)
            bedrock._guardrails[new] = record
            answer = answer.replace(old.encode(), new.encode())
        return status, headers, answer

    return create_guardrail


def is_attack(text: str) -> bool:
    """Say whether `text` holds a known phrasing of a prompt attack."""
    return any(pattern.search(text) for pattern in _ATTACKS)


def evaluate(record: dict[str, Any], source: str, text: str) -> Verdict:
    """Judge one text; `source` is INPUT or OUTPUT."""
    from ministack.services import bedrock_runtime

    result = bedrock_runtime._evaluate_guardrail(record, source, text)
    assessment = dict(result["assessment"])
    blocked = bool(result["blocked"])
    if source == "INPUT" and _attack_filter(record) and is_attack(text):
        finding = {
            "type": "PROMPT_ATTACK",
            "confidence": "HIGH",
            "filterStrength": _attack_filter(record),
            "action": "BLOCKED",
            "detected": True,
        }
        assessment["contentPolicy"] = {"filters": [finding]}
        blocked = True
    if blocked:
        message = record.get("BlockedInputMessaging" if source == "INPUT" else "BlockedOutputsMessaging")
        return Verdict(str(message or "Blocked by guardrail."), True, True, assessment)
    return Verdict(str(result["masked_text"]), False, bool(result["anonymized"]), assessment)


def _attack_filter(record: dict[str, Any]) -> str | None:
    for one in (record.get("ContentPolicy") or {}).get("filtersConfig") or []:
        strength = str(one.get("inputStrength") or "NONE")
        enabled = one.get("inputEnabled", True) and one.get("inputAction", "BLOCK") == "BLOCK"
        if one.get("type") == "PROMPT_ATTACK" and strength != "NONE" and enabled:
            return strength
    return None


def apply(identifier: str, version: str, request: dict[str, Any]) -> Response:
    """Answer ApplyGuardrail."""
    source, content = request.get("source"), request.get("content")
    if source not in ("INPUT", "OUTPUT"):
        raise validation("source must be one of: INPUT, OUTPUT.")
    if not isinstance(content, list) or not content:
        raise validation("content must be a non-empty list.")
    record = find(identifier, version)
    texts = [
        str(block["text"].get("text", "")) for block in content if isinstance(block, dict) and "text" in block
    ]
    verdicts = [evaluate(record, source, text) for text in texts]
    blocked = [verdict for verdict in verdicts if verdict.blocked]
    acted = [verdict for verdict in verdicts if verdict.changed]
    outputs = blocked[:1] or (verdicts if acted else [])
    characters = sum(map(len, texts))
    units = sum(max(1, -(-len(text) // 1000)) for text in texts)
    usage = dict.fromkeys(
        ("topicPolicyUnits", "sensitiveInformationPolicyFreeUnits", "contextualGroundingPolicyUnits"), 0
    ) | {
        "contentPolicyUnits": units if record.get("ContentPolicy") else 0,
        "wordPolicyUnits": units if record.get("WordPolicy") else 0,
        "sensitiveInformationPolicyUnits": units if record.get("SensitiveInformationPolicy") else 0,
    }
    return json_response(
        {
            "usage": usage,
            "action": "GUARDRAIL_INTERVENED" if acted else "NONE",
            "outputs": [{"text": verdict.text} for verdict in outputs],
            "assessments": [verdict.assessment for verdict in verdicts],
            "guardrailCoverage": {"textCharacters": {"guarded": characters, "total": characters}},
        }
    )
