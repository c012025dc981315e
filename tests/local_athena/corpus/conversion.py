# ruff: noqa: E501 - statements read better on one line
"""Casts, types, and the conditional and comparison operators."""

from tests.local_athena.corpus.case import TRINO, Page

conversion = Page("conversion", f"{TRINO}/functions/conversion.html")
types = Page("types", f"{TRINO}/language/types.html")
conditional = Page("conditional", f"{TRINO}/functions/conditional.html")
comparison = Page("comparison", f"{TRINO}/functions/comparison.html")
logical = Page("comparison", f"{TRINO}/functions/logical.html")

CASES = [
    conversion.gives(
        "format",
        "SELECT format('%s%%', 123), format('%.5f', pi()), format('%03d', 8)",
        ("123%", "3.14159", "008"),
    ),
    conversion.gives(
        "format",
        "SELECT format('%,.2f', 1234567.89), format('%-7s,%7s', 'hello', 'world')",
        ("1,234,567.89", "hello  ,  world"),
    ),
    conversion.gives("format", "SELECT format('%2$s %3$s %1$s', 'a', 'b', 'c')", "b c a"),
    conversion.gives(
        "format",
        "SELECT format('%1$tA, %1$tB %1$te, %1$tY', DATE '2006-07-04')",
        "Tuesday, July 4, 2006",
    ),
    conversion.gives("format_number", "SELECT format_number(123456), format_number(1000000)", ("123K", "1M")),
    conversion.gives(
        "parse_data_size",
        "SELECT parse_data_size('1B'), parse_data_size('1kB'), parse_data_size('1MB'), parse_data_size('2.3MB')",
        ("1", "1024", "1048576", "2411724"),
    ),
    conversion.gives(
        "typeof",
        "SELECT typeof(123), typeof(cos(2) + 1.5), typeof(CAST(1 AS bigint)), typeof(DATE '2020-01-01')",
        ("integer", "double", "bigint", "date"),
    ),
    conversion.gives("typeof", "SELECT typeof('cat')", "varchar(3)"),
    conversion.gives(
        "typeof",
        "SELECT typeof(ARRAY[1]), typeof(MAP(ARRAY[1], ARRAY[true])), typeof(1.50), typeof(TIMESTAMP '2020-01-01 00:00:00.000')",
        ("array(integer)", "map(integer, boolean)", "decimal(3,2)", "timestamp(3)"),
    ),
    conversion.gives(
        "cast",
        "SELECT CAST('1' AS integer), CAST('-12' AS bigint), CAST('1.5' AS double), CAST('1.5' AS decimal(3, 1)), CAST('true' AS boolean)",
        ("1", "-12", "1.5", "1.5", "true"),
        types="integer, bigint, double, decimal, boolean",
    ),
    conversion.gives(
        "cast",
        "SELECT CAST(1 AS boolean), CAST(0 AS boolean), CAST(true AS integer), CAST('t' AS boolean), CAST('FALSE' AS boolean)",
        ("true", "false", "1", "true", "false"),
    ),
    conversion.gives(
        "cast",
        "SELECT CAST(1.50 AS varchar), CAST(-0.05 AS varchar), CAST(12.0 AS double), CAST(1.5E0 AS decimal(10, 3))",
        ("1.50", "-0.05", "12.0", "1.500"),
    ),
    conversion.gives(
        "cast",
        "SELECT CAST(ARRAY[1, 2] AS array(varchar)), CAST(ARRAY['1'] AS array(bigint)), CAST(MAP(ARRAY['1'], ARRAY[2]) AS map(integer, double))",
        ("[1, 2]", "[1]", "{1=2.0}"),
    ),
    conversion.gives(
        "cast",
        "SELECT CAST(TIMESTAMP '2026-01-05 10:20:30.000' AS varchar), CAST(DATE '2026-01-05' AS timestamp), CAST('2026-01-05 10:20:30.123' AS timestamp)",
        ("2026-01-05 10:20:30.000", "2026-01-05 00:00:00.000", "2026-01-05 10:20:30.123"),
    ),
    conversion.fails(
        "cast",
        "SELECT CAST(x'6162' AS varchar)",
        "TYPE_MISMATCH: line 1:8: Cannot cast varbinary to varchar",
    ),
    conversion.gives(
        "cast",
        "SELECT CAST(TIMESTAMP '2026-01-05 10:20:30' AS varchar)",
        "2026-01-05 10:20:30",
    ),
    conversion.gives(
        "cast", "SELECT CAST('a' AS char(3)) || 'b', CAST('abcdef' AS varchar(3))", ("a  b", "abc")
    ),
    conversion.fails(
        "cast", "SELECT CAST('abc' AS double)", "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to DOUBLE"
    ),
    conversion.fails(
        "cast", "SELECT CAST('maybe' AS boolean)", "INVALID_CAST_ARGUMENT: Cannot cast 'maybe' to BOOLEAN"
    ),
    conversion.fails(
        "cast",
        "SELECT CAST(3000000000 AS integer)",
        "INVALID_CAST_ARGUMENT: Out of range for integer: 3000000000",
    ),
    conversion.fails(
        "cast", "SELECT CAST(300 AS tinyint)", "INVALID_CAST_ARGUMENT: Out of range for tinyint: 300"
    ),
    conversion.fails(
        "cast",
        "SELECT CAST('2026-13-01' AS date)",
        "INVALID_CAST_ARGUMENT: Value cannot be cast to date: 2026-13-01",
    ),
    conversion.fails(
        "cast",
        "SELECT CAST(123.45 AS decimal(4, 2))",
        "INVALID_CAST_ARGUMENT: Cannot cast DECIMAL(5, 2) '123.45' to DECIMAL(4, 2)",
        known="the type of the value is not told",
    ),
    conversion.fails(
        "cast",
        "SELECT CAST(1 AS nothing)",
        "Unknown type: nothing",
    ),
    conversion.gives(
        "try_cast",
        "SELECT TRY_CAST('300' AS tinyint), TRY_CAST(3000000000 AS integer), TRY_CAST('maybe' AS boolean)",
        (None, None, None),
    ),
    types.gives("boolean", "SELECT true, false, NULL", ("true", "false", None)),
    types.gives(
        "integer",
        "SELECT TINYINT '1', SMALLINT '2', INTEGER '3', BIGINT '4', REAL '1.5', DOUBLE '2.5'",
        ("1", "2", "3", "4", "1.5", "2.5"),
        types="tinyint, smallint, integer, bigint, float, double",
    ),
    types.gives(
        "integer", "SELECT 2147483647, 2147483648", ("2147483647", "2147483648"), types="integer, bigint"
    ),
    types.gives(
        "double",
        "SELECT 1E0, 1.5E3, DOUBLE '10.3', 1.03E1, 1E-4, 12345678.9E0",
        ("1.0", "1500.0", "10.3", "10.3", "1.0E-4", "1.23456789E7"),
    ),
    types.gives(
        "real",
        "SELECT REAL '10.3', CAST(1.1 AS real), CAST(16777216 AS real)",
        ("10.3", "1.1", "1.6777216E7"),
    ),
    types.gives("varchar", "SELECT 'it''s', U&'Hello winter \\2603 !', ''", ("it's", "Hello winter ☃ !", "")),
    types.gives(
        "varbinary", "SELECT X'65683F', x'00ff'", ("65 68 3f", "00 ff"), types="varbinary, varbinary"
    ),
    types.gives(
        "date",
        "SELECT DATE '2001-08-22', TIMESTAMP '2020-06-10 15:55:23.383'",
        ("2001-08-22", "2020-06-10 15:55:23.383"),
        types="date, timestamp",
    ),
    types.gives("time", "SELECT TIME '01:02:03.456'", "01:02:03.456", types="time"),
    types.gives(
        "timestamp-with-time-zone",
        "SELECT TIMESTAMP '2001-08-22 03:04:05.321 UTC', TIMESTAMP '2001-08-22 03:04:05.321 America/New_York'",
        ("2001-08-22 03:04:05.321 UTC", "2001-08-22 03:04:05.321 America/New_York"),
        types="timestamp with time zone, timestamp with time zone",
    ),
    types.gives(
        "interval-day-to-second",
        "SELECT INTERVAL '2' DAY, INTERVAL '90' MINUTE, INTERVAL '-1' HOUR",
        ("2 00:00:00.000", "0 01:30:00.000", "-0 01:00:00.000"),
        types="interval day to second, interval day to second, interval day to second",
    ),
    types.gives(
        "interval-year-to-month",
        "SELECT INTERVAL '3' MONTH, INTERVAL '2' YEAR",
        ("0-3", "2-0"),
        types="interval year to month, interval year to month",
    ),
    types.gives(
        "array",
        "SELECT ARRAY[1, 2, 3], ARRAY[ARRAY['a'], ARRAY[]], ARRAY[NULL, 1]",
        ("[1, 2, 3]", "[[a], []]", "[null, 1]"),
        types="array, array, array",
    ),
    types.gives(
        "map",
        "SELECT MAP(ARRAY['foo', 'bar'], ARRAY[1, 2]), MAP()",
        ("{foo=1, bar=2}", "{}"),
        types="map, map",
    ),
    types.gives(
        "row",
        "SELECT ROW(1, 'a'), CAST(ROW(1, 2.0E0) AS ROW(x BIGINT, y DOUBLE))",
        ("{field0=1, field1=a}", "{x=1, y=2.0}"),
        types="row, row",
    ),
    types.gives(
        "row",
        "SELECT CAST(ROW(1, 2.0E0) AS ROW(x BIGINT, y DOUBLE)).x, ROW(1, 'b')[2], (CAST(ROW(1, 2) AS ROW(x integer, y integer))).y",
        ("1", "b", "2"),
    ),
    types.gives(
        "uuid",
        "SELECT CAST(UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59' AS varchar)",
        "12151fd2-7586-11e9-8f9e-2a86e4085a59",
    ),
    types.gives("json", "SELECT JSON '{\"a\": 1}'", '{"a":1}', types="json"),
    types.gives(
        "decimal",
        "SELECT DECIMAL '10.3', 1.10, .5, DECIMAL '0.050', 100.",
        ("10.3", "1.10", "0.5", "0.050", "100"),
    ),
    conditional.gives(
        "case",
        "SELECT CASE 1 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END, CASE WHEN 1 = 2 THEN 'a' WHEN 2 = 2 THEN 'b' ELSE 'c' END",
        ("one", "b"),
    ),
    conditional.gives("if", "SELECT if(true, 1), if(false, 1), if(NULL, 1, 2)", ("1", None, "2")),
    conditional.gives("coalesce", "SELECT coalesce(NULL, NULL, 'x'), coalesce(1, 1 / 0)", ("x", "1")),
    conditional.gives(
        "try", "SELECT try(CAST('abc' AS integer)), coalesce(try(1 / 0), 0), try(1 + 1)", (None, "0", "2")
    ),
    conditional.gives("try", "SELECT try(date_parse('x', '%Y')), try(json_parse('{'))", (None, None)),
    conditional.gives(
        "try",
        "SELECT try(a[5]), try(element_at(a, 0)), try(m['x']) FROM (VALUES (ARRAY[1], MAP(ARRAY['k'], ARRAY[2]))) AS t(a, m)",
        (None, None, None),
    ),
    conditional.gives("try", "SELECT try(ARRAY[1][2])", None),
    conditional.gives(
        "nullif", "SELECT nullif('a', 'a'), nullif('a', 'b'), nullif(NULL, 1)", (None, "a", None)
    ),
    comparison.gives(
        "between",
        "SELECT 3 BETWEEN 2 AND 6, 'b' BETWEEN 'a' AND 'c', 3 NOT BETWEEN 2 AND 6",
        ("true", "true", "false"),
    ),
    comparison.gives(
        "is-null-and-is-not-null",
        "SELECT NULL IS NULL, 3.0 IS NULL, NULL IS NOT NULL, 3 IS NOT NULL",
        ("true", "false", "false", "true"),
    ),
    comparison.gives(
        "is-distinct-from-and-is-not-distinct-from",
        "SELECT NULL IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 1",
        ("false", "true", "true"),
    ),
    comparison.gives(
        "greatest-and-least",
        "SELECT greatest('a', 'c', 'b'), least(3, 1, 2), greatest(1, 2.5E0), least(DATE '2026-01-02', DATE '2026-01-01')",
        ("c", "1", "2.5", "2026-01-01"),
    ),
    comparison.gives(
        "quantified-comparison-predicates-all-any-and-some",
        "SELECT 21 > ALL (SELECT x FROM (VALUES 19, 20) AS t(x)), 42 >= SOME (SELECT x FROM (VALUES 41, 43) AS t(x)), 1 = ANY (SELECT 2)",
        ("true", "true", "false"),
    ),
    comparison.gives(
        "quantified-comparison-predicates-all-any-and-some",
        "SELECT 'hello' = ANY (VALUES 'hello', 'world'), 21 > ALL (VALUES 19, 20)",
        ("true", "true"),
    ),
    comparison.gives(
        "pattern-comparison-like",
        "SELECT 'South_America' LIKE 'South\\_America' ESCAPE '\\', 'abc' NOT LIKE '%b%', 'Abc' LIKE 'abc', 'a%c' LIKE 'a#%c' ESCAPE '#'",
        ("true", "false", "false", "true"),
    ),
    comparison.gives(
        "row-comparison-in",
        "SELECT (1, 'a') IN ((1, 'a'), (2, 'b')), (1, 2) = (1, 2), ROW(1, 2) < ROW(1, 3)",
        ("true", "true", "true"),
    ),
    comparison.fails(
        "comparison-operators",
        "SELECT 1 = 'a'",
        "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer = varchar(1)",
    ),
    comparison.fails("comparison-operators", "SELECT 1 IN ('a')", "TYPE_MISMATCH"),
    comparison.fails("between", "SELECT 1 BETWEEN 'a' AND 'b'", "TYPE_MISMATCH"),
    comparison.fails("comparison-operators", "SELECT true > 1", "TYPE_MISMATCH"),
    comparison.fails("comparison-operators", "SELECT CASE WHEN 1 THEN 2 END", "TYPE_MISMATCH"),
    comparison.fails("comparison-operators", "SELECT x FROM (VALUES 1) AS t(x) WHERE x", "TYPE_MISMATCH"),
    logical.gives(
        "effect-of-null-on-logical-operators",
        "SELECT CAST(NULL AS boolean) AND true, CAST(NULL AS boolean) OR false, NOT CAST(NULL AS boolean), true AND NOT false",
        (None, None, None, "true"),
    ),
]
