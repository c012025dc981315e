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
_HOW_GOOD = r"(?:how (?:good|accurate|reliable|trustworthy|precise|sure)|(?:can|should) (?:i|we)) "
_TERM = re.compile(r"^- \*\*(.+?)\*\*: .+$", re.MULTILINE)


def defined_term(question: str) -> str | None:
    """What a question asks the definition of: "how is churn defined?" asks for "churn"; None for others."""
    text = normal(question).strip(" ,")
    for pattern in _DEFINITION:
        found = re.fullmatch(pattern, text)
        if found:
            return re.sub(r"^(?:the|an|a|by|what) ", "", found[1].strip())
    return None


def search_text(question: str, label: str = "") -> str:
    """What to search for: a definition is in the document of that name, whatever else uses the word. `label`
    is how the documents call what is asked for, when that is known.
    """
    term = defined_term(question)
    if term is None:
        return _of_quality(question)
    return f"Definitions: {term}" if not label or label == term else f"Definitions: {term}, {label}"


def _of_quality(question: str) -> str:
    """The question; one that asks how good "it" or "this" is means the model."""
    said = normal(question)
    asks = re.match(_HOW_GOOD, said)
    names = re.search(r"\b(?:models?|churn|engagement|value|risk)\b", said)
    return "How good is the model?" if asks and not names else question


def definition(term: str, result: Any, label: str = "") -> str | None:
    """The lines of the definitions that define a term, else its `label`, else a longer term that holds it;
    with their source. None when none does.
    """
    found = _defined(_passages(result))
    lines = _exact(term, found) or (_exact(label, found) if label else []) or _longer(term, found)
    return "From the knowledge documents:\n\n" + "\n".join(lines) + f"\n[{DEFINITIONS}]" if lines else None


def _passages(result: Any) -> list[dict[str, Any]]:
    return result.get("results") or [] if isinstance(result, dict) else []


def answer_passages(question: str, result: Any) -> str:
    """Return a definition from its document alone, else the passages of the documents that share most words
    with the question, quoted, with their source. Of a word whose meaning is asked the passages must hold the
    word itself: others say nothing about it.
    """
    passages, term = _passages(result), defined_term(question)
    defined = definition(term, result) if term else None
    if defined:
        return defined
    wanted = _stems(term or _of_quality(question))
    scored = []
    for rank, passage in enumerate(passages):
        for paragraph in _paragraphs(str(passage.get("text", ""))):
            found = _stems(paragraph)
            shared = len(wanted & found) / max(1, len(wanted))
            if shared == 1 or (shared > 0 and term is None):
                scored.append((-shared, rank, paragraph, str(passage.get("source", ""))))
    if not scored:
        return f"The knowledge documents say nothing about {f'{chr(34)}{term}{chr(34)}' if term else 'that'}."
    scored.sort(key=lambda one: one[:2])
    quoted = ["From the knowledge documents:"]
    for _, _, paragraph, source in _distinct(scored)[:3]:
        quoted.append(f"{paragraph}\n[{source.rsplit('/', 1)[-1]}]")
    return "\n\n".join(quoted)


def _defined(passages: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The lines of the definitions with the stems of the term that each defines."""
    found: dict[str, set[str]] = {}
    for passage in passages:
        if str(passage.get("source", "")).endswith(DEFINITIONS):
            for line in _TERM.finditer(str(passage.get("text", ""))):
                found.setdefault(line[0], _stems(line[1]))
    return found


def _exact(term: str, found: dict[str, set[str]]) -> list[str]:
    return [line for line, stems in found.items() if stems == _stems(term)]


def _longer(term: str, found: dict[str, set[str]]) -> list[str]:
    wanted = _stems(term)
    return [line for line, stems in found.items() if wanted and wanted < stems]


def _stems(text: str) -> set[str]:
    return {stem(word) for word in words(text)}


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


def _is_rest_of_table(lines: list[str]) -> bool:
    """Whether a chunk begins within a table: numbers without the head of their columns say nothing."""
    return lines[0].startswith("|") and not (len(lines) > 1 and lines[1].startswith("|--"))


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
        if _is_rest_of_table(lines):
            continue
        body = "\n".join(line.lstrip("# ") if line.startswith("#") else line for line in lines)
        parts.append(f"{heading}: {body}" if heading else body)
        heading = ""
    return parts
