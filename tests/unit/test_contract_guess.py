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
from engage_cli.errors import UserError
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
    "supermarket": (
        "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE",
        lambda c, n, t: f"{t:%m/%d/%Y},0{c},A,115,{100101 + n},{n},{n % 2 + 1},{30 + n % 9},{40 + n % 9}",
        {"customer": "CUSTOMER_ID", "time": "TRANSACTION_DT", "format": "%m/%d/%Y", "value": "sales_price"},
    ),
    "orders by address": (
        "Name,Email,Financial Status,Created at,Currency,Subtotal,Total,Shipping Province",
        lambda c, n, t: f"#{n},b{c}@a.example,{'paid' if n % 9 else 'refunded'},{t} -0500,USD,{n}.5,{n}.9,X",
        {"customer": "Email", "time": "Created at", "format": "", "value": "total"},
    ),
    "days of a spreadsheet": (
        "Client,Order Date,Order No,Net Amount",
        lambda c, n, t: f"C-{c},{41281 + (t - FIRST).days}.39583,{n},\"1,2{n % 90:02d}.50 €\"",
        {"customer": "Client", "time": "Order Date", "format": "days since 1899-12-30",
         "value": "net_amount"},
    ),
    "music": (
        "msno,date,num_25,num_100,total_secs",
        lambda c, n, t: f"{c}Tz+/=,{t:%Y%m%d},{n % 7},{n % 9},{n % 70}.25",
        {"customer": "msno", "time": "date", "format": "%Y%m%d", "value": "total_secs"},
    ),
    "times without marks": (
        "CustomerID,Stamp,orderTotal",
        lambda c, n, t: f"{c},{t:%Y%m%d%H%M%S},\"R$ 1,{n % 900 + 100}.50\"",
        {"customer": "CustomerID", "time": "Stamp", "format": "%Y%m%d%H%M%S", "value": "order_total"},
    ),
    "a German till": (
        "Kunde,Datum,Menge_kg,Umsatz_EUR",
        lambda c, n, t: f"K{c},{t:%d.%m.%Y},{n % 5}.5,{n % 90}.5",
        {"customer": "Kunde", "time": "Datum", "format": "%d.%m.%Y", "value": "umsatz_eur"},
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
    assert names == {"events", "quantity", "sales_value", "retail_disc"}


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


def test_an_amount_of_few_whole_numbers_is_of_pieces_and_codes_are_not_added_up(owner: Owner) -> None:
    header, row, _ = EXPORTS["supermarket"]
    found = guessed(owner, header, row)
    assert {m.name: m.kind for m in found.contract.measures} == {
        "events": "count", "amount": "count", "asset": "count", "sales_price": "amount"
    }  # fmt: skip
    assert "small whole numbers: CHECK" in owner.contract_file.read_text()


def test_every_column_of_activity_that_is_left_out_has_its_reason(owner: Owner) -> None:
    text = owner.init(None, log(owner, "client,day,Region,Currency,Order_ID,opened,rate,fee,none",
        lambda c, n, t: f"{c},{t.date()},{'NS'[t.day % 2]},EUR,{n},{t.date()},0.5,0,"))  # fmt: skip
    for reason in (
        "Region: no number, and not the same for a customer", "Currency: the same in all rows",
        "Order_ID: an identifier", "opened: another date", "rate: its numbers mean nothing",
        "fee: zero in all rows", "none: empty",
    ):  # fmt: skip
        assert reason in text


@pytest.mark.parametrize(
    ("header", "noun"),
    [
        ("customer,day,InvoiceNo,paid", "invoice"),
        ("customer,day,order_id,paid", "order"),
        ("customer,transaction_date,paid", "transaction"),
        ("customer,day,paid", "event"),
    ],
)
def test_an_event_is_called_as_the_file_calls_it(owner: Owner, header: str, noun: str) -> None:
    names = header.split(",")

    def row(c: int, n: int, t: datetime) -> str:
        values = {"customer": f"c{c}", "paid": f"{n}.5", "InvoiceNo": str(n), "order_id": str(n)}
        line = ",".join(values.get(name, str(t.date())) for name in names)
        return f"{line}\n{line}" if "InvoiceNo" in names else line

    found = guessed(owner, header, row)
    assert found.contract.measure("events").noun == noun
    assert found.contract.measure("events").unit == f"{noun}s"


def test_the_name_of_the_file_says_what_its_rows_are(owner: Owner) -> None:
    rows = [f"c{n % 9},{date(2020, 1, 5) + timedelta(days=n)},{n}" for n in range(300)]
    path = owner.write("clicks_2020.csv", "\n".join(["user,day,pages", *rows]) + "\n")
    assert 'event = "click"' in owner.init(None, path)


def test_the_currency_is_read_or_asked_for(owner: Owner) -> None:
    named = {
        "orders by address": "USD",
        "days of a spreadsheet": "EUR",
        "a German till": "EUR",
        "times without marks": "BRL",
    }
    for which, currency in named.items():
        found = guessed(owner, *EXPORTS[which][:2]).contract
        assert (found.currency, found.value_unit) == (currency, currency)
    unnamed = guessed(owner, *EXPORTS["superstore"][:2]).contract
    assert (unnamed.currency, unnamed.value_unit) == ("", "currency units")
    assert "CHECK: no column names the currency" in owner.contract_file.read_text()
    seconds = guessed(owner, *EXPORTS["music"][:2]).contract
    assert (seconds.currency, seconds.value_unit) == ("", "seconds")
    assert "CHECK" not in owner.contract_file.read_text()


def test_purchases_are_a_type_however_rare_they_are(owner: Owner) -> None:
    pages = [f"page_{n}" for n in range(12)]
    found = guessed(
        owner,
        "user_id,time,event",
        lambda c, n, t: f"{c},{t},{'purchase' if n % 60 == 0 else pages[n // 6 % 12]}",
    )
    assert next(iter(found.contract.types)) == "purchase"
    assert len(found.contract.types) == 8
    assert (found.contract.value, found.contract.transactions) == ("purchase", "purchase")


def test_times_in_the_future_do_not_make_the_history_long(owner: Owner) -> None:
    header = "customer,time,paid\n"
    rows = [f"c{n % 9},{date(2013, 1, 6) + timedelta(days=n)},1.5\n" for n in range(400)]
    text = owner.init(None, owner.write("a.csv", header + "".join(rows) + "c1,2091-01-01,1.5\n"))
    assert "from 2013-01-06 to 2014-02-09: 58 weeks. Set aside, because in the future: 1 rows." in text
    assert owner.contract.contract.lookback_weeks == 12


def test_numbers_that_are_distances_or_hours_are_no_times(owner: Owner) -> None:
    header = "order_id,user_id,order_number,order_dow,order_hour_of_day,days_since_prior_order"
    path = log(owner, header, lambda c, n, t: f"{n},{c},{n // 9},{n % 7},{n % 24},{n % 30}")
    with pytest.raises(UserError, match="looks like a date or a time"):
        owner.init(None, path)


def test_a_time_that_cannot_be_read_is_shown(owner: Owner) -> None:
    path = log(owner, "client,Order date,paid", lambda c, n, t: f"{c},{t:%d. of %B in %Y},1.5")
    with pytest.raises(UserError, match="looks like a date or a time") as error:
        owner.init(None, path)
    assert "If it is 'Order date', such as '0" in (error.value.hint or "")


def test_a_time_that_cannot_be_read_is_to_blame_before_customers_who_come_once(owner: Owner) -> None:
    path = owner.write("a.csv", "customer_id,event_time,amount\na,2026-01-05,1\nb,banana,2\n")
    with pytest.raises(UserError, match="looks like a date or a time") as error:
        owner.init(None, path)
    assert "If it is 'event_time'" in (error.value.hint or "")


def test_months_are_said_to_be_coarse(owner: Owner) -> None:
    rows = [
        f"{c},{year}-{month:02d},9.5\n" for c in range(9) for year in (2013, 2014) for month in range(1, 13)
    ]
    text = owner.init(None, owner.write("m.csv", "msisdn,month,revenue\n" + "".join(rows)))
    assert "CHECK: every time is the first of a month" in text
    assert owner.contract.contract.horizons["churn"] == 8, "every window has a first of a month"


def test_a_table_of_customers_given_as_activity_is_called_one(owner: Owner) -> None:
    path = owner.write("telco.csv", "customerID,tenure,TotalCharges,Churn\n" + "".join(
        f"{n:04d}-ABC,{n % 72},{n}.5,{'Yes' if n % 4 else 'No'}\n" for n in range(99)))  # fmt: skip
    with pytest.raises(UserError, match="one row for each customerID: it is a table of customers") as error:
        owner.init(None, path)
    assert "--customers" in (error.value.hint or "")


def test_an_identifier_that_never_repeats_is_asked_about(owner: Owner) -> None:
    rows = [f"o{n},{date(2020, 1, 5) + timedelta(days=n)},1.5\n" for n in range(400)]
    text = owner.init(None, owner.write("a.csv", "customer_id,paid_at,paid\n" + "".join(rows)))
    assert "CHECK: nobody came on two days, so this may be the number of an order" in text


def test_what_files_do_not_share_is_said_with_what_becomes_of_it(owner: Owner) -> None:
    activity = log(owner, "client_id,day,minutes", lambda c, n, t: f"{c}.0,{t.date()},1.5")
    few = owner.write("p.csv", "client_id,plan\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in (*range(8), 3)))
    text = owner.init(few, activity)
    assert (owner.contract.customers.unknown, owner.contract.customers.repeated) == ("add", "first")
    assert "4 of 12 customers of the activity are not in the file of customers: they are added" in text
    assert "1 rows are of a customer who has one already; the first is taken" in text
    check = owner.check(few, activity)
    assert (check.possible, check.customers) == (True, 12)
    dated = owner.write("p.csv", "client_id,joined\n" + "".join(f"{n},2012-01-0{n + 1}\n" for n in range(8)))
    assert "their activity is left out" in owner.init(dated, activity)
    assert owner.contract.customers.unknown == "skip"
    assert owner.check(dated, activity).customers == 8


def test_copies_are_left_out_when_every_row_has_a_number_and_else_asked_about(owner: Owner) -> None:
    def twice(c: int, n: int, t: datetime) -> str:
        line = f"{{}}c{c},{t.date()},{n % 7}"
        return "\n".join([line] * (1 + (n % 50 == 0)))

    path = log(owner, "client,day,paid", lambda c, n, t: twice(c, n, t).replace("{}", ""))
    assert "9 rows equal another in every column and count as they stand" in owner.init(None, path)
    assert owner.contract.activity.repeated == "keep"
    path = log(owner, "row_id,client,day,paid", lambda c, n, t: twice(c, n, t).replace("{}", f"r{n},"))
    assert "9 rows are copies of another, with its number" in owner.init(None, path)
    assert owner.contract.activity.repeated == "drop"


def test_types_are_counted_in_the_plural(owner: Owner) -> None:
    found = guessed(
        owner, "user_id,time,event", lambda c, n, t: f"{c},{t},{'order' if t.day % 4 else 'view'}"
    )
    assert [(m.name, m.unit, m.meaning, m.noun) for m in found.contract.measures[1:]] == [
        ("order", "orders", "orders", "order"), ("view", "views", "views", "view")
    ]  # fmt: skip
    assert found.contract.value_unit == "orders"


def test_codes_are_categories_and_a_sign_up_may_be_a_number(owner: Owner) -> None:
    people = "msno,city,registered_via,registration_init_time,visits,PhoneService\n" + "".join(
        f"u{n},{n % 22},{n % 4},2011{n % 12 + 1:02d}05,{n},{'Yes' if n % 3 else 'No'}\n" for n in range(99)
    )
    activity = log(owner, "msno,day,minutes", lambda c, n, t: f"u{c},{t.date()},1.5")
    owner.init(owner.write("members.csv", people), activity)
    found = owner.contract
    assert found.customers.signed_up == "registration_init_time"
    assert found.customers.time_format == "%Y%m%d"
    kinds = {a.name: a.kind for a in found.contract.attributes}
    assert (kinds["city"], kinds["registered_via"]) == ("category", "category")
    assert kinds["phone_service"] == "boolean", "yes and no are no telephone numbers"


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
    assert "the other way round" not in owner.contract_file.read_text()


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
