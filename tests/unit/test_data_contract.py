"""The data contract: what it refuses, and that cleaning and features follow from any of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from engage_ml import data_contract, features
from engage_ml.contract import ContractError
from engage_ml.data_contract import AMOUNT, CATEGORY, COUNT, DEFAULT, Attribute, DataContract, Measure, parse
from engage_ml.dictionary import dictionary
from engage_ml.prediction_table import prediction_table
from engage_ml.words import builders
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import ml_support as support
from tests.unit.ml_support import AS_OF

SHOP = DataContract(
    name="shop",
    kind=data_contract.EVENTS,
    attributes=(Attribute("country", CATEGORY, "country"),),
    measures=(
        Measure("events", COUNT, "events", one="event"),
        Measure("bought", COUNT, "purchases", one="purchase"),
        Measure("amount", AMOUNT, "spend", one="spend", per="bought", negative=True),
    ),
    types={"bought": "Buy"},
    active=("bought",),
    value="amount",
    transactions="bought",
    currency="GBP",
    horizons={"engagement": 4, "churn": 8, "value": 8},
    lookback_weeks=26,
)
TELECOM = replace(
    DEFAULT,
    name="telecom",
    attributes=(Attribute("tariff"),),
    protected=(),
    measures=(Measure("calls"), Measure("order", AMOUNT)),
    value="order",
    transactions="",
    days_known=False,
    active=("calls",),
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(
    lambda n: n not in data_contract.RESERVED
)


@given(data=st.data())
def test_a_contract_survives_its_json_form(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(names, min_size=2, max_size=8, unique=True))
    cut = data.draw(st.integers(1, len(chosen) - 1))
    kinds = st.sampled_from([data_contract.CATEGORY, data_contract.NUMBER, data_contract.BOOLEAN])
    made = DataContract(
        name="any",
        kind=data_contract.WEEKLY,
        attributes=tuple(Attribute(n, data.draw(kinds)) for n in chosen[cut:]),
        measures=tuple(Measure(n, data.draw(st.sampled_from([COUNT, AMOUNT]))) for n in chosen[:cut]),
        value=chosen[0],
        horizons={t: 4 * data.draw(st.integers(1, 6)) for t in ("engagement", "churn", "value")},
        lookback_weeks=data.draw(st.sampled_from(data_contract.LOOKBACKS)),
    )
    assert parse(json.loads(json.dumps(made.to_dict()))) == made
    known = dictionary(made)
    assert len(set(known.names)) == len(known.names)
    columns = [name for name, _ in prediction_table(made)]
    assert len(set(columns)) == len(columns)
    assert all(f.group in builders(made) for f in known.features if f.group != "season")


@pytest.mark.parametrize("contract", [DEFAULT, SHOP, TELECOM])
def test_the_contracts_of_these_tests_are_valid(contract: DataContract) -> None:
    assert parse(contract.to_dict()) == contract


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema_version": 9}, "schema version 9"),
        ({"kind": "daily"}, "weekly or events, not 'daily'"),
        ({"value": "profit"}, "value 'profit' is none of the measures"),
        ({"currency": "Euro"}, "'Euro' is no ISO 4217 code"),
        ({"lookback_weeks": 10}, "12, 26 or 52 weeks, not 10"),
        (
            {"horizons": {"engagement": 4, "churn": 5, "value": 12}},
            "horizon of churn must be a multiple of 4",
        ),
        ({"attributes": [{"name": "week"}]}, "'week' has a meaning of its own"),
        ({"attributes": [{"name": "Plan"}]}, "'Plan' must begin with a letter"),
        ({"attributes": [{"name": "gender"}]}, "'gender' is used twice"),
        ({"attributes": [{"name": "age", "bands": [30]}]}, "bands of 'age' need a number"),
        ({"attributes": [{"name": "x", "sort": 1}]}, "malformed"),
        ({"active": ["walking"]}, "`active` names 'walking'"),
        ({"types": {"sessions": "S"}}, "Weekly activity has no types"),
        ({"measures": []}, "names no measure"),
    ],
)
def test_a_wrong_contract_is_refused_in_one_sentence(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ContractError, match=told):
        parse({**DEFAULT.to_dict(), **change})


def test_protected_attributes_are_in_no_feature_and_in_no_prediction() -> None:
    protected = {a.name for a in DEFAULT.protected}
    assert protected
    assert not protected & set(dictionary(DEFAULT).names)
    assert not protected & {name for name, _ in prediction_table(DEFAULT)}


def shop_tables() -> tuple[pa.Table, pa.Table]:
    """Three customers; A buys twice in one day and sends something back, B only looks, C is unknown."""
    monday = AS_OF - timedelta(weeks=1)

    def event(who: str, day: date, kind: str, amount: float | str) -> dict[str, Any]:
        week = day - timedelta(days=day.weekday())
        moment = datetime(day.year, day.month, day.day, 10, 30)
        return {
            "customer_id": who, "event_time": moment, "event_type": kind, "amount": str(amount),
            "week": week.isoformat(),
        }  # fmt: skip

    rows = [
        event("A", monday, "Buy", 10.25),
        event("A", monday, "Buy", 5),
        event("A", monday + timedelta(days=2), "Buy", -3.5),
        event("A", monday - timedelta(weeks=20), "Buy", 7),
        event("B", monday + timedelta(days=1), "Look", 0),
        event("C", monday, "Buy", 1),
        event("A", monday, "Buy", "much"),
        {**event("A", monday, "Buy", 1), "week": (monday - timedelta(weeks=1)).isoformat()},
        {**event("A", monday, "Buy", 1), "event_time": None},
    ]
    people = [
        {"customer_id": n, "signup_date": AS_OF - timedelta(weeks=40), "country": "GB"} for n in ("A", "B")
    ]
    return pa.Table.from_pylist(people), pa.Table.from_pylist(rows)


def clean(db: duckdb.DuckDBPyConnection, contract: DataContract, first: date) -> None:
    support.make_table(db, "customers", features.clean_customers_sql(contract, "raw_customers"))
    window = (contract, "raw_activity", "customers", first, AS_OF)
    support.make_table(db, "activity", features.clean_activity_sql(*window))
    support.make_table(db, "bad", features.quarantine_activity_sql(*window))


def test_events_are_judged_one_by_one_and_rolled_up_to_weeks() -> None:
    db = support.connect()
    support.load(db, *shop_tables())
    clean(db, SHOP, AS_OF - timedelta(weeks=30))
    rows = support.run(db, "SELECT * FROM activity ORDER BY week, customer_id").to_pylist()
    week = (AS_OF - timedelta(weeks=1)).isoformat()
    assert rows[1:] == [
        # Two days with a purchase; looking does not make a day active.
        {
            "customer_id": "A", "active_days": 2, "events": 3, "bought": 3, "amount": 11.75, "week": week,
        },
        {"customer_id": "B", "active_days": 0, "events": 1, "bought": 0, "amount": 0.0, "week": week},
    ]  # fmt: skip
    assert sorted(support.run(db, "SELECT reason FROM bad")["reason"].to_pylist()) == [
        "amount is not a number", "customer is unknown", "event_time is not a time",
        "event_time is outside the week",
    ]  # fmt: skip
    counted = db.execute("SELECT (SELECT sum(events) FROM activity) + (SELECT count(*) FROM bad)").fetchone()
    assert counted == (9,)


def test_a_longer_lookback_sees_further_back() -> None:
    db = support.connect()
    support.load(db, *shop_tables())
    clean(db, SHOP, AS_OF - timedelta(weeks=30))
    sql = features.features_score_sql(SHOP, "customers", "activity", AS_OF, AS_OF - timedelta(weeks=30), 1)
    rows = {row["customer_id"]: row for row in support.run(db, sql).to_pylist()}
    a, b = rows["A"], rows["B"]
    assert (a["bought_4w"], a["bought_12w"], a["bought_26w"]) == (3, 3, 4)
    assert (a["active_weeks_12"], a["active_weeks_26"], a["usual_gap_weeks"]) == (1, 2, 20)
    assert (a["longest_gap_weeks"], a["amount_26w"], a["amount_per_purchase"]) == (19, 18.75, 18.75 / 4)
    assert (b["days_since_active"], b["days_since_bought"], b["events_4w"]) == (182, None, 1)


def test_without_days_a_week_is_the_smallest_unit_and_reserved_words_can_be_measures() -> None:
    people = pa.Table.from_pylist(
        [{"customer_id": n, "signup_date": date(2024, 1, 1), "tariff": "flat"} for n in ("A", "B")]
    )
    plan = TELECOM.split(AS_OF, AS_OF - timedelta(weeks=52))
    cutoff = plan.test["churn"]
    rows = [
        {"customer_id": "A", "calls": 3, "order": 2.5, "week": (cutoff + timedelta(weeks=w)).isoformat()}
        for w in (-2, 0, 1)
    ] + [{"customer_id": "B", "calls": 0, "order": 9.0, "week": cutoff.isoformat()}]
    db = support.connect()
    support.load(db, people, pa.Table.from_pylist(rows))
    clean(db, TELECOM, plan.first_week)
    sql = features.features_train_sql(TELECOM, "customers", "activity", plan)
    found = {
        r["customer_id"]: r for r in support.run(db, sql).to_pylist() if r["cutoff"] == cutoff.isoformat()
    }
    # Active in two of the four weeks that follow; money without a call is no activity.
    assert (found["A"]["engagement"], found["A"]["churned"]) == (0.5, 0)
    assert (found["B"]["engagement"], found["B"]["churned"]) == (0.0, 1)
    assert found["A"]["order_4w"] == 2.5
    assert "active weeks" in next(
        f.meaning for f in dictionary(TELECOM).features if f.name == "active_days_4w"
    )


@pytest.mark.parametrize("contract", [SHOP, TELECOM, replace(SHOP, lookback_weeks=52)])
def test_what_happens_after_a_cutoff_changes_no_feature_of_any_contract(contract: DataContract) -> None:
    end = AS_OF
    plan = contract.split(end, end - timedelta(weeks=99))
    cutoff = plan.labelled[-1]
    people = {"customer_id": ["A", "B"], "signup_date": [date(2020, 1, 1)] * 2}
    people |= {a.name: ["x", "y"] for a in contract.attributes}
    weeks = [plan.first_week + timedelta(weeks=n) for n in range((end - plan.first_week).days // 7)]

    def activity(loud: int) -> pa.Table:
        rows = []
        for n, week in enumerate(weeks):
            level = loud if week >= cutoff else n % 3
            row: dict[str, Any] = {"customer_id": "AB"[n % 2], "week": week.isoformat()}
            row |= {m.name: level for m in contract.raw_measures}
            if contract.kind == data_contract.EVENTS:
                row |= {"event_time": week, "event_type": "Buy"}
            rows.append(row)
        return pa.Table.from_pylist(rows)

    found = []
    for loud in (0, 1000):
        db = support.connect()
        support.load(db, pa.table(people), activity(loud))
        clean(db, contract, plan.first_week)
        sql = features.features_train_sql(contract, "customers", "activity", plan)
        rows = support.run(db, f"SELECT * FROM ({sql}) ORDER BY cutoff, customer_id").to_pylist()
        found.append([r for r in rows if r["cutoff"] <= cutoff.isoformat()])
    known = dictionary(contract).names
    assert [[r[n] for n in known] for r in found[0]] == [[r[n] for n in known] for r in found[1]]
    assert [r["value"] for r in found[0]] != [r["value"] for r in found[1]]


def test_reasons_speak_the_words_of_the_contract() -> None:
    said = builders(SHOP)
    assert said["amount"][0] == ("amount_4w", "amount_26w")
    assert (
        said["amount"][1](0.0, 1234.5) == "spend of 0.00 GBP in the last 4 weeks, 1,234.50 GBP in the last 26"
    )
    assert said["bought"][1](1.0, 5.0) == "1 purchase in the last 4 weeks, 5 in the last 26"
    assert said["recency"][1](182.0, None, 0.0, 26.0) == "no active day in the last 26 weeks"


@given(value=st.floats(-1e6, 1e6), edges=st.lists(st.integers(-50, 150), min_size=1, max_size=6, unique=True))
def test_every_number_lies_in_exactly_one_band(value: float, edges: list[int]) -> None:
    bands = tuple(sorted(edges))
    attribute = Attribute("x", data_contract.NUMBER, bands=bands)
    names = {attribute.band(edge) for edge in bands} | {attribute.band(bands[0] - 1)}
    assert len(names) == len(bands) + 1
    assert attribute.band(value) in names


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ("silence_ratio", "meaning of its own|called 'silence_ratio'"),
        ("sessions_4w", "called 'sessions_4w'"),
        ("value_low", "called 'value_low'"),
        ("reason_1", "called 'reason_1'"),
    ],
)
def test_names_that_would_meet_those_that_follow_are_refused(attribute: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        data_contract.check(replace(DEFAULT, attributes=(*DEFAULT.attributes, Attribute(attribute))))


def test_limits_are_compared_exactly_and_infinite_ones_are_refused() -> None:
    income = Attribute("income", data_contract.NUMBER, bands=(1234567, 2500000.5), maximum=1e7)
    contract = replace(SHOP, attributes=(income,))
    assert [income.band(x) for x in (1234566.5, 1234567, 3e6)] == [
        "under 1234567", "1234567 to under 2500000.5", "2500000.5 and over",
    ]  # fmt: skip
    people = [
        {"customer_id": n, "signup_date": date(2024, 1, 1), "income": str(x)}
        for n, x in zip("ABCD", (1234566.5, 1234567, 2500000.5, 10000001), strict=True)
    ]
    db = support.connect()
    _, activity = shop_tables()
    support.load(db, pa.Table.from_pylist(people), activity)
    plan = contract.split(AS_OF, AS_OF - timedelta(weeks=70))
    clean(db, contract, plan.first_week)
    sql = features.features_train_sql(contract, "customers", "activity", plan)
    rows = support.run(db, f"SELECT DISTINCT customer_id, group_income FROM ({sql}) ORDER BY 1").to_pylist()
    assert [row["group_income"] for row in rows] == [income.band(float(p["income"])) for p in people[:3]]
    with pytest.raises(ContractError, match="finite"):
        data_contract.check(replace(contract, attributes=(replace(income, maximum=float("inf")),)))


def test_a_measure_may_be_called_like_a_distance_in_the_past() -> None:
    contract = replace(SHOP, measures=(*SHOP.measures, Measure("miles_ago")))
    plan = contract.split(AS_OF, AS_OF - timedelta(weeks=70))
    sql = features.features_train_sql(contract, "customers", "activity", plan)
    assert 'COALESCE(h."miles_ago_4w", 0)' in sql
