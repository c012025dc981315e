# ruff: noqa: E501 - statements read better on one line
"""Aggregates, grouping and window functions."""

from tests.local_athena.corpus.case import TRINO, Page

aggregate = Page("aggregate", f"{TRINO}/functions/aggregate.html")
grouping = Page("grouping", f"{TRINO}/sql/select.html")
window = Page("window", f"{TRINO}/functions/window.html")

T = "(VALUES (1, 'a', 1.5E0), (2, 'b', 2.5E0), (3, 'a', NULL)) AS t(x, y, z)"
SHIPPING = """(VALUES ('California', 94131, 'New Jersey', 8648, 13), ('California', 94131, 'New Jersey', 8540, 42),
('New Jersey', 7081, 'Connecticut', 6708, 225), ('California', 90210, 'Connecticut', 6927, 1337),
('California', 94131, 'Colorado', 80302, 5), ('New York', 10002, 'New Jersey', 8540, 3))
AS shipping(origin_state, origin_zip, destination_state, destination_zip, package_weight)"""

CASES = [
    aggregate.gives("any_value", f"SELECT any_value(x), arbitrary(y) FROM {T} WHERE x = 2", ("2", "b")),
    aggregate.gives(
        "array_agg",
        f"SELECT array_agg(z ORDER BY x), array_agg(y ORDER BY x DESC), array_agg(x ORDER BY x) FILTER (WHERE x > 1), array_agg(DISTINCT y ORDER BY y) FROM {T}",
        ("[1.5, 2.5, null]", "[a, b, a]", "[2, 3]", "[a, b]"),
    ),
    aggregate.gives(
        "avg",
        f"SELECT avg(x), avg(z), avg(CAST(x AS bigint)), avg(DISTINCT x) FROM {T}",
        ("2.0", "2.0", "2.0", "2.0"),
        types="double, double, double, double",
    ),
    aggregate.gives(
        "bool_and",
        f"SELECT bool_and(x > 0), bool_or(x > 5), every(x > 1), bool_and(z > 2) FROM {T}",
        ("true", "false", "false", "false"),
    ),
    aggregate.gives(
        "count",
        f"SELECT count(*), count(z), count(DISTINCT y), count_if(x > 1), count() FROM {T}",
        ("3", "2", "2", "2", "3"),
        types="bigint, bigint, bigint, bigint, bigint",
    ),
    aggregate.gives(
        "count", f"SELECT count(DISTINCT (y, x > 1)), count(*) FILTER (WHERE y = 'a') FROM {T}", ("3", "2")
    ),
    aggregate.gives("geometric_mean", "SELECT geometric_mean(x) FROM (VALUES 2E0, 8E0) AS t(x)", "4.0"),
    aggregate.gives(
        "listagg", f"SELECT listagg(y, ',') WITHIN GROUP (ORDER BY x) FROM {T}", "a,b,a", types="varchar"
    ),
    aggregate.gives(
        "listagg",
        "SELECT country, listagg(city, '-') WITHIN GROUP (ORDER BY city) FROM (VALUES ('AT', 'Wien'), ('AT', 'Graz'), ('DE', 'Ulm')) AS t(country, city) GROUP BY country ORDER BY 1",
        ("AT", "Graz-Wien"),
        ("DE", "Ulm"),
    ),
    aggregate.gives(
        "max", f"SELECT max(x, 2), min(x, 2), max(y), min(z) FROM {T}", ("[3, 2]", "[1, 2]", "b", "1.5")
    ),
    aggregate.gives(
        "max_by",
        f"SELECT max_by(y, x), min_by(y, x), max_by(x, x, 2), min_by(y, x, 2), max_by(x, z) FROM {T}",
        ("a", "a", "[3, 2]", "[a, b]", "2"),
    ),
    aggregate.gives(
        "sum",
        f"SELECT sum(x), sum(z), sum(CAST(x AS tinyint)), sum(DISTINCT x) FROM {T}",
        ("6", "4.0", "6", "6"),
        types="bigint, double, bigint, bigint",
    ),
    aggregate.gives(
        "sum",
        f"SELECT sum(CAST(x AS real)) FROM {T}",
        "6.0",
        types="float",
    ),
    aggregate.fails(
        "sum", "SELECT sum(x) FROM (VALUES 9223372036854775807, 1) AS t(x)", "NUMERIC_VALUE_OUT_OF_RANGE"
    ),
    aggregate.fails(
        "sum",
        "SELECT sum(x) FROM (VALUES 'a') AS t(x)",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar(1)) for function sum",
    ),
    aggregate.gives(
        "bitwise_and_agg",
        "SELECT bitwise_and_agg(x), bitwise_or_agg(x), bitwise_xor_agg(x) FROM (VALUES 6, 3) AS t(x)",
        ("2", "7", "5"),
        types="bigint, bigint, bigint",
    ),
    aggregate.gives(
        "histogram",
        f"SELECT histogram(y), map_union(MAP(ARRAY[x], ARRAY[y])) FROM {T} WHERE x < 3",
        ("{a=1, b=1}", "{1=a, 2=b}"),
    ),
    aggregate.gives(
        "map_agg",
        f"SELECT map_agg(x, y), multimap_agg(y, x) FROM {T} WHERE x < 3",
        ("{1=a, 2=b}", "{a=[1], b=[2]}"),
    ),
    aggregate.gives(
        "approx_distinct",
        f"SELECT approx_distinct(y), approx_distinct(z), approx_distinct(x, 0.01E0) FROM {T}",
        ("2", "2", "3"),
        types="bigint, bigint, bigint",
    ),
    aggregate.gives(
        "approx_percentile",
        "SELECT approx_percentile(x, 0.25E0), approx_percentile(x, ARRAY[0.5E0, 1E0]), approx_percentile(x, 0.0) FROM UNNEST(sequence(1, 101)) AS t(x)",
        ("26", "[51, 101]", "1"),
    ),
    aggregate.gives(
        "approx_percentile",
        "SELECT approx_percentile(x, w, 0.5E0) FROM (VALUES (1, 1), (2, 5), (3, 1)) AS t(x, w)",
        "2",
    ),
    aggregate.gives(
        "approx_most_frequent",
        "SELECT approx_most_frequent(1, x, 100) FROM (VALUES 'a', 'b', 'a') AS t(x)",
        "{a=2}",
    ),
    aggregate.gives(
        "numeric_histogram",
        "SELECT cardinality(numeric_histogram(2, x)) FROM (VALUES 1E0, 2E0, 9E0) AS t(x)",
        "2",
        known="numeric_histogram with more values than buckets is refused",
    ),
    aggregate.gives(
        "stddev",
        "SELECT stddev_pop(x), stddev_samp(x), variance(x), var_pop(x), var_samp(x) FROM (VALUES 1E0, 3E0) AS t(x)",
        ("1.0", "1.4142135623730951", "2.0", "1.0", "2.0"),
    ),
    aggregate.gives(
        "stddev",
        "SELECT stddev(x), variance(x), stddev_pop(x) FROM (VALUES 1E0) AS t(x)",
        (None, None, "0.0"),
    ),
    aggregate.gives(
        "corr",
        "SELECT corr(y, x), covar_pop(y, x), covar_samp(y, x), regr_slope(y, x), regr_intercept(y, x) FROM (VALUES (1E0, 3E0), (2E0, 5E0), (3E0, 7E0)) AS t(x, y)",
        ("1.0", "1.3333333333333333", "2.0", "2.0", "1.0"),
    ),
    aggregate.gives(
        "skewness", "SELECT skewness(x), kurtosis(x) FROM (VALUES 1E0, 2E0) AS t(x)", (None, None)
    ),
    aggregate.gives("entropy", "SELECT entropy(x) FROM (VALUES 1, 1) AS t(x)", "1.0"),
    aggregate.gives(
        "reduce_agg",
        "SELECT reduce_agg(x, 0, (a, b) -> a + b, (a, b) -> a + b) FROM (VALUES 1, 2, 3) AS t(x)",
        "6",
    ),
    aggregate.gives(
        "checksum", f"SELECT checksum(x) IS NOT NULL FROM {T}", "true", known="checksum is not there"
    ),
    aggregate.gives(
        "ordering-during-aggregation",
        f"SELECT array_agg(x ORDER BY y DESC, x), array_join(array_agg(y ORDER BY x), '') FROM {T}",
        ("[2, 1, 3]", "aba"),
    ),
    aggregate.gives(
        "filtering-during-aggregation",
        f"SELECT y, sum(x) FILTER (WHERE x > 2), count(*) FILTER (WHERE z IS NULL) FROM {T} GROUP BY y ORDER BY y",
        ("a", "3", "1"),
        ("b", None, "0"),
    ),
    aggregate.gives(
        "filtering-during-aggregation",
        f"SELECT map_agg(x, y) FILTER (WHERE x < 3), histogram(y) FILTER (WHERE x > 1), multimap_agg(y, x) FILTER (WHERE y = 'a'), avg(z) FILTER (WHERE x = 2), max_by(y, x) FILTER (WHERE x < 3) FROM {T}",
        ("{1=a, 2=b}", "{a=1, b=1}", "{a=[1, 3]}", "2.5", "b"),
    ),
    aggregate.gives(
        "filtering-during-aggregation",
        f"SELECT y, map_agg(x, z) FILTER (WHERE z IS NOT NULL), array_agg(x) FILTER (WHERE x > 5) FROM {T} GROUP BY y ORDER BY y",
        ("a", "{1=1.5}", None),
        ("b", "{2=2.5}", None),
    ),
    window.gives(
        "aggregate-functions",
        f"SELECT x, cardinality(map_agg(x, y) OVER (ORDER BY x)), array_agg(y) OVER (ORDER BY x), bool_or(z IS NULL) OVER (ORDER BY x) FROM {T} ORDER BY x",
        ("1", "1", "[a]", "false"),
        ("2", "2", "[a, b]", "false"),
        ("3", "3", "[a, b, a]", "true"),
    ),
    aggregate.gives(
        "aggregates-of-nothing",
        f"SELECT count(*), sum(x), max(y), array_agg(x), bool_and(x > 1), avg(z) FROM {T} WHERE false",
        ("0", None, None, None, None, None),
    ),
    grouping.gives(
        "group-by-clause",
        f"SELECT y, count(*), sum(x) + 1, avg(z) * 2 FROM {T} GROUP BY y ORDER BY count(*) DESC",
        ("a", "2", "5", "3.0"),
        ("b", "1", "3", "5.0"),
    ),
    grouping.gives(
        "group-by-clause",
        f"SELECT x % 2, upper(y), count(*) FROM {T} GROUP BY x % 2, upper(y) ORDER BY 1",
        ("0", "B", "1"),
        ("1", "A", "2"),
    ),
    grouping.gives("group-by-clause", f"SELECT count(*) FROM {T} GROUP BY ()", "3"),
    grouping.gives(
        "grouping-sets",
        f"SELECT origin_state, sum(package_weight) FROM {SHIPPING} GROUP BY GROUPING SETS ((origin_state), ()) ORDER BY 2",
        ("New York", "3"),
        ("New Jersey", "225"),
        ("California", "1397"),
        (None, "1625"),
    ),
    grouping.gives(
        "grouping-sets",
        f"SELECT origin_state, origin_zip, destination_state, sum(package_weight) FROM {SHIPPING} GROUP BY GROUPING SETS ((origin_state), (origin_state, origin_zip), (destination_state)) ORDER BY 4, 1, 2, 3",
        ("New York", "10002", None, "3"),
        ("New York", None, None, "3"),
        (None, None, "Colorado", "5"),
        (None, None, "New Jersey", "58"),
        ("California", "94131", None, "60"),
        ("New Jersey", "7081", None, "225"),
        ("New Jersey", None, None, "225"),
        ("California", "90210", None, "1337"),
        ("California", None, None, "1397"),
        (None, None, "Connecticut", "1562"),
    ),
    grouping.gives(
        "cube",
        f"SELECT origin_state, destination_state, count(*) FROM {SHIPPING} WHERE origin_state = 'New York' GROUP BY CUBE (origin_state, destination_state) ORDER BY 1, 2",
        ("New York", "New Jersey", "1"),
        ("New York", None, "1"),
        (None, "New Jersey", "1"),
        (None, None, "1"),
    ),
    grouping.gives(
        "rollup",
        f"SELECT origin_state, origin_zip, sum(package_weight) FROM {SHIPPING} GROUP BY ROLLUP (origin_state, origin_zip) ORDER BY 1, 2",
        ("California", "90210", "1337"),
        ("California", "94131", "60"),
        ("California", None, "1397"),
        ("New Jersey", "7081", "225"),
        ("New Jersey", None, "225"),
        ("New York", "10002", "3"),
        ("New York", None, "3"),
        (None, None, "1625"),
    ),
    grouping.gives(
        "grouping-operation",
        f"SELECT origin_state, sum(package_weight), grouping(origin_state) FROM {SHIPPING} GROUP BY ROLLUP (origin_state) ORDER BY 3, 1",
        ("California", "1397", "0"),
        ("New Jersey", "225", "0"),
        ("New York", "3", "0"),
        (None, "1625", "1"),
    ),
    grouping.gives(
        "grouping-operation",
        f"SELECT origin_state, destination_state, grouping(origin_state, destination_state) FROM {SHIPPING} WHERE origin_state = 'New York' GROUP BY GROUPING SETS ((origin_state), (destination_state)) ORDER BY 3",
        ("New York", None, "1"),
        (None, "New Jersey", "2"),
    ),
    grouping.gives(
        "having-clause",
        f"SELECT y, max(x) FROM {T} GROUP BY y HAVING sum(x) > 2 AND count(*) > 1",
        ("a", "3"),
    ),
    grouping.gives(
        "having-clause",
        f"SELECT count(*) FROM {T} HAVING count(*) > 5",
    ),
    grouping.fails(
        "group-by-clause",
        f"SELECT x, count(*) FROM {T} GROUP BY y",
        "EXPRESSION_NOT_AGGREGATE: line 1:8: 'x' must be an aggregate expression or appear in GROUP BY clause",
    ),
    grouping.fails("group-by-clause", f"SELECT y, count(*) FROM {T}", "EXPRESSION_NOT_AGGREGATE"),
    grouping.fails(
        "group-by-clause",
        f"SELECT y FROM {T} WHERE count(*) > 1 GROUP BY y",
        "EXPRESSION_NOT_SCALAR: line 1:",
    ),
    grouping.fails("group-by-clause", f"SELECT sum(count(*)) FROM {T}", "NESTED_AGGREGATION"),
    grouping.fails("group-by-clause", f"SELECT y AS k, count(*) FROM {T} GROUP BY k", "COLUMN_NOT_FOUND"),
    window.gives(
        "rank",
        f"SELECT y, x, rank() OVER (ORDER BY y), dense_rank() OVER (ORDER BY y), row_number() OVER (ORDER BY x DESC) FROM {T} ORDER BY x",
        ("a", "1", "1", "1", "3"),
        ("b", "2", "3", "2", "2"),
        ("a", "3", "1", "1", "1"),
        types="varchar, integer, bigint, bigint, bigint",
    ),
    window.gives(
        "cume_dist",
        f"SELECT x, cume_dist() OVER (ORDER BY y), percent_rank() OVER (ORDER BY y), ntile(2) OVER (ORDER BY x) FROM {T} ORDER BY x",
        ("1", "0.6666666666666666", "0.0", "1"),
        ("2", "1.0", "1.0", "1"),
        ("3", "0.6666666666666666", "0.0", "2"),
    ),
    window.gives(
        "first_value",
        f"SELECT x, first_value(x) OVER (ORDER BY x), last_value(x) OVER (ORDER BY x), nth_value(x, 2) OVER (ORDER BY x), last_value(x) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM {T} ORDER BY x",
        ("1", "1", "1", None, "3"),
        ("2", "1", "2", "2", "3"),
        ("3", "1", "3", "2", "3"),
    ),
    window.gives(
        "lead",
        f"SELECT x, lead(x) OVER (ORDER BY x), lead(x, 2) OVER (ORDER BY x), lead(x, 1, -1) OVER (ORDER BY x), lag(y, 2, 'z') OVER (ORDER BY x) FROM {T} ORDER BY x",
        ("1", "2", "3", "2", "z"),
        ("2", "3", None, "3", "z"),
        ("3", None, None, "-1", "a"),
    ),
    window.gives(
        "lead",
        "SELECT d, lag(v) IGNORE NULLS OVER (ORDER BY d), last_value(v) IGNORE NULLS OVER (ORDER BY d) FROM (VALUES (1, 'a'), (2, NULL), (3, NULL)) AS t(d, v) ORDER BY d",
        ("1", None, "a"),
        ("2", "a", "a"),
        ("3", "a", "a"),
    ),
    window.gives(
        "aggregate-functions",
        f"SELECT x, sum(x) OVER (ORDER BY x), avg(x) OVER (PARTITION BY y), count(*) OVER () FROM {T} ORDER BY x",
        ("1", "1", "2.0", "3"),
        ("2", "3", "2.0", "3"),
        ("3", "6", "2.0", "3"),
    ),
    window.gives(
        "frame",
        f"SELECT x, sum(x) OVER (ORDER BY x ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING), sum(x) OVER (ORDER BY x ROWS 1 PRECEDING), sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {T} ORDER BY x",
        ("1", "3", "1", "1"),
        ("2", "5", "3", "3"),
        ("3", "3", "5", "5"),
    ),
    window.gives(
        "frame",
        "SELECT d, sum(v) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM (VALUES (DATE '2026-01-01', 1), (DATE '2026-01-02', 2), (DATE '2026-01-05', 4)) AS t(d, v) ORDER BY d",
        ("2026-01-01", "1"),
        ("2026-01-02", "3"),
        ("2026-01-05", "4"),
    ),
    window.gives(
        "frame",
        "SELECT x, array_agg(x) OVER (ORDER BY x GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1), (1), (3)) AS t(x) ORDER BY x",
        ("1", "[1, 1]"),
        ("1", "[1, 1]"),
        ("3", "[1, 1, 3]"),
    ),
    window.gives(
        "window-clause",
        f"SELECT x, sum(x) OVER w, row_number() OVER w FROM {T} WINDOW w AS (PARTITION BY y ORDER BY x) ORDER BY x",
        ("1", "1", "1"),
        ("2", "2", "1"),
        ("3", "4", "2"),
    ),
    window.gives(
        "aggregate-functions",
        f"SELECT y, sum(x), rank() OVER (ORDER BY sum(x) DESC), sum(x) * 1E0 / sum(sum(x)) OVER () FROM {T} GROUP BY y ORDER BY y",
        ("a", "4", "1", "0.6666666666666666"),
        ("b", "2", "2", "0.3333333333333333"),
    ),
    window.gives(
        "aggregate-functions",
        f"SELECT x, count(*) FILTER (WHERE y = 'a') OVER (ORDER BY x), max(x) OVER (PARTITION BY y) - x FROM {T} ORDER BY x",
        ("1", "1", "2"),
        ("2", "1", "0"),
        ("3", "2", "0"),
    ),
    window.gives(
        "aggregate-functions",
        f"SELECT x FROM (SELECT x, row_number() OVER (PARTITION BY y ORDER BY x DESC) AS n FROM {T}) WHERE n = 1 ORDER BY x",
        "2",
        "3",
    ),
    window.fails(
        "window-functions",
        f"SELECT x FROM {T} WHERE row_number() OVER (ORDER BY x) = 1",
        "EXPRESSION_NOT_SCALAR",
    ),
]
