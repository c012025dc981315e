"""Guesses what the columns of activity are: who, when, what, how much."""

from dataclasses import replace
from typing import TYPE_CHECKING

from engage_ml import data_contract as dc

from engage_cli.datagen import contract_words as known
from engage_cli.datagen.contract_file import Source
from engage_cli.datagen.contract_guess_customers import (
    as_attribute,
    best_column,
    customer_score,
    holds_mails,
    is_personal,
    order_words,
)
from engage_cli.datagen.contract_guess_events import event_noun, guess_copies, guess_event_id, guess_types
from engage_cli.datagen.contract_guess_measures import currency_of, guess_measures
from engage_cli.datagen.contract_profile import ColumnProfile, Table, TableProfile
from engage_cli.datagen.contract_time import WEEKDAYS
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_cli.datagen.contract_guess import Guess

ORIGIN = "2020-01-06"
"""A Monday, for files that count days or weeks from a day that they do not name."""
_ONCE = 1.001
_LONGEST_COUNT = 5000


def guess_activity(guess: "Guess", table: Table, *, own_customers: bool) -> None:
    """Fill in what the activity says; with `own_customers` attributes are taken from it, too."""
    profile = table.profile()
    shared = guess.customers.id.strip().lower() if not own_customers else ""
    scores = {
        c.name: customer_score(c, c.name.strip().lower() == shared, unique=False) for c in profile.columns
    }
    customer = best_column(scores, profile, "activity")
    guess.activity = replace(guess.activity, customer=customer.name)
    if holds_mails(customer):
        guess.comments["activity.customer"] = (
            "CHECK: e-mail addresses; they will stand in predictions and reports as they are here"
        )
    missing = profile.rows - customer.filled
    if missing:
        guess.activity = replace(guess.activity, anonymous="skip")
        guess.comments["activity.anonymous"] = f"{missing / profile.rows:.0%} of the rows name no customer"
    time = _time(guess, profile, customer)
    _kind(guess, table, customer, time)
    rest = [c for c in profile.columns if c not in (customer, time)]
    if guess.kind == dc.EVENTS:
        guess_copies(guess, table, profile.columns)
        rest = guess_event_id(guess, table, customer, rest)
        rest = guess_types(guess, table, customer, rest)
        noun = event_noun(guess, table, customer, time, rest)
        guess.measures.insert(0, dc.Measure(dc.EVENTS, dc.COUNT, f"{noun}s", f"{noun}s", noun))
    else:
        rest = _days(guess, rest)
    if own_customers:
        rest = _attributes(guess, table, customer, rest)
    if any(c.decimal == "," for c in rest):
        guess.activity = replace(guess.activity, decimal=",")
    _currency(guess, rest)
    left = guess_measures(guess, rest)
    guess.activity = replace(guess.activity, ignore=tuple(left))
    if left:
        guess.comments["activity.ignore"] = _reasons(left)
    if guess.kind == dc.WEEKLY and not guess.measures:
        raise UserError(
            f"No column of {table.files[0]} looks like a number to add up over a week.",
            hint="Give activity with counts or amounts, or one row an event with its time.",
        )


