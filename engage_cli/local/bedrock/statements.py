"""From an intent to one Trino SELECT over the newest partition of the predictions table."""

from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.grammar import Filter, Intent

DEFAULT_GROUPS, DEFAULT_CUSTOMERS, MOST_ROWS = 50, 10, 200
AS_OF = "as_of"
# Reasons hold each customer's own numbers: without them the same story is one group.
_REASON = "regexp_replace(reason_1, '[0-9]+([.,][0-9]+)*', 'n')"
# What is shown of a customer besides the metrics asked for.
_CUSTOMER_COLUMNS = ("churn_probability", "expected_value", "risk_band", "country", "plan", "reason_1")


def columns_of(intent: Intent) -> set[str]:
    """Return the columns that the intent needs, to be compared with what the tool offers."""
    needed = {v.METRIC_BY_NAME[name].column for name in intent.metrics if name in v.METRIC_BY_NAME}
    needed |= set(intent.group_by)
    needed |= {one.sql.split(" ")[0] for one in (*intent.filters, *intent.share_of)}
    if intent.kind == "customers":
        needed |= {"customer_id", *_CUSTOMER_COLUMNS}
    if intent.kind == "reasons":
        needed |= {"reason_1", "risk_band"}
    return needed


def statement(intent: Intent, table: str) -> str:
    """Return the SQL of an intent of the kinds aggregate, customers, share and reasons."""
    builders = {"aggregate": _aggregate, "customers": _customers, "share": _share, "reasons": _reasons}
    return builders[intent.kind](intent, table)


def lookup(table: str) -> str:
    """Return the SQL that lists the values of every category column, largest first within a column."""
    columns = ", ".join(v.CATEGORICAL)
    sets = ", ".join(f"({column})" for column in v.CATEGORICAL)
    return (
        f"SELECT {columns}, count(*) AS customers\nFROM {table}\nWHERE {_newest(table)}\n"
        f"GROUP BY GROUPING SETS ({sets})\nORDER BY customers DESC\nLIMIT {MOST_ROWS}"
    )


def measure(metric: str, aggregate: str) -> tuple[str, str]:
    """Return (SQL expression, column alias) of a metric under an aggregate."""
    if metric == "customers":
        return "count(*)", "customers"
    column = v.METRIC_BY_NAME[metric].column
    if aggregate == "median":
        return f"approx_percentile({column}, 0.5)", f"median_{column}"
    names = {"avg": "average", "sum": "total", "max": "maximum", "min": "minimum"}
    return f"{aggregate}({column})", f"{names[aggregate]}_{column}"


def _newest(table: str) -> str:
    return f"{AS_OF} = (SELECT max({AS_OF}) FROM {table})"


def _where(table: str, filters: tuple[Filter, ...]) -> str:
    return "WHERE " + "\n  AND ".join([_newest(table), *(one.sql for one in filters)])


def _grouped(intent: Intent, table: str, measures: list[tuple[str, str]], filters: tuple[Filter, ...]) -> str:
    """SELECT groups, customers, measures; ordered by the first measure, then by the group for a stable
    order.
    """
    shown = [f"{_REASON} AS reason" if column == "reason" else column for column in intent.group_by]
    if all(alias != "customers" for _, alias in measures):
        shown.append("count(*) AS customers")
    shown += [f"{expression} AS {alias}" for expression, alias in measures]
    shown.append(f"max({AS_OF}) AS {AS_OF}")
    lines = [f"SELECT {', '.join(shown)}", f"FROM {table}", _where(table, filters)]
    if intent.group_by:
        direction = "ASC" if intent.descending is False else "DESC"
        keys = [_REASON if column == "reason" else column for column in intent.group_by]
        lines.append(f"GROUP BY {', '.join(keys)}")
        lines.append(f"ORDER BY {measures[0][1]} {direction}, {', '.join(intent.group_by)}")
        lines.append(f"LIMIT {intent.limit or DEFAULT_GROUPS}")
    return "\n".join(lines)


def _aggregate(intent: Intent, table: str) -> str:
    measures = [measure(metric, intent.aggregate) for metric in intent.metrics]
    return _grouped(intent, table, measures, intent.filters)


def _share(intent: Intent, table: str) -> str:
    condition = " AND ".join(one.sql for one in intent.share_of)
    measures = [
        (f"avg(CASE WHEN {condition} THEN 1.0E0 ELSE 0.0E0 END)", "share"),
        (f"count_if({condition})", "matching_customers"),
    ]
    return _grouped(intent, table, measures, intent.filters)


def _reasons(intent: Intent, table: str) -> str:
    """Count the first reasons; of customers at high risk, when the question does not say whose."""
    chosen = Intent("reasons", group_by=(*intent.group_by, "reason"), limit=intent.limit or 20)
    risk = any(one.sql.split(" ")[0] in ("risk_band", "churn_probability") for one in intent.filters)
    filters = intent.filters if risk else (*intent.filters, Filter("risk_band = 'high'", "at high risk"))
    return _grouped(chosen, table, [("count(*)", "customers")], filters)


def _customers(intent: Intent, table: str) -> str:
    asked = [v.METRIC_BY_NAME[name].column for name in intent.metrics]
    shown = ["customer_id", *dict.fromkeys([*asked, *_CUSTOMER_COLUMNS]), AS_OF]
    direction = "ASC" if intent.descending is False else "DESC"
    return "\n".join(
        [
            f"SELECT {', '.join(shown)}",
            f"FROM {table}",
            _where(table, intent.filters),
            f"ORDER BY {asked[0]} {direction}, customer_id",
            f"LIMIT {intent.limit or DEFAULT_CUSTOMERS}",
        ]
    )
