# ruff: noqa: E501 - templates read better on one line
"""Trino's aggregate functions, in DuckDB's terms."""

from sqlglot import exp

from engage_cli.local.athena.calls import Arguments, Renderer, Table, call, shaped, template
from engage_cli.local.athena.errors import not_supported
from engage_cli.local.athena.macro_parts import check


def _percentile(arguments: Arguments) -> exp.Expression:
    # Exact and the same at every run; Trino's estimate has the exact one within its error.
    if len(arguments) == 2:
        return call("quantile_disc", *arguments)
    if len(arguments) == 3 and not isinstance(arguments[2], exp.Array):
        return template(_WEIGHTED.format(part=":p"), x=arguments[0], w=arguments[1], p=arguments[2])
    raise not_supported("approx_percentile with an accuracy, or with weights and several percentages")


def _checked(name: str) -> Renderer:
    """A sum or an average of what Trino adds up."""

    def render(arguments: Arguments) -> exp.Expression:
        inner = arguments[0]
        if isinstance(inner, exp.Distinct):
            checked = call(f"trino_{name}_arg", *inner.expressions)
            return call(name, exp.Distinct(expressions=[checked]))
        return call(name, call(f"trino_{name}_arg", inner))

    return render


def _count(arguments: Arguments) -> exp.Expression:
    if not arguments:
        return call("count", exp.Star())
    if isinstance(arguments[0], exp.Distinct) and len(arguments[0].expressions) > 1:
        raise not_supported("count of several distinct expressions (count a row of them)")
    return call("count", *arguments)


def average(arguments: Arguments, *, windowed: bool) -> exp.Expression:
    """Return avg. Of decimals it is exact, by a macro that is chosen by the type of what is averaged."""
    inner = arguments[0]
    if windowed:
        return template("trino_avg_over(:x, :x, sum(:x), count(:x), avg(:x))", x=inner)
    if isinstance(inner, exp.Distinct):
        return template("trino_distinct_avg(:x)", x=inner.expressions[0])
    return template("trino_avg(:x, :x)", x=inner)


def _by(name: str) -> Renderer:
    """max_by and min_by: the value may be NULL, what it is chosen by not."""

    def render(arguments: Arguments) -> exp.Expression:
        if len(arguments) == 2:
            return call(f"arg_{name}_null", *arguments)
        # Of several: the values go in rows, which are not NULL.
        sql = f"list_transform(arg_{name}({{'v': :x}}, :y, :n), lambda r_: r_.v)"
        return template(sql, x=arguments[0], y=arguments[1], n=arguments[2])

    return render


def _reduce_agg(arguments: Arguments) -> exp.Expression:
    values = template("list_filter(list(:x), lambda v_: v_ IS NOT NULL)", x=arguments[0])
    return call("list_reduce", values, arguments[2], arguments[1])


_PAIRS = "list(row(:k, :v))"
_FREQUENT = """map_from_entries(list_slice(list_transform(list_reverse_sort(list_transform(
    map_entries(histogram(:x)), lambda e_: {'n': CAST(e_.value AS BIGINT), 'k': e_.key})),
    lambda s_: row(s_.k, s_.n)), 1, :n))"""

# Exact while there are no more values than buckets; after that Trino merges the nearest ones as they come.
_HISTOGRAM = f"""CASE WHEN {
    check(
        "count(DISTINCT :x) <= (:n)",
        "'NOT_SUPPORTED: numeric_histogram with more values than buckets is not supported by the local Athena'",
    )
} THEN map_from_entries(list_transform(map_entries(histogram(CAST(:x AS DOUBLE))),
    lambda e_: row(e_.key, CAST(e_.value AS DOUBLE)))) END"""
_WEIGHTED = """list_reduce(list_transform(list_sort(list({{'v': :x, 'w': CAST(:w AS DOUBLE)}}) FILTER (WHERE (:x) IS NOT NULL)),
    lambda p_: {{'v': p_.v, 'w': p_.w, 's': p_.w}}), lambda a_, b_: CASE WHEN a_.s >= ({part}) * sum(:w)
    THEN a_ ELSE {{'v': b_.v, 'w': b_.w, 's': a_.s + b_.w}} END).v"""

AGGREGATE: Table = {
    "approx_percentile": ((2, 3, 4), _percentile),
    "approx_distinct": ((1, 2), lambda a: call("approx_count_distinct", a[0])),
    "approx_most_frequent": ((3,), shaped(_FREQUENT, "n", "x", "c")),
    "sum": ((1,), _checked("sum")),
    "avg": ((1,), lambda a: average(a, windowed=False)),
    "count": ((0, 1), _count),
    "max_by": ((2, 3), _by("max")),
    "min_by": ((2, 3), _by("min")),
    "map_agg": ((2,), shaped(f"trino_map_agg({_PAIRS})", "k", "v")),
    "multimap_agg": (
        (2,),
        shaped(
            f"trino_multimap(list_transform({_PAIRS}, lambda p_: struct_extract_at(p_, 1)), list_transform({_PAIRS}, lambda p_: struct_extract_at(p_, 2)))",
            "k",
            "v",
        ),
    ),
    "map_union": ((1,), shaped("list_reduce(list(:m), lambda a_, b_: map_concat(a_, b_))", "m")),
    "set_agg": ((1,), shaped("trino_distinct(list(:x))", "x")),
    "set_union": ((1,), shaped("trino_distinct(flatten(list(:x)))", "x")),
    "numeric_histogram": ((2,), shaped(_HISTOGRAM, "n", "x")),
    "histogram": ((1,), shaped("trino_histogram(histogram(:x))", "x")),
    "bitwise_and_agg": ((1,), shaped("bit_and(CAST(:x AS BIGINT))", "x")),
    "bitwise_or_agg": ((1,), shaped("bit_or(CAST(:x AS BIGINT))", "x")),
    "bitwise_xor_agg": ((1,), shaped("bit_xor(CAST(:x AS BIGINT))", "x")),
    "reduce_agg": ((4,), _reduce_agg),
    "entropy": ((1,), shaped("coalesce(log2(sum(:c)) - sum((:c) * log2(nullif(:c, 0))) / sum(:c), 0)", "c")),
    "kurtosis": ((1,), shaped("CASE WHEN count(:x) > 3 THEN kurtosis(:x) END", "x")),
    "skewness": ((1,), shaped("skewness(:x) * (count(:x) - 2) / sqrt(count(:x) * (count(:x) - 1))", "x")),
    "listagg": ((1, 2), lambda a: call("string_agg", *a, *([exp.Literal.string("")] if len(a) == 1 else []))),
}
