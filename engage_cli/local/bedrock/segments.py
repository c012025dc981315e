"""Questions about segments: which there are, what is at stake with them, what to do.

The query tool describes the segments with their rules and a table of them: one row a segment. A question that
is about segments alone is answered from that table; one that also asks for other groups or conditions is left
to the grammar of the predictions, in which a segment is a condition like others.
"""

import re

from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.intent import Intent
from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.text import CUT, Text, alone, normal
from engage_cli.local.bedrock.values import Values
from engage_cli.local.bedrock.vocabulary import CUSTOMERS, Metric

TABLE = "segments"
COLUMNS = {
    "customers": "customers",
    "churn": "mean_churn_probability",
    "engagement": "mean_expected_engagement",
    "value": "expected_value",
    "stake": "value_at_stake",
}
"""What can be asked of a segment -> its column."""
_SUMS = ("value", "stake")
"""Numbers that the table has as sums over the customers of a segment; the others are averages."""
_NOT_ALONE = frozenset({"new", "valuable", "at_risk"})
"""Segments whose names mean something else as well: a segment only when the question says so."""
_DEFINED = frozenset({"new", "valuable"})
"""Of these, the ones that "what does ... mean?" asks for; "at risk" is the risk band there."""
_PEOPLE = "|".join((*v.SUBJECTS, "ones"))
_WORD = r"(?:segments?|groups? of customers|customer groups?)"
_ACTION = (
    r"what (?:should|could|can|shall|must|do|to) (?:i |we |you |one )?do\b(?: (?:about|with|for)\b)?",
    r"how (?:should|could|can|shall|must|do) (?:i|we|you|one) (?:treat|handle|keep|retain|win back|save)\b",
    r"(?:the |which |what )?(?:suggested |recommended |best |next )?actions?\b(?: (?:for|is|are)\b)?",
    r"(?:recommendations?|advice)\b(?: for\b)?",
)
_MEANING = (
    r"what (?:does|do|is meant by|is|are)\b",
    r"\b(?:mean|means|meaning|defined|definition of|define|explain|how is|how are)\b",
)
_CONDITIONS = tuple(word for words, _, _ in v.FILTERS for word in words)
_CONDITIONS += ("likely to", "expected to", "going to", "about to")
_LISTS = r"\b(?:which|who|list|show|find|give|top)\b"


def take_names(
    text: Text, lexicon: Lexicon, values: Values | None, clear: frozenset[str] = frozenset()
) -> list[str]:
    """Cut the names of segments out of the text. A name that means something else as well, or is a word or a
    value of the data's own, stands for a segment with the word "segment" only; `clear` are exceptions.
    """
    own = _own(lexicon, values)
    return _take(text, lexicon, (_names(lexicon) - _NOT_ALONE | clear) - own, own)


def is_to_look_up(text: Text, lexicon: Lexicon, values: Values | None) -> bool:
    """Whether a name in the text may be a value of the data's own, which are not known yet."""
    if values is not None or not any(one.column != "segment" for one in lexicon.looked_up):
        return False
    every, none = _names(lexicon), frozenset[str]()
    bare = _take(Text(text.rest), lexicon, every - _NOT_ALONE, none)
    return bare != _take(Text(text.rest), lexicon, none, every)


def _names(lexicon: Lexicon) -> frozenset[str]:
    return frozenset(name for name, _ in lexicon.segments)


def _own(lexicon: Lexicon, values: Values | None) -> frozenset[str]:
    """Names of segments that the data call something else: words of their columns, and values of those."""
    words = [one.words for one in lexicon.dimensions if one.column != "segment"]
    words += [flag.words for flag in lexicon.flags]
    words += [metric.words for metric in lexicon.metrics if metric.name == metric.column]
    words += [found for column, found in (values or {}).items() if column != "segment"]
    said = {normal(word).replace(" ", "_").replace("-", "_") for some in words for word in some}
    return _names(lexicon) & said


def _take(text: Text, lexicon: Lexicon, bare: frozenset[str], own: frozenset[str]) -> list[str]:
    """Cut out the names with the word "segment", of `bare` without it, too; never those of `own`."""
    found: list[str] = []
    for name in sorted(_names(lexicon), key=len, reverse=True):
        spellings = _spellings(name)
        if name in bare:
            spellings.append(alone(_words(name)))
        elif name == "new" and name not in own:
            spellings.append(rf"{alone(name)}(?= (?:{_PEOPLE})\b)")
        for pattern in spellings:
            # "The most valuable" is an order, not a segment.
            while text.take(rf"(?<!most )(?<!least )(?<!more ){pattern}"):
                found.append(name)
    return [name for name, _ in lexicon.segments if name in found]


def _spellings(name: str) -> list[str]:
    """Patterns that stand for a segment in any text: "segment loyal", "at_risk", "valuable and at risk"."""
    front, _, rest = name.partition("_at_")
    if rest:
        between = r",?(?: (?:and|but|yet))?(?: (?:who|that))?(?: are)?"
        return [alone(rf"{front}(?: (?:{_PEOPLE}))?{between}[ _-]at[ _-]{rest}")]
    words = _words(name)
    said = [alone(rf"{_WORD} (?:is |= ?|named |called )?{words}"), alone(rf"{words} {_WORD}")]
    return [*said, alone(re.escape(name))] if "_" in name else said


