"""What a model may run: one read-only SELECT over the published tables, with a limit.

The SQL is parsed, not searched for bad words; only what is listed passes. The function's IAM role is the
second line: it may read the published tables, the pointer to what is served, and nothing else.
"""

from collections.abc import Collection

import sqlglot
from sqlglot import exp

TABLES = frozenset({"predictions", "qa_sample", "segments"})
MAX_ROWS = 200
MAX_LENGTH = 8000
_DEPTH = 60

# Functions without an effect and without access to anything but their arguments, by their Trino names.
_FUNCTIONS_TEXT = """
abs approx_distinct approx_percentile arbitrary any_value array_agg avg case cast ceil ceiling coalesce
concat concat_ws contains corr count count_if covar_pop covar_samp cume_dist date date_add date_diff
date_format date_parse date_trunc day day_of_week dense_rank element_at every exp extract first_value
floor format format_number from_iso8601_date geometric_mean greatest if ifnull infinity is_nan lag
last_value lead least length like ln log log10 log2 lower lpad ltrim max max_by min min_by mod month
nth_value ntile nullif numeric_histogram percent_rank position power pow quarter rank regexp_extract
regexp_like regexp_replace replace round row_number rpad rtrim sign sqrt starts_with stddev stddev_pop
stddev_samp strpos split_part substr substring sum trim truncate try try_cast typeof upper var_pop
var_samp variance week width_bucket year year_of_week nan cardinality bool_and bool_or logical_and
logical_or current_date
"""
FUNCTIONS = frozenset(_FUNCTIONS_TEXT.split())
# sqlglot's own names for functions of the list above.
_SYNONYMS = {
    "approxquantile": "approx_percentile",
    "approx_quantile": "approx_percentile",
    "approx_count_distinct": "approx_distinct",
    "percentile_cont": "approx_percentile",
    "str_position": "strpos",
    "timestamp_trunc": "date_trunc",
    "time_to_str": "date_format",
    "str_to_time": "date_parse",
    "quantile": "approx_percentile",
    "regexp_i_like": "regexp_like",
    "arg_max": "max_by",
    "arg_min": "min_by",
    "trycast": "try_cast",
    "trunc": "truncate",
    "ts_or_ds_to_date": "date",
    "array_size": "cardinality",
    "array_contains": "contains",
    "explode": "unnest",
    "cast_to_str_type": "cast",
    "ts_or_ds_diff": "date_diff",
    "is_inf": "is_nan",
    "stddev_pop": "stddev_pop",
    "variance_pop": "var_pop",
    "datediff": "date_diff",
    "dateadd": "date_add",
    "datetrunc": "date_trunc",
    "day_of_week_iso": "day_of_week",
    "dayofweek": "day_of_week",
    "dayofweek_iso": "day_of_week",
    "case": "case",
    "in": "case",
    "and": "case",
    "or": "case",
    "xor": "case",
}
_FORBIDDEN: tuple[type[exp.Expression], ...] = (
    exp.Into,
    exp.Lateral,
    exp.Unnest,
    exp.TableSample,
    exp.Placeholder,
    exp.Parameter,
    exp.SessionParameter,
    exp.Command,
    exp.DDL,
    exp.DML,
)


class RejectedSqlError(Exception):
    """SQL that is not run; the message tells the model (and the user) why."""


def check(sql: str, columns: Collection[str]) -> str:
    """Return the SQL to run: the given SELECT with a limit of at most MAX_ROWS. Raises RejectedSqlError.

    `columns` are those of the published tables: a name that is none of them is told before a query is paid.
    """
    if not isinstance(sql, str) or not sql.strip():
        raise RejectedSqlError("The SQL is empty.")
    if len(sql) > MAX_LENGTH:
        raise RejectedSqlError(f"The SQL is longer than {MAX_LENGTH} characters.")
    tree = _parse(sql)
    _check_nodes(tree)
    _check_tables(tree)
    _check_columns(tree, columns)
    return _limited(tree)


