# ruff: noqa: E501 - macros read better on one line
"""Macros of arrays, maps, JSON and time zones. See `macros`.

A value of TIMESTAMP WITH TIME ZONE is a STRUCT of the instant, in UTC, and its zone: DuckDB's own type
keeps no zone. A macro that fails calls `python_raise`, because DuckDB's TRY takes no `error()`.
"""

from engage_cli.local.athena.macro_parts import ZONED, check

_LOW = "'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1'"
_IS_MAP = "starts_with(typeof(a), 'MAP(')"
_PLACE = "TRY_CAST(CAST(k AS VARCHAR) AS BIGINT)"
# `len` does not take a map, so that a macro for both must count in another way.
_LENGTH = "json_array_length(to_json(a))"
_THERE = f"""CASE WHEN {_IS_MAP} THEN a[k] IS NOT NULL OR list_contains(json_keys(to_json(a)), CAST(k AS VARCHAR))
    ELSE {_PLACE} > 0 AND (a[k] IS NOT NULL OR {_PLACE} <= {_LENGTH}) END"""
_NOT_THERE = f"""'INVALID_FUNCTION_ARGUMENT: ' || CASE
    WHEN {_IS_MAP} THEN 'Key not present in map: ' || CAST(k AS VARCHAR)
    WHEN {_PLACE} = 0 THEN 'SQL array indices start at 1'
    WHEN {_PLACE} < 0 THEN 'Array subscript is negative: ' || CAST(k AS VARCHAR)
    ELSE 'Array subscript must be less than or equal to array length: ' || CAST(k AS VARCHAR) || ' > '
      || CAST({_LENGTH} AS VARCHAR) END"""
_SUBSCRIPT = f"CASE WHEN a IS NULL OR k IS NULL THEN NULL WHEN {check(_THERE, _NOT_THERE)} THEN a[k] END"
_ELEMENT = f"""CASE WHEN a IS NULL OR k IS NULL THEN NULL
    WHEN {check(f"{_IS_MAP} OR {_PLACE} <> 0", _LOW)} THEN a[k] END"""
_FIRST_DOUBLE = """list_filter(k, lambda e, i: i <> list_position(k, e))[1]"""
_SEQUENCE = check(
    "n <> 0 AND ((n > 0) = (b >= a) OR a = b)",
    "'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step "
    "is greater than zero otherwise stop should be less than or equal to start'",
)

