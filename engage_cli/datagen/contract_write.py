"""Writes a contract as the TOML file that a user reads and changes; `contract_file` reads it again."""

import json
from collections.abc import Mapping
from pathlib import Path

from engage_ml import data_contract as dc

from engage_cli.datagen.contract_file import (
    ACTIVITY,
    FILE,
    FIRST_ACTIVITY,
    NO_PER,
    TARGETS,
    Activity,
    Customers,
    FileContract,
    Source,
    counted_words,
)

_HEADER = """\
# The data contract: what the raw files hold, and what is predicted from them.
# Every key is explained in docs/guides/your_own_data.md. Check it with: engage data-contract check {file}
"""
_NO_ACTIVITY = """
# There is no history: without it nothing can be predicted. engage data-contract check {file} says why.
# A history is one row for each event (or each week) of a customer, with its time:
# [activity]
# kind = "events"
# customer = "customer_id"
# time = "event_time"
# [activity.measures]
# amount = "amount"
"""


def default_contract() -> FileContract:
    """The contract of the synthetic data, with the columns of `engage generate-data`."""
    found = dc.DEFAULT
    names = [a.name for a in (*found.attributes, *found.protected)]
    names += [*found.personal, *(m.name for m in found.measures)]
    return FileContract(
        contract=found,
        customers=Customers(origin=FILE, id="customer_id", signed_up="signup_date"),
        activity=Activity(days="active_days"),
        columns={name: Source(name) for name in names},
        negative={m.name: "refuse" for m in found.measures},
    )


def render_contract(found: FileContract, comments: Mapping[str, str], file: Path) -> str:
    """The text of a contract file. `comments` is by place, such as `activity.time`."""
    writer = _Writer(comments)
    writer.value("name", found.contract.name)
    _customers(writer, found)
    _activity(writer, found)
    _predict(writer, found.contract)
    return _HEADER.format(file=file) + "\n".join(writer.lines) + "\n"


def render_customers(found: FileContract, comments: Mapping[str, str], file: Path) -> str:
    """The text of a contract that has customers and no history yet."""
    writer = _Writer(comments)
    writer.value("name", found.contract.name)
    _customers(writer, found)
    return _HEADER.format(file=file) + "\n".join(writer.lines) + "\n" + _NO_ACTIVITY.format(file=file)


class _Writer:
    """Lines of TOML; a key with a comment has it in the line above."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self._place = ""
        self.lines: list[str] = []

    def section(self, place: str) -> None:
        self._place = place
        self.lines += ["", f"[{place}]"]
        self._comment(place)

    def value(self, key: str, value: object, default: object = None) -> None:
        """`key = value`, unless it is the default."""
        if value == default:
            return
        self._comment(f"{self._place}.{key}")
        self.lines.append(f"{_key(key)} = {_toml(value)}")

    def entry(self, name: str, kind: str, more: Mapping[str, object]) -> None:
        """A name with its kind alone, or with a table when there is more to say."""
        table = {k: v for k, v in more.items() if v not in ("", (), None)}
        self._comment(f"{self._place}.{name}")
        if not table:
            self.lines.append(f"{_key(name)} = {_toml(kind)}")
            return
        inside = {"kind": kind, **table} if kind else table
        self.lines.append(f"{_key(name)} = {_toml(inside)}")

    def _comment(self, place: str) -> None:
        if place in self._comments:
            self.lines.append("# " + " ".join(self._comments[place].split()))


def _customers(writer: _Writer, found: FileContract) -> None:
    people, contract = found.customers, found.contract
    writer.section("customers")
    if people.origin == ACTIVITY:
        writer.value("from", ACTIVITY)
    else:
        writer.value("id", people.id)
        writer.value("signed_up", people.signed_up or FIRST_ACTIVITY)
        writer.value("time_format", people.time_format, "")
        writer.value("unknown", people.unknown, "refuse")
        writer.value("repeated", people.repeated, "refuse")
    writer.value("decimal", people.decimal, ".")
    writer.value("personal", [found.columns[name].column for name in contract.personal], [])
    writer.value("ignore", list(people.ignore), [])
    for section, listed in (("attributes", contract.attributes), ("protected", contract.protected)):
        if listed:
            writer.section(f"customers.{section}")
        for a in listed:
            column = found.columns[a.name].column
            writer.entry(
                a.name,
                a.kind,
                {
                    "column": column if column != a.name else "",
                    "meaning": a.meaning,
                    "unit": a.unit,
                    "bands": list(a.bands) or (),
                    "min": a.minimum,
                    "max": a.maximum,
                },
            )


def _activity(writer: _Writer, found: FileContract) -> None:
    rows, contract = found.activity, found.contract
    events = contract.kind == dc.EVENTS
    writer.section("activity")
    writer.value("kind", contract.kind)
    writer.value("customer", rows.customer)
    writer.value("time" if events else "week", rows.time)
    writer.value("time_format", rows.time_format, "")
    writer.value("week_starts", rows.week_starts, "monday")
    writer.value("days", rows.days, "")
    if events:
        writer.value("event", contract.measure(dc.EVENTS).noun, "event")
        writer.value("event_id", rows.event_id, "")
        writer.value("type", rows.type, "")
    writer.value("anonymous", rows.anonymous, "refuse")
    writer.value("repeated", rows.repeated, "keep")
    writer.value("decimal", rows.decimal, ".")
    writer.value("ignore", list(rows.ignore), [])
    own = [m for m in contract.measures if m.name in found.columns]
    if own:
        writer.section("activity.measures")
    for m in own:
        writer.entry(m.name, m.kind, _measure(found, m))
    if contract.types:
        writer.section("activity.types")
    for name, value in contract.types.items():
        m = contract.measure(name)
        plain = m.meaning == m.unit == counted_words(name) and not m.one and not m.group
        said = {"meaning": m.meaning, "unit": m.unit, "one": m.one, "group": m.group}
        writer.value(name, value if plain else {"value": value, **{k: v for k, v in said.items() if v}})


def _measure(found: FileContract, m: dc.Measure) -> dict[str, object]:
    source, contract = found.columns[m.name], found.contract
    is_value = m.name == contract.value != contract.transactions and m.kind == dc.AMOUNT
    usual = contract.transactions if is_value else ""
    return {
        "column": source.column if source.column != m.name else "",
        "times": source.times,
        "of": source.of,
        "meaning": m.meaning,
        "unit": m.unit,
        "one": m.one,
        "group": m.group,
        "per": "" if m.per == usual else m.per or NO_PER,
        "negative": found.negative[m.name] if found.negative[m.name] != "refuse" else "",
    }


def _predict(writer: _Writer, contract: dc.DataContract) -> None:
    writer.section("predict")
    for target in TARGETS:
        writer.value(f"{target}_weeks", contract.horizons[target])
    writer.value("lookback_weeks", contract.lookback_weeks)
    writer.value("active", list(contract.active), [])
    writer.value("value", contract.value)
    writer.value("transactions", contract.transactions)
    writer.value("currency", contract.currency, "")


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else json.dumps(name)


def _toml(value: object) -> str:
    """A TOML value: a basic string of TOML is written as one of JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)
