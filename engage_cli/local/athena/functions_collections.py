# ruff: noqa: E501 - templates read better on one line
"""Trino's functions of arrays and maps, and those that take lambdas, in DuckDB's terms."""

from sqlglot import exp

from engage_cli.local.athena.calls import Arguments, Renderer, Table, applied, call, renamed, shaped, template
from engage_cli.local.athena.errors import not_supported


def _field(path: str) -> exp.Expression:
    return template(path)


def _matches(quantifier: str) -> Renderer:
    """Three-valued, as SQL: a NULL decides nothing, and an empty array matches all and none."""

    def render(arguments: Arguments) -> exp.Expression:
        matched = call("list_transform", *arguments)
        if quantifier == "all":
            inverted = template("list_transform(:m, lambda m_: NOT m_)", m=matched)
            return exp.Not(this=call("trino_any_match", inverted))
        found = call("trino_any_match", matched)
        return found if quantifier == "any" else exp.Not(this=found)

    return render


def _array_sort(arguments: Arguments) -> exp.Expression:
    if len(arguments) == 1:
        return call("list_sort", arguments[0], exp.Literal.string("ASC"), exp.Literal.string("NULLS LAST"))
    # By rank: how many elements a comparator puts before it, earlier ones first among equals.
    array, comparator = arguments
    other, mine = template("trino_list[other_]"), template("trino_list[mine_]")
    compared = applied(comparator, other, mine)
    sql = """list_transform(list_sort(list_transform(generate_series(1, len(:array)), lambda mine_: {
        'rank': len(list_filter(generate_series(1, len(:array)),
            lambda other_: :compared < 0 OR (:compared = 0 AND other_ < mine_))),
        'value': (:array)[mine_]})), lambda entry_: entry_.value)"""
    for node in list(compared.find_all(exp.Bracket)):
        if node.this.name == "trino_list":
            node.this.replace(exp.Paren(this=array.copy()))
    return template(sql, array=array, compared=compared)


def _reduce(arguments: Arguments) -> exp.Expression:
    array, start, step, finish = arguments
    reduced = call("list_reduce", array, step, start)
    return applied(finish, reduced)


def _zip_with(arguments: Arguments) -> exp.Expression:
    left, right, function = arguments
    body = applied(function, template("(:a)[i_]", a=left), template("(:b)[i_]", b=right))
    longest = "generate_series(1, greatest(len(:a), len(:b)))"
    return template(f"list_transform({longest}, lambda i_: :body)", a=left, b=right, body=body)


def _map_filter(arguments: Arguments) -> exp.Expression:
    entries, function = arguments
    body = applied(function, _field("entry_.key"), _field("entry_.value"))
    sql = "map_from_entries(list_filter(map_entries(:m), lambda entry_: :body))"
    return template(sql, m=entries, body=body)


def _transform_keys(arguments: Arguments) -> exp.Expression:
    entries, function = arguments
    body = applied(function, _field("entry_.key"), _field("entry_.value"))
    sql = "trino_map_of(list_transform(map_entries(:m), lambda entry_: :body), map_values(:m))"
    return template(sql, m=entries, body=body)


def _transform_values(arguments: Arguments) -> exp.Expression:
    entries, function = arguments
    body = applied(function, _field("entry_.key"), _field("entry_.value"))
    sql = "map(map_keys(:m), list_transform(map_entries(:m), lambda entry_: :body))"
    return template(sql, m=entries, body=body)


_ALL_KEYS = """list_concat(map_keys(:a), list_filter(map_keys(:b),
    lambda k_: NOT list_contains(map_keys(:a), k_)))"""


def _map_zip_with(arguments: Arguments) -> exp.Expression:
    left, right, function = arguments
    body = applied(
        function, template("key_"), template("(:a)[key_]", a=left), template("(:b)[key_]", b=right)
    )
    sql = f"map({_ALL_KEYS}, list_transform({_ALL_KEYS}, lambda key_: :body))"
    return template(sql, a=left, b=right, body=body)


