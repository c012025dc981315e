"""What a page is made of. The template draws these and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Plot:
    """A drawing; `lead` says how to read it, `legend` pairs a CSS class with a text, `rows` are its numbers.

    Columns whose name begins with ">" are numbers.
    """

    title: str
    lead: str
    drawing: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[str, str]] = field(default_factory=tuple)
    tall: bool = False
    """Takes the height of two other plots."""
    kind: ClassVar[str] = "plot"


@dataclass(frozen=True)
class Table:
    """A table; it takes the whole width, and is folded when not `open`."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    lead: str = ""
    open: bool = True
    kind: ClassVar[str] = "table"


Item = Plot | Table


@dataclass(frozen=True)
class Section:
    """A part of the page: sentences, then plots and tables, then notes."""

    id: str
    title: str
    sentences: Sequence[str]
    items: Sequence[Item] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def rows(self) -> list[list[Item]]:
        """The items in rows: neighbouring plots share one, a table has its own."""
        found: list[list[Item]] = []
        for item in self.items:
            if found and item.kind == "plot" and found[-1][0].kind == "plot":
                found[-1].append(item)
            else:
                found.append([item])
        return found
