"""Hints that can be typed as they are: they repeat the global options that the command was given.

Only flags are repeated: what comes from `ENGAGE_*` or engage.toml holds for the next command as well.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any


class Again:
    """Adds the options to every `engage <command>` in a text. `commands`: their names, with those below."""

    def __init__(self, options: Sequence[tuple[str, str]], commands: Mapping[str, Sequence[str]]) -> None:
        self._given = " ".join(f"{name} {shlex.quote(value)}" for name, value in options)
        parts = [
            rf"{name}(?: (?:{'|'.join(below)}))?" if below else name
            for name, below in sorted(commands.items(), key=lambda item: -len(item[0]))
        ]
        self._command = re.compile(rf"\bengage (?:{'|'.join(parts)})(?![\w-])")

    def __call__(self, text: str) -> str:
        if not self._given:
            return text
        return self._command.sub(lambda found: f"{found[0]} {self._given}", text)


def commands_of(app: Any) -> dict[str, list[str]]:
    """The names of a Typer application's commands, each with the names of the commands below it."""
    names = [c.name or c.callback.__name__.replace("_", "-") for c in app.registered_commands]
    found: dict[str, list[str]] = {name: [] for name in names}
    for group in app.registered_groups:
        found[group.name] = list(commands_of(group.typer_instance))
    return found
