"""Athena SELECTs of the feature tables. Pure text: the same arguments give the same statement.

How a leak is impossible: activity enters a snapshot only through a join with literal (cut-off, week) pairs
made by `_lookback_rows`, all of them before the cut-off; labels come through `_outlook_rows`, all of them
at or after it. No expression compares dates at run time, so there is no boundary to get wrong in SQL.

One pass over the activity makes per (customer, cut-off) the active days of each of the 12 weeks and
conditional sums of the other measures; everything else is arithmetic on those. Amounts are summed in whole
cents and hundredths, because a sum of floating-point numbers depends on the order of the rows, and a
repeated run must give the same bytes. Literals are written `7E0`, not `7.0`: Trino reads the latter as a
decimal, and dividing decimals keeps one digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from .cleaning import (
    clean_activity_sql,
    clean_customers_sql,
    quarantine_activity_sql,
    quarantine_customers_sql,
)
from .contract import (
    CATEGORICAL_ATTRIBUTES,
    LOOKBACK_WEEKS,
    MAX_SHARDS,
    TARGET_BY_NAME,
    TARGETS,
    ContractError,
    SplitPlan,
    parse_monday,
)
from .dictionary import FEATURES
from .sqltext import create_table_as, date_literal, table_name, text_literal, values

__all__ = [
    "clean_activity_sql",
    "clean_customers_sql",
    "create_table_as",
    "features_score_sql",
    "features_train_sql",
    "quarantine_activity_sql",
    "quarantine_customers_sql",
    "shard_expression",
]

_WEEKS = range(1, LOOKBACK_WEEKS + 1)
# Half-life of two weeks, in thousandths (integers keep the sum exact).
_DECAY = [round(1000 * 0.5 ** ((ago - 1) / 2)) for ago in _WEEKS]


def shard_expression(n_shards: int, column: str = "customer_id") -> str:
    """The shard of a customer in SQL; equals `contract.shard_of`.

    Raises:
        ContractError: when `n_shards` is outside 1 to 100 (Athena writes at most 100 partitions at once).
    """
    if not 1 <= n_shards <= MAX_SHARDS:
        raise ContractError(f"The number of shards must be 1 to {MAX_SHARDS}, not {n_shards}.")
    return f"CAST(FROM_BASE(SUBSTR(TO_HEX(MD5(TO_UTF8({column}))), 1, 8), 16) % {n_shards} AS integer)"


def _lookback_rows(cutoffs: Sequence[date]) -> list[tuple[str, str, str]]:
    """(cut-off, week, weeks ago) for the 12 weeks strictly before each cut-off."""
    return [
        (text_literal(c), text_literal(c - timedelta(weeks=ago)), str(ago)) for c in cutoffs for ago in _WEEKS
    ]


def _outlook_rows(cutoffs: Sequence[date], as_of: date) -> list[tuple[str, str, str]]:
    """(cut-off, week, weeks ahead from 0) for the weeks from each cut-off on that end by `as_of`."""
    longest = max(t.horizon_weeks for t in TARGETS)
    return [
        (text_literal(c), text_literal(c + timedelta(weeks=ahead)), str(ahead))
        for c in cutoffs
        for ahead in range(longest)
        if c + timedelta(weeks=ahead + 1) <= as_of
    ]


def _snapshot_rows(cutoffs: Sequence[date], as_of: date) -> list[tuple[str, ...]]:
    """(cut-off text, cut-off date, 1 when the horizon of each target is complete at `as_of`)."""
    return [
        (
            text_literal(c),
            date_literal(c),
            *(str(int(c + timedelta(weeks=t.horizon_weeks) <= as_of)) for t in TARGETS),
        )
        for c in cutoffs
    ]


def _d(ago: int) -> str:
    return f"d{ago:02d}"


def _days(first: int, last: int) -> str:
    return "(" + " + ".join(_d(ago) for ago in range(first, last + 1)) + ")"


def _weeks_active(last: int) -> str:
    return "(" + " + ".join(f"CASE WHEN {_d(ago)} > 0 THEN 1 ELSE 0 END" for ago in range(1, last + 1)) + ")"


def _sum(measure: str, first: int, last: int, scale: int = 1) -> str:
    value = measure if scale == 1 else f"CAST(ROUND({measure} * {scale}) AS bigint)"
    if (first, last) == (1, LOOKBACK_WEEKS):
        return f"SUM({value})"
    return f"SUM(CASE WHEN ago BETWEEN {first} AND {last} THEN {value} ELSE 0 END)"


def _history_columns() -> dict[str, str]:
    """Aggregates over the activity rows of one customer and cut-off, by name."""
    columns = {_d(ago): f"SUM(CASE WHEN ago = {ago} THEN active_days ELSE 0 END)" for ago in _WEEKS}
    for measure in ("sessions", "posts", "likes", "messages", "purchases", "support_tickets"):
        columns[f"{measure}_4w"] = _sum(measure, 1, 4)
        columns[f"{measure}_12w"] = _sum(measure, 1, 12)
    columns["sessions_prev"] = _sum("sessions", 5, 8)
    for measure in ("minutes", "spend"):
        columns[f"{measure}_4w"] = _sum(measure, 1, 4, 100)
        columns[f"{measure}_12w"] = _sum(measure, 1, 12, 100)
    columns["spend_prev"] = _sum("spend", 5, 8, 100)
    columns["spend_max"] = "MAX(CAST(ROUND(spend * 100) AS bigint))"
    columns["purchase_weeks"] = "SUM(CASE WHEN purchases > 0 THEN 1 ELSE 0 END)"
    columns["purchase_ago"] = "MIN(CASE WHEN purchases > 0 THEN ago END)"
    return columns


# Longest run of zeros between the first and the last active week: 10 at most in 12 weeks.
_LONGEST_GAP = (
    "CASE "
    + " ".join(
        f"WHEN STRPOS(inner_pattern, '{'0' * n}') > 0 THEN {n}" for n in range(LOOKBACK_WEEKS - 2, 0, -1)
    )
    + " ELSE 0 END"
)


def _expressions() -> dict[str, str]:
    """SQL of each feature over the columns of `shaped`."""
    squares = " + ".join(f"{_d(a)} * {_d(a)}" for a in _WEEKS)
    slope = " + ".join(f"({LOOKBACK_WEEKS + 1 - 2 * a}) * {_d(a)}" for a in _WEEKS)
    decayed = " + ".join(f"{w} * {_d(a)}" for a, w in zip(_WEEKS, _DECAY, strict=True))
    total = _days(1, LOOKBACK_WEEKS)
    most = "GREATEST(" + ", ".join(_d(a) for a in _WEEKS) + ")"
    day_angle = "2 * PI() * DAY_OF_YEAR(cutoff_date) / 365.25E0"
    silence = f"COALESCE(last_ago - 1, LEAST({LOOKBACK_WEEKS}, tenure_days / 7E0))"
    usual = "CASE WHEN weeks_12 >= 2 THEN (first_ago - last_ago) * 1E0 / (weeks_12 - 1) END"
    found = {
        "age": "age",
        "marketing_opt_in": "marketing_opt_in",
        "tenure_weeks": "FLOOR(tenure_days / 7E0)",
        "observed_weeks_12": f"LEAST({LOOKBACK_WEEKS}, CEIL(tenure_days / 7E0))",
        "days_since_active": f"COALESCE(7 * (last_ago - 1), LEAST({7 * LOOKBACK_WEEKS}, tenure_days))",
        "usual_gap_weeks": usual,
        "longest_gap_weeks": _LONGEST_GAP,
        "silence_ratio": f"{silence} / COALESCE({usual}, {LOOKBACK_WEEKS}E0)",
        "active_streak_weeks": "STRPOS(CONCAT(pattern, '0'), '0') - 1",
        **{f"active_days_{n}w": _days(1, n) for n in (1, 2, 4, 8, 12)},
        "active_weeks_4": "weeks_4",
        "active_weeks_8": "weeks_8",
        "active_weeks_12": "weeks_12",
        "active_days_per_active_week": f"{_days(1, 12)} * 1E0 / NULLIF(weeks_12, 0)",
        "active_days_weighted": f"({decayed}) / 1E3",
        "active_days_max": most,
        "active_days_std": f"SQRT({LOOKBACK_WEEKS} * ({squares}) - {total} * {total}) / {LOOKBACK_WEEKS}E0",
        "active_days_trend": f"{_days(1, 4)} - {_days(5, 8)}",
        # Sum of squared deviations of 1..12 is 143; the factor 2 is in the integer weights.
        "active_days_slope": f"({slope}) / 286E0",
        "sessions_trend": "sessions_4w - sessions_prev",
        "minutes_per_session": "minutes_12w / 1E2 / NULLIF(sessions_12w, 0)",
        "purchase_weeks_12": "purchase_weeks",
        "days_since_purchase": "7 * (purchase_ago - 1)",
        "spend_trend": "(spend_4w - spend_prev) / 1E2",
        "spend_per_purchase": "spend_12w / 1E2 / NULLIF(purchases_12w, 0)",
        "spend_max": "spend_max / 1E2",
        "season_sin": f"SIN({day_angle})",
        "season_cos": f"COS({day_angle})",
    }
    for measure in ("sessions", "posts", "likes", "messages", "purchases", "support_tickets"):
        found |= {f"{measure}_{n}w": f"{measure}_{n}w" for n in (4, 12)}
    for measure in ("minutes", "spend"):
        found |= {f"{measure}_{n}w": f"{measure}_{n}w / 1E2" for n in (4, 12)}
    return found


def _feature_list() -> str:
    expressions = _expressions()
    return ",\n    ".join(
        f.name if f.categorical else f"CAST({expressions[f.name]} AS real) AS {f.name}" for f in FEATURES
    )


def _common_tables(customers: str, activity: str, cutoffs: Sequence[date], as_of: date) -> str:
    """Common table expressions up to `shaped`: one row per customer and cut-off with its aggregates."""
    if not cutoffs:
        raise ContractError("There is no cut-off to make features for.")
    for day in cutoffs:
        parse_monday(day, "cut-off")
        if day > as_of:
            raise ContractError(f"The cut-off {day} lies after the as-of date {as_of}.")
    history = _history_columns()
    first, last = min(cutoffs) - timedelta(weeks=LOOKBACK_WEEKS), max(cutoffs)
    complete = [f"{t.name}_known" for t in TARGETS]
    aggregates = ",\n    ".join(f"{sql} AS {name}" for name, sql in history.items())
    filled = ",\n    ".join(
        f"h.{name}" if name == "purchase_ago" else f"COALESCE(h.{name}, 0) AS {name}" for name in history
    )
    bits = ", ".join(f"CASE WHEN {_d(a)} > 0 THEN '1' ELSE '0' END" for a in _WEEKS)
    attributes = ", ".join(f"c.{name}" for name in CATEGORICAL_ATTRIBUTES)
    snapshots = values("snapshots", ["cutoff", "cutoff_date", *complete], _snapshot_rows(cutoffs, as_of))
    return f"""WITH {snapshots},
{values("lookback", ["cutoff", "week", "ago"], _lookback_rows(cutoffs))},
history AS (
  SELECT
    l.cutoff, a.customer_id,
    {aggregates}
  FROM {table_name(activity)} a
  JOIN lookback l ON l.week = a.week
  WHERE a.week >= {text_literal(first)} AND a.week < {text_literal(last)}
  GROUP BY l.cutoff, a.customer_id
),
population AS (
  SELECT
    s.*, c.customer_id, {attributes}, c.age, c.marketing_opt_in,
    DATE_DIFF('day', c.signup_date, s.cutoff_date) AS tenure_days
  FROM {table_name(customers)} c
  CROSS JOIN snapshots s
  WHERE c.signup_date < s.cutoff_date
),
filled AS (
  SELECT
    p.*,
    {filled}
  FROM population p
  LEFT JOIN history h ON h.customer_id = p.customer_id AND h.cutoff = p.cutoff
),
patterned AS (
  SELECT *,
    CONCAT({bits}) AS pattern,
    {_weeks_active(4)} AS weeks_4,
    {_weeks_active(8)} AS weeks_8,
    {_weeks_active(12)} AS weeks_12
  FROM filled
),
shaped AS (
  SELECT *,
    TRIM(BOTH '0' FROM pattern) AS inner_pattern,
    NULLIF(STRPOS(pattern, '1'), 0) AS last_ago,
    NULLIF({LOOKBACK_WEEKS + 1} - STRPOS(REVERSE(pattern), '1'), {LOOKBACK_WEEKS + 1}) AS first_ago
  FROM patterned
)"""


def features_train_sql(customers: str, activity: str, plan: SplitPlan) -> str:
    """SELECT of the training table: `customer_id`, the features, `engagement, churned, value`, and last
    `cutoff` (varchar).

    One row for each labelled cut-off of the plan and customer who signed up before it. A label is NULL
    where its horizon is not over at `plan.as_of`. `customers` and `activity` are clean tables.

    Raises:
        ContractError: when a table name is malformed.
    """
    cutoffs = plan.labelled
    near = TARGET_BY_NAME["churn"].horizon_weeks
    far = TARGET_BY_NAME["value"].horizon_weeks
    outlook = _outlook_rows(cutoffs, plan.as_of)
    return f"""{_common_tables(customers, activity, cutoffs, plan.as_of)},
{values("outlook", ["cutoff", "week", "ahead"], outlook)},
future AS (
  SELECT
    o.cutoff, a.customer_id,
    SUM(CASE WHEN o.ahead < {near} THEN a.active_days ELSE 0 END) AS days_ahead,
    SUM(CASE WHEN o.ahead < {far} THEN CAST(ROUND(a.spend * 100) AS bigint) ELSE 0 END) AS cents_ahead
  FROM {table_name(activity)} a
  JOIN outlook o ON o.week = a.week
  WHERE a.week >= {text_literal(cutoffs[0])} AND a.week < {text_literal(plan.as_of)}
  GROUP BY o.cutoff, a.customer_id
)
  SELECT
    shaped.customer_id,
    {_feature_list()},
    CAST(CASE WHEN engagement_known = 1 THEN COALESCE(days_ahead, 0) / {7 * near}E0 END AS double)
      AS engagement,
    CAST(
      CASE WHEN churn_known = 0 THEN NULL WHEN COALESCE(days_ahead, 0) > 0 THEN 0 ELSE 1 END AS integer
    ) AS churned,
    CAST(CASE WHEN value_known = 1 THEN COALESCE(cents_ahead, 0) / 1E2 END AS double) AS value,
    shaped.cutoff AS cutoff
  FROM shaped
  LEFT JOIN future f ON f.customer_id = shaped.customer_id AND f.cutoff = shaped.cutoff"""


def features_score_sql(customers: str, activity: str, as_of: date, n_shards: int) -> str:
    """SELECT of the scoring table at `as_of`: `customer_id`, the features, and last `shard` (integer).

    Raises:
        ContractError: when `as_of` is no Monday, a name is malformed, or `n_shards` is outside 1 to 100.
    """
    return f"""{_common_tables(customers, activity, [as_of], as_of)}
  SELECT
    customer_id,
    {_feature_list()},
    {shard_expression(n_shards)} AS shard
  FROM shaped"""
