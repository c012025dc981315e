"""Athena SELECTs that turn raw tables into typed, deduplicated ones, and those that list what was set aside
and why.

Raw columns may have any type (a crawled CSV has strings and bigints, Parquet its own), so each is read
through `TRY_CAST(CAST(x AS varchar) AS type)`. Clean and quarantine share one "judged" query: a row is
either clean (no reason) or set aside (a reason), never both, never neither. Personal columns are not
selected. Events are rolled up to weeks here, after they were judged one by one.
"""

from __future__ import annotations

from datetime import date

from .contract import HISTORY_WEEKS, ContractError
from .data_contract import AMOUNT, BOOLEAN, CATEGORY, EVENTS, NUMBER, Attribute, DataContract, Measure
from .sqltext import identifier, number, table_name, text, text_literal


def clean_customer_columns(contract: DataContract) -> tuple[str, ...]:
    """The columns of the clean customers, in order."""
    own = (a.name for a in (*contract.attributes, *contract.protected))
    return ("customer_id", "signup_date", *own)


def clean_activity_columns(contract: DataContract) -> tuple[str, ...]:
    """The columns of the clean activity, in order; `week` is last: the partition column."""
    return ("customer_id", "active_days", *(m.name for m in contract.measures), "week")


def _text(column: str) -> str:
    return f"NULLIF(TRIM(CAST({column} AS varchar)), '')"


def _date(column: str) -> str:
    # A timestamp reads as "2026-01-05 00:00:00.000": the first ten characters are the day in all cases.
    return f"TRY_CAST(SUBSTR({_text(column)}, 1, 10) AS date)"


def _number(column: str) -> str:
    return f"TRY_CAST({_text(column)} AS double)"


def _typed_attribute(a: Attribute) -> str:
    """A raw attribute in its type, as `name`; of a number also its text, as `name_text`."""
    column = identifier(a.name)
    if a.kind == CATEGORY:
        return f"COALESCE({_text(column)}, 'unknown') AS {column}"
    if a.kind == NUMBER:
        return f"{_number(column)} AS {column},\n      {_text(column)} AS {_text_column(a)}"
    return f"""CASE LOWER({_text(column)})
        WHEN 'true' THEN 1 WHEN 't' THEN 1 WHEN 'yes' THEN 1 WHEN 'y' THEN 1 WHEN '1' THEN 1
        WHEN 'false' THEN 0 WHEN 'f' THEN 0 WHEN 'no' THEN 0 WHEN 'n' THEN 0 WHEN '0' THEN 0
      END AS {column}"""


def _text_column(a: Attribute) -> str:
    return identifier(f"{a.name}_text")


def _attribute_checks(a: Attribute) -> list[str]:
    if a.kind != NUMBER:
        return []
    column = identifier(a.name)
    found = [f"WHEN {_text_column(a)} IS NOT NULL AND {column} IS NULL THEN '{a.name} is not a number'"]
    if a.minimum is not None:
        found.append(f"WHEN {column} < {number(a.minimum)} THEN '{a.name} is out of range'")
    if a.maximum is not None:
        found.append(f"WHEN {column} > {number(a.maximum)} THEN '{a.name} is out of range'")
    return found


def _judged_customers(contract: DataContract, source: str) -> str:
    own = (*contract.attributes, *contract.protected)
    attributes = "".join(f",\n      {_typed_attribute(a)}" for a in own)
    # A repeated customer keeps the same row whatever the order of the files.
    order = "".join(f", COALESCE(CAST({identifier(a.name)} AS varchar), '')" for a in own)
    checks = "\n      ".join(check for a in own for check in _attribute_checks(a))
    return f"""WITH typed AS (
    SELECT
      {_text("customer_id")} AS customer_id,
      {_date("signup_date")} AS signup_date,
      {_text("signup_date")} AS signup_text{attributes}
    FROM {table_name(source)}
  ),
  numbered AS (
    SELECT *, ROW_NUMBER() OVER (
      PARTITION BY customer_id
      ORDER BY CASE WHEN signup_date IS NULL THEN 1 ELSE 0 END, signup_date{order}
    ) AS copy_number
    FROM typed
  ),
  judged AS (
    SELECT *, CASE
      WHEN customer_id IS NULL THEN 'customer_id is empty'
      WHEN signup_date IS NULL THEN 'signup_date is not a date'
      {checks}
      WHEN copy_number > 1 THEN 'customer_id is repeated'
    END AS reason
    FROM numbered
  )"""


