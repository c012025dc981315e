# ruff: noqa: E501 - macros read better on one line
"""Trino's semantics as DuckDB macros, chosen by the types of their arguments when a query is bound.

A macro costs nothing at run time: DuckDB expands it before it optimises. Combinations of types that
Trino refuses (or that DuckDB cannot do exactly) become `error(...)` with Trino's words.
"""

import re

from engage_cli.local.athena.macro_parts import (
    DATE_UNITS,
    DECIMAL,
    INTEGERS,
    MONTHS,
    REALS,
    UNITS,
    ZONED,
    macro,
    refuse,
    unexpected,
)
from engage_cli.local.athena.macros_functions import function_macros
from engage_cli.local.athena.macros_values import value_macros

_TEMPORAL = ("DATE", "TIMESTAMP")
_DAY = "DATE '1970-01-01'"
_COMPARISONS = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
# Trino's NaN equals nothing and is not above or below anything; DuckDB's is the largest number.
_NOT_NAN = {
    "eq": "AND NOT isnan(a)",
    "neq": "OR isnan(a)",
    "lt": "AND NOT isnan(b)",
    "lte": "AND NOT isnan(b)",
    "gt": "AND NOT isnan(a)",
    "gte": "AND NOT isnan(a)",
}


def _mismatch(left: str, operator: str, right: str) -> str:
    return refuse("TYPE_MISMATCH", f"Cannot apply operator: {left.lower()} {operator} {right.lower()}")


def _mismatches(operator: str) -> list[tuple[str, str]]:
    """Pairs of types between which Trino has no coercion: varchar and anything, date and number."""
    others = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN")
    pairs = [("VARCHAR", other) for other in others] + [(other, "VARCHAR") for other in others]
    pairs += [("BOOLEAN", "BIGINT"), ("BIGINT", "BOOLEAN"), ("BOOLEAN", "DOUBLE"), ("DOUBLE", "BOOLEAN")]
    pairs += [("DATE", "BIGINT"), ("BIGINT", "DATE")]
    return [(f"a {left}, b {right}", _mismatch(left, operator, right)) for left, right in pairs]


def _comparison_macros() -> list[str]:
    # Exact pairs come first: DuckDB would otherwise reach for the cheapest implicit cast.
    exact = ["VARCHAR", "BOOLEAN", *INTEGERS, *_TEMPORAL, "BLOB"]
    macros = []
    for name, operator in _COMPARISONS.items():
        same = [(f"a {kind}, b {kind}", f"a {operator} b") for kind in exact]
        same += [(f"a {ZONED}, b {ZONED}", f"a.__utc {operator} b.__utc")]
        for kind in _TEMPORAL:  # without a zone, a time is that of the session: UTC
            same += [(f"a {kind}, b {ZONED}", f"a {operator} b.__utc")]
            same += [(f"a {ZONED}, b {kind}", f"a.__utc {operator} b")]
        reals = [
            (f"a {left}, b {right}", f"(a {operator} b {_NOT_NAN[name]})")
            for left in REALS
            for right in REALS
        ]
        anything = [("a, b", f"a {operator} b")]
        macros.append(macro(f"trino_{name}", same + reals + _mismatches(operator) + anything))
    return macros


