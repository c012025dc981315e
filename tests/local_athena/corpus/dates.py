# ruff: noqa: E501 - statements read better on one line
"""Dates, times, time zones and intervals."""

from tests.local_athena.corpus.case import TRINO, Page

date = Page("date", f"{TRINO}/functions/datetime.html")
zone = Page("time zone", f"{TRINO}/functions/datetime.html")

CASES = [
    date.gives(
        "date-and-time-operators",
        "SELECT DATE '2012-08-08' + INTERVAL '2' DAY, TIMESTAMP '2012-08-08 01:00:00.000' + INTERVAL '29' HOUR, TIMESTAMP '2012-10-31 01:00:00.000' + INTERVAL '1' MONTH",
        ("2012-08-10", "2012-08-09 06:00:00.000", "2012-11-30 01:00:00.000"),
    ),
    date.gives(
        "date-and-time-operators",
        "SELECT INTERVAL '2' DAY + INTERVAL '3' HOUR, INTERVAL '3' YEAR + INTERVAL '5' MONTH",
        ("2 03:00:00.000", "3-5"),
    ),
    date.gives(
        "date-and-time-operators",
        "SELECT DATE '2012-08-08' - INTERVAL '2' DAY, TIMESTAMP '2012-08-08 01:00:00.000' - INTERVAL '29' HOUR, DATE '2012-08-08' - INTERVAL '3' YEAR",
        ("2012-08-06", "2012-08-06 20:00:00.000", "2009-08-08"),
    ),
    date.gives(
        "date-and-time-operators",
        "SELECT DATE '2026-01-03' - DATE '2026-01-01', TIMESTAMP '2026-01-02 03:00:00.000' - TIMESTAMP '2026-01-01 00:00:00.000'",
        ("2 00:00:00.000", "1 03:00:00.000"),
        types="interval day to second, interval day to second",
    ),
    date.gives(
        "date-and-time-operators",
        "SELECT 3 * INTERVAL '2' DAY, INTERVAL '1' HOUR * 2, INTERVAL '1' DAY / 2, - INTERVAL '1' DAY",
        ("6 00:00:00.000", "0 02:00:00.000", "0 12:00:00.000", "-1 00:00:00.000"),
    ),
    date.gives(
        "date_add",
        "SELECT date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00.000'), date_add('hour', 9, TIMESTAMP '2020-03-01 00:00:00.000'), date_add('day', -1, TIMESTAMP '2020-03-01 00:00:00.000')",
        ("2020-03-01 00:01:26.000", "2020-03-01 09:00:00.000", "2020-02-29 00:00:00.000"),
    ),
    date.gives(
        "date_add",
        "SELECT date_add('millisecond', 5, TIMESTAMP '2020-03-01 00:00:00.000'), date_add('quarter', 1, DATE '2026-11-30'), date_add('day', 1, DATE '2024-02-28')",
        ("2020-03-01 00:00:00.005", "2027-02-28", "2024-02-29"),
    ),
    date.gives(
        "date_diff",
        "SELECT date_diff('second', TIMESTAMP '2020-03-01 00:00:00.000', TIMESTAMP '2020-03-02 00:00:00.000'), date_diff('day', DATE '2020-03-01', DATE '2020-03-02'), date_diff('month', DATE '2020-03-01', DATE '2020-04-30')",
        ("86400", "1", "1"),
        types="bigint, bigint, bigint",
    ),
    date.gives(
        "date_diff",
        "SELECT date_diff('hour', TIMESTAMP '2020-03-01 00:00:00.000', TIMESTAMP '2020-03-01 23:59:59.000'), date_diff('year', DATE '2024-02-29', DATE '2025-02-28'), date_diff('quarter', DATE '2026-01-01', DATE '2026-12-31'), date_diff('day', DATE '2026-03-02', DATE '2026-03-01')",
        ("23", "1", "3", "-1"),
    ),
    date.gives(
        "date_diff",
        "SELECT date_diff('day', TIMESTAMP '2026-01-01 00:00:00.000', DATE '2026-01-03'), date_diff('minute', TIMESTAMP '2026-01-01 00:00:00.000', TIMESTAMP '2025-12-31 23:58:30.000')",
        ("2", "-1"),
    ),
    date.gives(
        "date_trunc",
        "SELECT date_trunc('second', TIMESTAMP '2001-08-22 03:04:05.321'), date_trunc('minute', TIMESTAMP '2001-08-22 03:04:05.321'), date_trunc('day', TIMESTAMP '2001-08-22 03:04:05.321')",
        ("2001-08-22 03:04:05.000", "2001-08-22 03:04:00.000", "2001-08-22 00:00:00.000"),
    ),
    date.gives(
        "date_trunc",
        "SELECT date_trunc('quarter', TIMESTAMP '2001-08-22 03:04:05.321'), date_trunc('year', DATE '2001-08-22'), date_trunc('week', TIMESTAMP '2001-08-22 03:04:05.321')",
        ("2001-07-01 00:00:00.000", "2001-01-01", "2001-08-20 00:00:00.000"),
    ),
    date.fails(
        "date_trunc",
        "SELECT date_trunc('hour', DATE '2026-01-01')",
        "INVALID_FUNCTION_ARGUMENT: 'hour' is not a valid DATE field",
    ),
    date.fails(
        "date_trunc",
        "SELECT date_trunc('fortnight', DATE '2026-01-01')",
        "INVALID_FUNCTION_ARGUMENT: line 1:19: 'fortnight' is not a valid DATE field",
    ),
    date.gives(
        "date",
        "SELECT date(TIMESTAMP '2026-01-05 23:59:59'), CAST(TIMESTAMP '2026-01-05 23:59:59' AS date), date('2026-1-5')",
        ("2026-01-05", "2026-01-05", "2026-01-05"),
    ),
    date.gives(
        "mysql-date-functions",
        "SELECT date_format(TIMESTAMP '2022-10-20 05:10:00.000', '%m-%d-%Y %H'), date_format(DATE '2026-11-02', '%W %e %M %y, %j'), date_format(TIMESTAMP '2026-01-02 15:04:05.678', '%h:%i:%S %p %f')",
        ("10-20-2022 05", "Monday 2 November 26, 306", "03:04:05 PM 678000"),
    ),
    date.gives(
        "mysql-date-functions",
        "SELECT date_format(TIMESTAMP '2026-01-02 15:04:05', '%a %b %c %k %l %T %r %v %x %%')",
        "Fri Jan 1 15 3 15:04:05 03:04:05 PM 01 2026 %",
    ),
    date.gives(
        "mysql-date-functions",
        "SELECT date_parse('2022/10/20/05', '%Y/%m/%d/%H'), date_parse('20 Oct 2022', '%d %b %Y'), date_parse('10/20/22 3:04 PM', '%m/%d/%y %h:%i %p')",
        ("2022-10-20 05:00:00.000", "2022-10-20 00:00:00.000", "2022-10-20 15:04:00.000"),
        types="timestamp, timestamp, timestamp",
    ),
    date.fails(
        "mysql-date-functions",
        "SELECT date_parse('2022-10-20 xx', '%Y-%m-%d')",
        'INVALID_FUNCTION_ARGUMENT: Invalid format: "2022-10-20 xx" is malformed at " xx"',
        known="the place within the text is not told",
    ),
    date.fails(
        "mysql-date-functions",
        "SELECT date_format(TIMESTAMP '2026-01-02 00:00:00', '%D')",
        "NOT_SUPPORTED: %D",
    ),
    date.gives(
        "java-date-functions",
        "SELECT format_datetime(TIMESTAMP '2026-01-02 15:04:05.678', 'yyyy-MM-dd''T''HH:mm:ss.SSS'), format_datetime(DATE '2026-11-02', 'EEEE, d MMMM yy')",
        ("2026-01-02T15:04:05.678", "Monday, 2 November 26"),
    ),
    date.gives(
        "java-date-functions",
        "SELECT CAST(parse_datetime('2026-01-02 15:04', 'yyyy-MM-dd HH:mm') AS timestamp), parse_datetime('1960/01/22 3:04', 'yyyy/MM/dd H:mm')",
        ("2026-01-02 15:04:00.000", "1960-01-22 03:04:00.000 UTC"),
    ),
    date.gives(
        "extract",
        "SELECT EXTRACT(YEAR FROM TIMESTAMP '2022-10-20 05:10:00'), EXTRACT(QUARTER FROM DATE '2026-11-02'), EXTRACT(DAY_OF_YEAR FROM DATE '2026-02-01'), EXTRACT(YOW FROM DATE '2027-01-01'), EXTRACT(HOUR FROM TIMESTAMP '2022-10-20 05:10:00')",
        ("2022", "4", "32", "2026", "5"),
        types="bigint, bigint, bigint, bigint, bigint",
    ),
    date.gives(
        "extract",
        "SELECT EXTRACT(MONTH FROM DATE '2026-11-02'), EXTRACT(DAY FROM DATE '2026-11-02'), EXTRACT(MINUTE FROM TIMESTAMP '2022-10-20 05:10:42'), EXTRACT(SECOND FROM TIMESTAMP '2022-10-20 05:10:42'), EXTRACT(DAY_OF_WEEK FROM DATE '2026-11-01')",
        ("11", "2", "10", "42", "7"),
    ),
    date.gives(
        "hour",
        "SELECT hour(TIMESTAMP '2026-01-02 15:04:05.678'), minute(TIMESTAMP '2026-01-02 15:04:05.678'), second(TIMESTAMP '2026-01-02 15:04:05.678'), millisecond(TIMESTAMP '2026-01-02 15:04:05.678')",
        ("15", "4", "5", "678"),
        types="bigint, bigint, bigint, bigint",
    ),
    date.gives(
        "day",
        "SELECT day_of_month(DATE '2026-11-02'), week_of_year(DATE '2026-11-02'), yow(DATE '2026-01-01'), doy(DATE '2026-12-31'), year(DATE '2026-11-02')",
        ("2", "45", "2026", "365", "2026"),
        types="bigint, bigint, bigint, bigint, bigint",
    ),
    date.gives(
        "hour",
        "SELECT day(INTERVAL '3' DAY), hour(INTERVAL '29' HOUR), year(INTERVAL '3' YEAR), minute(INTERVAL '90' MINUTE)",
        ("3", "5", "3", "30"),
    ),
    date.gives(
        "last_day_of_month",
        "SELECT last_day_of_month(DATE '2024-02-10'), last_day_of_month(TIMESTAMP '2026-12-01 10:00:00')",
        ("2024-02-29", "2026-12-31"),
        types="date, date",
    ),
    date.gives(
        "from_iso8601_date",
        "SELECT from_iso8601_date('2020-05-11'), to_iso8601(DATE '2020-05-11'), to_iso8601(TIMESTAMP '2020-05-11 11:15:05.000')",
        ("2020-05-11", "2020-05-11", "2020-05-11T11:15:05.000"),
    ),
    date.gives(
        "from_iso8601_date",
        "SELECT from_iso8601_date('2020-W10'), from_iso8601_date('2020-123')",
        ("2020-03-02", "2020-05-02"),
    ),
    date.gives(
        "to_unixtime",
        "SELECT to_unixtime(TIMESTAMP '2020-01-01 00:00:00.500'), to_milliseconds(INTERVAL '1' DAY)",
        ("1.5778368005E9", "86400000"),
        types="double, bigint",
    ),
    date.gives(
        "parse_duration",
        "SELECT parse_duration('42.8ms'), parse_duration('3.81 d'), parse_duration('5m')",
        ("0 00:00:00.043", "3 19:26:24.000", "0 00:05:00.000"),
    ),
    date.gives(
        "human_readable_seconds",
        "SELECT human_readable_seconds(96), human_readable_seconds(3762), human_readable_seconds(56363463)",
        (
            "1 minute, 36 seconds",
            "1 hour, 2 minutes, 42 seconds",
            "93 weeks, 1 day, 8 hours, 31 minutes, 3 seconds",
        ),
    ),
    date.gives(
        "current_date",
        "SELECT current_date = CAST(now() AS date), localtimestamp <= CAST(current_timestamp AS timestamp) + INTERVAL '1' SECOND, current_timezone()",
        ("true", "true", "UTC"),
    ),
    date.gives(
        "sequence",
        "SELECT sequence(DATE '2026-01-01', DATE '2026-01-03'), sequence(DATE '2026-01-01', DATE '2026-01-15', INTERVAL '7' DAY), sequence(DATE '2026-01-31', DATE '2026-03-31', INTERVAL '1' MONTH)",
        (
            "[2026-01-01, 2026-01-02, 2026-01-03]",
            "[2026-01-01, 2026-01-08, 2026-01-15]",
            "[2026-01-31, 2026-02-28, 2026-03-31]",
        ),
    ),
    date.gives(
        "date_add", "SELECT x + INTERVAL '1' DAY * 0 FROM (VALUES DATE '2026-01-01') AS t(x)", "2026-01-01"
    ),
    date.gives(
        "comparison",
        "SELECT DATE '2026-01-01' = TIMESTAMP '2026-01-01 00:00:00', DATE '2026-01-01' BETWEEN DATE '2025-12-31' AND DATE '2026-01-02', TIMESTAMP '2026-01-01 00:00:00' < TIMESTAMP '2026-01-01 00:00:00.001'",
        ("true", "true", "true"),
    ),
    date.fails(
        "date-and-time-operators",
        "SELECT DATE '2026-01-01' + INTERVAL '1' HOUR",
        "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date",
    ),
    date.fails(
        "types",
        "SELECT DATE '2026-02-30'",
        "INVALID_LITERAL: line 1:8: '2026-02-30' is not a valid DATE literal",
    ),
    zone.gives(
        "time-zone-conversion",
        "SELECT TIMESTAMP '2012-10-31 01:00:00.000 UTC', TIMESTAMP '2012-10-31 01:00:00.000 UTC' AT TIME ZONE 'America/Los_Angeles'",
        ("2012-10-31 01:00:00.000 UTC", "2012-10-30 18:00:00.000 America/Los_Angeles"),
    ),
    zone.gives(
        "at_timezone",
        "SELECT at_timezone(TIMESTAMP '2012-10-31 01:00:00.000 UTC', 'America/Los_Angeles'), with_timezone(TIMESTAMP '2021-08-01 09:10:00.000', 'America/New_York')",
        ("2012-10-30 18:00:00.000 America/Los_Angeles", "2021-08-01 09:10:00.000 America/New_York"),
    ),
    zone.gives(
        "at_timezone",
        "SELECT CAST(TIMESTAMP '2026-07-01 02:00:00.000 UTC' AT TIME ZONE 'America/New_York' AS date), hour(TIMESTAMP '2026-07-01 02:00:00.000 UTC' AT TIME ZONE 'America/New_York'), CAST(TIMESTAMP '2026-07-01 02:00:00.000 UTC' AT TIME ZONE 'America/New_York' AS timestamp)",
        ("2026-06-30", "22", "2026-06-30 22:00:00.000"),
    ),
    zone.gives(
        "at_timezone",
        "SELECT date_trunc('day', TIMESTAMP '2026-07-01 02:00:00.000 UTC' AT TIME ZONE 'America/New_York'), date_format(TIMESTAMP '2026-07-01 02:00:00.000 UTC' AT TIME ZONE 'America/New_York', '%Y-%m-%d %H')",
        ("2026-06-30 00:00:00.000 America/New_York", "2026-06-30 22"),
    ),
    zone.gives(
        "at_timezone",
        "SELECT TIMESTAMP '2026-01-01 12:00:00.000 UTC' = TIMESTAMP '2026-01-01 07:00:00.000 America/New_York', TIMESTAMP '2026-01-01 12:00:00.000 UTC' > TIMESTAMP '2026-01-01 06:00:00.000 America/New_York'",
        ("true", "true"),
    ),
    zone.gives(
        "at_timezone",
        "SELECT date_diff('hour', TIMESTAMP '2026-01-01 12:00:00.000 UTC', TIMESTAMP '2026-01-01 12:00:00.000 America/New_York'), to_unixtime(TIMESTAMP '1970-01-01 00:00:00.000 America/New_York'), date_add('day', 1, TIMESTAMP '2026-03-07 12:00:00.000 America/New_York')",
        ("5", "18000.0", "2026-03-08 12:00:00.000 America/New_York"),
    ),
    zone.gives(
        "from_unixtime",
        "SELECT from_unixtime(0), from_unixtime(1.5E0), from_unixtime(0, 'America/New_York'), from_unixtime_nanos(1000000000)",
        (
            "1970-01-01 00:00:00.000 UTC",
            "1970-01-01 00:00:01.500 UTC",
            "1969-12-31 19:00:00.000 America/New_York",
            "1970-01-01 00:00:01.000 UTC",
        ),
        types="timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone",
    ),
    zone.gives(
        "from_unixtime",
        "SELECT date(from_unixtime(86400)), CAST(from_unixtime(86400) AS timestamp), date_format(from_unixtime(86400), '%Y-%m-%d'), year(from_unixtime(0))",
        ("1970-01-02", "1970-01-02 00:00:00.000", "1970-01-02", "1970"),
    ),
    zone.gives(
        "from_iso8601_timestamp",
        "SELECT from_iso8601_timestamp('2020-05-11'), from_iso8601_timestamp('2020-05-11T11:15:05'), from_iso8601_timestamp('2020-05-11T11:15:05.055+01:00')",
        ("2020-05-11 00:00:00.000 UTC", "2020-05-11 11:15:05.000 UTC", "2020-05-11 11:15:05.055 +01:00"),
    ),
    zone.gives(
        "to_iso8601",
        "SELECT to_iso8601(TIMESTAMP '2020-05-11 11:15:05.055 UTC'), to_iso8601(TIMESTAMP '2020-05-11 11:15:05.055 America/New_York')",
        ("2020-05-11T11:15:05.055Z", "2020-05-11T11:15:05.055-04:00"),
    ),
    zone.gives(
        "timezone_hour",
        "SELECT timezone_hour(TIMESTAMP '2026-01-01 00:00:00.000 America/New_York'), timezone_minute(TIMESTAMP '2026-01-01 00:00:00.000 Asia/Kolkata'), EXTRACT(TIMEZONE_HOUR FROM TIMESTAMP '2026-01-01 00:00:00.000 UTC')",
        ("-5", "30", "0"),
    ),
    zone.gives(
        "timezone",
        "SELECT timezone(TIMESTAMP '2026-01-01 00:00:00.000 America/New_York'), timezone(TIMESTAMP '2026-01-01 00:00:00.000 UTC')",
        ("America/New_York", "UTC"),
    ),
    zone.gives(
        "cast",
        "SELECT CAST('2026-01-01 00:00:00.000 America/New_York' AS timestamp with time zone), CAST(TIMESTAMP '2026-01-01 00:00:00.000' AS timestamp with time zone), CAST(TIMESTAMP '2026-01-01 00:00:00.000 UTC' AS varchar)",
        (
            "2026-01-01 00:00:00.000 America/New_York",
            "2026-01-01 00:00:00.000 UTC",
            "2026-01-01 00:00:00.000 UTC",
        ),
    ),
    zone.gives(
        "min",
        "SELECT max(x), min(x) FROM (VALUES TIMESTAMP '2026-01-01 00:00:00.000 America/New_York', TIMESTAMP '2026-01-01 09:00:00.000 America/New_York') AS t(x)",
        ("2026-01-01 09:00:00.000 America/New_York", "2026-01-01 00:00:00.000 America/New_York"),
    ),
    zone.gives(
        "at-time-zone",
        "SELECT TIMESTAMP '2012-10-31 01:00:00.000' AT TIME ZONE 'America/Los_Angeles'",
        "2012-10-30 18:00:00.000 America/Los_Angeles",
    ),
    zone.gives(
        "from_unixtime",
        "SELECT from_unixtime(1700000000), date_format(from_unixtime(x), '%Y-%m'), from_unixtime(BIGINT '1700000000') FROM (VALUES 1700000000) AS t(x)",
        ("2023-11-14 22:13:20.000 UTC", "2023-11", "2023-11-14 22:13:20.000 UTC"),
    ),
    zone.gives(
        "comparison",
        "SELECT TIMESTAMP '2026-01-01 00:00:00' < TIMESTAMP '2026-01-01 00:00:00.000 America/New_York', now() > DATE '2026-01-01', TIMESTAMP '2026-01-01 05:00:00.000 UTC' = TIMESTAMP '2026-01-01 05:00:00'",
        ("true", "true", "true"),
    ),
    zone.gives(
        "date_diff",
        "SELECT date_diff('hour', TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 00:00:00.000 America/New_York'), date_diff('day', TIMESTAMP '2026-01-03 00:00:00.000 UTC', TIMESTAMP '2026-01-01 00:00:00')",
        ("5", "-2"),
    ),
    zone.fails(
        "at_timezone",
        "SELECT TIMESTAMP '2012-10-31 01:00:00.000 UTC' AT TIME ZONE 'Mars/Olympus'",
        "INVALID_FUNCTION_ARGUMENT: 'Mars/Olympus' is not a valid time zone",
    ),
]
