"""The documentation: links resolve, commands exist, messages are in the code, generated parts are current."""

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from engage_cli.cli.main import GLOBAL_OPTIONS
from engage_cli.cli.reference import all_commands, command_tree, rewritten

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "engage_cli" / "local" / "README.md", *sorted(DOCS.rglob("*.md"))]
COMMANDS_PAGE, TROUBLESHOOTING = DOCS / "commands.md", DOCS / "guides" / "troubleshooting.md"
FLOWS = DOCS / "flows.md"
SOURCES = ("engage_cli", "handlers", "containers")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`([^`\n]+)`")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# Links


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", _FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    broken = []
    for link in _LINK.findall(_FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert broken_links(page) == []


def test_every_page_is_reached_from_the_readme() -> None:
    seen, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in seen:
            continue
        seen.add(page)
        links = [link.partition("#")[0] for link in _LINK.findall(text_of(page))]
        queue += [
            (page.parent / link).resolve() for link in links if link.endswith(".md") and ":" not in link
        ]
    assert sorted(map(name_of, set(PAGES) - seen)) == []


# Commands


def command_problem(line: str) -> str | None:
    """What is wrong with an `engage ...` line: an unknown command or option; None when nothing is."""
    words = shlex.split(line, comments=True)[1:]
    command, options = command_tree(), dict(GLOBAL_OPTIONS)
    while words:
        word = words.pop(0)
        if word in ("|", ">", "&&", ";", "||"):
            return None
        flag, _, value = word.partition("=")
        if word.startswith("-") and word != "-":
            options |= {o: not p.is_flag for p in command.params for o in p.opts if hasattr(p, "is_flag")}
            options |= {"--help": False, "-h": False}
            if flag not in options:
                return f"no option {flag}"
            if options[flag] and not value and words:
                words.pop(0)
        elif hasattr(command, "commands"):
            if word in ("...", "…", "<command>"):
                return None
            if word not in command.commands:
                return f"no command {word}"
            command = command.commands[word]
        elif not any(p.param_type_name == "argument" for p in command.params):
            return f"{command.name} takes no argument, and got {word}"
    return None


def engage_lines(text: str) -> Iterator[str]:
    """Every `engage ...` line of a page: in code blocks, indented or fenced, and in code spans."""
    for language, block in _FENCE.findall(text):
        if language not in ("", "sh", "bash", "console"):
            continue
        for line in block.splitlines():
            if re.match(r"(\$ )?engage( |$)", line):
                yield line.removeprefix("$ ")
    plain = _FENCE.sub("", text)
    yield from (line.strip() for line in re.findall(r"^    (engage .+)$", plain, re.MULTILINE))
    yield from (span for span in _INLINE.findall(plain) if re.match(r"engage [a-z<.-]", span))


def written_commands(page: Path) -> list[str]:
    text = text_of(page)
    if page == COMMANDS_PAGE:  # its generated part shows usages, `[OPTIONS]` and all
        text = text.split("<!-- reference: begin -->")[0]
    return list(engage_lines(text))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    problems = {line: problem for line in written_commands(page) if (problem := command_problem(line))}
    assert problems == {}


def test_the_check_of_commands_sees_commands_and_their_mistakes() -> None:
    assert len(written_commands(ROOT / "README.md")) > 10
    assert command_problem("engage run-pipeline --as-of 2026-11-16 --env prod --json | jq .") is None
    assert command_problem("engage frobnicate") == "no command frobnicate"
    assert command_problem("engage predict --fast") == "no option --fast"
    assert command_problem("engage logs training") == "logs takes no argument, and got training"


def test_every_command_is_explained() -> None:
    text = text_of(COMMANDS_PAGE)
    assert [words for words, _ in all_commands() if f"### engage {words}\n" not in text] == []


def test_the_reference_is_that_of_the_program() -> None:
    page = text_of(COMMANDS_PAGE)
    assert rewritten(page) == page, "run: python -m engage_cli.cli.reference docs/commands.md"


def test_the_reference_names_no_folder_of_this_machine() -> None:
    assert Path.home().as_posix() + "/" not in text_of(COMMANDS_PAGE)


# Messages


def template_of(node: ast.expr) -> str | None:
    """A string expression as text, with … for what is filled in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template_of(part) or "" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "…"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = template_of(node.left), template_of(node.right)
        return None if None in sides else "".join(map(str, sides))
    return None


@cache
def code_strings() -> str:
    """Every string of the program, one after the other."""
    found = []
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = template_of(node) if isinstance(node, ast.expr) else None
                if text:
                    # Constants that only name something are filled in too: `{CONFIG_FILE}`.
                    found.append(" ".join(text.split()))
    return "\n".join(found)


def quoted_messages() -> list[str]:
    rows = re.findall(r"^\| `([^`]+)` \|", text_of(TROUBLESHOOTING), re.MULTILINE)
    return [row for row in rows if not row.startswith("engage ")]


@pytest.mark.parametrize("message", quoted_messages())
def test_every_message_of_the_troubleshooting_page_is_in_the_code(message: str) -> None:
    assert message in code_strings()


def test_the_troubleshooting_page_quotes_many_messages() -> None:
    assert len(quoted_messages()) > 40


# Flows and pictures


def state_machine_states() -> set[str]:
    import json

    states = json.loads(text_of(ROOT / "infra" / "cloudformation" / "pipeline.asl.json"))["States"]
    inner = [state["ItemProcessor"]["States"] for state in states.values() if "ItemProcessor" in state]
    return set(states).union(*inner)


def arrows(text: str) -> set[tuple[str, str]]:
    diagram = next(block for kind, block in _FENCE.findall(text) if block.startswith("stateDiagram"))
    found = re.findall(r"^\s*(\S+) --> ([^\s:]+)", diagram, re.MULTILINE)
    return {(a, b) for a, b in found if "[*]" not in (a, b)}


def state_machine_arrows() -> set[tuple[str, str]]:
    import json

    states = json.loads(text_of(ROOT / "infra" / "cloudformation" / "pipeline.asl.json"))["States"]
    found: set[tuple[str, str]] = set()
    for name, state in states.items():
        ways: list[dict[str, Any]] = [state, *state.get("Catch", []), *state.get("Choices", [])]
        found |= {(name, way["Next"]) for way in ways if "Next" in way}
        if "Default" in state:
            found.add((name, state["Default"]))
    return found


def test_the_picture_of_the_states_is_that_of_the_state_machine() -> None:
    shown = arrows(text_of(FLOWS))
    assert shown == state_machine_arrows()
    assert {name for pair in shown for name in pair} | {"InferShard"} == state_machine_states()


@pytest.mark.parametrize("page", [FLOWS, DOCS / "architecture.md", DOCS / "lessons-learned.md"], ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    spans = _INLINE.findall(_FENCE.sub("", text_of(page)))
    roots = ("engage_cli/", "handlers/", "containers/", "infra/", "docs/", "tests/")
    named = [span for span in spans if span.startswith(roots) and not re.search(r"[<>*… ]", span)]
    assert named
    assert [span for span in named if not (ROOT / span).exists()] == []


def test_diagrams_hold_nothing_that_mermaid_reads_as_something_else() -> None:
    """A semicolon ends a statement, and <words> are taken for HTML."""
    blocks = [block for page in PAGES for kind, block in _FENCE.findall(text_of(page)) if kind == "mermaid"]
    assert blocks
    assert [block for block in blocks if re.search(r";|<(?!br)[a-z]", block)] == []


def test_the_picture_of_the_architecture_is_the_one_that_its_script_draws() -> None:
    script = DOCS / "diagrams" / "build.py"
    spec = importlib.util.spec_from_file_location("diagram", script)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = text_of(DOCS / "diagrams" / "architecture.svg")
    assert module.drawing() == drawn, "run: python docs/diagrams/build.py"
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert "prefers-color-scheme: dark" in drawn