def _sequence(arguments: Arguments) -> exp.Expression:
    """`generate_series`, which counts downwards only when it is told to."""
    return call("trino_bounded", call(f"trino_sequence{len(arguments)}", *arguments))


def _array_join(arguments: Arguments) -> exp.Expression:
    array, separator, *rest = arguments
    texts = template("list_transform(:a, lambda e_: trino_cast_varchar(e_, e_))", a=array)
    if rest:
        texts = template("list_transform(:a, lambda e_: coalesce(e_, :n))", a=texts, n=rest[0])
    return call("array_to_string", texts, separator)


def _repeat(arguments: Arguments) -> exp.Expression:
    return template("list_transform(generate_series(1, :n), lambda i_: :v)", v=arguments[0], n=arguments[1])


def _combinations(arguments: Arguments) -> exp.Expression:
    """Combinations of a length that is a literal from 1 to 5, in the order of the positions."""
    array, length = arguments
    if not (isinstance(length, exp.Literal) and length.name.isdigit() and 1 <= int(length.name) <= 5):
        raise not_supported("combinations of a length that is not a literal from 1 to 5")
    size = int(length.name)
    sql = f"[{', '.join(f'(:a)[i{n}_]' for n in range(1, size + 1))}]"
    for n in range(size, 0, -1):
        first = f"i{n - 1}_ + 1" if n > 1 else "1"
        sql = f"list_transform(generate_series({first}, len(:a)), lambda i{n}_: {sql})"
        if n < size:
            sql = f"flatten({sql})"
    return template(sql, a=array)


def _map(arguments: Arguments) -> exp.Expression:
    if not arguments:
        return template("MAP {}")
    return call("trino_map", *arguments)


_MULTIMAP = """map(trino_distinct(list_transform(:e, lambda k_: struct_extract_at(k_, 1))),
    list_transform(trino_distinct(list_transform(:e, lambda k_: struct_extract_at(k_, 1))),
    lambda key_: list_transform(list_filter(:e, lambda p_: struct_extract_at(p_, 1) = key_),
    lambda q_: struct_extract_at(q_, 2))))"""

