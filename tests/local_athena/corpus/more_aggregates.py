# ruff: noqa: E501 - statements read better on one line
"""More of aggregates and windows."""

from tests.local_athena.corpus.case import TRINO, Page

aggregate = Page("aggregate", f"{TRINO}/functions/aggregate.html")
window = Page("window", f"{TRINO}/functions/window.html")

CASES = [
    aggregate.gives(
        "",
        "SELECT count(*), count(v), count(DISTINCT k), sum(v), avg(v), min(v), max(k) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        ("4", "3", "2", "70", "23.333333333333332", "10", "b"),
        types="bigint, bigint, bigint, bigint, double, integer, varchar",
        names="_col0, _col1, _col2, _col3, _col4, _col5, _col6",
    ),
    aggregate.gives(
        "",
        "SELECT array_agg(v ORDER BY id), array_agg(v ORDER BY id DESC) FILTER (WHERE v IS NOT NULL), array_agg(DISTINCT k ORDER BY k) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        ("[10, 20, null, 40]", "[40, 20, 10]", "[a, b, null]"),
    ),
    aggregate.gives(
        "",
        "SELECT max_by(k, v), min_by(id, v), max_by(id, v, 2), min_by(id, v, 2) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        (None, "1", "[4, 2]", "[1, 2]"),
    ),
    aggregate.gives(
        "",
        "SELECT max(v, 2), min(v, 2) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        ("[40, 20]", "[10, 20]"),
    ),
    aggregate.gives(
        "",
        "SELECT bool_and(v > 5), bool_or(v > 30), every(v > 10), count_if(v > 10) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        ("true", "true", "false", "2"),
    ),
    aggregate.gives(
        "",
        "SELECT listagg(k, ',') WITHIN GROUP (ORDER BY id) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        "a,a,b",
    ),
    aggregate.gives(
        "",
        "SELECT listagg(DISTINCT k, ',') WITHIN GROUP (ORDER BY k), listagg(k, ',' ON OVERFLOW TRUNCATE '...' WITH COUNT) WITHIN GROUP (ORDER BY id) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        ("a,b", "a,a,b"),
        known="ON OVERFLOW of listagg is not there",
    ),
    aggregate.gives(
        "",
        "SELECT histogram(k), map_agg(id, k) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v) WHERE k IS NOT NULL",
        ("{a=2, b=1}", "{1=a, 2=a, 3=b}"),
    ),
    aggregate.gives(
        "",
        "SELECT approx_distinct(k), approx_percentile(v, 0.5), approx_percentile(v, ARRAY[0.1, 0.9]), approx_percentile(v, 2, 0.5), approx_distinct(k, 0.023) FROM (VALUES (1,'a',10),(2,'a',20),(3,'b',NULL),(4,NULL,40)) AS t(id,k,v)",
        ("2", "20", "[10, 40]", "20", "2"),
    ),
    aggregate.gives("", "SELECT any_value(x), arbitrary(x) FROM (VALUES 7, 7) t(x)", ("7", "7")),
    aggregate.gives(
        "",
        "SELECT stddev(x), stddev_pop(x), variance(x), var_pop(x), stddev_samp(x) FROM (VALUES 1,2,3,4) t(x)",
        ("1.2909944487358056", "1.118033988749895", "1.6666666666666667", "1.25", "1.2909944487358056"),
    ),
    aggregate.gives(
        "",
        "SELECT bitwise_and_agg(x), bitwise_or_agg(x), bitwise_xor_agg(x) FROM (VALUES 6,3) t(x)",
        ("2", "7", "5"),
    ),
    aggregate.gives("", "SELECT reduce_agg(x, 1, (a,b)->a*b, (a,b)->a*b) FROM (VALUES 2,3,4) t(x)", "24"),
    aggregate.gives(
        "", "SELECT numeric_histogram(2, x) FROM (VALUES 1e0, 1e0, 5e0) t(x)", "{1.0=2.0, 5.0=1.0}"
    ),
    aggregate.gives(
        "", "SELECT approx_most_frequent(2, x, 100) FROM (VALUES 'a','a','b') t(x)", "{a=2, b=1}"
    ),
    aggregate.gives(
        "", "SELECT multimap_agg(k, v) FROM (VALUES ('a',1),('b',2),('a',3)) t(k,v)", "{a=[1, 3], b=[2]}"
    ),
    aggregate.gives("", "SELECT entropy(x) FROM (VALUES 1,1,2) t(x)", "1.5"),
    aggregate.gives(
        "",
        "SELECT avg(x), sum(x), typeof(avg(x)) FROM (VALUES 1.25, 2.5, 3.0) t(x)",
        ("2.25", "6.75", "decimal(3,2)"),
    ),
    aggregate.gives(
        "",
        "SELECT avg(x) FROM (VALUES INTERVAL '1' DAY, INTERVAL '3' DAY) t(x)",
        "2 00:00:00.000",
        known="averages of intervals are not there",
    ),
    aggregate.gives(
        "",
        "SELECT sum(x) FROM (VALUES INTERVAL '1' DAY, INTERVAL '3' DAY) t(x)",
        "4 00:00:00.000",
        known="sums of intervals are not there",
    ),
    aggregate.gives(
        "", "SELECT min(x), max(x) FROM (VALUES ARRAY[1,2], ARRAY[1,3]) t(x)", ("[1, 2]", "[1, 3]")
    ),
    aggregate.gives("", "SELECT max(x), min(x) FROM (VALUES 1e0, nan(), NULL) t(x)", ("NaN", "1.0")),
    aggregate.gives("", "SELECT count(DISTINCT (a, b)) FROM (VALUES (1,2),(1,2),(1,3)) t(a,b)", "2"),
    aggregate.gives(
        "",
        "SELECT k, sum(v) FROM (VALUES ('a',1),('b',2)) t(k,v) GROUP BY k HAVING sum(v) > 1",
        ("b", "2"),
        types="varchar, bigint",
        names="k, _col1",
    ),
    aggregate.gives(
        "",
        "SELECT a, b, grouping(a, b), count(*) FROM (VALUES (1,2),(1,3)) t(a,b) GROUP BY GROUPING SETS ((a,b),(a),()) ORDER BY 1,2,3",
        ("1", "2", "0", "1"),
        ("1", "3", "0", "1"),
        ("1", None, "1", "2"),
        (None, None, "3", "2"),
    ),
    aggregate.gives(
        "",
        "SELECT a, b, sum(c) FROM (VALUES (1,2,3)) t(a,b,c) GROUP BY CUBE(a,b) ORDER BY grouping(a,b)",
        ("1", "2", "3"),
        ("1", None, "3"),
        (None, "2", "3"),
        (None, None, "3"),
    ),
    aggregate.fails(
        "",
        "SELECT k FROM (VALUES ('a',1)) t(k,v) GROUP BY v",
        "EXPRESSION_NOT_AGGREGATE: line 1:8: 'k' must be an aggregate expression or appear in GROUP BY clause",
    ),
    aggregate.fails("", "SELECT sum(count(*)) FROM (VALUES 1) t(x)", "NESTED_AGGREGATION"),
    aggregate.fails("", "SELECT x FROM (VALUES 1) t(x) WHERE sum(x) > 1", "EXPRESSION_NOT_SCALAR"),
    window.gives(
        "",
        "SELECT x, row_number() OVER (ORDER BY x DESC), rank() OVER (ORDER BY y), dense_rank() OVER (ORDER BY y), percent_rank() OVER (ORDER BY y), cume_dist() OVER (ORDER BY y), ntile(2) OVER (ORDER BY x) FROM (VALUES (1,1),(2,1),(3,2)) t(x,y) ORDER BY x",
        ("1", "3", "1", "1", "0.0", "0.6666666666666666", "1"),
        ("2", "2", "1", "1", "0.0", "0.6666666666666666", "1"),
        ("3", "1", "3", "2", "1.0", "1.0", "2"),
    ),
    window.gives(
        "",
        "SELECT x, lag(x,1,0) OVER w, lead(x) OVER w, first_value(x) OVER w, last_value(x) OVER w, nth_value(x,2) OVER w FROM (VALUES 1,2,3) t(x) WINDOW w AS (ORDER BY x) ORDER BY x",
        ("1", "0", "2", "1", "1", None),
        ("2", "1", "3", "1", "2", "2"),
        ("3", "2", None, "1", "3", "2"),
    ),
    window.gives(
        "",
        "SELECT x, lag(v) IGNORE NULLS OVER (ORDER BY x), last_value(v) IGNORE NULLS OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM (VALUES (1,10),(2,NULL),(3,NULL),(4,5)) t(x,v) ORDER BY x",
        ("1", None, "10"),
        ("2", "10", "10"),
        ("3", "10", "10"),
        ("4", "10", "5"),
    ),
    window.gives(
        "",
        "SELECT x, sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING), count(*) OVER (ORDER BY x GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES 1,2,2,5) t(x) ORDER BY x",
        ("1", "5", "1"),
        ("2", "5", "3"),
        ("2", "5", "3"),
        ("5", "5", "3"),
    ),
    window.gives(
        "",
        "SELECT d, count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM (VALUES DATE '2020-01-01', DATE '2020-01-02', DATE '2020-01-05') t(d) ORDER BY d",
        ("2020-01-01", "1"),
        ("2020-01-02", "2"),
        ("2020-01-05", "1"),
    ),
    window.gives(
        "",
        "SELECT k, sum(sum(v)) OVER (ORDER BY k), sum(v) * 100.0 / sum(sum(v)) OVER () FROM (VALUES ('a',1),('b',3)) t(k,v) GROUP BY k ORDER BY k",
        ("a", "1", "25.0"),
        ("b", "4", "75.0"),
    ),
    window.gives(
        "",
        "SELECT array_agg(x) OVER (ORDER BY x), max_by(x, x) OVER (ORDER BY x), count_if(x > 1) OVER (), approx_distinct(x) OVER () FROM (VALUES 1, 2) t(x) ORDER BY x",
        ("[1]", "1", "1", "2"),
        ("[1, 2]", "2", "1", "2"),
    ),
    window.fails(
        "",
        "SELECT row_number() OVER () FROM (VALUES 1,1) t(x) WHERE row_number() OVER () = 1",
        "EXPRESSION_NOT_SCALAR",
    ),
    window.gives(
        "",
        "SELECT sum(x) FILTER (WHERE x > 1) OVER (ORDER BY x) FROM (VALUES 1,2,3) t(x) ORDER BY x",
        None,
        "2",
        "5",
    ),
]
