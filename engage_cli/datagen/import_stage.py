"""Writes the good rows as Parquet files of the raw layout, and makes customers of the activity."""

from datetime import date
from pathlib import Path
from typing import Any

from engage_cli.datagen import shapes
from engage_cli.datagen.contract_shapes import EVENT_ID
from engage_cli.datagen.import_load import Loaded, reject
from engage_cli.datagen.import_rows import SQL_TYPES
from engage_cli.datagen.shapes import Column, Shape
from engage_cli.sql_text import quoted

_CUSTOMERS_PER_PART = 500_000
# Whatever day a week begins with, its row goes to the nearest Monday.
_NEAREST_MONDAY = "CAST(date_trunc('week', week + INTERVAL 3 DAY) AS DATE)"


def keep_activity(loaded: Loaded, shape: Shape) -> list[date]:
    """Make `good_activity`, with `week` as a column; its weeks, oldest first."""
    if shape.has_events:
        week = "CAST(date_trunc('week', event_time) AS DATE)"
        source, order = _events(loaded, shape), "week, customer_id, event_time, _file, _row"
    else:
        names = ", ".join(quoted(n) for n in shape.names if n != "week")
        good = f"FROM activity r WHERE {loaded.good('activity', 'r')}"
        week = _NEAREST_MONDAY
        source, order = f"SELECT _file, _row, {names}, week {good}", "week, customer_id"
    rest = "* EXCLUDE (week)" if not shape.has_events else "*"
    loaded.db.execute(
        f"CREATE TABLE good_activity AS SELECT {rest}, {week} AS week FROM ({source}) ORDER BY {order}"
    )
    rows = loaded.db.execute("SELECT DISTINCT week FROM good_activity ORDER BY week").fetchall()
    return [found for (found,) in rows]


def _events(loaded: Loaded, shape: Shape) -> str:
    """The good events; rows that share an event become one, with the sums of their measures."""
    good = f"FROM activity r WHERE {loaded.good('activity', 'r')}"
    if EVENT_ID not in shape.names:
        return f"SELECT _file, _row, {', '.join(map(quoted, shape.names))} {good}"
    parts = []
    for c in shape.columns:
        name = quoted(c.name)
        if c.name in ("customer_id", EVENT_ID):
            continue
        is_measure = c.type in ("long", "double") and c.name not in shape.of_customer
        how = "min" if c.name == "event_time" else "sum" if is_measure else "any_value"
        # In the order of the rows: a sum of floating-point numbers depends on it.
        parts.append(f"CAST({how}({name} ORDER BY _file, _row) AS {SQL_TYPES[c.type]}) AS {name}")
    # A row without an identifier is an event of its own.
    group = f"customer_id, CAST(event_time AS DATE), coalesce({EVENT_ID}, _file || ':' || _row)"
    return (
        f"SELECT min(_file) AS _file, min(_row) AS _row, customer_id, {', '.join(parts)} "
        f"{good} GROUP BY {group}"
    )


def keep_customers(loaded: Loaded, shape: Shape) -> None:
    """Make `good_customers` of the rows of the file."""
    names = ", ".join(map(quoted, shape.names))
    loaded.db.execute(
        f"CREATE TABLE good_customers AS SELECT {names} FROM customers r "
        f"WHERE {loaded.good('customers', 'r')} ORDER BY _file, _row"
    )


def date_customers(loaded: Loaded, shape: Shape, existing: Any, *, add: bool) -> int:
    """Make `good_customers` of a file without sign-ups: each signed up with the first activity.

    `existing` (pyarrow, or None): customers of earlier imports, whose sign-ups stay when they are earlier.
    With `add`, customers of the activity who are not in the file are added, without attributes or with
    those of earlier imports. Returns how many are left out because they have no activity.
    """
    _first_activity(loaded, existing)
    rest = ", ".join(f"c.{quoted(n)}" for n in shape.names if n != "customer_id")
    loaded.db.execute(
        f"CREATE TABLE good_customers AS SELECT c.customer_id, f.signup_date{', ' + rest if rest else ''} "
        f"FROM customers c JOIN first_activity f USING (customer_id) "
        f"WHERE {loaded.good('customers', 'c')} ORDER BY c._file, c._row"
    )
    if add:
        _add_unknown(loaded, [n for n in shape.names if n != "customer_id"], existing)
    undated = (
        f"customers c WHERE {loaded.good('customers', 'c')} "
        "AND customer_id NOT IN (SELECT customer_id FROM first_activity)"
    )
    count = loaded.count(f"SELECT count(*) FROM {undated}")
    reject(loaded.db, "customers", "the customer has no activity to date the sign-up by", undated, bad=False)
    return count


