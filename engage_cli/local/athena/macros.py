"""Trino's semantics as DuckDB macros, chosen by the types of their arguments when a query is bound.

A macro costs nothing at run time: DuckDB expands it before it optimises. Combinations of types that
Trino refuses (or that DuckDB cannot do exactly) become `error(...)` with Trino's words.
"""

# Any decimal fits this overload better than it fits DOUBLE.
_DECIMAL = "DECIMAL(38, 10)"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_REALS = ("FLOAT", "DOUBLE")
_TEMPORAL = ("DATE", "TIMESTAMP")
_COMPARISONS = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _macro(name: str, overloads: list[tuple[str, str]]) -> str:
    bodies = ", ".join(f"({arguments}) AS ({body})" for arguments, body in overloads)
    return f"CREATE OR REPLACE MACRO {name}{bodies}"


def _refuse(code: str, message: str) -> str:
    return "error('" + f"{code}: {message}".replace("'", "''") + "')"


def _unsupported(what: str) -> str:
    return _refuse("NOT_SUPPORTED", what + " is not supported by the local Athena")


def _unexpected(types: str, function: str) -> str:
    return _refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({types}) for function {function}")


def _mismatch(left: str, operator: str, right: str) -> str:
    return _refuse("TYPE_MISMATCH", f"Cannot apply operator: {left.lower()} {operator} {right.lower()}")


def _mismatches(operator: str) -> list[tuple[str, str]]:
    """Pairs of types between which Trino has no coercion: varchar and anything, date and number."""
    others = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN")
    pairs = [("VARCHAR", other) for other in others] + [(other, "VARCHAR") for other in others]
    pairs += [("BOOLEAN", "BIGINT"), ("BIGINT", "BOOLEAN"), ("BOOLEAN", "DOUBLE"), ("DOUBLE", "BOOLEAN")]
    pairs += [("DATE", "BIGINT"), ("BIGINT", "DATE")]
    return [(f"a {left}, b {right}", _mismatch(left, operator, right)) for left, right in pairs]


def _comparison_macros() -> list[str]:
    # Exact pairs come first: DuckDB would otherwise reach for the cheapest implicit cast.
    exact = ["VARCHAR", "BOOLEAN", *_INTEGERS, *_REALS, *_TEMPORAL, "TIMESTAMPTZ", "BLOB"]
    macros = []
    for name, operator in _COMPARISONS.items():
        same = [(f"a {kind}, b {kind}", f"a {operator} b") for kind in exact]
        anything = [("a, b", f"a {operator} b")]
        macros.append(_macro(f"trino_{name}", same + _mismatches(operator) + anything))
    return macros


def _arithmetic_macros() -> list[str]:
    # Trino divides decimals into a decimal of the larger scale (1.0 * 1 / 3 is 0.3): refused, as
    # DuckDB would give a double. Every pair is spelt out: DuckDB finds near matches ambiguous.
    no_decimals = _unsupported("Division of decimals (CAST one side AS double)")
    divide, modulo = [], []
    for left in (*_INTEGERS, *_REALS, _DECIMAL):
        for right in (*_INTEGERS, *_REALS, _DECIMAL):
            real = left in _REALS or right in _REALS
            whole = left in _INTEGERS and right in _INTEGERS
            divide.append((f"a {left}, b {right}", "a / b" if real else "a // b" if whole else no_decimals))
            zero = "CASE WHEN b = 0 THEN CAST('nan' AS DOUBLE) ELSE a % b END"
            modulo.append((f"a {left}, b {right}", zero if real else "a % b"))
    number_and_date = [
        ("a DATE, b INTEGER", _mismatch("date", "+", "integer")),
        ("a INTEGER, b DATE", _mismatch("integer", "+", "date")),
    ]
    numbers = [(f"a {kind}", "a") for kind in (*_INTEGERS, *_REALS)]
    no_sum = _refuse("FUNCTION_NOT_FOUND", "Unexpected parameters (boolean) for function sum")
    return [
        _macro("trino_div", divide),
        _macro("trino_mod", modulo),
        _macro(
            "trino_plus",
            [
                ("a DATE, b INTERVAL", "CAST(a + b AS DATE)"),
                ("a INTERVAL, b DATE", "CAST(a + b AS DATE)"),
                *number_and_date,
                ("a, b", "a + b"),
            ],
        ),
        _macro(
            "trino_minus",
            [
                ("a DATE, b INTERVAL", "CAST(a - b AS DATE)"),
                ("a DATE, b DATE", _unsupported("date - date (use date_diff)")),
                ("a DATE, b INTEGER", _mismatch("date", "-", "integer")),
                ("a, b", "a - b"),
            ],
        ),
        _macro(
            "trino_avg_arg", [*numbers, (f"a {_DECIMAL}", _unsupported("avg of decimals (CAST AS double)"))]
        ),
        _macro(
            "trino_sum_arg",
            [("a BOOLEAN", no_sum), ("a", "a")],
        ),
        # The third and further terms of a sum, and parts of a concatenation.
        _macro(
            "trino_term",
            [
                *((f"x {kind}", _mismatch("number", "+", kind)) for kind in ("VARCHAR", "DATE", "BOOLEAN")),
                *((f"x {kind}", "x") for kind in (*_INTEGERS, *_REALS)),
                ("x", "x"),
            ],
        ),
        _macro(
            "trino_part",
            [
                ("x VARCHAR", "x"),
                *((f"x {kind}", _mismatch("varchar", "||", kind)) for kind in ("BIGINT", "DOUBLE", "DATE")),
                ("x", "x"),
            ],
        ),
        _macro(
            "trino_concat",
            [("a VARCHAR, b VARCHAR", "a || b"), *_mismatches("||"), ("a, b", "a || b")],
        ),
    ]


