"""Import by a user's own contract: the files as they come, and imports after others."""

import gzip
from datetime import date
from pathlib import Path

import pytest
from engage_ml import data_contract as dc

from engage_cli.datagen.importing import import_into
from engage_cli.datagen.load import SYNTHETIC_KEY, load_raw
from engage_cli.errors import UserError
from tests.unit.contract_support import EVENTS, HEAD, WEEKLY, Owner, days


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


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


@pytest.mark.parametrize(("one", "two"), [("DE", "US"), ("US", "DE")])
def test_events_of_several_rows_that_begin_at_the_same_place_are_told_apart_by_their_values(
    owner: Owner, one: str, two: str
) -> None:
    owner.contract_file.write_text(
        EVENTS.replace('"events"', '"events"\nevent_id = "n"')
        + '[customers]\nfrom = "activity"\n[customers.attributes]\nland = "category"\n'
    )
    # R1 begins in row 1 of the first file; R2, put together, there too: first file, row 1 (of the second).
    head = "customer_id,event_time,amount,land,n\n"
    first = owner.write("1.csv", head + f"a,2026-01-07,1,{one},R1\na,2026-01-07,1,{two},R2\n")
    second = owner.write("2.csv", head + f"a,2026-01-07,1,{two},R2\n")
    owner.load(None, first, second)
    assert [row["land"] for row in owner.raw.table("customers/")] == ["DE"]


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
