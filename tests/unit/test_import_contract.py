"""Import by a user's own contract: how values, times and files are read, and what is refused."""

import gzip
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from engage_ml import data_contract as dc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage_cli.datagen.contract_check import check_files
from engage_cli.datagen.importing import import_into
from engage_cli.datagen.load import SYNTHETIC_KEY, load_raw
from engage_cli.errors import UserError
from tests.unit.contract_support import TODAY, Owner

EVENTS = '[activity]\nkind = "events"\n[activity.measures]\namount = "amount"\n'
WEEKLY = '[customers]\n[activity]\n[activity.measures]\nminutes = "amount"\n'


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


HEAD = "customer_id,event_time,amount\n"


def days(*texts: str) -> str:
    return HEAD + "".join(f"a,{day},1\n" for day in texts)


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


# Files


def test_windows_text_is_read_and_noted(owner: Owner) -> None:
    contract = EVENTS + '[customers]\nfrom = "activity"\n[customers.attributes]\ncity = "category"\n'
    text = "customer_id|event_time|amount|city\na|2026-01-05|1|Köln – Süd\n".encode("cp1252")
    report = owner.read(contract, text)
    assert [row["city"] for row in owner.rows("customers")] == ["Köln – Süd"]
    assert "Windows-1252" in report.notes[0]


def test_a_broken_line_does_not_change_the_encoding_of_a_utf8_file(owner: Owner) -> None:
    contract = EVENTS + '[customers]\nfrom = "activity"\n[customers.attributes]\ncity = "category"\n'
    good = "customer_id,event_time,amount,city\n" + "".join(f"c{n},2026-01-05,1,Köln\n" for n in range(9))
    report = owner.read(contract, good.encode() + b"x,2026-01-05,1,K\xf6ln\n")
    assert {row["city"] for row in owner.rows("customers")} == {"Köln"}
    assert report.activity is not None
    assert report.activity.reasons == {"the line is not UTF-8": 1}


@pytest.mark.parametrize("name", ["a.txt", "a.tsv", "a.txt.gz", "a.csv.gz"])
def test_text_files_of_other_names_are_read(owner: Owner, name: str) -> None:
    text = "customer_id\tevent_time\tamount\r\na\t2026-01-05\tÄ1\r\n".replace("Ä", "").encode()
    path = owner.write(name, gzip.compress(text) if name.endswith(".gz") else text)
    owner.contract_file.write_text(EVENTS)
    assert owner.load(None, path).customer_count == 1


@pytest.mark.parametrize(
    ("contract", "header", "words", "hint"),
    [
        (EVENTS.replace('"events"', '"events"\ncustomer = "custmer"'), "customer,event_time,amount",
         "'custmer'", "Did you mean 'customer'?"),
        (EVENTS, "customer_id,event_time,sum", "'amount'", "required"),
        (EVENTS.replace('"amount"\n', '{ column = "n", times = "prize" }\n'),
         "customer_id,event_time,n,price", "'prize'", "Did you mean 'price'?"),
    ],
)  # fmt: skip
def test_a_column_of_the_contract_that_is_not_in_the_file_is_named(
    owner: Owner, contract: str, header: str, words: str, hint: str
) -> None:
    with pytest.raises(UserError) as refused:
        owner.read(contract, f"{header}\n1,2026-01-05,3,4\n")
    assert f"has no column {words}" in refused.value.message
    assert hint in str(refused.value.hint)


def test_personal_values_are_never_told(owner: Owner) -> None:
    contract = WEEKLY.replace("[customers]", '[customers]\npersonal = ["Full Name"]')
    people = "customer_id,signup_date,Full Name\na,never,Ann Secret\nb,2025-01-01,Bo\n"
    owner.read(contract, "customer_id,week,minutes\nb,2026-01-05,1\n", people)
    assert "Secret" not in owner.rejects.read_text()
    assert owner.rows("customers")[0]["full_name"] == "Bo"


# Repeated imports