_PLAIN_DOUBLE = "CAST(x AS VARCHAR)"
# Java writes doubles below 1e-3 and from 1e7 on as d.dddE[-]n; DuckDB gives the same shortest digits.
_DIGITS = "ltrim(replace(split_part(CAST(abs(x) AS VARCHAR), 'e', 1), '.', ''), '0')"
_WHOLE = "split_part(split_part(CAST(abs(x) AS VARCHAR), 'e', 1), '.', 1)"
_POINTS = "split_part(split_part(CAST(abs(x) AS VARCHAR), 'e', 1), '.', 2)"
# No comparison of split_part() and no sum of CASEs: DuckDB 2.0 cannot fold those over a constant NULL.
_EXPONENT = f"""CASE WHEN contains(CAST(x AS VARCHAR), 'e')
  THEN CAST(split_part(CAST(x AS VARCHAR), 'e', 2) AS INTEGER)
  WHEN abs(x) >= 1 THEN length({_WHOLE}) - 1
  ELSE length(ltrim({_POINTS}, '0')) - length({_POINTS}) - 1 END"""
_SCIENTIFIC = f"""concat(CASE WHEN x < 0 THEN '-' ELSE '' END, substr({_DIGITS}, 1, 1), '.',
  CASE WHEN rtrim(substr({_DIGITS}, 2), '0') = '' THEN '0' ELSE rtrim(substr({_DIGITS}, 2), '0') END,
  'E', CAST({_EXPONENT} AS VARCHAR))"""
_DOUBLE_TEXT = f"""CASE WHEN x IS NULL THEN NULL WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN
  CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
  WHEN x = 0 THEN {_PLAIN_DOUBLE} WHEN abs(x) >= 1e-3 AND abs(x) < 1e7 THEN {_PLAIN_DOUBLE}
  ELSE {_SCIENTIFIC} END"""
_TIMESTAMP_TEXT = "strftime(x, '%Y-%m-%d %H:%M:%S.%g')"


def _integer_cast(kind: str, attempt: bool) -> str:
    cast = "TRY_CAST" if attempt else "CAST"
    failed = "NULL" if attempt else f"error('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to {kind}')"
    digits = r"regexp_full_match(x, '[+-]?[0-9]+')"
    text = f"CASE WHEN x IS NULL THEN NULL WHEN {digits} THEN {cast}(x AS {kind}) ELSE {failed} END"
    name = f"trino_{'try_' if attempt else ''}cast_{kind.lower()}"
    rounded = f"{cast}(round(x) AS {kind})"  # half away from zero; DuckDB's own cast is half-even
    overloads = [("x VARCHAR", text), ("x DOUBLE", rounded), ("x FLOAT", rounded)]
    overloads += [(f"x {integer}", f"{cast}(x AS {kind})") for integer in _INTEGERS]
    return _macro(name, [*overloads, ("x", f"{cast}(x AS {kind})")])