_SLICE_START = f"CASE WHEN {check('s <> 0', _LOW)} THEN CASE WHEN s < 0 THEN len(a) + s + 1 ELSE s END END"
_TOO_LONG = "'INVALID_CAST_ARGUMENT: Value ' || t || ' cannot be represented as varchar(' || n || ')'"
_COLLECTIONS = {
    "trino_subscript(a, k)": _SUBSCRIPT,
    "trino_element_at(a, k)": _ELEMENT,
    "trino_try_subscript(a, k)": f"CASE WHEN {_IS_MAP} OR {_PLACE} > 0 THEN a[k] END",
    "trino_try_element_at(a, k)": "a[k]",
    # `len` takes no map.
    "trino_cardinality(a)": "CASE WHEN a IS NOT NULL THEN CAST(CASE WHEN starts_with(typeof(a), 'MAP(') "
    "THEN len(json_keys(to_json(a))) ELSE json_array_length(to_json(a)) END AS BIGINT) END",
    "trino_multimap(k, v)": """map(trino_distinct(k), list_transform(trino_distinct(k), lambda key: list_transform(
        list_filter(list_zip(k, v), lambda p: struct_extract_at(p, 1) = key), lambda q: struct_extract_at(q, 2))))""",
    "trino_histogram(m)": "map(map_keys(m), list_transform(map_values(m), lambda n: CAST(n AS BIGINT)))",
    "trino_distinct(a)": """list_filter(a, lambda e, i: i = CASE WHEN e IS NULL
        THEN list_position(list_transform(a, lambda o: o IS NULL), true) ELSE list_position(a, e) END)""",
    "trino_any_match(matches)": """CASE WHEN matches IS NULL THEN NULL
        WHEN len(list_filter(matches, lambda m: m)) > 0 THEN true
        WHEN len(list_filter(matches, lambda m: m IS NULL)) > 0 THEN NULL ELSE false END""",
    "trino_slice(a, s, n)": f"""CASE WHEN {_SLICE_START} < 1 THEN list_slice(a, 1, 0)
        ELSE list_slice(a, {_SLICE_START}, {_SLICE_START} + n - 1) END""",
    "trino_map(k, v)": f"""CASE WHEN k IS NULL OR v IS NULL THEN NULL
        WHEN {check("list_count(k) = len(k)", "'INVALID_FUNCTION_ARGUMENT: map key cannot be null'")}
        AND {check("len(k) = len(v)", "'INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length'")}
        AND {check("len(list_distinct(k)) = len(k)", f"'INVALID_FUNCTION_ARGUMENT: Duplicate map keys (' || CAST({_FIRST_DOUBLE} AS VARCHAR) || ') are not allowed'")}
        THEN map(k, v) END""",
    # Maps whose keys are made: `d` is what is said of doubles.
    "trino_map_of(k, v)": f"""CASE WHEN {check("len(list_distinct(k)) = list_count(k)", f"'INVALID_FUNCTION_ARGUMENT: Duplicate keys (' || CAST({_FIRST_DOUBLE} AS VARCHAR) || ') are not allowed'")}
        AND {check("list_count(k) = len(k)", "'INVALID_FUNCTION_ARGUMENT: map key cannot be null'")} THEN map(k, v) END""",
    # The first value of each key that is not NULL.
    "trino_map_agg(e)": """map_from_entries(list_filter(e, lambda p, i: struct_extract_at(p, 1) IS NOT NULL AND
        i = list_position(list_transform(e, lambda o: struct_extract_at(o, 1)), struct_extract_at(p, 1))))""",
    "trino_trim_array(a, n)": f"""CASE WHEN a IS NULL OR n IS NULL THEN NULL WHEN {
        check(
            "n <= len(a)",
            "'INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' || len(a) || ': ' || n",
        )
    } AND {check("n >= 0", "'INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || n")}
        THEN list_slice(a, 1, len(a) - n) END""",
    "trino_position(a, x, n)": f"""CASE WHEN a IS NULL OR x IS NULL OR n IS NULL THEN NULL WHEN {
        check(
            "n <> 0", "'INVALID_FUNCTION_ARGUMENT: array_position cannot take a 0-valued instance argument.'"
        )
    } THEN CAST(coalesce(CASE WHEN n > 0 THEN list_filter(generate_series(1, len(a)), lambda i: a[i] = x)[n]
        ELSE list_reverse(list_filter(generate_series(1, len(a)), lambda i: a[i] = x))[-n] END, 0) AS BIGINT) END""",
    "trino_bounded(a)": f"""CASE WHEN a IS NULL THEN NULL WHEN {
        check(
            "len(a) <= 10000",
            "'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries'",
        )
    } THEN a END""",
}
_JSON = {
    # What is no JSON has no members. (A guard around json_extract would not keep constants from it.)
    "trino_json_only(x)": "CASE WHEN json_valid(x) THEN x END",
    # Names of JSON members are the same in any case to the SerDes; the one that is written so comes first.
    "trino_json_member(x, p, name)": """coalesce(json_extract(x, p), json_extract(x, '$."' ||
        list_filter(json_keys(x), lambda k: lower(k) = name)[1] || '"'))""",
    "trino_json_scalar(x, p)": """CASE WHEN json_type(json_extract(trino_json_only(x), p))
        NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN CASE WHEN json_type(json_extract(trino_json_only(x), p))
        NOT IN ('DOUBLE', 'HUGEINT') THEN json_extract_string(trino_json_only(x), p)
        ELSE python_json_number(CAST(x AS VARCHAR), p) END END""",
    "trino_json_extract(x, p)": "json_extract(trino_json_only(x), p)",
    "trino_json_length(x)": """CASE WHEN json_type(trino_json_only(x)) = 'ARRAY'
        THEN CAST(json_array_length(trino_json_only(x)) AS BIGINT) END""",
    "trino_json_contains(x, v)": """CASE WHEN json_valid(x) AND json_type(x) = 'ARRAY' THEN
        len(list_filter(json_extract(x, '$[*]'), lambda e: e = to_json(v))) > 0 END""",
    "trino_json_get(x, i)": """CASE WHEN json_valid(x) AND json_type(x) = 'ARRAY' THEN
        json_extract_string(x, '$[' || CASE WHEN i < 0 THEN '#' ELSE '' END || CAST(i AS VARCHAR) || ']') END""",
    "trino_json_size(x, p)": """CASE json_type(json_extract(x, p))
        WHEN 'ARRAY' THEN CAST(json_array_length(x, p) AS BIGINT)
        WHEN 'OBJECT' THEN CAST(len(json_keys(x, p)) AS BIGINT)
        ELSE CASE WHEN json_extract(x, p) IS NOT NULL THEN CAST(0 AS BIGINT) END END""",
    "trino_json_is_scalar(x)": "json_type(x) NOT IN ('OBJECT', 'ARRAY')",
    "trino_json_of(x)": "CASE WHEN x IS NULL THEN NULL ELSE to_json(x) END",
    "trino_json_parse(x)": "CAST(python_json_parse(CAST(x AS VARCHAR)) AS JSON)",
}
_OFFSET = "x.__zone[1] IN ('+', '-')"
_OFFSET_MINUTES = """(CASE WHEN x.__zone[1] = '-' THEN -1 ELSE 1 END
    * (TRY_CAST(substr(x.__zone, 2, 2) AS INTEGER) * 60 + TRY_CAST(substr(x.__zone, 5, 2) AS INTEGER)))"""
