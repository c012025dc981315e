"""The price book: one row a billable item, with its source and whether that source is confirmed.

The rows are package data (`prices.json`), collected by hand from dated sources. Prices are exact
decimals. Asking for an item that is not in the book is an error, never a price of 0.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from engage_cli.errors import EngageError

_COLUMNS = ("service", "item", "unit", "usd", "minimum", "free_tier", "source", "as_of", "confirmed", "note")


class PriceError(EngageError):
    """The price book and what it is asked for do not fit: an item or a unit that it does not have."""


@dataclass(frozen=True)
class Price:
    """One row. `usd` is the price of one `unit`; None means that no price is known."""

    service: str
    item: str
    unit: str
    usd: Decimal | None
    minimum: str | None
    free_tier: str | None
    source: str
    as_of: str
    confirmed: bool
    note: str | None

    def check_unit(self, unit: str) -> None:
        """Raise PriceError unless `unit` is this row's unit, remarks like "(compressed)" left out."""
        if self.unit != unit and not self.unit.startswith((f"{unit} ", f"{unit},")):
            raise PriceError(
                f"The price of {self.service} '{self.item}' is per {self.unit}, but the usage is in {unit}.",
                hint="the usage file was written by another version: run the pipeline again",
            )


class PriceBook:
    """The rows by service and item."""

    def __init__(self, rows: list[Price], region: str, generated: str) -> None:
        self.region = region
        self.generated = generated
        self._rows = {(row.service, row.item): row for row in rows}
        if len(self._rows) != len(rows):
            raise PriceError("The price book has an item twice.")

    def __iter__(self) -> Iterator[Price]:
        return iter(self._rows.values())

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def price(self, service: str, item: str) -> Price:
        """Return the row of an item. Raises PriceError when there is none."""
        try:
            return self._rows[service, item]
        except KeyError:
            raise PriceError(
                f"The price book has no item '{item}' of {service}.",
                hint="update engage-cli, or look at the usage file of the run",
            ) from None


def parse(text: str) -> PriceBook:
    """Parse the JSON of a price book, its numbers as exact decimals."""
    document = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return PriceBook([_row(row) for row in document["rows"]], document["region"], document["generated"])


def _row(row: dict[str, Any]) -> Price:
    return Price(**{column: row[column] for column in _COLUMNS})


@cache
def load() -> PriceBook:
    """Return the price book that came with the program."""
    return parse(resources.files("engage_cli.cost").joinpath("prices.json").read_text(encoding="utf-8"))
