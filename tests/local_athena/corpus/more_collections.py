# ruff: noqa: E501 - statements read better on one line
"""More of arrays, maps and JSON."""

from tests.local_athena.corpus.case import TRINO, Page

array_ = Page("array", f"{TRINO}/functions/array.html")
map_ = Page("map", f"{TRINO}/functions/map.html")
json_ = Page("json", f"{TRINO}/functions/json.html")

CASES = [
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
]