def _cast_macros() -> list[str]:
    macros = [_integer_cast(kind, attempt) for kind in _INTEGERS[:-1] for attempt in (False, True)]
    for attempt in (False, True):
        cast, prefix = ("TRY_CAST", "try_") if attempt else ("CAST", "")
        bad = "NULL" if attempt else "error('INVALID_CAST_ARGUMENT: Value cannot be cast to date: ' || x)"
        # DuckDB also takes other separators and a time of day; a regular expression would cost more.
        iso = "strlen(x) BETWEEN 8 AND 10 AND x[5] = '-'"
        date = f"CASE WHEN x IS NULL THEN NULL WHEN {iso} THEN {cast}(x AS DATE) ELSE {bad} END"
        macros.append(_macro(f"trino_{prefix}cast_date", [("x VARCHAR", date), ("x", f"{cast}(x AS DATE)")]))
        macros.append(
            _macro(
                f"trino_{prefix}cast_varchar",
                [
                    ("x VARCHAR", "x"),
                    ("x DOUBLE", _DOUBLE_TEXT),
                    ("x FLOAT", _DOUBLE_TEXT),
                    ("x TIMESTAMP", _TIMESTAMP_TEXT),
                    (f"x {_DECIMAL}", _unsupported("CAST of a decimal to varchar")),
                    ("x BLOB", _refuse("TYPE_MISMATCH", "Cannot cast varbinary to varchar")),
                    *((f"x {kind}", "CAST(x AS VARCHAR)") for kind in (*_INTEGERS, "DATE", "BOOLEAN")),
                    ("x", "CAST(x AS VARCHAR)"),
                ],
            )
        )
    return macros


def _date_macros() -> list[str]:
    macros = []
    for unit in _UNITS:
        add = f"x + to_{unit}s(CAST(n AS INTEGER))"
        if unit in _MONTHS:
            add = f"x + to_months(CAST(n * {_MONTHS[unit]} AS INTEGER))"
        elif unit == "week":
            add = "x + to_days(CAST(n * 7 AS INTEGER))"
        as_date = f"CAST({add} AS DATE)"
        if unit in ("day", "week"):  # a date and a whole number: cheaper than by way of a timestamp
            as_date = f"x + CAST(n * {7 if unit == 'week' else 1} AS INTEGER)"
        on_date = (
            as_date
            if unit in _DATE_UNITS
            else _refuse("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field")
        )
        macros.append(
            _macro(
                f"trino_date_add_{unit}",
                [
                    ("n, x DATE", on_date),
                    ("n, x TIMESTAMP", add),
                    ("n, x TIMESTAMPTZ", add),
                    ("n, x VARCHAR", _unexpected("varchar(1), bigint, varchar", "date_add")),
                ],
            )
        )
        kinds = ("TIMESTAMP", "TIMESTAMPTZ") + (("DATE",) if unit in _DATE_UNITS else ())
        overloads = [(f"a {kind}, b {kind}", f"date_sub('{unit}', a, b)") for kind in kinds]
        refuse = [("a VARCHAR, b VARCHAR", _unexpected("varchar, varchar, varchar", "date_diff"))]
        macros.append(_macro(f"trino_date_diff_{unit}", overloads + refuse))
        truncate = f"date_trunc('{unit}', x)"
        on_date = (
            f"CAST({truncate} AS DATE)"
            if unit in _DATE_UNITS
            else _refuse("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field")
        )
        macros.append(
            _macro(
                f"trino_date_trunc_{unit}",
                [("x DATE", on_date), ("x TIMESTAMP", truncate), ("x TIMESTAMPTZ", truncate)],
            )
        )
    return macros


