"""SQL that reads one value of a user's own file: missing ones, numbers with marks, identifiers, times."""

from engage_cli.datagen.contract_time import time_sql
from engage_cli.datagen.shapes import Column

_MISSING = ("nan", "null", "\\n", "<na>")
_MISSING_NUMBERS = (*_MISSING, "na", "n/a", "none", "?", "-")
_CODES = "USD|EUR|GBP|CHF|JPY|INR|BRL|CAD|AUD|SEK|NOK|DKK|PLN|CZK|TRY|MXN|ZAR|CNY"
# What stands beside an amount of money: signs, "R$ 5", "USD 5", "5 kr".
_MARKS = f"^(R|US|A|C)?\\$|^({_CODES})\\s*|\\s*({_CODES}|kr|zł)$|[$€£¥₹\\s]"
_BOOLEANS = "WHEN lower({t}) IN ('true', 't', 'yes', 'y', '1', '1.0') THEN true " + (
    "WHEN lower({t}) IN ('false', 'f', 'no', 'n', '0', '0.0') THEN false"
)


def raw_value(column: Column, text: str) -> str:
    """The text of a value, or NULL where the file says that there is none."""
    trimmed = f"nullif(trim({text}), '')"
    if column.reading is None:
        return trimmed
    # "NA" and "none" are words in a text, such as the code of Namibia.
    words = _MISSING if column.type == "string" else _MISSING_NUMBERS
    listed = ", ".join(f"'{w}'" for w in words)
    value = f"CASE WHEN lower({trimmed}) NOT IN ({listed}) THEN {trimmed} END"
    if column.name == "customer_id":
        # A column of numbers with gaps is written with ".0" by many programs, and without by others.
        return f"regexp_replace({value}, '^([0-9]+)\\.0+$', '\\1')"
    return value


def number_value(text: str, column: Column) -> str:
    """A number, also with the sign or code of a currency, marks of thousands, or in brackets for below zero;
    `decimal` says which mark is which.
    """
    if column.reading is None:
        return f"TRY_CAST({text} AS DOUBLE)"
    plain = f"regexp_replace({text}, '{_MARKS}', '', 'g')"
    # In accounts what is below zero stands in brackets.
    plain = f"regexp_replace({plain}, '^\\(([0-9.,]+)\\)$', '-\\1')"
    if column.reading.decimal == ".":
        grouped = f"regexp_full_match({plain}, '[-+]?[0-9]{{1,3}}(,[0-9]{{3}})+(\\.[0-9]+)?')"
        return f"TRY_CAST(CASE WHEN {grouped} THEN replace({plain}, ',', '') ELSE {plain} END AS DOUBLE)"
    grouped = f"regexp_full_match({plain}, '[-+]?[0-9]{{1,3}}(\\.[0-9]{{3}})+(,[0-9]+)?')"
    # Another point is no mark of thousands: refused rather than read a hundred times too large.
    ungrouped = f"CASE WHEN {plain} NOT LIKE '%.%' THEN {plain} END"
    chosen = f"CASE WHEN {grouped} THEN replace({plain}, '.', '') ELSE {ungrouped} END"
    return f"TRY_CAST(replace({chosen}, ',', '.') AS DOUBLE)"


def own_value(column: Column, text: str, factor: str) -> str:
    """The typed value of a column of a contract: NULL when the text is no such value."""
    assert column.reading is not None
    if column.type == "string":
        return text
    if column.type in ("date", "time"):
        time = time_sql(text, column.reading.time_format)
        return f"CAST({time} AS DATE)" if column.type == "date" else time
    if column.type == "boolean":
        return f"CASE {_BOOLEANS.format(t=text)} END"
    number = number_value(text, column)
    if column.reading.times:
        number = f"({number} * {number_value(factor, column)})"
    if column.type == "double":
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    limit, kind = (2**31, "INTEGER") if column.type == "int" else (2**53, "BIGINT")
    whole = f"{number} = floor({number}) AND abs({number}) < {limit}"
    return f"CASE WHEN {whole} THEN CAST({number} AS {kind}) END"
