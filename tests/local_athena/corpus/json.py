# ruff: noqa: E501 - statements read better on one line
"""JSON."""

from tests.local_athena.corpus.case import TRINO, Page

json = Page("json", f"{TRINO}/functions/json.html")
STORE = '\'{"store": {"book": [{"title": "A", "price": 8.95}, {"title": "B", "price": 12}], "open": true, "none": null}}\''

CASES = [
    json.gives(
        "json_extract",
        f"SELECT json_extract({STORE}, '$.store.book[0].title'), json_extract({STORE}, '$.store.book'), json_extract({STORE}, '$.store.missing')",
        ('"A"', '[{"title":"A","price":8.95},{"title":"B","price":12}]', None),
        types="json, json, json",
    ),
    json.gives(
        "json_extract_scalar",
        f"SELECT json_extract_scalar({STORE}, '$.store.book[1].price'), json_extract_scalar({STORE}, '$.store.open'), json_extract_scalar({STORE}, '$.store.book'), json_extract_scalar({STORE}, '$.store.none')",
        ("12", "true", None, None),
    ),
    json.gives(
        "json_extract_scalar",
        "SELECT json_extract_scalar('[1, 2, 3]', '$[2]'), json_extract_scalar('{\"a b\": 1}', '$[\"a b\"]'), json_extract_scalar('not json', '$.a'), json_extract_scalar(NULL, '$.a')",
        ("3", "1", None, None),
    ),
    json.gives(
        "json_extract_scalar",
        "SELECT CAST(json_extract_scalar(x, '$.n') AS integer) + 1 FROM (VALUES '{\"n\": 41}') AS t(x)",
        "42",
    ),
    json.gives(
        "json_array_length",
        "SELECT json_array_length('[1, 2, 3]'), json_array_length('[]'), json_array_length('{}')",
        ("3", "0", None),
        types="bigint, bigint, bigint",
    ),
    json.gives(
        "json_array_contains",
        "SELECT json_array_contains('[1, 2, 3]', 2), json_array_contains('[\"a\"]', 'a'), json_array_contains('[1]', 5)",
        ("true", "true", "false"),
    ),
    json.gives(
        "json_array_get",
        'SELECT json_array_get(\'["a", [3, 9], "c"]\', 0), json_array_get(\'["c", [3, 9], "a"]\', 1), json_array_get(\'["a"]\', -1), json_array_get(\'[]\', 0)',
        ("a", "[3,9]", "a", None),
    ),
    json.gives(
        "json_parse",
        "SELECT json_parse('[1, 2, 3]'), json_parse('{\"b\": 1, \"a\": 2}'), json_format(json_parse('\"a\"')), json_parse('null')",
        ("[1,2,3]", '{"a":2,"b":1}', '"a"', "null"),
        types="json, json, varchar, json",
    ),
    json.fails(
        "json_parse",
        "SELECT json_parse('not json')",
        "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: 'not json'",
    ),
    json.gives(
        "json_size",
        "SELECT json_size('{\"x\": {\"a\": 1, \"b\": 2}}', '$.x'), json_size('{\"x\": [1, 2, 3]}', '$.x'), json_size('{\"x\": {\"a\": 1}}', '$.x.a')",
        ("2", "3", "0"),
    ),
    json.gives(
        "is_json_scalar",
        "SELECT is_json_scalar('1'), is_json_scalar('[1, 2, 3]'), is_json_scalar('\"a\"')",
        ("true", "false", "true"),
    ),
    json.gives(
        "cast-to-json",
        "SELECT CAST(NULL AS json), CAST(1 AS json), CAST(true AS json), CAST(1.234E0 AS json), CAST('a\"b' AS json)",
        (None, "1", "true", "1.234", '"a\\"b"'),
        types="json, json, json, json, json",
    ),
    json.gives(
        "cast-to-json",
        "SELECT CAST(ARRAY[1, 23, 456] AS json), CAST(ARRAY[1, NULL] AS json), CAST(MAP(ARRAY['k1', 'k2'], ARRAY[1, 23]) AS json), CAST(ARRAY[ARRAY[1], ARRAY[2]] AS json)",
        ("[1,23,456]", "[1,null]", '{"k1":1,"k2":23}', "[[1],[2]]"),
    ),
    json.gives(
        "cast-to-json",
        "SELECT CAST(CAST(ROW(123, 'abc', true) AS ROW(v1 BIGINT, v2 VARCHAR, v3 BOOLEAN)) AS json)",
        '{"v1":123,"v2":"abc","v3":true}',
    ),
    json.gives(
        "cast-to-json",
        "SELECT json_format(CAST(DATE '2026-01-05' AS json)), json_format(CAST(MAP(ARRAY['a'], ARRAY[ARRAY[1]]) AS json))",
        ('"2026-01-05"', '{"a":[1]}'),
    ),
    json.gives(
        "cast-from-json",
        "SELECT CAST(JSON '1' AS integer), CAST(JSON '\"abc\"' AS varchar), CAST(JSON 'true' AS boolean), CAST(JSON 'null' AS varchar), CAST(JSON '1.234' AS double)",
        ("1", "abc", "true", None, "1.234"),
    ),
    json.gives(
        "cast-from-json",
        'SELECT CAST(JSON \'[1,23,456]\' AS array(integer)), CAST(JSON \'{"k1":1,"k2":23}\' AS map(varchar, integer)), CAST(JSON \'{"v1":123,"v2":"abc"}\' AS ROW(v1 BIGINT, v2 VARCHAR))',
        ("[1, 23, 456]", "{k1=1, k2=23}", "{v1=123, v2=abc}"),
    ),
    json.gives(
        "cast-from-json",
        "SELECT CAST(json_parse('[{\"id\": 1}, {\"id\": 2}]') AS array(ROW(id integer))), CAST(json_extract('{\"a\": [1, 2]}', '$.a') AS array(bigint)), CAST(JSON '[1, null]' AS array(varchar))",
        ("[{id=1}, {id=2}]", "[1, 2]", "[1, null]"),
    ),
    json.gives(
        "cast-from-json",
        'SELECT i.id FROM (VALUES \'[{"id": 1}, {"id": 2}]\') AS t(x) CROSS JOIN UNNEST(CAST(json_parse(x) AS array(ROW(id integer)))) AS i(id) ORDER BY 1',
        "1",
        "2",
    ),
    json.gives(
        "cast-from-json",
        """SELECT CAST(json_parse('{"v1": 123, "more": [1]}') AS ROW(v1 BIGINT, v2 VARCHAR)), CAST(JSON '[{"a": 1}, {}, null]' AS array(ROW(a integer))), CAST(JSON '[5, "x"]' AS ROW(a integer, b varchar))""",
        ("{v1=123, v2=null}", "[{a=1}, {a=null}, null]", "{a=5, b=x}"),
    ),
    json.gives(
        "cast-from-json",
        """SELECT CAST(json_extract(x, '$.items') AS array(ROW(id integer, tags array(varchar))))[1].tags FROM (VALUES '{"items": [{"ID": 7, "tags": ["p"], "z": 0}]}') AS t(x)""",
        "[p]",
    ),
    json.fails(
        "cast-from-json",
        "SELECT CAST(JSON '\"a\"' AS integer)",
        "INVALID_CAST_ARGUMENT: Cannot cast '\"a\"' to INTEGER",
    ),
    json.gives(
        "json_value",
        "SELECT json_value('{\"a\": 1}', 'lax $.a'), json_value('{\"a\": \"x\"}', 'strict $.a'), json_value('{\"a\": 1}', 'lax $.b')",
        ("1", "x", None),
    ),
    json.gives(
        "json_value",
        "SELECT json_value('{\"a\": 5}', 'lax $.a' RETURNING integer) + 1, json_value('{}', 'lax $.a' DEFAULT 'none' ON EMPTY)",
        ("6", "none"),
    ),
    json.gives(
        "json_query",
        "SELECT json_query('{\"a\": [1, 2]}', 'lax $.a'), json_exists('{\"a\": 1}', 'lax $.a'), json_exists('{\"a\": 1}', 'lax $.b')",
        ("[1,2]", "true", "false"),
    ),
    json.gives(
        "json_array",
        "SELECT json_array(1, 'a', true), json_array()",
        ('[1,"a",true]', "[]"),
    ),
    json.gives(
        "json_object",
        "SELECT json_object('x': 1, 'y': 'b')",
        '{"x":1,"y":"b"}',
    ),
    json.gives(
        "json_format",
        "SELECT json_format(JSON '[1, 2, 3]'), json_format(json_extract('{\"a\": {\"b\": \"c\"}}', '$.a'))",
        ("[1,2,3]", '{"b":"c"}'),
        types="varchar, varchar",
    ),
    json.gives(
        "json_extract",
        "SELECT json_extract('{\"a\": 1}', '$.a') = JSON '1', json_parse('{\"a\": 1, \"b\": 2}') = json_parse('{\"b\": 2, \"a\": 1}')",
        ("true", "true"),
    ),
]
