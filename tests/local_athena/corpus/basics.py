# ruff: noqa: E501 - statements read better on one line
"""What the platform's own statements are made of: a few entries of each group."""

from tests.local_athena.corpus.case import TRINO, Page

math_ = Page("math", f"{TRINO}/functions/math.html")
conversion_ = Page("conversion", f"{TRINO}/functions/conversion.html")
conditional_ = Page("conditional", f"{TRINO}/functions/conditional.html")
comparison_ = Page("comparison", f"{TRINO}/functions/comparison.html")
date_ = Page("date", f"{TRINO}/functions/datetime.html")
string_ = Page("string", f"{TRINO}/functions/string.html")
regexp_ = Page("regexp", f"{TRINO}/functions/regexp.html")
binary_ = Page("binary", f"{TRINO}/functions/binary.html")
array_ = Page("array", f"{TRINO}/functions/array.html")
map_ = Page("map", f"{TRINO}/functions/map.html")
row_ = Page("types", f"{TRINO}/language/types.html")
json_ = Page("json", f"{TRINO}/functions/json.html")
aggregate_ = Page("aggregate", f"{TRINO}/functions/aggregate.html")
window_ = Page("window", f"{TRINO}/functions/window.html")
select_ = Page("select", f"{TRINO}/sql/select.html")
T3 = "(VALUES (1, 'a'), (2, 'b'), (3, 'a')) AS t(x, y)"

