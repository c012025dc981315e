# ruff: noqa: E501 - statements read better on one line
"""More of SELECT: its clauses one by one, and what of them must fail."""

from tests.local_athena.corpus.case import TRINO, Page

select_ = Page("select", f"{TRINO}/sql/select.html")

CASES = [
    select_.gives("", "SELECT * FROM (VALUES 1,2,3) t(x) ORDER BY x OFFSET 1 LIMIT 1", "2"),
    select_.gives(
        "", "SELECT * FROM (VALUES 3,1,2) t(x) ORDER BY x OFFSET 1 ROW FETCH NEXT 1 ROWS ONLY", "2"
    ),
    select_.gives("", "SELECT x FROM (VALUES 1, NULL, 2) t(x) ORDER BY x", "1", "2", None),
    select_.gives("", "SELECT x FROM (VALUES 1, NULL, 2) t(x) ORDER BY x DESC", "2", "1", None),
    select_.gives("", "SELECT x FROM (VALUES 1, NULL, 2) t(x) ORDER BY x DESC NULLS FIRST", None, "2", "1"),
    select_.gives(
        "",
        "SELECT * FROM UNNEST(ARRAY[1,2], ARRAY['a']) AS t(x, y)",
        ("1", "a"),
        ("2", None),
        types="integer, varchar",
        names="x, y",
    ),
    select_.gives(
        "",
        "SELECT k, v FROM UNNEST(MAP(ARRAY['a','b'],ARRAY[1,2])) AS t(k, v) ORDER BY k",
        ("a", "1"),
        ("b", "2"),
    ),
    select_.gives(
        "", "SELECT a, b FROM UNNEST(ARRAY[ROW(1,'x'),ROW(2,'y')]) AS t(a,b)", ("1", "x"), ("2", "y")
    ),
    select_.gives("", "(SELECT x FROM (VALUES 1,2) t(x)) INTERSECT (SELECT 2)", "2"),
    select_.gives("", "SELECT 1 AS a UNION ALL SELECT 2.5", "1.0", "2.5", types="decimal", names="a"),
    select_.gives(
        "",
        "SELECT (SELECT max(y) FROM (VALUES (1,5),(2,6)) u(a,y) WHERE u.a = t.x) FROM (VALUES 1,2,3) t(x) ORDER BY x",
        "5",
        "6",
        None,
    ),
    select_.fails(
        "",
        "SELECT (SELECT x FROM (VALUES 1,2) t(x))",
        "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
    ),
    select_.gives(
        "", "SELECT x FROM (VALUES 1,2,3) t(x) WHERE x NOT IN (SELECT y FROM (VALUES 1,NULL) u(y))"
    ),
    select_.gives("", "SELECT EXISTS (SELECT 1 WHERE false), NOT EXISTS (SELECT 1)", ("false", "false")),
    select_.gives("", 'SELECT "X" FROM (VALUES 1) t(x)', "1", types="integer", names="X"),
    select_.gives(
        "",
        'SELECT 1 AS "my col", 2 AS MyCol, 3 x',
        ("1", "2", "3"),
        types="integer, integer, integer",
        names="my col, MyCol, x",
    ),
    select_.gives(
        "", "SELECT t.* FROM (VALUES (1, 2)) AS t(a, b)", ("1", "2"), types="integer, integer", names="a, b"
    ),
    select_.fails(
        "",
        "SELECT * FROM nope",
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nope' does not exist",
    ),
    select_.fails(
        "", "SELECT nope FROM (VALUES 1) t(x)", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"
    ),
    select_.fails("", "SELECT foo(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered"),
    select_.fails(
        "",
        "SELECT * FROM (VALUES (1,'a')) AS t(x, y) MATCH_RECOGNIZE (ORDER BY x MEASURES A.x AS ax PATTERN (A) DEFINE A AS x > 0)",
        "NOT_SUPPORTED",
    ),
    select_.gives("", "SELECT x FROM (VALUES 1) t(x) LIMIT ALL", "1"),
    select_.gives("", "SELECT DISTINCT x, y FROM (VALUES (1,2),(1,2)) t(x,y)", ("1", "2")),
    select_.gives("", "SELECT x FROM (VALUES 2,1) t(x) ORDER BY -x", "2", "1"),
    select_.gives(
        "",
        "VALUES (1, 'a'), (2, 'b')",
        ("1", "a"),
        ("2", "b"),
        types="integer, varchar",
        names="_col0, _col1",
    ),
    select_.fails("", "TABLE nope", "TABLE_NOT_FOUND"),
    select_.gives("", "SELECT (1, 2), ROW(1, 2)", ("{field0=1, field1=2}", "{field0=1, field1=2}")),
    select_.gives(
        "", "SELECT r.a, r[2] FROM (SELECT CAST(ROW(1,'x') AS ROW(a integer, b varchar)) r)", ("1", "x")
    ),
    select_.gives(
        "",
        "SELECT (CAST(ROW(1, 2) AS ROW(a integer, b integer))).*",
        ("1", "2"),
        types="integer, integer",
        names="a, b",
    ),
    select_.gives("", "SELECT count(*) FROM (VALUES 1,2) a(x), (VALUES 3) b(y) WHERE a.x < b.y", "2"),
    select_.gives("", "SELECT x FROM (VALUES 'b','A','a','B') t(x) ORDER BY x", "A", "B", "a", "b"),
    select_.gives(
        "",
        "SELECT * FROM TABLE(sequence(start => 1, stop => 3))",
        "1",
        "2",
        "3",
        types="bigint",
        names="sequential_number",
        known="the table function sequence is not there",
    ),
    select_.fails("", "SELECT 1 FROM (SELECT 1", "SYNTAX_ERROR"),
    select_.gives("", "SELECT 1 a, 2 a", ("1", "2"), types="integer, integer", names="a, a"),
    select_.fails("", "SELECT x FROM (SELECT 1 x, 2 x)", "AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous"),
    select_.gives("", "SELECT CAST(x AS varchar) || '!' FROM (VALUES CAST('ab' AS char(4))) t(x)", "ab  !"),
    select_.gives("", "SELECT 'a ' = 'a', CAST('a' AS char(2)) = 'a '", ("false", "true")),
    select_.gives("", "SELECT - - 1, +1, 2 * -3", ("1", "1", "-6")),
    select_.gives("", "SELECT 10 / 3 * 3.0, 7 % 0.4, CAST(7 AS decimal(10,2)) / 3", ("9.0", "0.2", "2.33")),
    select_.gives(
        "",
        "SELECT DECIMAL '10.00' / DECIMAL '3', DECIMAL '2' / DECIMAL '3.000', -5.0 / 3",
        ("3.33", "0.667", "-1.7"),
    ),
    select_.gives(
        "",
        "SELECT CAST(0.5 AS integer), CAST(1.4999 AS integer), round(0.5e0), round(1.4999e0, 2)",
        ("1", "1", "1.0", "1.5"),
    ),
    select_.gives("", "SELECT count(*) FROM (SELECT 1 UNION ALL SELECT 1 UNION SELECT 2)", "2"),
    select_.gives(
        "",
        "SELECT x, count(*) c FROM (VALUES 'a','b','a') t(x) GROUP BY x HAVING count(*) > 1 ORDER BY c",
        ("a", "2"),
    ),
    select_.gives(
        "",
        "SELECT if(x > 1, 'big', 'small'), x * 1.0 / 3, x / 2 FROM (VALUES 1, 3) t(x) ORDER BY x",
        ("small", "0.3", "0"),
        ("big", "1.0", "1"),
    ),
    select_.gives(
        "",
        "SELECT sum(x) * 100.0 / sum(sum(x)) OVER () FROM (VALUES (1,'a'),(3,'b')) t(x,k) GROUP BY k ORDER BY 1",
        "25.0",
        "75.0",
    ),
    select_.gives(
        "",
        "SELECT transform(sequence(1,3), x -> x * x), reduce(sequence(1,4), 0, (s, x) -> s + x, s -> s), filter(split('a,b,,c', ','), x -> x <> '')",
        ("[1, 4, 9]", "10", "[a, b, c]"),
    ),
    select_.gives(
        "",
        "SELECT zip_with(ARRAY['a','b'], ARRAY[1,2], (k, v) -> k || CAST(v AS varchar)), map_filter(MAP(ARRAY['a','b'], ARRAY[1,2]), (k, v) -> v > 1)",
        ("[a1, b2]", "{b=2}"),
    ),
    select_.gives(
        "",
        "SELECT array_sort(ARRAY[3,1,2], (a, b) -> IF(a < b, 1, IF(a = b, 0, -1))), array_join(array_sort(array_distinct(split('c a b a', ' '))), '-')",
        ("[3, 2, 1]", "a-b-c"),
    ),
    select_.gives(
        "",
        'SELECT json_extract_scalar(j, \'$.user.name\'), CAST(json_extract(j, \'$.tags\') AS array(varchar)), json_array_length(json_extract(j, \'$.tags\')) FROM (VALUES \'{"user":{"name":"ann"},"tags":["x","y"]}\') t(j)',
        ("ann", "[x, y]", "2"),
    ),
    select_.gives(
        "",
        "SELECT from_unixtime(1704067200) AT TIME ZONE 'America/New_York', date(from_unixtime(1704067200)), CAST(from_unixtime(1704067200) AS timestamp)",
        ("2023-12-31 19:00:00.000 America/New_York", "2024-01-01", "2024-01-01 00:00:00.000"),
    ),
    select_.gives(
        "",
        "SELECT date_format(date_parse('03/04/2024', '%m/%d/%Y'), '%Y-%m-%d'), CAST(date_parse('20240304', '%Y%m%d') AS date), date_format(DATE '2024-03-04', '%W %M %e')",
        ("2024-03-04", "2024-03-04", "Monday March 4"),
    ),
    select_.gives(
        "",
        "SELECT date_add('day', -7, DATE '2024-03-04'), DATE '2024-03-04' - INTERVAL '7' DAY, date_trunc('week', DATE '2024-03-04'), day_of_week(DATE '2024-03-04')",
        ("2024-02-26", "2024-02-26", "2024-03-04", "1"),
    ),
    select_.gives(
        "",
        "SELECT d, count(*) FROM UNNEST(sequence(DATE '2024-01-01', DATE '2024-01-03', INTERVAL '1' DAY)) t(d) GROUP BY d ORDER BY d",
        ("2024-01-01", "1"),
        ("2024-01-02", "1"),
        ("2024-01-03", "1"),
    ),
    select_.gives(
        "",
        "SELECT try_cast('abc' AS double), try_cast('' AS integer), nullif('', ''), coalesce(nullif(trim('  '), ''), 'empty')",
        (None, None, None, "empty"),
    ),
    select_.gives(
        "",
        "SELECT CAST('2024-01-01' AS date) = DATE '2024-01-01', '2024-01-01' < '2024-01-02', CAST('12.5' AS double) > 12",
        ("true", "true", "true"),
    ),
    select_.gives(
        "",
        "SELECT regexp_extract('user=42&x=1', 'user=(\\d+)', 1), regexp_replace('a1b22', '[0-9]+', '#'), regexp_like('abc', '(?i)B'), split_part('a@b.c', '@', 2)",
        ("42", "a#b#", "true", "b.c"),
    ),
    select_.gives(
        "",
        "SELECT concat_ws('-', 'a', CAST(NULL AS varchar), 'c'), lpad(CAST(7 AS varchar), 3, '0'), strpos('hello', 'l'), reverse('abc'), replace('a.b', '.', '')",
        ("a-c", "007", "3", "cba", "ab"),
    ),
    select_.fails(
        "", "SELECT histogram(x), approx_distinct(x), mode(x) FROM (VALUES 1,1,2) t(x)", "FUNCTION_NOT_FOUND"
    ),
    select_.fails("", "SELECT median(x) FROM (VALUES 1) t(x)", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT datediff(DATE '2024-01-01', DATE '2024-01-02')", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT len('a')", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT ifnull(1, 2)", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT nvl(1,2)", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT string_agg('a', ',')", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT group_concat('a')", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT getdate()", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT list_value(1)", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT strftime(now(), '%Y')", "FUNCTION_NOT_FOUND"),
    select_.fails("", "SELECT x FROM (VALUES 1) t(x) LIMIT 1 OFFSET 1", "SYNTAX_ERROR"),
    select_.fails("", "SELECT `x` FROM (VALUES 1) t(x)", "SYNTAX_ERROR"),
    select_.fails("", "SELECT 1 AS 'x'", "SYNTAX_ERROR"),
    select_.fails("", "SELECT x::integer FROM (VALUES '1') t(x)", "SYNTAX_ERROR"),
    select_.fails("", 'SELECT "abc"', "COLUMN_NOT_FOUND"),
    select_.fails("", "SELECT x FROM (VALUES 1) t(x) QUALIFY row_number() OVER () = 1", "SYNTAX_ERROR"),
    select_.fails("", "SELECT 1 == 1", "SYNTAX_ERROR"),
    select_.fails("", "SELECT 5 // 2", "SYNTAX_ERROR"),
    select_.fails("", "SELECT 2 ^ 3", "SYNTAX_ERROR"),
    select_.fails("", "SELECT 1 & 3", "SYNTAX_ERROR"),
    select_.fails("", "SELECT {'a': 1}", "SYNTAX_ERROR"),
    select_.fails("", "SELECT x FROM (VALUES 1) t(x) GROUP BY 1 HAVING x", "TYPE_MISMATCH"),
    select_.fails("", "SELECT x FROM (VALUES 'abc') t(x) WHERE x ~ 'a'", "SYNTAX_ERROR"),
    select_.fails("", "SELECT 'abc' ILIKE 'A%'", "SYNTAX_ERROR"),
    select_.fails("", "SELECT x FROM (VALUES 'abc') t(x) WHERE x SIMILAR TO 'a%'", "SYNTAX_ERROR"),
    select_.fails("", "SELECT x FROM (VALUES 'abc') t(x) WHERE x RLIKE 'a'", "SYNTAX_ERROR"),
    select_.fails("", "SELECT x y z FROM (VALUES 1) t(x)", "SYNTAX_ERROR"),
    select_.gives("", "SELECT CAST(1 AS double precision)", "1.0"),
    select_.gives("", "SELECT CAST('1' AS numeric(5,2)), CAST(1 AS int)", ("1.00", "1")),
    select_.gives("", "SELECT CAST(ARRAY[1] AS array<bigint>)", "[1]"),
    select_.fails("", "SELECT true = 'true'", "TYPE_MISMATCH"),
    select_.gives(
        "",
        "SELECT sum(DISTINCT x), count(DISTINCT x), avg(DISTINCT x) FROM (VALUES 1,1,2) t(x)",
        ("3", "2", "1.5"),
    ),
    select_.gives(
        "",
        "SELECT 0.1e0 + 0.2e0, 1e0/3, 100e0, 1.0E-10, CAST(0.1 AS real)",
        ("0.30000000000000004", "0.3333333333333333", "100.0", "1.0E-10", "0.1"),
    ),
    select_.gives(
        "",
        "SELECT CAST(real '0.1' AS double), real '0.1' + 0.2, CAST(16777217 AS real)",
        ("0.10000000149011612", "0.3", "1.6777216E7"),
    ),
    select_.gives(
        "",
        "SELECT greatest(DATE '2024-01-01', DATE '2024-02-01'), least('b','a',NULL), greatest(1.5, 2)",
        ("2024-02-01", None, "2.0"),
    ),
    select_.gives(
        "", "SELECT sum(x) FROM (VALUES CAST(2147483647 AS integer), 1) t(x)", "2147483648", types="bigint"
    ),
    select_.gives(
        "",
        "SELECT array_agg(x) FILTER (WHERE x > 5), sum(x) FILTER (WHERE x > 5), count(*) FILTER (WHERE x > 5) FROM (VALUES 1) t(x)",
        (None, None, "0"),
    ),
    select_.gives(
        "",
        "SELECT max(x), array_agg(x), map_agg(x, x), histogram(x), listagg(CAST(x AS varchar), ',') WITHIN GROUP (ORDER BY x) FROM (SELECT 1 x WHERE false)",
        (None, None, None, None, None),
    ),
    select_.gives(
        "",
        "SELECT url_extract_parameter('https://x.y/z?q=a%20b&r=2', 'q'), url_extract_host('bad url')",
        ("a b", None),
    ),
    select_.gives(
        "",
        "SELECT day(TIMESTAMP '2024-01-31 23:59:59.999'), hour(TIMESTAMP '2024-01-31 23:59:59.999'), second(TIMESTAMP '2024-01-31 23:59:59.999'), date(TIMESTAMP '2024-01-31 23:59:59.999')",
        ("31", "23", "59", "2024-01-31"),
    ),
    select_.gives(
        "",
        "SELECT split(x, '|')[1], element_at(split(x, '|'), -1), cardinality(split(x, '|')) FROM (VALUES 'a|b|c') t(x)",
        ("a", "c", "3"),
    ),
    select_.gives(
        "",
        "SELECT concat(CAST(ARRAY[1] AS array(bigint)), ARRAY[2]), flatten(ARRAY[ARRAY[1],ARRAY[2,3]]), slice(ARRAY[1,2,3], 1, 2)",
        ("[1, 2]", "[1, 2, 3]", "[1, 2]"),
    ),
    select_.gives(
        "", "SELECT x.a FROM (SELECT CAST(ROW(1,2) AS ROW(a int, b int)) x)", "1", types="integer", names="a"
    ),
    select_.gives(
        "",
        "SELECT rank() OVER (PARTITION BY k ORDER BY v DESC) r, k, v FROM (VALUES ('a',1),('a',2),('b',5)) t(k,v) ORDER BY k, r",
        ("1", "a", "2"),
        ("2", "a", "1"),
        ("1", "b", "5"),
    ),
    select_.gives(
        "",
        "SELECT first_value(v) OVER (PARTITION BY k ORDER BY v), last_value(v) OVER (PARTITION BY k ORDER BY v ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM (VALUES ('a',1),('a',2)) t(k,v)",
        ("1", "2"),
        ("1", "2"),
    ),
    select_.fails("", "SELECT CAST('yes' AS boolean)", "Cannot cast 'yes' to BOOLEAN"),
    select_.gives(
        "",
        "SELECT CAST('T' AS boolean), TRY_CAST('x' AS boolean), CAST(1 AS boolean), CAST(0e0 AS boolean)",
        ("true", None, "true", "false"),
    ),
    select_.fails("", "SELECT CAST('inf' AS double)", "Cannot cast 'inf' to DOUBLE"),
    select_.gives(
        "",
        "SELECT CAST(' 1.5 ' AS double), TRY_CAST('1_0' AS double), CAST('1e400' AS double), CAST(1 AS double), CAST(1.5 AS real), CAST(1e308 AS real), CAST('-1e3' AS real)",
        ("1.5", None, "Infinity", "1.0", "1.5", "Infinity", "-1000.0"),
    ),
    select_.fails("", "SELECT CAST('1_0' AS decimal(5,1))", "Cannot cast '1_0' to DECIMAL"),
    select_.gives(
        "",
        "SELECT CAST('1.25' AS decimal(5,1)), CAST(1.25 AS decimal(5,1)), CAST(7 AS decimal(3,1)), TRY_CAST('x' AS decimal(3,1)), CAST('2.5' AS decimal)",
        ("1.3", "1.3", "7.0", None, "3"),
    ),
    select_.gives(
        "",
        "SELECT CAST('10:20' AS time), TRY_CAST('2020-01-01' AS time), CAST(TIMESTAMP '2020-01-01 10:20:30' AS time)",
        ("10:20:00.000", None, "10:20:30.000"),
    ),
    select_.gives(
        "",
        "SELECT CAST('2020-01-01 10:00:00.9996' AS timestamp), CAST('2020-01-01' AS timestamp), CAST('2020-1-1 1:02' AS timestamp), TRY_CAST('2020-01-01T10:00' AS timestamp), CAST(DATE '2020-01-01' AS timestamp), CAST(TIMESTAMP '2020-01-01 10:00:00 +02:00' AS timestamp)",
        (
            "2020-01-01 10:00:01.000",
            "2020-01-01 00:00:00.000",
            "2020-01-01 01:02:00.000",
            None,
            "2020-01-01 00:00:00.000",
            "2020-01-01 10:00:00.000",
        ),
    ),
    select_.fails(
        "", "SELECT CAST('2020-01-01 10:00:00 UTC' AS timestamp)", "Value cannot be cast to timestamp"
    ),
    select_.gives(
        "",
        "SELECT CAST(CAST('2020-01-01 10:00:00.123456' AS timestamp(6)) AS varchar), CAST(TIMESTAMP '2020-01-01 10:00:00.5' AS varchar), CAST(TIMESTAMP '2020-01-01 10:00:00.123456' AS varchar)",
        ("2020-01-01 10:00:00.123456", "2020-01-01 10:00:00.5", "2020-01-01 10:00:00.123456"),
    ),
    select_.fails("", "SELECT CAST(12345 AS varchar(3))", "Value 12345 cannot be represented as varchar(3)"),
    select_.gives(
        "",
        "SELECT CAST(123 AS varchar(3)), CAST('abcdef' AS varchar(2)), CAST(x AS varchar(2)) FROM (VALUES 'xyz') t(x)",
        ("123", "ab", "xy"),
    ),
    select_.gives(
        "",
        "SELECT TRY_CAST(ARRAY['1','x'] AS array(integer)), TRY_CAST(ARRAY['1'] AS array(integer)), try_cast(MAP(ARRAY['a'],ARRAY['x']) AS map(varchar, integer))",
        (None, "[1]", None),
    ),
    select_.gives("", "SELECT CAST(x AS double) FROM (VALUES '1', NULL) t(x)", "1.0", None),
    select_.gives(
        "",
        "SELECT try(CAST('x' AS double)), try(CAST('x' AS boolean)), try(CAST('x' AS timestamp)), try(CAST('x' AS decimal(3,1)))",
        (None, None, None, None),
    ),
    select_.gives(
        "",
        "SELECT CAST(JSON '1.5' AS double), CAST(JSON '\"5\"' AS double), CAST(JSON 'true' AS boolean), CAST(JSON '\"5\"' AS integer), CAST(JSON '5' AS bigint), CAST(JSON '\"t\"' AS boolean), CAST(JSON '7.6' AS integer), CAST(json_extract('{\"a\":3}','$.a') AS integer)",
        ("1.5", "5.0", "true", "5", "5", "true", "8", "3"),
    ),
    select_.gives(
        "",
        "SELECT CAST(CAST(1.5 AS JSON) AS decimal(3,1)), CAST(JSON '\"1.5\"' AS decimal(3,1))",
        ("1.5", "1.5"),
    ),
    select_.fails("", "SELECT CAST('1.5' AS integer)", "Cannot cast '1.5' to INT"),
    select_.fails("", "SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"),
    select_.fails("", "SELECT sum(x) FROM (VALUES INTERVAL '1' DAY) t(x)", "NOT_SUPPORTED: sum of intervals"),
    select_.gives("", "SELECT array_agg(DISTINCT x) FROM (VALUES ROW(1,2)) t(x)", "[{field0=1, field1=2}]"),
    select_.fails("", "SELECT count(DISTINCT m) FROM (VALUES MAP(ARRAY[1],ARRAY[1])) t(m)", "NOT_SUPPORTED"),
    select_.gives(
        "",
        "SELECT ARRAY[ROW(1,NULL)] = ARRAY[ROW(1,2)], MAP(ARRAY[1],ARRAY[NULL]) = MAP(ARRAY[1],ARRAY[2]), ARRAY[1] <> ARRAY[2]",
        (None, None, "true"),
    ),
    select_.gives(
        "",
        "SELECT CAST(CAST('2020-01-01 10:00:00.5' AS timestamp(1)) AS varchar), CAST(TIMESTAMP '2020-01-01 10:00:00.555' AS timestamp(0))",
        ("2020-01-01 10:00:00.5", "2020-01-01 10:00:01.000"),
    ),
    select_.fails("", "SELECT date_trunc('hour', TIMESTAMP '2020-01-01 10:20:30') || ''", "TYPE_MISMATCH"),
    select_.gives(
        "",
        "SELECT CAST(date_trunc('hour', TIMESTAMP '2020-01-01 10:20:30') AS varchar), CAST(TIMESTAMP '2020-01-01 10:20:30' + INTERVAL '1' DAY AS varchar), to_iso8601(TIMESTAMP '2020-01-01 10:20:30')",
        ("2020-01-01 10:00:00", "2020-01-02 10:20:30.000", "2020-01-01T10:20:30"),
    ),
    select_.gives(
        "",
        "SELECT concat('a', CAST(1 AS varchar)), 'a' || CAST(1.50 AS varchar), CAST(1 AS char(3)) || 'x'",
        ("a1", "a1.50", "1  x"),
    ),
    select_.gives("", "SELECT x FROM (VALUES 1) t(x) WHERE x = ALL (SELECT 1)", "1"),
    select_.gives("", "SELECT format('%s', x) FROM (VALUES 1e10) t(x)", "1.0E10"),
    select_.gives("", "SELECT CAST(ROW(1, 'a') AS ROW(a integer, b varchar)) = ROW(1, 'a')", "true"),
    select_.gives(
        "",
        "SELECT sum(x) OVER (), avg(x) OVER () FROM (VALUES real '1.5', real '2.5') t(x) LIMIT 1",
        ("4.0", "2.0"),
        types="float, float",
    ),
    select_.gives(
        "", "SELECT CAST(x AS integer) + 1 FROM (VALUES '1') t(x) ORDER BY CAST(x AS integer)", "2"
    ),
    select_.gives(
        "", "SELECT count(*) FROM (VALUES 1,2) t(x) WHERE x IN (SELECT y FROM (VALUES 2e0) u(y))", "1"
    ),
    select_.gives("", "SELECT max_by(x, y) OVER () FROM (VALUES (NULL, 2), (1, 1)) t(x, y) LIMIT 1", None),
    select_.gives(
        "",
        "SELECT trim(TRAILING FROM 'ab  '), trim('x' FROM 'xax'), rtrim('a '), length(trim(' \u2003a'))",
        ("ab", "a", "a", "1"),
    ),
]
