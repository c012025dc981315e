"""What a model is told of the published table: columns, meanings, units, horizons, the date to ask for.

Everything follows from the served run's data contract. The local planner reads the same text, so its
form is a contract of its own: `table name(column type, ...)`, one line `- column [unit]: meaning` for each
column, and the date as `as_of = '...'`.
"""

from dataclasses import dataclass

from engage_ml.data_contract import DataContract
from engage_ml.described import Column, active_words, columns

TABLE = "predictions"
_TRINO = {"string": "varchar"}


@dataclass(frozen=True)
class Published:
    """What is served: the contract that gives the columns their meaning, and the as-of date."""

    contract: DataContract
    as_of: str

    @property
    def columns(self) -> frozenset[str]:
        """The names of the published tables' columns."""
        return frozenset(column.name for column in columns(self.contract))


def describe(published: Published) -> str:
    """The description of the tool that runs SQL."""
    found = columns(published.contract)
    listed = ", ".join(f"{c.name} {_TRINO.get(c.type, c.type)}" for c in found)
    return (
        "Runs one read-only Trino (Athena) SELECT over the published predictions.\n"
        f"Table {TABLE}({listed}): one row a customer and as-of date. as_of is the partition: always "
        f"restrict to one, normally the served one, with as_of = '{published.as_of}'. Put a column whose "
        "name is a word of SQL in double quotes. There are no names and no e-mail addresses.\n"
        "Columns:\n" + "\n".join(map(_line, found)) + "\n" + _horizons(published.contract)
    )


def _line(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return f"- {column.name}{unit}: {column.meaning}"


def _horizons(contract: DataContract) -> str:
    weeks = ", ".join(f"{name} {count} weeks" for name, count in contract.horizons.items())
    money = f"Value is money in {contract.currency}." if contract.currency else "Value is no money."
    return f"Horizons: {weeks}. {money} {active_words(contract)}"