def clean_customers_sql(contract: DataContract, source: str) -> str:
    """SELECT of the valid customers of a raw table, one row each: `clean_customer_columns`."""
    kinds = {CATEGORY: "varchar", NUMBER: "double", BOOLEAN: "integer"}
    own = "".join(
        f",\n    CAST({identifier(a.name)} AS {kinds[a.kind]}) AS {identifier(a.name)}"
        for a in (*contract.attributes, *contract.protected)
    )
    return f"""{_judged_customers(contract, source)}
  SELECT
    customer_id, signup_date{own}
  FROM judged
  WHERE reason IS NULL"""


def quarantine_customers_sql(contract: DataContract, source: str) -> str:
    """SELECT of the customers set aside: `customer_id, signup_date`, the numbers as text, and `reason`;
    nothing personal else.
    """
    numbers = "".join(f", {_text_column(a)} AS {identifier(a.name)}" for a in contract.of_kind(NUMBER))
    return f"""{_judged_customers(contract, source)}
  SELECT customer_id, signup_text AS signup_date{numbers}, CAST(reason AS varchar) AS reason
  FROM judged
  WHERE reason IS NOT NULL"""


def _window(source: str, from_week: date, as_of: date) -> str:
    if (as_of - from_week).days > 7 * HISTORY_WEEKS:
        raise ContractError(f"At most {HISTORY_WEEKS} weeks can be read at once, not {from_week} to {as_of}.")
    # The raw week is compared as text first, so that only the needed partitions are scanned.
    return f"""FROM {table_name(source)} a
    WHERE CAST(a.week AS varchar) >= {text_literal(from_week)}
      AND CAST(a.week AS varchar) < {text_literal(as_of)}"""


def _common_checks(own: str, known: str) -> str:
    return f"""WHEN {own} IS NULL THEN 'customer_id is empty'
      WHEN {known} IS NULL THEN 'customer is unknown'
      WHEN week_date IS NULL THEN 'week is not a date'
      WHEN DAY_OF_WEEK(week_date) <> 1 THEN 'week is not a Monday'"""


def _measure_checks(measures: tuple[Measure, ...], days: bool) -> str:
    counts = [m.name for m in measures if m.kind != AMOUNT] + (["active_days"] if days else [])
    names = [m.name for m in measures] + (["active_days"] if days else [])
    positive = [m.name for m in measures if not m.negative] + (["active_days"] if days else [])
    return "\n      ".join(
        [f"WHEN {identifier(n)} IS NULL THEN '{n} is not a number'" for n in names]
        + [f"WHEN {identifier(n)} < 0 THEN '{n} is negative'" for n in positive]
        + [f"WHEN {identifier(n)} <> FLOOR({identifier(n)}) THEN '{n} is not a whole number'" for n in counts]
        + (["WHEN active_days > 7 THEN 'active_days is above 7'"] if days else [])
    )


def _judged_weeks(contract: DataContract, source: str, customers: str, from_week: date, as_of: date) -> str:
    days = contract.days_known
    columns = (["active_days"] if days else []) + [m.name for m in contract.measures]
    numbers = ",\n      ".join(f"{_number('a.' + identifier(n))} AS {identifier(n)}" for n in columns)
    return f"""WITH typed AS (
    SELECT
      {_text("a.customer_id")} AS customer_id,
      CAST(a.week AS varchar) AS week,
      TRY_CAST(CAST(a.week AS varchar) AS date) AS week_date,
      {numbers}
    {_window(source, from_week, as_of)}
  ),
  numbered AS (
    SELECT t.*, c.customer_id AS known_id, ROW_NUMBER() OVER (
      PARTITION BY t.week, t.customer_id ORDER BY {", ".join(f"t.{identifier(n)} DESC" for n in columns)}
    ) AS copy_number
    FROM typed t
    LEFT JOIN {table_name(customers)} c ON c.customer_id = t.customer_id
  ),
  judged AS (
    SELECT *, CASE
      {_common_checks("customer_id", "known_id")}
      {_measure_checks(contract.measures, days)}
      WHEN copy_number > 1 THEN 'customer and week are repeated'
    END AS reason
    FROM numbered
  )"""