def _function_macros() -> list[str]:
    nan, infinity = "CAST('nan' AS DOUBLE)", "CAST('infinity' AS DOUBLE)"
    plain = {
        "trino_from_base(s, radix)": """CASE WHEN s IS NULL OR radix IS NULL THEN NULL
            WHEN regexp_full_match(s, '[+-]?[0-9A-Za-z]+')
            THEN CAST(list_reduce(list_prepend(CAST(0 AS HUGEINT),
              list_transform(string_split(ltrim(lower(s), '+-'), ''),
              lambda c: CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS HUGEINT))),
              lambda total, digit: total * radix + digit) AS BIGINT)
              * CASE WHEN starts_with(s, '-') THEN -1 ELSE 1 END
            ELSE error('INVALID_FUNCTION_ARGUMENT: Not a valid base-' || radix || ' number: ' || s) END""",
        "trino_from_base16(s)": "CAST(concat('0x', s) AS BIGINT) + (0 * length(s))",
        "trino_substr2(s, start)": "CASE WHEN start = 0 OR -start > length(s) THEN '' "
        "ELSE substr(s, start) END",
        "trino_substr3(s, start, size)": """CASE WHEN start = 0 OR -start > length(s) OR size <= 0 THEN ''
            ELSE substr(s, start, size) END""",
        "trino_split_part(s, d, n)": """CASE WHEN n < 1
            THEN error('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero')
            WHEN n > len(string_split(s, d)) THEN NULL ELSE split_part(s, d, n) END""",
        "trino_regexp_extract(s, p, g)": "CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END",
        "trino_ln(x)": f"CASE WHEN x = 0 THEN -{infinity} WHEN x < 0 THEN {nan} ELSE ln(x) END",
        "trino_log2(x)": f"CASE WHEN x = 0 THEN -{infinity} WHEN x < 0 THEN {nan} ELSE log2(x) END",
        "trino_log10(x)": f"CASE WHEN x = 0 THEN -{infinity} WHEN x < 0 THEN {nan} ELSE log10(x) END",
        # Exact for cubes, as Java's; the C library's is one unit off for some.
        "trino_cbrt(x)": "CASE WHEN round(cbrt(x)) ** 3 = x THEN round(cbrt(x)) ELSE cbrt(x) END",
        "trino_sqrt(x)": f"CASE WHEN x < 0 THEN {nan} ELSE sqrt(CAST(x AS DOUBLE)) END",
        "trino_array_position(a, x)": "coalesce(list_position(a, x), 0)",
        "trino_any_match(matches)": "CASE WHEN len(list_filter(matches, lambda m: m)) > 0 THEN true "
        "WHEN len(list_filter(matches, lambda m: m IS NULL)) > 0 THEN NULL ELSE matches IS NULL AND NULL END",
        "trino_width_bucket(x, low, high, n)": """CAST(CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1
            ELSE floor((x - low) / ((high - low) / CAST(n AS DOUBLE))) + 1 END AS BIGINT)""",
        "trino_last_day_of_month(x)": "last_day(x)",
        # Both for arrays (1-based, negative from the end) and maps; what is not there is NULL.
        "trino_element_at(a, k)": "a[k]",
    }
    macros = [f"CREATE OR REPLACE MACRO {head} AS ({body})" for head, body in plain.items()]
    macros.append(
        _macro(
            "trino_sign",
            [
                ("x DOUBLE", "CAST(sign(x) AS DOUBLE)"),
                *((f"x {k}", f"CAST(sign(x) AS {k})") for k in _INTEGERS),
            ],
        )
    )
    for name in ("md5", "sha256", "sha1"):
        overloads = [("x BLOB", f"unhex({name}(x))"), ("x VARCHAR", _unexpected("varchar", name))]
        macros.append(_macro(f"trino_{name}", overloads))
    refuse_text = [("x VARCHAR", _unexpected("varchar", "to_hex"))]
    macros.append(_macro("trino_to_hex", [("x BLOB", "hex(x)"), *refuse_text]))
    macros.append(_macro("trino_to_utf8", [("x VARCHAR", "encode(x)")]))
    lengths = [("x VARCHAR", "length(x)"), ("x BLOB", "octet_length(x)")]
    macros.append(_macro("trino_length", [*lengths, ("x BIGINT", _unexpected("bigint", "length"))]))
    return macros


def macro_statements() -> list[str]:
    """Return the statements that teach a DuckDB database Trino's semantics."""
    return [
        *_comparison_macros(),
        *_arithmetic_macros(),
        *_cast_macros(),
        *_date_macros(),
        *_function_macros(),
    ]
