"""How an answer is shown: the answer, then what it rests on. Pure: answer in, sections out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from engage_cli.ask.client import Answer, Query


@dataclass(frozen=True)
class Section:
    """A titled block of lines; `code` blocks keep their spaces and are marked as SQL."""

    title: str
    lines: tuple[str, ...]
    code: bool = False


def sections(answer: "Answer") -> list[Section]:
    """Return what is shown, in order."""
    shown = [Section("", tuple(answer.text.split("\n")))]
    for query in answer.shown_queries:
        shown.append(Section(f"SQL{_measured(query)}", tuple(query.sql.split("\n")), code=True))
    failed = [call for call in answer.tool_calls if call.error]
    if failed:
        shown.append(Section("Refused", tuple(f"{call.tool}: {call.error}" for call in failed)))
    if answer.sources:
        shown.append(
            Section("Documents", tuple(f"{one.document} ({one.score:.2f})" for one in answer.sources))
        )
    return [*shown, Section("", (footer(answer),))]


def footer(answer: "Answer") -> str:
    """Say who answered, how long it took and how many tokens it was."""
    if answer.is_blocked:
        who = "Stopped by the guardrail; no model was asked"
    elif answer.by_planner:
        who = "Answered by the local planner, without a language model"
    else:
        who = (
            f"Answered by {answer.model_id} ({answer.input_tokens:,} tokens in, {answer.output_tokens:,} out)"
        )
    took = f", in {answer.latency_ms / 1000:.1f} s" if answer.latency_ms is not None else ""
    return f"{who}{took}."


def _measured(query: "Query") -> str:
    parts = []
    if query.rows is not None:
        parts.append(f"{query.rows:,} rows" if query.rows != 1 else "1 row")
    if query.scanned_bytes is not None:
        parts.append(f"{_size(query.scanned_bytes)} scanned")
    return f" ({', '.join(parts)})" if parts else ""


def _size(count: int) -> str:
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count} bytes"


def render(console: "Console", answer: "Answer") -> None:
    """Print the sections. Answers are data: square brackets in them are no markup."""
    from rich.text import Text

    for number, section in enumerate(sections(answer)):
        if number:
            console.print()
        if section.title:
            console.print(Text(section.title, style="bold"))
        style = "cyan" if section.code else "dim" if not section.title and number else ""
        for line in section.lines:
            console.print(Text(f"  {line}" if section.title else line, style=style))
