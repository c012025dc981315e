# ruff: noqa: E501 - statements read better on one line
"""More of dates and times."""

from tests.local_athena.corpus.case import TRINO, Page

date = Page("date", f"{TRINO}/functions/datetime.html")

CASES = [
    date.gives(
        "",
        "SELECT DATE '2020-01-31' + INTERVAL '1' MONTH, date_add('month',-1,DATE '2020-03-31'), date_add('year',1,DATE '2020-02-29'), date_add('quarter',1,DATE '2020-11-30')",
        ("2020-02-29", "2020-02-29", "2021-02-28", "2021-02-28"),
    ),
    date.gives(
        "",
        "SELECT date_diff('second',TIMESTAMP '2020-01-01 00:00:00',TIMESTAMP '2020-01-01 00:01:00.999'), date_diff('hour',TIMESTAMP '2020-03-29 00:00:00 Europe/Berlin',TIMESTAMP '2020-03-30 00:00:00 Europe/Berlin')",
        ("60", "23"),
    ),
    date.gives(
        "",
        "SELECT date_trunc('quarter',DATE '2020-05-15'), date_trunc('week',TIMESTAMP '2020-01-01 10:00:00'), date_trunc('year',DATE '2020-05-15'), date_trunc('minute',TIMESTAMP '2020-01-01 10:20:30.123')",
        ("2020-04-01", "2019-12-30 00:00:00.000", "2020-01-01", "2020-01-01 10:20:00.000"),
    ),
    date.gives(
        "",
        "SELECT date_trunc('day', TIMESTAMP '2020-07-01 01:30:00 America/New_York')",
        "2020-07-01 00:00:00.000 America/New_York",
    ),
    date.gives(
        "",
        "SELECT week(DATE '2021-01-03'), year_of_week(DATE '2021-01-03'), day_of_week(DATE '2021-01-03'), day_of_year(DATE '2020-12-31'), yow(DATE '2018-12-31')",
        ("53", "2020", "7", "366", "2019"),
    ),
    date.gives(
        "",
        "SELECT date_format(TIMESTAMP '2020-01-05 13:04:05.678','%Y/%m/%d %H:%i:%s.%f %p %a %W %b %M %e %c %j %y %k %l %h %T %r %x-%v %%')",
        "2020/01/05 13:04:05.678000 PM Sun Sunday Jan January 5 1 005 20 13 1 01 13:04:05 01:04:05 PM 2020-01 %",
    ),
    date.gives(
        "",
        "SELECT date_parse('2020-01-05 13:04','%Y-%m-%d %H:%i'), date_parse('Jan 5, 2020','%b %e, %Y'), date_parse('20200105','%Y%m%d')",
        ("2020-01-05 13:04:00.000", "2020-01-05 00:00:00.000", "2020-01-05 00:00:00.000"),
    ),
    date.fails("", "SELECT date_parse('2020-13-05','%Y-%m-%d')", "INVALID_FUNCTION_ARGUMENT"),
    date.fails(
        "",
        "SELECT date_parse('2020-01-05 x','%Y-%m-%d')",
        'INVALID_FUNCTION_ARGUMENT: Invalid format: "2020-01-05 x" is malformed at " x"',
        known="the place within the text is not told",
    ),
    date.gives(
        "",
        "SELECT format_datetime(TIMESTAMP '2020-01-05 13:04:05.678','yyyy-MM-dd''T''HH:mm:ss.SSS'), format_datetime(TIMESTAMP '2020-01-05 03:04:05','h:mm a E EEEE MMM MMMM D')",
        ("2020-01-05T13:04:05.678", "3:04 AM Sun Sunday Jan January 5"),
    ),
    date.gives(
        "",
        "SELECT format_datetime(TIMESTAMP '2020-01-05 13:04:05 America/New_York','yyyy-MM-dd HH:mm ZZ'), parse_datetime('2020-01-05 13:04','yyyy-MM-dd HH:mm')",
        ("2020-01-05 13:04 -05:00", "2020-01-05 13:04:00.000 UTC"),
        known="zones in format_datetime are not there",
    ),
    date.gives(
        "",
        "SELECT from_unixtime(0), from_unixtime(1577836800.5e0), to_unixtime(TIMESTAMP '2020-01-01 00:00:00'), from_unixtime(0,'America/New_York'), from_unixtime(0, 5, 30)",
        (
            "1970-01-01 00:00:00.000 UTC",
            "2020-01-01 00:00:00.500 UTC",
            "1.5778368E9",
            "1969-12-31 19:00:00.000 America/New_York",
            "1970-01-01 05:30:00.000 +05:30",
        ),
    ),
    date.gives(
        "",
        "SELECT from_iso8601_timestamp('2020-05-11T11:15:05+05:30'), from_iso8601_timestamp('2020-05-11'), from_iso8601_date('2020-W10-1'), to_iso8601(DATE '2020-01-01')",
        ("2020-05-11 11:15:05.000 +05:30", "2020-05-11 00:00:00.000 UTC", "2020-03-02", "2020-01-01"),
    ),
    date.gives(
        "",
        "SELECT TIMESTAMP '2020-01-01 12:00:00 UTC' AT TIME ZONE 'America/New_York', at_timezone(TIMESTAMP '2020-07-01 12:00:00 UTC','Europe/Berlin'), with_timezone(TIMESTAMP '2020-01-01 12:00:00','Asia/Tokyo')",
        (
            "2020-01-01 07:00:00.000 America/New_York",
            "2020-07-01 14:00:00.000 Europe/Berlin",
            "2020-01-01 12:00:00.000 Asia/Tokyo",
        ),
    ),
    date.gives(
        "",
        "SELECT TIMESTAMP '2020-01-01 12:00:00 UTC' = TIMESTAMP '2020-01-01 13:00:00 Europe/Berlin', TIMESTAMP '2020-03-29 01:30:00 Europe/Berlin' + INTERVAL '1' HOUR",
        ("true", "2020-03-29 03:30:00.000 Europe/Berlin"),
    ),
    date.gives(
        "",
        "SELECT EXTRACT(DAY FROM DATE '2020-02-03'), EXTRACT(DOW FROM DATE '2020-02-02'), EXTRACT(TIMEZONE_HOUR FROM TIMESTAMP '2020-01-01 00:00:00 +05:30'), year(TIMESTAMP '2020-01-01 00:00:00'), millisecond(TIMESTAMP '2020-01-01 00:00:00.123')",
        ("3", "7", "5", "2020", "123"),
    ),
    date.gives(
        "",
        "SELECT DATE '2020-01-03' - DATE '2020-01-01', TIMESTAMP '2020-01-02 00:00:00' - TIMESTAMP '2020-01-01 12:00:00'",
        ("2 00:00:00.000", "0 12:00:00.000"),
        types="interval day to second, interval day to second",
    ),
    date.gives(
        "",
        "SELECT INTERVAL '1' YEAR + INTERVAL '2' MONTH, INTERVAL '2' DAY * 3, INTERVAL '1-2' YEAR TO MONTH",
        ("1-2", "6 00:00:00.000", "1-2"),
    ),
    date.gives(
        "",
        "SELECT INTERVAL '1 02:03:04.567' DAY TO SECOND, -INTERVAL '3' HOUR",
        ("1 02:03:04.567", "-0 03:00:00.000"),
    ),
    date.fails(
        "",
        "SELECT DATE '2020-01-01' + INTERVAL '1' HOUR",
        "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date",
    ),
    date.gives("", "SELECT CAST(TIMESTAMP '2020-01-01 10:00:00' AS varchar)", "2020-01-01 10:00:00"),
    date.gives(
        "",
        "SELECT typeof(TIMESTAMP '2020-01-01 10:00:00'), typeof(TIMESTAMP '2020-01-01 10:00:00.123'), typeof(CAST('2020-01-01' AS timestamp))",
        ("timestamp(0)", "timestamp(3)", "timestamp(3)"),
    ),
    date.gives("", "SELECT CAST(TIMESTAMP '2020-01-01 10:00:00 UTC' AS varchar)", "2020-01-01 10:00:00 UTC"),
    date.gives(
        "",
        "SELECT last_day_of_month(DATE '2020-02-10'), last_day_of_month(TIMESTAMP '2021-02-10 10:00:00'), day_of_month(DATE '2020-02-10'), quarter(DATE '2020-12-01')",
        ("2020-02-29", "2021-02-28", "10", "4"),
    ),
    date.gives(
        "",
        "SELECT date('2020-01-01'), date(TIMESTAMP '2020-01-01 23:00:00'), to_milliseconds(INTERVAL '1' SECOND), parse_duration('42.8ms'), human_readable_seconds(3762)",
        ("2020-01-01", "2020-01-01", "1000", "0 00:00:00.043", "1 hour, 2 minutes, 42 seconds"),
    ),
    date.fails("", "SELECT DATE '2020-02-30'", "line 1:8: '2020-02-30' is not a valid DATE literal"),
    date.fails("", "SELECT date_add('day', 1, '2020-01-01')", "FUNCTION_NOT_FOUND"),
    date.gives(
        "",
        "SELECT date_add('millisecond', 5, TIMESTAMP '2020-01-01 00:00:00.000'), date_add('hour', -1, TIMESTAMP '2020-01-01 00:00:00 UTC')",
        ("2020-01-01 00:00:00.005", "2019-12-31 23:00:00.000 UTC"),
    ),
    date.gives(
        "",
        "SELECT TIME '10:00:00' - TIME '09:00:00', hour(TIME '10:20:30'), date_diff('minute', TIME '10:00', TIME '11:30')",
        ("0 01:00:00.000", "10", "90"),
    ),
    date.gives(
        "",
        "SELECT to_iso8601(TIMESTAMP '2020-01-01 10:00:00.000 Europe/Berlin'), to_iso8601(TIMESTAMP '2020-01-01 10:00:00.000')",
        ("2020-01-01T10:00:00.000+01:00", "2020-01-01T10:00:00.000"),
    ),
    date.gives(
        "",
        "SELECT timezone_hour(TIMESTAMP '2020-01-01 00:00:00 -03:30'), timezone_minute(TIMESTAMP '2020-01-01 00:00:00 -03:30')",
        ("-3", "-30"),
    ),
    date.gives(
        "",
        "SELECT date_diff('day', TIMESTAMP '2020-10-24 12:00:00 Europe/Berlin', TIMESTAMP '2020-10-25 12:00:00 Europe/Berlin'), CAST(TIMESTAMP '2020-01-01 23:30:00 America/New_York' AS date)",
        ("1", "2020-01-01"),
    ),
]