CASES = [
    math_.gives("", "SELECT 7 / 2, -7 / 2, 7 / -2, -7 % 3", ("3", "-3", "-3", "-1")),
    math_.gives("", "SELECT 7 / 2.0E0, 1E0 / 0, -1E0 / 0, 0E0 / 0", ("3.5", "Infinity", "-Infinity", "NaN")),
    math_.gives("", "SELECT CAST(7 AS double) / 2, CAST(7 AS bigint) / 2", ("3.5", "3")),
    math_.gives("", "SELECT 1.5 + 2.25, 1.5 * 2", ("3.75", "3.0")),
    math_.gives("", "SELECT round(2.5E0), round(-2.5E0), round(2.345E0, 2)", ("3.0", "-3.0", "2.35")),
    math_.gives("", "SELECT ceil(1.2E0), floor(-1.2E0), abs(-3), sign(-2)", ("2.0", "-2.0", "3", "-1")),
    math_.gives("", "SELECT mod(5, 3), power(2, 10), sqrt(9), cbrt(27)", ("2", "1024.0", "3.0", "3.0")),
    math_.gives("", "SELECT ln(0), sqrt(-1), exp(0), log10(100)", ("-Infinity", "NaN", "1.0", "2.0")),
    math_.gives("", "SELECT greatest(1, 3, 2), least(1, NULL), greatest(NULL, 1)", ("3", None, None)),
    math_.gives("", "SELECT from_base('ff', 16), from_base('-101', 2)", ("255", "-5")),
    math_.gives("", "SELECT width_bucket(5.3E0, 0.2E0, 10.6E0, 5), truncate(3.9E0)", ("3", "3.0")),
    math_.gives("", "SELECT is_nan(nan()), is_finite(1E0), infinity()", ("true", "true", "Infinity")),
    conversion_.gives(
        "", "SELECT CAST(2.5E0 AS integer), CAST(-2.5E0 AS integer), CAST(2.5 AS integer)", ("3", "-3", "3")
    ),
    conversion_.gives(
        "",
        "SELECT TRY_CAST('3.7' AS integer), TRY_CAST(' 3' AS bigint), TRY_CAST('3' AS bigint)",
        (None, None, "3"),
    ),
    conversion_.gives("", "SELECT TRY_CAST('x' AS double), TRY_CAST('1e3' AS double)", (None, "1000.0")),
    conversion_.gives(
        "", "SELECT TRY_CAST('2026-02-30' AS date), TRY_CAST('2026/01/01' AS date)", (None, None)
    ),
    conversion_.gives(
        "",
        "SELECT CAST('2026-01-05' AS date), CAST(DATE '2026-01-05' AS varchar)",
        ("2026-01-05", "2026-01-05"),
    ),
    conversion_.gives(
        "",
        "SELECT CAST(1E0 AS varchar), CAST(1E7 AS varchar), CAST(0.0001E0 AS varchar)",
        ("1.0", "1.0E7", "1.0E-4"),
    ),
    conversion_.gives(
        "", "SELECT CAST(123456789.5E0 AS varchar), CAST(-1.5E-9 AS varchar)", ("1.234567895E8", "-1.5E-9")
    ),
    conversion_.gives(
        "",
        "SELECT CAST(true AS varchar), CAST(12 AS varchar), CAST('abc' AS varchar(2))",
        ("true", "12", "ab"),
    ),
    conversion_.gives("", "SELECT CAST(1.567 AS decimal(10, 2)), DECIMAL '1.50'", ("1.57", "1.50")),
    conversion_.gives("", "SELECT CAST(TIMESTAMP '2026-01-05 10:20:30' AS date)", "2026-01-05"),
    conversion_.gives("", "SELECT CAST(NULL AS bigint), TRY_CAST(NULL AS date)", (None, None)),
    conditional_.gives("", "SELECT IF(1 > 2, 'a', 'b'), IF(1 > 2, 'a')", ("b", None)),
    conditional_.gives("", "SELECT coalesce(NULL, 3), nullif(1, 1), nullif(1, 2)", ("3", None, "1")),
    conditional_.gives(
        "", "SELECT CASE 2 WHEN 1 THEN 'one' ELSE 'many' END, CASE WHEN false THEN 1 END", ("many", None)
    ),
    conditional_.gives("", "SELECT try(1 / 0), try(CAST('x' AS bigint))", (None, None)),
    comparison_.gives(
        "", "SELECT 2 BETWEEN 1 AND 3, 4 NOT BETWEEN 1 AND 3, NULL BETWEEN 1 AND 2", ("true", "true", None)
    ),
    comparison_.gives("", "SELECT 1 IN (1, 2), 3 NOT IN (1, 2), 3 IN (1, NULL)", ("true", "true", None)),
    comparison_.gives(
        "", "SELECT NULL = NULL, NULL IS NULL, 1 IS DISTINCT FROM NULL", (None, "true", "true")
    ),
    comparison_.gives(
        "",
        "SELECT 'abc' LIKE 'a%', 'a_c' LIKE 'a$_c' ESCAPE '$', 'abc' LIKE 'a$_c' ESCAPE '$'",
        ("true", "true", "false"),
    ),
    comparison_.gives(
        "", "SELECT true AND NULL, false AND NULL, true OR NULL, NOT NULL", (None, "false", "true", None)
    ),
    comparison_.gives("", "SELECT DATE '2026-01-01' < TIMESTAMP '2026-01-01 00:00:01'", "true"),
    date_.gives("", "SELECT date_add('week', -12, DATE '2026-11-16')", "2026-08-24"),
    date_.gives(
        "",
        "SELECT date_add('month', 1, DATE '2026-01-31'), date_add('year', -1, DATE '2024-02-29')",
        ("2026-02-28", "2023-02-28"),
    ),
    date_.gives(
        "", "SELECT date_add('hour', 25, TIMESTAMP '2026-01-01 00:00:00')", "2026-01-02 01:00:00.000"
    ),
    date_.gives("", "SELECT date_diff('day', DATE '2026-01-01', DATE '2026-03-01')", "59"),
    date_.gives(
        "",
        "SELECT date_diff('week', DATE '2026-01-01', DATE '2026-01-07'), date_diff('week', DATE '2026-01-08', DATE '2026-01-01')",
        ("0", "-1"),
    ),
    date_.gives("", "SELECT date_diff('month', DATE '2026-01-31', DATE '2026-02-27')", "0"),
    date_.gives(
        "", "SELECT date_diff('day', TIMESTAMP '2026-01-01 12:00:00', TIMESTAMP '2026-01-02 11:00:00')", "0"
    ),
    date_.gives(
        "", "SELECT date_diff('hour', TIMESTAMP '2026-01-01 12:00:00', TIMESTAMP '2026-01-02 11:30:00')", "23"
    ),
    date_.gives(
        "",
        "SELECT date_trunc('week', DATE '2026-11-18'), date_trunc('month', DATE '2026-11-18')",
        ("2026-11-16", "2026-11-01"),
    ),
    date_.gives("", "SELECT date_trunc('hour', TIMESTAMP '2026-11-18 10:59:59')", "2026-11-18 10:00:00.000"),
    date_.gives(
        "",
        "SELECT DATE '2026-01-31' + INTERVAL '1' MONTH, DATE '2026-01-01' - INTERVAL '1' DAY",
        ("2026-02-28", "2025-12-31"),
    ),
    date_.gives(
        "",
        "SELECT day_of_week(DATE '2026-11-22'), dow(DATE '2026-11-23'), EXTRACT(DOW FROM DATE '2026-11-22')",
        ("7", "1", "7"),
    ),
    date_.gives(
        "",
        "SELECT year(DATE '2026-11-22'), month(DATE '2026-11-22'), day(DATE '2026-11-22'), quarter(DATE '2026-11-22')",
        ("2026", "11", "22", "4"),
    ),
    date_.gives(
        "",
        "SELECT week(DATE '2026-01-01'), year_of_week(DATE '2027-01-01'), day_of_year(DATE '2026-02-01')",
        ("1", "2026", "32"),
    ),
    date_.gives(
        "",
        "SELECT EXTRACT(YEAR FROM DATE '2026-11-22'), EXTRACT(WEEK FROM DATE '2026-11-22')",
        ("2026", "47"),
    ),
    date_.gives(
        "", "SELECT date_format(TIMESTAMP '2026-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')", "2026-01-02 03:04:05"
    ),
    date_.gives(
        "", "SELECT format_datetime(TIMESTAMP '2026-01-02 03:04:05', 'yyyy/MM/dd HH:mm')", "2026/01/02 03:04"
    ),
    date_.gives(
        "",
        "SELECT date_parse('2026-01-02', '%Y-%m-%d'), date('2026-01-02')",
        ("2026-01-02 00:00:00.000", "2026-01-02"),
    ),
    date_.gives(
        "",
        "SELECT last_day_of_month(DATE '2026-02-10'), current_date > DATE '2026-01-01'",
        ("2026-02-28", "true"),
    ),
    string_.gives(
        "", "SELECT length('abc'), lower('AbC'), upper('AbC'), reverse('abc')", ("3", "abc", "ABC", "cba")
    ),
    string_.gives(
        "",
        "SELECT substr('hello', 2), substr('hello', -3), substr('hello', 0), substr('hello', -9)",
        ("ello", "llo", "", ""),
    ),
    string_.gives(
        "",
        "SELECT substr('hello', 2, 3), substring('hello' FROM 2 FOR 1), substr('hello', -3, 2)",
        ("ell", "e", "ll"),
    ),
    string_.gives("", "SELECT concat('a', 'b', 'c'), 'a' || 'b', 'a' || NULL", ("abc", "ab", None)),
    string_.gives(
        "", "SELECT trim('  a '), ltrim(' a'), rtrim('a '), lpad('7', 3, '0')", ("a", "a", "a", "007")
    ),
    string_.gives(
        "",
        "SELECT replace('abab', 'a'), replace('abab', 'a', 'x'), strpos('abc', 'c'), position('z' IN 'abc')",
        ("bb", "xbxb", "3", "0"),
    ),
    string_.gives(
        "",
        "SELECT split('a,b,c', ','), split_part('a,b', ',', 2), split_part('a,b', ',', 3)",
        ("[a, b, c]", "b", None),
    ),
    string_.gives(
        "",
        "SELECT starts_with('abc', 'ab'), levenshtein_distance('kitten', 'sitting'), codepoint('a')",
        ("true", "3", "97"),
    ),
    regexp_.gives(
        "",
        "SELECT regexp_like('1a 2b', '\\d+b'), regexp_extract('1a 2b', '(\\d+)([a-z]+)', 2)",
        ("true", "a"),
    ),
    regexp_.gives("", "SELECT regexp_extract('abc', '\\d+'), regexp_replace('1a 2b', '\\d')", (None, "a b")),
    regexp_.gives(
        "",
        "SELECT regexp_replace('1a 2b', '(\\d)([ab])', '$2$1'), regexp_extract_all('1a 2b', '\\d')",
        ("a1 b2", "[1, 2]"),
    ),
    binary_.gives(
        "",
        "SELECT to_hex(md5(to_utf8('a'))), to_hex(sha256(to_utf8('')))",
        (
            "0CC175B9C0F1B6A831C399E269772661",
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        ),
    ),
    binary_.gives(
        "",
        "SELECT to_utf8('ab'), from_utf8(from_hex('6162')), to_base64(to_utf8('a'))",
        ("61 62", "ab", "YQ=="),
    ),
    binary_.gives("", "SELECT from_base(substr(to_hex(md5(to_utf8('C000001'))), 1, 8), 16) % 7", "6"),
    array_.gives(
        "",
        "SELECT ARRAY[1, 2][1], element_at(ARRAY[1, 2], -1), element_at(ARRAY[1, 2], 5), cardinality(ARRAY[1, 2])",
        ("1", "2", None, "2"),
    ),
    array_.gives(
        "",
        "SELECT transform(ARRAY[1, 2], v -> v + 1), filter(ARRAY[1, 2, 3], v -> v > 1), contains(ARRAY[1], 1)",
        ("[2, 3]", "[2, 3]", "true"),
    ),
    array_.gives(
        "",
        "SELECT array_join(ARRAY['a', 'b'], '-'), array_max(ARRAY[1, 3]), array_position(ARRAY[1, 3], 9)",
        ("a-b", "3", "0"),
    ),
    array_.gives(
        "",
        "SELECT any_match(ARRAY[1, 2], v -> v > 1), none_match(ARRAY[1, 2], v -> v > 1), sequence(1, 3)",
        ("true", "false", "[1, 2, 3]"),
    ),
    array_.gives("", "SELECT v FROM UNNEST(ARRAY[3, 4]) AS t(v) ORDER BY v", "3", "4"),
    map_.gives(
        "",
        "SELECT element_at(MAP(ARRAY['a'], ARRAY[1]), 'a'), element_at(MAP(ARRAY['a'], ARRAY[1]), 'b'), MAP(ARRAY['k'], ARRAY[2])",
        ("1", None, "{k=2}"),
    ),
    map_.gives("", f"SELECT map_agg(x, y) FROM {T3} WHERE x < 2", "{1=a}"),
    row_.gives("", "SELECT CAST(ROW(1, 'z') AS ROW(p integer, q varchar))", "{p=1, q=z}"),
    json_.gives("", "SELECT json_extract_scalar('{\"a\": {\"b\": 5}}', '$.a.b')", "5"),
    aggregate_.gives(
        "",
        f"SELECT count(*), count(DISTINCT y), sum(x), avg(x), min(y), max(x) FROM {T3}",
        ("3", "2", "6", "2.0", "a", "3"),
    ),
    aggregate_.gives(
        "", f"SELECT sum(x) / count(*), sum(x) * 1E0 / count(*), sum(x) / 4 FROM {T3}", ("2", "2.0", "1")
    ),
    aggregate_.gives(
        "",
        f"SELECT y, sum(x) FILTER (WHERE x > 1), count_if(x = 1) FROM {T3} GROUP BY y ORDER BY y",
        ("a", "3", "1"),
        ("b", "2", "0"),
    ),
    aggregate_.gives(
        "",
        f"SELECT max_by(y, x), min_by(y, x), approx_distinct(y), arbitrary(y) FROM {T3} WHERE x < 2",
        ("a", "a", "1", "a"),
    ),
    aggregate_.gives(
        "",
        f"SELECT array_agg(x ORDER BY x DESC), bool_and(x > 0), bool_or(x > 2) FROM {T3}",
        ("[3, 2, 1]", "true", "true"),
    ),
    aggregate_.gives("", f"SELECT sum(x), count(*), max(y) FROM {T3} WHERE x > 9", (None, "0", None)),
    aggregate_.gives(
        "",
        "SELECT approx_percentile(x, 0.5), approx_percentile(x, ARRAY[0.0, 1.0]) FROM UNNEST(sequence(1, 101)) AS t(x)",
        ("51", "[1, 101]"),
    ),
    aggregate_.gives("", f"SELECT y FROM {T3} GROUP BY y HAVING count(*) > 1 ORDER BY sum(x)", "a"),
    aggregate_.gives(
        "", f"SELECT lower(y) AS k, count(*) FROM {T3} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1", ("a", "2")
    ),
    aggregate_.gives(
        "",
        f"SELECT y, sum(x) FROM {T3} GROUP BY GROUPING SETS ((y), ()) ORDER BY y",
        ("a", "4"),
        ("b", "2"),
        (None, "6"),
    ),
    aggregate_.gives(
        "",
        f"SELECT y, x, count(*) FROM {T3} WHERE x = 2 GROUP BY ROLLUP (y, x) ORDER BY 1, 2",
        ("b", "2", "1"),
        ("b", None, "1"),
        (None, None, "1"),
    ),
    aggregate_.gives(
        "",
        "SELECT stddev(x), var_pop(x), corr(x, x) FROM (VALUES 1E0, 2E0, 3E0) AS t(x)",
        ("1.0", "0.6666666666666666", "1.0"),
    ),
    window_.gives(
        "",
        f"SELECT x, row_number() OVER (PARTITION BY y ORDER BY x DESC) FROM {T3} ORDER BY x",
        ("1", "2"),
        ("2", "1"),
        ("3", "1"),
    ),
    window_.gives(
        "",
        f"SELECT x, lag(x) OVER (ORDER BY x), lead(x, 1, 0) OVER (ORDER BY x) FROM {T3} ORDER BY x",
        ("1", None, "2"),
        ("2", "1", "3"),
        ("3", "2", "0"),
    ),
    window_.gives(
        "",
        f"SELECT sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {T3} ORDER BY x",
        "1",
        "3",
        "5",
    ),
    window_.gives("", f"SELECT x * 1E0 / sum(x) OVER () FROM {T3} ORDER BY x LIMIT 1", "0.16666666666666666"),
    window_.gives(
        "", f"SELECT y, sum(sum(x)) OVER (ORDER BY y) FROM {T3} GROUP BY y ORDER BY y", ("a", "4"), ("b", "6")
    ),
    window_.gives(
        "",
        f"SELECT x, ntile(2) OVER (ORDER BY x), rank() OVER (ORDER BY y) FROM {T3} ORDER BY x",
        ("1", "1", "1"),
        ("2", "1", "3"),
        ("3", "2", "1"),
    ),
    select_.gives("", f"SELECT DISTINCT y FROM {T3} ORDER BY y", "a", "b"),
    select_.gives("", f"SELECT * FROM {T3} ORDER BY x DESC LIMIT 1", ("3", "a")),
    select_.gives("", "SELECT x FROM (VALUES 1, NULL, 2) AS t(x) ORDER BY x DESC", "2", "1", None),
    select_.gives("", "SELECT x FROM (VALUES 1, NULL, 2) AS t(x) ORDER BY x ASC NULLS FIRST", None, "1", "2"),
    select_.gives("", "SELECT 1 UNION ALL SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 2", "1"),
    select_.gives(
        "",
        "SELECT a.x FROM (VALUES 1, 2) AS a(x) LEFT JOIN (VALUES 2) AS b(x) ON a.x = b.x WHERE b.x IS NULL",
        "1",
    ),
    select_.gives("", "SELECT x FROM (VALUES 1, 2) AS a(x) JOIN (VALUES 2) AS b(x) USING (x)", "2"),
    select_.gives("", "WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b", "2"),
    select_.gives(
        "", "SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE x > (SELECT avg(v) FROM (VALUES 1, 3) AS u(v))", "3"
    ),
    select_.gives(
        "",
        "SELECT x FROM (VALUES 1, 2) AS t(x) WHERE EXISTS (SELECT 1 FROM (VALUES 2) AS u(v) WHERE u.v = t.x)",
        "2",
    ),
    select_.gives(
        "",
        "SELECT a.x, b.v FROM (VALUES 1) AS a(x) CROSS JOIN UNNEST(ARRAY[5, 6]) AS b(v) ORDER BY 2",
        ("1", "5"),
        ("1", "6"),
    ),
    select_.gives("", "SELECT x FROM (VALUES 'a') AS t(x) -- comment\n /* more */ WHERE x <> 'b'", "a"),
]
