"""A small world for the tests of the ML library: customers and activity as DuckDB tables, and Athena SQL
run on them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import sqlglot

AS_OF = date(2026, 3, 2)
WEEKS = 52


def connect() -> duckdb.DuckDBPyConnection:
    """DuckDB with the few Trino functions that it lacks."""
    db = duckdb.connect()
    db.execute("SET threads = 2")
    db.execute("CREATE MACRO to_utf8(x) AS x")
    db.execute("CREATE MACRO to_hex(x) AS upper(x)")  # DuckDB's md5 is hexadecimal text already
    db.execute("CREATE MACRO from_base(x, b) AS ('0x' || x)::BIGINT")
    return db


def to_duckdb(sql: str) -> str:
    return str(sqlglot.transpile(sql, read="athena", write="duckdb")[0])


def run(db: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    result = db.execute(to_duckdb(sql))
    return result.to_arrow_table()


def make_table(db: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    db.execute(f"CREATE OR REPLACE TABLE {name} AS {to_duckdb(sql)}")


def world(
    customers: int = 400, seed: int = 7, weeks: int = WEEKS, as_of: date = AS_OF
) -> tuple[pa.Table, pa.Table]:
    """Raw customers and activity with latent rates, drop-out and spend that depend on plan and country."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"C{n:07d}" for n in range(customers)])
    start = as_of - timedelta(weeks=weeks)
    offsets = rng.integers(-400, weeks * 7 - 7, customers)
    plan = rng.choice(["free", "basic", "premium"], customers, p=[0.5, 0.3, 0.2])
    age = np.where(rng.random(customers) < 0.1, np.nan, rng.integers(18, 80, customers))
    table = pa.table(
        {
            "customer_id": ids,
            "name": [f"Name {n}" for n in range(customers)],
            "email": [f"mail{n}@example.com" for n in range(customers)],
            "country": rng.choice(["DE", "US", "FR", "JP"], customers),
            "city": rng.choice(["A", "B"], customers),
            "signup_date": pa.array([start + timedelta(days=int(o)) for o in offsets], pa.date32()),
            "acquisition_channel": rng.choice(["ads", "friend"], customers),
            "plan": plan,
            "device": rng.choice(["phone", "laptop"], customers),
            "age": pa.array([None if a != a else int(a) for a in age], pa.int32()),
            "gender": rng.choice(["f", "m", "x"], customers),
            "marketing_opt_in": rng.random(customers) < 0.5,
        }
    )
    base = {"free": -1.3, "basic": -0.3, "premium": 0.6}
    rate = np.array([base[p] for p in plan]) + rng.normal(0, 1, customers)
    leaves = rng.geometric(np.where(plan == "premium", 0.01, 0.03))
    rows: dict[str, list[Any]] = {
        name: []
        for name in (
            "customer_id",
            "active_days",
            "sessions",
            "minutes",
            "posts",
            "likes",
            "messages",
            "purchases",
            "spend",
            "support_tickets",
            "week",
        )
    }
    for w in range(weeks):
        monday = start + timedelta(weeks=w)
        age_weeks = (w * 7 - offsets) / 7
        alive = (age_weeks > 0) & (age_weeks < leaves)
        days = rng.binomial(7, 1 / (1 + np.exp(-rate))) * alive
        on = np.flatnonzero(days)
        d = days[on]
        purchases = rng.poisson(0.1 * d)
        rows["customer_id"].extend(ids[on])
        rows["active_days"].extend(d)
        rows["sessions"].extend(d + rng.poisson(d))
        rows["minutes"].extend(np.round(rng.gamma(2, 10, len(on)) * d, 1))
        for name, factor in (("posts", 0.2), ("likes", 1.0), ("messages", 0.6), ("support_tickets", 0.02)):
            rows[name].extend(rng.poisson(factor * d))
        rows["purchases"].extend(purchases)
        rows["spend"].extend(np.round(purchases * rng.gamma(3, 12, len(on)), 2))
        rows["week"].extend([monday.isoformat()] * len(on))
    return table, pa.table(rows)


def load(db: duckdb.DuckDBPyConnection, customers: pa.Table, activity: pa.Table) -> None:
    """Puts the two raw tables into the database as `raw_customers` and `raw_activity`."""
    for name, table in (("raw_customers", customers), ("raw_activity", activity)):
        db.register("incoming", table)
        db.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")
        db.unregister("incoming")
