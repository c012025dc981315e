"""From an intent to one Trino SELECT over the served predictions."""

from engage_cli.local.bedrock import segments
from engage_cli.local.bedrock.columns import sql_name
from engage_cli.local.bedrock.grammar import Filter, Intent
from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.patterns import COUNTRIES
from engage_cli.local.bedrock.text import normal
from engage_cli.local.bedrock.values import other_names
from engage_cli.local.bedrock.vocabulary import CUSTOMERS, Metric
from engage_cli.sql_text import literal

DEFAULT_GROUPS, DEFAULT_CUSTOMERS, MOST_ROWS = 50, 10, 200
AS_OF = "as_of"
# Reasons hold each customer's own numbers: without them the same story is one group.
_REASON = "regexp_replace(reason_1, '[0-9]+([.,][0-9]+)*', 'n')"
# What is shown of a customer besides the metrics asked for; the dimensions are the table's first two.
_CUSTOMER_COLUMNS = ("churn_probability", "expected_value", "risk_band")
_MOST_DIMENSIONS = 2


def columns_of(intent: Intent) -> set[str]:
    """Return the columns that the intent needs, to be compared with what the tool offers."""
    needed = {metric.column for metric in intent.metrics if metric is not CUSTOMERS and not metric.computed}
    needed |= {one.column for one in (*intent.group_by, *intent.filters, *intent.share_of)}
    if intent.kind == "customers":
        needed.add("customer_id")
    if intent.kind == "reasons":
        needed |= {"reason_1", "risk_band"}
    return needed


def statement(intent: Intent, lexicon: Lexicon) -> str:
    """Return the SQL of an intent of the kinds aggregate, customers, share, reasons and segments."""
    if intent.kind == "segments":
        return segments.statement(intent, lexicon)
    builders = {"aggregate": _aggregate, "customers": _customers, "share": _share, "reasons": _reasons}
    return builders[intent.kind](intent, lexicon)


def lookup(lexicon: Lexicon, question: str) -> str:
    """Return the SQL that lists values of every text column: first those that the question may name, then
    the largest.
    """
    names = [sql_name(one.column) for one in lexicon.looked_up]
    sets = ", ".join(f"({name})" for name in names)
    value = f"lower({names[0]})" if len(names) == 1 else f"lower(coalesce({', '.join(names)}))"
    plain = f"replace(replace({value}, '_', ' '), '-', ' ')"
    asked = literal(_searched(question))
    return (
        f"SELECT {', '.join(names)}, count(*) AS customers\nFROM {lexicon.table.name}\n"
        f"WHERE {_newest(lexicon)}\nGROUP BY GROUPING SETS ({sets})\n"
        f"ORDER BY CASE WHEN strpos({asked}, {plain}) > 0 THEN 0 ELSE 1 END, customers DESC\n"
        f"LIMIT {MOST_ROWS}"
    )


def _searched(question: str) -> str:
    """The question's words as values are compared with them, with the other names of its countries. An
    e-mail address is no value, and no business of a query's history.
    """
    words = [word for word in normal(question).split() if "@" not in word]
    text = " ".join(words).replace("_", " ").replace("-", " ")
    names = [other for name in COUNTRIES if name in text for other in other_names(name)]
    return " ".join(dict.fromkeys([text, *names]))


def measure(metric: Metric, aggregate: str) -> tuple[str, str]:
    """Return (SQL expression, column alias) of a metric under an aggregate."""
    if metric is CUSTOMERS:
        return "count(*)", "customers"
    column, name = metric.column, number(metric)
    if aggregate == "median":
        return f"approx_percentile({name}, 0.5)", f"median_{column}"
    names = {"avg": "average", "sum": "total", "max": "maximum", "min": "minimum"}
    return f"{aggregate}({name})", f"{names[aggregate]}_{column}"


def number(metric: Metric) -> str:
    """The number of one customer as SQL has it: a column, or what is computed from columns."""
    return metric.computed or sql_name(metric.column)


