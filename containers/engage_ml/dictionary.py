"""Every feature with its meaning, unit and window: what follows from a data contract.

The source of the data dictionary, of the columns of the feature tables and of their order. Standard library
only, because the predict handler needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .data_contract import BOOLEAN, CATEGORY, DEFAULT, DataContract, Measure

ALL = -1
"""The window of features over the whole known history of a customer."""


@dataclass(frozen=True)
class Feature:
    """One column of the feature tables.

    `window` is the weeks before the cut-off that it reads (0: an attribute or the calendar; ALL: every known
    one). `group` joins features that tell the same story, so that three reasons for a customer are three
    different ones. A feature that is not `modelled` is there for baselines and reports alone.
    """

    name: str
    meaning: str
    unit: str
    window: int
    group: str
    categorical: bool = False
    modelled: bool = True


@dataclass(frozen=True)
class Dictionary:
    """The features of a contract, in the order of the tables' columns."""

    contract: DataContract
    features: tuple[Feature, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features)

    @cached_property
    def modelled(self) -> tuple[str, ...]:
        """The features that models are trained on."""
        return tuple(f.name for f in self.features if f.modelled)

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features if f.categorical)

    @cached_property
    def by_name(self) -> Mapping[str, Feature]:
        return {f.name: f for f in self.features}

    def as_markdown(self) -> str:
        """The data dictionary as a Markdown table."""
        lines = ["| feature | meaning | unit | window (weeks) | type |", "|---|---|---|---|---|"]
        for f in self.features:
            kind = "category" if f.categorical else "number" if f.modelled else "number, not modelled"
            window = "all" if f.window == ALL else f.window or "-"
            lines.append(f"| `{f.name}` | {f.meaning} | {f.unit} | {window} | {kind} |")
        return "\n".join(lines)


# A contract holds mappings and so cannot be a key itself.
def dictionary(contract: DataContract) -> Dictionary:
    """The features that follow from a contract. Building one takes less than a millisecond."""
    return Dictionary(contract, tuple(_features(contract)))


@lru_cache(maxsize=1)
def default() -> Dictionary:
    """The features of the synthetic data."""
    return dictionary(DEFAULT)


def _features(contract: DataContract) -> Iterator[Feature]:
    for a in contract.attributes:
        unit = a.unit or ("0 or 1" if a.kind == BOOLEAN else "name" if a.kind == CATEGORY else "number")
        yield Feature(a.name, a.meaning or a.name.replace("_", " "), unit, 0, a.name, a.kind == CATEGORY)
    yield from _tenure(contract)
    yield from _rhythm(contract)
    yield from _activity(contract)
    for measure in contract.measures:
        yield from _of_measure(contract, measure)
    yield from _history(contract)
    # With a year of data the few cut-offs of a training set lie in other seasons than the day of use, so
    # that a tree could only learn to tell the cut-offs apart.
    for name, wave in (("season_sin", "sine"), ("season_cos", "cosine")):
        meaning = f"day of the year of the cut-off on a circle, {wave}"
        yield Feature(name, meaning, "-1 to 1", 0, "season", modelled=False)


def _tenure(contract: DataContract) -> Iterator[Feature]:
    back = contract.lookback_weeks
    yield Feature("tenure_weeks", "full weeks since sign-up", "weeks", 0, "tenure")
    yield Feature("observed_weeks", f"weeks since sign-up, at most {back}", "weeks", back, "tenure")


def _rhythm(contract: DataContract) -> Iterator[Feature]:
    back = contract.lookback_weeks

    def rhythm(name: str, meaning: str, unit: str, group: str = "recency") -> Feature:
        return Feature(name, meaning, unit, back, group)

    yield rhythm(
        "days_since_active",
        "days from the end of the last active week to the cut-off; without one, the days observed "
        f"(at most {7 * back})",
        "days",
    )
    yield rhythm("usual_gap_weeks", "mean distance between active weeks; empty with fewer than two", "weeks")
    yield rhythm("longest_gap_weeks", "longest run of inactive weeks between two active ones", "weeks")
    yield rhythm("silence_ratio", "weeks since the last active week divided by the usual distance", "ratio")
    yield rhythm("active_streak_weeks", "unbroken active weeks up to the cut-off", "weeks", "frequency")