def _parse(sql: str) -> exp.Select:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="athena") if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise RejectedSqlError(f"The SQL cannot be parsed: {_short(error)}") from error
    if len(trees) != 1:
        raise RejectedSqlError("Exactly one statement is allowed.")
    tree = trees[0]
    if not isinstance(tree, exp.Select):
        raise RejectedSqlError(
            "Only a SELECT statement is allowed (no UNION at the top, no DDL, no changes)."
        )
    return tree


def _short(error: Exception) -> str:
    return " ".join(str(error).replace("\x1b[4m", "").replace("\x1b[0m", "").split())[:200]


def _check_nodes(tree: exp.Select) -> None:
    for node in tree.walk():
        if isinstance(node, _FORBIDDEN) or (isinstance(node, exp.Select) and node.args.get("locks")):
            raise RejectedSqlError(f"{type(node).__name__.upper()} is not allowed.")
        if isinstance(node, exp.With) and node.args.get("recursive"):
            raise RejectedSqlError("WITH RECURSIVE is not allowed.")
        if isinstance(node, exp.Column) and node.name.startswith("$"):
            raise RejectedSqlError(f"The column {node.name} is not allowed.")
        if isinstance(node, exp.Join) and not (node.args.get("on") or node.args.get("using")):
            raise RejectedSqlError("A join needs ON or USING: a product of tables is not allowed.")
        if node.depth > _DEPTH:
            raise RejectedSqlError("The SQL is nested too deeply.")
        if isinstance(node, exp.Func):
            name = _function_name(node)
            if name not in FUNCTIONS:
                raise RejectedSqlError(f"The function {name} is not allowed.")


def _function_name(node: exp.Func) -> str:
    # exp.Anonymous keeps the name as written; the others have sqlglot's own name for it.
    name = node.name if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc) else node.sql_name()
    name = name.lower()
    return _SYNONYMS.get(name, name)


def _check_tables(tree: exp.Select) -> None:
    common = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    if common & TABLES:
        raise RejectedSqlError("A WITH query must not be named like a published table.")
    found = False
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise RejectedSqlError("Table functions are not allowed.")
        if table.args.get("db") or table.args.get("catalog"):
            raise RejectedSqlError(f"Name tables without database: {table.name}, not {table.sql('athena')}.")
        name = table.name.lower()
        if name in common:
            continue
        if name not in TABLES:
            raise RejectedSqlError(
                f"The table {table.name} is not allowed: only {', '.join(sorted(TABLES))}."
            )
        found = True
    if not found:
        raise RejectedSqlError(f"The SQL reads no table: use {' or '.join(sorted(TABLES))}.")


def _check_columns(tree: exp.Select, columns: Collection[str]) -> None:
    named = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for alias in tree.find_all(exp.TableAlias):
        named |= {column.name.lower() for column in alias.columns}
    for column in tree.find_all(exp.Column):
        name = column.name.lower()
        if name not in columns and name not in named and not isinstance(column.this, exp.Star):
            raise RejectedSqlError(
                f"There is no column {column.name}; the columns are {', '.join(sorted(columns))}."
            )


def _limited(tree: exp.Select) -> str:
    limit = tree.args.get("limit")
    if limit is None:
        return tree.limit(MAX_ROWS).sql("athena", pretty=True, comments=False)
    value = limit.expression if isinstance(limit, exp.Limit) else limit.args.get("count")
    if not isinstance(value, exp.Literal) or not value.this.isdecimal() or isinstance(limit, exp.Fetch):
        raise RejectedSqlError(f"LIMIT must be a whole number of at most {MAX_ROWS}.")
    if int(value.this) > MAX_ROWS:
        raise RejectedSqlError(f"LIMIT must be at most {MAX_ROWS}, not {value.this}.")
    return tree.sql("athena", pretty=True, comments=False)