def _reasons(left: dict[str, str]) -> str:
    """Why columns are left out, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())


def _currency(guess: "Guess", rest: list[ColumnProfile]) -> None:
    """The one currency of a column that names it in every row."""
    for c in rest:
        if known.has_word(c.name, ("currency",)) and c.distinct == 1:
            guess.currency = known.CURRENCIES.get(c.examples[0].lower(), "")
    found = {currency_of(c) for c in rest} - {""}
    if not guess.currency and len(found) == 1:
        guess.currency = found.pop()


def _time(guess: "Guess", profile: TableProfile, customer: ColumnProfile) -> ColumnProfile:
    times = [c for c in profile.columns if c is not customer and c.time_format is not None]

    def score(c: ColumnProfile) -> tuple[int, int]:
        named = 2 * known.has_part(c.name, known.TIME) - 3 * known.has_part(c.name, known.OTHER_TIME)
        return (named + (c.kind == "time"), c.distinct)

    if times:
        best = max(times, key=score)
        guess.activity = replace(guess.activity, time=best.name, time_format=best.time_format or "")
        guess.comments["activity.time"] = order_words(best)
        return best
    counted = [
        c
        for c in profile.columns
        if c.whole
        and c is not customer
        and c.highest is not None
        and c.highest < _LONGEST_COUNT
        and not known.has_word(c.name, known.NO_TIME)
    ]
    for unit, names in (("days", ("day", "days", "date")), ("weeks", ("week", "weeks"))):
        for c in counted:
            if known.has_word(c.name, names):
                guess.activity = replace(guess.activity, time=c.name, time_format=f"{unit} since {ORIGIN}")
                guess.comments["activity.time"] = (
                    f"a count of {unit}, from {c.lowest:g} to {c.highest:g}; CHECK: the day that it counts "
                    "from is made up (another one only shifts the calendar)"
                )
                return c
    unread = _unread_times(profile)
    if customer.unique and not unread:
        raise UserError(
            f"{profile.files[0]} has no time and one row for each {customer.name}: it is a table of "
            "customers, and without a history nothing can be predicted.",
            hint="Give it as --customers, and as --activity one row for each order, log-in, call or payment, "
            "with its time.",
        )
    raise UserError(
        f"No column of {profile.files[0]} looks like a date or a time; it has "
        f"{', '.join(c.name for c in profile.columns)}.",
        hint=unread
        or "Without a time for each row nothing can be predicted. If there is one, write the contract by "
        "hand: engage data-contract init makes an example.",
    )


def _unread_times(profile: TableProfile) -> str:
    """About the first column that is named like a time and written in no known way; empty without one."""
    for c in profile.columns:
        if c.kind == "text" and c.filled and known.has_part(c.name, known.PLAIN_TIME):
            return (
                f"If it is {c.name!r}, such as {c.examples[0][:40]!r}, write it as 2026-01-31 13:45:00 (with "
                "DuckDB, say) and give the file again."
            )
    return ""


def _kind(guess: "Guess", table: Table, customer: ColumnProfile, time: ColumnProfile) -> None:
    """Weekly when a customer has one row for each date, and all dates are of one day of the week."""
    days = table.weekdays(time.name, guess.activity.time_format)
    once = table.rows_per([customer.name, time.name]) <= _ONCE
    if len(days) == 1 and once and time.distinct > 1:
        guess.kind = dc.WEEKLY
        guess.activity = replace(guess.activity, week_starts=WEEKDAYS[days[0] - 1])
        guess.comments["activity.kind"] = "one row for each customer and week"
        return
    guess.kind = dc.EVENTS
    guess.comments["activity.kind"] = "one row for each event; the weeks are made of them"
    if table.only_first_days(time.name, guess.activity.time_format):
        guess.comments["activity.kind"] = (
            "CHECK: every time is the first of a month, and weeks without one count as inactive; better give "
            "the days on which things happened"
        )


def _days(guess: "Guess", rest: list[ColumnProfile]) -> list[ColumnProfile]:
    for c in rest:
        named = known.has_word(c.name, ("day", "days"))
        if named and c.whole and c.lowest is not None and c.lowest >= 0 and (c.highest or 0) <= 7:
            guess.activity = replace(guess.activity, days=c.name)
            return [x for x in rest if x is not c]
    return rest


def _attributes(
    guess: "Guess", table: Table, customer: ColumnProfile, rest: list[ColumnProfile]
) -> list[ColumnProfile]:
    """Texts that stay the same for a customer, in all rows, say something of the customer."""
    left = []
    for c in rest:
        few = c.kind in ("text", "boolean") and 2 <= c.distinct <= 50
        few = few and not known.is_identifier(c.name) and not is_personal(c)
        if few and table.share_constant(customer.name, c.name, every_row=True) >= 0.95:
            name = guess.name(c.name)
            protected = known.has_word(c.name, known.PROTECTED)
            (guess.protected if protected else guess.attributes).append(as_attribute(name, c))
            guess.columns[name] = Source(c.name)
        else:
            left.append(c)
    return left