def _activity(contract: DataContract) -> Iterator[Feature]:
    back = contract.lookback_weeks
    # When single days are not known, a week counts as one unit of activity.
    noun = "days" if contract.days_known else "weeks"
    for n in contract.windows:
        last = "week" if n == 1 else f"{n} weeks"
        yield Feature(f"active_days_{n}w", f"active {noun} in the last {last}", noun, n, "frequency")
    for n in contract.week_windows:
        meaning = f"weeks with an active day among the last {n}"
        yield Feature(f"active_weeks_{n}", meaning, "weeks", n, "frequency")
    for name, meaning, unit, window, group in (
        ("per_active_week", "in an active week, mean; empty without one", noun, back, "frequency"),
        ("weighted", "each week counting half as much as two weeks later", noun, back, "frequency"),
        ("max", "most in one week", noun, back, "variability"),
        ("std", "standard deviation from week to week", noun, back, "variability"),
        ("trend", "those of the last 4 weeks minus those of the 4 before", noun, 8, "trend"),
        ("slope", "slope from week to week (least squares)", f"{noun} a week", back, "trend"),
    ):
        yield Feature(f"active_days_{name}", f"active {noun}: {meaning}", unit, window, group)


def _of_measure(contract: DataContract, m: Measure) -> Iterator[Feature]:
    back, group = contract.lookback_weeks, m.story
    what = m.meaning or m.name.replace("_", " ")
    unit = contract.value_unit if m.name == contract.value else m.unit or m.name
    for n in contract.measure_windows:
        yield Feature(f"{m.name}_{n}w", f"{what} in the last {n} weeks", unit, n, group)
    meaning = f"{what} of the last 4 weeks minus that of the 4 before"
    yield Feature(f"{m.name}_trend", meaning, unit, 8, group)
    if m.per:
        per = contract.measure(m.per)
        meaning = f"{what} divided by {per.meaning or per.name}; empty without one"
        yield Feature(ratio_name(contract, m), meaning, unit, back, group)
    if m.name == contract.value:
        yield Feature(f"{m.name}_max", f"most {what} in one week", unit, back, group)
    if m.name == contract.bought.name:
        meaning = f"weeks with {what} among the last {back}"
        yield Feature(f"{m.name}_weeks", meaning, "weeks", back, group)
        meaning = f"days from the end of the last week with {what}; empty without one"
        yield Feature(f"days_since_{m.name}", meaning, "days", back, group)


def _history(contract: DataContract) -> Iterator[Feature]:
    """Rates over all known weeks: a customer's lasting traits. Rates and not sums, because more is known
    at newer cut-offs; `observed_weeks_all` tells how far a rate can be trusted.
    """
    noun = "days" if contract.days_known else "weeks"

    def known(name: str, meaning: str, unit: str, group: str, modelled: bool = True) -> Feature:
        return Feature(name, f"{meaning}, all known weeks", unit, ALL, group, modelled=modelled)

    yield known("observed_weeks_all", "weeks since sign-up or since the data begin", "weeks", "tenure")
    yield known("active_days_per_week_all", f"active {noun} a week", noun, "frequency")
    yield known("active_weeks_share_all", "share of weeks with activity", "0 to 1", "frequency")
    living = "from the first to the last active week"
    yield known("active_days_per_living_week", f"active {noun} a week {living}", noun, "frequency")
    yield known("active_weeks_per_living_week", f"share of active weeks {living}", "0 to 1", "frequency")
    yield known("weeks_since_active_all", "weeks from the end of the last active week", "weeks", "recency")
    for m in contract.measures:
        what = m.meaning or m.name.replace("_", " ")
        yield known(f"{m.name}_per_week_all", f"{what} a week", m.unit or m.name, m.story)
    yield from _buying_history(contract)


def _buying_history(contract: DataContract) -> Iterator[Feature]:
    value, bought = contract.value_measure, contract.bought
    said = value.meaning or value.name.replace("_", " ")
    weeks = f"weeks with {bought.meaning or bought.name.replace('_', ' ')}"
    unit = contract.value_unit

    def known(name: str, meaning: str, unit: str, group: str, modelled: bool = True) -> Feature:
        return Feature(name, f"{meaning}, all known weeks", unit, ALL, group, modelled=modelled)

    yield known(f"{value.name}_per_active_day_all", f"{said} in an active day", unit, value.story)
    yield known(f"{bought.name}_weeks_per_week_all", f"share of {weeks}", "0 to 1", bought.story)
    yield known(
        f"weeks_since_{bought.name}_all", f"weeks since the last of the {weeks}", "weeks", bought.story
    )
    if bought.name != value.name:
        yield known(
            f"{value.name}_per_{bought.name}_all", f"{said} in each of the {bought.name}", unit, value.story
        )
        per = f"{bought.name}_per_active_day_all"
        yield known(per, f"{bought.name} in an active day", bought.unit or bought.name, bought.story)
    # What BG/NBD and Gamma-Gamma are fitted on; as sums they would tell a tree which cut-off it sees.
    yield known(f"{bought.name}_weeks_all", weeks, "weeks", bought.story, modelled=False)
    yield known(f"{value.name}_all", said, unit, value.story, modelled=False)


def ratio_name(contract: DataContract, measure: Measure) -> str:
    """The name of the feature that divides a measure by the one that it is `per`."""
    noun = contract.measure(measure.per).noun.replace(" ", "_")
    return f"{measure.name}_per_{noun}"
