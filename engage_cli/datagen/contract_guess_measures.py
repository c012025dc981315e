"""Guesses which columns of activity are added up, how, and why others are not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engage_ml import data_contract as dc

from engage_cli.datagen import contract_words as known
from engage_cli.datagen.contract_file import Source
from engage_cli.datagen.contract_profile import ColumnProfile

if TYPE_CHECKING:
    from engage_cli.datagen.contract_guess import Guess

MOST_MEASURES = 12
_FEW_PIECES = 3
_MUCH_DEARER = 10
UNNAMED_MONEY = "currency units"
"""What money is counted in when no column names the currency."""


def guess_measures(guess: "Guess", columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """Take what can be added up; the columns that are left out, each with the reason."""
    left: dict[str, str] = {}
    for column in _product(guess, columns):
        reason = _why_not(guess, column)
        if reason:
            left[column.name] = reason
        else:
            _take(guess, column, columns)
    return left


def _product(guess: "Guess", rest: Sequence[ColumnProfile]) -> Sequence[ColumnProfile]:
    """Quantity times price, where no column holds the total."""
    numbers = [c for c in rest if c.kind == "number"]
    price = next((c for c in numbers if known.has_part(c.name, known.PRICE)), None)
    many = next((c for c in numbers if known.has_part(c.name, known.QUANTITY)), None)
    if not price or not many or any(known.has_word(c.name, known.TOTAL) for c in numbers):
        return rest
    name = guess.name("amount")
    guess.columns[name] = Source(many.name, price.name)
    guess.comments[f"activity.measures.{name}"] = f"{many.name} times {price.name}"
    _add(guess, name, dc.AMOUNT, many.negative + price.negative, UNNAMED_MONEY)
    return [c for c in rest if c is not price]


def _why_not(guess: "Guess", column: ColumnProfile) -> str:
    """Why a column cannot be added up over a week; empty when it can."""
    if not column.filled:
        return "empty"
    if column.kind == "time":
        return "another date"
    if known.is_identifier(column.name):
        return "an identifier"
    if column.kind not in ("number", "boolean") or column.lowest is None:
        varies = column.distinct > 1
        return "no number, and not the same for a customer" if varies else "the same in all rows"
    if known.has_word(column.name, known.LABEL):
        return "an outcome would tell the future"
    if known.has_word(column.name, known.NOT_SUMMED) or _is_clock(column):
        return "its numbers mean nothing when they are added up"
    if column.lowest == column.highest == 0:
        return "zero in all rows"
    if len(guess.measures) >= MOST_MEASURES:
        return f"there are {MOST_MEASURES} measures already"
    return ""


def _is_clock(column: ColumnProfile) -> bool:
    """Whether a column holds the time of the day as a number: 1631 for 16:31."""
    if not column.whole or not known.has_word(column.name, ("time", "clock", "hhmm")):
        return False
    lowest, highest = column.lowest or 0, column.highest or 0
    return lowest >= 0 and 100 <= highest < 2400 and all(float(v) % 100 < 60 for v in column.examples)


def _is_pieces(column: ColumnProfile, columns: Sequence[ColumnProfile]) -> bool:
    """Whether an "amount" is a number of pieces: few and whole, beside money that is much more."""
    few = column.whole and (column.typical or 0) <= _FEW_PIECES and known.has_word(column.name, ("amount",))
    return few and any(
        known.has_part(c.name, known.MONEY) and (c.typical or 0) >= _MUCH_DEARER * (column.typical or 1)
        for c in columns
        if c is not column
    )


def _take(guess: "Guess", column: ColumnProfile, columns: Sequence[ColumnProfile]) -> None:
    counted = next((known.UNITS[w] for w in known.words_of(column.name) if w in known.UNITS), "")
    money = not counted and (known.has_part(column.name, known.MONEY) or bool(currency_of(column)))
    unit = UNNAMED_MONEY if money else counted
    name = guess.name(column.name)
    guess.columns[name] = Source(column.name, of=_of_purchases(guess, column))
    if _is_pieces(column, columns):
        guess.comments[f"activity.measures.{name}"] = (
            "small whole numbers: CHECK whether it is pieces or money"
        )
        _add(guess, name, dc.COUNT, column.negative)
    else:
        kind = dc.AMOUNT if money or not column.whole else dc.COUNT
        _add(guess, name, kind, column.negative, unit)


def _of_purchases(guess: "Guess", column: ColumnProfile) -> str:
    """The type whose amounts count, when there are types: the price of what is only looked at is no value."""
    bought = [name for name in guess.types if known.has_part(name, known.PURCHASE)]
    return bought[0] if bought and known.has_part(column.name, known.MONEY) else ""


def _add(guess: "Guess", name: str, kind: str, negative: int, unit: str = "") -> None:
    guess.measures.append(dc.Measure(name, kind, unit=unit, negative=bool(negative)))
    guess.negative[name] = "keep" if negative else "refuse"
    place = f"activity.measures.{name}"
    if negative:
        before = f"{guess.comments[place]}; " if place in guess.comments else ""
        guess.comments[place] = f"{before}{negative:,} values are below zero, such as returns"


def currency_of(column: ColumnProfile) -> str:
    """The currency that a column names in its name or in its values; empty when it does not."""
    for word in known.words_of(column.name):
        if word in known.CURRENCIES:
            return known.CURRENCIES[word]
    if column.kind == "number":
        written = {**known.SIGNS, **{code: code for code in known.CURRENCIES.values()}}
        for sign, code in written.items():
            if all(sign in v for v in column.examples):
                return code
    return ""
