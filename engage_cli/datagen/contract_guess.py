"""Guesses a contract from the profiles of a user's files; each guess comes with its reason as a comment."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engage_ml import data_contract as dc

from engage_cli.datagen import contract_words as known
from engage_cli.datagen.contract_file import (
    ACTIVITY,
    FILE,
    Activity,
    Customers,
    FileContract,
    Source,
)
from engage_cli.datagen.contract_guess_activity import guess_activity
from engage_cli.datagen.contract_guess_customers import guess_customers
from engage_cli.datagen.contract_guess_measures import UNNAMED_MONEY
from engage_cli.datagen.contract_horizons import Horizons, choose_horizons, complete_weeks
from engage_cli.datagen.contract_profile import Table, opened


@dataclass
class Guess:
    """A contract in the making. `comments` is by place, such as `customers.id`."""

    customers: Customers = field(default_factory=Customers)
    activity: Activity = field(default_factory=Activity)
    kind: str = dc.WEEKLY
    attributes: list[dc.Attribute] = field(default_factory=list)
    protected: list[dc.Attribute] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)
    measures: list[dc.Measure] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Source] = field(default_factory=dict)
    negative: dict[str, str] = field(default_factory=dict)
    value: str = ""
    transactions: str = ""
    currency: str = ""
    comments: dict[str, str] = field(default_factory=dict)

    def name(self, column: str) -> str:
        """A name for a column that is not taken yet and has no meaning of its own."""
        from engage_cli.datagen.contract_file import canonical

        base = canonical(column)
        taken = {*self.columns, *self.types, dc.EVENTS}
        names = [base, f"own_{base}"[:40], *(f"{base[:36]}_{n}" for n in range(2, 99))]
        return next(n for n in names if n not in taken and not dc.is_reserved(n))

    def contract(self, name: str, horizons: Horizons) -> FileContract:
        """The whole contract."""
        self.comments |= horizons.comments
        found = dc.DataContract(
            name=name,
            kind=self.kind,
            attributes=tuple(self.attributes),
            measures=tuple(self.measures),
            protected=tuple(self.protected),
            personal=tuple(self.personal),
            types=self.types,
            days_known=self.kind == dc.EVENTS or bool(self.activity.days),
            value=self.value,
            transactions=self.transactions,
            currency=self.currency,
            horizons=horizons.weeks,
            lookback_weeks=horizons.lookback,
        )
        dc.check(found)
        return FileContract(found, self.customers, self.activity, self.columns, self.negative)

    def customers_alone(self, name: str) -> FileContract:
        """What is known of the customers when there is no activity: no contract that a run could follow."""
        found = dc.DataContract(
            name=name,
            kind=dc.WEEKLY,
            attributes=tuple(self.attributes),
            measures=(),
            protected=tuple(self.protected),
            personal=tuple(self.personal),
        )
        return FileContract(found, self.customers, self.activity, self.columns, self.negative)


@dataclass(frozen=True)
class Guessed:
    """A contract with the reasons for it; `contract` is None when the files hold no history."""

    contract: FileContract | None
    comments: dict[str, str]
    guess: Guess
    weeks: int = 0


def guess_contract(name: str, customers: Path | None, activity: Sequence[Path]) -> Guessed:
    """Profile the files and guess. UserError: a file cannot be read, or no column looks like a customer."""
    places = {"customers": [customers] if customers else [], "activity": list(activity)}
    with opened(places) as tables:
        people, rows = tables.get("customers"), tables.get("activity")
        guess = Guess()
        if people:
            guess.customers = replace(guess.customers, origin=FILE)
            guess_customers(guess, people.profile(), rows.header if rows else ())
        else:
            guess.customers = replace(guess.customers, origin=ACTIVITY, signed_up="")
            guess.comments["customers"] = "No file of customers was given: they are those of the activity."
        if rows is None:
            return Guessed(None, guess.comments, guess)
        guess_activity(guess, rows, own_customers=people is None)
        if people:
            _unknown_customers(guess, people, rows)
        return _with_horizons(name, guess, rows)


def _unknown_customers(guess: Guess, people: Table, rows: Table) -> None:
    """What becomes of activity of customers who are not in their file."""
    unknown, everybody = rows.customers_not_in(guess.activity.customer, people, guess.customers.id)
    if not unknown:
        return
    said = f"{unknown:,} of {everybody:,} customers of the activity are not in the file of customers"
    if guess.customers.signed_up:
        guess.customers = replace(guess.customers, unknown="skip")
        guess.comments["customers.unknown"] = f"{said}: their activity is left out"
    else:
        guess.customers = replace(guess.customers, unknown="add")
        guess.comments["customers.unknown"] = f"{said}: they are added, without attributes"


def _with_horizons(name: str, guess: Guess, rows: Table) -> Guessed:
    times = (guess.activity.time, guess.activity.time_format)
    first, last, later = rows.span(*times)
    weeks = complete_weeks(first, last, weekly=guess.kind == dc.WEEKLY)
    gap = rows.weeks_between_visits(guess.activity.customer, *times)
    horizons = choose_horizons(weeks, gap, rows.active_shares(guess.activity.customer, *times))
    guess.comments["activity"] = (
        f"{len(rows.files)} file{'s' if len(rows.files) > 1 else ''}, from {first:%Y-%m-%d} to "
        f"{last:%Y-%m-%d}: {weeks} weeks."
        + (f" Set aside, because in the future: {later:,} rows." if later else "")
    )
    if gap is None and "activity.customer" not in guess.comments:
        guess.comments["activity.customer"] = (
            "CHECK: nobody came on two days, so this may be the number of an order and not of a customer"
        )
    _complete_value(guess)
    return Guessed(guess.contract(name, horizons), guess.comments, guess, weeks)


def _complete_value(guess: Guess) -> None:
    """Choose what value and transactions are, and what one transaction brings."""
    by_name = {m.name: m for m in guess.measures}
    amounts = [m.name for m in guess.measures if m.kind == dc.AMOUNT]
    columns = {n: guess.columns[n].column for n in amounts}
    # In the order of the words: `amount_paid` before `payment_plan_days`.
    totals = [n for n in amounts if known.has_word(columns[n], tuple(known.CURRENCIES))] + [
        n
        for word in known.TOTAL
        for n in amounts
        if known.has_word(columns[n], (word,)) or (word == n and guess.columns[n].times)
    ]
    bought = [n for n in guess.types if known.has_part(n, known.PURCHASE)]
    sums = [m.name for m in guess.measures if m.name in guess.columns]
    guess.value = (totals or amounts or bought or sums or [dc.EVENTS])[0]
    guess.comments["predict.value"] = f"what a customer is worth: {guess.value}, summed over the horizon"
    events = dc.EVENTS if guess.kind == dc.EVENTS else ""
    guess.transactions = bought[0] if bought else guess.value if guess.value in guess.types else events
    value = by_name.get(guess.value)
    if value and value.kind == dc.AMOUNT and guess.transactions:
        at = guess.measures.index(value)
        guess.measures[at] = replace(value, per=guess.transactions)
    _complete_currency(guess, value)


def _complete_currency(guess: Guess, value: dc.Measure | None) -> None:
    """Leave the currency out when value is no money; say that it is missing when it is."""
    if value is None or value.unit != UNNAMED_MONEY:
        guess.currency = ""
    elif guess.currency:
        guess.measures = [replace(m, unit="") if m.unit == UNNAMED_MONEY else m for m in guess.measures]
    else:
        guess.comments["predict.value"] += '; CHECK: no column names the currency, add it: currency = "EUR"'
