"""Refuses an as-of date that the raw data cannot serve, before anything is started or paid for."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from engage_cli.datagen.load import SYNTHETIC_KEY
from engage_cli.errors import UserError

CONTRACT_KEY = "_contract.json"
SYNTHETIC_HORIZONS, SYNTHETIC_LOOKBACK = (4, 4, 12), 12
"""Of data without a contract, in weeks; a test compares them with the library's."""


class Raw(Protocol):
    """The part of the raw bucket's reader that is needed here."""

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders right below `prefix`."""

    def get_json(self, key: str) -> Any:
        """Return the parsed JSON object, or None when there is no such object."""


def refuse_without_data(raw: Raw, as_of: str, today: date | None = None) -> None:
    """Raises UserError when the raw activity does not reach the as-of date, or there is too little before it.

    The run would refuse it as well, but a crawl and minutes later. That there are no data at all, or none
    that are whole, is left to the run, which says it with or without a date.
    """
    generated = raw.get_json(SYNTHETIC_KEY) is not None
    limit = None if generated else today or datetime.now(UTC).date()
    weeks = complete_weeks(raw.folders("activity/"), limit)
    if not weeks:
        return
    day, end = date.fromisoformat(as_of), weeks[-1] + timedelta(weeks=1)
    if day > end:
        raise UserError(
            f"--as-of: {day} lies beyond the data, whose last complete week begins on {weeks[-1]}.",
            hint=f"Try {end}, or leave it out.",
        )
    needed, known = weeks_needed(raw.get_json(CONTRACT_KEY)), max(0, (day - weeks[0]).days // 7)
    if known < needed:
        earliest = weeks[0] + timedelta(weeks=needed)
        reach = f"Try {earliest} or later." if earliest <= end else "Bring more weeks of activity."
        raise UserError(
            f"--as-of: there are {known} weeks of activity before {day}, and a run needs {needed} to train, "
            "validate and test on separate periods.",
            hint=reach,
        )


def weeks_needed(contract: Mapping[str, Any] | None) -> int:
    """The fewest weeks that a run of a contract needs, as `DataContract.weeks_needed` counts them; without
    one those of the synthetic data. 0 for a contract that cannot be read: the run says what is wrong.
    """
    try:
        horizons = SYNTHETIC_HORIZONS if contract is None else contract["horizons"].values()
        lookback = SYNTHETIC_LOOKBACK if contract is None else contract["lookback_weeks"]
        return 3 * max(int(weeks) for weeks in horizons) + int(lookback)
    except (KeyError, TypeError, ValueError, AttributeError):
        return 0


def complete_weeks(folders: Iterable[str], today: date | None) -> list[date]:
    """The Mondays of folders `week=<Monday>`, in order, without a week that has not ended by `today` (and a
    day, for time zones ahead of UTC): what the pipeline takes. None: all of them, as of generated data, whose
    weeks are complete wherever the calendar stands.
    """
    ended = date.max if today is None else today + timedelta(days=1)
    weeks = []
    for folder in folders:
        with suppress(ValueError):
            week = date.fromisoformat(folder.removeprefix("week="))
            if week.weekday() == 0 and week + timedelta(weeks=1) <= ended:
                weeks.append(week)
    return sorted(weeks)