def test_later_events_keep_the_sign_ups_and_attributes_of_earlier_ones(owner: Owner) -> None:
    owner.contract_file.write_text(
        EVENTS + '[customers]\nfrom = "activity"\n[customers.attributes]\nland = "category"\n'
    )
    head = "customer_id,event_time,amount,land\n"
    owner.load(None, owner.write("1.csv", head + "a,2026-01-07,1,DE\nb,2026-01-11,1,\n"))
    report = owner.load(
        None, owner.write("2.csv", head + "a,2026-01-14,1,FR\nb,2026-01-15,1,US\nc,2026-01-18,1,IT\n")
    )
    found = {r["customer_id"]: (r["signup_date"], r["land"]) for r in owner.raw.table("customers/")}
    assert found == {
        "a": (date(2026, 1, 7), "DE"),
        "b": (date(2026, 1, 11), None),
        "c": (date(2026, 1, 18), "IT"),
    }
    assert (report.customer_count, report.weeks_there) == (3, 2)
    owner.load(None, owner.write("3.csv", head + "a,2026-01-07,1,XX\nb,2026-01-11,1,ES\n"))
    again = {r["customer_id"]: r["land"] for r in owner.raw.table("customers/")}
    assert again == {"a": "DE", "b": "ES", "c": "IT"}


def test_customers_that_lie_there_as_csv_keep_the_leading_zeros_of_their_identifiers(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS + '[customers]\nfrom = "activity"\n')
    owner.load(None, owner.write("1.csv", HEAD + "007,2026-01-07,1\n"))
    owner.raw.delete(list(owner.raw.keys("customers/")))
    owner.raw.put("customers/part-00000.csv", b"customer_id,signup_date\n007,2026-01-07\n")
    owner.load(None, owner.write("2.csv", HEAD + "007,2026-01-14,1\n"))
    (found,) = owner.raw.table("customers/")
    assert (found["customer_id"], found["signup_date"]) == ("007", date(2026, 1, 7))


def test_an_attribute_from_activity_never_comes_from_a_later_row(owner: Owner) -> None:
    people = '[customers]\nfrom = "activity"\n[customers.attributes]\nland = "category"\n'
    rows = "a,2026-01-05,1,\na,2026-01-19,1,US\nb,2026-01-05,1,DE\nb,2026-01-19,1,\n"
    owner.read(EVENTS + people, "customer_id,event_time,amount,land\n" + rows)
    assert {r["customer_id"]: r["land"] for r in owner.rows("customers")} == {"a": None, "b": "DE"}


def test_which_of_several_events_at_the_same_moment_tells_an_attribute_does_not_depend_on_chance(
    owner: Owner,
) -> None:
    people = '[customers]\nfrom = "activity"\n[customers.attributes]\nland = "category"\n'
    rows = "".join(f"{c},2026-01-05,1,{land}\n" for c in range(50) for land in ("US", "", "DE"))
    owner.read(EVENTS + people, "customer_id,event_time,amount,land\n" + rows)
    assert {r["land"] for r in owner.rows("customers")} == {"US"}


