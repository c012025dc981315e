# ruff: noqa: E501 - templates read better on one line
"""Trino's aggregate functions, in DuckDB's terms."""

from sqlglot import exp

from engage_cli.local.athena.calls import Arguments, Renderer, Table, call, shaped, template
from engage_cli.local.athena.errors import not_supported


def _percentile(arguments: Arguments) -> exp.Expression:
    # Exact and the same at every run; Trino's estimate has the exact one within its error.
    if len(arguments) == 2:
        return call("quantile_disc", *arguments)
    raise not_supported("approx_percentile with weights or accuracy")


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


def _reduce_agg(arguments: Arguments) -> exp.Expression:
    values = template("list_filter(list(:x), lambda v_: v_ IS NOT NULL)", x=arguments[0])
    return call("list_reduce", values, arguments[2], arguments[1])


_PAIRS = "list(row(:k, :v))"
_FREQUENT = """map_from_entries(list_slice(list_transform(list_reverse_sort(list_transform(
    map_entries(histogram(:x)), lambda e_: {'n': CAST(e_.value AS BIGINT), 'k': e_.key})),
    lambda s_: row(s_.k, s_.n)), 1, :n))"""

AGGREGATE: Table = {
    "approx_percentile": ((2, 3, 4), _percentile),
    "approx_distinct": ((1, 2), lambda a: call("approx_count_distinct", a[0])),
    "approx_most_frequent": ((3,), shaped(_FREQUENT, "n", "x", "c")),
    "sum": ((1,), _checked("sum")),
    "avg": ((1,), lambda a: average(a, windowed=False)),
    "count": ((0, 1), _count),
    "map_agg": ((2,), shaped(f"map_from_entries({_PAIRS})", "k", "v")),
    "multimap_agg": (
        (2,),
        shaped(
            f"trino_multimap(list_transform({_PAIRS}, lambda p_: struct_extract_at(p_, 1)), list_transform({_PAIRS}, lambda p_: struct_extract_at(p_, 2)))",
            "k",
            "v",
        ),
    ),
    "map_union": ((1,), shaped("list_reduce(list(:m), lambda a_, b_: map_concat(a_, b_))", "m")),
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
