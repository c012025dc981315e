# ruff: noqa: E501 - tables read better on one line
"""Java's `format`, as Trino's function of that name gives it: https://trino.io/docs/current/functions/conversion.html."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from engage_cli.local.athena.errors import QueryError, not_supported

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?(t[A-Za-z]|[a-zA-Z%])")
# Fields of a time whose text is the same in every language that Java and Python know here.
_TIMES = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "e": "%-d", "B": "%B", "b": "%b", "h": "%b", "A": "%A", "a": "%a",
    "H": "%H", "I": "%I", "M": "%M", "S": "%S", "j": "%j", "k": "%-H", "l": "%-I", "F": "%Y-%m-%d", "T": "%H:%M:%S",
    "D": "%m/%d/%y", "R": "%H:%M",
}  # fmt: skip


def _invalid(message: str) -> QueryError:
    return QueryError("INVALID_FUNCTION_ARGUMENT", message)


def format_text(form: str, values: str) -> str:
    """Return a format with its values, a JSON array: numbers with a fraction are in arrays of one text.

    Raises QueryError: INVALID_FUNCTION_ARGUMENT, or NOT_SUPPORTED for a conversion that is not there.
    """
    arguments = json.loads(values)
    following = iter(range(len(arguments)))
    parts, place = [], 0
    for match in _SPECIFIER.finditer(form):
        if "%" in form[place : match.start()]:
            break
        parts.append(form[place : match.start()] + _specified(match, arguments, following))
        place = match.end()
    if "%" in form[place:]:
        raise _invalid(f"Invalid format string: {form}")
    return "".join(parts) + form[place:]


def _specified(match: re.Match[str], arguments: list[Any], following: Iterator[int]) -> str:
    at, flags, width, precision, kind = match.groups()
    if kind in "%n":
        return "%" if kind == "%" else "\n"
    try:
        value = arguments[int(at) - 1 if at else next(following)]
    except (IndexError, StopIteration):
        raise _invalid(f"Invalid format string: {match[0]}") from None
    return _one(value, flags, int(width or 0), precision, kind)


def _one(value: Any, flags: str, width: int, precision: str | None, kind: str) -> str:
    upper = kind in ("S", "X", "E", "B")
    text = _plain(value, flags, precision, kind.lower() if upper else kind)
    text = text.upper() if upper else text
    if "0" in flags:
        return text.zfill(width)
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _plain(value: Any, flags: str, precision: str | None, kind: str) -> str:
    number = _number(value)
    if kind not in ("s", "d", "f", "e", "x", "b", "c") and not kind.startswith("t"):
        raise not_supported(f"%{kind} in format")
    if kind == "b":
        return str(value if isinstance(value, bool) else value is not None).lower()
    if value is None:
        return "null"
    if kind == "s":
        text = (
            str(value).lower()
            if isinstance(value, bool)
            else value[0]
            if isinstance(value, list)
            else str(value)
        )
        return text[: int(precision)] if precision else text
    if kind.startswith("t"):
        return _time(value, kind[1:])
    if kind in "dx" and isinstance(value, int) and not isinstance(value, bool):
        if kind == "x" and value < 0:
            raise not_supported("%x of a negative number in format")
        return _signed(f"{value:{',' if ',' in flags else ''}{kind}}", flags)
    if kind in "fe" and isinstance(value, list) and number is not None:
        digits = int(precision) if precision else 6
        return _signed(
            _rounded(number, digits, "," in flags) if kind == "f" else f"{float(number):.{digits}e}", flags
        )
    raise _invalid(f"Invalid format string: %{kind} for {value[0] if isinstance(value, list) else value}")


def _number(value: Any) -> Fraction | None:
    try:
        return Fraction(value[0]) if isinstance(value, list) else None
    except ValueError:  # NaN and the infinities
        return None


def _time(value: Any, field: str) -> str:
    if field == "p" or field in _TIMES:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise _invalid(f"Invalid format string: %t{field} for {value}") from None
        return moment.strftime("%p").lower() if field == "p" else moment.strftime(_TIMES[field])
    raise not_supported(f"%t{field} in format")


def _signed(text: str, flags: str) -> str:
    if set(flags) & set(" (#"):
        raise not_supported("A flag of format other than - + 0 and ,")
    return "+" + text if "+" in flags and not text.startswith("-") else text


def _rounded(value: Fraction, digits: int, grouped: bool) -> str:
    """A number with so many digits after the point, half away from zero, as Java's."""
    scaled = abs(value) * 10**digits
    whole = int(scaled + Fraction(1, 2))
    text = f"{whole // 10**digits:{',' if grouped else ''}d}"
    text += f".{whole % 10**digits:0{digits}d}" if digits else ""
    return ("-" if value < 0 else "") + text
