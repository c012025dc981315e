# ruff: noqa: E501 - statements read better on one line
"""Arrays, maps, rows and lambda expressions."""

from tests.local_athena.corpus.case import TRINO, Page

array = Page("array", f"{TRINO}/functions/array.html")
map_ = Page("map", f"{TRINO}/functions/map.html")
lambda_ = Page("lambda", f"{TRINO}/functions/lambda.html")

CASES = [
    array.gives(
        "all_match",
        "SELECT all_match(ARRAY[2, 4], x -> x % 2 = 0), all_match(ARRAY[], x -> true), all_match(ARRAY[1, NULL], x -> x > 0), all_match(ARRAY[NULL, -1], x -> x > 0)",
        ("true", "true", None, "false"),
    ),
    array.gives(
        "any_match",
        "SELECT any_match(ARRAY[1, NULL], x -> x > 5), any_match(ARRAY[6, NULL], x -> x > 5), any_match(ARRAY[], x -> true), none_match(ARRAY[], x -> true)",
        (None, "true", "false", "true"),
    ),
    array.gives(
        "array_distinct",
        "SELECT array_sort(array_distinct(ARRAY[1, 2, 2, NULL, NULL])), array_distinct(ARRAY['b', 'a', 'b'])",
        ("[1, 2, null]", "[b, a]"),
    ),
    array.gives(
        "array_intersect",
        "SELECT array_sort(array_intersect(ARRAY[1, 2, 3], ARRAY[3, 2, 5])), array_sort(array_union(ARRAY[1, 2], ARRAY[2, 3])), array_sort(array_except(ARRAY[1, 2, 3], ARRAY[2]))",
        ("[2, 3]", "[1, 2, 3]", "[1, 3]"),
    ),
    array.gives(
        "array_intersect",
        "SELECT array_intersect(ARRAY[1, NULL], ARRAY[NULL]), array_except(ARRAY[1, NULL, 1], ARRAY[NULL]), array_sort(array_union(ARRAY[1, NULL], ARRAY[NULL]))",
        ("[null]", "[1]", "[1, null]"),
    ),
    array.gives(
        "array_join",
        "SELECT array_join(ARRAY['a', NULL, 'b'], ','), array_join(ARRAY['a', NULL, 'b'], ',', 'N'), array_join(ARRAY[1, 2], '/'), array_join(ARRAY[1.5E0], ',')",
        ("a,b", "a,N,b", "1/2", "1.5"),
    ),
    array.gives(
        "array_max",
        "SELECT array_max(ARRAY[1, 3, 2]), array_min(ARRAY['b', 'a']), array_max(ARRAY[1, NULL]), array_min(ARRAY[NULL, 1])",
        ("3", "a", None, None),
    ),
    array.gives(
        "array_position",
        "SELECT array_position(ARRAY['a', 'b', 'a'], 'a'), array_position(ARRAY[1], 2), array_remove(ARRAY[1, 2, 1], 1), array_remove(ARRAY[1, NULL, 2], 2)",
        ("1", "0", "[2]", "[1, null]"),
        types="bigint, bigint, array, array",
    ),
    array.gives(
        "array_sort",
        "SELECT array_sort(ARRAY[3, 1, NULL, 2]), array_sort(ARRAY[3, 2, 5, 1, 2], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))",
        ("[1, 2, 3, null]", "[5, 3, 2, 2, 1]"),
    ),
    array.gives(
        "arrays_overlap",
        "SELECT arrays_overlap(ARRAY[1, 2], ARRAY[2, 3]), arrays_overlap(ARRAY[1], ARRAY[2]), arrays_overlap(ARRAY[1, NULL], ARRAY[2])",
        ("true", "false", None),
    ),
    array.gives(
        "cardinality",
        "SELECT cardinality(ARRAY[1, NULL]), cardinality(ARRAY[]), cardinality(MAP(ARRAY[1], ARRAY[2]))",
        ("2", "0", "1"),
        types="bigint, bigint, bigint",
    ),
    array.gives(
        "combinations",
        "SELECT combinations(ARRAY['foo', 'bar', 'baz'], 2), combinations(ARRAY[1, 2, 3], 2)",
        ("[[foo, bar], [foo, baz], [bar, baz]]", "[[1, 2], [1, 3], [2, 3]]"),
    ),
    array.gives(
        "concat", "SELECT concat(ARRAY[1], ARRAY[2, 3]), ARRAY[1] || ARRAY[2]", ("[1, 2, 3]", "[1, 2]")
    ),
    array.gives(
        "concat",
        "SELECT ARRAY[1, 2] || 3, 0 || ARRAY[1]",
        ("[1, 2, 3]", "[0, 1]"),
    ),
    array.gives(
        "contains",
        "SELECT contains(ARRAY[1, 2], 2), contains(ARRAY[1, 2], 3), contains(ARRAY[1, NULL], 3), contains(ARRAY[1, NULL], 1)",
        ("true", "false", None, "true"),
    ),
    array.gives(
        "element_at",
        "SELECT element_at(ARRAY['a', 'b'], 1), element_at(ARRAY['a', 'b'], -2), element_at(ARRAY['a'], 9)",
        ("a", "a", None),
    ),
    array.fails(
        "subscript-operator",
        "SELECT ARRAY[1, 2][3]",
        "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 3 > 2",
    ),
    array.fails(
        "subscript-operator",
        "SELECT ARRAY[1, 2][0]",
        "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1",
    ),
    array.fails(
        "element_at",
        "SELECT element_at(ARRAY[1], 0)",
        "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1",
    ),
    array.gives(
        "filter",
        "SELECT filter(ARRAY[5, -6, NULL, 7], x -> x > 0), filter(ARRAY[5, NULL, 7, NULL], x -> x IS NOT NULL), filter(ARRAY[], x -> true)",
        ("[5, 7]", "[5, 7]", "[]"),
    ),
    array.gives(
        "flatten",
        "SELECT flatten(ARRAY[ARRAY[1, 2], ARRAY[3]]), flatten(ARRAY[ARRAY[ARRAY[1]], ARRAY[ARRAY[2]]])",
        ("[1, 2, 3]", "[[1], [2]]"),
    ),
    array.gives(
        "ngrams",
        "SELECT ngrams(ARRAY['foo', 'bar', 'baz', 'foo'], 2), ngrams(ARRAY[1, 2], 5)",
        ("[[foo, bar], [bar, baz], [baz, foo]]", "[[1, 2]]"),
    ),
    array.gives(
        "reduce",
        "SELECT reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s), reduce(ARRAY[], 0, (s, x) -> s + x, s -> s), reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + coalesce(x, 0), s -> s)",
        ("75", "0", "75"),
    ),
    array.gives(
        "reduce",
        "SELECT reduce(ARRAY[5, 20, NULL, 50], 0, (s, x) -> s + x, s -> s), reduce(ARRAY[2147483647, 1], BIGINT '0', (s, x) -> s + x, s -> s), reduce(ARRAY[5, 6, 10, 20], CAST(ROW(0.0, 0) AS ROW(sum DOUBLE, count INTEGER)), (s, x) -> CAST(ROW(x + s.sum, s.count + 1) AS ROW(sum DOUBLE, count INTEGER)), s -> IF(s.count = 0, NULL, s.sum / s.count))",
        (None, "2147483648", "10.25"),
    ),
    array.gives(
        "repeat",
        "SELECT repeat('a', 3), repeat(0, 0), reverse(ARRAY[1, 2, 3]), trim_array(ARRAY[1, 2, 3, 4], 1)",
        ("[a, a, a]", "[]", "[3, 2, 1]", "[1, 2, 3]"),
    ),
    array.gives(
        "sequence",
        "SELECT sequence(1, 5), sequence(5, 1), sequence(1, 10, 3), sequence(10, 1, -4)",
        ("[1, 2, 3, 4, 5]", "[5, 4, 3, 2, 1]", "[1, 4, 7, 10]", "[10, 6, 2]"),
    ),
    array.gives(
        "shuffle",
        "SELECT array_sort(shuffle(ARRAY[3, 1, 2])), cardinality(shuffle(ARRAY[1, 2]))",
        ("[1, 2, 3]", "2"),
    ),
    array.gives(
        "slice",
        "SELECT slice(ARRAY[1, 2, 3, 4], 2, 2), slice(ARRAY[1, 2, 3, 4], -2, 2), slice(ARRAY[1, 2], 1, 9), slice(ARRAY[1, 2], 5, 1)",
        ("[2, 3]", "[3, 4]", "[1, 2]", "[]"),
    ),
    array.gives(
        "transform",
        "SELECT transform(ARRAY[5, 6], x -> x + 1), transform(ARRAY[5, NULL, 6], x -> coalesce(x, 0) + 1), transform(ARRAY['x', 'abc', 'z'], x -> x || '0'), transform(ARRAY[ARRAY[1, NULL, 2], ARRAY[3, NULL]], a -> filter(a, x -> x IS NOT NULL))",
        ("[6, 7]", "[6, 1, 7]", "[x0, abc0, z0]", "[[1, 2], [3]]"),
    ),
    array.gives(
        "zip",
        "SELECT zip(ARRAY[1, 2], ARRAY['1b', NULL, '3b'])",
        "[{field0=1, field1=1b}, {field0=2, field1=null}, {field0=null, field1=3b}]",
    ),
    array.gives(
        "zip_with",
        "SELECT zip_with(ARRAY[1, 3, 5], ARRAY['a', 'b', 'c'], (x, y) -> y), zip_with(ARRAY[1, 2], ARRAY[3, 4], (x, y) -> x + y), zip_with(ARRAY['a', 'b', 'c'], ARRAY['d', 'e', 'f'], (x, y) -> concat(x, y))",
        ("[a, b, c]", "[4, 6]", "[ad, be, cf]"),
    ),
    array.gives(
        "zip_with",
        "SELECT zip_with(ARRAY['a'], ARRAY['d', NULL, 'f'], (x, y) -> coalesce(x, y))",
        "[a, null, f]",
    ),
    array.gives(
        "comparison",
        "SELECT ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1, 2] < ARRAY[1, 3], ARRAY[1] <> ARRAY[2]",
        ("true", "true", "true"),
    ),
    array.gives(
        "histogram",
        "SELECT array_histogram(ARRAY[42, 7, 42])[42], contains_sequence(ARRAY[1, 2, 3, 4], ARRAY[2, 3])",
        ("2", "true"),
    ),
    array.gives(
        "array_sort", "SELECT array_agg(x) FROM (SELECT x FROM (VALUES 3, 1) AS t(x) WHERE x > 5)", None
    ),
    map_.gives(
        "subscript-operator",
        "SELECT MAP(ARRAY['foo', 'bar'], ARRAY[1, 2])['bar'], element_at(MAP(ARRAY[1, 2], ARRAY['x', 'y']), 3)",
        ("2", None),
    ),
    map_.fails(
        "subscript-operator",
        "SELECT MAP(ARRAY['foo'], ARRAY[1])['x']",
        "INVALID_FUNCTION_ARGUMENT: Key not present in map: x",
    ),
    map_.fails(
        "map",
        "SELECT MAP(ARRAY[1, 1], ARRAY[2, 3])",
        "INVALID_FUNCTION_ARGUMENT: Duplicate map keys (1) are not allowed",
    ),
    map_.fails(
        "map",
        "SELECT MAP(ARRAY[1, 2], ARRAY[3])",
        "INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length",
    ),
    map_.gives(
        "map_from_entries",
        "SELECT map_from_entries(ARRAY[(1, 'x'), (2, 'y')]), map_entries(MAP(ARRAY[1, 2], ARRAY['x', 'y']))",
        ("{1=x, 2=y}", "[{field0=1, field1=x}, {field0=2, field1=y}]"),
    ),
    map_.gives(
        "multimap_from_entries",
        "SELECT multimap_from_entries(ARRAY[(1, 'x'), (2, 'y'), (1, 'z')])",
        "{1=[x, z], 2=[y]}",
    ),
    map_.gives(
        "map_concat",
        "SELECT map_concat(MAP(ARRAY[1, 2], ARRAY['a', 'b']), MAP(ARRAY[2, 3], ARRAY['x', 'y'])), map_keys(MAP(ARRAY[1], ARRAY[2])), map_values(MAP(ARRAY[1], ARRAY[2]))",
        ("{1=a, 2=x, 3=y}", "[1]", "[2]"),
    ),
    map_.gives(
        "map_filter",
        "SELECT map_filter(MAP(ARRAY[10, 20, 30], ARRAY['a', NULL, 'c']), (k, v) -> v IS NOT NULL), map_filter(MAP(ARRAY['k1', 'k2', 'k3'], ARRAY[20, 3, 15]), (k, v) -> v > 10), map_filter(MAP(), (k, v) -> true)",
        ("{10=a, 30=c}", "{k1=20, k3=15}", "{}"),
    ),
    map_.gives(
        "map_zip_with",
        "SELECT map_zip_with(MAP(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), MAP(ARRAY[1, 2, 3], ARRAY['d', 'e', 'f']), (k, v1, v2) -> concat(v1, v2))",
        "{1=ad, 2=be, 3=cf}",
    ),
    map_.gives(
        "map_zip_with",
        "SELECT map_zip_with(MAP(ARRAY['k1', 'k2'], ARRAY[1, 2]), MAP(ARRAY['k2', 'k3'], ARRAY[4, 9]), (k, v1, v2) -> (v1, v2))",
        "{k1={field0=1, field1=null}, k2={field0=2, field1=4}, k3={field0=null, field1=9}}",
    ),
    map_.gives(
        "transform_keys",
        "SELECT transform_keys(MAP(ARRAY[1, 2, 3], ARRAY['a', 'b', 'c']), (k, v) -> k + 1), transform_keys(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS varchar))",
        ("{2=a, 3=b, 4=c}", "{a1=1, b2=2}"),
    ),
    map_.gives(
        "transform_values",
        "SELECT transform_values(MAP(ARRAY[1, 2, 3], ARRAY[10, 20, 30]), (k, v) -> v + k), transform_values(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS varchar))",
        ("{1=11, 2=22, 3=33}", "{a=a1, b=b2}"),
    ),
    map_.gives(
        "map_agg",
        "SELECT map_agg(k, v), multimap_agg(v, k), cardinality(map_agg(k, v)) FROM (VALUES (1, 'a'), (2, 'b')) AS t(k, v)",
        ("{1=a, 2=b}", "{a=[1], b=[2]}", "2"),
    ),
    map_.gives(
        "comparison",
        "SELECT MAP(ARRAY[1, 2], ARRAY['a', 'b']) = MAP(ARRAY[2, 1], ARRAY['b', 'a'])",
        "true",
    ),
    lambda_.gives(
        "",
        "SELECT transform(ARRAY[1, 2], x -> transform(ARRAY[10, 20], y -> x + y)), filter(split('a,,b', ','), x -> x <> '')",
        ("[[11, 21], [12, 22]]", "[a, b]"),
    ),
    lambda_.gives(
        "",
        "SELECT numbers, transform(numbers, n -> n * n) FROM (VALUES (ARRAY[1, 2]), (ARRAY[3, 4])) AS t(numbers)",
        ("[1, 2]", "[1, 4]"),
        ("[3, 4]", "[9, 16]"),
    ),
    lambda_.gives(
        "",
        "SELECT transform(prices, n -> TRY_CAST(n AS varchar) || '$') FROM (VALUES (ARRAY[100, 200]), (ARRAY[30, 4])) AS t(prices)",
        "[100$, 200$]",
        "[30$, 4$]",
    ),
    lambda_.gives(
        "",
        "SELECT xvalues, a, b, transform(xvalues, x -> a * x + b) AS linear FROM (VALUES (ARRAY[1, 2], 10, 5), (ARRAY[3, 4], 4, 2)) AS t(xvalues, a, b)",
        ("[1, 2]", "10", "5", "[15, 25]"),
        ("[3, 4]", "4", "2", "[14, 18]"),
    ),
    lambda_.gives(
        "",
        "SELECT numbers FROM (VALUES (ARRAY[1, NULL, 3]), (ARRAY[10, 20, 30]), (ARRAY[100, 200, 300])) AS t(numbers) WHERE any_match(numbers, n -> coalesce(n, 0) > 100)",
        "[100, 200, 300]",
    ),
]