def _newest(lexicon: Lexicon) -> str:
    """The served predictions: the date that the tool tells, else the newest partition."""
    if lexicon.table.as_of:
        return f"{AS_OF} = '{lexicon.table.as_of}'"
    return f"{AS_OF} = (SELECT max({AS_OF}) FROM {lexicon.table.name})"


def _where(lexicon: Lexicon, filters: tuple[Filter, ...]) -> str:
    return "WHERE " + "\n  AND ".join([_newest(lexicon), *(one.sql for one in filters)])


def _grouped(
    columns: list[tuple[str, str]],
    intent: Intent,
    lexicon: Lexicon,
    measures: list[tuple[str, str]],
    filters: tuple[Filter, ...],
) -> str:
    """SELECT groups, customers, measures; ordered by the first measure, then by the group for a stable
    order. `columns` are the groups: the expression and the name of each.
    """
    shown = [name if name == sql else f"{sql} AS {name}" for sql, name in columns]
    if all(alias != "customers" for _, alias in measures):
        shown.append("count(*) AS customers")
    shown += [f"{expression} AS {alias}" for expression, alias in measures]
    shown.append(f"max({AS_OF}) AS {AS_OF}")
    lines = [f"SELECT {', '.join(shown)}", f"FROM {lexicon.table.name}", _where(lexicon, filters)]
    if columns:
        direction = "ASC" if intent.descending is False else "DESC"
        lines.append(f"GROUP BY {', '.join(sql for sql, _ in columns)}")
        lines.append(f"ORDER BY {measures[0][1]} {direction}, {', '.join(name for _, name in columns)}")
        lines.append(f"LIMIT {intent.limit or DEFAULT_GROUPS}")
    return "\n".join(lines)


def _groups(intent: Intent) -> list[tuple[str, str]]:
    return [(sql_name(one.column), sql_name(one.column)) for one in intent.group_by]


def _aggregate(intent: Intent, lexicon: Lexicon) -> str:
    measures = [measure(metric, intent.aggregate) for metric in intent.metrics]
    return _grouped(_groups(intent), intent, lexicon, measures, intent.filters)


def _share(intent: Intent, lexicon: Lexicon) -> str:
    condition = " AND ".join(one.sql for one in intent.share_of)
    measures = [
        (f"avg(CASE WHEN {condition} THEN 1.0E0 ELSE 0.0E0 END)", "share"),
        (f"count_if({condition})", "matching_customers"),
    ]
    return _grouped(_groups(intent), intent, lexicon, measures, intent.filters)


def _reasons(intent: Intent, lexicon: Lexicon) -> str:
    """Count the first reasons; of customers at high risk, when the question does not say whose."""
    chosen = Intent("reasons", limit=intent.limit or 20)
    risk = any(one.column in ("risk_band", "churn_probability") for one in intent.filters)
    high = Filter("risk_band", "risk_band = 'high'", "at high risk")
    filters = intent.filters if risk else (*intent.filters, high)
    columns = [*_groups(intent), (_REASON, "reason")]
    return _grouped(columns, chosen, lexicon, [("count(*)", "customers")], filters)


def _customers(intent: Intent, lexicon: Lexicon) -> str:
    asked = {number(metric): metric.column for metric in intent.metrics}
    dimensions = [one.column for one in lexicon.looked_up[:_MOST_DIMENSIONS]]
    more = [c for c in (*_CUSTOMER_COLUMNS, *dimensions, "reason_1") if c in lexicon.table.names]
    names = [name if name == sql_name(column) else f"{name} AS {column}" for name, column in asked.items()]
    shown = ["customer_id", *dict.fromkeys([*names, *map(sql_name, more)]), AS_OF]
    direction = "ASC" if intent.descending is False else "DESC"
    return "\n".join(
        [
            f"SELECT {', '.join(shown)}",
            f"FROM {lexicon.table.name}",
            _where(lexicon, intent.filters),
            f"ORDER BY {sql_name(next(iter(asked.values())))} {direction}, customer_id",
            f"LIMIT {intent.limit or DEFAULT_CUSTOMERS}",
        ]
    )
