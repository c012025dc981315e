"""From a question to an intent, by a documented grammar; no language model.

The parser takes recognised phrases out of the text one after the other: those of every data contract
(`vocabulary.py`) and those of the table's own columns (`lexicon.py`). Words that are left over and mean
something are never ignored: they make the question unknown, because an answer to a part of a question would
be confidently wrong.
"""

import re
from dataclasses import dataclass, replace

from engage_cli.local.bedrock import patterns, segments
from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.columns import sql_name
from engage_cli.local.bedrock.horizons import fits, take_horizons
from engage_cli.local.bedrock.intent import Intent
from engage_cli.local.bedrock.lexicon import Dimension, Flag, Lexicon
from engage_cli.local.bedrock.passages import defined_term
from engage_cli.local.bedrock.recency import take_everybody, take_recency, who_can_be_kept
from engage_cli.local.bedrock.text import CUT, Text, alone, first, normal, spelled
from engage_cli.local.bedrock.thresholds import Filter, take_thresholds
from engage_cli.local.bedrock.values import Values, conditions, take_values
from engage_cli.local.bedrock.vocabulary import AMOUNT, CUSTOMERS, Metric

__all__ = ["Filter", "Intent", "Values", "parse"]


_CUSTOMER_ID = re.compile(
    r"\b(?:[A-Za-z]{1,8}[-_]?\d{4,}|(?<=customer )[A-Za-z]*[-_]?\d+[\w-]*|(?<=customer )#?\d+)\b"
)
_OF_ONE_CUSTOMER = frozenset({"predict", "forecast", "profile", "details", "leave", "cancel"})
"""Words of questions about one customer that ask for nothing beyond the prediction."""
_AFTER_BY = frozenset(
    ["a", "an", "the", "our", "their", "its", "each", "every", "how", "much", "far", "does", "do", "now", ","]
)


_TO_CALL = re.compile(
    r"\b(?:who|whom|which customers|what customers) (?:should|shall|must|do|can|could) (?:i|we|you) "
    r"(?:call|contact|phone|write to|talk to|approach|focus on|look after|keep|save)"
    r"(?: first| next| now| today| this week)*"
)
"""Asks for those with most at stake, who can still be kept."""
_LEAVE = r"(?:leave|churn|quit|cancel|be lost)"
_WILL_LEAVE = re.compile(
    rf"\b(?:(?:(?:is|are|be) )?(?:likely|about|going|expected|bound) to {_LEAVE}|"
    rf"(?:might|may|could|would) {_LEAVE}|(?:is|are) (?:leaving|churning)|"
    r"(?:do|will|might|may|could|would|are) (?:we|i) (?:(?:about|going|likely) to )?(?:lose|losing))\b",
    re.IGNORECASE,
)
"""Words for customers at high risk in a question that counts them: "how many ... are likely to leave?"."""
_COUNTS = re.compile(
    r"\b(?:how many|number of|count|share|percentage|proportion|per cent|percent)\b", re.IGNORECASE
)
_LEAVING = re.compile(r"\b(?:likely|about|going|expected) to (?:leave|churn|quit)\b|\bat risk\b")


def parse(question: str, lexicon: Lexicon, values: Values | None = None) -> Intent:
    """Return what `question` asks of the lexicon's table.

    `values` are the known values of each text column. Without them a question that holds unknown words
    gives the kind `lookup`: ask the table for its values and parse again.
    """
    if _COUNTS.search(question):
        question = _WILL_LEAVE.sub("will churn", question)
    ids, rest = _customer_ids(question, lexicon)
    if ids:
        return _about_customers(rest, ids, lexicon)
    of_segments = segments.parse(question, lexicon, values)
    if of_segments is not None:
        return of_segments
    text = Text(normal(question))
    if lexicon.table.stake is not None:
        text.rest = _TO_CALL.sub("list customers with the most at stake", text.rest)
    if _is_knowledge(text.rest, lexicon):
        return _knowledge(question, lexicon)
    return _Parser(text, question, lexicon, values).intent()


