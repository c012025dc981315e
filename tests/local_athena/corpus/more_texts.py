# ruff: noqa: E501 - statements read better on one line
"""More of texts, patterns, bytes and addresses."""

from tests.local_athena.corpus.case import TRINO, Page

string = Page("string", f"{TRINO}/functions/string.html")
regexp = Page("regexp", f"{TRINO}/functions/regexp.html")
binary = Page("binary", f"{TRINO}/functions/binary.html")
url = Page("url", f"{TRINO}/functions/url.html")

CASES = [
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
]
