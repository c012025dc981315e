"""What an entry of the corpus is: a statement, what Trino gives for it, and where that is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Row = tuple[str | None, ...]
TRINO = "https://trino.io/docs/current"
ATHENA = "https://docs.aws.amazon.com/athena/latest/ug"


@dataclass(frozen=True)
class Step:
    """One statement: the rows that it gives as text (None: not looked at), or the text of its failure."""

    sql: str
    rows: tuple[Row, ...] | None = None
    failure: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One or more statements in a row. `known_failure` says why the engine fails it; empty if it passes."""

    group: str
    section: str
    source: str
    steps: tuple[Step, ...]
    known_failure: str = ""
    files: tuple[tuple[str, str], ...] = ()


def _rows(given: Sequence[str | Row | None]) -> tuple[Row, ...]:
    return tuple(row if isinstance(row, tuple) else (row,) for row in given)


class Page:
    """Makes the entries of one group, whose source is a page of Trino's or Athena's documentation."""

    def __init__(self, group: str, address: str) -> None:
        self._group = group
        self._address = address

    def _case(self, section: str, steps: tuple[Step, ...], known: str = "") -> Case:
        anchor = f"#{section}" if section else ""
        return Case(self._group, section or self._group, self._address + anchor, steps, known)

    def gives(
        self,
        section: str,
        sql: str,
        *rows: str | Row | None,
        types: str = "",
        names: str = "",
        known: str = "",
    ) -> Case:
        """A query and its rows: a tuple for each row, or a bare value for a row of one column.

        `types` and `names` are those of the result's columns, separated by commas.
        """
        split: Callable[[str], tuple[str, ...]] = lambda text: tuple(filter(None, text.split(", ")))  # noqa: E731
        return self._case(section, (Step(sql, _rows(rows), "", split(types), split(names)),), known)

    def fails(self, section: str, sql: str, failure: str, known: str = "") -> Case:
        """A statement that fails with a message that holds `failure`."""
        return self._case(section, (Step(sql, None, failure),), known)

    def scenario(
        self, section: str, *steps: tuple[str, Sequence[str | Row | None] | str | None],
        files: dict[str, str] | None = None, known: str = "",
    ) -> Case:  # fmt: skip
        """Statements one after the other: rows, `!text` for a failure, None where success is enough.

        `files` are objects that are there before, by address.
        """
        made = tuple(
            Step(sql, None, result[1:])
            if isinstance(result, str)
            else Step(sql, None if result is None else _rows(result))
            for sql, result in steps
        )
        case = self._case(section, made, known)
        return Case(case.group, case.section, case.source, made, known, tuple((files or {}).items()))
