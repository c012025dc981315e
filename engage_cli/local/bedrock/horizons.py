"""How far a question looks ahead: "in the next 4 weeks", "next quarter"."""

import re

from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.lexicon import Lexicon, horizon_days
from engage_cli.local.bedrock.text import Text
from engage_cli.local.bedrock.vocabulary import CUSTOMERS, Metric

_UNITS = {"day": (1, 1), "week": (7, 7), "month": (28, 31), "quarter": (84, 92), "year": (364, 366)}
"""The fewest and the most days of each."""
_AHEAD = re.compile(
    r"(?:in |over |during |within |for )?(?:the )?(?:next|coming) "
    rf"(?:(?P<n>\d+|{'|'.join(v.NUMBERS)}) )?(?P<unit>{'|'.join(_UNITS)})s?\b"
)
Horizon = tuple[int, int]


def take_horizons(text: Text) -> list[Horizon]:
    """Cut the horizons out of the text; each as the fewest and the most days that it may mean."""
    found = []
    while ahead := text.take(_AHEAD.pattern):
        said = ahead["n"] or "1"
        number = int(said) if said.isdigit() else v.NUMBERS[said]
        fewest, most = _UNITS[ahead["unit"]]
        found.append((number * fewest, number * most))
    return found


def fits(horizons: list[Horizon], metrics: tuple[Metric, ...], lexicon: Lexicon) -> bool:
    """Whether each metric is predicted that far ahead. Customers are counted by their churn risk."""
    for metric in metrics or (CUSTOMERS,):
        days = horizon_days(lexicon.metric("churn") if metric is CUSTOMERS else metric)
        if any(days is None or not fewest <= days <= most for fewest, most in horizons):
            return False
    return True
