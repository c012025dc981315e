"""From a question to an intent, by a documented grammar; no language model.

The parser takes recognised phrases out of the text one after the other. Words that are left over and mean
something are never ignored: they make the question unknown, because an answer to a part of a question would
be
confidently wrong.
"""

import re
from dataclasses import dataclass, field

from engage_cli.local.bedrock import patterns
from engage_cli.local.bedrock import vocabulary as v

Values = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Filter:
    """A condition on rows and how it is said."""

    sql: str
    label: str


@dataclass(frozen=True)
class Intent:
    """What is asked. `kind`: aggregate, customers, share, reasons, customer, knowledge, lookup or unknown."""

    kind: str
    metrics: tuple[str, ...] = ()
    aggregate: str = "avg"
    group_by: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    share_of: tuple[Filter, ...] = ()
    descending: bool | None = None
    limit: int | None = None
    customer_ids: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()


@dataclass
class _Text:
    """The text that is still to be understood; what is recognised is cut out."""

    rest: str
    taken: list[str] = field(default_factory=list)

    def take(self, pattern: str) -> re.Match[str] | None:
        found = re.search(pattern, self.rest)
        if found:
            self.taken.append(found.group(0))
            self.rest = f"{self.rest[: found.start()]} ~ {self.rest[found.end() :]}"
        return found

    def take_word(self, words: tuple[str, ...]) -> str | None:
        """Take the longest of `words` that occurs; words do not match inside other words."""
        for word in sorted(words, key=len, reverse=True):
            if self.take(rf"(?<![\w-]){re.escape(word)}(?![\w-])"):
                return word
        return None

    def has(self, words: tuple[str, ...]) -> bool:
        return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", self.rest) for word in words)


_CUSTOMER_ID = re.compile(
    r"\b(?:[A-Za-z]{1,8}[-_]?\d{4,}|(?<=customer )[A-Za-z]*[-_]?\d+[\w-]*|(?<=customer )#?\d+)\b"
)
_NUMBER = r"(?:\$|usd |€)?\s*(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>%|percent|per cent|k\b)?"
_COMPARE = (
    (r"(?:>=|at least|no less than|minimum of|or more than)", ">="),
    (r"(?:<=|at most|no more than|maximum of|up to)", "<="),
    (
        r"(?:>|above|over|more than|greater than|higher than|exceeds|exceeding|exceed|larger than|bigger "
        r"than)",
        ">",
    ),
    (r"(?:<|below|under|less than|lower than|fewer than|smaller than)", "<"),
)


def parse(question: str, values: Values | None = None) -> Intent:
    """Return what `question` asks.

    `values` are the known values of each category column. Without them a question that holds unknown words
    gives the kind `lookup`: ask the table for its values and parse again.
    """
    ids = tuple(dict.fromkeys(match.group(0).strip("#") for match in _CUSTOMER_ID.finditer(question)))
    if ids:
        return Intent("customer", customer_ids=ids)
    text = _Text(_normal(question))
    if _is_knowledge(text.rest):
        return Intent("knowledge")
    return _Parser(text, question, values).intent()


def _normal(question: str) -> str:
    text = question.lower().replace("’", "'")
    text = re.sub(r"[?!;:\"“”()\[\]]", " ", text)
    text = re.sub(r"(?<!\d)[.,]|[.,](?!\d)", " , ", text)
    return re.sub(r"\s+", " ", text).strip()


def _is_knowledge(text: str) -> bool:
    if any(re.search(pattern, text) for pattern in patterns.KNOWLEDGE_PATTERNS):
        return True
    subject = re.fullmatch(r"(?:what is|what's|what are|whats) (.+?)[ ,]*", text)
    return bool(subject and subject.group(1).strip() in patterns.MEANING_SUBJECTS)


