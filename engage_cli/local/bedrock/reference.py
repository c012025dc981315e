"""Writes the part of `docs/ask.md` that lists what the planner understands, from its own vocabulary.

`python -m engage_cli.local.bedrock.reference docs/ask.md` rewrites the part between the two markers; a test
compares the page with it.
"""

import sys
from pathlib import Path

from engage_cli.local.bedrock import patterns
from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.lexicon import SYNONYMS

START, END = "<!-- vocabulary: begin -->", "<!-- vocabulary: end -->"


def reference() -> str:
    """Return the Markdown of the vocabulary that every data contract shares."""
    lines = ["| number | column | words |", "|---|---|---|"]
    lines += [f"| {one.label} | `{one.column}` | {_some(one.words)} |" for one in v.METRICS]
    lines.append(f"| {v.STAKE.label} | computed, or of `segments` | {_some(v.STAKE.words)} |")
    lines.append(f"| number of customers | `count(*)` | {_some(v.COUNT_WORDS)} |")
    lines.append(f"| share of customers | | {_some(v.SHARE_WORDS)} |")
    lines += ["", "| group | column | words |", "|---|---|---|"]
    lines.append(f"| risk band | `risk_band` | {_some(v.RISK_WORDS)} |")
    lines += ["", "| filter | condition | words |", "|---|---|---|"]
    lines += [f"| {label} | `{sql}` | {_some(words)} |" for words, sql, label in v.FILTERS]
    lines += ["", "| aggregate | words |", "|---|---|"]
    lines += [f"| {name} | {_some(words)} |" for name, words in v.AGGREGATES.items()]
    lines += [
        "",
        f"Highest first: {_some(v.HIGHEST)}. Lowest first: {_some(v.LOWEST)}. "
        f"By what is bad: {_some(v.WORST)}; by what is good: {_some(v.BEST)}.",
    ]
    lines += [
        "",
        "Other words for common columns: "
        + "; ".join(f"{name}: {_some(words)}" for name, words in SYNONYMS.items())
        + ".",
        "",
        f"Countries by name: {', '.join(sorted(one.title() for one in patterns.COUNTRIES if len(one) > 3))}; "
        "in a column of ISO codes any country by its two capital letters.",
    ]
    return "\n".join(lines)


def _some(words: tuple[str, ...]) -> str:
    return ", ".join(f"*{word}*" for word in words)


def rewritten(page: str) -> str:
    """Return `page` with its generated part brought up to date."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{reference()}\n{END}{after}"


def main() -> None:
    """Rewrite the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
