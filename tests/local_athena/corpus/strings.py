# ruff: noqa: E501 - statements read better on one line
"""Text, regular expressions, binary data and addresses."""

from tests.local_athena.corpus.case import TRINO, Page

string = Page("string", f"{TRINO}/functions/string.html")
regexp = Page("regexp", f"{TRINO}/functions/regexp.html")
binary = Page("binary", f"{TRINO}/functions/binary.html")
url = Page("url", f"{TRINO}/functions/url.html")

CASES = [
    string.gives("chr", "SELECT chr(97), codepoint('é'), chr(9731)", ("a", "233", "☃")),
    string.gives(
        "concat",
        "SELECT concat('a', 'b'), concat('a', NULL), concat('a', 'b', 'c', 'd'), concat_ws('-', 'a', NULL, 'b'), concat_ws(',', ARRAY['x', 'y'])",
        ("ab", None, "abcd", "a-b", "x,y"),
    ),
    string.gives(
        "hamming_distance",
        "SELECT hamming_distance('abc', 'abd'), levenshtein_distance('abc', ''), levenshtein_distance('', '')",
        ("1", "3", "0"),
    ),
    string.fails(
        "hamming_distance",
        "SELECT hamming_distance('abc', 'ab')",
        "INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance function must have the same length",
    ),
    string.gives(
        "length",
        "SELECT length('héllo'), length(''), length('日本'), length(NULL)",
        ("5", "0", "2", None),
        types="bigint, bigint, bigint, bigint",
    ),
    string.gives("lower", "SELECT lower('ÄB'), upper('äb'), reverse('日本')", ("äb", "ÄB", "本日")),
    string.gives(
        "lpad",
        "SELECT lpad('hello', 3, 'x'), lpad('a', 5, 'xy'), rpad('a', 5, 'xy'), rpad('hello', 2, ' ')",
        ("hel", "xyxya", "axyxy", "he"),
    ),
    string.gives(
        "luhn_check",
        "SELECT luhn_check('79927398713'), luhn_check('79927398714'), luhn_check(NULL)",
        ("true", "false", None),
    ),
    string.gives(
        "position",
        "SELECT position('b' IN 'abc'), strpos('abcabc', 'c'), strpos('abcabc', 'c', 2), strpos('abc', 'z'), strpos('abc', '')",
        ("2", "3", "6", "0", "1"),
        types="bigint, bigint, bigint, bigint, bigint",
    ),
    string.gives(
        "replace",
        "SELECT replace('banana', 'an', ''), replace('abc', 'b', 'X'), translate('abcd', 'a', 'z'), translate('abcda', 'ab', 'x')",
        ("ba", "aXc", "zbcd", "xcdx"),
    ),
    string.gives(
        "soundex",
        "SELECT soundex('Robert'), soundex('Rupert'), soundex('Ashcraft')",
        ("R163", "R163", "A261"),
    ),
    string.gives(
        "split",
        "SELECT split('a:b:c', ':'), split('a:b:c', ':', 2), split('', ','), split('abc', ',')",
        ("[a, b, c]", "[a, b:c]", "[]", "[abc]"),
    ),
    string.gives(
        "split_part",
        "SELECT split_part('a,b,c', ',', 1), split_part('a,b,c', ',', 3), split_part('a,b,c', ',', 4), split_part('a', ',', 1)",
        ("a", "c", None, "a"),
    ),
    string.fails(
        "split_part",
        "SELECT split_part('a,b', ',', 0)",
        "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero",
    ),
    string.gives(
        "split_to_map",
        "SELECT split_to_map('a=1,b=2', ',', '='), element_at(split_to_map('k:v;x:y', ';', ':'), 'x')",
        ("{a=1, b=2}", "y"),
    ),
    string.gives(
        "split_to_multimap", "SELECT split_to_multimap('a=1,b=2,a=3', ',', '=')", "{a=[1, 3], b=[2]}"
    ),
    string.gives(
        "starts_with",
        "SELECT starts_with('abc', 'a'), starts_with('abc', ''), starts_with('abc', 'b'), starts_with(NULL, 'a')",
        ("true", "true", "false", None),
    ),
    string.gives(
        "substring",
        "SELECT substring('Hello', 2), substring('Hello', 1, 3), substring('Hello' FROM 2), substr('Hello', 6), substr('Hello', 2, 100), substr('日本語', 2, 1)",
        ("ello", "Hel", "ello", "", "ello", "本"),
    ),
    string.gives(
        "trim",
        "SELECT trim('!' FROM '!foo!'), trim(LEADING FROM '  abcd'), trim(TRAILING 'ER' FROM upper('worker')), trim(BOTH '$' FROM '$var$'), ltrim('xxa', 'x')",
        ("foo", "abcd", "WORK", "var", "a"),
    ),
    string.gives(
        "word_stem",
        "SELECT word_stem('running'), word_stem('stemmed')",
        ("run", "stem"),
        known="word_stem is not there",
    ),
    string.gives(
        "normalize",
        "SELECT normalize('é') = 'é', normalize('ﬁ', NFKC), length(normalize('é', NFD))",
        ("true", "fi", "2"),
    ),
    string.gives(
        "to_utf8",
        "SELECT to_utf8('é'), from_utf8(X'C3A9'), from_utf8(X'FF', '?'), from_utf8(X'61FF')",
        ("c3 a9", "é", "?", "a�"),
    ),
    string.gives(
        "concatenation-operator",
        "SELECT 'a' || 'b' || 'c' || 'd', 'x' || CAST(1 AS varchar), NULL || 'a'",
        ("abcd", "x1", None),
    ),
    string.gives(
        "comparison", "SELECT 'a' < 'b', 'Z' < 'a', 'a' = 'a ', '' = ''", ("true", "true", "false", "true")
    ),
    string.gives(
        "like",
        "SELECT x FROM (VALUES 'alpha', 'beta', NULL) AS t(x) WHERE x LIKE '%a' ORDER BY x",
        "alpha",
        "beta",
    ),
    string.fails(
        "length",
        "SELECT length(5)",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer) for function length",
    ),
    regexp.gives(
        "regexp_count",
        "SELECT regexp_count('1a 2b 14m', '\\s*[a-z]+\\s*'), regexp_count('abc', 'x')",
        ("3", "0"),
    ),
    regexp.gives(
        "regexp_extract_all",
        "SELECT regexp_extract_all('1a 2b 14m', '\\d+'), regexp_extract_all('1a 2b 14m', '(\\d+)([a-z]+)', 2)",
        ("[1, 2, 14]", "[a, b, m]"),
    ),
    regexp.gives(
        "regexp_extract",
        "SELECT regexp_extract('1a 2b 14m', '\\d+'), regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2), regexp_extract('abc', '(x)?abc', 1)",
        ("1", "a", None),
    ),
    regexp.gives(
        "regexp_like",
        "SELECT regexp_like('1a 2b 14m', '\\d+b'), regexp_like('abc', '^b'), regexp_like('ABC', '(?i)abc'), regexp_like(NULL, 'a')",
        ("true", "false", "true", None),
    ),
    regexp.gives(
        "regexp_like",
        "SELECT regexp_like('foobar', 'foo(?=bar)'), regexp_like('foobaz', 'foo(?!bar)'), regexp_like('abab', '(ab)\\1')",
        ("true", "true", "true"),
    ),
    regexp.gives(
        "regexp_position",
        "SELECT regexp_position('I have 23 apples, 5 pears and 13 oranges', '\\b\\d+\\b'), regexp_position('I have 23 apples, 5 pears and 13 oranges', '\\b\\d+\\b', 5), regexp_position('I have 23 apples, 5 pears and 13 oranges', '\\b\\d+\\b', 12), regexp_position('I have 23 apples, 5 pears and 13 oranges', '\\b\\d+\\b', 12, 2), regexp_position('x', 'y')",
        ("8", "8", "19", "31", "-1"),
    ),
    regexp.gives(
        "regexp_replace",
        "SELECT regexp_replace('1a 2b 14m', '\\d+[ab] '), regexp_replace('1a 2b 14m', '(\\d+)([ab]) ', '3c$2 ')",
        ("14m", "3ca 3cb 14m"),
    ),
    regexp.gives(
        "regexp_replace",
        "SELECT regexp_replace('new york', '(\\w)(\\w*)', x -> upper(x[1]) || lower(x[2]))",
        "New York",
    ),
    regexp.gives(
        "regexp_replace",
        "SELECT regexp_replace('a.b', '\\.', '\\$'), regexp_replace('abc', '(?<first>a)', '${first}${first}')",
        ("a$b", "aabc"),
    ),
    regexp.gives("regexp_split", "SELECT regexp_split('1a 2b 14m', '\\s*[a-z]+\\s*')", "[1, 2, 14, ]"),
    regexp.gives(
        "regexp_like",
        "SELECT x FROM (VALUES 'C01', 'D2', NULL) AS t(x) WHERE regexp_like(x, '^[A-Z]\\d{2}$')",
        "C01",
    ),
    regexp.fails("regexp_like", "SELECT regexp_like('a', '(')", "INVALID_FUNCTION_ARGUMENT"),
    binary.gives(
        "to_base64",
        "SELECT to_base64(X'68656C6C6F'), from_base64('aGVsbG8='), to_base64url(X'FBEF'), from_base64url('--8=')",
        ("aGVsbG8=", "68 65 6c 6c 6f", "--8=", "fb ef"),
    ),
    binary.gives(
        "to_hex",
        "SELECT to_hex(X'00ff'), from_hex('FF'), length(X'0001'), to_hex(reverse(X'0102')), X'01' || X'02'",
        ("00FF", "ff", "2", "0201", "01 02"),
    ),
    binary.gives(
        "crc32",
        "SELECT crc32(to_utf8('hello')), to_hex(sha1(to_utf8('abc')))",
        ("907060870", "A9993E364706816ABA3E25717850C26C9CD0D89D"),
    ),
    binary.gives(
        "sha512",
        "SELECT to_hex(sha512(to_utf8('abc')))",
        "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F",
    ),
    binary.gives("xxhash64", "SELECT to_hex(xxhash64(to_utf8('')))", "EF46DB3751D8E999"),
    binary.gives(
        "murmur3",
        "SELECT to_hex(murmur3(to_utf8('')))",
        "00000000000000000000000000000000",
    ),
    binary.gives(
        "hmac-functions",
        "SELECT to_hex(hmac_sha256(to_utf8('what do ya want for nothing?'), to_utf8('Jefe'))), to_hex(hmac_md5(to_utf8('what do ya want for nothing?'), to_utf8('Jefe')))",
        (
            "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
            "750C783E6AB0B503EAA86E310A5DB738",
        ),
    ),
    binary.gives(
        "from_big_endian_64",
        "SELECT from_big_endian_64(X'0000000000000001'), to_big_endian_64(258), to_big_endian_32(1), from_big_endian_32(X'00000102'), to_hex(to_ieee754_64(1E0))",
        ("1", "00 00 00 00 00 00 01 02", "00 00 00 01", "258", "3FF0000000000000"),
    ),
    binary.gives("substr", "SELECT substr(X'010203', 2), substr(X'010203', 1, 2)", ("02 03", "01 02")),
    binary.gives("lpad", "SELECT lpad(X'01', 2, X'00')", "00 01"),
    url.gives(
        "url_extract_host",
        "SELECT url_extract_host('http://example.com:8080/a/b?x=1#frag'), url_extract_path('http://example.com:8080/a/b?x=1#frag'), url_extract_port('http://example.com:8080/a/b?x=1#frag'), url_extract_protocol('http://example.com/a'), url_extract_query('http://example.com/a?x=1&y=2'), url_extract_fragment('http://example.com/a#frag')",
        ("example.com", "/a/b", "8080", "http", "x=1&y=2", "frag"),
        types="varchar, varchar, bigint, varchar, varchar, varchar",
    ),
    url.gives(
        "url_extract_parameter",
        "SELECT url_extract_parameter('http://example.com/a?x=1&y=b%20c', 'y'), url_extract_parameter('http://example.com/a?x=1', 'z'), url_extract_host('foo')",
        ("b c", None, None),
    ),
    url.gives(
        "url_encode",
        "SELECT url_encode('a b&c/ü'), url_decode('a+b%26c'), url_encode('a-b_c.d*')",
        ("a+b%26c%2F%C3%BC", "a b&c", "a-b_c.d*"),
    ),
]
