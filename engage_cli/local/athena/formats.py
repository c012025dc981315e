"""Date patterns of Trino (MySQL's for date_format, Joda's for format_datetime) as strftime patterns."""

import re

from engage_cli.local.athena.errors import not_supported

_MYSQL = {
    "a": "%a", "b": "%b", "d": "%d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M", "j": "%j",
    "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S", "T": "%H:%M:%S", "W": "%A",
    "Y": "%Y", "y": "%y",
    "e": "%-d", "c": "%-m", "k": "%-H", "l": "%-I", "%": "%%", "v": "%V", "x": "%G",
}  # fmt: skip
_JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "y": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B",
    "dd": "%d", "d": "%-d", "DDD": "%j", "HH": "%H", "H": "%-H", "hh": "%I", "mm": "%M", "m": "%-M",
    "ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p", "E": "%a", "EEE": "%a", "EEEE": "%A",
    "h": "%-I", "D": "%-j", "EE": "%a", "yyy": "%Y",
    "xxxx": "%G", "ww": "%V", "e": "%u",
}  # fmt: skip


def mysql_to_strftime(pattern: str) -> str:
    """Return the strftime form of a `date_format` pattern. Raises QueryError for a specifier it lacks."""

    def convert(match: re.Match[str]) -> str:
        if match[1] not in _MYSQL:
            raise not_supported(f"%{match[1]} in date_format")
        return _MYSQL[match[1]]

    return re.sub(r"%(.)", convert, pattern)


def joda_to_strftime(pattern: str) -> str:
    """Return the strftime form of a `format_datetime` pattern. Raises QueryError for a field it lacks."""
    parts = []
    for match in re.finditer(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])", pattern):
        quoted, field, other = match[1], match[2], match[4]
        if field:
            if field not in _JODA:
                raise not_supported(f"{field} in format_datetime")
            parts.append(_JODA[field])
        else:
            parts.append((other or quoted or "'").replace("%", "%%"))
    return "".join(parts)
