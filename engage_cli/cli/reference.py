"""Writes the generated part of `docs/commands.md`: every command, option and setting.

`python -m engage_cli.cli.reference docs/commands.md` rewrites the part between the two markers from the
command tree and from the fields of `Settings`; a test compares the page with it.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from engage_cli.config.settings import Settings

START, END = "<!-- reference: begin -->", "<!-- reference: end -->"
_INTERNAL = ("sources",)


def command_tree() -> Any:
    """Return the root of the command tree: `name`, `help`, `params` and, in a group, `commands`."""
    import typer.main

    from engage_cli.cli.main import app

    return typer.main.get_command(app)


def all_commands() -> Iterator[tuple[str, Any]]:
    """Each command and subcommand with its words, for example `schedule set`, in the order of `--help`."""
    for name, command in command_tree().commands.items():
        yield name, command
        for sub, child in getattr(command, "commands", {}).items():
            yield f"{name} {sub}", child


def reference() -> str:
    """Return the Markdown of all commands, options and settings."""
    root = command_tree()
    context = root.make_context("engage", [], resilient_parsing=True)
    lines = ["## Options of every command", "", *_parameters(root, context), ""]
    lines += ["## Commands", ""]
    for words, command in all_commands():
        lines += _command(words, command, context)
    lines += ["## Settings", "", *_settings(root)]
    return "\n".join(lines)


def _command(words: str, command: Any, parent: Any) -> list[str]:
    context = command.make_context(words, [], parent=parent, resilient_parsing=True)
    usage = " ".join(["engage", words, *command.collect_usage_pieces(context)])
    lines = [f"### engage {words}", "", command.help, "", f"    {usage}", ""]
    table = _parameters(command, context)
    return [*lines, *table, ""] if table else lines


def _parameters(command: Any, context: Any) -> list[str]:
    records = [p.get_help_record(context) for p in command.get_params(context) if p.name != "help"]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in filter(None, records)]
    return ["| option or argument | meaning |", "|---|---|", *rows] if rows else []


def _settings(root: Any) -> list[str]:
    options = {p.name: p for p in root.params}
    meanings = _field_docstrings()
    lines = ["| setting | flag | variable | default | meaning |", "|---|---|---|---|---|"]
    for one in fields(Settings):
        if one.name in _INTERNAL:
            continue
        option = options.get(one.name)
        table = one.name == "parameters"
        flag = f"`{option.opts[0]}`" if option else ""
        variable = "" if table else f"`ENGAGE_{one.name.upper()}`"
        meaning = meanings.get(one.name) or (option.help if option else "")
        lines.append(f"| `{one.name}` | {flag} | {variable} | {_default(one)} | {_cell(meaning)} |")
    return lines


def _default(one: Any) -> str:
    value = one.default if one.default is not MISSING else one.default_factory()
    if isinstance(value, Path):
        return f"`{value.as_posix().replace(Path.home().as_posix(), '~', 1)}`"
    return f"`{value}`" if value not in (None, {}) else ""


def _field_docstrings() -> dict[str, str]:
    """The string below each field of Settings: Python drops it at run time, so the source is read."""
    (definition,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for one, after in zip(definition.body, definition.body[1:], strict=False):
        text = after.value if isinstance(after, ast.Expr) else None
        if (
            isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and isinstance(text, ast.Constant)
        ):
            found[one.target.id] = inspect.cleandoc(str(text.value))
    return found


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


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
