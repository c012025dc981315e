"""The words of one table: what it can be grouped by, filtered on and measured by, from its own columns.

Text columns are dimensions, boolean ones flags, numbers metrics. A column's words are its name (underscores
as spaces, singular and plural), its meaning when that is short, and general synonyms. A word that two
columns claim, or that has a fixed meaning here, belongs to none of them: better not understood than
mistaken.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace

from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.columns import Column, Table
from engage_cli.local.bedrock.vocabulary import AMOUNT, NUMBER, Metric

_NO_DIMENSION = frozenset(
    {"customer_id", "reason_1", "reason_2", "reason_3", "model_version", "run_id", "as_of"}
)
_FIXED = frozenset({"risk_band", "recently_active", *(metric.column for metric in v.METRICS)})
_NUMBERS = ("double", "bigint", "integer", "int", "float", "real", "decimal", "smallint", "tinyint")
_ENDINGS = ("band", "name", "code", "id", "type")
_BANDS = ("band", "group", "range")
_MOST_MEANING_WORDS = 4
SYNONYMS = {
    "country": ("market", "nation"),
    "plan": ("tier", "subscription"),
    "device": ("platform",),
    "channel": ("source",),
}
"""General English: other nouns for common columns, by the last word of the column's name."""
_SALES = frozenset({"spend", "spending", "sales", "revenue", "turnover", "purchases", "orders"})
_HORIZON = re.compile(r"in the next (\d+) (days|weeks)")


@dataclass(frozen=True)
class Dimension:
    """A text column to group by and to filter on. `iso`: its values are two-letter codes of countries."""

    column: str
    label: str
    plural: str
    words: tuple[str, ...]
    is_country: bool = False
    iso: bool = False


@dataclass(frozen=True)
class Flag:
    """A boolean column: `words` say that it is true."""

    column: str
    label: str
    words: tuple[str, ...]


RISK_BAND = Dimension("risk_band", "risk band", "risk bands", v.RISK_WORDS)


@dataclass(frozen=True)
class Lexicon:
    """The words of a table, and the table itself."""

    table: Table
    metrics: tuple[Metric, ...]
    dimensions: tuple[Dimension, ...]
    flags: tuple[Flag, ...]

    @property
    def looked_up(self) -> tuple[Dimension, ...]:
        """The dimensions whose values differ from data to data: the table is asked for them."""
        return tuple(one for one in self.dimensions if one is not RISK_BAND)

    @property
    def segments(self) -> tuple[tuple[str, str], ...]:
        """The names and rules of the segments."""
        return self.table.segments

    def metric(self, name: str) -> Metric:
        return next(metric for metric in self.metrics if metric.name == name)

    def metric_of(self, column: str) -> Metric | None:
        """The metric behind a column of a result: its own column, or an aggregate of it."""
        bare = re.sub(r"^(average|total|maximum|minimum|median|mean)_", "", column)
        return next((metric for metric in self.metrics if metric.column in (column, bare)), None)


def lexicon(table: Table) -> Lexicon:
    """The words of a table. Metrics that every table should have are in it even when the column is not, so
    that a question for one is told that it is missing.
    """
    by_name = {column.name: column for column in table.columns}
    metrics = [_told(metric, by_name.get(metric.column)) for metric in v.METRICS]
    if table.stake is not None:
        stake = table.stake
        metrics.append(replace(v.STAKE, computed=stake.name, unit=stake.unit, meaning=stake.meaning))
    own = [c for c in table.columns if c.name not in _NO_DIMENSION | _FIXED]
    words = {column.name: _words(column) for column in own}
    claims = Counter(word for some in words.values() for word in set(some))
    taken = _fixed_words(metrics)
    names = {column.name.replace("_", " ") for column in own}

    def free(column: Column) -> tuple[str, ...]:
        mine = column.name.replace("_", " ")
        return tuple(
            w for w in words[column.name]
            if w not in taken and (claims[w] == 1 or w == mine) and (w == mine or w not in names)
        )  # fmt: skip

    numbers = [c for c in own if c.type.split("(")[0] in _NUMBERS]
    flags = [c for c in own if c.type == "boolean"]
    texts = [c for c in own if c not in numbers and c not in flags]
    return Lexicon(
        table,
        (*metrics, *(_number(c, free(c)) for c in numbers)),
        (*(_dimension(c, free(c)) for c in texts), RISK_BAND),
        tuple(Flag(c.name, _label(c), free(c)) for c in flags),
    )


