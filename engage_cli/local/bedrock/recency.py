"""Conditions on when customers were last active: "active in the last 4 weeks", "inactive for 8 weeks"; and
the default one of lists of churn risk, which are read to keep somebody.

Activity is known by weeks. A customer is active in the last n days when the last active week ended less than
n days before the as-of date, and inactive for n days when it ended n days before it, or earlier. A month is
taken as 4 weeks, a quarter as 12, a year as 52.
"""

import re
from dataclasses import replace

from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.intent import Intent
from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.text import Text
from engage_cli.local.bedrock.thresholds import Filter

DAYS = {"day": 1, "week": 7, "month": 28, "quarter": 84, "year": 364}
_SPAN = rf"(?:(?P<n>\d+|{'|'.join(v.NUMBERS)}) )?(?P<unit>{'|'.join(DAYS)})s?\b"
_IN = r"(?:in|within|during|over|for|since) "
_LAST = r"(?:the |this |these )?(?:last|past|previous) "
_NOT = r"(?:not|never|\w+n't) (?:been |be )?"
_INACTIVE = (
    rf"\b(?:{_NOT}active|inactive|silent) (?:{_IN})?{_LAST}{_SPAN}",
    rf"\b(?:{_NOT}active|inactive|silent) (?:for|since) (?:a |an )?{_SPAN}",
    rf"\b(?:no|without(?: any)?) activity (?:{_IN})?(?:{_LAST})?{_SPAN}",
)
_ACTIVE = (
    rf"\b(?:still |recently )?active (?:{_IN})?{_LAST}{_SPAN}",
    rf"\b(?:with|had|have|has)(?: some| any)? activity (?:{_IN})?{_LAST}{_SPAN}",
)
_COUNTED_DAYS = 84
"""Whether somebody was ever active is known of the last 12 weeks."""
_MOST = re.compile(r"\bat most (\d+)")
_EVERYBODY = (
    rf"\b(?:all|every|any)(?: of)?(?: the| our| these)? (?:{'|'.join(v.SUBJECTS)})\b",
    r"\b(?:everyone|everybody)\b",
    r"\b(?:including|also|even) (?:the )?(?:inactive|dormant|silent|gone|lost)\b(?: ones\b)?",
    r"\b(?:whether )?active or (?:not|inactive)\b",
)
_ON_ACTIVITY = frozenset({"recently_active", "days_since_active", "active_weeks_12", "segment"})
"""Columns that say whether a customer is still there: a question with a condition on one has decided that."""


def take_recency(text: Text, lexicon: Lexicon) -> tuple[list[Filter], list[str]]:
    """Cut the conditions out of the text.

    Returns them, and what of them cannot be answered: a time further back than activity is known.
    """
    filters: list[Filter] = []
    refused: list[str] = []
    told = _MOST.search(lexicon.metric("recency").meaning)
    known = int(told[1]) if told else _COUNTED_DAYS
    for active, patterns in ((False, _INACTIVE), (True, _ACTIVE)):
        for pattern in patterns:
            while found := text.take(pattern):
                days = _days(found)
                most = min(known, _COUNTED_DAYS) if active else known
                if days > most:
                    refused.append(f"{found['n'] or 1} {found['unit']}s (activity is known for {most} days)")
                else:
                    filters.append(_filter(days, lexicon, active=active))
    return filters, refused


def _days(found: re.Match[str]) -> int:
    said = found["n"] or "1"
    return (int(said) if said.isdigit() else v.NUMBERS[said]) * DAYS[found["unit"]]


def _filter(days: int, lexicon: Lexicon, *, active: bool) -> Filter:
    column = lexicon.metric("recency").column
    span = f"{days // 7} weeks" if days % 7 == 0 else f"{days} days"
    span = "week" if active and days == 7 else "a week" if days == 7 else span
    if not active:
        return Filter(column, f"{column} >= {days}", f"inactive for {span} or longer")
    # Of a customer who was never active the column tells the days since sign-up.
    ever = lexicon.metric("active_weeks").column
    also = f" AND {ever} > 0" if ever in lexicon.table.names else ""
    return Filter(column, f"{column} < {days}{also}", f"active in the last {span}")


def take_everybody(text: Text) -> bool:
    """Cut out what asks for all customers, whether active or not; whether anything did. The noun stays."""
    found = [re.search(pattern, text.rest) for pattern in _EVERYBODY]
    for pattern in _EVERYBODY[2:]:
        text.take(pattern)
    return any(found)


def who_can_be_kept(listed: Intent, lexicon: Lexicon) -> Intent:
    """A list of the highest churn risk, or of what is at stake, without those who are long gone."""
    by_risk = listed.metrics[0].name in ("churn", "stake") and listed.descending
    decided = any(one.column in _ON_ACTIVITY for one in listed.filters)
    if not by_risk or decided or "recently_active" not in lexicon.table.names:
        return listed
    active = Filter("recently_active", "recently_active = true", "recently active")
    return replace(listed, filters=(*listed.filters, active), only_active=True)