def _add_unknown(loaded: Loaded, attributes: list[str], existing: Any) -> None:
    old = "LEFT JOIN existing e USING (customer_id)" if existing is not None else ""
    there = existing.column_names if existing is not None else ()
    values = "".join(f", {f'e.{quoted(n)}' if n in there else 'NULL'} AS {quoted(n)}" for n in attributes)
    loaded.db.execute(
        f"INSERT INTO good_customers SELECT f.customer_id, f.signup_date{values} FROM first_activity f {old} "
        "WHERE f.customer_id NOT IN (SELECT customer_id FROM good_customers) ORDER BY f.customer_id"
    )


def derive_customers(loaded: Loaded, activity: Shape, existing: Any) -> None:
    """Make `good_customers` of the activity: attributes are those of a customer's first row.

    What that row leaves empty stays empty: a later value would be known before its time. Customers of
    earlier imports (`existing`) stay, with their attributes; an empty one is filled only when their first
    row is imported again.
    """
    _first_activity(loaded, existing)
    columns = [activity.column(name) for name in activity.of_customer]
    moment = "event_time" if activity.has_events else "week"
    told = "".join(
        # Events made of several rows can have the same file and row: then the value decides.
        f", arg_min_null({n}, (a.{moment}, a._file, a._row, {n})) AS {n}"
        for n in (quoted(c.name) for c in columns)
    )
    loaded.db.execute(
        f"CREATE TABLE told AS SELECT customer_id, CAST(min({moment}) AS DATE) AS _first{told} "
        "FROM good_activity a GROUP BY customer_id"
    )
    chosen = "".join(f", {_earlier(c, existing)} AS {quoted(c.name)}" for c in columns)
    old = "LEFT JOIN existing e USING (customer_id)" if existing is not None else ""
    loaded.db.execute(
        f"CREATE TABLE good_customers AS SELECT f.customer_id, f.signup_date{chosen} FROM first_activity f "
        f"LEFT JOIN told t USING (customer_id) {old} ORDER BY f.customer_id"
    )


def _earlier(column: Column, existing: Any) -> str:
    name = quoted(column.name)
    if existing is None or column.name not in existing.column_names:
        return f"t.{name}"
    old = f"CAST(e.{name} AS {SQL_TYPES[column.type]})"
    return f"coalesce({old}, CASE WHEN t._first = f.signup_date THEN t.{name} END)"


def _first_activity(loaded: Loaded, existing: Any) -> None:
    """Make `first_activity` (customer_id, signup_date), and `existing` when there are earlier customers."""
    shape = loaded.shape("activity")
    assert shape is not None
    day = "CAST(min(event_time) AS DATE)" if shape.has_events else "min(week)"
    new = f"SELECT customer_id, {day} AS signup_date FROM good_activity GROUP BY customer_id"
    if existing is not None:
        loaded.db.register("existing_view", existing)
        loaded.db.execute("CREATE TABLE existing AS SELECT * FROM existing_view")
        loaded.db.unregister("existing_view")
        new += " UNION ALL SELECT customer_id, CAST(signup_date AS DATE) FROM existing"
    loaded.db.execute(
        f"CREATE TABLE first_activity AS SELECT customer_id, min(signup_date) AS signup_date "
        f"FROM ({new}) GROUP BY customer_id"
    )


def returning_customers(loaded: Loaded) -> int:
    """How many customers have activity in more than one week."""
    weeks = "SELECT customer_id FROM good_activity GROUP BY customer_id HAVING min(week) < max(week)"
    return loaded.count(f"SELECT count(*) FROM ({weeks})")


def stage(loaded: Loaded, folder: Path, weeks: list[date], *, customers: bool) -> list[tuple[str, Path]]:
    """Write the good rows as Parquet; return (key, file) pairs. A week without rows is an empty file."""
    staged: list[tuple[str, Path]] = []
    if customers:
        kept = loaded.count("SELECT count(*) FROM good_customers")
        for part, offset in enumerate(range(0, kept, _CUSTOMERS_PER_PART)):
            query = f"SELECT * FROM good_customers LIMIT {_CUSTOMERS_PER_PART} OFFSET {offset}"
            staged.append(_copy(loaded.db, folder, query, shapes.customers_key(part, "parquet")))
    activity = loaded.shape("activity")
    if activity:
        names = ", ".join(map(quoted, activity.put_names))
        for week in weeks:
            query = f"SELECT {names} FROM good_activity WHERE week = DATE '{week}'"
            staged.append(_copy(loaded.db, folder, query, shapes.activity_key(week, 0, "parquet")))
    return staged


def _copy(db: Any, folder: Path, query: str, key: str) -> tuple[str, Path]:
    path = folder / "staged" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return key, path
