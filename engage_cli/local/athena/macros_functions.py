# ruff: noqa: E501 - macros read better on one line
"""Macros of Trino's functions of numbers, text and binary data. See `macros`."""

from engage_cli.local.athena.macro_parts import (
    DECIMAL,
    INTEGERS,
    REALS,
    ZONED,
    check,
    macro,
    refuse,
    unexpected,
)

_INTEGER_NAMES = {
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
}


_DELIMITED = check("d <> ''", "'INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string'")
# What Java calls white space.
_BLANKS = (
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029"
    "\u205f\u3000"
)


def _pad(side: str) -> list[tuple[str, str]]:
    """Text padded by DuckDB, binary data by Python; sizes and paddings that Trino refuses are refused."""
    size = check(
        "n BETWEEN 0 AND 2147483647",
        "'INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]'",
    )
    filler = check(
        "octet_length(encode(p)) > 0", "'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty'"
    )
    guard = f"CASE WHEN s IS NULL OR n IS NULL OR p IS NULL THEN NULL WHEN {size} AND {filler} THEN"
    data = f"python_pad(s, CAST(n AS BIGINT), p, {'true' if side == 'l' else 'false'})"
    return [("s VARCHAR, n, p VARCHAR", f"{guard} {side}pad(s, n, p) END"), ("s BLOB, n, p BLOB", data)]


