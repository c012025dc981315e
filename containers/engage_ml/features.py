"""Athena SELECTs of the feature tables. Pure text: the same arguments give the same statement.

How a leak is impossible: activity enters a snapshot only through a join with literal (cut-off, week) pairs
made by `_past_rows`, all of them before the cut-off; labels come through `_outlook_rows`, all of them
at or after it. No expression compares dates at run time, so there is no boundary to get wrong in SQL.

One pass over the activity makes per (customer, cut-off) the active days of each week of the lookback and
conditional sums of the contract's measures; everything else is arithmetic on those. Amounts are summed in
hundredths, because a sum of floating-point numbers depends on the order of the rows, and a repeated run
must give the same bytes. Literals are written `7E0`, not `7.0`: Trino reads the latter as a
decimal, and dividing decimals keeps one digit.

The activity is read by customer: an engine that adds up groups as rows come (the local one) then sees each
group once and keeps seventy sums for it once, which for 100,000 customers fits its memory; by week, it wrote
900 MB to disk. Trino drops an ORDER BY in a subquery (https://github.com/trinodb/trino/pull/818).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from .cleaning import (
    clean_activity_columns,
    clean_activity_sql,
    clean_customers_sql,
    quarantine_activity_sql,
    quarantine_customers_sql,
)
from .contract import MAX_SHARDS, ContractError, SplitPlan, parse_monday
from .data_contract import AMOUNT, CATEGORY, DataContract, Measure
from .dictionary import dictionary, ratio_name
from .sqltext import create_table_as, date_literal, identifier, number, table_name, text, text_literal, values

__all__ = [
    "clean_activity_sql",
    "clean_customers_sql",
    "create_table_as",
    "features_score_sql",
    "features_train_sql",
    "group_column",
    "quarantine_activity_sql",
    "quarantine_customers_sql",
    "shard_expression",
]


def shard_expression(n_shards: int, column: str = "customer_id") -> str:
    """The shard of a customer in SQL; equals `contract.shard_of`.

    Raises:
        ContractError: when `n_shards` is outside 1 to 100 (Athena writes at most 100 partitions at once).
    """
    if not 1 <= n_shards <= MAX_SHARDS:
        raise ContractError(f"The number of shards must be 1 to {MAX_SHARDS}, not {n_shards}.")
    return f"CAST(FROM_BASE(SUBSTR(TO_HEX(MD5(TO_UTF8({column}))), 1, 8), 16) % {n_shards} AS integer)"


def group_column(name: str) -> str:
    """The column of the training table with a customer's group, for the fairness report alone."""
    return f"group_{name}"


