"""Athena SELECTs that turn raw tables into typed, deduplicated ones, and those that list what was set aside
and why.

Raw columns may have any type (a crawled CSV has strings and bigints, Parquet its own), so each is read
through `TRY_CAST(CAST(x AS varchar) AS type)`. Clean and quarantine share one "judged" query: a row is
either clean (no reason) or set aside (a reason), never both, never neither. Names, e-mail addresses, city
and gender are not selected.
"""

from __future__ import annotations

from datetime import date

from .contract import CATEGORICAL_ATTRIBUTES, HISTORY_WEEKS, MEASURES, ContractError
from .sqltext import table_name, text_literal

CLEAN_CUSTOMER_COLUMNS = ("customer_id", "signup_date", *CATEGORICAL_ATTRIBUTES, "age", "marketing_opt_in")
CLEAN_ACTIVITY_COLUMNS = ("customer_id", *MEASURES, "week")
"""`week` is last: the partition column."""
_AMOUNTS = ("minutes", "spend")


def _text(column: str) -> str:
    return f"NULLIF(TRIM(CAST({column} AS varchar)), '')"


def _date(column: str) -> str:
    # A timestamp reads as "2026-01-05 00:00:00.000": the first ten characters are the day in all cases.
    return f"TRY_CAST(SUBSTR({_text(column)}, 1, 10) AS date)"


def _number(column: str) -> str:
    return f"TRY_CAST({_text(column)} AS double)"


def _judged_customers(source: str) -> str:
    attributes = ",\n      ".join(f"COALESCE({_text(c)}, 'unknown') AS {c}" for c in CATEGORICAL_ATTRIBUTES)
    return f"""WITH typed AS (
    SELECT
      {_text("customer_id")} AS customer_id,
      {_date("signup_date")} AS signup_date,
      {_text("signup_date")} AS signup_text,
      {attributes},
      {_number("age")} AS age,
      {_text("age")} AS age_text,
      CASE LOWER({_text("marketing_opt_in")})
        WHEN 'true' THEN 1 WHEN 't' THEN 1 WHEN 'yes' THEN 1 WHEN 'y' THEN 1 WHEN '1' THEN 1
        WHEN 'false' THEN 0 WHEN 'f' THEN 0 WHEN 'no' THEN 0 WHEN 'n' THEN 0 WHEN '0' THEN 0
      END AS marketing_opt_in
    FROM {table_name(source)}
  ),
  numbered AS (
    SELECT *, ROW_NUMBER() OVER (
      PARTITION BY customer_id
      ORDER BY CASE WHEN signup_date IS NULL THEN 1 ELSE 0 END, signup_date,
        {", ".join(CATEGORICAL_ATTRIBUTES)},
        COALESCE(age, -1), COALESCE(marketing_opt_in, -1)
    ) AS copy_number
    FROM typed
  ),
  judged AS (
    SELECT *, CASE
      WHEN customer_id IS NULL THEN 'customer_id is empty'
      WHEN signup_date IS NULL THEN 'signup_date is not a date'
      WHEN age_text IS NOT NULL AND age IS NULL THEN 'age is not a number'
      WHEN age < 0 OR age > 130 THEN 'age is out of range'
      WHEN copy_number > 1 THEN 'customer_id is repeated'
    END AS reason
    FROM numbered
  )"""


def clean_customers_sql(source: str) -> str:
    """SELECT of the valid customers of a raw table, one row each: `CLEAN_CUSTOMER_COLUMNS`."""
    return f"""{_judged_customers(source)}
  SELECT
    customer_id, signup_date, {", ".join(CATEGORICAL_ATTRIBUTES)},
    age, CAST(marketing_opt_in AS integer) AS marketing_opt_in
  FROM judged
  WHERE reason IS NULL"""


def quarantine_customers_sql(source: str) -> str:
    """SELECT of the customers set aside: `customer_id, signup_date, age` as text and `reason`; nothing
    personal else.
    """
    return f"""{_judged_customers(source)}
  SELECT customer_id, signup_text AS signup_date, age_text AS age, CAST(reason AS varchar) AS reason
  FROM judged
  WHERE reason IS NOT NULL"""


def _judged_activity(source: str, customers: str, from_week: date, as_of: date) -> str:
    if (as_of - from_week).days > 7 * HISTORY_WEEKS:
        raise ContractError(f"At most {HISTORY_WEEKS} weeks can be read at once, not {from_week} to {as_of}.")
    numbers = ",\n      ".join(f"{_number('a.' + m)} AS {m}" for m in MEASURES)
    counts = [m for m in MEASURES if m not in _AMOUNTS]
    checks = "\n      ".join(
        [f"WHEN {m} IS NULL THEN '{m} is not a number'" for m in MEASURES]
        + [f"WHEN {m} < 0 THEN '{m} is negative'" for m in MEASURES]
        + [f"WHEN {m} <> FLOOR({m}) THEN '{m} is not a whole number'" for m in counts]
    )
    # The raw week is compared as text first, so that only the needed partitions are scanned.
    return f"""WITH typed AS (
    SELECT
      {_text("a.customer_id")} AS customer_id,
      CAST(a.week AS varchar) AS week,
      TRY_CAST(CAST(a.week AS varchar) AS date) AS week_date,
      {numbers}
    FROM {table_name(source)} a
    WHERE CAST(a.week AS varchar) >= {text_literal(from_week)}
      AND CAST(a.week AS varchar) < {text_literal(as_of)}
  ),
  numbered AS (
    SELECT t.*, c.customer_id AS known_id, ROW_NUMBER() OVER (
      PARTITION BY t.week, t.customer_id ORDER BY {", ".join("t." + m + " DESC" for m in MEASURES)}
    ) AS copy_number
    FROM typed t
    LEFT JOIN {table_name(customers)} c ON c.customer_id = t.customer_id
  ),
  judged AS (
    SELECT *, CASE
      WHEN customer_id IS NULL THEN 'customer_id is empty'
      WHEN known_id IS NULL THEN 'customer is unknown'
      WHEN week_date IS NULL THEN 'week is not a date'
      WHEN DAY_OF_WEEK(week_date) <> 1 THEN 'week is not a Monday'
      {checks}
      WHEN active_days > 7 THEN 'active_days is above 7'
      WHEN copy_number > 1 THEN 'customer and week are repeated'
    END AS reason
    FROM numbered
  )"""


def clean_activity_sql(source: str, customers: str, from_week: date, as_of: date) -> str:
    """SELECT of the valid activity rows in `[from_week, as_of)`: `CLEAN_ACTIVITY_COLUMNS`, week (varchar)
    last.

    `customers` is the *clean* customers table: activity of others is set aside.

    Raises:
        ContractError: when the window is longer than 52 weeks or a name is malformed.
    """
    typed = ", ".join(m if m in _AMOUNTS else f"CAST({m} AS integer) AS {m}" for m in MEASURES)
    return f"""{_judged_activity(source, customers, from_week, as_of)}
  SELECT customer_id, {typed}, week
  FROM judged
  WHERE reason IS NULL"""


def quarantine_activity_sql(source: str, customers: str, from_week: date, as_of: date) -> str:
    """SELECT of the activity rows set aside in `[from_week, as_of)`: id, week, measures (NULL: unreadable),
    `reason`.
    """
    return f"""{_judged_activity(source, customers, from_week, as_of)}
  SELECT customer_id, week, {", ".join(MEASURES)}, CAST(reason AS varchar) AS reason
  FROM judged
  WHERE reason IS NOT NULL"""
