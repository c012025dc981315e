"""Import of exports as shops, tills and spreadsheets write them: what is read, left out and refused."""

import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from engage_cli.errors import UserError
from tests.unit.contract_support import EVENTS, HEAD, Owner


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


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
