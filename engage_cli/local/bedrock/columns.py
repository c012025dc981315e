"""The table that a query tool describes: its columns with types, units and meanings, and the date to ask for.

Beside it the tool may describe segments of customers, and how what is at stake is computed. The form is that
of `handlers/ask/description.py`; a table without meanings (a tool of somebody else's) is understood by the
names of its columns alone.
"""

import re
from dataclasses import dataclass

_TABLE = re.compile(r"[Tt]able\s+`?(\w+)`?\s*\(([^)]*)\)")
_LINE = re.compile(r"^- `?(\w+)`?(?: \[([^\]]*)\])?: (.+)$", re.MULTILINE)
_SEGMENT = re.compile(r"^\* (\w+): (.+)$", re.MULTILINE)
_STAKE = re.compile(r"^[\w ]*: value at stake(?: \[([^\]]*)\])? = ([^:\n]+): (.+)$", re.MULTILINE)
_AS_OF = re.compile(r"\bas_of = '(\d{4}-\d{2}-\d{2})'")


@dataclass(frozen=True)
class Column:
    """A column: `unit` and `meaning` are empty when the tool does not tell them."""

    name: str
    type: str = "varchar"
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Table:
    """What the query tool reads. `as_of` is the date of the served predictions, None when it is not told;
    `segments` the names and rules of the segments that have a table of their own, and `stake` the value at
    stake of a customer, whose name is its SQL. Both are empty when the tool does not tell them.
    """

    name: str
    columns: tuple[Column, ...]
    as_of: str | None = None
    segments: tuple[tuple[str, str], ...] = ()
    stake: Column | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)


def described(text: str) -> Table | None:
    """The table in a tool's description or a system prompt; None when there is none."""
    found = _TABLE.search(text)
    if found is None:
        return None
    told = {name: (unit or "", meaning.strip()) for name, unit, meaning in _LINE.findall(text)}
    columns = []
    for part in found[2].split(","):
        name, *kind = part.split() or [""]
        if name:
            columns.append(Column(name, " ".join(kind).lower() or "varchar", *told.get(name, ("", ""))))
    as_of = _AS_OF.search(text)
    stake = _STAKE.search(text)
    return Table(
        found[1],
        tuple(columns),
        as_of[1] if as_of else None,
        tuple(_SEGMENT.findall(text)),
        Column(stake[2].strip(), "double", stake[1] or "", stake[3].strip()) if stake else None,
    )


# Words of Trino's SQL that cannot name a column without quotes (its reference, "Reserved keywords").
_RESERVED_TEXT = """
alter and as between by case cast constraint create cross cube current_date deallocate delete describe
distinct drop else end escape except execute exists extract false for from full group grouping having in
inner insert intersect into is join left like natural not null on or order outer prepare recursive right
rollup select skip table then true union unnest using values when where with
"""
_RESERVED = frozenset(_RESERVED_TEXT.split())


def sql_name(column: str) -> str:
    """The column as SQL has it: in quotes when its name is a word of SQL."""
    return f'"{column}"' if column in _RESERVED else column