def _customer_ids(question: str, lexicon: Lexicon) -> tuple[tuple[str, ...], str]:
    """The customer ids of a question, and the question without them. A column's name is no id."""
    columns = {column.name for column in lexicon.table.columns}
    found: dict[str, None] = {}

    def cut(match: re.Match[str]) -> str:
        word = match.group(0).strip("#")
        if word.lower() in columns:
            return match.group(0)
        found[word] = None
        return f" {CUT} "

    rest = _CUSTOMER_ID.sub(cut, question)
    return tuple(found), rest


def _is_knowledge(text: str, lexicon: Lexicon) -> bool:
    if any(re.search(pattern, text) for pattern in patterns.KNOWLEDGE_PATTERNS):
        return True
    subject = re.fullmatch(r"(?:what is|what's|what are|whats) (.+?)[ ,]*", text)
    return bool(subject and re.sub(r"^(the|an|a) ", "", subject[1].strip()) in _subjects(lexicon))


def _subjects(lexicon: Lexicon) -> frozenset[str]:
    """What "what is ...?" asks the meaning of."""
    labels = {one.label for one in lexicon.dimensions}
    words = {word for metric in lexicon.metrics for word in (metric.label, *metric.words)}
    return frozenset(patterns.MEANING_SUBJECTS) | labels | words


def _knowledge(question: str, lexicon: Lexicon) -> Intent:
    """A question of meaning or quality, with the number or the condition that the defined word stands for."""
    term = defined_term(question) or ""
    for metric in lexicon.metrics:
        if term in (metric.label, *metric.words):
            return Intent(
                "knowledge", metrics=(metric,), aggregate="sum" if metric.name == "stake" else "avg"
            )
    for words, sql, label in v.FILTERS:
        if term in words:
            return Intent("knowledge", metrics=(CUSTOMERS,), filters=(Filter(sql.split()[0], sql, label),))
    return Intent("knowledge")


def _about_customers(question: str, ids: tuple[str, ...], lexicon: Lexicon) -> Intent:
    """A question about customers by id: the prediction answers what is predicted, and nothing else."""
    text = Text(normal(question))
    _take_reasons(text)
    horizons = take_horizons(text)
    predicted = [lexicon.metric(name) for name in ("churn", "engagement", "value")]
    asked = tuple(metric for metric in predicted if text.take_word(metric.words))
    for words, _, _ in v.FILTERS:
        text.take_word(words)
    while text.take_word((*v.SUBJECTS, *v.RISK_WORDS)):
        pass
    unknown = tuple(word for word in _leftovers(text) if word not in _OF_ONE_CUSTOMER)
    if unknown:
        return Intent("unknown", customer_ids=ids, unknown_words=unknown)
    if not fits(horizons, asked, lexicon):
        return Intent("unknown", customer_ids=ids, unknown_words=("that horizon for that number",))
    return Intent("customer", metrics=asked, customer_ids=ids)


def _take_reasons(text: Text) -> bool:
    """Cut out what asks for reasons; whether anything did."""
    asked = any(re.search(pattern, text.rest) for pattern in patterns.REASON_PATTERNS)
    for pattern in patterns.REASON_PATTERNS:
        while text.take(pattern):
            pass
    return asked


def _leftovers(text: Text) -> tuple[str, ...]:
    """The words that mean something and were not understood."""
    tokens = re.findall(rf"[^\s{CUT},]+", text.rest)
    unknown = [t for t in tokens if t.strip("'-/&") and t not in v.STOP_WORDS]
    # "By" asks for groups: what follows it must have been understood, however empty the word is elsewhere.
    for group in re.findall(r"\b(?:by|per) ([^,]*)", text.rest):
        word = next((one for one in group.split() if one not in _AFTER_BY), CUT)
        if word != CUT:
            unknown.append(word)
    return tuple(dict.fromkeys(unknown))


