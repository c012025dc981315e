# ruff: noqa: E501 - statements read better on one line
"""Functions as a newcomer tries them, page by page: edges, NULL, and what must fail."""

from tests.local_athena.corpus.case import TRINO, Page

math = Page("math", f"{TRINO}/functions/math.html")
conversion = Page("conversion", f"{TRINO}/functions/conversion.html")
comparison = Page("comparison", f"{TRINO}/functions/comparison.html")
string = Page("string", f"{TRINO}/functions/string.html")
regexp = Page("regexp", f"{TRINO}/functions/regexp.html")
binary = Page("binary", f"{TRINO}/functions/binary.html")
url = Page("url", f"{TRINO}/functions/url.html")
array_ = Page("array", f"{TRINO}/functions/array.html")
map_ = Page("map", f"{TRINO}/functions/map.html")
json_ = Page("json", f"{TRINO}/functions/json.html")
date = Page("date", f"{TRINO}/functions/datetime.html")

CASES = [
    math.gives("", "SELECT 5/2, -5/2, 5%-3, -5%3, 5.0/2, 5e0/2", ("2", "-2", "2", "-2", "2.5", "2.5")),
    math.gives("", "SELECT 1/3.0, 2.00/3, 1.0/3.00", ("0.3", "0.67", "0.33")),
    math.gives(
        "",
        "SELECT typeof(1/3.0), typeof(1.1*2.22), typeof(1.1+2.22), typeof(1.0)",
        ("decimal(12,1)", "decimal(5,3)", "decimal(4,2)", "decimal(2,1)"),
    ),
    math.fails(
        "",
        "SELECT CAST(9223372036854775807 AS bigint) + 1",
        "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow: 9223372036854775807 + 1",
    ),
    math.fails(
        "", "SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"
    ),
    math.fails(
        "",
        "SELECT CAST(127 AS tinyint) + CAST(1 AS tinyint)",
        "NUMERIC_VALUE_OUT_OF_RANGE: tinyint addition overflow: 127 + 1",
    ),
    math.fails("", "SELECT -2147483648 - 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
    math.fails("", "SELECT abs(CAST(-2147483648 AS integer))", "NUMERIC_VALUE_OUT_OF_RANGE"),
    math.gives(
        "",
        "SELECT round(1.5), round(-1.5), round(2.5e0), round(123.456, -1), round(123.456, 1)",
        ("2", "-2", "3.0", "120.000", "123.500"),
    ),
    math.gives(
        "",
        "SELECT typeof(round(1.55)), typeof(round(1.55, 1)), typeof(ceil(1.2)), typeof(ceil(1.2e0)), typeof(floor(3))",
        ("decimal(2,0)", "decimal(4,2)", "decimal(2,0)", "double", "integer"),
    ),
    math.gives("", "SELECT round(15, -1), round(14, -1), round(-15, -1)", ("20", "10", "-20")),
    math.gives(
        "",
        "SELECT truncate(12.9), truncate(-12.9), truncate(12.999, 2), truncate(12.9e0)",
        ("12", "-12", "12.990", "12.0"),
    ),
    math.gives(
        "",
        "SELECT power(2, 0.5), typeof(power(2,2)), cbrt(27), sqrt(2)",
        ("1.4142135623730951", "double", "3.0", "1.4142135623730951"),
    ),
    math.gives("", "SELECT log(2, 8), log2(8), log10(1000), ln(e())", ("3.0", "3.0", "3.0", "1.0")),
    math.gives("", "SELECT mod(-7, 3), mod(7.5, 2), mod(7e0, 0)", ("-1", "1.5", "NaN")),
    math.gives("", "SELECT sign(-3.5), sign(0), sign(-2e0), typeof(sign(3))", ("-1", "0", "-1.0", "integer")),
    math.gives(
        "",
        "SELECT degrees(pi()), radians(180), typeof(radians(180))",
        ("180.0", "3.141592653589793", "double"),
    ),
    math.gives(
        "", "SELECT to_base(255, 16), to_base(-255, 2), from_base('zz', 36)", ("ff", "-11111111", "1295")
    ),
    math.gives(
        "",
        "SELECT width_bucket(5, ARRAY[1, 3, 6]), width_bucket(-1, 0, 10, 5), width_bucket(10, 0, 10, 5)",
        ("2", "0", "6"),
    ),
    math.gives("", "SELECT greatest(1, 2.5), least('b', 'a'), greatest(1, NULL)", ("2.5", "a", None)),
    math.gives(
        "",
        "SELECT is_nan(nan()), nan() = nan(), infinity() > 1e300, is_finite(1e0/0)",
        ("true", "false", "true", "false"),
    ),
    math.gives(
        "",
        "SELECT bitwise_and(-1, 255), bitwise_not(0), bit_count(255, 64), bitwise_left_shift(1, 3)",
        ("255", "-1", "8", "8"),
    ),
    math.gives(
        "",
        "SELECT bitwise_left_shift(tinyint '7', 2), typeof(bitwise_left_shift(tinyint '7', 2)), bitwise_right_shift(smallint '-8', 1)",
        ("28", "tinyint", "32764"),
    ),
    math.gives(
        "", "SELECT cosine_similarity(MAP(ARRAY['a'], ARRAY[1.0]), MAP(ARRAY['a'], ARRAY[2.0]))", "1.0"
    ),
    math.gives(
        "",
        "SELECT beta_cdf(3, 4, 0.5), normal_cdf(0, 1, 0), inverse_normal_cdf(0, 1, 0.5)",
        ("0.65625", "0.5", "0.0"),
        known="beta_cdf is not there",
    ),
    math.gives("", "SELECT wilson_interval_lower(1250, 1310, 1.96e0)", "0.9414883725395894"),
    math.gives("", "SELECT 0.1 + 0.2 = 0.3, 0.1e0 + 0.2e0 = 0.3e0", ("true", "false")),
    math.gives(
        "",
        "SELECT DECIMAL '123.45' % 2, -DECIMAL '1.5', typeof(DECIMAL '123.45' % 2)",
        ("1.45", "-1.5", "decimal(5,2)"),
    ),
    math.gives(
        "",
        "SELECT 1e16, 1.0E-5, 123456789.123e0, 1e7, 9999999e0, -0e0",
        ("1.0E16", "1.0E-5", "1.23456789123E8", "1.0E7", "9999999.0", "-0.0"),
    ),
    math.gives(
        "",
        "SELECT real '1.1', CAST(real '1.1' AS double), real '3.4' * 2",
        ("1.1", "1.100000023841858", "6.8"),
    ),
    math.gives(
        "",
        "SELECT typeof(real '1' + 1e0), typeof(real '1' + 1), typeof(1 + bigint '1'), typeof(1 + 1.5)",
        ("double", "real", "bigint", "decimal(12,1)"),
    ),
    math.gives(
        "",
        "SELECT typeof(sum(1)), typeof(sum(real '1')), typeof(avg(real '1')), typeof(avg(1)), typeof(sum(1.5)), typeof(count(*))",
        ("bigint", "real", "real", "double", "decimal(38,1)", "bigint"),
    ),
    conversion.fails(
        "", "SELECT CAST('  12' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '  12' to INT"
    ),
    conversion.fails(
        "", "SELECT CAST('abc' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to BIGINT"
    ),
    conversion.gives(
        "",
        "SELECT TRY_CAST('abc' AS integer), TRY_CAST('1.5' AS integer), TRY_CAST('9999999999' AS integer)",
        (None, None, None),
    ),
    conversion.gives(
        "",
        "SELECT CAST(1.5 AS integer), CAST(-1.5 AS integer), CAST(2.5e0 AS bigint), CAST(1e0/3 AS decimal(5,3))",
        ("2", "-2", "3", "0.333"),
    ),
    conversion.fails("", "SELECT CAST(nan() AS bigint)", "INVALID_CAST_ARGUMENT"),
    conversion.fails("", "SELECT CAST(1e20 AS bigint)", "INVALID_CAST_ARGUMENT"),
    conversion.fails(
        "",
        "SELECT CAST(true AS integer), CAST(true AS varchar), CAST('yes' AS boolean)",
        "INVALID_CAST_ARGUMENT: Cannot cast 'yes' to BOOLEAN",
    ),
    conversion.gives(
        "", "SELECT CAST('T' AS boolean), CAST('0' AS boolean), CAST(2 AS boolean)", ("true", "false", "true")
    ),
    conversion.gives(
        "",
        "SELECT CAST(DATE '2020-02-29' AS varchar), CAST('2020-2-9' AS date)",
        ("2020-02-29", "2020-02-09"),
    ),
    conversion.gives(
        "",
        "SELECT CAST('2020-01-01 10:00' AS timestamp), CAST('2020-01-01' AS timestamp)",
        ("2020-01-01 10:00:00.000", "2020-01-01 00:00:00.000"),
    ),
    conversion.gives(
        "",
        "SELECT CAST(TIMESTAMP '2020-01-01 10:20:30.555' AS time), CAST(TIMESTAMP '2020-01-01 10:20:30.555' AS date)",
        ("10:20:30.555", "2020-01-01"),
    ),
    conversion.gives(
        "",
        "SELECT CAST('abc' AS char(5)) = 'abc', length(CAST('abc' AS char(5))), CAST('abc' AS char(5)) || '|'",
        ("true", "5", "abc  |"),
    ),
    conversion.fails(
        "",
        "SELECT CAST(12345 AS varchar(3))",
        "INVALID_CAST_ARGUMENT: Value 12345 cannot be represented as varchar(3)",
    ),
    conversion.gives(
        "",
        "SELECT CAST('hello' AS varchar(3)), CAST(1.10 AS varchar), CAST(1e0 AS varchar)",
        ("hel", "1.10", "1.0"),
    ),
    conversion.gives("", "SELECT CAST(ROW(1, 'a') AS ROW(x varchar, y varchar))", "{x=1, y=a}"),
    conversion.fails(
        "", "SELECT CAST(ARRAY['1', 'x'] AS array(integer))", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"
    ),
    conversion.gives("", "SELECT TRY_CAST(ARRAY['1', 'x'] AS array(integer))", None),
    conversion.fails(
        "",
        "SELECT CAST(99999.5 AS decimal(5,0))",
        "INVALID_CAST_ARGUMENT: Cannot cast DECIMAL(6, 1) '99999.5' to DECIMAL(5, 0)",
        known="the type of the value is not told",
    ),
    conversion.gives(
        "",
        "SELECT CAST('1e2' AS double), CAST('Infinity' AS double), CAST('NaN' AS double), CAST('1.' AS double)",
        ("100.0", "Infinity", "NaN", "1.0"),
    ),
    conversion.fails(
        "", "SELECT CAST('inf' AS double)", "INVALID_CAST_ARGUMENT: Cannot cast 'inf' to DOUBLE"
    ),
    conversion.gives(
        "",
        "SELECT typeof(CAST(1 AS varchar)), typeof(CAST('a' AS char(3))), typeof('cat'), typeof(NULL), typeof(CAST('a' AS varchar(7)))",
        ("varchar", "char(3)", "varchar(3)", "unknown", "varchar(7)"),
    ),
    conversion.gives(
        "",
        "SELECT typeof(ROW(1, 'a')), typeof(CAST(ROW(1,2) AS ROW(a bigint, b double))), typeof(ARRAY['a'])",
        ("row(integer, varchar(1))", "row(a bigint, b double)", "array(varchar(1))"),
    ),
    conversion.gives(
        "", "SELECT format('%s|%5d|%-5s|%05d|%.3f', 'a', 42, 'b', 42, 3.14159e0)", "a|   42|b    |00042|3.142"
    ),
    conversion.gives(
        "",
        "SELECT format('%,d', 1234567), format('%x', 255), format('%b', true), format('%e', 12345.678e0)",
        ("1,234,567", "ff", "true", "1.234568e+04"),
    ),
    conversion.gives("", "SELECT format('%10s|%S', 'abc', 'up')", "       abc|UP"),
    conversion.gives(
        "",
        "SELECT format_number(1234), format_number(1234567.8), format_number(0.5)",
        ("1.23K", "1.23M", "0.5"),
    ),
    conversion.gives(
        "", "SELECT try(CAST('x' AS integer)), coalesce(try(1/0), 5), try(ARRAY[1][3])", (None, "5", None)
    ),
    conversion.gives(
        "",
        "SELECT 1 = 1.0, 1 = 1e0, '1' = CAST(1 AS varchar), DATE '2020-01-01' = TIMESTAMP '2020-01-01 00:00:00'",
        ("true", "true", "true", "true"),
    ),
    conversion.fails("", "SELECT '1' = 1", "TYPE_MISMATCH"),
    conversion.fails("", "SELECT 1 + '1'", "TYPE_MISMATCH"),
    conversion.fails("", "SELECT 'a' < 1", "TYPE_MISMATCH"),
    conversion.gives(
        "", "SELECT CAST(NULL AS integer) + 1, NULL || 'a', concat('a', NULL)", (None, None, None)
    ),
    conversion.gives(
        "",
        "SELECT CAST(JSON '{\"a\":1}' AS map(varchar, integer)), CAST(JSON '[1,null]' AS array(bigint))",
        ("{a=1}", "[1, null]"),
    ),
    conversion.fails("", "SELECT CAST(X'41' AS varchar)", "TYPE_MISMATCH"),
    conversion.gives(
        "",
        "SELECT CAST(TIME '10:20:30.123' AS varchar), TIME '23:59:59' + INTERVAL '2' SECOND",
        ("10:20:30.123", "00:00:01.000"),
    ),
    comparison.gives(
        "", "SELECT CASE WHEN NULL THEN 1 ELSE 2 END, CASE NULL WHEN NULL THEN 1 ELSE 2 END", ("2", "2")
    ),
    comparison.gives(
        "", "SELECT if(1 > 2, 'x'), nullif(1, 1), nullif(1, 2), coalesce(NULL, NULL)", (None, None, "1", None)
    ),
    comparison.gives(
        "",
        "SELECT 1 IN (2, NULL), 1 NOT IN (2, NULL), 1 IN (1, NULL), NULL IN (1)",
        (None, None, "true", None),
    ),
    comparison.gives("", "SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL", ("true", "true")),
    comparison.gives(
        "", "SELECT 'a' BETWEEN 'A' AND 'z', 5 BETWEEN 6 AND 4, NULL BETWEEN 1 AND 2", ("true", "false", None)
    ),
    comparison.gives(
        "",
        "SELECT 'abc' LIKE 'a_c', 'a%c' LIKE 'a\\%c' ESCAPE '\\', 'ABC' LIKE 'abc'",
        ("true", "true", "false"),
    ),
    comparison.gives(
        "", "SELECT ROW(1, 2) = ROW(1, 2), ROW(1, NULL) = ROW(1, 2), (1, 2) < (1, 3)", ("true", None, "true")
    ),
    comparison.gives(
        "",
        "SELECT ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1, NULL] = ARRAY[1, 2], ARRAY[1] < ARRAY[1, 2]",
        ("true", None, "true"),
    ),
    comparison.gives("", "SELECT MAP(ARRAY[1,2], ARRAY['a','b']) = MAP(ARRAY[2,1], ARRAY['b','a'])", "true"),
    comparison.gives(
        "",
        "SELECT 5 > ALL (VALUES 1, 2), 5 = ANY (VALUES 5, 6), 5 <> SOME (VALUES 5)",
        ("true", "true", "false"),
    ),
    comparison.gives(
        "",
        "SELECT 5 > ALL (SELECT x FROM (VALUES 1, NULL) t(x)), 5 < ANY (SELECT 1 WHERE false)",
        (None, "false"),
    ),
    comparison.gives(
        "", "SELECT NOT true AND false, true OR NULL, NULL AND false", ("false", "true", "false")
    ),
    comparison.gives("", "SELECT 1 <> 2, 1 != 2, 'ä' > 'z'", ("true", "true", "true")),
    comparison.gives(
        "",
        "SELECT true > false, DATE '2020-01-01' < DATE '2020-01-02', X'01' < X'02'",
        ("true", "true", "true"),
    ),
    comparison.fails("", "SELECT MAP(ARRAY[1],ARRAY[1]) < MAP(ARRAY[1],ARRAY[2])", "TYPE_MISMATCH"),
    string.gives(
        "",
        "SELECT length('👍a'), reverse('👍a'), substr('👍ab', 2), strpos('👍ab', 'b')",
        ("2", "a👍", "ab", "3"),
    ),
    string.gives(
        "",
        "SELECT substr('abc', 0), substr('abc', -2), substr('abc', -5), substr('abc', 2, 0), substr('abc', 5)",
        ("", "bc", "", "", ""),
    ),
    string.gives(
        "",
        "SELECT lpad('abc', 5, 'xy'), lpad('abcdef', 3, 'x'), rpad('abc', 6, 'xy')",
        ("xyabc", "abc", "abcxyx"),
    ),
    string.fails("", "SELECT lpad('a', -1, 'x')", "INVALID_FUNCTION_ARGUMENT"),
    string.fails(
        "", "SELECT lpad('a', 3, '')", "INVALID_FUNCTION_ARGUMENT: Padding string must not be empty"
    ),
    string.gives(
        "",
        "SELECT split('a,b,,c', ','), split('a,b,c', ',', 2), split('', ',')",
        ("[a, b, , c]", "[a, b,c]", "[]"),
    ),
    string.gives(
        "",
        "SELECT split_part('a.b.c', '.', 2), split_part('a.b', '.', 5), split_part('abc', '', 1)",
        ("b", None, "a"),
    ),
    string.fails(
        "", "SELECT split_part('a.b', '.', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"
    ),
    string.gives(
        "",
        "SELECT split_to_map('a=1,b=2', ',', '='), split_to_multimap('a=1,a=2', ',', '=')",
        ("{a=1, b=2}", "{a=[1, 2]}"),
    ),
    string.fails(
        "",
        "SELECT split_to_map('a=1,a=2', ',', '=')",
        "INVALID_FUNCTION_ARGUMENT: Duplicate keys (a) are not allowed",
        known="the text is that of another function",
    ),
    string.gives(
        "",
        "SELECT split_to_map('a=1,a=2', ',', '=', (k, v1, v2) -> v1 || v2)",
        "{a=12}",
        known="split_to_map with a lambda is not there",
    ),
    string.gives(
        "",
        "SELECT strpos('banana', 'an', 2), strpos('banana', 'an', -1), strpos('abc', 'z'), strpos('abc', '')",
        ("4", "4", "0", "1"),
    ),
    string.gives(
        "",
        "SELECT position('an' IN 'banana'), starts_with('abc', 'ab'), replace('abc', '', 'x')",
        ("2", "true", "xaxbxcx"),
    ),
    string.gives("", "SELECT translate('abcd', 'abc', 'xy'), translate('aaa', 'a', '')", ("xyd", "")),
    string.gives(
        "",
        "SELECT concat_ws(',', 'a', NULL, 'b'), concat_ws(',', ARRAY['x', NULL, 'y']), concat_ws(NULL, 'a')",
        ("a,b", "x,y", None),
    ),
    string.gives(
        "",
        "SELECT trim(' \t\nabc '), ltrim('  a'), trim(LEADING 'x' FROM 'xxax'), trim(BOTH FROM '  a ')",
        ("abc", "a", "ax", "a"),
    ),
    string.fails(
        "",
        "SELECT chr(65), codepoint('A'), ascii('A')",
        "FUNCTION_NOT_FOUND: line 1:33: Function 'ascii' not registered",
    ),
    string.gives(
        "",
        "SELECT levenshtein_distance('kitten', 'sitting'), hamming_distance('abc', 'abd'), soundex('Robert')",
        ("3", "1", "R163"),
    ),
    string.gives(
        "",
        "SELECT word_stem('running'), word_stem('continuing', 'en')",
        ("run", "continu"),
        known="word_stem is not there",
    ),
    string.gives(
        "",
        "SELECT normalize('é', NFD) = 'é', length(normalize('é', NFD)), to_utf8('é')",
        ("false", "2", "c3 a9"),
    ),
    string.gives("", "SELECT from_utf8(X'ff41'), from_utf8(X'ff41', '?')", ("�A", "?A")),
    string.gives("", "SELECT 'a' || 'b' || 'c', 'it''s', U&'\\00e9'", ("abc", "it's", "é")),
    string.gives("", "SELECT repeat('ab', 3)", "[ab, ab, ab]"),
    string.gives("", "SELECT luhn_check('79927398713'), luhn_check('79927398714')", ("true", "false")),
    string.gives(
        "",
        "SELECT length(X'0102'), reverse(X'0102'), X'01' || X'02', substr(X'010203', -2)",
        ("2", "02 01", "01 02", "02 03"),
    ),
    regexp.gives(
        "",
        "SELECT regexp_extract('foo123bar45', '\\d+'), regexp_extract('foo123', '([a-z]+)(\\d+)', 2), regexp_extract('x', '\\d')",
        ("123", "123", None),
    ),
    regexp.gives(
        "",
        "SELECT regexp_extract_all('1a 2b 14m', '(\\d+)([a-z]+)', 2), regexp_count('1a 2b 14m', '\\s*[a-z]+\\s*')",
        ("[a, b, m]", "3"),
    ),
    regexp.gives(
        "", "SELECT regexp_replace('new york', '(\\w)(\\w*)', x -> upper(x[1]) || lower(x[2]))", "New York"
    ),
    regexp.gives(
        "",
        "SELECT regexp_replace('abc', '(b)', '[$1]'), regexp_replace('abc', 'b'), regexp_replace('abc', '(?<x>b)', '${x}${x}')",
        ("a[b]c", "ac", "abbc"),
    ),
    regexp.gives(
        "",
        "SELECT regexp_split('1a 2b 14m', '\\s*[a-z]+\\s*'), regexp_like('abc', '^b')",
        ("[1, 2, 14, ]", "false"),
    ),
    regexp.gives("", "SELECT regexp_position('abcabc', 'c'), regexp_position('abc', 'z')", ("3", "-1")),
    regexp.fails(
        "",
        "SELECT regexp_extract('abc', '(b)', 2)",
        "INVALID_FUNCTION_ARGUMENT: Pattern has 1 groups. Cannot access group 2",
    ),
    regexp.fails("", "SELECT regexp_like('abc', '(')", "INVALID_FUNCTION_ARGUMENT"),
    regexp.gives(
        "", "SELECT regexp_replace('aXbX', '(?i)x', '-'), regexp_like('ABC', '(?i)abc')", ("a-b-", "true")
    ),
    regexp.fails("", "SELECT regexp_replace('abc', 'b', '$2')", "INVALID_FUNCTION_ARGUMENT"),
    regexp.gives("", "SELECT regexp_replace('price', 'p', '\\$')", "$rice"),
    binary.gives(
        "",
        "SELECT to_hex(md5(to_utf8('a'))), to_hex(sha1(to_utf8('a'))), to_hex(sha256(to_utf8('')))",
        (
            "0CC175B9C0F1B6A831C399E269772661",
            "86F7E437FAA5A7FCE15D1DDCB9EAEAEA377667B8",
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        ),
    ),
    binary.gives(
        "",
        "SELECT to_base64(to_utf8('hello')), from_utf8(from_base64('aGVsbG8=')), crc32(to_utf8('abc'))",
        ("aGVsbG8=", "hello", "891568578"),
    ),
    binary.gives(
        "",
        "SELECT to_hex(hmac_sha256(to_utf8('abc'), to_utf8('key')))",
        "9C196E32DC0175F86F4B1CB89289D6619DE6BEE699E4C378E68309ED97A1A6AB",
    ),
    binary.gives(
        "",
        "SELECT to_big_endian_64(1), from_big_endian_32(X'00000001'), to_hex(to_ieee754_32(real '1.0'))",
        ("00 00 00 00 00 00 00 01", "1", "3F800000"),
    ),
    binary.fails("", "SELECT from_hex('zz')", "INVALID_FUNCTION_ARGUMENT"),
    binary.gives("", "SELECT to_base32(to_utf8('a')), from_utf8(from_base32('ME======'))", ("ME======", "a")),
    binary.gives("", "SELECT from_ieee754_64(X'3FF0000000000000')", "1.0"),
    binary.gives("", "SELECT lpad(X'01', 3, X'00'), rpad(X'01', 3, X'00')", ("00 00 01", "01 00 00")),
    url.gives(
        "",
        "SELECT url_extract_host('http://user@example.com:8080/p/a?x=1&y=2#f'), url_extract_port('http://e.com:80/'), url_extract_path('http://e.com/a/b'), url_extract_query('http://e.com/?x=1'), url_extract_fragment('http://e.com/#f'), url_extract_protocol('https://e.com'), url_extract_parameter('http://e.com/?x=1&y=2', 'y')",
        ("example.com", "80", "/a/b", "x=1", "f", "https", "2"),
    ),
    url.gives("", "SELECT url_encode('a b&c=d/é'), url_decode('a+b%26c')", ("a+b%26c%3Dd%2F%C3%A9", "a b&c")),
    url.gives(
        "",
        "SELECT url_extract_port('http://e.com/'), url_extract_parameter('http://e.com/', 'x'), url_extract_query('http://e.com/')",
        (None, None, ""),
    ),
    array_.fails(
        "",
        "SELECT ARRAY[1,2][3]",
        "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 3 > 2",
    ),
    array_.fails("", "SELECT ARRAY[1,2][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
    array_.fails("", "SELECT ARRAY[1,2][-1]", "INVALID_FUNCTION_ARGUMENT: Array subscript is negative: -1"),
    array_.gives("", "SELECT element_at(ARRAY[1,2],3), element_at(ARRAY[1,2],-2)", (None, "1")),
    array_.gives(
        "",
        "SELECT array_distinct(ARRAY[1,NULL,1,NULL,2]), array_union(ARRAY[1,NULL],ARRAY[NULL,2]), array_intersect(ARRAY[1,2,NULL],ARRAY[2,NULL,3]), array_except(ARRAY[1,1,2],ARRAY[2])",
        ("[1, null, 2]", "[1, null, 2]", "[2, null]", "[1]"),
    ),
    array_.gives(
        "",
        "SELECT array_max(ARRAY[1,NULL]), array_min(ARRAY[3,1]), array_max(ARRAY[]), array_max(ARRAY[1e0, nan()])",
        (None, "1", None, "NaN"),
    ),
    array_.gives(
        "",
        "SELECT array_sort(ARRAY[3,NULL,1]), array_sort(ARRAY['b','A','a'], (x,y) -> IF(x<y,1,IF(x=y,0,-1)))",
        ("[1, 3, null]", "[b, a, A]"),
    ),
    array_.gives(
        "",
        "SELECT array_position(ARRAY['a','b'],'b'), array_position(ARRAY[1],9), array_position(ARRAY[NULL,1],1), array_position(ARRAY[1,2,1],1,2)",
        ("2", "0", "2", "3"),
    ),
    array_.gives(
        "",
        "SELECT array_remove(ARRAY[1,2,NULL,1],1), arrays_overlap(ARRAY[1,NULL],ARRAY[2]), arrays_overlap(ARRAY[1,2],ARRAY[2])",
        ("[2, null]", None, "true"),
    ),
    array_.gives(
        "",
        "SELECT array_join(ARRAY[1,NULL,3],','), array_join(ARRAY[1,NULL,3],',','-'), array_join(ARRAY[DATE '2020-01-01'],',')",
        ("1,3", "1,-,3", "2020-01-01"),
    ),
    array_.gives(
        "",
        "SELECT cardinality(NULL), cardinality(ARRAY[]), cardinality(MAP(ARRAY['a'],ARRAY[1]))",
        (None, "0", "1"),
    ),
    array_.gives(
        "",
        "SELECT contains(ARRAY[1,NULL],2), contains(ARRAY[1,NULL],1), contains(ARRAY[1],2), contains(ARRAY['a'],'a')",
        (None, "true", "false", "true"),
    ),
    array_.gives(
        "",
        "SELECT contains_sequence(ARRAY[1,2,3],ARRAY[2,3]), contains_sequence(ARRAY[1],ARRAY[])",
        ("true", "true"),
    ),
    array_.gives(
        "",
        "SELECT flatten(ARRAY[ARRAY[1],NULL,ARRAY[2,3]]), slice(ARRAY[1,2,3,4],2,2), slice(ARRAY[1,2,3],-2,2)",
        ("[1, 2, 3]", "[2, 3]", "[2, 3]"),
    ),
    array_.gives(
        "",
        "SELECT sequence(1,10,3), sequence(5,1), sequence(3,1,-1), sequence(0,0)",
        ("[1, 4, 7, 10]", "[5, 4, 3, 2, 1]", "[3, 2, 1]", "[0]"),
    ),
    array_.gives(
        "",
        "SELECT sequence(DATE '2020-01-30', DATE '2020-02-02'), sequence(DATE '2020-01-31', DATE '2020-04-30', INTERVAL '1' MONTH)",
        (
            "[2020-01-30, 2020-01-31, 2020-02-01, 2020-02-02]",
            "[2020-01-31, 2020-02-29, 2020-03-31, 2020-04-30]",
        ),
    ),
    array_.fails(
        "",
        "SELECT sequence(1,5,-1)",
        "INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start",
    ),
    array_.fails(
        "",
        "SELECT sequence(1,20000)",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries",
    ),
    array_.gives(
        "",
        "SELECT zip(ARRAY[1,2],ARRAY['a']), zip_with(ARRAY[1,2],ARRAY[10,20,30],(x,y)->x+y)",
        ("[{field0=1, field1=a}, {field0=2, field1=null}]", "[11, 22, null]"),
    ),
    array_.gives(
        "",
        "SELECT reduce(ARRAY[1,2,3],0,(s,x)->s+x,s->s), reduce(ARRAY[5,20,NULL,50],0,(s,x)->s+coalesce(x,0),s->s*2)",
        ("6", "150"),
    ),
    array_.gives(
        "",
        "SELECT reduce(ARRAY[5,20,50], CAST(ROW(0.0,0) AS ROW(sum double, count integer)), (s,x)->CAST(ROW(x+s.sum, s.count+1) AS ROW(sum double, count integer)), s->IF(s.count=0,NULL,s.sum/s.count))",
        "25.0",
    ),
    array_.fails(
        "",
        "SELECT transform(ARRAY[1,NULL],x->x*2), filter(ARRAY[1,NULL,3],x->x>1), filter(ARRAY[]::array, x -> true)",
        "SYNTAX_ERROR",
    ),
    array_.gives(
        "",
        "SELECT transform(ARRAY['x','y'], x -> x || '!'), transform(ARRAY[1,2], x -> ARRAY[x, x+1])",
        ("[x!, y!]", "[[1, 2], [2, 3]]"),
    ),
    array_.gives(
        "",
        "SELECT any_match(ARRAY[1,NULL],x->x>5), all_match(ARRAY[]  , x -> false), none_match(ARRAY[1,2],x->x=3)",
        (None, "true", "true"),
    ),
    array_.gives(
        "",
        "SELECT ngrams(ARRAY['a','b','c'],2), combinations(ARRAY[1,2,3],2), repeat('x',3)",
        ("[[a, b], [b, c]]", "[[1, 2], [1, 3], [2, 3]]", "[x, x, x]"),
    ),
    array_.gives(
        "",
        "SELECT ARRAY[1] || 2, 0 || ARRAY[1], ARRAY[1] || ARRAY[2], concat(ARRAY[1],ARRAY[2],ARRAY[3])",
        ("[1, 2]", "[0, 1]", "[1, 2]", "[1, 2, 3]"),
    ),
    array_.gives(
        "",
        "SELECT trim_array(ARRAY[1,2,3],1), reverse(ARRAY[1,2,3]), array_histogram(ARRAY['a','b','a'])",
        ("[1, 2]", "[3, 2, 1]", "{a=2, b=1}"),
    ),
    array_.fails(
        "",
        "SELECT trim_array(ARRAY[1,2],3)",
        "INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality 2: 3",
    ),
    array_.gives("", "SELECT ARRAY[1, 2.5, 3e0], ARRAY[1, bigint '2']", ("[1.0, 2.5, 3.0]", "[1, 2]")),
    array_.fails("", "SELECT ARRAY[1, 'a']", "TYPE_MISMATCH"),
    map_.gives(
        "",
        "SELECT MAP(ARRAY['a','b'],ARRAY[1,2])['a'], element_at(MAP(ARRAY['a'],ARRAY[1]),'z')",
        ("1", None),
    ),
    map_.fails(
        "", "SELECT MAP(ARRAY['a'],ARRAY[1])['z']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: z"
    ),
    map_.fails(
        "",
        "SELECT MAP(ARRAY[1,1],ARRAY[1,2])",
        "INVALID_FUNCTION_ARGUMENT: Duplicate map keys (1) are not allowed",
    ),
    map_.fails(
        "", "SELECT MAP(ARRAY[1,NULL],ARRAY[1,2])", "INVALID_FUNCTION_ARGUMENT: map key cannot be null"
    ),
    map_.gives(
        "",
        "SELECT map_concat(MAP(ARRAY['a','b'],ARRAY[1,2]),MAP(ARRAY['b','c'],ARRAY[3,4]))",
        "{a=1, b=3, c=4}",
    ),
    map_.gives(
        "",
        "SELECT map_filter(MAP(ARRAY[1,2,3],ARRAY['a','b','c']),(k,v)->k>1), transform_keys(MAP(ARRAY[1],ARRAY['a']),(k,v)->v||'x'), transform_values(MAP(ARRAY[1],ARRAY[2]),(k,v)->k+v)",
        ("{2=b, 3=c}", "{ax=a}", "{1=3}"),
    ),
    map_.gives(
        "",
        "SELECT map_zip_with(MAP(ARRAY['a','b'],ARRAY[1,2]),MAP(ARRAY['b','c'],ARRAY[3,4]),(k,x,y)->coalesce(x,0)+coalesce(y,0))",
        "{a=1, b=5, c=4}",
    ),
    map_.gives(
        "",
        "SELECT map_entries(MAP(ARRAY[1],ARRAY['x'])), map_from_entries(ARRAY[(1,'x'),(2,'y')]), map_keys(MAP(ARRAY[1],ARRAY['x'])), map_values(MAP(ARRAY[1],ARRAY['x']))",
        ("[{field0=1, field1=x}]", "{1=x, 2=y}", "[1]", "[x]"),
    ),
    map_.gives(
        "",
        "SELECT multimap_from_entries(ARRAY[(1,'x'),(1,'y')]), map_agg(k,v), multimap_agg(k,v) FROM (VALUES ('a',1),('a',2)) t(k,v)",
        ("{1=[x, y]}", "{a=1}", "{a=[1, 2]}"),
    ),
    map_.fails(
        "",
        "SELECT transform_keys(MAP(ARRAY[1,2],ARRAY[1,1]),(k,v)->v)",
        "INVALID_FUNCTION_ARGUMENT: Duplicate keys (1) are not allowed",
    ),
    json_.gives(
        "",
        "SELECT json_extract_scalar('{\"a\":{\"b\":[1,2]}}','$.a.b[1]'), json_extract('{\"a\":{\"b\":[1,2]}}','$.a.b'), json_extract_scalar('{\"a\":{}}','$.a')",
        ("2", "[1,2]", None),
    ),
    json_.gives(
        "",
        "SELECT json_extract_scalar('{\"a b\":1}','$[\"a b\"]'), json_extract_scalar('{\"a.b\":1}','$[\"a.b\"]'), json_extract_scalar('[true,null]','$[0]'), json_extract_scalar('[true,null]','$[1]')",
        ("1", "1", "true", None),
    ),
    json_.gives(
        "",
        "SELECT json_extract_scalar('{\"a\":1.50}','$.a'), json_extract_scalar('{\"a\":\"x\\\"y\"}','$.a'), json_extract_scalar('not json','$.a')",
        ("1.50", 'x"y', None),
    ),
    json_.gives(
        "",
        "SELECT json_format(JSON '[1,\"a\"]'), json_parse('{\"b\":1,\"a\":2}'), is_json_scalar('1'), is_json_scalar('[1]')",
        ('[1,"a"]', '{"a":2,"b":1}', "true", "false"),
    ),
    json_.fails(
        "", "SELECT json_parse('{bad')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{bad'"
    ),
    json_.gives(
        "",
        "SELECT CAST(ARRAY[1,2] AS JSON), CAST(MAP(ARRAY['a'],ARRAY[1]) AS JSON), CAST(ROW(1,'x') AS JSON), CAST(CAST(ROW(1,'x') AS ROW(p integer,q varchar)) AS JSON), CAST('a\"b' AS JSON)",
        ("[1,2]", '{"a":1}', '[1,"x"]', '{"p":1,"q":"x"}', '"a\\"b"'),
    ),
    json_.gives(
        "",
        'SELECT CAST(JSON \'{"p":1,"q":"x"}\' AS ROW(p integer, q varchar)), CAST(JSON \'[1,"x"]\' AS ROW(p integer, q varchar)), CAST(JSON \'"5"\' AS integer), CAST(JSON \'null\' AS varchar)',
        ("{p=1, q=x}", "{p=1, q=x}", "5", None),
    ),
    json_.gives(
        "",
        "SELECT CAST(1.5 AS JSON), CAST(true AS JSON), CAST(NULL AS JSON), CAST(DATE '2020-01-01' AS JSON), CAST(1e0 AS JSON)",
        ("1.5", "true", None, '"2020-01-01"', "1.0"),
    ),
    json_.gives(
        "",
        "SELECT json_value('{\"a\":{\"b\":1}}','lax $.a.b'), json_exists('{\"a\":1}','lax $.a'), json_query('{\"a\":[1,2]}','lax $.a'), json_value('{\"a\":1}','lax $.b' DEFAULT '0' ON EMPTY)",
        ("1", "true", "[1,2]", "0"),
    ),
    json_.gives("", "SELECT json_value('{\"a\":\"5\"}','lax $.a' RETURNING integer)", "5", types="integer"),
    json_.gives(
        "",
        "SELECT json_object('x': 1, 'y': 'b'), json_object(KEY 'a' VALUE true), json_array(1,'a',true), json_array(), json_object()",
        ('{"x":1,"y":"b"}', '{"a":true}', '[1,"a",true]', "[]", "{}"),
    ),
    json_.gives(
        "",
        "SELECT json_object('a': NULL), json_object('a': NULL ABSENT ON NULL), json_array(1, NULL), json_array(1, NULL NULL ON NULL)",
        ('{"a":null}', "{}", "[1]", "[1,null]"),
    ),
    json_.gives(
        "",
        "SELECT json_query('{\"a\":[1,2]}', 'lax $.a[*]' WITH ARRAY WRAPPER)",
        "[1,2]",
        known="wrappers of json_query are not there",
    ),
    json_.fails(
        "", "SELECT json_extract('{\"a\":1}', 'a')", "INVALID_FUNCTION_ARGUMENT: Invalid JSON path: 'a'"
    ),
    json_.gives(
        "",
        "SELECT JSON '{\"a\":1}' = JSON '{ \"a\" : 1 }', json_parse('1') = json_parse('1.0')",
        ("true", "false"),
    ),
    json_.gives(
        "",
        "SELECT json_extract_scalar('{\"a\":1}', '$.A'), json_extract_scalar('{\"a\":[{\"b\":\"c\"}]}', '$.a[0].b'), json_extract_scalar('{\"x\":1e3}', '$.x')",
        (None, "c", "1e3"),
    ),
    date.gives(
        "",
        "SELECT DATE '2020-01-31' + INTERVAL '1' MONTH, date_add('month',-1,DATE '2020-03-31'), date_add('year',1,DATE '2020-02-29'), date_add('quarter',1,DATE '2020-11-30')",
        ("2020-02-29", "2020-02-29", "2021-02-28", "2021-02-28"),
    ),
    date.gives(
        "",
        "SELECT date_diff('second',TIMESTAMP '2020-01-01 00:00:00',TIMESTAMP '2020-01-01 00:01:00.999'), date_diff('hour',TIMESTAMP '2020-03-29 00:00:00 Europe/Berlin',TIMESTAMP '2020-03-30 00:00:00 Europe/Berlin')",
        ("60", "23"),
    ),
    date.gives(
        "",
        "SELECT date_trunc('quarter',DATE '2020-05-15'), date_trunc('week',TIMESTAMP '2020-01-01 10:00:00'), date_trunc('year',DATE '2020-05-15'), date_trunc('minute',TIMESTAMP '2020-01-01 10:20:30.123')",
        ("2020-04-01", "2019-12-30 00:00:00.000", "2020-01-01", "2020-01-01 10:20:00.000"),
    ),
    date.gives(
        "",
        "SELECT date_trunc('day', TIMESTAMP '2020-07-01 01:30:00 America/New_York')",
        "2020-07-01 00:00:00.000 America/New_York",
    ),
    date.gives(
        "",
        "SELECT week(DATE '2021-01-03'), year_of_week(DATE '2021-01-03'), day_of_week(DATE '2021-01-03'), day_of_year(DATE '2020-12-31'), yow(DATE '2018-12-31')",
        ("53", "2020", "7", "366", "2019"),
    ),
    date.gives(
        "",
        "SELECT date_format(TIMESTAMP '2020-01-05 13:04:05.678','%Y/%m/%d %H:%i:%s.%f %p %a %W %b %M %e %c %j %y %k %l %h %T %r %x-%v %%')",
        "2020/01/05 13:04:05.678000 PM Sun Sunday Jan January 5 1 005 20 13 1 01 13:04:05 01:04:05 PM 2020-01 %",
    ),
    date.gives(
        "",
        "SELECT date_parse('2020-01-05 13:04','%Y-%m-%d %H:%i'), date_parse('Jan 5, 2020','%b %e, %Y'), date_parse('20200105','%Y%m%d')",
        ("2020-01-05 13:04:00.000", "2020-01-05 00:00:00.000", "2020-01-05 00:00:00.000"),
    ),
    date.fails("", "SELECT date_parse('2020-13-05','%Y-%m-%d')", "INVALID_FUNCTION_ARGUMENT"),
    date.fails(
        "",
        "SELECT date_parse('2020-01-05 x','%Y-%m-%d')",
        'INVALID_FUNCTION_ARGUMENT: Invalid format: "2020-01-05 x" is malformed at " x"',
        known="the place within the text is not told",
    ),
    date.gives(
        "",
        "SELECT format_datetime(TIMESTAMP '2020-01-05 13:04:05.678','yyyy-MM-dd''T''HH:mm:ss.SSS'), format_datetime(TIMESTAMP '2020-01-05 03:04:05','h:mm a E EEEE MMM MMMM D')",
        ("2020-01-05T13:04:05.678", "3:04 AM Sun Sunday Jan January 5"),
    ),
    date.gives(
        "",
        "SELECT format_datetime(TIMESTAMP '2020-01-05 13:04:05 America/New_York','yyyy-MM-dd HH:mm ZZ'), parse_datetime('2020-01-05 13:04','yyyy-MM-dd HH:mm')",
        ("2020-01-05 13:04 -05:00", "2020-01-05 13:04:00.000 UTC"),
        known="zones in format_datetime are not there",
    ),
    date.gives(
        "",
        "SELECT from_unixtime(0), from_unixtime(1577836800.5e0), to_unixtime(TIMESTAMP '2020-01-01 00:00:00'), from_unixtime(0,'America/New_York'), from_unixtime(0, 5, 30)",
        (
            "1970-01-01 00:00:00.000 UTC",
            "2020-01-01 00:00:00.500 UTC",
            "1.5778368E9",
            "1969-12-31 19:00:00.000 America/New_York",
            "1970-01-01 05:30:00.000 +05:30",
        ),
    ),
    date.gives(
        "",
        "SELECT from_iso8601_timestamp('2020-05-11T11:15:05+05:30'), from_iso8601_timestamp('2020-05-11'), from_iso8601_date('2020-W10-1'), to_iso8601(DATE '2020-01-01')",
        ("2020-05-11 11:15:05.000 +05:30", "2020-05-11 00:00:00.000 UTC", "2020-03-02", "2020-01-01"),
    ),
    date.gives(
        "",
        "SELECT TIMESTAMP '2020-01-01 12:00:00 UTC' AT TIME ZONE 'America/New_York', at_timezone(TIMESTAMP '2020-07-01 12:00:00 UTC','Europe/Berlin'), with_timezone(TIMESTAMP '2020-01-01 12:00:00','Asia/Tokyo')",
        (
            "2020-01-01 07:00:00.000 America/New_York",
            "2020-07-01 14:00:00.000 Europe/Berlin",
            "2020-01-01 12:00:00.000 Asia/Tokyo",
        ),
    ),
    date.gives(
        "",
        "SELECT TIMESTAMP '2020-01-01 12:00:00 UTC' = TIMESTAMP '2020-01-01 13:00:00 Europe/Berlin', TIMESTAMP '2020-03-29 01:30:00 Europe/Berlin' + INTERVAL '1' HOUR",
        ("true", "2020-03-29 03:30:00.000 Europe/Berlin"),
    ),
    date.gives(
        "",
        "SELECT EXTRACT(DAY FROM DATE '2020-02-03'), EXTRACT(DOW FROM DATE '2020-02-02'), EXTRACT(TIMEZONE_HOUR FROM TIMESTAMP '2020-01-01 00:00:00 +05:30'), year(TIMESTAMP '2020-01-01 00:00:00'), millisecond(TIMESTAMP '2020-01-01 00:00:00.123')",
        ("3", "7", "5", "2020", "123"),
    ),
    date.gives(
        "",
        "SELECT DATE '2020-01-03' - DATE '2020-01-01', TIMESTAMP '2020-01-02 00:00:00' - TIMESTAMP '2020-01-01 12:00:00'",
        ("2 00:00:00.000", "0 12:00:00.000"),
        types="interval day to second, interval day to second",
    ),
    date.gives(
        "",
        "SELECT INTERVAL '1' YEAR + INTERVAL '2' MONTH, INTERVAL '2' DAY * 3, INTERVAL '1-2' YEAR TO MONTH",
        ("1-2", "6 00:00:00.000", "1-2"),
    ),
    date.gives(
        "",
        "SELECT INTERVAL '1 02:03:04.567' DAY TO SECOND, -INTERVAL '3' HOUR",
        ("1 02:03:04.567", "-0 03:00:00.000"),
    ),
    date.fails(
        "",
        "SELECT DATE '2020-01-01' + INTERVAL '1' HOUR",
        "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date",
    ),
    date.gives("", "SELECT CAST(TIMESTAMP '2020-01-01 10:00:00' AS varchar)", "2020-01-01 10:00:00"),
    date.gives(
        "",
        "SELECT typeof(TIMESTAMP '2020-01-01 10:00:00'), typeof(TIMESTAMP '2020-01-01 10:00:00.123'), typeof(CAST('2020-01-01' AS timestamp))",
        ("timestamp(0)", "timestamp(3)", "timestamp(3)"),
    ),
    date.gives("", "SELECT CAST(TIMESTAMP '2020-01-01 10:00:00 UTC' AS varchar)", "2020-01-01 10:00:00 UTC"),
    date.gives(
        "",
        "SELECT last_day_of_month(DATE '2020-02-10'), last_day_of_month(TIMESTAMP '2021-02-10 10:00:00'), day_of_month(DATE '2020-02-10'), quarter(DATE '2020-12-01')",
        ("2020-02-29", "2021-02-28", "10", "4"),
    ),
    date.gives(
        "",
        "SELECT date('2020-01-01'), date(TIMESTAMP '2020-01-01 23:00:00'), to_milliseconds(INTERVAL '1' SECOND), parse_duration('42.8ms'), human_readable_seconds(3762)",
        ("2020-01-01", "2020-01-01", "1000", "0 00:00:00.043", "1 hour, 2 minutes, 42 seconds"),
    ),
    date.fails("", "SELECT DATE '2020-02-30'", "line 1:8: '2020-02-30' is not a valid DATE literal"),
    date.fails("", "SELECT date_add('day', 1, '2020-01-01')", "FUNCTION_NOT_FOUND"),
    date.gives(
        "",
        "SELECT date_add('millisecond', 5, TIMESTAMP '2020-01-01 00:00:00.000'), date_add('hour', -1, TIMESTAMP '2020-01-01 00:00:00 UTC')",
        ("2020-01-01 00:00:00.005", "2019-12-31 23:00:00.000 UTC"),
    ),
    date.gives(
        "",
        "SELECT TIME '10:00:00' - TIME '09:00:00', hour(TIME '10:20:30'), date_diff('minute', TIME '10:00', TIME '11:30')",
        ("0 01:00:00.000", "10", "90"),
    ),
    date.gives(
        "",
        "SELECT to_iso8601(TIMESTAMP '2020-01-01 10:00:00.000 Europe/Berlin'), to_iso8601(TIMESTAMP '2020-01-01 10:00:00.000')",
        ("2020-01-01T10:00:00.000+01:00", "2020-01-01T10:00:00.000"),
    ),
    date.gives(
        "",
        "SELECT timezone_hour(TIMESTAMP '2020-01-01 00:00:00 -03:30'), timezone_minute(TIMESTAMP '2020-01-01 00:00:00 -03:30')",
        ("-3", "-30"),
    ),
    date.gives(
        "",
        "SELECT date_diff('day', TIMESTAMP '2020-10-24 12:00:00 Europe/Berlin', TIMESTAMP '2020-10-25 12:00:00 Europe/Berlin'), CAST(TIMESTAMP '2020-01-01 23:30:00 America/New_York' AS date)",
        ("1", "2020-01-01"),
    ),
]