def function_macros() -> list[str]:
    nan, infinity = "CAST('nan' AS DOUBLE)", "CAST('infinity' AS DOUBLE)"
    plain = {
        "trino_from_base(s, radix)": f"""CASE WHEN s IS NULL OR radix IS NULL THEN NULL
            WHEN NOT {check("radix BETWEEN 2 AND 36", "'INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36'")} THEN NULL
            WHEN regexp_full_match(s, '[+-]?[0-9A-Za-z]+') AND len(list_filter(string_split(ltrim(lower(s), '+-'), ''),
              lambda c: strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) > radix)) = 0
            THEN CAST(list_reduce(list_prepend(CAST(0 AS HUGEINT),
              list_transform(string_split(ltrim(lower(s), '+-'), ''),
              lambda c: CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS HUGEINT))),
              lambda total, digit: total * radix + digit) AS BIGINT)
              * CASE WHEN starts_with(s, '-') THEN -1 ELSE 1 END
            ELSE error('INVALID_FUNCTION_ARGUMENT: Not a valid base-' || radix || ' number: ' || s) END""",
        "trino_from_base16(s)": "CAST(concat('0x', s) AS BIGINT) + (0 * length(s))",
        "trino_regexp_extract(s, p, g)": "CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END",
        "trino_ln(x)": f"CASE WHEN x = 0 THEN -{infinity} WHEN x < 0 THEN {nan} ELSE ln(x) END",
        "trino_log2(x)": f"CASE WHEN x = 0 THEN -{infinity} WHEN x < 0 THEN {nan} ELSE log2(x) END",
        "trino_log10(x)": f"CASE WHEN x = 0 THEN -{infinity} WHEN x < 0 THEN {nan} ELSE log10(x) END",
        # Exact for cubes, as Java's; the C library's is one unit off for some.
        "trino_cbrt(x)": "CASE WHEN round(cbrt(x)) ** 3 = x THEN round(cbrt(x)) ELSE cbrt(x) END",
        "trino_sqrt(x)": f"CASE WHEN x < 0 THEN {nan} ELSE sqrt(CAST(x AS DOUBLE)) END",
        "trino_to_base(n, radix)": """CASE WHEN n < 0 THEN '-' ELSE '' END || lower(to_base(abs(n), radix))""",
        "trino_strpos2(s, p)": "CAST(strpos(s, p) AS BIGINT)",
        # The n-th occurrence: what stands before it, and it begins after that.
        "trino_strpos3(s, p, n)": f"""CASE WHEN NOT {
            check(
                "n <> 0", "'INVALID_FUNCTION_ARGUMENT: ''instance'' must be a positive or negative number.'"
            )
        } THEN NULL WHEN p = '' THEN CAST(1 AS BIGINT) WHEN len(string_split(s, p)) <= abs(n) THEN CAST(0 AS BIGINT)
            WHEN n < 0 THEN CAST(length(array_to_string(list_slice(string_split(s, p), 1,
              len(string_split(s, p)) + n), p)) + 1 AS BIGINT) ELSE CAST(length(array_to_string(list_slice(string_split(s, p), 1, n), p)) + 1 AS BIGINT) END""",
        "trino_upper(s)": """CASE WHEN contains(s, 'ß') THEN
            array_to_string(list_transform(string_split(s, 'ß'), lambda part: upper(part)), 'ß') ELSE upper(s) END""",
        # Between all characters, where there is nothing to look for.
        "trino_replace(s, old, new)": """CASE WHEN old = '' THEN concat(new, array_to_string(
            list_transform(string_split(s, ''), lambda letter: letter || new), '')) ELSE replace(s, old, new) END""",
        "trino_split2(s, d)": f"CASE WHEN {_DELIMITED} THEN string_split(s, d) END",
        "trino_split3(s, d, n)": f"""CASE WHEN s IS NULL OR d IS NULL OR n IS NULL THEN NULL WHEN NOT ({
            _DELIMITED
        } AND {
            check("n > 0", "'INVALID_FUNCTION_ARGUMENT: The limit must be greater than zero'")
        }) THEN NULL WHEN len(string_split(s, d)) <= n THEN string_split(s, d)
            ELSE list_append(list_slice(string_split(s, d), 1, n - 1),
            array_to_string(list_slice(string_split(s, d), n, len(string_split(s, d))), d)) END""",
        "trino_split_part(s, d, n)": f"""CASE WHEN s IS NULL OR d IS NULL OR n IS NULL THEN NULL
            WHEN {check("n >= 1", "'INVALID_FUNCTION_ARGUMENT: Index must be greater than zero'")}
            THEN CASE WHEN n <= len(string_split(s, d)) THEN split_part(s, d, n) END END""",
        "trino_hamming(a, b)": f"""CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN {
            check(
                "length(a) = length(b)",
                "'INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance function must have the same length'",
            )
        }
            THEN CAST(hamming(a, b) AS BIGINT) END""",
        "trino_width_bucket(x, low, high, n)": """CAST(CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1
            ELSE floor((x - low) / ((high - low) / CAST(n AS DOUBLE))) + 1 END AS BIGINT)""",
    }
    macros = [f"CREATE OR REPLACE MACRO {head} AS ({body})" for head, body in plain.items()]
    for name in ("md5", "sha256", "sha1"):
        overloads = [("x BLOB", f"unhex({name}(x))"), ("x VARCHAR", unexpected("varchar", name))]
        macros.append(macro(f"trino_{name}", overloads))
    refuse_text = [("x VARCHAR", unexpected("varchar", "to_hex"))]
    macros.append(macro("trino_to_hex", [("x BLOB", "hex(x)"), *refuse_text]))
    macros += [macro(f"trino_{side}pad", _pad(side)) for side in "lr"]
    blanks = "'" + _BLANKS + "'"
    macros += [
        f"CREATE OR REPLACE MACRO trino_{name}(s) AS ({name}(s, {blanks}))"
        for name in ("trim", "ltrim", "rtrim")
    ]
    macros.append(macro("trino_to_utf8", [("x VARCHAR", "encode(x)")]))
    lengths = [("x VARCHAR", "length(x)"), ("x BLOB", "octet_length(x)")]
    macros.append(macro("trino_length", [*lengths, ("x BIGINT", unexpected("bigint", "length"))]))
    return [*macros, *_overloaded(), *_decimal_macros()]


def _by_type(name: str, real: str, whole: str, decimal: str, more: str = "") -> str:
    """A function of one number (and `more`); decimals are taken from `y`, which is not cast."""
    overloads = [(f"x {kind}, y{more}", whole) for kind in INTEGERS]
    overloads += [(f"x {kind}, y{more}", real) for kind in REALS]
    return macro(name, [*overloads, (f"x {DECIMAL}, y{more}", decimal)])


