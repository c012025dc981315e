"""Guesses what the columns of a customers file are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engage_ml import data_contract as dc

from engage_cli.datagen import contract_words as known
from engage_cli.datagen.contract_file import Source
from engage_cli.datagen.contract_profile import ColumnProfile, TableProfile
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_cli.datagen.contract_guess import Guess

AGE_BANDS = (25.0, 35.0, 45.0, 55.0, 65.0)
MOST_CATEGORIES = 200
MOST_CODES = 50
_FEWEST_PERSONAL = 4
"""A column named like a telephone and with fewer different values says whether there is one."""
LONGEST_TEXT_WORDS = 4


def guess_customers(guess: "Guess", table: TableProfile, other_header: Sequence[str]) -> None:
    """Fill in what the customers file says; `other_header` are the columns of the activity."""
    lowered = {name.strip().lower() for name in other_header}
    scores = {
        c.name: customer_score(c, c.name.strip().lower() in lowered, unique=True) for c in table.columns
    }
    best = best_column(scores, table, "customers")
    guess.customers = replace(guess.customers, id=best.name)
    guess.comments["customers.id"] = (
        "every value occurs once"
        if best.distinct == best.filled
        else "taken by its name, though values repeat"
    )
    if best.distinct < best.filled:
        guess.customers = replace(guess.customers, repeated="first")
        guess.comments["customers.repeated"] = (
            f"{best.filled - best.distinct:,} rows are of a customer who has one already; the first is taken"
        )
    rest = [c for c in table.columns if c is not best]
    signed_up = _signed_up(rest)
    if signed_up:
        guess.customers = replace(
            guess.customers, signed_up=signed_up.name, time_format=signed_up.time_format or ""
        )
        guess.comments["customers.signed_up"] = order_words(signed_up)
    else:
        guess.customers = replace(guess.customers, signed_up="")
        guess.comments["customers.signed_up"] = "no column of dates looks like a sign-up"
    ignored = [name for c in rest if c is not signed_up for name in _attribute(guess, c, table.rows)]
    guess.customers = replace(guess.customers, ignore=tuple(ignored))
    if any(c.decimal == "," for c in rest):
        guess.customers = replace(guess.customers, decimal=",")


def customer_score(column: ColumnProfile, shared: bool, *, unique: bool) -> int:
    """How much a column looks like the identifier of a customer; 0 for one that cannot be it."""
    if column.kind in ("time", "boolean") or (column.kind == "number" and not column.whole):
        return 0
    if (column.time_format or "").startswith("%Y"):
        return 0
    # Products, invoices and the like are identifiers, too.
    named = 4 * known.has_part(column.name, known.CUSTOMER) + 2 * known.is_identifier(column.name)
    if not unique:
        # Where nothing of an order names the customer, the address does.
        named += 3 * holds_mails(column)
    return named + 3 * shared + (2 * column.unique if unique else -3 * column.unique)


def best_column(scores: dict[str, int], table: TableProfile, what: str) -> ColumnProfile:
    """The column with the highest score, the first of equals; UserError when none looks like a customer."""
    name = max(scores, key=lambda n: scores[n])
    if scores[name] < 2:
        raise UserError(
            f"No column of {table.files[0]} looks like the identifier of a customer; it has "
            f"{', '.join(c.name for c in table.columns)}.",
            hint=f"Rename the column to customer_id and give the {what} again; if another file says whose "
            "each row is, join the two first.",
        )
    return table.column(name)


def order_words(column: ColumnProfile) -> str:
    """What was taken for the format of a time."""
    written = column.time_format or "2026-01-31"
    said = f"written as {written}, for example {column.examples[0]}"
    return f"{said}; CHECK: day and month could be the other way round" if column.open_order else said


def _signed_up(columns: Sequence[ColumnProfile]) -> ColumnProfile | None:
    times = [c for c in columns if c.time_format is not None and not known.has_part(c.name, known.OTHER_TIME)]
    named = [c for c in times if known.has_part(c.name, known.SIGNED_UP)]
    plain = [c for c in times if c.kind == "time"]
    return named[0] if named else plain[0] if len(plain) == 1 else None


def _attribute(guess: "Guess", column: ColumnProfile, rows: int) -> list[str]:
    """Put a column where it belongs; the list holds it when it is to be ignored."""
    if column.filled and is_personal(column):
        from engage_cli.datagen.contract_file import canonical

        guess.personal.append(canonical(column.name))
        guess.columns[canonical(column.name)] = Source(column.name)
        return []
    reason = _why_ignored(column, rows)
    if reason:
        place = "customers.ignore"
        before = guess.comments.get(place)
        guess.comments[place] = f"{before}; {column.name}: {reason}" if before else f"{column.name}: {reason}"
        return [column.name]
    protected = known.has_word(column.name, known.PROTECTED) or known.has_part(column.name, ("senior",))
    name = guess.name(column.name)
    guess.columns[name] = Source(column.name)
    attribute = as_attribute(name, column)
    (guess.protected if protected else guess.attributes).append(attribute)
    if protected:
        guess.comments[f"customers.protected.{name}"] = "never a feature; for the fairness report"
    return []


def as_attribute(name: str, column: ColumnProfile) -> dc.Attribute:
    """An attribute of the kind that the values have; ages come with groups."""
    if column.kind == "boolean":
        return dc.Attribute(name, dc.BOOLEAN)
    coded = column.whole and column.distinct <= MOST_CODES and known.has_word(column.name, known.CODED)
    if column.kind != "number" or coded:
        return dc.Attribute(name)
    if known.has_word(column.name, ("age",)):
        return dc.Attribute(name, dc.NUMBER, unit="years", bands=AGE_BANDS, minimum=0, maximum=130)
    return dc.Attribute(name, dc.NUMBER)


def is_personal(column: ColumnProfile) -> bool:
    """Whether a column holds names, addresses or the like, by its name or its values."""
    named = known.has_word(column.name, known.PERSONAL) and column.distinct >= _FEWEST_PERSONAL
    return holds_mails(column) or named


def holds_mails(column: ColumnProfile) -> bool:
    """Whether most values are e-mail addresses."""
    return 2 * sum("@" in v for v in column.examples) > len(column.examples)


def _is_sequence(column: ColumnProfile, rows: int) -> bool:
    """Whether a column numbers the rows."""
    if not column.whole or not column.unique or rows <= 50 or known.has_word(column.name, known.PROTECTED):
        return False
    return (column.highest or 0) - (column.lowest or 0) <= 3 * column.distinct


def _why_ignored(column: ColumnProfile, rows: int) -> str:
    if not column.filled:
        return "empty"
    if column.distinct == 1:
        return "the same for all"
    if known.has_part(column.name, ("churn", "attrition")) or known.has_word(column.name, known.LABEL):
        return "an outcome without a date would tell the future"
    if column.time_format is not None:
        return "a date that is no sign-up"
    if column.kind == "number" and known.has_word(column.name, known.SNAPSHOT):
        return "seems to be a sum up to the day of the export, which would tell the future"
    if known.is_identifier(column.name) or _is_sequence(column, rows):
        return "an identifier"
    if column.kind == "text" and column.words > LONGEST_TEXT_WORDS:
        return "free text"
    if column.kind == "text" and ((column.unique and rows > 20) or column.distinct > MOST_CATEGORIES):
        return "nearly every customer has a value of their own"
    return ""
