"""The user's data contract: a TOML file with the names of their own columns.

    [customers]            how a row of the customers file is read; from = "activity" without such a file
    [customers.attributes] name = "category" | "number" | "boolean", or a table (column, kind, meaning, ...)
    [customers.protected]  the same; never features, only groups of the fairness report
    [activity]             weekly rows, or events that are rolled up to weeks
    [activity.measures]    name = "count" | "amount", or a table (column, times, kind, negative, ...)
    [activity.types]       of events: name = "the text that it counts"
    [predict]              horizons in weeks, lookback, what active, value and transactions are

`read_contract` makes a `FileContract`: the `DataContract` that every step of a run follows, and how the
files' columns become its names. Every key has a default; columns are called like their names unless told.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engage_ml import data_contract as dc
from engage_ml.contract import ContractError

from engage_cli.datagen.contract_section import Section, nearest
from engage_cli.datagen.contract_time import TIME_WORDS, WEEKDAYS, time_problem
from engage_cli.errors import UserError

FILE, ACTIVITY = "file", "activity"
FIRST_ACTIVITY = "first activity"
"""Instead of a column of sign-ups: a customer signed up on the day of the first activity."""
NO_PER = "none"
ANONYMOUS = ("refuse", "skip")
NEGATIVE = ("refuse", "keep", "drop")
UNKNOWN = ("refuse", "skip", "add")
FIRST, DROP = "first", "drop"
DECIMALS = (".", ",")
TARGETS = ("engagement", "churn", "value")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: a column, or the product of two."""

    column: str
    times: str = ""
    of: str = ""
    """Of a measure of events: the name of the only type whose values count."""