def _substr(count: int) -> str:
    size = ", size" if count == 3 else ""
    none = "start = 0 OR -start > {}(s)" + (" OR size <= 0" if size else "")
    text = f"CASE WHEN {none.format('length')} THEN '' ELSE substr(s, start{size}) END"
    end = "least(start + size - 1, octet_length(s))" if size else "octet_length(s)"
    # DuckDB has no substr of binary data, but slices of it, from a start that is counted from the end as well.
    begin = "CASE WHEN start < 0 THEN octet_length(s) + start + 1 ELSE start END"
    end = end.replace("start", f"{begin}")
    data = f"CASE WHEN {begin} < 1 OR {begin} > octet_length(s){' OR size <= 0' if size else ''} THEN ''::BLOB ELSE s[{begin}:{end}] END"
    return macro(f"trino_substr{count}", [(f"s VARCHAR, start{size}", text), (f"s BLOB, start{size}", data)])


def _overloaded() -> list[str]:
    names = {
        "VARCHAR": "varchar", "DOUBLE": "double", "FLOAT": "real", "DATE": "date", "BOOLEAN": "boolean",
        "TIMESTAMP": "timestamp(3)", "BLOB": "varbinary", "TIME": "time(3)",
        ZONED: "timestamp(3) with time zone", "INTERVAL": "interval day to second", **_INTEGER_NAMES,
    }  # fmt: skip
    return [
        _by_type("trino_ceil", "ceil(x)", "x", "ceil(y)"),
        _by_type("trino_floor", "floor(x)", "x", "floor(y)"),
        _by_type("trino_truncate1", "trunc(x)", "x", "trunc(y)"),
        _by_type("trino_truncate2", "trunc(x, n)", "trunc(x, n)", "cast_to_type(trunc(y, n), y - y)", ", n"),
        _by_type("trino_round1", "round(x)", "x", "round(y)"),
        _by_type("trino_round2", "round(x, n)", "CAST(round(CAST(x AS HUGEINT), n) AS BIGINT)", "cast_to_type(round(y, n), y - y)", ", n"),
        _by_type("trino_sign", "CAST(sign(x) AS DOUBLE)", "CAST(sign(x) AS INTEGER)", "CAST(sign(y) AS DECIMAL(1, 0))"),
        _substr(2),
        _substr(3),
        macro("trino_reverse", [("x VARCHAR", "reverse(x)"), ("x BLOB", "python_reverse(x)"), ("x", "list_reverse(x)")]),
        macro("trino_concat_ws", [("d, x VARCHAR[]", "array_to_string(x, d)"), ("d, x VARCHAR", "concat_ws(d, x)")]),
        macro("trino_typeof", [(f"x {kind}, y", f"'{name}'") for kind, name in names.items()] + [(f"x {DECIMAL}, y", "trino_type_name(typeof(y))"), ("x, y", "trino_type_name(typeof(y))")]),
        macro("trino_format_value", [("x DOUBLE, y", "to_json([trino_cast_varchar(x, x)])"), ("x FLOAT, y", "to_json([trino_cast_varchar(x, x)])"), (f"x {DECIMAL}, y", "to_json([CAST(y AS VARCHAR)])"), ("x DATE, y", "to_json(CAST(x AS VARCHAR))"), ("x BIGINT, y", "to_json(x)"), ("x BOOLEAN, y", "to_json(x)"), (f"x {ZONED}, y", "to_json(trino_zone_text(x))"), ("x TIMESTAMP, y", "to_json(strftime(x, '%Y-%m-%d %H:%M:%S.%g'))"), ("x, y", "to_json(CAST(x AS VARCHAR))")]),
        macro("trino_condition", [("x BOOLEAN", "x"), *((f"x {kind}", _no_condition(name)) for kind, name in names.items() if kind != "BOOLEAN"), ("x", "x")]),
        macro("trino_texts", [("x VARCHAR", "x"), *((f"x {kind}", refuse("TYPE_MISMATCH", f"IN value and list items must be the same type: {kind.lower()} and varchar")) for kind in ("BIGINT", "DOUBLE", "DATE", "BOOLEAN", "TIMESTAMP")), ("x", "x")]),
        macro("trino_numbers", [("x VARCHAR", refuse("TYPE_MISMATCH", "IN value and list items must be the same type: varchar and bigint")), ("x DATE", refuse("TYPE_MISMATCH", "IN value and list items must be the same type: date and bigint")), ("x", "x")]),
    ]  # fmt: skip


