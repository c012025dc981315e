"""The two raw shapes of a user's own contract: which columns a file must have, and how each is read."""

from dataclasses import replace

from engage_ml import data_contract as dc

from engage_cli.datagen.contract_file import ACTIVITY as FROM_ACTIVITY
from engage_cli.datagen.contract_file import FileContract
from engage_cli.datagen.shapes import ACTIVITY_PREFIX, CUSTOMERS_PREFIX, Column, ColumnType, Reading, Shape

EVENT_ID = "_event_id"
_KINDS: dict[str, ColumnType] = {dc.CATEGORY: "string", dc.NUMBER: "double", dc.BOOLEAN: "boolean"}


def customers_shape(found: FileContract) -> Shape:
    """The columns of the customers file, by their canonical names."""
    people = found.customers
    columns = [Column("customer_id", "string", required=True, reading=Reading(people.id))]
    if people.signed_up:
        reading = Reading(people.signed_up, time_format=people.time_format)
        columns.append(Column("signup_date", "date", required=True, reading=reading))
    columns += _attributes(found, people.decimal)
    columns += [
        Column(name, "string", personal=True, reading=Reading(found.columns[name].column))
        for name in found.contract.personal
    ]
    return Shape("customers", CUSTOMERS_PREFIX, tuple(columns))


def activity_shape(found: FileContract) -> Shape:
    """The columns of the activity files; those of customers, too, when they come from the activity."""
    rows, contract = found.activity, found.contract
    anonymous = Reading(rows.customer, when_empty="skip" if rows.anonymous == "skip" else "refuse")
    columns = [Column("customer_id", "string", required=True, reading=anonymous)]
    if contract.kind == dc.EVENTS:
        reading = Reading(rows.time, time_format=rows.time_format)
        columns.append(Column("event_time", "time", required=True, reading=reading))
        if rows.event_id:
            columns.append(Column(EVENT_ID, "string", reading=Reading(rows.event_id, goes_to="nothing")))
        if contract.types:
            columns.append(Column("event_type", "string", reading=Reading(rows.type)))
    else:
        reading = Reading(rows.time, time_format=rows.time_format, week_starts=rows.week_starts)
        columns.append(Column("week", "date", required=True, reading=reading))
        if contract.days_known:
            days = Column("active_days", "int", required=True, default=0, minimum=0, maximum=7)
            columns.append(replace(days, reading=Reading(rows.days)))
    columns += [_measure(found, m) for m in contract.raw_measures]
    if found.customers.origin == FROM_ACTIVITY:
        columns += [
            replace(c, reading=replace(c.reading, goes_to="customers"))
            for c in _attributes(found, rows.decimal)
            if c.reading
        ]
    return Shape("activity", ACTIVITY_PREFIX, tuple(columns))


def _attributes(found: FileContract, decimal: str) -> list[Column]:
    return [
        Column(
            a.name,
            _KINDS[a.kind],
            minimum=a.minimum,
            maximum=a.maximum,
            reading=Reading(found.columns[a.name].column, decimal=decimal),
        )
        for a in (*found.contract.attributes, *found.contract.protected)
    ]


def _measure(found: FileContract, measure: dc.Measure) -> Column:
    source = found.columns[measure.name]
    said = found.negative[measure.name]
    reading = Reading(
        source.column,
        source.times,
        only_type=found.contract.types.get(source.of, ""),
        decimal=found.activity.decimal,
        when_negative="keep" if said == "keep" else "drop" if said == "drop" else "refuse",
    )
    amount = measure.kind == dc.AMOUNT
    return Column(
        measure.name,
        "double" if amount else "long",
        default=0.0 if amount else 0,
        minimum=0 if said == "refuse" else None,
        reading=reading,
    )
