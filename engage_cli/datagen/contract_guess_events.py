"""Guesses what one event is: which rows belong together, of which type it is, and what it is called."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engage_ml import data_contract as dc

from engage_cli.datagen import contract_words as known
from engage_cli.datagen.contract_file import DROP, counted_words
from engage_cli.datagen.contract_profile import ColumnProfile, Table

if TYPE_CHECKING:
    from engage_cli.datagen.contract_guess import Guess

MOST_TYPES = 8
_SEVERAL = 1.2
"""With so many rows for each value, rows are lines of something larger."""


def guess_event_id(
    guess: "Guess", table: Table, customer: ColumnProfile, rest: list[ColumnProfile]
) -> list[ColumnProfile]:
    """A number of an order or invoice that several rows share makes one event of them."""
    for c in rest:
        often = c.filled >= 0.9 * customer.filled and not c.unique
        if _names_an_order(c) and often:
            rows = table.rows_per([customer.name, c.name])
            if rows > _SEVERAL:
                guess.activity = replace(guess.activity, event_id=c.name)
                guess.comments["activity.event_id"] = (
                    f"{rows:.1f} rows share one: they are lines of one event"
                )
                return [x for x in rest if x is not c]
    return rest


def _names_an_order(column: ColumnProfile) -> bool:
    named = known.is_identifier(column.name) or len(known.words_of(column.name)) == 1
    return named and known.has_part(column.name, known.ORDER) and column.kind in ("text", "number")


def guess_copies(guess: "Guess", table: Table, columns: Sequence[ColumnProfile]) -> None:
    """Rows that are equal in every column: copies when each row has a number of its own, else a question."""
    copies, numbered = table.copies([c.name for c in columns if known.is_identifier(c.name)])
    if not copies:
        return
    if numbered:
        guess.activity = replace(guess.activity, repeated=DROP)
        guess.comments["activity.repeated"] = f"{copies:,} rows are copies of another, with its number"
    else:
        guess.comments["activity.kind"] += (
            f"; {copies:,} rows equal another in every column and count as they stand: "
            'repeated = "drop" would leave them out'
        )


def guess_types(
    guess: "Guess", table: Table, customer: ColumnProfile, rest: list[ColumnProfile]
) -> list[ColumnProfile]:
    """A column of few words that differ within a customer says what happened; purchases come first."""
    for c in rest:
        # What never changes is an attribute.
        if (
            c.kind == "text"
            and 2 <= c.distinct <= 30
            and known.has_word(c.name, known.TYPE)
            and table.share_constant(customer.name, c.name, every_row=False) < 0.9
        ):
            guess.activity = replace(guess.activity, type=c.name)
            bought = sorted((v for v in c.examples if known.has_word(v, known.PURCHASE)), key=_how_bought)
            taken = dict.fromkeys([*bought[:1], *c.examples])
            for value in list(taken)[:MOST_TYPES]:
                name = guess.name(value)
                guess.types[name] = value
                guess.measures.append(dc.Measure(name, dc.COUNT, counted_words(name), counted_words(name)))
            said = f"the {len(guess.types)} most frequent of {c.distinct}"
            guess.comments["activity.types"] = f"{said}, and purchases" if len(taken) > MOST_TYPES else said
            return [x for x in rest if x is not c]
    return rest


def _how_bought(value: str) -> int:
    """The rank of a word of purchases: `purchase` says more than `payment details`."""
    words = known.words_of(value)
    return min(i for i, word in enumerate(known.PURCHASE) if word in words) + 10 * (len(words) - 1)


def event_noun(
    guess: "Guess", table: Table, customer: ColumnProfile, time: ColumnProfile, rest: list[ColumnProfile]
) -> str:
    """What one event is called: as the number of an order, the time or the file is named; else `event`."""
    if guess.activity.type:
        return "event"
    if guess.activity.event_id:
        return _noun(guess.activity.event_id)
    numbered = next((c for c in rest if c.unique and _names_an_order(c)), None)
    if numbered:
        return _noun(numbered.name)
    # Lines of a receipt at one time are no receipts.
    if table.rows_per([customer.name, time.name]) > _SEVERAL:
        return "event"
    return next((n for n in (_noun(time.name), _noun(table.files[0].stem)) if n != "event"), "event")


def _noun(name: str) -> str:
    words = known.words_of(name)
    plain = "".join(words)
    whole = (n for n in known.EVENT_NOUNS if n in words or f"{n}s" in words)
    return next(whole, next((n for n in known.EVENT_NOUNS if len(n) > 5 and n in plain), "event"))
