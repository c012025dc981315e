"""Shows a cost report: tables for people, one document for programs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from engage_cli.cost.model import CostReport, Line, MonthLine, Total, total

if TYPE_CHECKING:
    from rich.console import Console

UNKNOWN = "unknown"
_CENT = Decimal("0.01")
T = TypeVar("T")


def dollars(usd: Decimal | None) -> str:
    """Return an amount for people: cents when it has them, else enough digits not to be rounded to 0."""
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0.00"
    if abs(usd) >= 1:
        return f"${usd.quantize(_CENT):,}"
    if abs(usd) >= Decimal("0.0001"):
        return f"${usd:.4f}"
    return f"${usd:.2g}" if abs(usd) >= Decimal("1e-9") else "< $0.000000001"


def total_text(total: Total) -> str:
    """Return a total, with "at least" when a line of it is unknown."""
    return f"at least {dollars(total.usd)}" if total.at_least else dollars(total.usd)


def amount(quantity: Decimal | None, unit: str) -> str:
    """Return a quantity with its unit."""
    return f"? {unit}" if quantity is None else f"{float(quantity):,.6g} {unit}"


def by_service(lines: Sequence[Line] | Sequence[MonthLine]) -> list[tuple[str, Total]]:
    """Return the total by service, the dearest first."""
    groups: dict[str, list[Line | MonthLine]] = {}
    for line in lines:
        service = line.line.service if isinstance(line, MonthLine) else line.service
        groups.setdefault(service, []).append(line)
    totals = [(name, total(group)) for name, group in groups.items()]
    return sorted(totals, key=lambda pair: (-pair[1].usd, pair[0]))


def render(console: "Console", report: CostReport, *, details: bool = True) -> None:
    """Print the bill of the run, of the month, and what they rest on.

    With `details`, every line says what it is for and where it was measured; without, an item is one row.
    """
    usage = report.usage
    predictions = "" if usage.predictions is None else f", {usage.predictions:,} predictions"
    console.print(f"[bold]Run {usage.run_id}[/bold]: {float(usage.seconds):,.0f} s{predictions}")
    _run_table(console, [line for line in report.lines if line.per == "run"], report.run, details)
    if report.per_thousand_predictions:
        console.print(f"Per 1,000 predictions: [bold]{total_text(report.per_thousand_predictions)}[/bold]\n")
    _month_table(console, report, details)
    for note in notes(report) if details else short_notes(report):
        console.print(f"[dim]{_safe(note)}[/dim]")


def _run_table(console: "Console", lines: list[Line], bill: Total, details: bool) -> None:
    table = _table("What this run used", "Cost")
    shown = lines if details else merged(lines)
    for line in sorted(shown, key=lambda line: (line.usd is None, -(line.usd or 0))):
        source = f"from {line.measured}; price of {line.price_as_of}"
        more = (line.detail, source) if details else ()
        used = f"{amount(line.quantity, line.unit)} [dim]at {_unit_price(line)}[/dim]"
        table.add_row(_item(line, *more), used, dollars(line.usd) + _marks(line))
    table.add_section()
    table.add_row("[bold]Total[/bold]", "", f"[bold]{total_text(bill)}[/bold]")
    console.print(table)


def _month_table(console: "Console", report: CostReport, details: bool) -> None:
    month = report.month
    table = _table(f"A month of {float(month.runs):.2f} runs", "List price", "Less always-free")
    shown = month.lines if details else merged_month(month.lines)
    for row in sorted(shown, key=lambda row: (row.usd is None, -(row.usd or 0))):
        item = _item(row.line, *((row.line.detail,) if details else ()))
        used = amount(row.quantity, row.line.unit)
        table.add_row(item, used, dollars(row.usd), dollars(row.usd_after_free_tier))
    table.add_section()
    totals = (total_text(month.list_price), total_text(month.after_free_tier))
    table.add_row("[bold]Total[/bold]", "", *(f"[bold]{text}[/bold]" for text in totals))
    console.print(table)


def merged(lines: Sequence[Line]) -> list[Line]:
    """Return one line an item: quantities and amounts of the lines that share item and price added up."""
    return [_merge(group) for group in _by_item(lines, lambda line: line).values()]


def merged_month(rows: Sequence[MonthLine]) -> list[MonthLine]:
    """Return one row an item of the month."""
    return [
        MonthLine(
            line=_merge([row.line for row in group]),
            quantity=_added([row.quantity for row in group]),
            usd=_added([row.usd for row in group]),
            usd_after_free_tier=_added([row.usd_after_free_tier for row in group]),
        )
        for group in _by_item(rows, lambda row: row.line).values()
    ]


def _by_item(rows: Sequence[T], line_of: Callable[[T], Line]) -> dict[tuple[Any, ...], list[T]]:
    groups: dict[tuple[Any, ...], list[T]] = {}
    for row in rows:
        line = line_of(row)
        # What is unknown stays a row of its own: added to what is known it would hide.
        key = (line.service, line.item, line.unit, line.unit_price, line.quantity is None)
        groups.setdefault(key, []).append(row)
    return groups


def _merge(lines: Sequence[Line]) -> Line:
    first = lines[0]
    return replace(
        first,
        quantity=_added([line.quantity for line in lines]),
        usd=_added([line.usd for line in lines]),
        assumption=next((line.assumption for line in lines if line.assumption), None),
    )


def _added(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if len(known) == len(values) else None


def _item(line: Line, *more: str) -> str:
    head = f"{_safe(line.service)}: {_safe(line.item)}"
    return "\n".join([head, *(f"[dim]{_safe(text)}[/dim]" for text in more if text)])


def _table(title: str, *amounts: str) -> Any:
    """Return a table of items (which may wrap), what was used, and columns of amounts."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("Item", overflow="fold", min_width=24)
    table.add_column("Used", justify="right", overflow="fold", min_width=14)
    for name in amounts:
        table.add_column(name, justify="right", no_wrap=len(amounts) == 1)
    return table


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _unit_price(line: Line) -> str:
    return UNKNOWN if line.unit_price is None else f"${line.unit_price.normalize():f}"


