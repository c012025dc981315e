"""How far ahead and back a contract can look: what fits the length of the data and the customers' rhythm."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from engage_ml.contract import HISTORY_WEEKS, STEP_WEEKS
from engage_ml.data_contract import LONGEST_HORIZON, LOOKBACKS

_SILENCE = 1.5
"""Somebody who stays away this many times the usual distance between visits may have left."""
_FEWEST_ACTIVE = 0.05
"""The least share of customers who must come within the churn horizon."""
_MORE_CUTOFFS_WEEKS = 8
"""Two more training cut-offs need so many weeks."""


@dataclass(frozen=True)
class Horizons:
    """Horizons in weeks by target, and the lookback, with comments by place."""

    weeks: dict[str, int]
    lookback: int
    comments: dict[str, str] = field(default_factory=dict)


def complete_weeks(first: datetime, last: datetime, *, weekly: bool) -> int:
    """Weeks that end before the last time, or with it when it is a Sunday or names a week."""
    start, end = _monday(first.date()), _monday(last.date())
    over = weekly or last.isoweekday() == 7
    return (end - start).days // 7 + int(over)


def choose_horizons(weeks: int, gap: float | None, shares: Mapping[int, float]) -> Horizons:
    """Horizons for `weeks` of data of customers who come every `gap` weeks (median; None: only once), and of
    whom `shares` came in the last so many weeks.
    """
    usable = min(weeks, HISTORY_WEEKS)
    rhythm = gap or 0.0
    patient = STEP_WEEKS * math.ceil(_SILENCE * rhythm / STEP_WEEKS)
    # When hardly anybody comes within the horizon, everybody churns and there is nothing to tell apart.
    seen = min((h for h, share in shares.items() if share >= _FEWEST_ACTIVE), default=STEP_WEEKS)
    churn = min(LONGEST_HORIZON, max(STEP_WEEKS, patient, seen))
    # Rare visits want a longer look, as far as that leaves more than one training cut-off.
    rare = max(rhythm, churn / 2) > STEP_WEEKS and usable >= 3 * 12 + min(LOOKBACKS) + _MORE_CUTOFFS_WEEKS
    wanted = {"engagement": 12 if rare else STEP_WEEKS, "churn": churn, "value": 12}
    longest = max(STEP_WEEKS, (usable - min(LOOKBACKS)) // 3 // STEP_WEEKS * STEP_WEEKS)
    chosen = {target: min(h, longest) for target, h in wanted.items()}
    far = 3 * max(chosen.values())
    lookback = max((b for b in LOOKBACKS if far + b + _MORE_CUTOFFS_WEEKS <= usable), default=min(LOOKBACKS))
    needed = far + lookback
    share = shares.get(chosen["churn"], 0.0)
    comments = {
        "predict": f"{needed} weeks are needed (three times the longest horizon, and the lookback); "
        f"there are {weeks}.",
        "predict.churn_weeks": _rhythm_words(gap, wanted["churn"], chosen["churn"], share),
    }
    if needed > weeks:
        comments["predict"] += " That is too few: see engage data-contract check."
    return Horizons(chosen, lookback, comments)


def _rhythm_words(gap: float | None, wanted: int, chosen: int, share: float) -> str:
    came = f"{share:.0%} of all customers came in the last {chosen} weeks"
    if gap is None:
        return f"no customer came on two days, so this is a guess; {came}"
    said = f"customers come back after {gap:.1f} weeks (median); {came}"
    return (
        said if wanted == chosen else f"{said}; {wanted} weeks would suit them, and the data allow {chosen}"
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
