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
    is_personal,
    order_words,
)
from engage_cli.datagen.contract_profile import ColumnProfile, Table, TableProfile
from engage_cli.datagen.contract_time import WEEKDAYS
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_cli.datagen.contract_guess import Guess

ORIGIN = "2020-01-06"
"""A Monday, for files that count days or weeks from a day that they do not name."""
MOST_TYPES = 8
MOST_MEASURES = 12
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
    missing = profile.rows - customer.filled
    if missing:
        guess.activity = replace(guess.activity, anonymous="skip")
        guess.comments["activity.anonymous"] = f"{missing / profile.rows:.0%} of the rows name no customer"
    time = _time(guess, profile, customer)
    _kind(guess, table, customer, time)
    rest = [c for c in profile.columns if c not in (customer, time)]
    if guess.kind == dc.EVENTS:
        guess.measures.append(dc.Measure(dc.EVENTS, dc.COUNT, "events", "events", "event"))
        rest = _event_id(guess, table, customer, rest)
        rest = _types(guess, table, customer, rest)
    else:
        rest = _days(guess, rest)
    if own_customers:
        rest = _attributes(guess, table, customer, rest)
    if any(c.decimal == "," for c in rest):
        guess.activity = replace(guess.activity, decimal=",")
    rest = _product(guess, rest)
    ignored = [c.name for c in rest if not _measure(guess, c)]
    guess.activity = replace(guess.activity, ignore=tuple(ignored))
    if guess.kind == dc.WEEKLY and not guess.measures:
        raise UserError(
            f"No column of {table.files[0]} looks like a number to add up over a week.",
            hint="Give activity with counts or amounts, or one row an event with its time.",
        )


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
        if c.whole and c is not customer and c.highest is not None and c.highest < _LONGEST_COUNT
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
    raise UserError(
        f"No column of {profile.files[0]} looks like a date or a time; it has "
        f"{', '.join(c.name for c in profile.columns)}.",
        hint="Without a time for each row nothing can be predicted. If there is one, write the contract by "
        "hand: engage data-contract init makes an example.",
    )


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


def _event_id(
    guess: "Guess", table: Table, customer: ColumnProfile, rest: list[ColumnProfile]
) -> list[ColumnProfile]:
    """A number of an order or invoice that several rows share makes one event of them."""
    for c in rest:
        named = known.is_identifier(c.name) or len(known.words_of(c.name)) == 1
        often = c.filled >= 0.9 * customer.filled and not c.unique
        if known.has_part(c.name, known.ORDER) and named and often and c.kind in ("text", "number"):
            rows = table.rows_per([customer.name, c.name])
            if rows > 1.2:
                guess.activity = replace(guess.activity, event_id=c.name)
                guess.comments["activity.event_id"] = (
                    f"{rows:.1f} rows share one: they are lines of one event"
                )
                return [x for x in rest if x is not c]
    return rest


def _types(
    guess: "Guess", table: Table, customer: ColumnProfile, rest: list[ColumnProfile]
) -> list[ColumnProfile]:
    for c in rest:
        # Types must differ within a customer: what never changes is an attribute.
        if (
            c.kind == "text"
            and 2 <= c.distinct <= 30
            and known.has_word(c.name, known.TYPE)
            and table.share_constant(customer.name, c.name, every_row=False) < 0.9
        ):
            guess.activity = replace(guess.activity, type=c.name)
            for value in c.examples[:MOST_TYPES]:
                name = guess.name(value)
                guess.types[name] = value
                guess.measures.append(dc.Measure(name, dc.COUNT, name.replace("_", " "), name))
            guess.comments["activity.types"] = f"the {len(guess.types)} most frequent of {c.distinct}"
            return [x for x in rest if x is not c]
    return rest


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


def _product(guess: "Guess", rest: list[ColumnProfile]) -> list[ColumnProfile]:
    """Quantity times price, where no column holds the total."""
    numbers = [c for c in rest if c.kind == "number"]
    price = next((c for c in numbers if known.has_part(c.name, known.PRICE)), None)
    many = next((c for c in numbers if known.has_part(c.name, known.QUANTITY)), None)
    if not price or not many or any(known.has_word(c.name, known.TOTAL) for c in numbers):
        return rest
    name = guess.name("amount")
    guess.columns[name] = Source(many.name, price.name)
    guess.comments[f"activity.measures.{name}"] = f"{many.name} times {price.name}"
    _add(guess, name, dc.AMOUNT, many.negative + price.negative)
    return [c for c in rest if c is not price]


def _of_purchases(guess: "Guess", column: ColumnProfile) -> str:
    """The type whose amounts count, when there are types: the price of what is only looked at is no value."""
    bought = [name for name in guess.types if known.has_part(name, known.PURCHASE)]
    return bought[0] if bought and known.has_part(column.name, known.MONEY) else ""


def _measure(guess: "Guess", column: ColumnProfile) -> bool:
    """Take a column of numbers as a measure; False when it cannot be added up."""
    cannot = (
        column.kind not in ("number", "boolean")
        or column.lowest is None
        or known.is_identifier(column.name)
        or known.has_word(column.name, known.NOT_SUMMED)
        or known.has_word(column.name, known.LABEL)
        or len(guess.measures) >= MOST_MEASURES
    )
    if cannot:
        return False
    money = known.has_part(column.name, known.MONEY)
    name = guess.name(column.name)
    guess.columns[name] = Source(column.name, of=_of_purchases(guess, column))
    _add(guess, name, dc.AMOUNT if money or not column.whole else dc.COUNT, column.negative)
    return True


def _add(guess: "Guess", name: str, kind: str, negative: int) -> None:
    guess.measures.append(dc.Measure(name, kind, negative=bool(negative)))
    guess.negative[name] = "keep" if negative else "refuse"
    place = f"activity.measures.{name}"
    if negative:
        before = f"{guess.comments[place]}; " if place in guess.comments else ""
        guess.comments[place] = f"{before}{negative:,} values are below zero, such as returns"