COLLECTIONS: Table = {
    "all_match": ((2,), _matches("all")),
    "any_match": ((2,), _matches("any")),
    "none_match": ((2,), _matches("none")),
    "array_sort": ((1, 2), _array_sort),
    "array_join": ((2, 3), _array_join),
    "array_max": (
        (1,),
        shaped("CASE WHEN len(list_filter(:a, lambda e_: e_ IS NULL)) = 0 THEN list_max(:a) END", "a"),
    ),
    "array_min": (
        (1,),
        shaped("CASE WHEN len(list_filter(:a, lambda e_: e_ IS NULL)) = 0 THEN list_min(:a) END", "a"),
    ),
    "array_distinct": ((1,), renamed("trino_distinct")),
    "array_remove": ((2,), shaped("list_filter(:a, lambda e_: e_ IS NULL OR e_ <> :x)", "a", "x")),
    "array_intersect": (
        (2,),
        shaped(
            "trino_distinct(list_filter(:a, lambda e_: list_contains(:b, e_) OR (e_ IS NULL AND len(list_filter(:b, lambda o_: o_ IS NULL)) > 0)))",
            "a",
            "b",
        ),
    ),
    "array_except": (
        (2,),
        shaped(
            "trino_distinct(list_filter(:a, lambda e_: NOT (coalesce(list_contains(:b, e_), false) OR (e_ IS NULL AND len(list_filter(:b, lambda o_: o_ IS NULL)) > 0))))",
            "a",
            "b",
        ),
    ),
    "array_union": ((2,), shaped("trino_distinct(list_concat(:a, :b))", "a", "b")),
    "arrays_overlap": (
        (2,),
        shaped(
            """CASE WHEN list_has_any(list_filter(:a, lambda e_: e_ IS NOT NULL), :b) THEN true
        WHEN len(:a) > 0 AND len(:b) > 0 AND len(list_filter(list_concat(:a, :b), lambda e_: e_ IS NULL)) > 0 THEN NULL
        WHEN (:a) IS NULL OR (:b) IS NULL THEN NULL ELSE false END""",
            "a",
            "b",
        ),
    ),
    "contains": (
        (2,),
        shaped(
            """CASE WHEN (:a) IS NULL OR (:x) IS NULL THEN NULL WHEN list_contains(:a, :x) THEN true
        WHEN len(list_filter(:a, lambda e_: e_ IS NULL)) > 0 THEN NULL ELSE false END""",
            "a",
            "x",
        ),
    ),
    "contains_sequence": (
        (2,),
        shaped(
            """len(list_filter(generate_series(1, len(:a) - len(:b) + 1),
        lambda i_: list_slice(:a, i_, i_ + len(:b) - 1) = (:b))) > 0""",
            "a",
            "b",
        ),
    ),
    "array_histogram": (
        (1,),
        shaped(
            """map(trino_distinct(list_filter(:a, lambda n_: n_ IS NOT NULL)), list_transform(trino_distinct(list_filter(:a, lambda n_: n_ IS NOT NULL)),
        lambda k_: CAST(len(list_filter(:a, lambda e_: e_ = k_)) AS BIGINT)))""",
            "a",
        ),
    ),
    "combinations": ((2,), _combinations),
    "ngrams": (
        (2,),
        shaped(
            """list_transform(generate_series(1, greatest(len(:a) - :n + 1, 1)),
        lambda i_: list_slice(:a, i_, least(i_ + :n - 1, len(:a))))""",
            "a",
            "n",
        ),
    ),
    "reduce": ((4,), _reduce),
    "repeat": ((2,), _repeat),
    "sequence": ((2, 3), _sequence),
    "shuffle": (
        (1,),
        shaped(
            "list_transform(list_sort(list_transform(:a, lambda e_: {'r': random(), 'v': e_})), lambda p_: p_.v)",
            "a",
        ),
    ),
    "slice": ((3,), shaped("trino_slice(:a, :s, :n)", "a", "s", "n")),
    "trim_array": ((2,), renamed("trino_trim_array")),
    "zip": (range(2, 6), renamed("list_zip")),
    "zip_with": ((3,), _zip_with),
    "map": ((0, 2), _map),
    "map_concat": (range(2, 20), renamed("map_concat")),
    "map_entries": ((1,), shaped("list_zip(map_keys(:m), map_values(:m))", "m")),
    "array_position": (
        (2, 3),
        lambda a: (
            call("trino_position", *a)
            if len(a) == 3
            else template("CAST(coalesce(list_position(:a, :x), 0) AS BIGINT)", a=a[0], x=a[1])
        ),
    ),
    "map_from_entries": (
        (1,),
        shaped(
            "trino_map(list_transform(:e, lambda p_: struct_extract_at(p_, 1)), list_transform(:e, lambda p_: struct_extract_at(p_, 2)))",
            "e",
        ),
    ),
    "multimap_from_entries": ((1,), shaped(_MULTIMAP, "e")),
    "map_filter": ((2,), _map_filter),
    "map_zip_with": ((3,), _map_zip_with),
    "transform_keys": ((2,), _transform_keys),
    "transform_values": ((2,), _transform_values),
    "cosine_similarity": (
        (2,),
        shaped(
            """list_sum(list_transform(map_entries(:a), lambda e_: e_.value * coalesce((:b)[e_.key], 0)))
        / (sqrt(list_sum(list_transform(map_values(:a), lambda e_: e_ * e_))) * sqrt(list_sum(list_transform(map_values(:b), lambda e_: e_ * e_))))""",
            "a",
            "b",
        ),
    ),
}
