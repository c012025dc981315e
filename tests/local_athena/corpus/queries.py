# ruff: noqa: E501 - statements read better on one line
"""SELECT: joins, sets, subqueries, UNNEST, WITH, ORDER BY and LIMIT; and decimals."""

from tests.local_athena.corpus.case import TRINO, Page

select = Page("select", f"{TRINO}/sql/select.html")
values = Page("select", f"{TRINO}/sql/values.html")
unnest = Page("unnest", f"{TRINO}/sql/select.html")
decimal = Page("decimal", f"{TRINO}/functions/decimal.html")

A = "(VALUES (1, 'a'), (2, 'b')) AS a(x, y)"
B = "(VALUES (2, 'B'), (3, 'C')) AS b(x, z)"

CASES = [
    select.gives(
        "with-clause",
        "WITH t1 (a, b) AS (SELECT 1, 2), t2 AS (SELECT a + b AS c FROM t1) SELECT t1.*, t2.* FROM t1 CROSS JOIN t2",
        ("1", "2", "3"),
        names="a, b, c",
    ),
    select.gives(
        "with-recursive-clause",
        "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t",
        "10",
    ),
    select.gives(
        "select-clause",
        "SELECT (CAST(ROW(1, true) AS ROW(field1 bigint, field2 boolean))).* AS (alias1, alias2)",
        ("1", "true"),
        names="alias1, alias2",
    ),
    select.gives(
        "select-clause",
        f"SELECT a.*, 1 AS one, upper(y) FROM {A} ORDER BY x",
        ("1", "a", "1", "A"),
        ("2", "b", "1", "B"),
        names="x, y, one, _col3",
    ),
    select.gives("select-clause", f"SELECT DISTINCT length(y), 5 FROM {A}", ("1", "5"), names="_col0, _col1"),
    select.gives("select-clause", "SELECT ALL 1 UNION DISTINCT SELECT 1", "1"),
    select.gives(
        "order-by-clause",
        f"SELECT y, count(*) AS n FROM {A} GROUP BY GROUPING SETS ((y)) ORDER BY CASE WHEN strpos('xb', lower(y)) > 0 THEN 0 ELSE 1 END, n",
        ("b", "1"),
        ("a", "1"),
    ),
    select.gives(
        "order-by-clause",
        f"SELECT x + 1 AS more FROM {A} ORDER BY CASE WHEN more = 3 THEN 0 ELSE 1 END",
        "3",
        "2",
    ),
    select.gives("set-operations", "SELECT 13 UNION SELECT 42 UNION SELECT 13 ORDER BY 1", "13", "42"),
    select.gives("set-operations", "SELECT * FROM (VALUES 13, 42) INTERSECT SELECT 13", "13"),
    select.gives("set-operations", "SELECT * FROM (VALUES 13, 42) EXCEPT SELECT 13", "42"),
    select.gives("set-operations", "(SELECT 1 UNION ALL SELECT 2) ORDER BY 1 DESC LIMIT 1", "2"),
    select.gives("set-operations", "SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 2 ORDER BY 1", "1", "2"),
    select.gives(
        "set-operations",
        "SELECT 1 AS a UNION ALL SELECT 2.5E0 ORDER BY a",
        "1.0",
        "2.5",
        types="double",
        names="a",
    ),
    select.fails(
        "set-operations",
        "SELECT 1 UNION SELECT 'a'",
        "TYPE_MISMATCH: line 1:10: column 1 in UNION query has incompatible types: integer, varchar(1)",
    ),
    select.fails("set-operations", "SELECT 1 UNION SELECT 1, 2", "TYPE_MISMATCH"),
    select.gives("order-by-clause", f"SELECT y FROM {A} ORDER BY x DESC", "b", "a"),
    select.gives("order-by-clause", f"SELECT x AS k FROM {A} ORDER BY -k", "2", "1"),
    select.gives("order-by-clause", "SELECT x FROM (VALUES 3, NULL, 1) AS t(x) ORDER BY x", "1", "3", None),
    select.gives(
        "order-by-clause",
        "SELECT x FROM (VALUES 3, NULL, 1) AS t(x) ORDER BY x DESC NULLS FIRST",
        None,
        "3",
        "1",
    ),
    select.gives(
        "order-by-clause", "SELECT x FROM (VALUES 3, NULL, 1) AS t(x) ORDER BY x DESC", "3", "1", None
    ),
    select.gives(
        "limit-or-fetch-first-clause",
        "SELECT x FROM (VALUES 5, 2, 4, 1, 3) AS t(x) ORDER BY x OFFSET 2 LIMIT 2",
        "3",
        "4",
    ),
    select.gives(
        "limit-or-fetch-first-clause",
        "SELECT x FROM (VALUES 5, 2, 4) AS t(x) ORDER BY x FETCH FIRST 1 ROW ONLY",
        "2",
    ),
    select.gives(
        "limit-or-fetch-first-clause",
        "SELECT x FROM (VALUES 1, 1, 2) AS t(x) ORDER BY x FETCH FIRST ROW WITH TIES",
        "1",
        "1",
    ),
    select.gives(
        "limit-or-fetch-first-clause", "SELECT x FROM (VALUES 2, 1) AS t(x) ORDER BY x LIMIT ALL", "1", "2"
    ),
    select.gives(
        "tablesample", "SELECT count(*) FROM (VALUES 1, 2, 3) AS t(x) TABLESAMPLE BERNOULLI (100)", "3"
    ),
    select.gives("joins", f"SELECT a.x, y, z FROM {A} JOIN {B} ON a.x = b.x", ("2", "b", "B")),
    select.gives(
        "joins",
        f"SELECT a.x, y, b.x, z FROM {A} FULL OUTER JOIN {B} ON a.x = b.x ORDER BY coalesce(a.x, b.x)",
        ("1", "a", None, None),
        ("2", "b", "2", "B"),
        (None, None, "3", "C"),
    ),
    select.gives(
        "joins", f"SELECT a.x, b.x FROM {A} RIGHT JOIN {B} ON a.x = b.x ORDER BY b.x", ("2", "2"), (None, "3")
    ),
    select.gives(
        "joins",
        f"SELECT x, y, z FROM {A} LEFT JOIN {B} USING (x) ORDER BY x",
        ("1", "a", None),
        ("2", "b", "B"),
        names="x, y, z",
    ),
    select.gives("joins", f"SELECT * FROM {A} JOIN {B} USING (x)", ("2", "b", "B"), names="x, y, z"),
    select.gives(
        "joins",
        f"SELECT * FROM {A} JOIN {B} ON a.x < b.x ORDER BY 1, 3",
        ("1", "a", "2", "B"),
        ("1", "a", "3", "C"),
        ("2", "b", "3", "C"),
        names="x, y, x, z",
    ),
    select.gives("joins", f"SELECT count(*) FROM {A}, {B}", "4"),
    select.gives(
        "joins",
        "SELECT name, x, y FROM (VALUES ('n', 2)) AS nation(name, k) CROSS JOIN LATERAL (SELECT k * 10 AS x) CROSS JOIN LATERAL (SELECT x + 1 AS y)",
        ("n", "20", "21"),
        known="a LATERAL subquery without an alias is not seen by the next one",
    ),
    select.gives(
        "joins",
        "SELECT name, a.x FROM (VALUES ('n', 2)) AS nation(name, k) CROSS JOIN LATERAL (SELECT k * 10 AS x) AS a",
        ("n", "20"),
    ),
    select.gives("joins", f"SELECT p.x FROM {A} JOIN (SELECT 1 AS x) AS p ON a.x = p.x", "1"),
    select.fails(
        "joins",
        f"SELECT x FROM {A} JOIN {B} ON a.x = b.x",
        "AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous",
    ),
    select.gives("subqueries", f"SELECT x FROM {A} WHERE x IN (SELECT x FROM {B})", "2"),
    select.gives(
        "subqueries", f"SELECT x FROM {A} WHERE NOT EXISTS (SELECT 1 FROM {B} WHERE b.x = a.x)", "1"
    ),
    select.gives(
        "subqueries",
        f"SELECT x FROM {A} WHERE x NOT IN (SELECT CAST(NULL AS integer))",
    ),
    select.gives(
        "subqueries",
        f"SELECT x, (SELECT max(z) FROM {B} WHERE b.x > a.x) FROM {A} ORDER BY x",
        ("1", "C"),
        ("2", "C"),
    ),
    select.gives("subqueries", f"SELECT (SELECT 1 WHERE false), (SELECT count(*) FROM {A})", (None, "2")),
    select.gives("subqueries", f"SELECT x FROM {A} WHERE x = (SELECT max(x) FROM {A})", "2"),
    select.fails(
        "subqueries",
        f"SELECT (SELECT x FROM {A})",
        "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
    ),
    select.fails("where", f"SELECT x + 1 AS z FROM {A} WHERE z > 1", "COLUMN_NOT_FOUND: line 1:"),
    select.fails(
        "from",
        "SELECT nothing.x FROM (VALUES 1) AS t(x)",
        "COLUMN_NOT_FOUND: line 1:8: Column 'nothing.x' cannot be resolved",
    ),
    select.gives(
        "names", 'SELECT 1 AS "Select", 2 AS "a b", 3 AS Größe', ("1", "2", "3"), names="Select, a b, Größe"
    ),
    select.gives("names", f'SELECT A.X, "Y" FROM {A} WHERE a."x" = 1', ("1", "a"), names="X, Y"),
    values.gives("", "VALUES (1, 'a'), (2, 'b')", ("1", "a"), ("2", "b"), names="_col0, _col1"),
    values.gives("", "SELECT * FROM (VALUES 1, 2, 3)", "1", "2", "3", names="_col0"),
    values.gives(
        "", "SELECT a FROM (VALUES (1, DATE '2026-01-01')) AS t(a, b) WHERE b > DATE '2025-01-01'", "1"
    ),
    unnest.gives("unnest", "SELECT * FROM UNNEST(ARRAY[1, 2]) AS t(number)", "1", "2", names="number"),
    unnest.gives(
        "unnest",
        "SELECT * FROM UNNEST(MAP(ARRAY['foo', 'bar'], ARRAY[1, 2])) AS t(key, value)",
        ("foo", "1"),
        ("bar", "2"),
    ),
    unnest.gives(
        "unnest",
        "SELECT a, b, rownumber FROM UNNEST(ARRAY[2, 5], ARRAY[7, 8, 9]) WITH ORDINALITY AS t(a, b, rownumber) ORDER BY 3",
        ("2", "7", "1"),
        ("5", "8", "2"),
        (None, "9", "3"),
    ),
    unnest.gives(
        "unnest",
        "SELECT * FROM UNNEST(ARRAY[ROW('Java', 1995), ROW('SQL', 1974)]) AS t(language, first_appeared_year)",
        ("Java", "1995"),
        ("SQL", "1974"),
    ),
    unnest.gives(
        "unnest",
        "SELECT numbers, n FROM (VALUES (ARRAY[2, 5]), (ARRAY[7])) AS x(numbers) CROSS JOIN UNNEST(numbers) AS t(n)",
        ("[2, 5]", "2"),
        ("[2, 5]", "5"),
        ("[7]", "7"),
    ),
    unnest.gives(
        "unnest",
        "SELECT id, n, a FROM (VALUES (1, ARRAY['x', 'y'])) AS t(id, items) CROSS JOIN UNNEST(items) WITH ORDINALITY AS u(a, n) ORDER BY n",
        ("1", "1", "x"),
        ("1", "2", "y"),
    ),
    unnest.gives(
        "unnest",
        "SELECT id, k, v FROM (VALUES (1, MAP(ARRAY['p', 'q'], ARRAY[10, 20]))) AS t(id, m) CROSS JOIN UNNEST(m) AS u(k, v) ORDER BY k",
        ("1", "p", "10"),
        ("1", "q", "20"),
    ),
    unnest.gives(
        "unnest",
        "SELECT id, a, b FROM (VALUES (1, ARRAY[1, 2], ARRAY['x'])) AS t(id, p, q) CROSS JOIN UNNEST(p, q) AS u(a, b) ORDER BY a",
        ("1", "1", "x"),
        ("1", "2", None),
    ),
    unnest.gives(
        "unnest",
        "SELECT id, r.k FROM (VALUES (1, ARRAY[CAST(ROW('x', 5) AS ROW(k varchar, v integer))])) AS t(id, items) CROSS JOIN UNNEST(items) AS r(k, v)",
        ("1", "x"),
    ),
    unnest.gives(
        "unnest",
        "SELECT id, n FROM (VALUES (1, ARRAY[5]), (2, ARRAY[])) AS t(id, items) LEFT JOIN UNNEST(items) AS u(n) ON true ORDER BY id",
        ("1", "5"),
        ("2", None),
    ),
    unnest.gives(
        "unnest",
        "SELECT count(*), sum(n) FROM UNNEST(sequence(1, 1000)) AS t(n) WHERE n % 2 = 0",
        ("500", "250500"),
    ),
    unnest.gives(
        "unnest",
        "SELECT t.n, u.m FROM UNNEST(ARRAY[1, 2]) AS t(n), UNNEST(ARRAY[3]) AS u(m) ORDER BY 1",
        ("1", "3"),
        ("2", "3"),
    ),
    decimal.gives(
        "decimal-literals",
        "SELECT 1.5, -0.25, 123.450, DECIMAL '-7.10'",
        ("1.5", "-0.25", "123.450", "-7.10"),
        types="decimal, decimal, decimal, decimal",
    ),
    decimal.gives(
        "binary-arithmetic-decimal-operators",
        "SELECT 1.1 + 2.22, 5.5 - 1, 1.5 * 1.25, 7.5 % 2, -(1.5)",
        ("3.32", "4.5", "1.875", "1.5", "-1.5"),
    ),
    decimal.gives(
        "binary-arithmetic-decimal-operators",
        "SELECT 1.0 / 3, 10.00 / 3, 1 / 3.0, 2.0 / 3, -1.0 / 3, 1.000 / 8",
        ("0.3", "3.33", "0.3", "0.7", "-0.3", "0.125"),
    ),
    decimal.gives(
        "binary-arithmetic-decimal-operators",
        "SELECT CAST(10 AS decimal(10, 2)) / CAST(3 AS decimal(10, 4)), CAST(1 AS decimal(38, 10)) / 7",
        ("3.3333", "0.1428571429"),
    ),
    decimal.gives(
        "binary-arithmetic-decimal-operators",
        "SELECT 1.5 / 2E0, CAST(1.5 AS double) / 2, 3.0 / CAST(2 AS double)",
        ("0.75", "0.75", "1.5"),
    ),
    decimal.gives(
        "binary-arithmetic-decimal-operators",
        "SELECT x / 3, x * 2, x + 1, x > 10 FROM (VALUES DECIMAL '10.00') AS t(x)",
        ("3.33", "20.00", "11.00", "false"),
    ),
    decimal.gives(
        "aggregate",
        "SELECT sum(x), avg(x), min(x), max(x), count(x) FROM (VALUES DECIMAL '1.00', DECIMAL '2.00', DECIMAL '2.01') AS t(x)",
        ("5.01", "1.67", "1.00", "2.01", "3"),
        types="decimal, decimal, decimal, decimal, bigint",
    ),
    decimal.gives(
        "aggregate",
        "SELECT y, avg(x), sum(x) / count(*), avg(x) FILTER (WHERE x > 1) FROM (VALUES ('a', DECIMAL '1.00'), ('a', DECIMAL '2.05')) AS t(y, x) GROUP BY y",
        ("a", "1.53", "1.53", "2.05"),
    ),
    decimal.gives(
        "aggregate",
        "SELECT avg(x) OVER (), sum(x) OVER () FROM (VALUES DECIMAL '1.00', DECIMAL '2.05') AS t(x) LIMIT 1",
        ("1.53", "3.05"),
    ),
    decimal.gives(
        "comparison-operators",
        "SELECT 1.0 = 1, 1.10 = 1.1, 2.5 BETWEEN 2 AND 3, 0.1 + 0.2 = 0.3, 1.5 IN (1.5, 2)",
        ("true", "true", "true", "true", "true"),
    ),
    decimal.gives(
        "cast",
        "SELECT CAST(1.567 AS decimal(3, 1)), CAST(2.5 AS integer), CAST(-2.5 AS bigint), CAST('3.14159' AS decimal(4, 2)), CAST(1.10 AS varchar), CAST(3 AS decimal(5, 2))",
        ("1.6", "3", "-3", "3.14", "1.10", "3.00"),
    ),
    decimal.fails(
        "binary-arithmetic-decimal-operators", "SELECT 1.0 / 0", "DIVISION_BY_ZERO: Division by zero"
    ),
    decimal.fails(
        "cast",
        "SELECT CAST(1000 AS decimal(4, 2))",
        "INVALID_CAST_ARGUMENT: Cannot cast INTEGER '1000' to DECIMAL(4, 2)",
        known="the type of the value is not told",
    ),
]
