"""Import by a user's own contract: how values, times and rows are read, and what is refused."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage_cli.errors import UserError
from tests.unit.contract_support import EVENTS, HEAD, WEEKLY, Owner, days


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def amounts(owner: Owner, cells: list[str], measure: str, decimal: str = ".") -> dict[str, Any]:
    """What some texts are read as, by text; None for one that is set aside."""
    contract = f'[activity]\nkind = "events"\ndecimal = "{decimal}"\n[activity.measures]\nx = {measure}\n'
    lines = [f'c{n};2026-01-05;"{cell}"' for n, cell in enumerate(cells)]
    owner.read(contract, "customer_id;event_time;x\n" + "\n".join(lines) + "\nz;2026-01-05;1\n")
    found = {row["customer_id"]: row["x"] for row in owner.rows()}
    return {cell: found.get(f"c{n}") for n, cell in enumerate(cells)}


def test_numbers_are_read_with_currency_signs_and_marks_of_thousands(owner: Owner) -> None:
    cells = {"12.5": 12.5, "$1,234.50": 1234.5, "€ 7": 7.0, "1,234,567": 1234567.0, "1e3": 1000.0, "": 0.0,
             "nan": 0.0, "NULL": 0.0, "N/A": 0.0, "12,5": None, "1,23,456": None, "x": None, "inf": None,
             "-3": None}  # fmt: skip
    assert amounts(owner, list(cells), '"amount"') == cells


def test_amounts_of_money_are_read_as_tills_and_accounts_write_them(owner: Owner) -> None:
    cells = {"R$ 1,234.50": 1234.5, "US$7": 7.0, "USD 7.25": 7.25, "7.25 EUR": 7.25, "5 kr": 5.0, "₹99": 99.0,
             "(12.50)": -12.5, "($1,234.50)": -1234.5, "-£3": -3.0, "ABC 7": None, "(x)": None}  # fmt: skip
    assert amounts(owner, list(cells), '{ kind = "amount", negative = "keep" }') == cells
    with_commas = {"R$ 1.234,50": 1234.5, "(12,50)": -12.5, "7,25 EUR": 7.25}
    assert amounts(owner, list(with_commas), '{ kind = "amount", negative = "keep" }', ",") == with_commas


def test_decimal_commas_are_read_and_points_never_a_thousand_times_too_large(owner: Owner) -> None:
    cells = {"12,5": 12.5, "1.234,50": 1234.5, "1.234.567": 1234567.0, "12.50": None, "7": 7.0}
    assert amounts(owner, list(cells), '"amount"', decimal=",") == cells


def test_counts_must_be_whole(owner: Owner) -> None:
    cells = {"3": 3, "3.0": 3, "4000000000": 4000000000, "2.5": None, "": 0}
    assert amounts(owner, list(cells), '"count"') == cells


@pytest.mark.parametrize(
    ("said", "expected", "bad"),
    [("refuse", [5.0], 1), ("keep", [-2.0, 5.0], 0), ("drop", [5.0], 0)],
)
def test_amounts_below_zero_are_refused_kept_or_left_out_as_the_contract_says(
    owner: Owner, said: str, expected: list[float], bad: int
) -> None:
    contract = EVENTS.replace('"amount"', f'{{ kind = "amount", negative = "{said}" }}')
    report = owner.read(contract, "customer_id,event_time,amount\na,2026-01-05,-2\nb,2026-01-05,5\n")
    assert sorted(row["amount"] for row in owner.rows()) == expected
    assert report.activity is not None
    assert report.activity.rows_set_aside == bad
    assert report.activity.left_out == ({"amount is negative": 1} if said == "drop" else {})
    assert owner.contract.contract.measure("amount").negative is (said == "keep")


@pytest.mark.parametrize(("said", "kept"), [("skip", "left_out"), ("refuse", "reasons")])
def test_rows_without_a_customer_are_left_out_or_set_aside(owner: Owner, said: str, kept: str) -> None:
    contract = EVENTS.replace('"events"', f'"events"\nanonymous = "{said}"')
    report = owner.read(contract, HEAD + ",2026-01-05,1\nnan,2026-01-05,1\nb,2026-01-05,2\n")
    assert report.activity is not None
    assert getattr(report.activity, kept) == {"customer_id is empty": 2}
    assert [row["customer_id"] for row in owner.rows()] == ["b"]


def test_identifiers_with_and_without_a_decimal_zero_are_the_same_customer(owner: Owner) -> None:
    owner.read(
        EVENTS, "customer_id,event_time,amount\n17850.0,2026-01-05,1\n17850,2026-01-06,1\nA.0,2026-01-06,1\n"
    )
    assert {row["customer_id"] for row in owner.rows()} == {"17850", "A.0"}


@pytest.mark.parametrize(
    ("said", "cell", "expected"),
    [
        ("", "2026-01-05", datetime(2026, 1, 5)),
        ("", "2026-01-05T13:45:10Z", datetime(2026, 1, 5, 13, 45, 10)),
        ("%d/%m/%Y %H:%M", "5/1/2026 8:26", datetime(2026, 1, 5, 8, 26)),
        ("%m/%d/%Y", "1/5/2026", datetime(2026, 1, 5)),
        ("%Y%m%d", "19970105", datetime(1997, 1, 5)),
        ("%d.%m.%y", "05.01.26", datetime(2026, 1, 5)),
        ("epoch", "1433221332", datetime(2015, 6, 2, 5, 2, 12)),
        ("epoch ms", "1433221332117", datetime(2015, 6, 2, 5, 2, 12, 117000)),
        ("days since 2013-10-01", "-3", datetime(2013, 9, 28)),
        ("days since 2013-10-01", "400", datetime(2014, 11, 5)),
        ("weeks since 2013-10-07", "2", datetime(2013, 10, 21)),
    ],
)
def test_times_are_read_as_the_contract_says(owner: Owner, said: str, cell: str, expected: datetime) -> None:
    contract = EVENTS.replace('"events"', f'"events"\ntime_format = "{said}"')
    owner.read(contract, f"customer_id,event_time,amount\na,{cell},1\n")
    (row,) = owner.rows()
    assert row["event_time"] == expected
    monday = expected.date() - timedelta(days=expected.weekday())
    assert row["week"] == monday.isoformat()


@pytest.mark.parametrize(("said", "cell"), [("%d/%m/%Y", "1/25/2026"), ("epoch", "soon"), ("", "05.01.2026")])
def test_a_column_in_another_format_is_refused_as_a_column(owner: Owner, said: str, cell: str) -> None:
    contract = EVENTS.replace('"events"', f'"events"\ntime_format = "{said}"')
    with pytest.raises(UserError, match="No value of the column 'event_time'") as refused:
        owner.read(contract, f"customer_id,event_time,amount\na,{cell},1\n")
    assert "time_format" in str(refused.value.hint)


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    day=st.dates(date(1990, 1, 1), date(2026, 11, 1)),
    start=st.integers(0, 6),
)
def test_a_week_goes_to_the_monday_nearest_to_its_first_day(owner: Owner, day: date, start: int) -> None:
    first = day - timedelta(days=(day.weekday() - start) % 7)
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    contract = WEEKLY.replace("[activity]", f'[activity]\nweek_starts = "{names[start]}"')
    people = "customer_id,signup_date\na,1980-01-01\n"
    report = owner.read(contract, f"customer_id,week,minutes\na,{first},1\n", people)
    (week,) = report.weeks
    assert week.weekday() == 0
    assert abs((week - first).days) <= 3


def test_a_week_that_begins_on_another_day_is_set_aside(owner: Owner) -> None:
    report = owner.read(
        WEEKLY.replace("[activity]", '[activity]\nweek_starts = "sunday"'),
        "customer_id,week,minutes\na,2026-01-04,1\na,2026-01-12,1\n",
        "customer_id,signup_date\na,2025-01-01\n",
    )
    assert report.activity is not None
    assert report.activity.reasons == {"week is not a Sunday": 1}
    assert report.weeks == (date(2026, 1, 5),)


def test_booleans_are_read_as_the_pipeline_reads_them(owner: Owner) -> None:
    contract = WEEKLY.replace("[customers]", '[customers]\n[customers.attributes]\nvip = "boolean"')
    words = {"Yes": True, "t": True, "1": True, "1.0": True, "no": False, "N": False, "0": False, "": None}
    people = "customer_id,signup_date,vip\n" + "".join(f"c{n},2025-01-01,{w}\n" for n, w in enumerate(words))
    owner.read(contract, "customer_id,week,minutes\nc0,2026-01-05,1\n", people)
    assert [row["vip"] for row in owner.rows("customers")] == list(words.values())


def test_lines_of_one_receipt_are_one_event_and_lines_without_one_are_their_own(owner: Owner) -> None:
    contract = EVENTS.replace('"events"', '"events"\nevent_id = "receipt"')
    owner.read(
        contract,
        "customer_id,event_time,amount,receipt\na,2026-01-05,1,R1\na,2026-01-05,2,R1\nb,2026-01-05,4,R1\n"
        "a,2026-01-05,8,\na,2026-01-05,16,\na,2026-01-06,32,R1\n",
    )
    found = sorted((row["customer_id"], row["amount"]) for row in owner.rows())
    assert found == [("a", 3.0), ("a", 8.0), ("a", 16.0), ("a", 32.0), ("b", 4.0)]
    assert "event_id" not in owner.rows()[0]


def test_a_year_of_two_digits_is_not_read_as_one_of_four(owner: Owner) -> None:
    contract = EVENTS.replace('"events"', '"events"\ntime_format = "%d/%m/%Y"')
    report = owner.read(contract, HEAD + "a,05/01/26,1\na,05/01/2026,1\n")
    assert report.activity is not None
    assert report.activity.reasons == {"event_time is before 1900": 1}


def test_names_that_the_import_uses_itself_are_free_for_a_contract(owner: Owner) -> None:
    names = (
        "file_no",
        "row_no",
        "kind",
        "detail",
        "left_out",
        "event_id",
        "line",
        "bad",
        "nth",
        "order",
        "raw",
    )
    measures = "".join(f'{name} = "count"\n' for name in names)
    contract = EVENTS.replace('"events"', '"events"\nevent_id = "n"') + measures
    owner.read(contract, HEAD.strip() + f",n,{','.join(names)}\na,2026-01-05,1,R{',7' * len(names)}\n")
    (row,) = owner.rows()
    assert [row[name] for name in names] == [7] * len(names)


def test_columns_without_a_name_are_no_obstacle(owner: Owner) -> None:
    report = owner.read(EVENTS, ",customer_id,event_time,amount,\n0,a,2026-01-05,1,\n")
    assert report.activity is not None
    assert report.activity.ignored_columns == ("unnamed 1", "unnamed 5")
    assert len(owner.rows()) == 1


def test_a_time_beyond_all_calendars_is_set_aside(owner: Owner) -> None:
    contract = EVENTS.replace('"events"', '"events"\ntime_format = "epoch"')
    report = owner.read(contract, HEAD + "a,1433221332,1\na,1e30,1\na,-1e12,1\n")
    assert report.activity is not None
    assert report.activity.reasons == {"event_time is not a time written as epoch": 2}


def test_equal_events_are_two_events(owner: Owner) -> None:
    owner.read(EVENTS, "customer_id,event_time,amount\na,2026-01-05,1\na,2026-01-05,1\n")
    assert len(owner.rows()) == 2


@pytest.mark.parametrize(
    ("texts", "weeks", "noted"),
    [
        # Every week ends on Saturday: the shop is closed on Sundays, and the last week is over.
        (["2026-01-10", "2026-01-17", "2026-01-24"], 3, False),
        # The last week ends on Tuesday, those before on Saturday.
        (["2026-01-10", "2026-01-17", "2026-01-20"], 2, True),
        # One week tells nothing.
        (["2026-01-06"], 1, False),
    ],
)
def test_a_last_week_that_is_not_over_is_left_out(
    owner: Owner, texts: list[str], weeks: int, noted: bool
) -> None:
    report = owner.read(EVENTS, days(*texts))
    assert len(report.weeks) == weeks
    assert any("seems unfinished" in note for note in report.notes) is noted


def test_a_hole_in_the_events_is_refused_and_a_short_pause_is_not(owner: Owner) -> None:
    report = owner.read(EVENTS, days("2026-01-10", "2026-02-14"))
    assert len(report.weeks) == 6
    assert "4 weeks have no activity" in " ".join(report.notes)
    with pytest.raises(UserError, match="no activity in the 5 weeks from 2026-01-12 to 2026-02-16"):
        owner.read(EVENTS, days("2026-01-10", "2026-02-21"))
