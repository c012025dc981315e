"""Trino's functions of dates, times, zones and intervals, in DuckDB's terms."""

from collections.abc import Callable

from sqlglot import exp

from engage_cli.local.athena.calls import (
    Arguments,
    Renderer,
    Table,
    call,
    literal_text,
    renamed,
    shaped,
    template,
)
from engage_cli.local.athena.dialect import position
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.formats import joda_to_strftime, mysql_to_strftime

UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
# The fields of EXTRACT and the functions of the same names, by the macro that gives them.
FIELDS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week",
    "day": "day", "day_of_month": "day", "day_of_week": "dow", "dow": "dow",
    "day_of_year": "doy", "doy": "doy",
    "year_of_week": "yow", "yow": "yow", "hour": "hour", "minute": "minute", "second": "second",
    "millisecond": "millisecond", "timezone_hour": "timezone_hour", "timezone_minute": "timezone_minute",
}  # fmt: skip


def _unit(node: exp.Expression, function: str) -> str:
    unit = literal_text(node, f"A unit of {function}").lower()
    if unit not in UNITS:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"{position(node)}'{unit}' is not a valid DATE field")
    return unit


def _by_unit(name: str) -> Renderer:
    return lambda a: call(f"trino_{name}_{_unit(a[0], name)}", *a[1:])


def _formatted(convert: Callable[[str], str]) -> Renderer:
    def render(arguments: Arguments) -> exp.Expression:
        form = convert(literal_text(arguments[1], "A format"))
        return call("strftime", call("trino_wall", arguments[0]), exp.Literal.string(form))

    return render


def _date_parse(arguments: Arguments) -> exp.Expression:
    form = mysql_to_strftime(literal_text(arguments[1], "A format"))
    return call("strptime", arguments[0], exp.Literal.string(form))


def _parse_datetime(arguments: Arguments) -> exp.Expression:
    form = joda_to_strftime(literal_text(arguments[1], "A format"))
    return template("trino_at(strptime(:s, :f), 'UTC')", s=arguments[0], f=exp.Literal.string(form))


def _from_unixtime(arguments: Arguments) -> exp.Expression:
    zone = arguments[1] if len(arguments) == 2 else exp.Literal.string("UTC")
    if len(arguments) == 3:
        sign = "CASE WHEN (:h) < 0 OR (:m) < 0 THEN '-' ELSE '+' END"
        sql = f"format('{{}}{{:02d}}:{{:02d}}', {sign}, abs(:h), abs(:m))"
        zone = template(sql, h=arguments[1], m=arguments[2])
    sql = "trino_at(make_timestamp(CAST(round(CAST(:x AS DOUBLE) * 1000) AS BIGINT) * 1000), :z)"
    return template(sql, x=arguments[0], z=zone)


DATES: Table = {
    "date_add": ((3,), _by_unit("date_add")),
    "date_diff": ((3,), _by_unit("date_diff")),
    "date_trunc": ((2,), _by_unit("date_trunc")),
    "date_format": ((2,), _formatted(mysql_to_strftime)),
    "format_datetime": ((2,), _formatted(joda_to_strftime)),
    "date_parse": ((2,), _date_parse),
    "parse_datetime": ((2,), _parse_datetime),
    "from_unixtime": ((1, 2, 3), _from_unixtime),
    "from_unixtime_nanos": ((1,), shaped("trino_at(make_timestamp((:x) // 1000), 'UTC')", "x")),
    "to_unixtime": ((1,), renamed("trino_to_unixtime")),
    "to_milliseconds": ((1,), shaped("CAST(round(epoch(:x) * 1000) AS BIGINT)", "x")),
    "parse_duration": ((1,), renamed("python_parse_duration")),
    "from_iso8601_date": ((1,), renamed("python_iso_date")),
    "from_iso8601_timestamp": ((1,), renamed("python_iso_timestamp")),
    "to_iso8601": ((1,), renamed("trino_to_iso8601")),
    "at_timezone": ((2,), renamed("trino_at_timezone")),
    "with_timezone": ((2,), renamed("trino_zoned")),
    "timezone": ((1,), shaped("struct_extract(:x, '__zone')", "x")),
    "now": ((0,), lambda a: call("trino_now")),
    "current_timezone": ((0,), lambda a: exp.Literal.string("UTC")),
    "last_day_of_month": ((1,), renamed("trino_last_day")),
    **{name: ((1,), renamed(f"trino_{field}")) for name, field in FIELDS.items()},
}
