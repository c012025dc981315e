"""Queries give what Trino gives, in Trino's types and words; DuckDB's own doors are shut."""

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as strategies

from engage_cli.local.athena.dialect import parse_query
from engage_cli.local.athena.hoist import hoist
from engage_cli.local.athena.translate import translate
from tests.local_athena.fakes import Athena

_SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_SETTINGS
@given(a=strategies.integers(-(2**31) + 1, 2**31 - 1), b=strategies.integers(-1000, 1000).filter(bool))
def test_integer_division_truncates_towards_zero(athena: Athena, a: int, b: int) -> None:
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    assert athena.rows(f"SELECT ({a}) / ({b}), ({a}) % ({b})") == [(str(quotient), str(a - quotient * b))]


def _months(start: dt.date, end: dt.date) -> int:
    """Return the whole months from start to end: the largest n with start + n months <= end."""
    if end < start:
        return -_months_back(start, end)
    count = (end.year - start.year) * 12 + end.month - start.month
    return count if _plus_months(start, count) <= end else count - 1


def _months_back(start: dt.date, end: dt.date) -> int:
    count = (start.year - end.year) * 12 + start.month - end.month
    return count if _plus_months(start, -count) >= end else count - 1


def _plus_months(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return dt.date(year, month + 1, min(day.day, (following - dt.timedelta(days=1)).day))


@_SETTINGS
@given(
    a=strategies.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)),
    b=strategies.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)),
)
def test_date_diff_counts_whole_units_as_joda_does(athena: Athena, a: dt.date, b: dt.date) -> None:
    days = (b - a).days
    weeks = abs(days) // 7 * (1 if days >= 0 else -1)
    sql = ", ".join(f"date_diff('{unit}', DATE '{a}', DATE '{b}')" for unit in ("day", "week", "month"))
    assert athena.rows(f"SELECT {sql}") == [(str(days), str(weeks), str(_months(a, b)))]


@_SETTINGS
@given(a=strategies.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)), n=strategies.integers(-60, 60))
def test_date_add_gives_a_date_and_clips_to_the_month(athena: Athena, a: dt.date, n: int) -> None:
    sql = f"SELECT date_add('week', {n}, DATE '{a}'), date_add('month', {n}, DATE '{a}')"
    assert athena.rows(sql) == [(str(a + dt.timedelta(weeks=n)), str(_plus_months(a, n)))]


def test_columns_without_a_name_and_types_are_those_of_athena(athena: Athena) -> None:
    outcome = athena.run(
        "SELECT count(*), 1 AS Foo, x, x + 1, sum(2) OVER () FROM (VALUES 1) AS t(x) GROUP BY x"
    )
    assert [c.name for c in outcome.columns] == ["_col0", "Foo", "x", "_col3", "_col4"]
    assert [c.type for c in outcome.columns] == ["bigint", "integer", "integer", "integer", "bigint"]


def test_a_star_keeps_the_position_of_later_unnamed_columns(athena: Athena) -> None:
    outcome = athena.run("SELECT *, 1 FROM (VALUES (1, 2)) AS t(x, y)")
    assert [c.name for c in outcome.columns] == ["x", "y", "_col2"]


def test_values_are_quoted_and_null_is_empty(athena: Athena) -> None:
    outcome = athena.run("SELECT 'a\"b' AS q, NULL AS n, '' AS e, 'x\ny' AS l")
    assert outcome.csv is not None
    assert outcome.csv.read_text() == '"q","n","e","l"\n"a""b",,"","x\ny"\n'


def test_a_concatenation_of_many_arguments_is_bound_at_once(athena: Athena) -> None:
    # As nested macros it took time that doubled with every argument: minutes from 25 on.
    parts = ", ".join("CASE WHEN n > 0 THEN '1' ELSE '0' END" for _ in range(60))
    assert athena.rows(f"SELECT concat({parts}) = '{'1' * 60}' FROM (VALUES 1) t(n)") == [("true",)]
    assert athena.rows("SELECT concat('a', NULL, 'c') IS NULL, length(concat('a', 'b', 'c'))") == [
        ("true", "3")
    ]


def test_a_translation_copies_a_statement_once_and_leaves_it_as_it_was() -> None:
    tree = parse_query("SELECT x, avg(y) FILTER (WHERE y > 0) / count(*) AS m FROM t GROUP BY x ORDER BY x")
    before = tree.sql(dialect="trino")
    assert "__inner" in translate(tree).sql(dialect="duckdb")
    assert tree.sql(dialect="trino") == before
    # A statement of the pipeline has ten thousand nodes: the copy that `translate` made is changed itself.
    assert hoist(tree) is tree
    assert "__inner" in tree.sql(dialect="duckdb")