def _no_condition(kind: str) -> str:
    return refuse("TYPE_MISMATCH", f"A condition must evaluate to a boolean (actual: {kind})")


def _decimal_macros() -> list[str]:
    """Division and average of decimals: https://trino.io/docs/current/functions/decimal.html.

    The quotient has the larger scale of the two, rounded half up. It is made as text, and takes its type,
    with that scale, from a sum of zeros.
    """
    plain = {
        "trino_decimal_div(y, z)": """cast_to_type(python_quotient(CAST(y AS VARCHAR), CAST(z AS VARCHAR)),
            (y - y) + (z - z) + CAST(0 AS DECIMAL(38, 0)))""",
        "trino_decimal_avg(y)": """cast_to_type(
            python_quotient(CAST(sum(y) AS VARCHAR), CAST(count(y) AS VARCHAR)), max(y))""",
        "trino_decimal_mean(y, s, n)": """cast_to_type(
            CASE WHEN n > 0 THEN python_quotient(CAST(s AS VARCHAR), CAST(n AS VARCHAR)) END, y)""",
        "trino_date_plus(d, i)": """CASE WHEN datepart('year', i) <> 0 OR datepart('month', i) <> 0
            OR CAST(epoch(i) * 1000 AS BIGINT) % 86400000 = 0 THEN CAST(d + i AS DATE)
            ELSE error('INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date') END""",
        "trino_zoned_plus(x, i)": """CASE WHEN datepart('year', i) = 0 AND datepart('month', i) = 0
            THEN trino_at(x.__utc + i, x.__zone) ELSE trino_zoned(trino_local(x) + i, x.__zone) END""",
        "trino_interval_text(x)": """CASE WHEN x IS NULL THEN NULL WHEN datepart('year', x) * 12 + datepart('month', x) <> 0
            THEN format('{}{}-{}', CASE WHEN datepart('year', x) * 12 + datepart('month', x) < 0 THEN '-' ELSE '' END,
            abs(datepart('year', x)), abs(datepart('month', x)))
            ELSE format('{}{} {:02d}:{:02d}:{:02d}.{:03d}', CASE WHEN epoch(x) < 0 THEN '-' ELSE '' END,
            trino_milliseconds(x) // 86400000, trino_milliseconds(x) // 3600000 % 24, trino_milliseconds(x) // 60000 % 60,
            trino_milliseconds(x) // 1000 % 60, trino_milliseconds(x) % 1000) END""",
        "trino_milliseconds(x)": "CAST(round(abs(epoch(x)) * 1000) AS BIGINT)",
        "trino_type_name(t)": """replace(replace(replace(regexp_replace(regexp_replace(lower(t), '([a-z0-9(), ]+)\\[\\]', 'array(\\1)'),
            'decimal\\(([0-9]+), ?([0-9]+)\\)', 'decimal(\\1,\\2)'), 'timestamp', 'timestamp(3)'), 'struct', 'row'), 'float', 'real')""",
        "trino_json_list(x)": "'[' || array_to_string(list_transform(x, lambda e: CASE WHEN e IS NULL THEN 'null' ELSE CAST(e AS VARCHAR) END), ',') || ']'",
    }  # fmt: skip
    return [f"CREATE OR REPLACE MACRO {head} AS ({body})" for head, body in plain.items()]
