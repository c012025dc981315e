"""Times as other people write them: formats of the contract as SQL, and which format a column has."""

import re
from collections.abc import Sequence
from datetime import date, datetime

from engage_cli.sql_text import literal

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EPOCH, EPOCH_MS = "epoch", "epoch ms"
SPREADSHEET = "days since 1899-12-30"
"""How spreadsheets count days; the fraction is the time of the day."""
TIME_WORDS = (
    'nothing (2026-01-31 or 2026-01-31 13:45:00), a pattern such as "%d.%m.%Y %H:%M", "epoch", "epoch ms", '
    '"days since 2013-10-01", "weeks since 2013-10-07"'
)
FIRST_YEAR = 1900
"""Times before it are mistakes: a year of two digits read as one of four, an empty time of a spreadsheet."""
LAST_YEAR = 2100
_SINCE = re.compile(r"(days|weeks) since (\d{4}-\d{2}-\d{2})")
_DIRECTIVES = frozenset("aAbBdmyYHIpMSfjGVuqU")
# The most usual first: the first that reads every value is taken.
CANDIDATES = (
    "", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d/%m/%y", "%m/%d/%y", "%d/%m/%y %H:%M", "%m/%d/%y %H:%M",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%Y %H:%M",
    "%m-%d-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y%m%d",
    "%Y%m%d%H%M%S", "%Y.%m.%d", "%Y-%m", "%d-%b-%Y", "%d-%b-%Y %H:%M", "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M",
    "%a %b %d %Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%G-W%V",
)  # fmt: skip


def time_problem(text: str) -> str:
    """What is wrong with a time format, in words; empty when nothing is."""
    if text in ("", EPOCH, EPOCH_MS):
        return ""
    match = _SINCE.fullmatch(text)
    if match:
        try:
            origin = date.fromisoformat(match[2])
        except ValueError:
            return f"names {match[2]}, which is no date"
        return (
            "" if match[1] == "days" or origin.weekday() == 0 else "counts weeks from a day that is no Monday"
        )
    directives = re.findall(r"%-?(.)", text)
    unknown = [d for d in directives if d not in _DIRECTIVES and d != "%"]
    if unknown:
        return f"holds %{unknown[0]}, which is not read"
    if not directives or not re.search(r"%-?[yYG]", text):
        return f"is {text!r}, which is no time format with a year"
    return ""


def time_sql(raw: str, text: str) -> str:
    """The expression that reads a text column as a TIMESTAMP; NULL when it is none."""
    if not text:
        # ISO with an offset or Z reads as the local time that it names.
        return f"TRY_CAST({raw} AS TIMESTAMP)"
    number = f"TRY_CAST({raw} AS DOUBLE)"
    if text in (EPOCH, EPOCH_MS):
        scale = 1_000_000 if text == EPOCH else 1_000
        # Up to the year 5138: more is no time, and would be an error.
        inside = f"CASE WHEN abs({number}) < {10**17 // scale} THEN CAST({number} * {scale} AS BIGINT) END"
        return f"make_timestamp({inside})"
    match = _SINCE.fullmatch(text)
    if match:
        unit = 86_400 if match[1] == "days" else 7 * 86_400
        inside = f"CASE WHEN abs({number}) < 100000 THEN CAST({number} * {unit} AS BIGINT) END"
        return f"(TIMESTAMP '{match[2]}' + to_seconds({inside}))"
    return f"try_strptime({raw}, {literal(text)})"


def day_first_is_open(text: str, values: Sequence[str]) -> bool:
    """Whether the other order of day and month would read all of the values as well."""
    other = swapped(text)
    return bool(other) and all(_reads(value, other) for value in values)


def swapped(text: str) -> str:
    """The format with day and month exchanged; empty when they do not stand side by side."""
    for one, two in (("%d/%m", "%m/%d"), ("%d-%m", "%m-%d"), ("%d.%m", "%m.%d")):
        if one in text:
            return text.replace(one, two)
        if two in text and not text.startswith("%Y"):
            return text.replace(two, one)
    return ""


def _reads(value: str, text: str) -> bool:
    try:
        datetime.strptime(value, text)
    except ValueError:
        return False
    return True
