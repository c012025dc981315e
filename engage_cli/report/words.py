"""Numbers as people read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

BASELINE_NAMES = {
    "recency_frequency": "recency and frequency",
    "carried_forward": "last period repeated",
    "bg_nbd_gamma_gamma": "BG/NBD, Gamma-Gamma",
}
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}


def count(value: float) -> str:
    """Return a whole number with separators."""
    return f"{round(value):,}"


def counted(value: float, noun: str) -> str:
    """Return a whole number with its noun: "1 customer", "1,200 customers"."""
    return f"{count(value)} {noun}{'' if round(value) == 1 else 's'}"


def share(value: float | None) -> str:
    """Return a share of one as a percentage, with a decimal when it is small."""
    if value is None:
        return "–"
    percent = 100 * value
    return f"{percent:.1f}\u00a0%" if 0 < percent < 10 else f"{percent:.0f}\u00a0%"


def amount(value: float, unit: str) -> str:
    """Return an amount in a currency (or another unit), short when it is large."""
    text, size = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}", abs(value)
    for least, scale, letter in ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e5, 1e3, "k")):
        if size >= least:
            text = f"{value / scale:,.3g}{letter}"
            break
    symbol = _SYMBOLS.get(unit)
    if symbol:
        return f"−{symbol}{text[1:]}" if text.startswith("-") else f"{symbol}{text}"
    return f"{text}\u00a0{unit.replace('_', ' ')}"


def usd(value: float) -> str:
    """Return US dollars: what AWS bills in, whatever the customers pay in."""
    return amount(value, "USD")


def duration(seconds: float) -> str:
    """Return seconds as a time for people."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(iso: str) -> str:
    """Return an ISO time as people write it, in UTC."""
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def day(iso: str) -> str:
    """Return an ISO date as people say it: 23 November 2026."""
    found = date.fromisoformat(iso)
    return f"{found.day} {found:%B %Y}"


def measure(value: float | None, digits: int = 3) -> str:
    """Return a measure, or a dash when it does not exist (such as an AUC with one outcome)."""
    return "–" if value is None else f"{value:,.{digits}f}"


def with_interval(found: Mapping[str, Any] | None, name: str, digits: int = 3) -> str:
    """Return a measure with its 95 % interval, where it has one."""
    if found is None or found.get(name) is None:
        return "–"
    around: Sequence[float] | None = (found.get("ci") or {}).get(name)
    return measure(found[name], digits) if around is None else spanned(found[name], *around, digits=digits)


def spanned(value: float, low: float, high: float, *, digits: int = 3) -> str:
    """Return a value with its interval; a line may break before the bracket only."""
    between = "\u00a0to\u00a0".join(measure(end, digits) for end in (low, high))
    return f"{measure(value, digits)} ({between})"


def name(identifier: str) -> str:
    """Return the name of a column, feature or segment for people."""
    return identifier.replace("_", " ")


def capital(text: str) -> str:
    """Return a text with a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