def _past_rows(cutoffs: Sequence[date], first_week: date) -> list[tuple[str, str, str]]:
    """(cut-off, week, weeks ago) for every known week, all strictly before each cut-off."""
    return [
        (text_literal(c), text_literal(c - timedelta(weeks=ago)), str(ago))
        for c in cutoffs
        for ago in range(1, (c - first_week).days // 7 + 1)
    ]


def _outlook_rows(cutoffs: Sequence[date], as_of: date, longest: int) -> list[tuple[str, str, str]]:
    """(cut-off, week, weeks ahead from 0) for the weeks from each cut-off on that end by `as_of`."""
    return [
        (text_literal(c), text_literal(c + timedelta(weeks=ahead)), str(ahead))
        for c in cutoffs
        for ahead in range(longest)
        if c + timedelta(weeks=ahead + 1) <= as_of
    ]


def _snapshot_rows(
    contract: DataContract, cutoffs: Sequence[date], as_of: date, first_week: date
) -> list[tuple[str, ...]]:
    """(cut-off text, cut-off date, known weeks before it, 1 when the horizon of each target is complete)."""
    return [
        (
            text_literal(c),
            date_literal(c),
            str((c - first_week).days // 7),
            *(str(int(c + timedelta(weeks=t.horizon_weeks) <= as_of)) for t in contract.targets),
        )
        for c in cutoffs
    ]


def _d(ago: int) -> str:
    return f"d{ago:02d}"


def _days(first: int, last: int) -> str:
    return "(" + " + ".join(_d(ago) for ago in range(first, last + 1)) + ")"


def _weeks_active(last: int) -> str:
    return "(" + " + ".join(f"CASE WHEN {_d(ago)} > 0 THEN 1 ELSE 0 END" for ago in range(1, last + 1)) + ")"


def _units(measure: Measure) -> str:
    """A measure as a whole number: amounts in hundredths."""
    name = identifier(measure.name)
    return f"CAST(ROUND({name} * 100) AS bigint)" if measure.kind == AMOUNT else name


_MAY_BE_MISSING = frozenset(["bought_ago", "first_ago_all", "last_ago_all", "bought_ago_all"])
"""Columns of the history that are no sums: without activity there is nothing to tell."""


def _history_columns(contract: DataContract) -> dict[str, str]:
    """Aggregates over the activity rows of one customer and cut-off, by name; `..._all` over all of them."""
    back = contract.lookback_weeks
    columns = {
        _d(ago): f"SUM(CASE WHEN ago = {ago} THEN active_days ELSE 0 END)" for ago in range(1, back + 1)
    }
    for m in contract.measures:
        for first, last, name in (*((1, n, f"{n}w") for n in contract.measure_windows), (5, 8, "before")):
            value = _units(m)
            columns[f"{m.name}_{name}"] = (
                f"SUM(CASE WHEN ago BETWEEN {first} AND {last} THEN {value} ELSE 0 END)"
            )
        columns[f"{m.name}_all"] = f"SUM({_units(m)})"
    recent, bought = f"ago <= {back}", f"{identifier(contract.bought.name)} > 0"
    most = f"CASE WHEN {recent} THEN {_units(contract.value_measure)} END"
    return columns | {
        # Rows outside the lookback say nothing of it: without one inside, the most is nothing.
        "most_value": f"COALESCE(MAX({most}), 0)",
        "bought_weeks": f"SUM(CASE WHEN {recent} AND {bought} THEN 1 ELSE 0 END)",
        "bought_ago": f"MIN(CASE WHEN {recent} AND {bought} THEN ago END)",
        "days_all": "SUM(active_days)",
        "weeks_all": "SUM(CASE WHEN active_days > 0 THEN 1 ELSE 0 END)",
        "first_ago_all": "MAX(CASE WHEN active_days > 0 THEN ago END)",
        "last_ago_all": "MIN(CASE WHEN active_days > 0 THEN ago END)",
        "bought_weeks_all": f"SUM(CASE WHEN {bought} THEN 1 ELSE 0 END)",
        "bought_ago_all": f"MIN(CASE WHEN {bought} THEN ago END)",
    }


def _history_expressions(contract: DataContract) -> dict[str, str]:
    value, bought = contract.value_measure, contract.bought

    def whole(m: Measure) -> str:
        return identifier(f"{m.name}_all") + (" / 1E2" if m.kind == AMOUNT else " * 1E0")

    # At least a day: who signed up yesterday has a rate, too.
    observed = "GREATEST(LEAST(tenure_days / 7E0, known_weeks), 0.15E0)"
    living = "(first_ago_all - last_ago_all + 1)"
    found = {
        "observed_weeks_all": "LEAST(tenure_days / 7E0, known_weeks)",
        "active_days_per_week_all": f"days_all / {observed}",
        "active_weeks_share_all": f"weeks_all / {observed}",
        "active_days_per_living_week": f"days_all * 1E0 / {living}",
        "active_weeks_per_living_week": f"weeks_all * 1E0 / {living}",
        "weeks_since_active_all": "last_ago_all - 1",
        f"{value.name}_per_active_day_all": f"{whole(value)} / NULLIF(days_all, 0)",
        f"{bought.name}_weeks_per_week_all": f"bought_weeks_all / {observed}",
        f"weeks_since_{bought.name}_all": "bought_ago_all - 1",
        f"{bought.name}_weeks_all": "bought_weeks_all",
        f"{value.name}_all": whole(value),
        f"{bought.name}_per_active_day_all": f"{whole(bought)} / NULLIF(days_all, 0)",
    }
    count = identifier(f"{bought.name}_all") + (" / 1E2" if bought.kind == AMOUNT else "")
    found[f"{value.name}_per_{bought.name}_all"] = f"{whole(value)} / NULLIF({count}, 0)"
    return found | {f"{m.name}_per_week_all": f"{whole(m)} / {observed}" for m in contract.measures}


def _longest_gap(back: int) -> str:
    """Longest run of zeros between the first and the last active week: at most two less than the lookback."""
    runs = " ".join(f"WHEN STRPOS(inner_pattern, '{'0' * n}') > 0 THEN {n}" for n in range(back - 2, 0, -1))
    return f"CASE {runs} ELSE 0 END"


def _expressions(contract: DataContract) -> dict[str, str]:
    """SQL of each feature that is a number, over the columns of `shaped`."""
    found = {a.name: identifier(a.name) for a in contract.attributes if a.kind != CATEGORY}
    found |= _rhythm_expressions(contract) | _activity_expressions(contract) | _history_expressions(contract)
    for m in contract.measures:
        scale = " / 1E2" if m.kind == AMOUNT else ""
        columns = {n: identifier(f"{m.name}_{n}w") for n in contract.measure_windows}
        found |= {f"{m.name}_{n}w": f"{column}{scale}" for n, column in columns.items()}
        found[f"{m.name}_trend"] = f"({columns[4]} - {identifier(f'{m.name}_before')}){scale or ' / 1E0'}"
        if m.per:
            per = contract.measure(m.per)
            whole, back = identifier(f"{m.name}_{contract.lookback_weeks}w"), contract.lookback_weeks
            other = identifier(f"{per.name}_{back}w") + (" / 1E2" if per.kind == AMOUNT else "")
            found[ratio_name(contract, m)] = f"{whole}{scale or ' / 1E0'} / NULLIF({other}, 0)"
    bought, value = contract.bought.name, contract.value_measure
    found[f"{bought}_weeks"] = "bought_weeks"
    found[f"days_since_{bought}"] = "7 * (bought_ago - 1)"
    found[f"{value.name}_max"] = "most_value" + (" / 1E2" if value.kind == AMOUNT else "")
    day_angle = "2 * PI() * DAY_OF_YEAR(cutoff_date) / 365.25E0"
    return found | {"season_sin": f"SIN({day_angle})", "season_cos": f"COS({day_angle})"}


def _rhythm_expressions(contract: DataContract) -> dict[str, str]:
    back = contract.lookback_weeks
    silence = f"COALESCE(last_ago - 1, LEAST({back}, tenure_days / 7E0))"
    usual = f"CASE WHEN weeks_{back} >= 2 THEN (first_ago - last_ago) * 1E0 / (weeks_{back} - 1) END"
    return {
        "tenure_weeks": "FLOOR(tenure_days / 7E0)",
        "observed_weeks": f"LEAST({back}, CEIL(tenure_days / 7E0))",
        "days_since_active": f"COALESCE(7 * (last_ago - 1), LEAST({7 * back}, tenure_days))",
        "usual_gap_weeks": usual,
        "longest_gap_weeks": _longest_gap(back),
        "silence_ratio": f"{silence} / COALESCE({usual}, {back}E0)",
        "active_streak_weeks": "STRPOS(CONCAT(pattern, '0'), '0') - 1",
    }


def _activity_expressions(contract: DataContract) -> dict[str, str]:
    back = contract.lookback_weeks
    weeks = range(1, back + 1)
    squares = " + ".join(f"{_d(a)} * {_d(a)}" for a in weeks)
    slope = " + ".join(f"({back + 1 - 2 * a}) * {_d(a)}" for a in weeks)
    # Half-life of two weeks, in thousandths (integers keep the sum exact).
    decayed = " + ".join(f"{round(1000 * 0.5 ** ((a - 1) / 2))} * {_d(a)}" for a in weeks)
    total = _days(1, back)
    # Sum of squared deviations of 1..n is n (n^2 - 1) / 12; the factor 2 is in the integer weights.
    deviations = back * (back * back - 1) // 6
    return {
        **{f"active_days_{n}w": _days(1, n) for n in contract.windows},
        **{f"active_weeks_{n}": f"weeks_{n}" for n in contract.week_windows},
        "active_days_per_active_week": f"{total} * 1E0 / NULLIF(weeks_{back}, 0)",
        "active_days_weighted": f"({decayed}) / 1E3",
        "active_days_max": "GREATEST(" + ", ".join(_d(a) for a in weeks) + ")",
        "active_days_std": f"SQRT({back} * ({squares}) - {total} * {total}) / {back}E0",
        "active_days_trend": f"{_days(1, 4)} - {_days(5, 8)}",
        "active_days_slope": f"({slope}) / {deviations}E0",
    }


def _feature_list(contract: DataContract) -> str:
    expressions = _expressions(contract)
    return ",\n    ".join(
        identifier(f.name)
        if f.categorical
        else f"CAST({expressions[f.name]} AS real) AS {identifier(f.name)}"
        for f in dictionary(contract).features
    )


def _common_tables(
    contract: DataContract,
    customers: str,
    activity: str,
    cutoffs: Sequence[date],
    as_of: date,
    first_week: date,
) -> str:
    """Common table expressions up to `shaped`: one row per customer and cut-off with its aggregates."""
    if not cutoffs:
        raise ContractError("There is no cut-off to make features for.")
    for day in cutoffs:
        parse_monday(day, "cut-off")
        if day > as_of:
            raise ContractError(f"The cut-off {day} lies after the as-of date {as_of}.")
    back = contract.lookback_weeks
    history = _history_columns(contract)
    if min(cutoffs) - timedelta(weeks=back) < first_week:
        raise ContractError(
            f"Before the cut-off {min(cutoffs)} there are not {back} weeks, from {first_week}."
        )
    complete = [f"{t.name}_known" for t in contract.targets]
    aggregates = ",\n    ".join(f"{sql} AS {identifier(name)}" for name, sql in history.items())
    filled = ",\n    ".join(
        f"h.{name}" if name in _MAY_BE_MISSING else f"COALESCE(h.{identifier(name)}, 0) AS {identifier(name)}"
        for name in history
    )
    bits = ", ".join(f"CASE WHEN {_d(a)} > 0 THEN '1' ELSE '0' END" for a in range(1, back + 1))
    own = "".join(f", c.{identifier(a.name)}" for a in (*contract.attributes, *contract.protected))
    counted = ",\n    ".join(f"{_weeks_active(n)} AS weeks_{n}" for n in contract.week_windows)
    read = ", ".join(identifier(name) for name in clean_activity_columns(contract))
    rows = _snapshot_rows(contract, cutoffs, as_of, first_week)
    snapshots = values("snapshots", ["cutoff", "cutoff_date", "known_weeks", *complete], rows)
    return f"""WITH {snapshots},
{values("past", ["cutoff", "week", "ago"], _past_rows(cutoffs, first_week))},
history AS (
  SELECT
    l.cutoff, a.customer_id,
    {aggregates}
  FROM (
    SELECT {read} FROM {table_name(activity)}
    WHERE week >= {text_literal(first_week)} AND week < {text_literal(max(cutoffs))}
    ORDER BY customer_id
  ) a
  JOIN past l ON l.week = a.week
  GROUP BY l.cutoff, a.customer_id
),
population AS (
  SELECT
    s.*, c.customer_id{own},
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
    {counted}
  FROM filled
),
shaped AS (
  SELECT *,
    TRIM(BOTH '0' FROM pattern) AS inner_pattern,
    NULLIF(STRPOS(pattern, '1'), 0) AS last_ago,
    NULLIF({back + 1} - STRPOS(REVERSE(pattern), '1'), {back + 1}) AS first_ago
  FROM patterned
)"""


def _groups(contract: DataContract) -> str:
    """Columns with each customer's groups, for the fairness report; empty without any."""
    parts = []
    for a in contract.audited:
        column = identifier(a.name)
        if a.bands:
            cases = " ".join(
                f"WHEN {column} < {number(edge)} THEN {text(a.band(low))}"
                for low, edge in zip((a.bands[0] - 1, *a.bands[:-1]), a.bands, strict=True)
            )
            last = text(a.band(a.bands[-1]))
            sql = f"CASE WHEN {column} IS NULL THEN 'unknown' {cases} ELSE {last} END"
        else:
            sql = f"COALESCE(CAST({column} AS varchar), 'unknown')"
        parts.append(f"\n    CAST({sql} AS varchar) AS {group_column(a.name)},")
    return "".join(parts)


def features_train_sql(contract: DataContract, customers: str, activity: str, plan: SplitPlan) -> str:
    """SELECT of the training table: `customer_id`, the features, a `group_...` column for each audited
    attribute, `engagement, churned, value`, and last `cutoff` (varchar).

    One row for each labelled cut-off of the plan and customer who signed up before it. A label is NULL
    where its horizon is not over at `plan.as_of`. `customers` and `activity` are clean tables.

    Raises:
        ContractError: when a table name is malformed.
    """
    cutoffs = plan.labelled
    near, churn, far = (contract.horizons[name] for name in ("engagement", "churn", "value"))
    outlook = _outlook_rows(cutoffs, plan.as_of, max(near, churn, far))
    value = contract.value_measure
    # Refunds may outweigh purchases: nobody is worth less than nothing.
    worth = f"GREATEST(0, COALESCE(value_ahead, 0)){' / 1E2' if value.kind == AMOUNT else ' * 1E0'}"
    return f"""{_common_tables(contract, customers, activity, cutoffs, plan.as_of, plan.first_week)},
{values("outlook", ["cutoff", "week", "ahead"], outlook)},
future AS (
  SELECT
    o.cutoff, a.customer_id,
    SUM(CASE WHEN o.ahead < {near} THEN a.active_days ELSE 0 END) AS days_ahead,
    SUM(CASE WHEN o.ahead < {churn} THEN a.active_days ELSE 0 END) AS days_until_churn,
    SUM(CASE WHEN o.ahead < {far} THEN {_units(value)} ELSE 0 END) AS value_ahead
  FROM {table_name(activity)} a
  JOIN outlook o ON o.week = a.week
  WHERE a.week >= {text_literal(cutoffs[0])} AND a.week < {text_literal(plan.as_of)}
  GROUP BY o.cutoff, a.customer_id
)
  SELECT
    shaped.customer_id,
    {_feature_list(contract)},{_groups(contract)}
    CAST(
      CASE WHEN engagement_known = 1 THEN COALESCE(days_ahead, 0) / {contract.days_per_week * near}E0 END
      AS double
    ) AS engagement,
    CAST(
      CASE WHEN churn_known = 0 THEN NULL WHEN COALESCE(days_until_churn, 0) > 0 THEN 0 ELSE 1 END AS integer
    ) AS churned,
    CAST(CASE WHEN value_known = 1 THEN {worth} END AS double) AS value,
    shaped.cutoff AS cutoff
  FROM shaped
  LEFT JOIN future f ON f.customer_id = shaped.customer_id AND f.cutoff = shaped.cutoff"""


def features_score_sql(
    contract: DataContract, customers: str, activity: str, as_of: date, first_week: date, n_shards: int
) -> str:
    """SELECT of the scoring table at `as_of`: `customer_id`, the features, and last `shard` (integer).

    `first_week` is where the known history begins, as in the training table's plan.

    Raises:
        ContractError: when `as_of` is no Monday, a name is malformed, or `n_shards` is outside 1 to 100.
    """
    return f"""{_common_tables(contract, customers, activity, [as_of], as_of, first_week)}
  SELECT
    customer_id,
    {_feature_list(contract)},
    {shard_expression(n_shards)} AS shard
  FROM shaped"""