class _Parser:
    def __init__(self, text: _Text, question: str, values: Values | None) -> None:
        self._text, self._question, self._values = text, question, values
        self._filters: list[Filter] = []
        self._chosen: dict[str, list[str]] = {}

    def intent(self) -> Intent:
        text = self._text
        reasons = any(re.search(pattern, text.rest) for pattern in patterns.REASON_PATTERNS)
        for pattern in patterns.REASON_PATTERNS:
            while text.take(pattern):
                pass
        horizons = [metrics for pattern, metrics in v.HORIZONS if text.take(pattern)]
        compares = bool(re.search(r"\b(compare|comparison|versus|vs|difference|differ|differs)\b", text.rest))
        self._thresholds()
        limit = self._limit()
        self._categories()
        group_by = self._groups()
        self._phrases()
        counts = text.take_word(v.COUNT_WORDS) is not None
        share = text.take_word(v.SHARE_WORDS) is not None
        aggregate = next((name for name, words in v.AGGREGATES.items() if text.take_word(words)), None)
        metrics = self._metrics()
        order = self._order(metrics)
        subject = text.take_word(("who", "whom", *v.SUBJECTS))
        while text.take_word(v.SUBJECTS):
            pass
        wants_list = bool(
            re.search(r"\b(list|show|find|which|give|rank)\b", text.rest)
            or subject in ("who", "whom")
            or limit is not None
            or order is not None
        )
        if any(len(chosen) > 1 for chosen in self._chosen.values()):
            text.take(r"\bthan\b")  # "more on mobile than on web" compares two values that are both known
        unknown = self._leftovers()
        if unknown:
            return Intent("unknown" if self._values is not None else "lookup", unknown_words=unknown)
        if any(name not in allowed for allowed in horizons for name in metrics or ("customers",)):
            return Intent("unknown", unknown_words=("that horizon for that number",))
        group_by, filters = self._merge(group_by)
        common = {"filters": filters, "limit": limit}
        if reasons:
            return Intent("reasons", group_by=group_by, **common)  # type: ignore[arg-type]
        if share:
            return self._share(group_by, filters, metrics, order, limit)
        if counts or (not metrics and not compares and group_by and subject and aggregate is None):
            return Intent("aggregate", ("customers",), "count", group_by, filters, (), order, limit)
        if not group_by and subject and wants_list and aggregate is None and not compares:
            chosen = metrics or ("churn",)
            down = order if order is not None else not any(f.sql == "risk_band = 'low'" for f in filters)
            return Intent("customers", chosen, "", (), filters, (), down, limit)
        if not metrics and not group_by and not filters:
            return Intent("unknown")
        if not metrics and not group_by and subject is None and aggregate is None:
            return Intent("unknown")
        if not metrics:
            metrics = ("churn", "engagement", "value") if group_by or compares else ("customers",)
        if metrics == ("customers",):
            return Intent("aggregate", metrics, "count", group_by, filters, (), order, limit)
        return Intent(
            "aggregate", metrics, aggregate or self._natural(metrics), group_by, filters, (), order, limit
        )

    def _natural(self, metrics: tuple[str, ...]) -> str:
        """Money "at risk" or "how much" is a sum; everything else is an average."""
        money = all(v.METRIC_BY_NAME[name].unit == "usd" for name in metrics)
        asked = re.search(
            r"\bhow much (money|revenue|spend|value)\b|\b(revenue|value|spend) (is |are )?at risk\b",
            _normal(self._question),
        )
        return "sum" if money and asked else "avg"

    def _share(
        self,
        group_by: tuple[str, ...],
        filters: tuple[Filter, ...],
        metrics: tuple[str, ...],
        order: bool | None,
        limit: int | None,
    ) -> Intent:
        """The share is of the last kind of condition: "share of German customers at high risk" is risk
        among Germans.
        """
        if not filters and metrics == ("churn",):
            filters = (Filter("risk_band = 'high'", "at high risk"),)
        categories = [one for one in filters if one.sql.split(" ")[0] in v.CATEGORICAL]
        behaviour = [one for one in filters if one not in categories]
        if behaviour:
            return Intent("share", (), "share", group_by, tuple(categories), tuple(behaviour), order, limit)
        if categories:
            return Intent("share", (), "share", group_by, (), tuple(categories), order, limit)
        return (
            Intent("aggregate", ("customers",), "count", group_by, (), (), order, limit)
            if group_by
            else Intent("unknown")
        )

    # -- pieces of the grammar, each cutting out what it understands

    def _thresholds(self) -> None:
        words = [(word, metric) for metric in v.METRICS for word in metric.words]
        words.sort(key=lambda pair: len(pair[0]), reverse=True)
        names = "|".join(re.escape(word) for word, _ in words)
        for words_of, operator in _COMPARE:
            pattern = rf"\b(?P<metric>{names})\s+(?:of |is |that is |are |was )?(?:{words_of})\s*{_NUMBER}"
            while found := self._text.take(pattern):
                self._threshold(next(m for w, m in words if w == found["metric"]), operator, found)
            pattern = rf"(?:{words_of})\s*{_NUMBER}\s*(?:of |in |for )?(?P<metric>{names})\b"
            while found := self._text.take(pattern):
                self._threshold(next(m for w, m in words if w == found["metric"]), operator, found)
            pattern = rf"(?:inactive|not active) for\s+(?:{words_of})\s*{_NUMBER}\s*(?P<span>days|weeks)"
            while found := self._text.take(pattern):
                days = _number(found) * (7 if found["span"] == "weeks" else 1)
                self._filters.append(
                    Filter(
                        f"days_since_active {operator} {_text(days)}",
                        f"inactive {operator} {_text(days)} days",
                    )
                )

    def _threshold(self, metric: v.Metric, operator: str, found: re.Match[str]) -> None:
        number = _number(found)
        fraction = metric.unit in ("probability", "share")
        if fraction and (found["unit"] in ("%", "percent", "per cent") or number > 1):
            number /= 100
        shown = (
            f"{_text(number * 100)} %"
            if fraction
            else f"${_text(number)}"
            if metric.unit == "usd"
            else _text(number)
        )
        self._text.take(r"(?<=~ )\s*(?:usd|dollars|days|weeks|probability|chance)\b")
        self._filters.append(
            Filter(f"{metric.column} {operator} {_text(number)}", f"{metric.label} {operator} {shown}")
        )

    def _limit(self) -> int | None:
        spelled = "|".join(v.NUMBERS)
        things = "|".join([*v.SUBJECTS, *(word for one in v.DIMENSIONS for word in one.words)])
        for pattern in (
            rf"\b(?:top|bottom|first|highest|lowest|riskiest|best|worst)\s+(?P<n>\d+|{spelled})\b",
            rf"(?<![\w-])(?P<n>\d+|{spelled})\s+(?!(?:day|week|month|year|percent|%))(?=(?:\w+[\s-]){{0,3}}(?:{things})\b)",
        ):
            found = re.search(pattern, self._text.rest)
            if found:
                # The superlative itself is still needed for the order: only the number is cut out.
                start, end = found.span("n")
                self._text.rest = f"{self._text.rest[:start]} {self._text.rest[end:]}"
                number = int(found["n"]) if found["n"].isdigit() else v.NUMBERS[found["n"]]
                return max(1, min(number, 200))
        return None

    def _categories(self) -> None:
        """Values of category columns: country names and codes always, other values when they are known."""
        for name in sorted(patterns.COUNTRIES, key=len, reverse=True):
            while self._text.take(rf"(?<![\w-])(?:the )?{re.escape(name)}(?![\w-])"):
                self._choose("country", patterns.COUNTRIES[name])
        for code in dict.fromkeys(re.findall(r"\b[A-Z]{2}\b", self._question)):
            known_code = (
                code in (self._values or {}).get("country", ()) or code in patterns.COUNTRIES.values()
            )
            if known_code and self._text.take(rf"(?<![\w-]){code.lower()}(?![\w-])"):
                self._choose("country", code)
        known = [(value, column) for column, all_of in (self._values or {}).items() for value in all_of]
        for value, column in sorted(known, key=lambda pair: len(pair[0]), reverse=True):
            spelled = re.escape(value.lower().replace("_", " ")).replace(r"\ ", "[ _-]")
            words = "|".join(re.escape(word) for word in v.DIMENSION_BY_COLUMN[column].words)
            if column == "country" or (column == "age_band" and value == "unknown"):
                continue
            while self._text.take(
                rf"(?<![\w-])(?:(?:{words}) )?{spelled}(?![\w-])(?: (?:{words})(?![\w-]))?"
            ):
                self._choose(column, value)

    def _choose(self, column: str, value: str) -> None:
        chosen = self._chosen.setdefault(column, [])
        if value not in chosen:
            chosen.append(value)

    def _groups(self) -> tuple[str, ...]:
        groups = []
        for dimension in v.DIMENSIONS:
            while self._text.take_word(dimension.words):
                groups.append(dimension.column)
        # Two different groups in the order in which they were asked for.
        asked = _normal(self._question)
        return tuple(
            sorted(dict.fromkeys(groups), key=lambda one: _first(asked, v.DIMENSION_BY_COLUMN[one].words))
        )

    def _phrases(self) -> None:
        for words, sql, label in v.FILTERS:
            if sql == "risk_band = 'high'" and self._text.has(("churn risk",)):
                words = tuple(word for word in words if word != "high risk")
            if self._text.take_word(words):
                self._filters.append(Filter(sql, label))

    def _metrics(self) -> tuple[str, ...]:
        found = []
        for metric in v.METRICS:
            while word := self._text.take_word(metric.words):
                found.append((self._question.lower().find(word), metric.name))
        return tuple(dict.fromkeys(name for _, name in sorted(found)))

    def _order(self, metrics: tuple[str, ...]) -> bool | None:
        """True for highest first, False for lowest first, None when the question does not say."""
        first = v.METRIC_BY_NAME.get(metrics[0]) if metrics else None
        bad_is_high = first.bad_is_high if first else True
        answer: bool | None = None
        for words, high in (
            (v.WORST, bad_is_high),
            (v.BEST, not bad_is_high),
            (v.LOWEST, False),
            (v.HIGHEST, True),
        ):
            while self._text.take_word(words):
                answer = high if answer is None else answer
        return answer

    def _leftovers(self) -> tuple[str, ...]:
        tokens = re.findall(r"[^\s~,]+", self._text.rest)
        return tuple(dict.fromkeys(t for t in tokens if t.strip("'-/&") and t not in v.STOP_WORDS))

    def _merge(self, group_by: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Filter, ...]]:
        """Add the chosen values as filters; two values of one column are compared, so they are a group
        too.
        """
        filters, groups = [], list(group_by)
        asked = _normal(self._question)
        for column, found in self._chosen.items():
            chosen = sorted(found, key=lambda value: _first(asked, _spellings(value)))
            quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in chosen)
            label = f"{v.DIMENSION_BY_COLUMN[column].label} {' or '.join(chosen)}"
            filters.append(
                Filter(f"{column} IN ({quoted})" if len(chosen) > 1 else f"{column} = {quoted}", label)
            )
            if len(chosen) > 1 and column not in groups:
                groups.append(column)
        return tuple(groups), (*filters, *self._filters)


def _first(text: str, words: tuple[str, ...]) -> int:
    found = (re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in words)
    return min((match.start() for match in found if match), default=len(text))


def _spellings(value: str) -> tuple[str, ...]:
    countries = (name for name, code in patterns.COUNTRIES.items() if code == value)
    return (value.lower(), value.lower().replace("_", " "), *countries)


def _number(found: re.Match[str]) -> float:
    number = float(found["number"].replace(",", ""))
    return number * 1000 if found["unit"] == "k" else number


def _text(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")