def _arithmetic_macros() -> list[str]:
    # Every pair is spelt out: DuckDB finds near matches ambiguous. A parameter with a type is cast to it, so
    # that decimals are taken from `y` and `z`, which have none and are the same two values.
    divide, modulo = [], []
    for left in (*INTEGERS, *REALS, DECIMAL):
        for right in (*INTEGERS, *REALS, DECIMAL):
            real = left in REALS or right in REALS
            whole = left in INTEGERS and right in INTEGERS
            quotient = "a / b" if real else "a // b" if whole else "trino_decimal_div(y, z)"
            divide.append((f"a {left}, b {right}, y, z", quotient))
            zero = "CASE WHEN b = 0 THEN CAST('nan' AS DOUBLE) ELSE a % b END"
            modulo.append((f"a {left}, b {right}, y, z", zero if real else "a % b" if whole else "y % z"))
    divide += [(f"a INTERVAL, b {kind}, y, z", "a / b") for kind in ("INTEGER", "BIGINT", "DOUBLE")]
    number_and_date = [
        ("a DATE, b INTEGER", _mismatch("date", "+", "integer")),
        ("a INTEGER, b DATE", _mismatch("integer", "+", "date")),
    ]
    averages = [(f"a {kind}, y", "avg(a)") for kind in (*INTEGERS, *REALS)]
    no_text = unexpected("varchar", "sum")
    no_sum = refuse("FUNCTION_NOT_FOUND", "Unexpected parameters (boolean) for function sum")
    return [
        macro("trino_div", divide),
        macro("trino_mod", modulo),
        macro(
            "trino_plus",
            [
                ("a DATE, b INTERVAL", "trino_date_plus(a, b)"),
                ("a INTERVAL, b DATE", "trino_date_plus(b, a)"),
                (f"a {ZONED}, b INTERVAL", "trino_zoned_plus(a, b)"),
                (f"a INTERVAL, b {ZONED}", "trino_zoned_plus(b, a)"),
                *number_and_date,
                ("a, b", "a + b"),
            ],
        ),
        macro(
            "trino_minus",
            [
                ("a DATE, b INTERVAL", "trino_date_plus(a, -b)"),
                (f"a {ZONED}, b INTERVAL", "trino_zoned_plus(a, -b)"),
                ("a DATE, b DATE", "to_days(CAST(a - b AS INTEGER))"),
                ("a TIME, b TIME", f"({_DAY} + a) - ({_DAY} + b)"),
                (f"a {ZONED}, b {ZONED}", "a.__utc - b.__utc"),
                ("a DATE, b INTEGER", _mismatch("date", "-", "integer")),
                ("a, b", "a - b"),
            ],
        ),
        macro("trino_sum_arg", [("a BOOLEAN", no_sum), ("a VARCHAR", no_text), ("a", "a")]),
        macro("trino_avg", [*averages, (f"a {DECIMAL}, y", "trino_decimal_avg(y)")]),
        macro(
            "trino_avg_over",
            [(f"x {kind}, y, s, n, a", "a") for kind in (*INTEGERS, *REALS)]
            + [(f"x {DECIMAL}, y, s, n, a", "trino_decimal_mean(y, s, n)")],
        ),
        macro("trino_distinct_avg", [(f"a {kind}", "avg(DISTINCT a)") for kind in (*INTEGERS, *REALS)]),
        # The third and further terms of a sum, and parts of a concatenation.
        macro(
            "trino_term",
            [
                *((f"x {kind}", _mismatch("number", "+", kind)) for kind in ("VARCHAR", "DATE", "BOOLEAN")),
                *((f"x {kind}", "x") for kind in (*INTEGERS, *REALS)),
                ("x", "x"),
            ],
        ),
        macro(
            "trino_part",
            [
                ("x VARCHAR", "x"),
                *((f"x {kind}", _mismatch("varchar", "||", kind)) for kind in ("BIGINT", "DOUBLE", "DATE")),
                ("x", "x"),
            ],
        ),
        macro(
            "trino_concat",
            [
                ("a VARCHAR, b VARCHAR", "a || b"),
                ("a BLOB, b BLOB", "a || b"),
                *_mismatches("||"),
                ("a, b", "a || b"),
            ],
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
    overloads += [(f"x {integer}", f"{cast}(x AS {kind})") for integer in INTEGERS]
    overloads += [(f"x {DECIMAL}", rounded)]
    return macro(name, [*overloads, ("x", f"{cast}(x AS {kind})")])


# Of what Java and Trino take as a number or a time; DuckDB takes more.
_NUMBER = r"\s*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)\s*"
_TIME = r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?"
_TIMESTAMP = rf"\s*[+-]?[0-9]{{4,}}-[0-9]{{1,2}}-[0-9]{{1,2}}( {_TIME})?\s*"
_LARGEST_REAL = "3.4028235677973366e38"


def _text_casts(attempt: bool) -> list[str]:
    """Casts whose text DuckDB takes in more forms than Trino."""
    cast, prefix = ("TRY_CAST", "trino_try_") if attempt else ("CAST", "trino_")

    def bad(text: str) -> str:
        shown = text.replace("%", "' || x || '")
        return "NULL" if attempt else f"error('INVALID_CAST_ARGUMENT: {shown}')"

    def guarded(pattern: str, value: str, text: str) -> str:
        return f"CASE WHEN x IS NULL THEN NULL WHEN regexp_full_match(x, '{pattern}') THEN {value} ELSE {bad(text)} END"

    real = f"""CASE WHEN abs(x) > {_LARGEST_REAL} AND NOT isnan(x) THEN CAST(sign(x) * CAST('infinity' AS FLOAT) AS FLOAT)
        ELSE CAST(x AS FLOAT) END"""
    digits = guarded(_NUMBER, "x", "Cannot cast ''%'' to DECIMAL")
    # Half up, to so many microseconds.
    rounded = "make_timestamp(CAST(floor((epoch_us(x) + u / 2) / u) * u AS BIGINT))"
    moment = guarded(
        _TIMESTAMP, f"trino_round_time({cast}(x AS TIMESTAMP), u)", "Value cannot be cast to timestamp: %"
    )
    return [
        macro(
            f"{prefix}cast_boolean",
            [
                ("x VARCHAR", f"""CASE WHEN x IS NULL THEN NULL WHEN lower(x) IN ('t', 'true', '1') THEN true
                    WHEN lower(x) IN ('f', 'false', '0') THEN false ELSE {bad("Cannot cast ''%'' to BOOLEAN")} END"""),
                ("x", f"{cast}(x AS BOOLEAN)"),
            ],
        ),
        macro(
            f"{prefix}cast_double",
            [("x VARCHAR", guarded(_NUMBER, f"{cast}(trim(x) AS DOUBLE)", "Cannot cast ''%'' to DOUBLE")),
             ("x", f"{cast}(x AS DOUBLE)")],
        ),
        macro(
            f"{prefix}cast_float",
            [("x VARCHAR", guarded(_NUMBER, f"{cast}(trim(x) AS FLOAT)", "Cannot cast ''%'' to REAL")),
             ("x DOUBLE", real), ("x", f"{cast}(x AS FLOAT)")],
        ),
        macro(
            f"{prefix}cast_time",
            [("x VARCHAR", guarded(_TIME, f"{cast}(x AS TIME)", "Value cannot be cast to time: %")),
             (f"x {ZONED}", "CAST(trino_local(x) AS TIME)"), ("x", f"{cast}(x AS TIME)")],
        ),
        macro(f"{prefix}digits_of", [("x VARCHAR, y", digits), ("x, y", "y")]),
        f"CREATE OR REPLACE MACRO trino_round_time(x, u) AS ({rounded})",
        macro(
            f"{prefix}cast_timestamp",
            [("x VARCHAR, u", moment), (f"x {ZONED}, u", "trino_local(x)"), ("x TIMESTAMP, u", "trino_round_time(x, u)"),
             ("x, u", f"{cast}(x AS TIMESTAMP)")],
        ),
    ]  # fmt: skip


def _cast_macros() -> list[str]:
    macros = [_integer_cast(kind, attempt) for kind in INTEGERS[:-1] for attempt in (False, True)]
    for attempt in (False, True):
        cast, prefix = ("TRY_CAST", "try_") if attempt else ("CAST", "")
        bad = "NULL" if attempt else "error('INVALID_CAST_ARGUMENT: Value cannot be cast to date: ' || x)"
        # DuckDB also takes other separators and a time of day; a regular expression would cost more.
        iso = "strlen(x) BETWEEN 8 AND 10 AND x[5] = '-'"
        date = f"CASE WHEN x IS NULL THEN NULL WHEN {iso} THEN {cast}(x AS DATE) ELSE {bad} END"
        zoned = (f"x {ZONED}", "CAST(trino_local(x) AS DATE)")
        macros.append(
            macro(f"trino_{prefix}cast_date", [("x VARCHAR", date), zoned, ("x", f"{cast}(x AS DATE)")])
        )
        macros += _text_casts(attempt)
        macros.append(
            macro(
                f"trino_{prefix}cast_varchar",
                [
                    # JSON is a VARCHAR to the choice of overloads.
                    (
                        "x VARCHAR, y",
                        "CASE WHEN typeof(y) = 'JSON' THEN json_extract_string(x, '$') ELSE x END",
                    ),
                    ("x DOUBLE, y", _DOUBLE_TEXT),
                    ("x FLOAT, y", _DOUBLE_TEXT),
                    ("x TIMESTAMP, y", _TIMESTAMP_TEXT),
                    (f"x {ZONED}, y", "trino_zone_text(x)"),
                    ("x INTERVAL, y", "trino_interval_text(x)"),
                    ("x TIME, y", "strftime(DATE '1970-01-01' + x, '%H:%M:%S.%g')"),
                    (f"x {DECIMAL}, y", "CAST(y AS VARCHAR)"),
                    ("x BLOB, y", refuse("TYPE_MISMATCH", "Cannot cast varbinary to varchar")),
                    *(
                        (f"x {kind}, y", "CAST(x AS VARCHAR)")
                        for kind in (*INTEGERS, "DATE", "BOOLEAN", "UUID")
                    ),
                    ("x, y", "CAST(x AS VARCHAR)"),
                ],
            )
        )
    return macros


def _on_zoned(unit: str, add: str) -> str:
    """Days and longer units are counted on the clock of the zone, shorter ones on the instant."""
    if unit in DATE_UNITS:
        return f"trino_zoned({add.replace('x +', 'trino_local(x) +', 1)}, x.__zone)"
    return f"trino_at({add.replace('x +', 'x.__utc +', 1)}, x.__zone)"


def _zoned_difference(unit: str) -> str:
    if unit in DATE_UNITS:
        return f"date_sub('{unit}', trino_local(a), trino_local(trino_at(b.__utc, a.__zone)))"
    return f"date_sub('{unit}', a.__utc, b.__utc)"


def _date_macros() -> list[str]:
    macros = []
    for unit in UNITS:
        add = f"x + to_{unit}s(CAST(n AS INTEGER))"
        if unit in MONTHS:
            add = f"x + to_months(CAST(n * {MONTHS[unit]} AS INTEGER))"
        elif unit == "week":
            add = "x + to_days(CAST(n * 7 AS INTEGER))"
        as_date = f"CAST({add} AS DATE)"
        if unit in ("day", "week"):  # a date and a whole number: cheaper than by way of a timestamp
            as_date = f"x + CAST(n * {7 if unit == 'week' else 1} AS INTEGER)"
        on_date = (
            as_date
            if unit in DATE_UNITS
            else refuse("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field")
        )
        macros.append(
            macro(
                f"trino_date_add_{unit}",
                [
                    ("n, x DATE", on_date),
                    ("n, x TIMESTAMP", add),
                    (f"n, x {ZONED}", _on_zoned(unit, add)),
                    ("n, x VARCHAR", unexpected("varchar(1), bigint, varchar", "date_add")),
                ],
            )
        )
        kinds = ("TIMESTAMP", "DATE") if unit in DATE_UNITS else ("TIMESTAMP",)
        overloads = [(f"a {kind}, b {kind}", f"date_sub('{unit}', a, b)") for kind in kinds]
        if unit in DATE_UNITS:
            mixed = f"date_sub('{unit}', CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP))"
            overloads += [("a DATE, b TIMESTAMP", mixed), ("a TIMESTAMP, b DATE", mixed)]
        overloads += [
            (f"a {ZONED}, b {ZONED}", _zoned_difference(unit)),
            (f"a TIMESTAMP, b {ZONED}", f"date_sub('{unit}', a, b.__utc)"),
            (f"a {ZONED}, b TIMESTAMP", _zoned_difference(unit).replace("b.__utc", "b")),
        ]
        if unit in UNITS[:4]:
            overloads += [("a TIME, b TIME", f"date_sub('{unit}', {_DAY} + a, {_DAY} + b)")]
        of_text = [("a VARCHAR, b VARCHAR", unexpected("varchar, varchar, varchar", "date_diff"))]
        macros.append(macro(f"trino_date_diff_{unit}", overloads + of_text))
        truncate = f"date_trunc('{unit}', x)"
        on_date = (
            f"CAST({truncate} AS DATE)"
            if unit in DATE_UNITS
            else refuse("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid DATE field")
        )
        macros.append(
            macro(
                f"trino_date_trunc_{unit}",
                [
                    ("x DATE", on_date),
                    ("x TIMESTAMP", truncate),
                    (f"x {ZONED}", f"trino_zoned(date_trunc('{unit}', trino_local(x)), x.__zone)"),
                ],
            )
        )
    return macros


def macro_statements() -> list[str]:
    """Return the statements that teach a DuckDB database Trino's semantics, each after those it uses."""
    made = [
        *_comparison_macros(),
        *_arithmetic_macros(),
        *_cast_macros(),
        *_date_macros(),
        *function_macros(),
        *value_macros(),
    ]
    named = {re.findall(r"trino_\w+", statement)[0]: statement for statement in made}
    ordered: dict[str, str] = {}

    def place(name: str) -> None:
        for used in re.findall(r"trino_\w+", named[name])[1:]:
            if used in named and used not in ordered and used != name:
                place(used)
        ordered[name] = named[name]

    for name in named:
        if name not in ordered:
            place(name)
    return list(ordered.values())
