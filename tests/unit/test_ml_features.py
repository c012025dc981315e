"""The Athena SQL: what it keeps and sets aside, features and labels against plain Python, and no leak."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from engage_ml import cleaning, contract, features, sqltext
from engage_ml.data_contract import DEFAULT
from engage_ml.dictionary import default
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit import ml_support as support
from tests.unit.ml_support import AS_OF

PLAN = DEFAULT.split(AS_OF, AS_OF - timedelta(weeks=52))
FIRST = PLAN.first_week
FEATURE_NAMES = default().names
MEASURES = ("active_days", *(m.name for m in DEFAULT.measures))


def clean(db: duckdb.DuckDBPyConnection) -> None:
    support.make_table(db, "customers", features.clean_customers_sql(DEFAULT, "raw_customers"))
    support.make_table(
        db, "activity", features.clean_activity_sql(DEFAULT, "raw_activity", "customers", FIRST, AS_OF)
    )


def training_rows(db: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    table = support.run(db, features.features_train_sql(DEFAULT, "customers", "activity", PLAN))
    return {(row["cutoff"], row["customer_id"]): row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def small() -> Any:
    db = support.connect()
    customers, activity = support.world(120)
    support.load(db, customers, activity)
    clean(db)
    return db, customers.to_pylist(), activity.to_pylist()


def test_valid_raw_data_pass_unchanged_and_nothing_is_set_aside(small: Any) -> None:
    db, customers, activity = small
    assert db.execute("SELECT count(*) FROM customers").fetchone() == (len(customers),)
    assert db.execute("SELECT count(*) FROM activity").fetchone() == (len(activity),)
    assert support.run(db, features.quarantine_customers_sql(DEFAULT, "raw_customers")).num_rows == 0
    bad = features.quarantine_activity_sql(DEFAULT, "raw_activity", "customers", FIRST, AS_OF)
    assert support.run(db, bad).num_rows == 0
    assert support.run(db, "SELECT * FROM activity").column_names == list(
        cleaning.clean_activity_columns(DEFAULT)
    )
    assert support.run(db, "SELECT * FROM customers").column_names == list(
        cleaning.clean_customer_columns(DEFAULT)
    )


def test_rows_of_text_are_read_and_bad_ones_are_set_aside_with_their_reason() -> None:
    db = support.connect()
    attributes = {
        "country": "DE",
        "acquisition_channel": "ads",
        "plan": "free",
        "device": "",
        "gender": "x",
        "name": "N",
    }
    people = [
        {"customer_id": "A", "signup_date": "2025-01-01", "age": "30", "marketing_opt_in": "Yes"},
        {"customer_id": "A", "signup_date": "2025-02-01", "age": "31", "marketing_opt_in": "no"},
        {"customer_id": "B", "signup_date": "2025-01-01 00:00:00.000", "age": "", "marketing_opt_in": ""},
        {"customer_id": "", "signup_date": "2025-01-01", "age": "1", "marketing_opt_in": "1"},
        {"customer_id": "C", "signup_date": "01/02/2025", "age": "1", "marketing_opt_in": "1"},
        {"customer_id": "D", "signup_date": "2025-01-01", "age": "old", "marketing_opt_in": "1"},
        {"customer_id": "E", "signup_date": "2025-01-01", "age": "200", "marketing_opt_in": "1"},
    ]
    week = (AS_OF - timedelta(weeks=1)).isoformat()
    row = dict.fromkeys(MEASURES, "1") | {"customer_id": "A", "week": week, "spend": "1.5"}
    older = {"week": (AS_OF - timedelta(weeks=2)).isoformat()}
    activity = [
        row,
        {**row, "sessions": "0"},
        {**row, "customer_id": "Z"},
        {**row, "customer_id": "B", "active_days": "8"},
        {**row, **older, "posts": "-1"},
        {**row, "customer_id": "B", **older, "likes": "1.5"},
        {**row, "week": (AS_OF - timedelta(days=5)).isoformat()},
        {**row, "customer_id": "B", "week": (AS_OF - timedelta(weeks=3)).isoformat(), "minutes": "many"},
    ]
    support.load(
        db, pa.Table.from_pylist([{**attributes, **p} for p in people]), pa.Table.from_pylist(activity)
    )
    clean(db)
    kept = support.run(db, "SELECT * FROM customers ORDER BY customer_id").to_pylist()
    assert [(r["customer_id"], r["signup_date"], r["age"], r["marketing_opt_in"]) for r in kept] == [
        ("A", date(2025, 1, 1), 30.0, 1),
        ("B", date(2025, 1, 1), None, None),
    ]
    assert kept[0]["device"] == "unknown"
    bad = support.run(db, features.quarantine_customers_sql(DEFAULT, "raw_customers"))
    assert "name" not in bad.column_names
    assert sorted(bad["reason"].to_pylist()) == [
        "age is not a number", "age is out of range", "customer_id is empty", "customer_id is repeated",
        "signup_date is not a date",
    ]  # fmt: skip
    assert support.run(db, "SELECT sessions, spend FROM activity").to_pylist() == [
        {"sessions": 1, "spend": 1.5}
    ]
    bad = support.run(
        db, features.quarantine_activity_sql(DEFAULT, "raw_activity", "customers", FIRST, AS_OF)
    )
    assert sorted(bad["reason"].to_pylist()) == [
        "active_days is above 7", "customer and week are repeated", "customer is unknown",
        "likes is not a whole number", "minutes is not a number", "posts is negative", "week is not a Monday",
    ]  # fmt: skip


def test_a_training_row_exists_for_each_customer_who_signed_up_before_each_cutoff(small: Any) -> None:
    db, customers, _ = small
    expected = {
        (day.isoformat(), c["customer_id"])
        for day in PLAN.labelled
        for c in customers
        if c["signup_date"] < day
    }
    assert set(training_rows(db)) == expected


def test_features_and_labels_equal_a_plain_computation(small: Any) -> None:
    db, customers, activity = small
    signups = {c["customer_id"]: c["signup_date"] for c in customers}
    weekly: dict[str, dict[date, dict[str, Any]]] = {}
    for row in activity:
        weekly.setdefault(row["customer_id"], {})[date.fromisoformat(row["week"])] = row
    for (cutoff, customer_id), row in training_rows(db).items():
        expected = reference(date.fromisoformat(cutoff), signups[customer_id], weekly.get(customer_id, {}))
        for name, value in expected.items():
            if value is None:
                assert row[name] is None, (name, cutoff, customer_id)
            else:
                assert row[name] == pytest.approx(value, rel=1e-5, abs=1e-5), (name, cutoff, customer_id)


def reference(cutoff: date, signup: date, weekly: dict[date, dict[str, Any]]) -> dict[str, float | None]:
    """Features and labels the slow way, for one customer and cut-off."""

    def over(name: str, first: int, last: int) -> float:
        rows = (weekly.get(cutoff - timedelta(weeks=ago)) for ago in range(first, last + 1))
        return sum(r[name] for r in rows if r)

    days = [over("active_days", ago, ago) for ago in range(1, 13)]
    active = [ago for ago, d in enumerate(days, 1) if d > 0]
    bought = [ago for ago in range(1, 13) if over("purchases", ago, ago) > 0]
    tenure = (cutoff - signup).days
    mean = sum(days) / 12
    gaps = [b - a - 1 for a, b in itertools.pairwise(active)]
    usual = (active[-1] - active[0]) / (len(active) - 1) if len(active) > 1 else None
    streak = next((n for n, d in enumerate(days) if d == 0), 12)
    silence = active[0] - 1 if active else min(12, tenure / 7)
    expected: dict[str, float | None] = {
        "tenure_weeks": tenure // 7,
        "observed_weeks": min(12, -(-tenure // 7)),
        "days_since_active": 7 * (active[0] - 1) if active else min(84, tenure),
        "usual_gap_weeks": usual,
        "longest_gap_weeks": max(gaps, default=0),
        "silence_ratio": silence / (usual or 12),
        "active_streak_weeks": streak,
        "active_weeks_4": sum(d > 0 for d in days[:4]),
        "active_weeks_8": sum(d > 0 for d in days[:8]),
        "active_weeks_12": len(active),
        "active_days_per_active_week": sum(days) / len(active) if active else None,
        "active_days_weighted": sum(d * round(0.5 ** (n / 2), 3) for n, d in enumerate(days)),
        "active_days_max": max(days),
        "active_days_std": (sum((d - mean) ** 2 for d in days) / 12) ** 0.5,
        "active_days_trend": sum(days[:4]) - sum(days[4:8]),
        "active_days_slope": sum((6.5 - ago) * d for ago, d in enumerate(days, 1)) / 143,
        "minutes_per_session": (
            over("minutes", 1, 12) / over("sessions", 1, 12) if over("sessions", 1, 12) else None
        ),
        "purchases_weeks": len(bought),
        "days_since_purchases": 7 * (bought[0] - 1) if bought else None,
        "spend_per_purchase": (
            over("spend", 1, 12) / over("purchases", 1, 12) if over("purchases", 1, 12) else None
        ),
        "spend_max": max(over("spend", ago, ago) for ago in range(1, 13)),
    }
    for n in (1, 2, 4, 8, 12):
        expected[f"active_days_{n}w"] = over("active_days", 1, n)
    counts = ("sessions", "minutes", "posts", "likes", "messages", "purchases", "spend", "support_tickets")
    for name in counts:
        for n in (4, 12):
            expected[f"{name}_{n}w"] = over(name, 1, n)
        expected[f"{name}_trend"] = over(name, 1, 4) - over(name, 5, 8)
    expected |= whole_history(cutoff, tenure, weekly)
    ahead = over("active_days", -3, 0)
    near, far = cutoff + timedelta(weeks=4) <= AS_OF, cutoff + timedelta(weeks=12) <= AS_OF
    expected["engagement"] = ahead / 28 if near else None
    expected["churned"] = float(ahead == 0) if near else None
    expected["value"] = over("spend", -11, 0) if far else None
    return expected


def whole_history(cutoff: date, tenure: int, weekly: dict[date, dict[str, Any]]) -> dict[str, float | None]:
    """The features over all known weeks, the slow way."""
    rows = {(cutoff - week).days // 7: row for week, row in weekly.items() if FIRST <= week < cutoff}
    active = sorted(ago for ago, row in rows.items() if row["active_days"] > 0)
    bought = sorted(ago for ago, row in rows.items() if row["purchases"] > 0)
    known = min(tenure / 7, (cutoff - FIRST).days // 7)
    rate, living = max(known, 0.15), active[-1] - active[0] + 1 if active else None
    total = {m: sum(row[m] for row in rows.values()) for m in MEASURES}

    def share(value: float, by: float | None) -> float | None:
        return value / by if by else None

    return {
        "observed_weeks_all": known,
        "active_days_per_week_all": total["active_days"] / rate,
        "active_weeks_share_all": len(active) / rate,
        "active_days_per_living_week": share(total["active_days"], living),
        "active_weeks_per_living_week": share(len(active), living),
        "weeks_since_active_all": active[0] - 1 if active else None,
        "spend_per_active_day_all": share(total["spend"], total["active_days"]),
        "purchases_weeks_per_week_all": len(bought) / rate,
        "weeks_since_purchases_all": bought[0] - 1 if bought else None,
        "spend_per_purchases_all": share(total["spend"], total["purchases"]),
        "purchases_per_active_day_all": share(total["purchases"], total["active_days"]),
        "purchases_weeks_all": len(bought),
        "spend_all": total["spend"],
        **{f"{m}_per_week_all": total[m] / rate for m in MEASURES if m != "active_days"},
    }


def planted(activity: pa.Table, cutoff: date) -> pa.Table:
    """The activity with a loud signal in every week from the cut-off on."""
    later = pc.greater_equal(activity["week"], cutoff.isoformat())
    for name in MEASURES:
        column = activity[name]
        loud = pa.scalar(7 if name == "active_days" else 1000, column.type)
        activity = activity.set_column(
            activity.column_names.index(name), name, pc.if_else(later, loud, column)
        )
    return activity


@pytest.mark.parametrize("cutoff", PLAN.labelled)
def test_information_planted_after_a_cutoff_changes_labels_but_no_feature(small: Any, cutoff: date) -> None:
    db, customers, activity = small
    before = training_rows(db)
    other = support.connect()
    raw_activity = planted(pa.Table.from_pylist(activity), cutoff)
    support.load(other, pa.Table.from_pylist(customers), raw_activity)
    clean(other)
    after = training_rows(other)
    rows = [key for key in before if key[0] <= cutoff.isoformat()]
    assert all(before[k][name] == after[k][name] for k in rows for name in FEATURE_NAMES)
    at = [key for key in rows if key[0] == cutoff.isoformat()]
    assert any(before[k]["engagement"] != after[k]["engagement"] for k in at)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_labels_count_exactly_the_weeks_of_their_horizon(data: st.DataObject) -> None:
    cutoff = data.draw(st.sampled_from(PLAN.labelled))
    offsets = data.draw(st.lists(st.integers(-4, 14), unique=True, max_size=8))
    weeks = [cutoff + timedelta(weeks=n) for n in offsets]
    weeks = [w for w in weeks if FIRST <= w < AS_OF]
    row = dict.fromkeys(MEASURES, 1) | {"customer_id": "A", "minutes": 1.0, "spend": 2.5}
    table = pa.Table.from_pylist(
        [{**row, "week": w.isoformat()} for w in weeks] or [{**row, "week": "1999-01-04"}]
    )
    person = {"customer_id": "A", "signup_date": date(2020, 1, 1), "age": 30, "marketing_opt_in": True}
    attributes = {
        "country": "DE",
        "acquisition_channel": "ads",
        "plan": "free",
        "device": "web",
        "gender": "x",
    }
    db = support.connect()
    support.load(db, pa.Table.from_pylist([person | attributes]), table)
    clean(db)
    found = training_rows(db)[(cutoff.isoformat(), "A")]
    near = [w for w in weeks if cutoff <= w < cutoff + timedelta(weeks=4)]
    far = [w for w in weeks if cutoff <= w < cutoff + timedelta(weeks=12)]
    assert found["engagement"] == pytest.approx(len(near) / 28)
    assert found["churned"] == (0 if near else 1)
    complete = cutoff + timedelta(weeks=12) <= AS_OF
    assert found["value"] == (pytest.approx(2.5 * len(far)) if complete else None)


def test_scoring_features_equal_training_features_at_the_same_date(small: Any) -> None:
    db, _, _ = small
    day = PLAN.labelled[-1]
    scored = support.run(
        db, features.features_score_sql(DEFAULT, "customers", "activity", day, FIRST, 3)
    ).to_pylist()
    train = training_rows(db)
    assert len(scored) == sum(key[0] == day.isoformat() for key in train)
    for row in scored:
        match = train[(day.isoformat(), row["customer_id"])]
        assert all(row[name] == match[name] for name in FEATURE_NAMES)
        assert row["shard"] == contract.shard_of(row["customer_id"], 3)


def test_the_statement_scans_only_the_known_weeks() -> None:
    sql = features.features_score_sql(DEFAULT, "db.customers", "db.activity", AS_OF, FIRST, 1)
    assert f"WHERE week >= '{FIRST.isoformat()}' AND week < '{AS_OF.isoformat()}'" in sql
    assert sql == features.features_score_sql(DEFAULT, "db.customers", "db.activity", AS_OF, FIRST, 1)


def test_the_history_is_read_by_customer_so_that_its_groups_come_one_after_the_other() -> None:
    sql = features.features_train_sql(DEFAULT, "customers", "activity", PLAN)
    history = sql[sql.index("history AS (") : sql.index("population AS (")]
    assert "ORDER BY customer_id" in history[: history.index("JOIN past")]
    assert sql.count("ORDER BY") == 1


def test_a_cutoff_without_a_whole_lookback_of_known_weeks_is_refused() -> None:
    early = FIRST + timedelta(weeks=11)
    with pytest.raises(contract.ContractError, match="there are not 12 weeks"):
        features.features_score_sql(DEFAULT, "customers", "activity", early, FIRST, 1)


def test_partition_columns_come_last_and_the_table_is_parquet() -> None:
    sql = features.create_table_as(
        "engage_dev.features_train_run_x",
        "s3://bucket-name/features/run=run-x/train/",
        features.features_train_sql(DEFAULT, "customers", "activity", PLAN),
        ("cutoff",),
    )
    assert sql.startswith('CREATE TABLE "engage_dev"."features_train_run_x"\nWITH (\n  format = \'PARQUET\'')
    assert "partitioned_by = ARRAY['cutoff']" in sql
    assert "external_location = 's3://bucket-name/features/run=run-x/train/'" in sql
    db = support.connect()
    support.load(db, *support.world(5))
    clean(db)
    columns = support.run(
        db, features.features_train_sql(DEFAULT, "customers", "activity", PLAN)
    ).column_names
    assert columns == [
        "customer_id",
        *FEATURE_NAMES,
        "group_gender",
        "group_age",
        "engagement",
        "churned",
        "value",
        "cutoff",
    ]


@pytest.mark.parametrize("name", ['a"b', "a b", "a;drop", "A", "a.b.c", "", "1a", "a'--"])
def test_names_that_are_no_identifiers_are_refused(name: str) -> None:
    with pytest.raises(contract.ContractError):
        sqltext.table_name(name)


@pytest.mark.parametrize(
    "where", ["s3://b/", "s3://bucket/x", "s3://bucket/x'/", "http://bucket/x/", "s3://bucket/x y/"]
)
def test_locations_that_are_no_prefixes_are_refused(where: str) -> None:
    with pytest.raises(contract.ContractError):
        features.create_table_as("t", where, "SELECT 1")


def test_dividing_never_uses_decimal_literals() -> None:
    """Trino keeps one digit of `7 / 2.0`, DuckDB all of them: no local test could see the difference."""
    import re

    for sql in (
        features.features_train_sql(DEFAULT, "c", "a", PLAN),
        features.clean_activity_sql(DEFAULT, "r", "c", FIRST, AS_OF),
    ):
        # Texts are no literals of numbers, and doubles have an exponent.
        bare = re.sub(r"'[^']*'|\d+\.\d+E\d", "", sql)
        assert not re.search(r"\d\.\d+(?!E)(?![\d])", bare)