def horizon_days(metric: Metric) -> int | None:
    """How far a prediction looks ahead, as its meaning says; None when it does not."""
    found = _HORIZON.search(metric.meaning)
    return int(found[1]) * (7 if found[2] == "weeks" else 1) if found else None


def plural(word: str) -> str:
    """The regular English plural of a noun."""
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _told(metric: Metric, column: Column | None) -> Metric:
    """A fixed metric with what the table says of it: meaning, unit, and the words of this table's value."""
    if column is None:
        return metric
    told = replace(metric, meaning=column.meaning)
    if metric.kind != AMOUNT:
        return told
    said = re.sub(r" in the (next|last) .*$", "", column.meaning).strip().lower()
    return replace(told, unit=column.unit, words=(*metric.words, *_value_words(metric.name, said)))


def _value_words(name: str, said: str) -> tuple[str, ...]:
    """How value is asked for when it is `said`, such as "spend": expected, or that of the last 12 weeks."""
    if not said or said == "value":
        return ()
    sales = bool(_SALES & set(said.split()))
    spend = "spend" in said.split()
    if name == "value":
        of = (said, *(("spending",) if spend else ()), *(("revenue",) if sales else ()))
        ahead = tuple(f"{how} {word}" for how in ("expected", "predicted", "future") for word in of)
        return (*ahead, *(("revenue",) if sales and said != "revenue" else ()))
    past = (said, *(("spending", "spent") if spend else ()))
    back = tuple(f"{word} {how} the last 12 weeks" for how in ("of", "in") for word in past)
    bare = (said, *(("spending", "spent", "spenders") if spend else ()))
    return (*back, *(f"{how} {said}" for how in ("past", "recent", "actual")), *bare)


def _fixed_words(metrics: list[Metric]) -> frozenset[str]:
    lists = [metric.words for metric in metrics]
    lists += [v.COUNT_WORDS, v.SHARE_WORDS, v.SUBJECTS, v.HIGHEST, v.LOWEST, v.WORST, v.BEST, v.RISK_WORDS]
    lists += [*v.AGGREGATES.values(), tuple(v.NUMBERS), *(words for words, _, _ in v.FILTERS)]
    return frozenset(word for some in lists for word in some)


def _words(column: Column) -> tuple[str, ...]:
    """The words that may mean a column, its own name first, every noun in singular and plural."""
    name = column.name.replace("_", " ")
    *front, last = name.split()
    nouns = [name]
    if front and last in _ENDINGS:
        stem = " ".join(front)
        nouns += [f"{stem} {end}" for end in (_BANDS if last == "band" else ())]
        nouns.append(stem)
    elif front and len(last) > 3 and last not in v.STOP_WORDS and column.type not in ("boolean", *_NUMBERS):
        nouns.append(last)
    nouns += _meaning_words(column.meaning)
    nouns += [*SYNONYMS.get(nouns[0].split()[-1], ())]
    if column.type == "boolean":
        return tuple(dict.fromkeys(nouns))
    return tuple(dict.fromkeys(word for noun in nouns for word in (noun, plural(noun))))


def _meaning_words(meaning: str) -> list[str]:
    """A meaning of a few words is a name as well: "subscription plan"."""
    said = re.split(r"[,;(]", meaning.lower())[0]
    said = re.sub(r" (of|for) (the |a )?customers?$", "", said).strip()
    return [said] if said and len(said.split()) <= _MOST_MEANING_WORDS else []


def _label(column: Column) -> str:
    return column.name.replace("_", " ")


def _dimension(column: Column, words: tuple[str, ...]) -> Dimension:
    country = column.name.split("_")[-1] == "country" or "country" in column.meaning.lower().split()
    label = _label(column)
    return Dimension(
        column.name, label, plural(label), words, country, country and "iso" in column.unit.lower()
    )


def _number(column: Column, words: tuple[str, ...]) -> Metric:
    return Metric(
        column.name, column.name, _label(column), NUMBER, words, column.unit, meaning=column.meaning
    )
