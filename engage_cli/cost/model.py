"""From usage and prices to a bill: exact decimals, unknowns kept unknown.

    usd(line)  = quantity x price of its unit          (None when either is unknown)
    run        = sum of the lines caused by the run
    month      = runs a month x run lines + lines paid while deployed, less the always-free allowances

Bytes that a run leaves in S3 are priced for their whole life when the run writes them, so that runs a
month times that is what is stored in the steady state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from engage_cli.cost import pricebook
from engage_cli.cost.free_tier import free_quantities
from engage_cli.cost.pricebook import PriceBook
from engage_cli.cost.usage import Per, Record, Usage

WEEKLY_RUNS_PER_MONTH = Decimal(52) / 12


@dataclass(frozen=True)
class Line:
    """One priced record. `usd` is None when the quantity or the price is unknown."""

    service: str
    item: str
    detail: str
    quantity: Decimal | None
    unit: str
    unit_price: Decimal | None
    usd: Decimal | None
    per: Per
    measured: str
    price_source: str
    price_as_of: str
    confirmed: bool
    free_tier_note: str | None
    assumption: str | None

    @property
    def known(self) -> bool:
        return self.usd is not None


@dataclass(frozen=True)
class Total:
    """A sum of lines; `at_least` when some of them are unknown and therefore not in it."""

    usd: Decimal
    at_least: bool

    def times(self, factor: Decimal) -> "Total":
        return replace(self, usd=self.usd * factor)


@dataclass(frozen=True)
class MonthLine:
    """A line over a month: list price, and what is left of it after the always-free allowances."""

    line: Line
    quantity: Decimal | None
    usd: Decimal | None
    usd_after_free_tier: Decimal | None


@dataclass(frozen=True)
class Month:
    """A month of `runs` runs."""

    runs: Decimal
    lines: list[MonthLine]
    list_price: Total
    after_free_tier: Total


@dataclass(frozen=True)
class CostReport:
    """A run's bill and the month at its schedule."""

    usage: Usage
    lines: list[Line]
    run: Total
    per_thousand_predictions: Total | None
    month: Month
    region: str
    prices_generated: str


def cost_report(
    usage: Usage, book: PriceBook | None = None, *, runs_per_month: Decimal = WEEKLY_RUNS_PER_MONTH
) -> CostReport:
    """Price a run and the month at `runs_per_month`, by default with the program's own price book.

    Raises PriceError for an item that has no row.
    """
    book = book or pricebook.load()
    lines = price(usage.records, book)
    run = total(line for line in lines if line.per == "run")
    return CostReport(
        usage=usage,
        lines=lines,
        run=run,
        per_thousand_predictions=run.times(Decimal(1000) / usage.predictions) if usage.predictions else None,
        month=month(lines, runs_per_month),
        region=book.region,
        prices_generated=book.generated,
    )


def price(records: Iterable[Record], book: PriceBook) -> list[Line]:
    """Price each record. Raises PriceError for an item or a unit that the book does not have."""
    return [_line(record, book) for record in records]


def _line(record: Record, book: PriceBook) -> Line:
    row = book.price(record.service, record.item)
    row.check_unit(record.unit)
    known = record.quantity is not None and row.usd is not None
    return Line(
        service=record.service,
        item=record.item,
        detail=record.detail,
        quantity=record.quantity,
        unit=record.unit,
        unit_price=row.usd,
        usd=record.quantity * row.usd if known else None,  # type: ignore[operator]
        per=record.per,
        measured=record.source,
        price_source=row.source,
        price_as_of=row.as_of,
        confirmed=row.confirmed,
        free_tier_note=row.free_tier,
        assumption=record.assumption,
    )


def total(lines: Iterable[Line | MonthLine], *, after_free_tier: bool = False) -> Total:
    """Add the known lines up; unknown ones make it "at least"."""
    amounts = [
        line.usd_after_free_tier if after_free_tier and isinstance(line, MonthLine) else line.usd
        for line in lines
    ]
    return Total(sum((usd for usd in amounts if usd is not None), Decimal(0)), None in amounts)


def month(lines: Sequence[Line], runs: Decimal) -> Month:
    """The lines over a month of `runs` runs, before and after the always-free allowances."""
    if runs < 0:
        raise ValueError(f"runs per month must not be negative: {runs}")
    quantities = [
        None if line.quantity is None else line.quantity * (runs if line.per == "run" else 1)
        for line in lines
    ]
    free = free_quantities(
        [(line.service, line.item, q or Decimal(0)) for line, q in zip(lines, quantities, strict=True)]
    )
    monthly = [
        MonthLine(
            line, q, _amount(q, line.unit_price), _amount(None if q is None else q - f, line.unit_price)
        )
        for line, q, f in zip(lines, quantities, free, strict=True)
    ]
    return Month(runs, monthly, total(monthly), total(monthly, after_free_tier=True))


def _amount(quantity: Decimal | None, unit_price: Decimal | None) -> Decimal | None:
    return None if quantity is None or unit_price is None else quantity * unit_price