_ZONES = {
    "trino_local(x)": f"""CASE WHEN {_OFFSET} THEN x.__utc + to_minutes({_OFFSET_MINUTES})
        ELSE timezone(x.__zone, CAST(x.__utc AS TIMESTAMPTZ)) END""",
    "trino_instant(x)": f"""CASE WHEN {_OFFSET} THEN x.__utc - to_minutes({_OFFSET_MINUTES})
        ELSE CAST(timezone(x.__zone, x.__utc) AS TIMESTAMP) END""",
    "trino_zoned(wall, z)": """CASE WHEN wall IS NULL OR z IS NULL THEN NULL ELSE
        struct_pack(__utc := trino_instant(struct_pack(__utc := CAST(wall AS TIMESTAMP), __zone := z)),
        __zone := z) END""",
    "trino_at(utc, z)": """CASE WHEN utc IS NULL OR z IS NULL THEN NULL ELSE
        struct_pack(__utc := CAST(utc AS TIMESTAMP), __zone := z) END""",
    "trino_now()": "trino_at(date_trunc('millisecond', CAST(now() AS TIMESTAMP)), 'UTC')",
    "trino_offset_minutes(x)": "date_diff('minute', x.__utc, trino_local(x))",
    "trino_timezone_hour(x)": "trino_offset_minutes(x) // 60",
    "trino_timezone_minute(x)": "trino_offset_minutes(x) % 60",
    "trino_zone_text(x)": "strftime(trino_local(x), '%Y-%m-%d %H:%M:%S.%g') || ' ' || x.__zone",
    "trino_as_varchar(t, n)": f"""CASE WHEN t IS NULL THEN NULL WHEN {
        check("length(t) <= n", _TOO_LONG)
    } THEN t END""",
    # The text of a time with the digits of a second that its type has.
    "trino_digits(t, n)": """regexp_replace(t, '[.][0-9]+',
        CASE WHEN n = 0 THEN '' ELSE substr(regexp_extract(t, '[.][0-9]+'), 1, n + 1) END)""",
    "trino_micros(x)": "strftime(x, '%Y-%m-%d %H:%M:%S.%f')",
    # What a number is cast from: the text of a JSON value, where integers are rounded.
    "trino_json_text(x)": """CASE json_type(x) WHEN 'BOOLEAN' THEN CASE json_extract_string(x, '$') WHEN 'true' THEN '1'
        ELSE '0' END WHEN 'VARCHAR' THEN CASE WHEN TRY_CAST(json_extract_string(x, '$') AS DOUBLE) IS NULL THEN x
        ELSE json_extract_string(x, '$') END ELSE json_extract_string(x, '$') END""",
    "trino_json_whole(x)": """CASE json_type(x) WHEN 'DOUBLE' THEN
        CAST(CAST(round(CAST(json_extract_string(x, '$') AS DOUBLE)) AS HUGEINT) AS VARCHAR) ELSE trino_json_text(x) END""",
    "trino_offset_text(x)": """CASE WHEN x.__zone = 'UTC' THEN 'Z' ELSE
        format('{}{:02d}:{:02d}', CASE WHEN trino_offset_minutes(x) < 0 THEN '-' ELSE '+' END,
        abs(trino_offset_minutes(x)) // 60, abs(trino_offset_minutes(x)) % 60) END""",
}
_PARTS = {
    "year": ("year", "year(x)"), "quarter": ("quarter", ""), "month": ("month", "month(x)"),
    "week": ("weekofyear", ""), "day": ("day", "CAST(floor(epoch(x) / 86400) AS BIGINT)"),
    "dow": ("isodow", ""), "doy": ("dayofyear", ""), "yow": ("isoyear", ""),
    "hour": ("hour", "CAST(floor(epoch(x) / 3600) AS BIGINT) % 24"), "minute": ("minute", "minute(x)"),
    "second": ("second", "second(x)"), "millisecond": ("millisecond", "millisecond(x) % 1000"),
}  # fmt: skip


