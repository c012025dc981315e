"""Conditions on numbers: "value over 100", "at least 70 % churn probability", "inactive for 2 weeks"."""

import re
from dataclasses import dataclass

from engage_cli.local.bedrock.columns import sql_name
from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.text import Text, spelled
from engage_cli.local.bedrock.vocabulary import AMOUNT, SHARE, Metric


@dataclass(frozen=True)
class Filter:
    """A condition on rows: the column that it is on, its SQL, and how it is said."""

    column: str
    sql: str
    label: str


_NUMBER = (
    r"(?P<sign>\$|€|£|(?:usd|eur|gbp) )?\s*(?P<number>\d[\d,]*(?:\.\d+)?)"
    r"\s*(?P<unit>%|percent\b|per cent\b|k\b)?\s*(?P<money>(?:usd|eur|gbp|dollars|euros|pounds)\b)?"
)
_CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "pounds": "GBP", "usd": "USD",
}  # fmt: skip
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD"})
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


def take_thresholds(text: Text, lexicon: Lexicon) -> tuple[list[Filter], list[str]]:
    """Cut the conditions on numbers out of the text.

    Returns them and what of them cannot be meant: an amount in a currency that the data are not in.
    """
    words = [(word, metric) for metric in lexicon.metrics for word in metric.words]
    words.sort(key=lambda pair: len(pair[0]), reverse=True)
    names = "|".join(spelled(word) for word, _ in words)
    filters: list[Filter] = []
    refused: list[str] = []
    for compared, operator in _COMPARE:
        for pattern in (
            rf"\b(?P<metric>{names})\s+(?:of |is |that is |are |was )?(?:{compared})\s*{_NUMBER}",
            rf"(?:{compared})\s*{_NUMBER}\s*(?:of |in |for )?(?P<metric>{names})\b",
        ):
            while found := text.take(pattern):
                metric = next(m for w, m in words if re.fullmatch(spelled(w), found["metric"]))
                foreign = _foreign(metric, found)
                if foreign:
                    refused.append(foreign)
                else:
                    filters.append(_threshold(metric, operator, found))
                text.take(r"(?<=~ )\s*(?:days|weeks|probability|chance)\b")
        pattern = rf"(?:inactive|not active) for\s+(?:{compared})\s*{_NUMBER}\s*(?P<span>days|weeks)"
        while found := text.take(pattern):
            days = as_text(_number(found) * (7 if found["span"] == "weeks" else 1))
            said = f"inactive {operator} {days} days"
            filters.append(Filter("days_since_active", f"days_since_active {operator} {days}", said))
    return filters, refused


def _foreign(metric: Metric, found: re.Match[str]) -> str | None:
    """The currency of an amount when it is not that of the metric."""
    given = (found["sign"] or found["money"] or "").strip()
    if not given:
        return None
    if metric.kind != AMOUNT:
        return given
    if not metric.unit:
        return None
    meant = metric.unit in _DOLLARS if given in ("$", "dollars") else _CURRENCIES[given] == metric.unit
    return None if meant else given


def _threshold(metric: Metric, operator: str, found: re.Match[str]) -> Filter:
    number = _number(found)
    if metric.kind == SHARE and (found["unit"] in ("%", "percent", "per cent") or number > 1):
        number /= 100
    shown = f"{as_text(number * 100)} %" if metric.kind == SHARE else f"{as_text(number)} {metric.unit}"
    sql = f"{metric.computed or sql_name(metric.column)} {operator} {as_text(number)}"
    return Filter(metric.column, sql, f"{metric.label} {operator} {shown}".rstrip())


def _number(found: re.Match[str]) -> float:
    number = float(found["number"].replace(",", ""))
    return number * 1000 if found["unit"] == "k" else number


def as_text(number: float) -> str:
    """A number without needless zeros."""
    return f"{number:.6f}".rstrip("0").rstrip(".")
