"""Three data sets of other people, from their files to the feature tables, without a line of code."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from engage_ml import data_contract as dc
from engage_ml import features
from engage_ml.dictionary import dictionary

from engage_cli.errors import UserError
from tests.unit import ml_support, own_data
from tests.unit.contract_support import Owner, cleaned


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Owner, Path]:
    owner = Owner(tmp_path_factory.mktemp("shop"))
    path = own_data.shop(owner.root)
    owner.init(None, path)
    owner.load(None, path)
    return owner, path


@pytest.fixture(scope="module")
def telecom(tmp_path_factory: pytest.TempPathFactory) -> tuple[Owner, tuple[Path, Path]]:
    owner = Owner(tmp_path_factory.mktemp("telecom"))
    files = own_data.telecom(owner.root)
    owner.init(*files)
    owner.load(*files)
    return owner, files


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Owner, tuple[Path, Path]]:
    owner = Owner(tmp_path_factory.mktemp("learning"))
    files = own_data.learning(owner.root)
    owner.init(*files)
    owner.load(*files)
    return owner, files


def receipts(path: Path) -> list[dict[str, Any]]:
    """The lines of the shop that name a customer, read in plain Python."""
    found = []
    for row in csv.DictReader(path.read_text(encoding="latin-1").splitlines()):
        if row["CustomerID"]:
            day = datetime.strptime(row["InvoiceDate"], "%m/%d/%Y %H:%M").date()
            amount = float(row["Quantity"]) * float(row["UnitPrice"])
            found.append(
                {**row, "customer": row["CustomerID"].removesuffix(".0"), "day": day, "amount": amount}
            )
    return found


def test_what_the_columns_of_a_shop_are_is_guessed(shop: tuple[Owner, Path]) -> None:
    found = shop[0].contract
    assert (found.activity.customer, found.activity.time) == ("CustomerID", "InvoiceDate")
    assert found.activity.time_format == "%m/%d/%Y %H:%M"
    assert found.activity.event_id == "InvoiceNo"
    assert found.activity.anonymous == "skip"
    assert (found.columns["amount"].column, found.columns["amount"].times) == ("Quantity", "UnitPrice")
    assert found.negative["amount"] == "keep"
    assert [a.name for a in found.contract.attributes] == ["country"]
    assert (found.contract.value, found.contract.transactions) == ("amount", "events")


def test_the_weeks_of_a_shop_are_its_receipts_added_up(shop: tuple[Owner, Path]) -> None:
    owner, path = shop
    as_of = own_data.SHOP_FIRST + timedelta(weeks=60)
    expected: dict[tuple[str, str], dict[str, Any]] = defaultdict(
        lambda: {"amount": 0.0, "orders": set(), "days": set()}
    )
    for row in receipts(path):
        if row["day"] < as_of:
            monday = row["day"] - timedelta(days=row["day"].weekday())
            cell = expected[row["customer"], monday.isoformat()]
            cell["amount"] += row["amount"]
            cell["orders"].add((row["InvoiceNo"], row["day"]))
            cell["days"].add(row["day"])
    rows = cleaned(owner, as_of).sql("SELECT * FROM activity").to_arrow_table().to_pylist()
    found = {(r["customer_id"], r["week"]): r for r in rows}
    assert found.keys() == expected.keys()
    for key, cell in expected.items():
        assert found[key]["events"] == len(cell["orders"]), key
        assert found[key]["active_days"] == len(cell["days"]), key
        assert found[key]["amount"] == pytest.approx(cell["amount"], abs=0.01 * len(cell["orders"])), key


def test_the_customers_of_a_shop_are_made_of_their_first_receipts(shop: tuple[Owner, Path]) -> None:
    owner, path = shop
    first: dict[str, tuple[date, str]] = {}
    as_of = own_data.SHOP_FIRST + timedelta(weeks=60)
    for row in sorted(receipts(path), key=lambda r: r["day"]):
        if row["day"] < as_of:
            first.setdefault(row["customer"], (row["day"], row["Country"]))
    found = owner.raw.table("customers/")
    assert {r["customer_id"]: r["signup_date"] for r in found} == {c: day for c, (day, _) in first.items()}
    assert {r["country"] for r in found} == {"United Kingdom", "Côte d'Ivoire", "Österreich"}


def test_what_is_left_out_of_a_shop_is_said(shop: tuple[Owner, Path]) -> None:
    owner, path = shop
    check = owner.check(None, path)
    assert check.possible
    assert check.report is not None
    assert check.report.activity is not None
    assert set(check.report.activity.left_out) == {"CustomerID is empty", "the week is not over"}
    assert check.report.activity.rows_set_aside == 0
    told = " ".join(check.report.notes)
    assert "read as Windows-1252" in told
    assert "ends with Friday" in told
    assert "1 week has no activity at all, as if nobody had been there: 2010-12-27" in told
    assert (check.weeks, check.as_of) == (60, own_data.SHOP_FIRST + timedelta(weeks=60))
    empty = owner.raw.objects["activity/week=2010-12-27/part-00000.parquet"]
    assert empty[:4] == b"PAR1"


def test_protected_and_personal_columns_of_a_telecom_and_its_outcomes_are_no_features(
    telecom: tuple[Owner, Any],
) -> None:
    owner, _ = telecom
    found = owner.contract
    assert [a.name for a in found.contract.protected] == ["gender", "senior_citizen"]
    assert found.contract.personal == ("name", "contact")
    assert found.customers.ignore == ("TotalCharges", "Churn")
    names = set(dictionary(found.contract).names)
    assert {"contract", "monthly_fee", "call_minutes_12w"} <= names
    assert not names & {"gender", "senior_citizen", "name", "contact", "total_charges", "churn"}
    people = owner.raw.table("customers/")
    assert "churn" not in people[0]
    assert people[0]["contact"] == "n0@example.com"


def test_the_weeks_of_a_telecom_begin_on_sundays_and_have_decimal_commas(telecom: tuple[Owner, Any]) -> None:
    owner, (_, usage) = telecom
    assert owner.contract.activity.week_starts == "sunday"
    import gzip

    rows = list(csv.DictReader(gzip.decompress(usage.read_bytes()).decode().splitlines(), delimiter=";"))
    expected = {}
    for row in rows:
        sunday = datetime.strptime(row["week_start"], "%d.%m.%Y").date()
        key = (row["customerID"], (sunday + timedelta(days=1)).isoformat())
        expected[key] = (float(row["call_minutes"].replace(",", ".")), int(row["sms"]))
    db = cleaned(owner, date(2025, 1, 6))
    found = db.execute("SELECT customer_id, week, call_minutes, sms, active_days FROM activity").fetchall()
    assert {(c, w): (m, s) for c, w, m, s, _ in found} == expected
    assert {days for *_, days in found} == {1}


def test_students_without_a_sign_up_signed_up_with_their_first_click(learning: tuple[Owner, Any]) -> None:
    owner, (people, clicks) = learning
    rows = list(csv.DictReader(clicks.read_text().splitlines(), delimiter="\t"))
    first: dict[str, int] = {}
    for row in rows:
        first[row["id_student"]] = min(int(row["date"]), first.get(row["id_student"], 9999))
    found = {r["customer_id"]: r["signup_date"] for r in owner.raw.table("customers/")}
    assert found == {c: date(2020, 1, 6) + timedelta(days=d) for c, d in first.items()}
    silent = len(people.read_text().splitlines()) - 1 - len(first)
    check = owner.check(people, clicks)
    assert check.customers == len(first)
    if silent:
        assert check.report is not None
        assert check.report.customers is not None
        words = "the customer has no activity to date the sign-up by"
        assert check.report.customers.left_out == {words: silent}


def test_the_clicks_of_students_are_counted_by_type(learning: tuple[Owner, Any]) -> None:
    owner, (_, clicks) = learning
    contract = owner.contract.contract
    assert set(contract.types) == {"resource", "forum", "quiz"}
    assert owner.contract.activity.time_format == "days since 2020-01-06"
    assert contract.horizons["value"] == 8, "40 weeks do not hold three times 12 and a lookback"
    rows = list(csv.DictReader(clicks.read_text().splitlines(), delimiter="\t"))
    db = cleaned(owner, date(2020, 1, 6) + timedelta(weeks=own_data.LEARNING_WEEKS))
    found = db.execute("SELECT sum(events), sum(forum), sum(quiz), sum(sum_click) FROM activity").fetchone()
    kinds = [row["activity_type"] for row in rows]
    total = sum(int(row["sum_click"]) for row in rows)
    assert found == (len(rows), kinds.count("forum"), kinds.count("quiz"), total)


@pytest.mark.parametrize("which", ["shop", "telecom", "learning"])
def test_features_and_labels_follow_from_every_contract(which: str, request: pytest.FixtureRequest) -> None:
    owner, files = request.getfixturevalue(which)
    check = owner.check(None, files) if which == "shop" else owner.check(*files)
    assert check.possible, check.reasons
    contract = owner.contract.contract
    assert check.report is not None
    plan = contract.split(check.as_of, check.report.weeks[0], check.report.weeks[-1])
    db = cleaned(owner, check.as_of)
    table = ml_support.run(db, features.features_train_sql(contract, "customers", "activity", plan))
    names = dictionary(contract).names
    assert len(names) == check.features
    assert set(names) <= set(table.column_names)
    labels = table.to_pandas()
    tested = labels[labels.cutoff == plan.test["churn"].isoformat()]
    assert 0 < tested.churned.mean() < 1
    assert labels.value.dropna().gt(0).any()


def test_the_contract_lies_beside_the_data_as_the_run_reads_it(shop: tuple[Owner, Path]) -> None:
    owner, _ = shop
    assert dc.parse(json.loads(owner.raw.objects[dc.KEY])) == owner.contract.contract


def test_the_same_files_make_the_same_objects(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    path = own_data.shop(tmp_path, customers=40)
    owner.init(None, path)
    owner.load(None, path)
    before = dict(owner.raw.objects)
    owner.load(None, path)
    assert owner.raw.objects == before


REFUSALS: list[tuple[Callable[[Path], tuple[Path | None, list[Path]]], str]] = [
    (lambda root: (None, [write(root, "a.csv", "price,when\n1.5,2026-01-05\n2.5,2026-01-06\n")]), "customer"),
    (lambda root: (None, [write(root, "a.csv", "user_id,clicks\n1,9000\n1,7000\n")]), "date or a time"),
    (lambda root: (None, [write(root, "a.csv", "user_id,day\n")]), "holds no rows"),
    (lambda root: (root / "gone.csv", []), "does not exist"),
]


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(("files", "words"), REFUSALS)
def test_files_that_no_contract_can_be_guessed_from_are_refused_with_the_reason(
    tmp_path: Path, files: Callable[[Path], tuple[Path | None, list[Path]]], words: str
) -> None:
    customers, activity = files(tmp_path)
    with pytest.raises(UserError) as refused:
        Owner(tmp_path).init(customers, *activity)
    assert words in refused.value.message
    assert refused.value.hint