def _words(name: str) -> str:
    return re.escape(name).replace("_", "[ _-]+")


def parse(question: str, lexicon: Lexicon, values: Values | None) -> Intent | None:
    """The intent of a question about segments alone; None for every other question."""
    if not lexicon.segments or lexicon.table.stake is None:
        return None
    text = Text(normal(question))
    action = _take_all(text, _ACTION)
    averaged = text.has(("average", "avg", "mean", "typical"))
    meaning = not action and _take_all(text, _MEANING)
    if is_to_look_up(text, lexicon, values):
        return Intent("lookup")
    clear = _NOT_ALONE if action else _DEFINED if meaning else frozenset()
    names = take_names(text, lexicon, values, clear)
    if action and "at_risk" in names and "valuable_at_risk" not in names:
        names.append("valuable_at_risk")  # both are at risk, and each has an action of its own
    speaks = bool(re.search(alone(_WORD), text.rest))
    while text.take(alone(_WORD)):
        pass
    if text.has(_CONDITIONS):
        return None
    metrics = _metrics(text, lexicon)
    stake = any(metric.name == "stake" for metric in metrics)
    if not (names or speaks or action or stake):
        return None
    if averaged and any(metric.name in _SUMS for metric in metrics):
        return None
    descending = _order(text)
    wants = text.take_word((*v.COUNT_WORDS, *v.SHARE_WORDS)) is not None
    lists = bool(re.search(_LISTS, text.rest)) and text.has(v.SUBJECTS)
    while text.take_word((*v.SUBJECTS, *v.AGGREGATES["sum"], *v.AGGREGATES["avg"])):
        pass
    if _leftovers(text) or (lists and names and not (wants or action or stake)):
        return None
    if wants or not metrics:
        metrics = (CUSTOMERS, *metrics) if wants else (CUSTOMERS,)
    return Intent(
        "segments", metrics, "sum", descending=descending, segments=tuple(names), asks_action=action
    )


def _take_all(text: Text, patterns: tuple[str, ...]) -> bool:
    """Cut out what matches any of the patterns; whether anything did."""
    before = text.rest
    for pattern in patterns:
        while text.take(pattern):
            pass
    return text.rest != before


def _metrics(text: Text, lexicon: Lexicon) -> tuple[Metric, ...]:
    """What is asked of the segments, what is at stake first: it is the narrower word."""
    found = []
    for name in ("stake", "churn", "engagement", "value"):
        metric = lexicon.metric(name)
        if text.take_word(metric.words):
            found.append(metric)
            while text.take_word(metric.words):
                pass
    return tuple(found)


def _order(text: Text) -> bool | None:
    """True for highest first, False for lowest first, None when the question does not say."""
    answer: bool | None = None
    for words, high in ((v.LOWEST, False), (v.HIGHEST, True)):
        while text.take_word(words):
            answer = high if answer is None else answer
    return answer


def _leftovers(text: Text) -> list[str]:
    return [word for word in re.findall(rf"[^\s{CUT},]+", text.rest) if word not in v.STOP_WORDS]


def ordered_by(intent: Intent) -> Metric:
    """The metric that the segments are ordered by, and that the answer's sentence is about."""
    return next((metric for metric in intent.metrics if metric is not CUSTOMERS), CUSTOMERS)


def statement(intent: Intent, lexicon: Lexicon) -> str:
    """The SQL over the table of segments: size, what was asked, what is at stake, what to do."""
    asked = [COLUMNS[metric.name] for metric in intent.metrics]
    columns = dict.fromkeys(["segment", "customers", "share", *asked, "value_at_stake", "suggested_action"])
    where = [_newest(lexicon)]
    if intent.segments:
        listed = ", ".join(f"'{name}'" for name in intent.segments)
        where.append(f"segment IN ({listed})")
    order = COLUMNS[ordered_by(intent).name]
    if intent.asks_action and order == "customers":
        order = COLUMNS["stake"]
    direction = "ASC" if intent.descending is False else "DESC"
    return "\n".join(
        [
            f"SELECT {', '.join(columns)}, as_of",
            f"FROM {TABLE}",
            "WHERE " + "\n  AND ".join(where),
            f"ORDER BY {order} {direction}, segment",
            f"LIMIT {max(1, len(lexicon.segments))}",
        ]
    )


def _newest(lexicon: Lexicon) -> str:
    as_of = lexicon.table.as_of
    return f"as_of = '{as_of}'" if as_of else f"as_of = (SELECT max(as_of) FROM {TABLE})"


def of_all(intent: Intent) -> bool:
    """Whether the answer adds up all segments: "what is at stake?" of nobody in particular."""
    return not intent.segments and ordered_by(intent).name == "stake" and intent.descending is None
