"""Values of text columns in a question: countries by name or code, everything else as the table has it."""

import re
from collections.abc import Mapping

from engage_cli.local.bedrock import patterns
from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.columns import sql_name
from engage_cli.local.bedrock.lexicon import Dimension, Lexicon
from engage_cli.local.bedrock.text import Text, alone, first, normal, spelled
from engage_cli.local.bedrock.thresholds import Filter
from engage_cli.sql_text import literal

Values = Mapping[str, tuple[str, ...]]
"""Known values by column."""
Chosen = dict[str, list[str]]
_SMALL = frozenset(
    {*v.STOP_WORDS, *v.NUMBERS, *v.SUBJECTS, *v.HIGHEST, *v.LOWEST, *v.WORST, *v.BEST, "unknown", "other"}
    | {word for words, _, _ in v.FILTERS for word in words}
    | {word for metric in v.METRICS for word in metric.words}
)
"""Words that are a value only beside the word of their column: "plan basic" but not "a" alone."""


NAMED_ONLY = frozenset(["segment"])
"""Columns whose values count only beside the column's word: elsewhere "at risk" is the risk band."""


def take_values(text: Text, question: str, lexicon: Lexicon, values: Values | None) -> Chosen:
    """Cut the values out of the text; those found by column. Without `values` only what needs no look-up."""
    chosen: Chosen = {}
    countries = [one for one in lexicon.dimensions if one.is_country]
    # With two such columns a country's name does not say which is meant.
    country = countries[0] if len(countries) == 1 else None
    if country is not None and country.iso:
        _take_codes(text, question, country, values, chosen)
    for value, dimension, clear in _known(lexicon, values):
        if dimension is country and country.iso:
            continue
        words = "|".join(spelled(word) for word in dimension.words)
        one = spelled(normal(value))
        before, after = rf"(?:{words}) (?:is |= ?|named )?", rf"(?: (?:{words})(?![\w-]))"
        exact = [rf"{before}{one}(?![\w-])", rf"{one}{after}"] if words else []
        loose = [alone(one)] if clear else []
        for pattern in (rf"(?<![\w-]){p}" for p in exact):
            while text.take(pattern):
                _choose(chosen, dimension, value)
        for pattern in loose:
            while text.take(pattern):
                _choose(chosen, dimension, value)
    if country is not None and not country.iso and values is not None:
        _take_names(text, country, values.get(country.column, ()), chosen)
    return chosen


def conditions(chosen: Chosen, question: str, lexicon: Lexicon) -> list[Filter]:
    """The chosen values as filters, in the order of the question."""
    filters = []
    for dimension in lexicon.dimensions:
        found = chosen.get(dimension.column)
        if not found:
            continue
        ordered = sorted(found, key=lambda value: first(normal(question), _spellings(value)))
        quoted = ", ".join(map(literal, ordered))
        name = sql_name(dimension.column)
        sql = f"{name} IN ({quoted})" if len(ordered) > 1 else f"{name} = {quoted}"
        filters.append(Filter(dimension.column, sql, f"{dimension.label} {' or '.join(ordered)}"))
    return filters


def _known(lexicon: Lexicon, values: Values | None) -> list[tuple[str, Dimension, bool]]:
    """Known values, longest first; whether each is clear by itself, without the word of its column."""
    pairs = [
        (value, one)
        for one in lexicon.looked_up
        for value in (values or {}).get(one.column, ())
        if value.strip()
    ]
    texts = [normal(value) for value, _ in pairs]
    others = [normal(value) for value, one in pairs if one.column not in NAMED_ONLY]

    def clear(text: str) -> bool:
        return others.count(text) == 1 and len(text) > 2 and text not in _SMALL and not text.isdigit()

    found = [
        (value, one, clear(text) and one.column not in NAMED_ONLY)
        for (value, one), text in zip(pairs, texts, strict=True)
    ]
    return sorted(found, key=lambda each: len(each[0]), reverse=True)


def _take_codes(text: Text, question: str, country: Dimension, values: Values | None, chosen: Chosen) -> None:
    """Countries of a column of codes: by name, or by two capital letters."""
    for name in sorted(patterns.COUNTRIES, key=len, reverse=True):
        while text.take(alone(rf"(?:the )?{re.escape(name)}")):
            _choose(chosen, country, patterns.COUNTRIES[name])
    codes = {*(values or {}).get(country.column, ()), *patterns.COUNTRIES.values()}
    for code in dict.fromkeys(re.findall(r"\b[A-Z]{2}\b", question)):
        if code in codes and text.take(alone(code.lower())):
            _choose(chosen, country, code)


def _take_names(text: Text, country: Dimension, known: tuple[str, ...], chosen: Chosen) -> None:
    """Other names of countries that the column has under one of its own: "UK" for "United Kingdom"."""
    for name in sorted(patterns.COUNTRIES, key=len, reverse=True):
        same = {*other_names(name), patterns.COUNTRIES[name].lower()}
        value = next((one for one in known if one.lower() in same), None)
        while value is not None and text.take(alone(rf"(?:the )?{re.escape(name)}")):
            _choose(chosen, country, value)


def other_names(name: str) -> tuple[str, ...]:
    """Every name of the country called `name`, itself among them."""
    code = patterns.COUNTRIES.get(name)
    return tuple(other for other, its in patterns.COUNTRIES.items() if its == code)


def _choose(chosen: Chosen, dimension: Dimension, value: str) -> None:
    some = chosen.setdefault(dimension.column, [])
    if value not in some:
        some.append(value)


def _spellings(value: str) -> tuple[str, ...]:
    countries = (name for name, code in patterns.COUNTRIES.items() if code == value)
    return (normal(value), *countries)
