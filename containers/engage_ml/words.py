"""Reasons in words: what each group of features says of a customer, with the customer's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from .data_contract import BOOLEAN, COUNT, NUMBER, Attribute, DataContract, Measure

Builder = tuple[Sequence[str], Callable[..., str]]
"""The features whose values a sentence needs, and what makes the sentence of them (None: missing)."""
MOST_NAMED = 3
"""Of a group with more measures, so many are said."""


def builders(contract: DataContract) -> Mapping[str, Builder]:
    """For each group of features of a contract, what says it. Sentences are cached: many are alike."""
    back, unit = contract.lookback_weeks, "day" if contract.days_known else "week"
    long = max(n for n in contract.measure_windows if n <= back)
    found: dict[str, Builder] = {a.name: ((a.name,), _attribute(a)) for a in contract.attributes}
    found["tenure"] = (("tenure_weeks",), _tenure)
    found["recency"] = (
        ("days_since_active", "usual_gap_weeks", f"active_weeks_{back}", "observed_weeks"),
        _recency(back),
    )
    found["frequency"] = (
        ("active_days_4w", f"active_days_{long}w", f"active_weeks_{back}"),
        _frequency(f"active {unit}", long, back),
    )
    found["trend"] = (("active_days_8w", "active_days_4w"), _trend(f"active {unit}"))
    found["variability"] = (("active_days_max", "active_days_std"), _variability(f"active {unit}", back))
    for story in dict.fromkeys(m.story for m in contract.measures):
        found[story] = _story([m for m in contract.measures if m.story == story], contract, long)
    return {group: (needed, lru_cache(maxsize=4096)(build)) for group, (needed, build) in found.items()}


def count(value: float | None, one: str, many: str | None = None) -> str:
    """A number with its noun: `count(1, "week")` is "1 week", zero is "no week"; no decimals for whole
    numbers.
    """
    if value is None:
        return f"an unknown number of {many or one + 's'}"
    if value == 0:
        return f"no {one}"
    rounded = round(value, 1)
    shown = f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.1f}"
    return f"{shown} {one if rounded == 1 else many or one + 's'}"


def _bare(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def _attribute(a: Attribute) -> Callable[..., str]:
    noun = a.name.replace("_", " ")
    if a.kind == NUMBER:
        return lambda value: f"{noun} unknown" if value is None else f"{noun} {value:g}"
    if a.kind == BOOLEAN:
        said = a.meaning or noun
        return lambda value: f"{said}: " + ("unknown" if value is None else "yes" if value else "no")
    return lambda value: f"{noun} {value}"


def _tenure(weeks: float | None) -> str:
    if weeks == 0:
        return "customer for less than a week"
    return f"customer for {count(weeks, 'week')}"


def _recency(back: int) -> Callable[..., str]:
    def say(days: float | None, usual: float | None, weeks: float | None, observed: float | None) -> str:
        if not weeks:
            if observed is not None and observed < back:
                # At least one week: a customer is in the population only after the day of sign-up.
                return f"no active day since the sign-up {count(observed, 'week')} ago"
            return f"no active day in the last {back} weeks"
        habit = ""
        if usual is not None:
            often = "every week" if usual < 1.05 else f"every {count(usual, 'week')}"
            habit = f"; usually active {often}"
        return (f"no active day for {count(days, 'day')}" if days else "active in the last week") + habit

    return say


def _frequency(noun: str, long: int, back: int) -> Callable[..., str]:
    def say(four: float | None, longer: float | None, weeks: float | None) -> str:
        if not weeks:
            return f"no active week among the last {back}"
        return f"{count(four, noun)} in the last 4 weeks, {_bare(longer)} in the last {long}"

    return say


def _trend(noun: str) -> Callable[..., str]:
    def say(eight: float | None, four: float | None) -> str:
        before = None if eight is None or four is None else eight - four
        return f"{count(four, noun)} in the last 4 weeks, {_bare(before)} in the 4 before"

    return say


def _variability(noun: str, back: int) -> Callable[..., str]:
    def say(most: float | None, spread: float | None) -> str:
        calm = spread is not None and spread < 1
        if not most:
            return f"no active week among the last {back}"
        rhythm = "steady" if calm else "uneven"
        return f"at most {count(most, noun)} a week in the last {back} weeks, {rhythm} from week to week"

    return say


def _story(measures: list[Measure], contract: DataContract, long: int) -> Builder:
    """One measure is said over two windows; of several, each over the last 4 weeks."""
    counts = [m for m in measures if m.kind == COUNT] or measures
    if len(counts) > 1:
        said = counts[:MOST_NAMED]
        return tuple(f"{m.name}_4w" for m in said), _several([m.noun for m in said])
    measure = counts[0]
    names = (f"{measure.name}_4w", f"{measure.name}_{long}w")
    if measure.kind == COUNT:
        return names, _counted(measure.noun, long)
    unit = (contract.currency if measure.name == contract.value else "") or measure.unit
    return names, _amount(measure.noun, unit, long)


def _several(nouns: list[str]) -> Callable[..., str]:
    def say(*values: float | None) -> str:
        if not any(values):
            return f"no {', '.join(n + 's' for n in nouns[:-1])} or {nouns[-1]}s in the last 4 weeks"
        parts = [count(v, n) for v, n in zip(values, nouns, strict=True)]
        return f"{', '.join(parts[:-1])} and {parts[-1]} in the last 4 weeks"

    return say


def _counted(noun: str, long: int) -> Callable[..., str]:
    def say(four: float | None, longer: float | None) -> str:
        if not longer:
            return f"no {noun} in the last {long} weeks"
        return f"{count(four, noun)} in the last 4 weeks, {_bare(longer)} in the last {long}"

    return say


def _amount(noun: str, unit: str, long: int) -> Callable[..., str]:
    def money(value: float | None) -> str:
        return f"{value or 0:,.2f}{' ' + unit if unit else ''}"

    def say(four: float | None, longer: float | None) -> str:
        if not longer:
            return f"no {noun} in the last {long} weeks"
        return f"{noun} of {money(four)} in the last 4 weeks, {money(longer)} in the last {long}"

    return say
