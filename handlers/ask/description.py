"""What a model is told of the published table: columns, meanings, units, horizons, the date to ask for.

Everything follows from the served run's data contract. The local planner reads the same text, so its
form is a contract of its own: `Table name(column type, ...)`, the predictions first, one line
`- column [unit]: meaning` for each of their columns, one line `* segment: rule` for each segment, the formula
of what is at stake as `value at stake [unit] = formula: meaning`, and the date as `as_of = '...'`.
"""

from dataclasses import dataclass

from engage_ml import segments
from engage_ml.data_contract import DataContract
from engage_ml.described import Column, active_words, columns

TABLE, SEGMENTS = "predictions", "segments"
_TRINO = {"string": "varchar"}


@dataclass(frozen=True)
class Published:
    """What is served: the contract that gives the columns their meaning, and the as-of date."""

    contract: DataContract
    as_of: str

    @property
    def columns(self) -> frozenset[str]:
        """The names of the published tables' columns."""
        of_segments = (name for name, _ in segments.TABLE)
        return frozenset((*(column.name for column in columns(self.contract)), *of_segments))


def describe(published: Published) -> str:
    """The description of the tool that runs SQL."""
    found = columns(published.contract)
    listed = ", ".join(f"{c.name} {_TRINO.get(c.type, c.type)}" for c in found)
    return (
        "Runs one read-only Trino (Athena) SELECT over the published predictions.\n"
        f"Table {TABLE}({listed}): one row a customer and as-of date. as_of is the partition: always "
        f"restrict to one, normally the served one, with as_of = '{published.as_of}'. Put a column whose "
        "name is a word of SQL in double quotes. There are no names and no e-mail addresses.\n"
        "Columns:\n"
        + "\n".join(map(_line, found))
        + "\n"
        + _segments(published)
        + _horizons(published.contract)
    )


def _segments(published: Published) -> str:
    """The table of the segments, their rules, and what is at stake."""
    contract = published.contract
    listed = ", ".join(f"{name} {_TRINO.get(kind, kind)}" for name, kind in segments.TABLE)
    rules = "\n".join(f"* {s.name}: {s.rule}" for s in segments.SEGMENTS)
    return (
        f"Table {SEGMENTS}({listed}, as_of varchar): one row a segment and as-of date, every customer being "
        f"in one segment; restrict to as_of = '{published.as_of}' as well. Its expected_value and "
        "value_at_stake are sums over the customers of the segment. Use it for questions of what is at stake "
        f"and what to do with a segment. The segments, of which the first that fits decides:\n{rules}\n"
        f"For customers in other groups: value at stake [{contract.value_unit}] = "
        f"{segments.at_stake_sql(contract)}: {segments.at_stake_words(contract)}\n"
    )


def _line(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return f"- {column.name}{unit}: {column.meaning}"


def _horizons(contract: DataContract) -> str:
    weeks = ", ".join(f"{name} {count} weeks" for name, count in contract.horizons.items())
    money = f"Value is money in {contract.currency}." if contract.currency else "Value is no money."
    return f"Horizons: {weeks}. {money} {active_words(contract)}"