def test_a_week_does_not_lose_events_to_an_export_that_begins_within_it(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    owner.load(None, owner.write("1.csv", days("2026-01-05", "2026-01-06", "2026-01-11")))
    before = dict(owner.raw.objects)
    later = owner.write("2.csv", days("2026-01-11", "2026-01-18"))
    with pytest.raises(UserError, match="The week of 2026-01-05 has 3 events in the raw bucket and 1 in the"):
        owner.load(None, later)
    assert owner.raw.objects == before
    owner.load(None, owner.write("3.csv", days("2026-01-05", "2026-01-06", "2026-01-08", "2026-01-11")))
    assert len(owner.raw.table("activity/")) == 4
    owner.load(None, later, replace=True)
    assert len(owner.raw.table("activity/")) == 2


def test_with_replace_earlier_customers_are_forgotten(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    owner.load(None, owner.write("1.csv", days("2026-01-07")))
    owner.load(None, owner.write("2.csv", days("2026-01-14").replace("a,", "z,")), replace=True)
    assert [r["customer_id"] for r in owner.raw.table("customers/")] == ["z"]
    assert list(owner.raw.keys("activity/")) == ["activity/week=2026-01-12/part-00000.parquet"]


def test_data_of_another_contract_need_replace(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    events = owner.write("1.csv", days("2026-01-07"))
    owner.load(None, events)
    before = dict(owner.raw.objects)
    people = owner.write("p.csv", "customer_id,signup_date\na,2025-01-01\n")
    weekly = owner.write("w.csv", "customer_id,week,minutes\na,2026-01-05,1\n")
    owner.contract_file.write_text(WEEKLY)
    with pytest.raises(UserError, match="has other columns"):
        owner.load(people, weekly)
    with pytest.raises(UserError, match="--activity is not given"):
        owner.load(people, replace=True)
    with pytest.raises(UserError, match="--customers is not given"):
        owner.load(None, weekly, replace=True)
    with pytest.raises(UserError, match="follow the contract 'contract'"):
        import_into(owner.raw, people, [weekly], rejects=owner.rejects, max_bad_fraction=0, replace=False)  # type: ignore[arg-type]
    assert owner.raw.objects == before
    owner.load(people, weekly, replace=True)
    assert dc.parse(owner.raw.get_json(dc.KEY)).kind == dc.WEEKLY


def test_what_is_predicted_may_change_with_any_import(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    path = owner.write("1.csv", days("2026-01-07"))
    owner.load(None, path)
    owner.contract_file.write_text(EVENTS + "[predict]\nchurn_weeks = 12\n")
    owner.load(None, path)
    assert dc.parse(owner.raw.get_json(dc.KEY)).horizons["churn"] == 12


def test_data_of_the_synthetic_shapes_have_no_contract_beside_them(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    owner.load(None, owner.write("1.csv", days("2026-01-07")))
    people = owner.write("c.csv", "customer_id,signup_date\na,2025-01-01\n")
    weeks = owner.write("w.csv", "customer_id,week,active_days\na,2026-01-05,1\n")
    import_into(owner.raw, people, [weeks], rejects=owner.rejects, max_bad_fraction=0, replace=True)  # type: ignore[arg-type]
    assert dc.KEY not in owner.raw.objects
    owner.contract_file.write_text(EVENTS)
    with pytest.raises(UserError, match="follow the contract 'synthetic'"):
        owner.load(None, owner.write("1.csv", days("2026-01-07")))


def test_generated_data_in_the_place_of_ones_own_take_their_contract_away(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    owner.load(None, owner.write("1.csv", days("2026-01-07")))
    assert dc.KEY in owner.raw.objects
    assert SYNTHETIC_KEY not in owner.raw.objects
    load_raw(owner.raw, owner.raw, lambda sink: sink.put("customers/part-0.parquet", b"new"))
    assert list(owner.raw.objects) == ["customers/part-0.parquet"]


def test_a_refused_import_changes_nothing(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    with pytest.raises(UserError, match="are bad"):
        owner.load(None, owner.write("1.csv", HEAD + "a,2026-01-05,1\na,2026-01-05,x\n"))
    assert owner.raw.objects == {}


@pytest.mark.parametrize(
    ("contract", "customers", "activity", "words"),
    [
        (EVENTS, True, True, "takes the customers from the activity"),
        (WEEKLY, False, True, "no customers yet"),
        (
            WEEKLY.replace("[customers]", '[customers]\nsigned_up = "first activity"'),
            True,
            False,
            "takes the sign-ups",
        ),
        (WEEKLY, False, False, "nothing to import"),
    ],
)
def test_files_that_do_not_fit_the_contract_are_refused(
    owner: Owner, contract: str, customers: bool, activity: bool, words: str
) -> None:
    owner.contract_file.write_text(contract)
    people = owner.write("p.csv", "customer_id,signup_date\na,2025-01-01\n") if customers else None
    rows = [owner.write("w.csv", "customer_id,week,minutes\na,2026-01-05,1\n")] if activity else []
    with pytest.raises(UserError, match=words) as refused:
        owner.load(people, *rows)
    assert refused.value.hint


# Check


def test_customers_without_a_history_are_told_what_is_missing(owner: Owner) -> None:
    people = owner.write(
        "telco.csv", "customerID,tenure,Contract,Churn\n" + "".join(f"T{n},{n},m,Yes\n" for n in range(60))
    )
    text = owner.init(people)
    assert "# [activity]" in text
    assert 'ignore = ["tenure", "Contract", "Churn"]' in text
    check = owner.check(people)
    assert check.possible is False
    told = " ".join(check.reasons)
    assert "no history" in told
    assert "scores of a random split are not shown" in told
    assert "One row for each event" in told
    with pytest.raises(UserError, match=r"no section \[activity\]"):
        owner.load(people)


def test_too_short_a_history_is_told_what_would_do(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    path = owner.write("1.csv", days(*(str(date(2025, 1, 5) + timedelta(weeks=n)) for n in range(30))))
    check = owner.check(None, path)
    assert check.possible is False
    assert (check.weeks, check.weeks_needed) == (30, 48)
    assert "value_weeks = 4" in check.reasons[1]
    assert "2025-12-01" in check.reasons[2], "18 weeks later"
    short = owner.write("2.csv", days(*(str(date(2025, 1, 5) + timedelta(weeks=n)) for n in range(20))))
    assert "The shortest that works is 24 weeks" in owner.check(None, short).reasons[1]


def test_what_is_proposed_for_a_short_history_works(owner: Owner) -> None:
    path = owner.write("1.csv", days(*(str(date(2025, 1, 5) + timedelta(weeks=n)) for n in range(30))))
    owner.contract_file.write_text(EVENTS + "[predict]\nvalue_weeks = 4\n")
    check = owner.check(None, path)
    assert check.possible
    assert check.splits["value"]["test"] == "2025-06-30"
    assert "only 1 customers" in check.notes[0]


def test_a_week_that_is_not_over_by_the_clock_is_no_history(owner: Owner) -> None:
    report = owner.read(
        EVENTS, days(*(str(TODAY - timedelta(days=1) - timedelta(weeks=n)) for n in range(50)))
    )
    owner.contract_file.write_text(EVENTS)
    whole = check_files(owner.contract, report, today=TODAY)
    early = check_files(owner.contract, report, today=TODAY - timedelta(days=3))
    assert whole.as_of is not None
    assert early.as_of == whole.as_of - timedelta(weeks=1)
    nothing = check_files(owner.contract, replace(report, weeks=(TODAY,)), today=TODAY)
    assert nothing.possible is False


def test_a_contract_alone_is_checked_without_files(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS + '[predict]\ncurrency = "EUR"\n')
    check = owner.check(None)
    assert check.possible is None
    assert check.weeks_needed == 48
    assert check.predictions["value"].endswith("EUR")
    assert check.features > 30


# Packed files, other encodings, other separators


def zipped(owner: Owner, name: str, *members: str) -> Path:
    path = owner.root / name
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, ROWS)
    return path


ROWS = "customer_id,event_time,amount\né,2026-01-05,1.5\nb,2026-01-06,2\n"


def kept(owner: Owner, path: Path) -> dict[str, float]:
    owner.contract_file.write_text(EVENTS)
    report = owner.load(None, path)
    assert report.activity is not None
    assert report.activity.rows_set_aside == 0
    return {row["customer_id"]: row["amount"] for row in owner.raw.table("activity/")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_zip_with_one_file_is_read_whatever_its_encoding(owner: Owner, encoding: str) -> None:
    path = owner.root / "a.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", ROWS.encode(encoding))
    assert kept(owner, path) == {"é": 1.5, "b": 2.0}


def test_utf_16_is_read_and_a_note_says_so(owner: Owner) -> None:
    path = owner.write("a.csv", ROWS.encode("utf-16"))
    assert kept(owner, path) == {"é": 1.5, "b": 2.0}
    assert any("read as UTF-16" in note for note in owner.load(None, path).notes)


def test_a_zip_with_several_files_or_none_is_refused(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    several = zipped(owner, "a.zip", "one.csv", "two.csv")
    with pytest.raises(UserError, match="holds 2 files, and one is read"):
        owner.load(None, several)
    assert kept(owner, zipped(owner, "b.zip", "one.csv", "__MACOSX/one.csv")) == {"é": 1.5, "b": 2.0}
    with pytest.raises(UserError, match="cannot be unpacked"):
        owner.load(None, owner.write("c.zip", "no zip"))


def test_columns_may_have_blanks_between_them(owner: Owner) -> None:
    path = owner.write(
        "a.txt", " customer_id  event_time amount\n 007 2026-01-05   1.5\n 8 2026-01-06 2 9\n\n"
    )
    owner.contract_file.write_text(EVENTS)
    with pytest.raises(UserError, match=r"1 of 2 activity rows .*a.txt:3 the line has too many columns"):
        owner.load(None, path)
    path.write_text(path.read_text().replace(" 9", ""))
    assert kept(owner, path) == {"007": 1.5, "8": 2.0}


def test_a_file_without_names_of_columns_is_refused_with_its_first_values(owner: Owner) -> None:
    path = owner.write("a.txt", " 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n")
    with pytest.raises(UserError, match=r"no names of columns: 00001, 19970101, 1, 11\.77") as error:
        owner.init(None, path)
    assert "line of names on top" in (error.value.hint or "")


# Who is to blame


def test_reasons_name_the_columns_as_the_user_does(owner: Owner) -> None:
    contract = (
        '[activity]\nkind = "events"\ncustomer = "Client No"\ntime = "Bought"\nanonymous = "skip"\n'
        '[activity.measures]\nsales = { kind = "amount", column = "Pieces", times = "Price" }\n'
    )
    report = owner.read(
        contract,
        "Client No,Bought,Pieces,Price\na,2026-01-05,2,3\n,2026-01-05,1,1\nb,soon,1,1\nb,,1,1\n"
        "c,2026-01-05,-1,2\nd,2091-01-01,1,1\n",
    )
    assert report.activity is not None
    assert set(report.activity.reasons) == {
        "Bought is not a time (YYYY-MM-DD HH:MM:SS)", "Bought is empty", "Pieces times Price is negative",
        "Bought is in the future",
    }  # fmt: skip
    assert set(report.activity.left_out) == {"Client No is empty"}
    people = '[customers]\nid = "Client No"\nsigned_up = "first activity"\n'
    report = owner.read(contract + people, "Client No,Bought,Pieces,Price\na,2026-01-05,2,3\n",
                        "Client No,Plan\na,x\na,y\n")  # fmt: skip
    assert report.customers is not None
    assert report.customers.reasons == {"Client No is a duplicate": 1}


@pytest.mark.parametrize(
    ("said", "values", "hint"),
    [
        ("%d/%m/%Y", ["01/31/2026", "02/01/2026"], 'Write time_format = "%m/%d/%Y" into [activity]'),
        ("%d.%m.%Y", ["2026-01-31", "2026-02-01"], "Remove time_format from [activity]"),
        ("", ["1769817600", "1769904000"], 'Write time_format = "epoch" into [activity]'),
        ("", ["20260131", "20260201"], 'Write time_format = "%Y%m%d" into [activity]'),
        ("%d.%m.%Y", ["31 of January", "1 of Feb"], "Give the time_format of when in [activity]: nothing"),
    ],
)
def test_a_wrong_time_format_is_answered_with_the_one_that_fits(
    owner: Owner, said: str, values: list[str], hint: str
) -> None:
    contract = f'[activity]\nkind = "events"\ntime = "when"\ntime_format = "{said}"\n'
    text = "customer_id,when\n" + "".join(f"c,{value}\n" for value in values)
    with pytest.raises(UserError) as error:
        owner.read(contract, text, max_bad_fraction=0.05)
    assert values[0] in str(error.value), "the value that cannot be read is shown"
    assert hint in (error.value.hint or "")


def test_one_mistyped_time_is_no_wrong_format(owner: Owner) -> None:
    text = "customer_id,event_time,amount\n" + "".join(f"c{n},2026-01-05,x\n" for n in range(99))
    with pytest.raises(UserError) as error:
        owner.read(EVENTS, text + "c,2026-01-05,1\nd,soon,1\n", max_bad_fraction=0.05)
    assert "rejects.csv" in (error.value.hint or "")


def test_a_few_rows_far_from_all_others_are_named_instead_of_the_weeks_between(owner: Owner) -> None:
    many = "".join(f"c{n},2026-01-{n % 28 + 1:02d},1\n" for n in range(300))
    with pytest.raises(UserError, match=r"1 of 271 rows lie more than 516 weeks before all others by "
                       r"event_time: .*a\.csv:302 2016-02-01") as error:  # fmt: skip
        owner.read(EVENTS, HEAD + many + "x,2016-02-01,1\n")
    assert error.value.hint == "Correct event_time in these rows, or remove them."
    weekly = "customer_id,week,minutes\n" + "".join(f"c{n},2026-01-05,1\n" for n in range(300))
    contract = '[activity]\n[activity.measures]\nminutes = "amount"\n'
    with pytest.raises(UserError, match=r"1 of 301 rows lie more than 44 weeks after all others"):
        owner.read(contract, weekly + "x,2026-11-16,1\n")


def test_a_week_of_weekly_rows_that_is_missing_is_a_week_without_activity(owner: Owner) -> None:
    contract = '[activity]\n[activity.measures]\nminutes = "amount"\n'
    report = owner.read(contract, "customer_id,week,minutes\na,2026-01-05,1\na,2026-01-19,1\n")
    assert [str(week) for week in report.weeks] == ["2026-01-05", "2026-01-12", "2026-01-19"]
    assert "1 week has no activity at all" in " ".join(report.notes)


def test_weeks_that_are_in_the_bucket_already_are_not_emptied(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    weeks = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(9)]
    rows = [f"a,{week + timedelta(days=6)},1\n" for week in weeks]
    owner.load(None, owner.write("a.csv", HEAD + "".join(rows)))
    report = owner.load(None, owner.write("b.csv", HEAD + rows[0] + rows[8]))
    assert [str(week) for week in report.weeks] == [str(weeks[0]), str(weeks[8])]
    assert len(owner.raw.table("activity/")) == 9


def test_bad_rows_are_named_when_a_week_would_lose_events(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    good = "".join(f"c{n},2026-01-05,1\n" for n in range(50))
    owner.load(None, owner.write("a.csv", HEAD + good))
    with pytest.raises(UserError, match=r"1 bad rows were set aside, perhaps of this week") as error:
        owner.load(None, owner.write("a.csv", HEAD + good.replace("c7,2026-01-05,1", "c7,2026-01-05,x")))
    assert "Correct the rows in the list of rejects" in (error.value.hint or "")


# Customers who are not in their file, and rows that are there twice

PEOPLE = '[customers]\nid = "id"\nsigned_up = "first activity"\n[customers.attributes]\nplan = "category"\n'


def with_customers(more: str = "") -> str:
    return PEOPLE.replace("[customers]\n", f"[customers]\n{more}") + EVENTS


@pytest.mark.parametrize(
    ("said", "customers", "outcome"),
    [("refuse", {"a"}, "reasons"), ("skip", {"a"}, "left_out"), ("add", {"a", "b"}, None)],
)
def test_activity_of_customers_without_a_row_is_refused_left_out_or_adds_them(
    owner: Owner, said: str, customers: set[str], outcome: str | None
) -> None:
    activity = HEAD + "a,2026-01-05,1\nb,2026-01-06,2\n"
    report = owner.read(with_customers(f'unknown = "{said}"\n'), activity, "id,plan\na,free\n")
    found = {row["customer_id"]: row for row in owner.rows("customers")}
    assert set(found) == customers
    assert {row["customer_id"] for row in owner.rows()} == customers
    assert report.activity is not None
    if outcome:
        assert getattr(report.activity, outcome) == {"the customer is unknown": 1}
    else:
        assert (found["b"]["plan"], found["b"]["signup_date"]) == (None, date(2026, 1, 6))
        assert found["a"]["plan"] == "free"


def test_added_customers_stay_when_later_files_do_not_name_them(owner: Owner) -> None:
    owner.contract_file.write_text(with_customers('unknown = "add"\n'))
    owner.load(owner.write("c.csv", "id,plan\na,free\nb,gold\n"),
               owner.write("a.csv", HEAD + "a,2026-01-11,1\nb,2026-01-11,2\nx,2026-01-11,2\n"))  # fmt: skip
    owner.load(owner.write("c.csv", "id,plan\na,paid\n"),
               owner.write("a.csv", HEAD + "a,2026-01-18,1\nx,2026-01-18,1\n"))  # fmt: skip
    found = {row["customer_id"]: (row["plan"], row["signup_date"]) for row in owner.raw.table("customers/")}
    first = date(2026, 1, 11)
    assert found == {"a": ("paid", first), "b": ("gold", first), "x": (None, first)}
    with pytest.raises(UserError, match="adds the customers who are not in the file of customers"):
        owner.load(None, owner.write("a.csv", HEAD + "a,2026-01-25,1\n"))


def test_customers_cannot_be_added_when_sign_ups_are_in_the_file(owner: Owner) -> None:
    owner.contract_file.write_text(with_customers('unknown = "add"\n').replace("first activity", "joined"))
    with pytest.raises(UserError, match="dates every sign-up by the first activity"):
        _ = owner.contract


@pytest.mark.parametrize(("said", "outcome"), [("refuse", "reasons"), ("first", "left_out")])
def test_a_second_row_of_a_customer_is_bad_or_left_out(owner: Owner, said: str, outcome: str) -> None:
    report = owner.read(
        with_customers(f'repeated = "{said}"\n'), HEAD + "a,2026-01-05,1\n", "id,plan\na,free\na,paid\n"
    )
    assert report.customers is not None
    assert getattr(report.customers, outcome) == {"id is a duplicate": 1}
    assert [row["plan"] for row in owner.rows("customers")] == ["free"]


COPIES = "customer_id,event_time,amount,item\na,2026-01-05,1,x\na,2026-01-05,1,y\na,2026-01-05,1,x\n"


@pytest.mark.parametrize(("said", "events"), [("keep", 4), ("drop", 3)])
def test_rows_that_are_equal_in_every_column_are_events_or_copies(
    owner: Owner, said: str, events: int
) -> None:
    contract = EVENTS.replace('"events"', f'"events"\nrepeated = "{said}"')
    report = owner.read(contract, COPIES + "broken\nb,2026-01-05,,\n")
    assert len(owner.rows()) == events
    assert report.activity is not None
    assert report.activity.left_out == ({"the row is a copy of another": 1} if said == "drop" else {})
    assert report.activity.rows_set_aside == 1, "the broken line is noted once"


def test_copies_are_found_across_files_and_never_by_the_columns_of_the_contract_alone(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS.replace('"events"', '"events"\nrepeated = "drop"'))
    owner.load(None, owner.write("a.csv", COPIES), owner.write("b.csv", COPIES))
    assert len(owner.raw.table("activity/")) == 2, "of equal amounts two items are two"


def test_a_run_without_anybody_who_comes_back_is_said_to_be_impossible(owner: Owner) -> None:
    weeks = [date(2025, 1, 6) + timedelta(weeks=n) for n in range(60)]
    owner.contract_file.write_text(EVENTS)
    once = owner.write("a.csv", HEAD + "".join(f"o{n},{week + timedelta(days=6)},1\n" for n, week in
                                               enumerate(weeks)))  # fmt: skip
    check = owner.check(None, once)
    assert check.possible is False
    assert "No customer has activity in more than one week" in check.reasons[0]
    assert "'customer_id' is the number of an order" in check.reasons[1]
    once.write_text(once.read_text().replace("o59,", "o3,"))
    check = owner.check(None, once)
    assert check.possible
    assert check.report is not None
    assert check.report.returning == 1
