"""Answers from the knowledge documents: a definition as its document has it, else the nearest passages."""

import re
from typing import Any

from engage_cli.local.bedrock.embedding import stem, words
from engage_cli.local.bedrock.text import normal

DEFINITIONS = "definitions.md"
_DEFINITION = (
    r"how (?:is|are) (.+?) (?:defined|calculated|computed|measured|determined)\b",
    r"how (?:do|does) (?:you|the model|engage|the platform) (?:define|calculate|compute|measure) (.+)",
    r"what (?:do|does) (.+?) mean\b",
    r"what is meant by (.+)",
    r"(?:what is |what's )?(?:the )?(?:definition|meaning) of (.+)",
    r"(?:define|explain) (.+)",
    r"(?:what is|what are|what's|whats) (.+)",
)
_TERM = re.compile(r"^- \*\*(.+?)\*\*: .+$", re.MULTILINE)


def defined_term(question: str) -> str | None:
    """What a question asks the definition of: "how is churn defined?" asks for "churn"; None for others."""
    text = normal(question).strip(" ,")
    for pattern in _DEFINITION:
        found = re.fullmatch(pattern, text)
        if found:
            return re.sub(r"^(?:the|an|a|by|what) ", "", found[1].strip())
    return None


def search_text(question: str) -> str:
    """What to search for: a definition is in the document of that name, whatever else uses the word."""
    term = defined_term(question)
    return question if term is None else f"Definitions: {term}"


def answer_passages(question: str, result: Any) -> str:
    """Return a definition from its document alone, else the passages of the documents that share most words
    with the question, quoted, with their source.
    """
    passages = result.get("results") or [] if isinstance(result, dict) else []
    term = defined_term(question)
    lines = _definitions(term, passages) if term else []
    if lines:
        return "From the knowledge documents:\n\n" + "\n".join(lines) + f"\n[{DEFINITIONS}]"
    wanted = {stem(word) for word in words(question)}
    scored = []
    for rank, passage in enumerate(passages):
        for paragraph in _paragraphs(str(passage.get("text", ""))):
            found = {stem(word) for word in words(paragraph)}
            shared = len(wanted & found) / max(1, len(wanted))
            if shared > 0:
                scored.append((-shared, rank, paragraph, str(passage.get("source", ""))))
    if not scored:
        return "The knowledge documents say nothing about that."
    scored.sort(key=lambda one: one[:2])
    quoted = ["From the knowledge documents:"]
    for _, _, paragraph, source in _distinct(scored)[:3]:
        quoted.append(f"{paragraph}\n[{source.rsplit('/', 1)[-1]}]")
    return "\n\n".join(quoted)


def _definitions(term: str, passages: list[dict[str, Any]]) -> list[str]:
    """The lines of the definitions that define `term`, else those of longer terms that hold it."""
    wanted = {stem(word) for word in words(term)}
    found: dict[str, set[str]] = {}
    for passage in passages:
        if str(passage.get("source", "")).endswith(DEFINITIONS):
            for line in _TERM.finditer(str(passage.get("text", ""))):
                found.setdefault(line[0], {stem(word) for word in words(line[1])})
    exact = [line for line, terms in found.items() if terms == wanted]
    return exact or [line for line, terms in found.items() if wanted and wanted < terms]


def _distinct(scored: list[tuple[float, int, str, str]]) -> list[tuple[float, int, str, str]]:
    """Overlapping chunks repeat sentences: keep the first of each paragraph."""
    seen: set[str] = set()
    kept = []
    for one in scored:
        if one[2] not in seen:
            seen.add(one[2])
            kept.append(one)
    best = kept[0][0]
    return [one for one in kept if one[0] <= best * 0.6]


def _paragraphs(text: str) -> list[str]:
    """Split a chunk at blank lines; a heading stays with what follows it."""
    parts: list[str] = []
    heading = ""
    for block in re.split(r"\n\s*\n", text):
        block = block.strip()
        if not block:
            continue
        lines = block.split("\n")
        if all(line.startswith("#") for line in lines):
            heading = lines[-1].lstrip("# ").strip()
            continue
        body = "\n".join(line.lstrip("# ") if line.startswith("#") else line for line in lines)
        parts.append(f"{heading}: {body}" if heading else body)
        heading = ""
    return parts