@dataclass(frozen=True)
class Customers:
    """How customers are read. Without a file they are those of the activity."""

    origin: str = ACTIVITY
    id: str = "customer_id"
    signed_up: str = ""
    """Empty: signed up on the day of the first activity."""
    time_format: str = ""
    unknown: str = "refuse"
    """Of a file: whether activity of customers who are not in it is bad, left out, or adds them."""
    repeated: str = "refuse"
    """Of a file: whether a second row of a customer is bad, or left out (`first`)."""
    decimal: str = "."
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Activity:
    """How a row of activity is read."""

    customer: str = "customer_id"
    time: str = "week"
    """The column with the week's first day, or with the time of an event."""
    time_format: str = ""
    week_starts: str = "monday"
    days: str = ""
    """Of weekly rows: the column with the number of active days, if there is one."""
    type: str = ""
    event_id: str = ""
    """Of events: rows of one customer and day with the same value in this column are one event."""
    anonymous: str = "refuse"
    repeated: str = "keep"
    """Of events: whether a row that equals another in every column of the files is one more, or `drop`."""
    decimal: str = "."
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileContract:
    """A contract with the user's own column names. `columns` is by canonical name; `negative` by measure."""

    contract: dc.DataContract
    customers: Customers
    activity: Activity
    columns: Mapping[str, Source]
    negative: Mapping[str, str]


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a contract file. Raises UserError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as exc:
        raise UserError(
            f"There is no contract {path}.",
            hint="Make one with: engage data-contract init --activity FILE",
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise UserError(f"{path} cannot be read: {exc}.", hint="Save it as UTF-8 text.") from exc
    except tomllib.TOMLDecodeError as exc:
        raise UserError(
            f"{path} is not TOML: {exc}.", hint='Text stands in quotes: customer = "Customer ID"'
        ) from exc


def read_contract(path: Path) -> FileContract:
    """The contract of a file. Raises UserError with file, section, key and the next step."""
    return parse_contract(read_toml(path), path)


def parse_contract(document: Mapping[str, Any], path: Path) -> FileContract:
    """The contract of parsed TOML; `path` is only named in messages."""
    top = Section(path, "", dict(document))
    name = top.text("name", path.stem)
    if not top.has("activity"):
        top.refuse(
            "has no section [activity]: nothing can be predicted without a history of activity",
            hint=f"Say what your history is; see what is possible without: engage data-contract check {path}",
        )
    people, activity, predict = top.section("customers"), top.section("activity"), top.section("predict")
    top.end()
    reader = _Reader()
    customers = reader.customers(people, FILE if top.has("customers") else ACTIVITY)
    rows = reader.activity(activity)
    contract = reader.contract(name, predict)
    try:
        dc.check(contract)
    except ContractError as error:
        raise UserError(
            f"{path}: {error}", hint="Correct the contract; see docs/guides/your_own_data.md"
        ) from (error)
    return FileContract(contract, customers, rows, reader.columns, reader.negative)


class _Reader:
    """Collects what the sections say; `contract` puts it together."""

    def __init__(self) -> None:
        self.columns: dict[str, Source] = {}
        self.negative: dict[str, str] = {}
        self._attributes: list[dc.Attribute] = []
        self._protected: list[dc.Attribute] = []
        self._personal: tuple[str, ...] = ()
        self._measures: list[dc.Measure] = []
        self._types: dict[str, str] = {}
        self._kind = dc.WEEKLY
        self._days_known = True

    def customers(self, section: Section, usual: str) -> Customers:
        origin = section.choice("from", (FILE, ACTIVITY), usual)
        signed_up = section.text("signed_up", "signup_date" if origin == FILE else FIRST_ACTIVITY)
        found = Customers(
            origin=origin,
            id=section.text("id", "customer_id"),
            signed_up="" if signed_up == FIRST_ACTIVITY else signed_up,
            time_format=_time_format(section),
            unknown=section.choice("unknown", UNKNOWN, "refuse"),
            repeated=section.choice("repeated", ("refuse", FIRST), "refuse"),
            decimal=section.choice("decimal", DECIMALS, "."),
            ignore=section.texts("ignore"),
        )
        _check_customers(section, found)
        self._attributes = self._attribute_list(section.section("attributes"))
        self._protected = self._attribute_list(section.section("protected"))
        self._personal = section.texts("personal")
        for column in self._personal:
            self._named(section, canonical(column), Source(column))
        section.end()
        return found

    def _attribute_list(self, section: Section) -> list[dc.Attribute]:
        found = []
        for name, value in section.entries():
            one = Section(section.file, f"{section.place}.{name}", _as_table(value))
            self._named(section, name, Source(one.text("column", name)))
            found.append(
                dc.Attribute(
                    name,
                    one.choice("kind", (dc.CATEGORY, dc.NUMBER, dc.BOOLEAN), dc.CATEGORY),
                    one.text("meaning"),
                    one.text("unit"),
                    one.numbers("bands"),
                    one.number("min"),
                    one.number("max"),
                )
            )
            one.end()
        return found

    def activity(self, section: Section) -> Activity:
        self._kind = section.choice("kind", (dc.WEEKLY, dc.EVENTS), dc.WEEKLY)
        events = self._kind == dc.EVENTS
        time = section.text("time", "event_time") if events else section.text("week", "week")
        found = Activity(
            customer=section.text("customer", "customer_id"),
            time=time,
            time_format=_time_format(section),
            week_starts="monday" if events else section.choice("week_starts", WEEKDAYS, "monday"),
            days="" if events else section.text("days"),
            type=section.text("type") if events else "",
            event_id=section.text("event_id") if events else "",
            anonymous=section.choice("anonymous", ANONYMOUS, "refuse"),
            repeated=section.choice("repeated", ("keep", DROP), "keep") if events else "keep",
            decimal=section.choice("decimal", DECIMALS, "."),
            ignore=section.texts("ignore"),
        )
        self._days_known = events or bool(found.days)
        if events:
            noun = section.text("event", "event")
            self._measures.append(dc.Measure(dc.EVENTS, dc.COUNT, f"{noun}s", f"{noun}s", noun))
        for name, value in section.section("measures").entries():
            self._measure(section, name, value)
        self._type_list(section, found)
        section.end()
        return found

    def _measure(self, section: Section, name: str, value: str | Mapping[str, Any]) -> None:
        one = Section(section.file, f"{section.place}.measures.{name}", _as_table(value))
        source = Source(one.text("column", name), one.text("times"), one.text("of"))
        negative = one.choice("negative", NEGATIVE, "refuse")
        found = dc.Measure(
            name,
            one.choice("kind", (dc.COUNT, dc.AMOUNT), dc.COUNT),
            one.text("meaning"),
            one.text("unit"),
            one.text("one"),
            one.text("group"),
            one.text("per"),
            negative == "keep",
        )
        one.end()
        if name == dc.EVENTS and self._kind == dc.EVENTS:
            section.refuse(
                "is the number of events, which is counted",
                key="measures.events",
                hint="Choose another name.",
            )
        self._named(section, name, source)
        self._measures.append(found)
        self.negative[name] = negative

    def _type_list(self, section: Section, activity: Activity) -> None:
        types = section.section("types")
        if types.keys() and not activity.type:
            section.refuse(
                "has types, but no column of them",
                hint='Name it: type = "event_type" (only events have types).',
            )
        for name, source in self.columns.items():
            if source.of and not types.has(source.of):
                section.refuse(
                    f"is of {source.of!r}, which is no type",
                    key=f"measures.{name}",
                    hint=nearest(source.of, types.keys()) or "Name a type of [activity.types].",
                )
        for name, value in types.entries():
            table = {"value": value} if isinstance(value, str) else dict(value)
            one = Section(section.file, f"{types.place}.{name}", table)
            self._types[name] = one.text("value", name)
            noun = one.text("one")
            meaning, unit = one.text("meaning", counted_words(name)), one.text("unit", counted_words(name))
            self._measures.append(dc.Measure(name, dc.COUNT, meaning, unit, noun, one.text("group")))
            one.end()

    def _named(self, section: Section, name: str, source: Source) -> None:
        if name in self.columns:
            section.refuse("is named twice in the contract", key=name, hint="Names must differ.")
        self.columns[name] = source

    def contract(self, name: str, section: Section) -> dc.DataContract:
        amounts = [m.name for m in self._measures if m.kind == dc.AMOUNT]
        counts = [m.name for m in self._measures]
        if not counts:
            section.refuse(
                "has nothing to count",
                hint='Name a measure of the weekly rows: [activity.measures] minutes = "amount"',
            )
        value = section.text("value", (amounts or counts)[0])
        events = dc.EVENTS if self._kind == dc.EVENTS else ""
        default = value if value in self._types else events
        transactions = section.text("transactions", default)
        usual = {"engagement": 4, "churn": 4, "value": 12}
        found = dc.DataContract(
            name=name,
            kind=self._kind,
            attributes=tuple(self._attributes),
            measures=tuple(_per_transaction(m, value, transactions) for m in self._measures),
            protected=tuple(self._protected),
            personal=tuple(canonical(p) for p in self._personal),
            types=self._types,
            active=section.texts("active"),
            days_known=self._days_known,
            value=value,
            transactions=transactions,
            currency=section.text("currency"),
            horizons={t: section.whole(f"{t}_weeks", usual[t]) for t in TARGETS},
            lookback_weeks=section.whole("lookback_weeks", 12),
        )
        section.end()
        return found


def _check_customers(section: Section, found: Customers) -> None:
    if found.origin == ACTIVITY and found.signed_up:
        section.refuse(
            "needs a file of customers", key="signed_up", hint=f'Write signed_up = "{FIRST_ACTIVITY}".'
        )
    if found.unknown == "add" and (found.origin == ACTIVITY or found.signed_up):
        section.refuse(
            'is "add", which dates every sign-up by the first activity',
            key="unknown",
            hint=f'Write signed_up = "{FIRST_ACTIVITY}", or unknown = "skip" to leave their activity out.',
        )


def _per_transaction(measure: dc.Measure, value: str, transactions: str) -> dc.Measure:
    """The value of one transaction tells a story of its own, unless the contract has said another."""
    if measure.per == NO_PER:
        return replace(measure, per="")
    fits = measure.name == value != transactions and measure.kind == dc.AMOUNT
    return replace(measure, per=transactions) if fits and transactions and not measure.per else measure


def _as_table(value: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": value} if isinstance(value, str) else dict(value)


def _time_format(section: Section) -> str:
    found = section.text("time_format")
    problem = time_problem(found)
    if problem:
        section.refuse(problem, key="time_format", hint=f"Write one of: {TIME_WORDS}.")
    return found


def counted_words(name: str) -> str:
    """The words for a number of events of a type: `views` of `view`, and `report viewed` as it is."""
    words = name.replace("_", " ")
    return words if words.endswith(("s", "ed")) else f"{words}s"


def canonical(column: str) -> str:
    """A column's name as a name here: lower case, digits and underscores, beginning with a letter."""
    # MonthlyFee and "monthly fee" are the same name; of accented letters the plain ones are left.
    column = unicodedata.normalize("NFKD", column.replace("ß", "ss"))
    column = "".join(c for c in column if not unicodedata.combining(c))
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in spaced.lower())
    name = "_".join(part for part in plain.split("_") if part) or "column"
    return (name if name[0].isalpha() else f"c_{name}")[:40].rstrip("_")