def _marks(line: Line) -> str:
    marks = ("" if line.confirmed else "*") + ("~" if line.assumption else "")
    return f" {marks}" if marks else ""


def notes(report: CostReport) -> list[str]:
    """Return what a reader of the numbers must know: unknowns, assumptions, and where prices come from."""
    found = [
        f"{line.service}, {line.item}: unknown ({line.measured})" for line in report.lines if not line.known
    ]
    found += [f"~ {line.service}, {line.item}: {line.assumption}" for line in report.lines if line.assumption]
    found += [
        f"* {line.service}, {line.item}: price not confirmed ({line.price_source})"
        for line in report.lines
        if not line.confirmed
    ]
    found.append(
        f"List prices of {report.region} in USD without tax, collected {report.prices_generated}. Always-"
        "free allowances belong to the whole account; new accounts get credits, not a twelve-month tier."
    )
    found.append("The meter cannot see its own end: what comes after it in the run is not counted.")
    return list(dict.fromkeys(found))


def short_notes(report: CostReport) -> list[str]:
    """Return the notes of a bill without details: what is unknown, and what the marks mean."""
    unknown = [f"{line.service}, {line.item}" for line in report.lines if not line.known]
    found = [f"Unknown, so not in the totals: {'; '.join(dict.fromkeys(unknown))}."] if unknown else []
    return [
        *found,
        "~ rests on an assumption, * price not confirmed; sources and assumptions: add --details",
        f"List prices of {report.region} in USD without tax, collected {report.prices_generated}.",
    ]


def to_json(report: CostReport) -> dict[str, Any]:
    """Return the report for programs; amounts are decimal texts, so that no digit is lost."""
    usage = report.usage
    per_thousand = report.per_thousand_predictions
    return {
        "schema_version": 1,
        "currency": "USD",
        "region": report.region,
        "prices_generated": report.prices_generated,
        "run_id": usage.run_id,
        "as_of": usage.as_of,
        "started": usage.started,
        "finished": usage.finished,
        "seconds": float(usage.seconds),
        "customers": usage.customers,
        "predictions": usage.predictions,
        "states": [{**state, "seconds": float(state["seconds"])} for state in usage.states],
        "lines": [_line_json(line) for line in report.lines],
        "run_total": _total_json(report.run),
        "per_1000_predictions": None if per_thousand is None else _total_json(per_thousand),
        "month": {
            "runs": _text(report.month.runs),
            "lines": [_month_json(row) for row in report.month.lines],
            "list_price": _total_json(report.month.list_price),
            "after_always_free": _total_json(report.month.after_free_tier),
        },
        "notes": notes(report),
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "service": line.service,
        "item": line.item,
        "detail": line.detail,
        "per": line.per,
        "quantity": _text(line.quantity),
        "unit": line.unit,
        "unit_price_usd": _text(line.unit_price),
        "usd": _text(line.usd),
        "measured": line.measured,
        "assumption": line.assumption,
        "price_source": line.price_source,
        "price_as_of": line.price_as_of,
        "price_confirmed": line.confirmed,
        "free_tier": line.free_tier_note,
    }


def _month_json(row: MonthLine) -> dict[str, Any]:
    return {
        "service": row.line.service,
        "item": row.line.item,
        "detail": row.line.detail,
        "quantity": _text(row.quantity),
        "usd": _text(row.usd),
        "usd_after_always_free": _text(row.usd_after_free_tier),
    }


def _total_json(total: Total) -> dict[str, Any]:
    return {"usd": _text(total.usd), "at_least": total.at_least}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