class _Parser:
    def __init__(self, text: Text, question: str, lexicon: Lexicon, values: Values | None) -> None:
        self._text, self._question, self._lexicon, self._values = text, question, lexicon, values
        self._filters: list[Filter] = []
        self._everybody = False
        self._flag_groups: list[Flag] = []

    def intent(self) -> Intent:
        text, lexicon = self._text, self._lexicon
        reasons = _take_reasons(text)
        if reasons:
            text.take(r"\b(?:leave|leaving|left|cancel|quit)\b")
        horizons = take_horizons(text)
        compares = bool(re.search(r"\b(compare|comparison|versus|vs|difference|differ|differs)\b", text.rest))
        if self._values is None and self._may_be_a_value():
            return Intent("lookup")
        named = segments.take_names(text, lexicon, self._values)
        recent, too_far = take_recency(text, lexicon)
        thresholds, refused = take_thresholds(text, lexicon)
        self._filters, refused = [*recent, *thresholds], [*too_far, *refused]
        limit = self._limit()
        self._everybody = take_everybody(text)
        chosen = take_values(text, self._question, lexicon, self._values)
        if named:
            chosen.setdefault("segment", []).extend(named)
        self._flags()
        groups = self._groups()
        self._phrases()
        counts = text.take_word(v.COUNT_WORDS) is not None
        share = text.take_word(v.SHARE_WORDS) is not None
        aggregate = next((name for name, words in v.AGGREGATES.items() if text.take_word(words)), None)
        metrics = self._metrics()
        order = self._order(metrics)
        subject = text.take_word(("who", "whom", *v.SUBJECTS)) or (named[0] if named else None)
        while text.take_word(v.SUBJECTS):
            pass
        wants_list = bool(
            re.search(r"\b(list|show|find|which|give|rank)\b", text.rest)
            or re.match(r"(who|whom)\b", normal(self._question))
            or subject in ("who", "whom")
            or limit is not None
            or order is not None
        )
        if any(len(found) > 1 for found in chosen.values()):
            text.take(r"\bthan\b")  # "more on mobile than on web" compares two values that are both known
        unknown = (*refused, *_leftovers(text))
        if unknown:
            ask = self._values is None and lexicon.looked_up and not refused
            return Intent("lookup" if ask else "unknown", unknown_words=unknown)
        if not fits(horizons, metrics, lexicon):
            return Intent("unknown", unknown_words=("that horizon for that number",))
        for dimension in lexicon.dimensions:
            # Two values of one column are compared, so they are a group too.
            if len(chosen.get(dimension.column, ())) > 1 and dimension not in groups:
                groups = (*groups, dimension)
        filters = (*conditions(chosen, self._question, lexicon), *self._filters)
        found = _Found(filters, groups, metrics, aggregate, order, limit)
        about_to_leave = _LEAVING.search(normal(self._question)) is not None
        beside = any(metric.name != "churn" for metric in metrics)
        if about_to_leave and beside and not groups and not any(f.column == "risk_band" for f in filters):
            # "The most valuable customers likely to leave": a condition, and not a second number.
            filters = (*filters, Filter("risk_band", "risk_band = 'high'", "at high risk"))
            found = replace(found, filters=filters, metrics=tuple(m for m in metrics if m.name != "churn"))
        # The list of customers shows the first reason of each: "which 5 ..., and why?" asks for that.
        if reasons and not (limit is not None and beside):
            return Intent("reasons", group_by=groups, filters=filters, limit=limit)
        if share:
            return self._share(found)
        return self._numbers(found, counts, compares, subject, wants_list)

    def _numbers(
        self, found: "_Found", counts: bool, compares: bool, subject: str | None, wants_list: bool
    ) -> Intent:
        metrics, groups, aggregate = found.metrics, found.groups, found.aggregate
        if counts or (not metrics and not compares and groups and subject and aggregate is None):
            return found.counted()
        if not groups and subject and wants_list and aggregate is None and not compares:
            best = not metrics and self._means_the_best(found.filters)
            chosen = metrics or (self._lexicon.metric("value" if best else "churn"),)
            low = any(f.sql == "risk_band = 'low'" for f in found.filters)
            down = True if best else found.order if found.order is not None else not low
            listed = Intent("customers", chosen, "", (), found.filters, (), down, found.limit)
            return listed if self._everybody else who_can_be_kept(listed, self._lexicon)
        if not metrics and not groups and (not found.filters or (subject is None and aggregate is None)):
            return Intent("unknown")
        if not metrics:
            if not groups and not compares:
                return found.counted()
            metrics = tuple(self._lexicon.metric(name) for name in ("churn", "engagement", "value"))
        natural = aggregate or self._natural(metrics)
        return Intent("aggregate", metrics, natural, groups, found.filters, (), found.order, found.limit)

    def _means_the_best(self, filters: tuple[Filter, ...]) -> bool:
        """Whether the best or top customers are asked for, by no number: they are the most valuable ones."""
        asked = re.search(rf"\b(?:top|{'|'.join(v.BEST)})\b", normal(self._question))
        return bool(asked) and not any(one.column == "risk_band" for one in filters)

    def _natural(self, metrics: tuple[Metric, ...]) -> str:
        """Value "at risk", "at stake" or "how much" is a sum; everything else is an average."""
        if metrics[0].name == "stake":
            return "sum"
        words = "|".join(
            spelled(word) for metric in metrics if metric.kind == AMOUNT for word in (*metric.words, "money")
        )
        asked = words and re.search(
            rf"\bhow much (?:{words})\b|\b(?:{words}) (is |are )?at risk\b", normal(self._question)
        )
        return "sum" if asked and all(metric.kind == AMOUNT for metric in metrics) else "avg"

    def _share(self, found: "_Found") -> Intent:
        """The share is of the last kind of condition: "share of German customers at high risk" is risk
        among Germans.
        """
        filters = found.filters
        if not filters and [metric.name for metric in found.metrics] == ["churn"]:
            filters = (Filter("risk_band", "risk_band = 'high'", "at high risk"),)
        texts = {one.column for one in self._lexicon.looked_up}
        flags = {one.column for one in self._lexicon.flags}
        behaviour = tuple(one for one in filters if one.column not in texts | flags)
        behaviour = behaviour or tuple(one for one in filters if one.column in flags)
        rest = tuple(one for one in filters if one not in behaviour)
        if behaviour:
            return Intent("share", (), "share", found.groups, rest, behaviour, found.order, found.limit)
        if rest:
            return Intent("share", (), "share", found.groups, (), rest, found.order, found.limit)
        return found.counted() if found.groups else Intent("unknown")

    # -- pieces of the grammar, each cutting out what it understands

    def _may_be_a_value(self) -> bool:
        """Whether a fixed word stands where a value would: "status active" is asked of the table first."""
        words = "|".join(spelled(word) for one in self._lexicon.looked_up for word in one.words)
        fixed = "active|inactive|endangered"
        pattern = rf"(?:{words}) (?:is )?(?:{fixed})|(?:{fixed}) (?:{words})"
        return bool(words and re.search(alone(rf"(?:{pattern})"), self._text.rest))

    def _limit(self) -> int | None:
        spelled_out = "|".join(v.NUMBERS)
        dimensions = (spelled(word) for one in self._lexicon.dimensions for word in one.words)
        things = "|".join([*v.SUBJECTS, *dimensions])
        for pattern in (
            rf"\b(?:top|bottom|first|highest|lowest|riskiest|best|worst)\s+(?P<n>\d+|{spelled_out})\b",
            rf"(?<![\w-])(?P<n>\d+|{spelled_out})\s+(?!(?:day|week|month|year|percent|%))"
            rf"(?=(?:\w+[\s-]){{0,3}}(?:{things})\b)",
        ):
            found = re.search(pattern, self._text.rest)
            if found:
                # The superlative itself is still needed for the order: only the number is cut out.
                start, end = found.span("n")
                self._text.rest = f"{self._text.rest[:start]} {self._text.rest[end:]}"
                number = int(found["n"]) if found["n"].isdigit() else v.NUMBERS[found["n"]]
                return max(1, min(number, 200))
        return None

    def _flags(self) -> None:
        """Boolean columns: "without X" is false, "by X" a group, "X" true."""
        for flag in self._lexicon.flags:
            for word in sorted(flag.words, key=len, reverse=True):
                one = spelled(word)
                negated = "without|with no|have no|has no|no|not|non|never"
                no = rf"(?:{negated})[ -](?:have |has |a |an |the |any )?{one}"
                by = rf"(?:by|per|across|compare|each|every|for each) (?:the )?{one}(?: or not)?"
                if self._text.take(alone(no)):
                    self._filters.append(_flag_filter(flag, value=False))
                elif self._text.take(alone(by)) or self._joins_a_group(one):
                    self._flag_groups.append(flag)
                elif self._text.take(alone(rf"(?:(?:with|having|have|has) (?:a |an |the )?)?{one}")):
                    self._filters.append(_flag_filter(flag, value=True))

    def _joins_a_group(self, one: str) -> bool:
        """Whether a flag is the second of two groups: "by city and newsletter"."""
        joined = rf"and (?:the )?{one}"
        is_group = re.search(rf"\b(?:by|per) [^,{CUT}]*{joined}(?![\w-])", self._text.rest)
        return bool(is_group and self._text.take(alone(joined)))

    def _groups(self) -> tuple[Dimension | Flag, ...]:
        pairs = [(word, one) for one in self._lexicon.dimensions for word in one.words]
        groups: list[Dimension | Flag] = [*self._flag_groups]
        for word, dimension in sorted(pairs, key=lambda pair: len(pair[0]), reverse=True):
            while self._text.take_word((word,)):
                groups.append(dimension)
        # Different groups in the order in which they were asked for.
        asked = normal(self._question)
        return tuple(sorted(dict.fromkeys(groups), key=lambda one: first(asked, one.words)))

    def _phrases(self) -> None:
        for words, sql, label in v.FILTERS:
            if sql == "risk_band = 'high'" and self._text.has(("churn risk",)):
                words = tuple(word for word in words if word != "high risk")
            if self._text.take_word(words):
                self._filters.append(Filter(sql.split()[0], sql, label))

    def _metrics(self) -> tuple[Metric, ...]:
        found: list[tuple[int, Metric]] = []
        pairs = [(word, metric) for metric in self._lexicon.metrics for word in metric.words]
        asked = normal(self._question)
        for word, metric in sorted(pairs, key=lambda pair: len(pair[0]), reverse=True):
            while self._text.take_word((word,)):
                found.append((first(asked, (word,)), metric))
        return tuple(dict.fromkeys(metric for _, metric in sorted(found, key=lambda pair: pair[0])))

    def _order(self, metrics: tuple[Metric, ...]) -> bool | None:
        """True for highest first, False for lowest first, None when the question does not say."""
        bad_is_high = metrics[0].bad_is_high if metrics else True
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


@dataclass(frozen=True)
class _Found:
    """The parts of a question for numbers."""

    filters: tuple[Filter, ...]
    groups: tuple[Dimension | Flag, ...]
    metrics: tuple[Metric, ...]
    aggregate: str | None
    order: bool | None
    limit: int | None

    def counted(self) -> Intent:
        """The intent that counts customers."""
        return Intent(
            "aggregate", (CUSTOMERS,), "count", self.groups, self.filters, (), self.order, self.limit
        )


def _flag_filter(flag: Flag, *, value: bool) -> Filter:
    sql = f"{sql_name(flag.column)} = {'true' if value else 'false'}"
    return Filter(flag.column, sql, f"{flag.label}: {'yes' if value else 'no'}")
