"""Why a customer's churn risk is what it is: three reasons in words with the customer's own numbers.

Each feature's contribution to the margin (log-odds) of the churn model is added up by group
(`dictionary.Feature.group`), so that three reasons tell three stories. They are sorted along the direction
in which the customer departs from the average: for one above it what raises the risk comes first, for one
below it what lowers it.

Contributions are path attributions (Saabas 2014: the change of the expected margin at each split on the way
to the leaf), XGBoost's `approx_contribs`, or exact TreeSHAP (Lundberg 2018) when asked. Like SHAP they add
up to the margin. At 100,000 rows the approximation takes less time than predicting, exact values about 25
times as long (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .dictionary import BY_NAME
from .score import CHURN, Model

RAISES, LOWERS = "raises", "lowers"
TOP = 3
SILENT_GROUPS = ("season",)


@dataclass(frozen=True)
class Reason:
    """One reason: the leading feature of its group, words, and whether it `raises` or `lowers` the churn
    risk.
    """

    feature: str
    text: str
    effect: str

    @property
    def sentence(self) -> str:
        """The words with their effect, as the prediction columns carry them."""
        return f"{self.text} ({self.effect} the risk)"

    def to_dict(self) -> dict[str, str]:
        return {"feature": self.feature, "text": self.text, "effect": self.effect}


def contributions(model: Model, data: Any, *, exact: bool = False) -> NDArray[np.float32]:
    """Contribution of each feature to the churn margin, float32 `[rows, features]` (the constant term is
    left out).
    """
    found: NDArray[np.float32] = model.boosters[CHURN].predict(
        data, pred_contribs=True, approx_contribs=not exact
    )
    return found[:, :-1]


def reasons(
    model: Model, block: FeatureBlock, data: Any, *, exact: bool = False, top: int = TOP
) -> list[list[Reason]]:
    """The `top` reasons of each row of the block; `data` is `model.data(model.matrix(block))`."""
    if len(block) == 0:
        return []
    single = contributions(model, data, exact=exact)
    groups = sorted({BY_NAME[n].group for n in model.features} - set(SILENT_GROUPS))
    members = [[i for i, n in enumerate(model.features) if BY_NAME[n].group == g] for g in groups]
    summed = np.stack([single[:, m].sum(axis=1) for m in members], axis=1)
    leading = np.stack([np.array(m)[np.abs(single[:, m]).argmax(axis=1)] for m in members], axis=1)
    direction = np.where(summed.sum(axis=1) >= 0, 1.0, -1.0).astype(np.float32)
    order = np.argsort(-summed * direction[:, None], axis=1, kind="stable")[:, :top]
    rows = np.arange(len(block))[:, None]
    effects = (summed[rows, order] >= 0).tolist()
    features = leading[rows, order].tolist()
    texts = _Texts(block)
    ranked = order.tolist()
    found: list[list[Reason]] = []
    for row in range(len(block)):
        found.append(
            [
                _reason(model.features[feature], texts.of(groups[group], row), raises)
                for group, feature, raises in zip(ranked[row], features[row], effects[row], strict=True)
            ]
        )
    return found


@lru_cache(maxsize=65536)
def _reason(feature: str, text: str, raises: bool) -> Reason:
    return Reason(feature, text, RAISES if raises else LOWERS)


def sentence(group: str, *values: Any) -> str:
    """The words of a group for the values of its features (None: missing), in the order of `_BUILDERS`."""
    return _BUILDERS[group][1](*values)


class _Texts:
    """Words for a group and a row. Columns become Python lists once; equal numbers share one text."""

    def __init__(self, block: FeatureBlock) -> None:
        self._columns: dict[str, list[Any]] = {}
        self._block = block

    def of(self, group: str, row: int) -> str:
        return sentence(group, *[self._column(name)[row] for name in _BUILDERS[group][0]])

    def _column(self, name: str) -> list[Any]:
        if name not in self._columns:
            if name in self._block.vocabulary:
                self._columns[name] = self._block.labels(name)
            else:
                # None for missing: NaN differs from itself, so it would defeat the cache.
                values = self._block.column(name).tolist()
                self._columns[name] = [None if v != v else v for v in values]
        return self._columns[name]


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


def _recency(days: float | None, usual: float | None, weeks: float | None, observed: float | None) -> str:
    if not weeks:
        if observed is not None and observed < 12:
            # At least one week: a customer is in the population only after the day of sign-up.
            return f"no active day since the sign-up {count(observed, 'week')} ago"
        return "no active day in the last 12 weeks"
    habit = (
        ""
        if usual is None
        else "; usually active every week"
        if usual < 1.05
        else (f"; usually active every {count(usual, 'week')}")
    )
    return (f"no active day for {count(days, 'day')}" if days else "active in the last week") + habit


def _frequency(four: float | None, twelve: float | None, weeks: float | None) -> str:
    if not weeks:
        return "no active week among the last 12"
    return f"{count(four, 'active day')} in the last 4 weeks, {_bare(twelve)} in the last 12"


def _trend(eight: float | None, four: float | None) -> str:
    before = None if eight is None or four is None else eight - four
    return f"{count(four, 'active day')} in the last 4 weeks, {_bare(before)} in the 4 before"


def _bare(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def _variability(most: float | None, spread: float | None) -> str:
    calm = spread is not None and spread < 1
    if not most:
        return "no active week among the last 12"
    rhythm = "steady" if calm else "uneven"
    return f"at most {count(most, 'active day')} a week in the last 12 weeks, {rhythm} from week to week"


def _use(four: float | None, twelve: float | None) -> str:
    return f"{count(four, 'session')} in the last 4 weeks, {_bare(twelve)} in the last 12"


def _social(posts: float | None, likes: float | None, messages: float | None) -> str:
    if not (posts or likes or messages):
        return "no posts, likes or messages in the last 4 weeks"
    return (
        f"{count(posts, 'post')}, {count(likes, 'like')} and {count(messages, 'message')} in the last 4 weeks"
    )


def _buying(four: float | None, twelve: float | None) -> str:
    if not twelve:
        return "no purchase in the last 12 weeks"
    return f"{count(four, 'purchase')} in the last 4 weeks, {_bare(twelve)} in the last 12"


def _spend(four: float | None, twelve: float | None) -> str:
    if not twelve:
        return "no spend in the last 12 weeks"
    return f"spend of ${four or 0:,.2f} in the last 4 weeks, ${twelve:,.2f} in the last 12"


def _support(four: float | None, twelve: float | None) -> str:
    if not twelve:
        return "no support ticket in the last 12 weeks"
    return f"{count(four, 'support ticket')} in the last 4 weeks, {_bare(twelve)} in the last 12"


def _tenure(weeks: float | None) -> str:
    if weeks == 0:
        return "customer for less than a week"
    return f"customer for {count(weeks, 'week')}"


def _age(age: float | None) -> str:
    return "age unknown" if age is None else f"age {age:g}"


def _marketing(opted: float | None) -> str:
    if opted is None:
        return "marketing mail: unknown"
    return "agreed to marketing mail" if opted else "did not agree to marketing mail"


def _attribute(noun: str) -> Callable[[str], str]:
    return lambda value: f"{noun} {value}"


def _entry(build: Callable[..., str], *needed: str) -> tuple[Sequence[str], Callable[..., str]]:
    return needed, lru_cache(maxsize=4096)(build)


_BUILDERS: dict[str, tuple[Sequence[str], Callable[..., str]]] = {
    "country": _entry(_attribute("country"), "country"),
    "plan": _entry(_attribute("plan"), "plan"),
    "device": _entry(_attribute("device"), "device"),
    "acquisition_channel": _entry(_attribute("won through"), "acquisition_channel"),
    "age": _entry(_age, "age"),
    "marketing_opt_in": _entry(_marketing, "marketing_opt_in"),
    "tenure": _entry(_tenure, "tenure_weeks"),
    "recency": _entry(
        _recency, "days_since_active", "usual_gap_weeks", "active_weeks_12", "observed_weeks_12"
    ),
    "frequency": _entry(_frequency, "active_days_4w", "active_days_12w", "active_weeks_12"),
    "trend": _entry(_trend, "active_days_8w", "active_days_4w"),
    "variability": _entry(_variability, "active_days_max", "active_days_std"),
    "use": _entry(_use, "sessions_4w", "sessions_12w"),
    "social": _entry(_social, "posts_4w", "likes_4w", "messages_4w"),
    "buying": _entry(_buying, "purchases_4w", "purchases_12w"),
    "spend": _entry(_spend, "spend_4w", "spend_12w"),
    "support": _entry(_support, "support_tickets_4w", "support_tickets_12w"),
}
