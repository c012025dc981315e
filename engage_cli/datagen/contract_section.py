"""Typed reading of a TOML table: every mistake is one sentence with the file, the place and the next step."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Never

from engage_cli.errors import UserError

_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "a whole number": (int,),
    "a number": (int, float),
    "a list": (list,),
    "a section": (dict,),
}


class Section:
    """One table of the file. Each method reads a key, or a default; `end` refuses the rest."""

    def __init__(self, file: Path, place: str, table: Any) -> None:
        self.file, self.place = file, place
        if not isinstance(table, dict):
            self.refuse(
                f"must be a section, not {_shown(table)}", hint=f"Write [{place}] and its keys below."
            )
        self._table: dict[str, Any] = table
        self._known: list[str] = []

    def refuse(self, words: str, *, key: str = "", hint: str) -> Never:
        """Raise UserError about this section, or about one of its keys."""
        where = f"[{self.place}] {key}".strip() if self.place else key
        raise UserError(f"{self.file}: {where} {words}.".replace("  ", " "), hint=hint)

    def has(self, key: str) -> bool:
        return key in self._table

    def keys(self) -> list[str]:
        return list(self._table)

    def text(self, key: str, default: str = "") -> str:
        value: str = self._take(key, "text", default)
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self.text(key, default)
        if value not in allowed:
            self.refuse(
                f"is {value!r}, which is none of {', '.join(allowed)}",
                key=key,
                hint=nearest(value, allowed) or f"Write one of {', '.join(allowed)}.",
            )
        return value

    def whole(self, key: str, default: int) -> int:
        value: int = self._take(key, "a whole number", default)
        return value

    def number(self, key: str) -> float | None:
        value = self._take(key, "a number", None)
        return None if value is None else float(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        return tuple(float(v) for v in self._list(key, (int, float), "numbers"))

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._list(key, (str,), "texts"))

    def section(self, key: str) -> "Section":
        """A section below this one; empty when it is absent."""
        self._known.append(key)
        place = f"{self.place}.{key}" if self.place else key
        return Section(self.file, place, self._table.get(key, {}))

    def entries(self) -> list[tuple[str, str | Mapping[str, Any]]]:
        """Of a section with names of the user's own: each name with a word or a table."""
        found: list[tuple[str, str | Mapping[str, Any]]] = []
        for name, value in self._table.items():
            if not isinstance(value, str | dict):
                self.refuse(
                    f"must be text or a table, not {_shown(value)}",
                    key=name,
                    hint=f'For example: {name} = {{ column = "{name}" }}',
                )
            found.append((name, value))
        return found

    def end(self) -> None:
        """Refuse the keys that nothing has read."""
        for key in self._table:
            if key not in self._known:
                hint = nearest(key, self._known) or f"Known here: {', '.join(sorted(self._known))}."
                self.refuse("is not known", key=key, hint=hint)

    def _take(self, key: str, kind: str, default: Any) -> Any:
        self._known.append(key)
        if key not in self._table:
            return default
        value = self._table[key]
        # True is an int for Python, and a mistake here.
        if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
            self.refuse(f"must be {kind}, not {_shown(value)}", key=key, hint=f"Correct the value of {key}.")
        return value

    def _list(self, key: str, types: tuple[type, ...], words: str) -> list[Any]:
        values: list[Any] = self._take(key, "a list", [])
        for value in values:
            if not isinstance(value, types) or isinstance(value, bool):
                self.refuse(
                    f"must be a list of {words}, but holds {_shown(value)}",
                    key=key,
                    hint=f"Correct the list {key}.",
                )
        return values


def nearest(word: str, known: Sequence[str]) -> str:
    """`Did you mean ...?` for a misspelt word; empty when nothing is near."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {found[0]!r}?" if found else ""


def _shown(value: Any) -> str:
    return repr(value)[:40]
