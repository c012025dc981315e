"""Properties that hold for any values, against models in Python."""

import datetime as dt
import json
from decimal import ROUND_HALF_UP, Decimal, localcontext
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as strategies

from tests.local_athena.fakes import Athena

_SETTINGS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_DECIMALS = strategies.decimals(-9999, 9999, places=2, allow_nan=False, allow_infinity=False)
_LISTS = strategies.lists(strategies.one_of(strategies.none(), strategies.integers(0, 4)), max_size=6)
_TEXT = strategies.text(strategies.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
_LINES = strategies.text(
    strategies.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=8
)
_LINES_OR_NULL = strategies.one_of(strategies.none(), _LINES)
_NUMBERS_OR_NULL = strategies.one_of(strategies.none(), strategies.integers(-5, 5))
_ZONES = strategies.sampled_from(
    ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "UTC"]
)


def _array(values: list[int | None]) -> str:
    return "CAST(ARRAY[" + ", ".join("NULL" if v is None else str(v) for v in values) + "] AS array(integer))"


def _shown(values: list[int | None]) -> str:
    return "[" + ", ".join("null" if v is None else str(v) for v in values) + "]"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@_SETTINGS
@given(a=_DECIMALS, b=_DECIMALS.filter(bool), scale=strategies.integers(2, 6))
def test_decimals_divide_to_the_larger_scale_half_up(
    athena: Athena, a: Decimal, b: Decimal, scale: int
) -> None:
    with localcontext(prec=60):
        expected = (a / b).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    [(found,)] = athena.rows(f"SELECT CAST({a} AS decimal(10, 2)) / CAST({b} AS decimal(12, {scale}))")
    assert found is not None
    assert Decimal(found) == expected
    assert len(found.partition(".")[2]) == scale


@_SETTINGS
@given(values=strategies.lists(_DECIMALS, min_size=1, max_size=6))
def test_the_average_of_decimals_keeps_their_scale(athena: Athena, values: list[Decimal]) -> None:
    rows = ", ".join(f"CAST({value} AS decimal(10, 2))" for value in values)
    expected = (sum(values) / len(values)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    [(found,)] = athena.rows(f"SELECT avg(x) FROM (VALUES {rows}) AS t(x)")
    assert found is not None
    assert Decimal(found) == expected


@_SETTINGS
@given(
    value=strategies.recursive(
        strategies.one_of(
            strategies.none(), strategies.booleans(), strategies.integers(-(10**9), 10**9), _TEXT
        ),
        lambda inner: strategies.one_of(
            strategies.lists(inner, max_size=3), strategies.dictionaries(_TEXT, inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_json_is_canonical_whatever_it_was_written_like(athena: Athena, value: object) -> None:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    written = json.dumps(value, indent=2)
    sql = f"SELECT json_format(json_parse({_text(written)})), json_format(json_parse({_text(canonical)}))"
    assert athena.rows(sql) == [(canonical, canonical)]


@_SETTINGS
@given(a=_LISTS, b=_LISTS)
def test_sets_of_elements_are_those_of_python(
    athena: Athena, a: list[int | None], b: list[int | None]
) -> None:
    first, second = dict.fromkeys(a), dict.fromkeys(b)
    expected = (
        _shown(list(first)),
        _shown([x for x in first if x not in second]),
        _shown([x for x in first if x in second]),
        _shown([*first, *(x for x in second if x not in first)]),
    )
    left, right = _array(a), _array(b)
    functions = ", ".join(f"array_{name}({left}, {right})" for name in ("except", "intersect", "union"))
    assert athena.rows(f"SELECT array_distinct({left}), {functions}") == [expected]


@_SETTINGS
@given(a=strategies.lists(strategies.integers(0, 9), min_size=1, max_size=6), place=strategies.integers(1, 6))
def test_a_subscript_gives_the_element_or_fails(athena: Athena, a: list[int], place: int) -> None:
    sql = f"SELECT element_at({_array(list(a))}, {place}), try({_array(list(a))}[{place}])"
    expected = str(a[place - 1]) if place <= len(a) else None
    assert athena.rows(sql) == [(expected, expected)]


@_SETTINGS
@given(moment=strategies.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 1, 1)), zone=_ZONES)
def test_a_time_in_a_zone_is_that_of_the_clocks_there(athena: Athena, moment: dt.datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    there = moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
    value = f"TIMESTAMP '{moment}.000 UTC' AT TIME ZONE '{zone}'"
    seconds = moment.replace(tzinfo=dt.UTC).timestamp()
    sql = f"SELECT {value}, CAST({value} AS date), hour({value}), to_unixtime({value}) = {seconds}E0"
    expected = (f"{there:%Y-%m-%d %H:%M:%S}.000 {zone}", f"{there:%Y-%m-%d}", str(there.hour), "true")
    assert athena.rows(sql) == [expected]


@_SETTINGS
@given(
    rows=strategies.lists(strategies.tuples(_LINES_OR_NULL, _NUMBERS_OR_NULL), min_size=1, max_size=5),
    properties=strategies.sampled_from(
        [
            "format = 'JSON'", "format = 'TEXTFILE'", "format = 'PARQUET'",
            "bucketed_by = ARRAY['s'], bucket_count = 3",
        ]
    ),
)  # fmt: skip
def test_what_a_table_is_made_of_is_read_back(
    athena: Athena, rows: list[tuple[str | None, int | None]], properties: str
) -> None:
    athena.reset()
    texts = ["NULL" if s is None else _text(s) for s, _ in rows]
    numbers = ["NULL" if n is None else str(n) for _, n in rows]
    values = ", ".join(
        f"({i}, CAST({s} AS varchar), CAST({n} AS integer))"
        for i, (s, n) in enumerate(zip(texts, numbers, strict=True))
    )
    athena.run(f"CREATE TABLE t WITH ({properties}) AS SELECT * FROM (VALUES {values}) AS v(i, s, n)")
    expected = [(s, None if n is None else str(n)) for s, n in rows]
    assert athena.rows("SELECT s, n FROM t ORDER BY i") == expected


@_SETTINGS
@given(first=strategies.integers(1, 28), days=strategies.integers(0, 40), asked=strategies.integers(-3, 45))
def test_projected_days_are_those_of_the_range_and_only_the_one_asked_for_is_billed(
    athena: Athena, first: int, days: int, asked: int
) -> None:
    athena.reset()
    start = dt.date(2026, 1, first)
    end, day = start + dt.timedelta(days=days), start + dt.timedelta(days=asked)
    for offset in range(-1, days + 2, 5):
        athena.put(f"s3://raw/p/d={start + dt.timedelta(days=offset)}/f", f"{offset}\n")
    athena.run(
        "CREATE EXTERNAL TABLE p (n int) PARTITIONED BY (d string) LOCATION 's3://raw/p/' TBLPROPERTIES ("
        "'projection.enabled' = 'true', 'projection.d.type' = 'date', 'projection.d.format' = 'yyyy-MM-dd', "
        f"'projection.d.range' = '{start},{end}')"
    )
    inside = [offset for offset in range(-1, days + 2, 5) if 0 <= offset <= days]
    assert athena.rows("SELECT n FROM p ORDER BY n") == [(str(offset),) for offset in inside]
    outcome = athena.run(f"SELECT n FROM p WHERE d = '{day}'")
    assert outcome.rows == (asked in inside)
    assert outcome.scanned == (len(f"{asked}\n") if asked in inside else 0)