def _judged_events(contract: DataContract, source: str, customers: str, from_week: date, as_of: date) -> str:
    kind = f",\n      {_text('a.event_type')} AS event_type" if contract.types else ""
    numbers = "".join(
        f",\n      {_number('a.' + identifier(m.name))} AS {identifier(m.name)}"
        for m in contract.raw_measures
    )
    checks = _measure_checks(contract.raw_measures, days=False)
    return f"""WITH typed AS (
    SELECT
      {_text("a.customer_id")} AS customer_id,
      CAST(a.week AS varchar) AS week,
      TRY_CAST(CAST(a.week AS varchar) AS date) AS week_date,
      {_date("a.event_time")} AS event_day{kind}{numbers}
    {_window(source, from_week, as_of)}
  ),
  judged AS (
    SELECT t.*, CASE
      {_common_checks("t.customer_id", "c.customer_id")}
      WHEN event_day IS NULL THEN 'event_time is not a time'
      WHEN event_day < week_date OR event_day > DATE_ADD('day', 6, week_date)
        THEN 'event_time is outside the week'
      {checks}
    END AS reason
    FROM typed t
    LEFT JOIN {table_name(customers)} c ON c.customer_id = t.customer_id
  )"""


def clean_activity_sql(
    contract: DataContract, source: str, customers: str, from_week: date, as_of: date
) -> str:
    """SELECT of the valid activity in `[from_week, as_of)`, one row a customer and week:
    `clean_activity_columns`, week (varchar) last.

    `customers` is the *clean* customers table: activity of others is set aside.

    Raises:
        ContractError: when the window is longer than `HISTORY_WEEKS` or a name is malformed.
    """
    window = (source, customers, from_week, as_of)
    if contract.kind == EVENTS:
        return f"""{_judged_events(contract, *window)}
  SELECT
    customer_id,
    CAST(COUNT(DISTINCT {_if_active(contract, "event_day")}) AS bigint) AS active_days,
    {_rolled_up(contract)},
    week
  FROM judged
  WHERE reason IS NULL
  GROUP BY customer_id, week"""
    typed = ", ".join(
        identifier(m.name)
        if m.kind == AMOUNT
        else f"CAST({identifier(m.name)} AS bigint) AS {identifier(m.name)}"
        for m in contract.measures
    )
    return f"""{_judged_weeks(contract, *window)}
  SELECT customer_id, CAST({_weekly_activity(contract)} AS bigint) AS active_days, {typed}, week
  FROM judged
  WHERE reason IS NULL"""


def _weekly_activity(contract: DataContract) -> str:
    if contract.days_known:
        return "active_days"
    names = contract.active or tuple(m.name for m in contract.measures)
    any_of = " OR ".join(f"{identifier(n)} > 0" for n in names)
    return f"CASE WHEN {any_of} THEN 1 ELSE 0 END"


def _if_active(contract: DataContract, value: str) -> str:
    """The value on events that make a day active, else NULL."""
    if not contract.active:
        return value
    wanted = ", ".join(text(contract.types[name]) for name in contract.active)
    return f"CASE WHEN event_type IN ({wanted}) THEN {value} END"


def _rolled_up(contract: DataContract) -> str:
    """The measures of a week from its events. Amounts are summed in hundredths, so that no order matters."""
    parts = []
    for m in contract.measures:
        name = identifier(m.name)
        if m.name == EVENTS:
            sql = "COUNT(*)"
        elif m.name in contract.types:
            sql = f"SUM(CASE WHEN event_type = {text(contract.types[m.name])} THEN 1 ELSE 0 END)"
        elif m.kind == AMOUNT:
            sql = f"SUM(CAST(ROUND({name} * 100) AS bigint)) / 1E2"
        else:
            sql = f"SUM(CAST({name} AS bigint))"
        parts.append(f"CAST({sql} AS {'double' if m.kind == AMOUNT else 'bigint'}) AS {name}")
    return ",\n    ".join(parts)


def quarantine_activity_sql(
    contract: DataContract, source: str, customers: str, from_week: date, as_of: date
) -> str:
    """SELECT of the activity rows set aside in `[from_week, as_of)`: id, week, measures (NULL: unreadable),
    `reason`.
    """
    window = (source, customers, from_week, as_of)
    judged = (_judged_events if contract.kind == EVENTS else _judged_weeks)(contract, *window)
    names = [m.name for m in contract.raw_measures]
    if contract.kind != EVENTS and contract.days_known:
        names.insert(0, "active_days")
    columns = "".join(f", {identifier(n)}" for n in names)
    return f"""{judged}
  SELECT customer_id, week{columns}, CAST(reason AS varchar) AS reason
  FROM judged
  WHERE reason IS NOT NULL"""
