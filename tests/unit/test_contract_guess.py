"""What `data-contract init` takes columns for, on the headers and values of many kinds of exports."""

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from engage_ml import data_contract as dc

from engage_cli.datagen.contract_file import FileContract
from engage_cli.datagen.contract_horizons import choose_horizons, complete_weeks
from engage_cli.datagen.contract_profile import opened
from tests.unit.contract_support import Owner

FIRST = datetime(2013, 1, 7, 9, 30)


def log(owner: Owner, header: str, row: Callable[[int, int, datetime], str], customers: int = 12) -> Path:
    """A log of 80 weeks in which each customer comes every other week; `row(customer, number, time)`."""
    lines = [header]
    number = 0
    for week, customer in itertools.product(range(80), range(customers)):
        if (week + customer) % 2 == 0:
            number += 1
            lines.append(row(customer, number, FIRST + timedelta(weeks=week, days=(customer + week) % 7)))
    return owner.write("log.csv", "\n".join(lines) + "\n")


def guessed(owner: Owner, header: str, row: Callable[[int, int, datetime], str]) -> FileContract:
    path = log(owner, header, row)
    owner.init(None, path)
    assert owner.check(None, path).possible
    return owner.contract


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


EXPORTS: dict[str, tuple[str, Callable[[int, int, datetime], str], dict[str, Any]]] = {
    "shop of receipts": (
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
        lambda c, n, t: f"{n // 3},{n % 90},thing {n},2,{t:%Y-%m-%d %H:%M},2.5,{c}.0,France",
        {"customer": "Customer ID", "time": "InvoiceDate", "format": "", "value": "amount", "times": "Price"},
    ),
    "loyalty card": (
        "household_key,BASKET_ID,DAY,PRODUCT_ID,QUANTITY,SALES_VALUE,STORE_ID,RETAIL_DISC,TRANS_TIME,"
        "WEEK_NO",
        lambda c, n, t: f"{c},{n // 2},{(t - FIRST).days + 1},{n * 7},1,2.9,{c % 3},-0.6,1631,{n // 80}",
        {"customer": "household_key", "time": "DAY", "format": "days since 2020-01-06",
         "value": "sales_value"},
    ),
    "web shop": (
        "event_time,event_type,product_id,category_code,brand,price,user_id,user_session",
        lambda c, n, t: f"{t} UTC,{'purchase' if n % 5 == 0 else 'view'},{n},a.b,x,9.{n % 9},{c},{n}-{c}",
        {"customer": "user_id", "time": "event_time", "format": "", "value": "price", "of": "purchase",
         "type": "event_type", "transactions": "purchase"},
    ),
    "clicks in milliseconds": (
        "timestamp,visitorid,event,itemid,transactionid",
        lambda c, n, t: f"{int(t.timestamp() * 1000)},{c},{'transaction' if n % 5 == 0 else 'view'},{n},"
        + (str(n) if n % 5 == 0 else ""),
        {"customer": "visitorid", "time": "timestamp", "format": "epoch ms", "value": "transaction",
         "type": "event"},
    ),
    "subscriptions": (
        "msno,payment_plan_days,actual_amount_paid,is_auto_renew,transaction_date,membership_expire_date",
        lambda c, n, t: f"u{c}=,30,{129 + n % 2},1,{t:%Y%m%d},{t + timedelta(days=30):%Y%m%d}",
        {"customer": "msno", "time": "transaction_date", "format": "%Y%m%d", "value": "actual_amount_paid"},
    ),
    "short months": (
        "customer_id,trans_date,tran_amount",
        lambda c, n, t: f"CS{c},{t:%d-%b-%y},{35 + n % 9}",
        {"customer": "customer_id", "time": "trans_date", "format": "%d-%b-%y", "value": "tran_amount"},
    ),
    "superstore": (
        "Row ID,Order ID,Order Date,Ship Date,Customer ID,Customer Name,Segment,Sales,Quantity,Discount,"
        "Profit",
        lambda c, n, t: f"{n},CA-{n // 2},{t:%m/%d/%Y},{t + timedelta(days=2):%m/%d/%Y},AB-{c},Ann {c},"
        f"{'Home' if c % 2 else 'Office'},{n}.5,2,0.2,-1.5",
        {"customer": "Customer ID", "time": "Order Date", "format": "%m/%d/%Y", "value": "sales"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("which", EXPORTS)
def test_the_columns_of_an_export_are_recognised(owner: Owner, which: str) -> None:
    header, row, expected = EXPORTS[which]
    found = guessed(owner, header, row)
    assert (found.activity.customer, found.activity.time) == (expected["customer"], expected["time"])
    assert found.activity.time_format == expected["format"]
    contract = found.contract
    assert contract.kind == dc.EVENTS
    assert contract.value == expected["value"]
    assert contract.transactions == expected.get(
        "transactions", expected["value"] if "type" in expected else "events"
    )
    assert found.activity.type == expected.get("type", "")
    if contract.value in found.columns:
        assert found.columns[contract.value].times == expected.get("times", "")
        assert found.columns[contract.value].of == expected.get("of", "")


def test_identifiers_times_and_what_cannot_be_added_up_are_no_measures(owner: Owner) -> None:
    header, row, _ = EXPORTS["loyalty card"]
    names = {m.name for m in guessed(owner, header, row).contract.measures}
    assert names == {"events", "quantity", "sales_value", "retail_disc", "trans_time"}


def test_only_amounts_of_purchases_count_where_events_have_types(owner: Owner) -> None:
    path = owner.write(
        "e.csv",
        "user_id,event_time,event_type,price\na,2026-01-05,view,9\na,2026-01-05,buy,7\nb,2026-01-06,view,-3\n",
    )
    owner.contract_file.write_text(
        '[activity]\nkind = "events"\ncustomer = "user_id"\ntype = "event_type"\n'
        '[activity.measures]\nprice = { kind = "amount", of = "bought" }\n[activity.types]\nbought = "buy"\n'
    )
    report = owner.load(None, path)
    assert report.activity is not None
    assert report.activity.rows_set_aside == 0, "the price of what was only looked at is not read"
    assert sorted(row["price"] for row in owner.raw.table("activity/")) == [0, 0, 7]


def test_a_name_with_a_meaning_of_its_own_gets_another(owner: Owner) -> None:
    header, row, _ = EXPORTS["superstore"]
    assert [a.name for a in guessed(owner, header, row).contract.attributes] == ["own_segment"]


def test_when_day_and_month_could_be_exchanged_the_user_is_told(owner: Owner) -> None:
    def row(c: int, n: int, t: datetime) -> str:
        return f"{c},{t.month % 9 + 1:02d}/{t.day % 9 + 1:02d}/{t.year},1.5"

    owner.init(None, log(owner, "client_no,date,paid", row))
    text = owner.contract_file.read_text()
    assert 'time_format = "%d/%m/%Y"' in text
    assert "CHECK: day and month could be the other way round" in text


def test_a_day_above_twelve_settles_the_order_of_day_and_month(owner: Owner) -> None:
    header, row, _ = EXPORTS["superstore"]
    owner.init(None, log(owner, header, row))
    assert "CHECK" not in owner.contract_file.read_text()


def test_what_is_left_out_of_a_customers_file_is_said_with_the_reason(owner: Owner) -> None:
    people = "client_id,joined,city_text,plan,tenure,churned,note,same,age,birth_date,phone\n" + "".join(
        f"{n},2012-0{n % 9 + 1}-01,{'xyz'[n % 3]},{'ab'[n % 2]},{n % 7},{n % 2},a long text about it {n},x,"
        f"{20 + n},1990-01-0{n % 9 + 1},0{n}\n"
        for n in range(60)
    )
    activity = log(owner, "client_id,day,minutes", lambda c, n, t: f"{c},{t.date()},1.5")
    text = owner.init(owner.write("p.csv", people), activity)
    found = owner.contract
    assert set(found.customers.ignore) == {"tenure", "churned", "note", "same"}
    for reason in ("tenure: seems to be a sum", "churned: an outcome", "note: free text", "same: the same"):
        assert reason in text
    assert set(found.contract.personal) == {"birth_date", "phone"}
    (age,) = found.contract.protected
    assert (age.name, age.bands, age.minimum) == ("age", (25, 35, 45, 55, 65), 0)
    assert found.customers.signed_up == "joined"


def test_a_column_that_only_some_rows_of_a_customer_fill_is_no_attribute(owner: Owner) -> None:
    found = guessed(
        owner,
        "customer_id,time,amount,country,survey",
        lambda c, n, t: f"{c},{t},2.5,{'DE' if c % 2 else 'FR'},{'' if t.month % 3 else f'answer {c % 2}'}",
    )
    assert [a.name for a in found.contract.attributes] == ["country"]


def test_what_is_the_same_in_all_rows_of_a_customer_that_fill_it_is_no_type_of_event(owner: Owner) -> None:
    found = guessed(
        owner,
        "customer_id,time,amount,account_type",
        lambda c, n, t: f"{c},{t},2.5,{'' if n // 7 % 2 else 'gold' if c % 2 else 'plain'}",
    )
    assert found.activity.type == ""
    assert not found.contract.types


# Horizons

BUSY = dict.fromkeys(range(4, 25, 4), 0.5)


@pytest.mark.parametrize(
    ("weeks", "gap", "churn", "value", "lookback"),
    [
        (60, 1.0, 4, 12, 12),
        (52, None, 4, 12, 12),
        # Customers who come every 8 weeks have not left after 4.
        (90, 8.0, 12, 12, 26),
        (99, 3.0, 8, 12, 52),
        (40, 8.0, 8, 8, 12),
        (24, 1.0, 4, 4, 12),
        (99, 20.0, 24, 12, 12),
        (10, 1.0, 4, 4, 12),
    ],
)
def test_horizons_fit_the_length_of_the_data_and_the_rhythm_of_the_customers(
    weeks: int, gap: float | None, churn: int, value: int, lookback: int
) -> None:
    found = choose_horizons(weeks, gap, BUSY)
    assert (found.weeks["churn"], found.weeks["value"], found.lookback) == (churn, value, lookback)
    needed = 3 * max(found.weeks.values()) + found.lookback
    assert needed <= weeks or weeks < 24
    assert ("too few" in found.comments["predict"]) is (weeks < 24)


def test_a_horizon_in_which_hardly_anybody_comes_is_made_longer() -> None:
    rare = {4: 0.02, 8: 0.04, 12: 0.06, 16: 0.08, 20: 0.1, 24: 0.12}
    found = choose_horizons(80, 2.0, rare)
    assert found.weeks["churn"] == 12
    assert "6% of all customers came in the last 12 weeks" in found.comments["predict.churn_weeks"]
    assert found.weeks["engagement"] == 12
    assert choose_horizons(52, 2.0, rare).weeks["engagement"] == 4, "12 would leave one training cut-off"
    assert choose_horizons(80, 2.0, dict.fromkeys(rare, 0.0)).weeks["churn"] == 4


def test_the_shares_of_customers_who_still_come_are_counted(owner: Owner) -> None:
    rows = [f"c{n},{date(2020, 1, 5) + timedelta(weeks=n)},1" for n in range(50)]
    with opened({"activity": [owner.write("a.csv", "\n".join(["client,day,n", *rows]) + "\n")]}) as tables:
        shares = tables["activity"].active_shares("client", "day", "")
    assert shares == {h: pytest.approx(h / 50) for h in (4, 8, 12, 16, 20, 24)}


def test_weeks_are_counted_to_the_last_whole_one() -> None:
    monday = datetime(2026, 1, 5)
    assert complete_weeks(monday, monday + timedelta(days=13, hours=5), weekly=False) == 2
    assert complete_weeks(monday, monday + timedelta(days=12), weekly=False) == 1
    assert complete_weeks(monday, monday + timedelta(weeks=1), weekly=True) == 2
    assert complete_weeks(datetime(2026, 1, 9), monday + timedelta(weeks=1), weekly=False) == 1
    assert date(2026, 1, 5).weekday() == 0