def _part_macros() -> dict[str, list[tuple[str, str]]]:
    """The fields of dates, of times with and without a zone, and of intervals."""
    macros = {}
    for name, (function, of_interval) in _PARTS.items():
        rest = " % 1000" if name == "millisecond" else ""
        plain = f"CAST({function}(x) AS BIGINT){rest}"
        zoned = f"CAST({function}(trino_local(x)) AS BIGINT){rest}"
        overloads = [(f"x {kind}", plain) for kind in ("DATE", "TIMESTAMP")]
        if name in ("hour", "minute", "second", "millisecond"):
            overloads[0] = ("x DATE", _unexpected_date(name))
            overloads.append(("x TIME", plain))
        if of_interval:
            overloads.append(("x INTERVAL", f"CAST({of_interval} AS BIGINT)"))
        macros[f"trino_{name}"] = [*overloads, (f"x {ZONED}", zoned)]
    return macros


def _unexpected_date(function: str) -> str:
    return f"error('FUNCTION_NOT_FOUND: Unexpected parameters (date) for function {function}')"


def _zone_macros() -> dict[str, list[tuple[str, str]]]:
    time = ("x TIMESTAMP", "x")
    return {
        **_part_macros(),
        "trino_wall": [("x DATE", "x"), time, (f"x {ZONED}", "trino_local(x)")],
        "trino_at_timezone": [
            ("x TIMESTAMP, z", "trino_at(x, z)"), ("x DATE, z", "trino_at(x, z)"),
            (f"x {ZONED}, z", "trino_at(x.__utc, z)"),
        ],
        "trino_cast_zoned": [
            ("x TIMESTAMP", "trino_at(x, 'UTC')"), ("x DATE", "trino_at(x, 'UTC')"), (f"x {ZONED}", "x"),
            ("x VARCHAR", """CASE WHEN x IS NULL THEN NULL WHEN regexp_matches(x, '[A-Za-z]') OR
                regexp_matches(x, '[+-][0-9]{2}:[0-9]{2}$') THEN trino_zoned(CAST(regexp_extract(x,
                '^([-0-9]+ ?[0-9:.]*) ?(.*)$', 1) AS TIMESTAMP), regexp_extract(x, '^([-0-9]+ ?[0-9:.]*) ?(.*)$', 2))
                ELSE trino_at(CAST(x AS TIMESTAMP), 'UTC') END"""),
        ],
        "trino_to_unixtime": [("x DATE", "epoch(x)"), ("x TIMESTAMP", "epoch(x)"), (f"x {ZONED}", "epoch(x.__utc)")],
        "trino_to_iso8601": [
            ("x DATE", "CAST(x AS VARCHAR)"), ("x TIMESTAMP", "strftime(x, '%Y-%m-%dT%H:%M:%S.%g')"),
            (f"x {ZONED}", "strftime(trino_local(x), '%Y-%m-%dT%H:%M:%S.%g') || trino_offset_text(x)"),
        ],
        "trino_last_day": [("x DATE", "last_day(x)"), ("x TIMESTAMP", "last_day(x)"), (f"x {ZONED}", "last_day(trino_local(x))")],
        "trino_sequence2": [
            ("a DATE, b DATE", "list_transform(generate_series(a, b, to_days(CASE WHEN a > b THEN -1 ELSE 1 END)), lambda d: CAST(d AS DATE))"),
            ("a BIGINT, b BIGINT", "generate_series(a, b, CASE WHEN a > b THEN -1 ELSE 1 END)"),
        ],
        "trino_sequence3": [
            ("a DATE, b DATE, n INTERVAL", "list_transform(generate_series(0, CAST(abs(epoch(CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP)) / epoch(n)) AS BIGINT) + 1).list_transform(lambda i: a + n * i).list_filter(lambda d: (d <= b) = (n > INTERVAL 0 DAY) OR d = b), lambda d: CAST(d AS DATE))"),
            ("a TIMESTAMP, b TIMESTAMP, n INTERVAL", "generate_series(0, CAST(abs(epoch(b - a) / epoch(n)) AS BIGINT) + 1).list_transform(lambda i: a + n * i).list_filter(lambda d: (d <= b) = (n > INTERVAL 0 DAY) OR d = b)"),
            ("a BIGINT, b BIGINT, n BIGINT", f"CASE WHEN {_SEQUENCE} THEN generate_series(a, b, n) END"),
        ],
    }  # fmt: skip


def value_macros() -> list[str]:
    """Return the statements that create these macros."""
    plain = {**_COLLECTIONS, **_JSON, **_ZONES}
    made = [f"CREATE OR REPLACE MACRO {head} AS ({body})" for head, body in plain.items()]
    for name, overloads in _zone_macros().items():
        bodies = ", ".join(f"({arguments}) AS ({body})" for arguments, body in overloads)
        made.append(f"CREATE OR REPLACE MACRO {name}{bodies}")
    return made
