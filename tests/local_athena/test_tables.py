# ruff: noqa: E501 - statements read better on one line
"""Tables over files: pruning, bytes scanned, CTAS, INSERT, DDL, and what a failure leaves behind."""

import datetime
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from engage_cli.local.athena.catalog import Partition, Table
from engage_cli.local.athena.engine import QueryHandle
from engage_cli.local.athena.errors import CutOff, QueryCancelled, QueryError
from tests.local_athena.fakes import LAZY_SERDE, OPEN_CSV_SERDE, Athena

LONG = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) "
    "CROSS JOIN UNNEST(sequence(1, 1000)) AS c(z) WHERE (x * y + z) % 7 = 3"
)
WEEKS = ("2026-01-05", "2026-01-12", "2026-01-19")


def chunk_bytes(files: list[Path], columns: set[str]) -> int:
    total = 0
    for file in files:
        metadata = parquet.read_metadata(file)
        for group in range(metadata.num_row_groups):
            chunks = [metadata.row_group(group).column(i) for i in range(metadata.num_columns)]
            total += sum(c.total_compressed_size for c in chunks if c.path_in_schema in columns)
    return total


def activity(athena: Athena) -> Table:
    """Three weeks of activity; week n has n + 1 rows."""
    columns = [("customer_id", "string"), ("active_days", "int"), ("spend", "double")]
    table = athena.parquet_table("activity", columns, [("week", "string")])
    for n, week in enumerate(WEEKS):
        location = f"s3://lake/activity/week={week}/"
        rows = pa.table(
            {
                "customer_id": [f"C{i}" for i in range(n + 1)],
                "active_days": pa.array(range(n + 1), pa.int32()),
                "spend": [1.5 * i for i in range(n + 1)],
            }
        )
        target = athena.store.path(location + "part-0.parquet")
        target.parent.mkdir(parents=True)
        parquet.write_table(rows, target, compression="snappy")
        (target.parent / "_SUCCESS").write_text("")
        athena.catalog.add_partitions(table, [Partition((week,), location)])
    return table


def files(athena: Athena, *weeks: str) -> list[Path]:
    return [athena.store.path(f"s3://lake/activity/week={week}/part-0.parquet") for week in weeks]


@pytest.mark.parametrize(
    ("condition", "weeks"),
    [
        ("week = '2026-01-12'", WEEKS[1:2]),
        ("week IN ('2026-01-05', '2026-01-19')", (WEEKS[0], WEEKS[2])),
        ("week >= '2026-01-06' AND spend > 0", WEEKS[1:]),
        ("week BETWEEN '2026-01-06' AND '2026-01-13'", WEEKS[1:2]),
        ("CAST(week AS date) < date_add('week', -1, DATE '2026-01-19')", WEEKS[:1]),
        ("week = '2026-01-12' OR spend > 0", WEEKS),
        ("NOT (week = '2026-01-05') AND week LIKE '2026-01-1%'", WEEKS[1:]),
    ],
)
def test_only_the_partitions_that_can_match_are_billed_and_only_the_columns_read(
    fresh: Athena, condition: str, weeks: tuple[str, ...]
) -> None:
    activity(fresh)
    outcome = fresh.run(f"SELECT sum(spend) FROM activity WHERE {condition}")
    assert outcome.scanned == chunk_bytes(files(fresh, *weeks), {"spend"})


def test_the_padded_side_of_a_left_join_is_pruned_by_its_own_condition_only(fresh: Athena) -> None:
    activity(fresh)
    base = "SELECT count(b.spend) FROM (VALUES 'C0') AS a(id) LEFT JOIN activity b ON a.id = b.customer_id"
    assert fresh.run(base + " WHERE b.week IS NULL").scanned == chunk_bytes(
        files(fresh, *WEEKS), {"spend", "customer_id"}
    )
    pruned = fresh.run(base + f" AND b.week = '{WEEKS[0]}'")
    assert pruned.scanned == chunk_bytes(files(fresh, WEEKS[0]), {"spend", "customer_id"})


def test_counting_rows_reads_no_column_and_pruning_everything_gives_no_row(fresh: Athena) -> None:
    activity(fresh)
    assert fresh.rows("SELECT count(*) FROM activity") == [("6",)]
    assert fresh.run("SELECT count(*) FROM activity").scanned == 0
    outcome = fresh.run("SELECT * FROM activity WHERE week = 'none'")
    assert (outcome.rows, outcome.scanned) == (0, 0)
    assert [c.type for c in outcome.columns] == ["varchar", "integer", "double", "varchar"]


def test_a_partition_may_be_anywhere_and_its_value_comes_from_the_catalog(fresh: Athena) -> None:
    table = activity(fresh)
    fresh.catalog.add_partitions(table, [Partition(("2026-02-02",), f"s3://lake/activity/week={WEEKS[2]}/")])
    rows = fresh.rows("SELECT week, count(*) FROM activity GROUP BY week ORDER BY week")
    assert rows == [(WEEKS[0], "1"), (WEEKS[1], "2"), (WEEKS[2], "3"), ("2026-02-02", "3")]


def test_the_path_of_a_row_is_its_object_and_a_star_hides_it(fresh: Athena) -> None:
    activity(fresh)
    sql = f"SELECT DISTINCT \"$path\" FROM activity WHERE week = '{WEEKS[0]}'"
    assert fresh.rows(sql) == [(f"s3://lake/activity/week={WEEKS[0]}/part-0.parquet",)]
    assert len(fresh.run("SELECT * FROM activity").columns) == 4


def test_parquet_columns_are_found_by_name_and_missing_ones_are_null(fresh: Athena) -> None:
    fresh.parquet_table("t", [("b", "bigint"), ("a", "string"), ("c", "double")])
    base = fresh.store.path("s3://lake/t/x")
    base.parent.mkdir(parents=True)
    parquet.write_table(pa.table({"a": ["x"], "b": [1]}), base)
    parquet.write_table(pa.table({"c": [2.5], "b": pa.array([2], pa.int32())}), base.with_name("y"))
    assert fresh.rows("SELECT * FROM t ORDER BY b") == [("1", "x", None), ("2", None, "2.5")]


def test_a_parquet_type_that_contradicts_the_table_fails(fresh: Athena) -> None:
    fresh.parquet_table("t", [("a", "bigint")])
    target = fresh.store.path("s3://lake/t/x")
    target.parent.mkdir(parents=True)
    parquet.write_table(pa.table({"a": ["x"]}), target)
    with pytest.raises(QueryError, match="HIVE_BAD_DATA"):
        fresh.run("SELECT a FROM t")


@pytest.mark.parametrize(("serde", "parameters"), [(LAZY_SERDE, {"field.delim": ","}), (OPEN_CSV_SERDE, {})])
def test_csv_is_read_by_position_and_what_does_not_parse_is_null(
    fresh: Athena, serde: str, parameters: dict[str, str]
) -> None:
    columns = [("id", "string"), ("n", "int"), ("v", "double"), ("ok", "boolean")]
    table = Table(
        "raw", "c", columns, [], "s3://raw/c/", "TextInputFormat", serde, parameters, {"skip.header.line.count": "1"}
    )  # fmt: skip
    fresh.catalog.create_table(table)
    target = fresh.store.path("s3://raw/c/part-0.csv")
    target.parent.mkdir(parents=True)
    target.write_text("id,n,v,ok,extra\nA,1,2.5,true,z\nB,3.7,x,maybe,z\nC,,,\n")
    outcome = fresh.run("SELECT id FROM raw.c")
    assert outcome.scanned == target.stat().st_size
    expected = [("A", "1", "2.5", "true"), ("B", None, None, None), ("C", None, None, None)]
    assert fresh.rows("SELECT * FROM raw.c ORDER BY id") == expected


def test_create_table_as_writes_parquet_and_registers_table_and_partitions(fresh: Athena) -> None:
    activity(fresh)
    sql = """CREATE TABLE clean WITH (format = 'PARQUET', write_compression = 'SNAPPY',
        external_location = 's3://lake/clean/', partitioned_by = ARRAY['week'])
        AS SELECT customer_id, count(*) AS n, sum(active_days) AS days, week FROM activity GROUP BY customer_id, week"""
    outcome = fresh.run(sql)
    assert (outcome.kind, outcome.substatement, outcome.rows) == ("DDL", "CREATE_TABLE_AS_SELECT", 6)
    table = fresh.catalog.table("lake", "clean")
    assert table is not None
    assert table.columns == [("customer_id", "string"), ("n", "bigint"), ("days", "bigint")]
    assert table.partition_keys == [("week", "string")]
    assert sorted(p.values[0] for p in fresh.catalog.partitions(table)) == list(WEEKS)
    assert all(uri.startswith("s3://lake/clean/week=2026-01-") for uri in outcome.written)
    assert fresh.rows(f"SELECT sum(n), sum(days) FROM clean WHERE week > '{WEEKS[0]}'") == [("5", "4")]


def test_insert_appends_to_old_and_new_partitions(fresh: Athena) -> None:
    activity(fresh)
    fresh.run(f"INSERT INTO activity SELECT 'Z', 7, 1E0, w FROM (VALUES '{WEEKS[0]}', '2026-03-02') AS t(w)")
    fresh.run("INSERT INTO activity VALUES ('Y', 1, 2E0, '2026-03-02')")
    rows = fresh.rows(
        "SELECT week, count(*) FROM activity WHERE active_days > 0 OR spend > 0 GROUP BY 1 ORDER BY 1"
    )
    assert (WEEKS[0], "1") in rows
    assert ("2026-03-02", "2") in rows
    with pytest.raises(QueryError, match="TYPE_MISMATCH"):
        fresh.run("INSERT INTO activity VALUES (1, 1, 2E0, '2026-03-02')")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (
            "CREATE TABLE t WITH (external_location = 's3://lake/activity/') AS SELECT 1 AS a",
            "HIVE_PATH_ALREADY_EXISTS",
        ),
        ("CREATE TABLE activity AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS"),
        (
            "CREATE TABLE t WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b",
            "HIVE_COLUMN_ORDER_MISMATCH",
        ),
        ("CREATE TABLE t WITH (partitioned_by = ARRAY['z']) AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY"),
        (
            "CREATE TABLE t WITH (partitioned_by = ARRAY['p']) AS SELECT 1 AS a, x AS p FROM UNNEST(sequence(1, 101)) AS u(x)",
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
        ),
        ("CREATE TABLE t AS SELECT 1 / x AS a FROM (VALUES 0) AS u(x)", "DIVISION_BY_ZERO"),
        ("CREATE TABLE t AS SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN"),
        (
            "CREATE TABLE t WITH (format = 'ORC') AS SELECT 1 AS a",
            "NOT_SUPPORTED: CREATE TABLE AS with format ORC",
        ),
        ("CREATE TABLE nowhere.t AS SELECT 1 AS a", "SCHEMA_NOT_FOUND"),
    ],
)
def test_a_failed_create_leaves_no_table_and_no_object(fresh: Athena, sql: str, code: str) -> None:
    activity(fresh)
    with pytest.raises(QueryError, match=code.replace("(", r"\(")):
        fresh.run(sql)
    assert fresh.catalog.tables("lake") == ["activity"]
    assert fresh.store.objects("s3://results/") == []


def test_objects_are_taken_back_when_the_table_cannot_be_registered(fresh: Athena) -> None:
    fresh.catalog.fail_on_create = True
    with pytest.raises(QueryError):
        fresh.run("CREATE TABLE t WITH (external_location = 's3://lake/t/') AS SELECT 1 AS a")
    assert fresh.store.is_empty("s3://lake/t/")


def test_the_cut_off_stops_a_query_before_it_reads(fresh: Athena) -> None:
    activity(fresh)
    size = fresh.run("SELECT sum(spend) FROM activity").scanned
    assert fresh.run("SELECT sum(spend) FROM activity", cutoff=size).rows == 1
    with pytest.raises(CutOff, match="Bytes scanned limit was exceeded"):
        fresh.run("SELECT sum(spend) FROM activity", cutoff=size - 1)


def test_partitions_views_and_tables_come_and_go_by_ddl(fresh: Athena) -> None:
    activity(fresh)
    fresh.run(f"ALTER TABLE activity DROP PARTITION (week = '{WEEKS[0]}')")
    assert fresh.run("SHOW PARTITIONS activity").lines == [f"week={w}" for w in WEEKS[1:]]
    assert fresh.run("MSCK REPAIR TABLE activity").lines[-1].endswith(f"activity:week={WEEKS[0]}")
    fresh.run(
        f"ALTER TABLE activity ADD IF NOT EXISTS PARTITION (week='x') LOCATION 's3://lake/activity/week={WEEKS[0]}/'"
    )
    assert fresh.rows("SELECT count(*) FROM activity WHERE week = 'x'") == [("1",)]
    fresh.run("CREATE VIEW busy AS SELECT customer_id FROM activity WHERE active_days > 1")
    assert fresh.rows("SELECT count(*) FROM busy b JOIN activity a ON a.customer_id = b.customer_id") == [
        ("1",)
    ]
    fresh.run("DROP VIEW busy")
    fresh.run("CREATE EXTERNAL TABLE IF NOT EXISTS `e` (`a` int, b string) PARTITIONED BY (w string) "
              "STORED AS PARQUET LOCATION 's3://raw/e/'")  # fmt: skip
    assert fresh.rows("SELECT a, b, w FROM e") == []
    fresh.run("DROP TABLE e")
    fresh.run("DROP TABLE IF EXISTS e")
    assert fresh.run("SHOW TABLES").lines == ["activity"]


def test_a_query_can_be_stopped(fresh: Athena) -> None:
    handle = QueryHandle()
    timer = threading.Timer(0.3, handle.stop)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(QueryCancelled):
        fresh.run(LONG, handle=handle)
    assert time.monotonic() - begun < 60


def test_a_short_query_ends_while_a_long_one_runs(fresh: Athena) -> None:
    handle, ended = QueryHandle(), []

    def long() -> None:
        try:
            fresh.run(LONG, handle=handle)
        except QueryCancelled:
            ended.append(time.monotonic())

    thread = threading.Thread(target=long)
    thread.start()
    try:
        assert fresh.rows("SELECT count(*) FROM UNNEST(sequence(1, 1000)) AS t(x)") == [("1000",)]
        short = time.monotonic()
        assert thread.is_alive()
    finally:
        handle.stop()
        thread.join(30)
    assert ended
    assert short < ended[0]


def test_a_query_that_needs_more_memory_than_the_limit_fails_and_others_go_on(tmp_path: Path) -> None:
    small = Athena(tmp_path, memory="30MB")
    with pytest.raises(QueryError, match="EXCEEDED_MEMORY_LIMIT"):
        small.run(
            "SELECT cardinality(array_agg(x * y)) FROM UNNEST(sequence(1, 10000)) AS t(x) "
            "CROSS JOIN UNNEST(sequence(1, 600)) AS u(y)"
        )
    assert small.rows("SELECT 1") == [("1",)]


def test_duckdb_itself_cannot_read_or_change_anything_else(fresh: Athena, tmp_path: Path) -> None:
    import duckdb

    fresh.rows("SELECT 1")
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    connection = fresh.engine._connect()
    for sql in (
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'x.db'}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '10GB'",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(sql)


# -- conditions of outer queries, and row groups


def grouped(athena: Athena) -> Path:
    """A table without partitions: 4 row groups of 10 rows; n rises, day too."""
    athena.parquet_table("grouped", [("n", "int"), ("day", "date"), ("name", "string"), ("x", "double")], [])
    days = pa.array([datetime.date(2026, 1, 1) + datetime.timedelta(days=i // 10) for i in range(40)])
    rows = pa.table(
        {
            "n": pa.array(range(40), pa.int32()),
            "day": days,
            "name": [f"n{i:02d}" for i in range(40)],
            "x": [float("nan") if i < 10 else i * 1.5 for i in range(40)],
        }
    )
    target = athena.store.path("s3://lake/grouped/part-0.parquet")
    target.parent.mkdir(parents=True)
    parquet.write_table(rows, target, row_group_size=10)
    return target


def group_bytes(file: Path, groups: tuple[int, ...], columns: set[str]) -> int:
    metadata = parquet.read_metadata(file)
    chunks = [metadata.row_group(g).column(i) for g in groups for i in range(metadata.num_columns)]
    return sum(c.total_compressed_size for c in chunks if c.path_in_schema in columns)


@pytest.mark.parametrize(
    ("condition", "groups"),
    [
        ("n = 25", (2,)),
        ("25 = n", (2,)),
        ("n < 10", (0,)),
        ("n <= 10", (0, 1)),
        ("n > 29", (3,)),
        ("n >= 29", (2, 3)),
        ("29 > n AND n > 12", (1, 2)),
        ("n BETWEEN 8 AND 12", (0, 1)),
        ("n IN (3, 33)", (0, 3)),
        ("n = 3 OR n = 33", (0, 1, 2, 3)),
        ("n + 1 = 3", (0, 1, 2, 3)),
        ("n = 99", ()),
        ("n > 15 AND n < 5", ()),
    ],
)
def test_only_the_row_groups_whose_statistics_allow_a_match_are_billed(
    fresh: Athena, condition: str, groups: tuple[int, ...]
) -> None:
    file = grouped(fresh)
    outcome = fresh.run(f"SELECT sum(n) FROM grouped WHERE {condition}")
    assert outcome.scanned == group_bytes(file, groups, {"n"})


@pytest.mark.parametrize(
    ("condition", "column", "groups"),
    [
        ("day = DATE '2026-01-03'", "day", (2,)),
        ("day > date_add('day', 1, DATE '2026-01-01')", "day", (2, 3)),
        ("name >= 'n20'", "name", (2, 3)),
        ("name LIKE 'n2%'", "name", (0, 1, 2, 3)),
        # The first group holds NaN, which statistics cannot rule out.
        ("x > 45", "x", (0, 3)),
    ],
)
def test_row_groups_are_left_out_by_dates_and_text_but_never_on_a_guess(
    fresh: Athena, condition: str, column: str, groups: tuple[int, ...]
) -> None:
    file = grouped(fresh)
    outcome = fresh.run(f"SELECT count({column}) FROM grouped WHERE {condition}")
    assert outcome.scanned == group_bytes(file, groups, {column})


W0, W1 = WEEKS[0], WEEKS[1]


@pytest.mark.parametrize(
    ("query", "weeks"),
    [
        (f"SELECT sum(s) FROM (SELECT week AS w, spend AS s FROM activity) WHERE w = '{W1}'", WEEKS[1:2]),
        (f"WITH a AS (SELECT week AS w, spend AS s FROM activity) SELECT sum(s) FROM a WHERE w = '{W1}'", WEEKS[1:2]),
        (f"WITH a AS (SELECT * FROM activity), b AS (SELECT week w, spend s FROM a) SELECT sum(s) FROM b WHERE w = '{W1}'", WEEKS[1:2]),
        (f"SELECT sum(t) FROM (SELECT week, sum(spend) AS t FROM activity GROUP BY week) WHERE week = '{W1}'", WEEKS[1:2]),
        (f"SELECT sum(t) FROM (SELECT week, sum(spend) AS t FROM activity GROUP BY 1) WHERE week = '{W1}'", WEEKS[1:2]),
        (f"SELECT sum(s) FROM (SELECT week w, spend s FROM activity UNION ALL SELECT '{W1}', spend FROM activity WHERE week = '{W0}') WHERE w = '{W1}'", WEEKS[:2]),
        # Where a condition must stay, everything is read.
        (f"SELECT sum(s) FROM (SELECT week AS w, spend AS s FROM activity ORDER BY week, spend LIMIT 5) WHERE w = '{W1}'", WEEKS),
        (f"SELECT sum(s) FROM (SELECT week AS w, sum(spend) OVER () AS s FROM activity) WHERE w = '{W1}'", WEEKS),
        (f"SELECT m, s FROM (SELECT max(week) AS m, sum(spend) AS s FROM activity) WHERE m = '{W1}'", WEEKS),
        (f"SELECT count(b.s) FROM (VALUES 1) v(i) LEFT JOIN (SELECT week w, spend s FROM activity) b ON true WHERE b.w = '{W1}' OR b.w IS NULL", WEEKS),
        (f"WITH a AS (SELECT week w, spend s FROM activity) SELECT (SELECT sum(s) FROM a WHERE w = '{W0}') + (SELECT sum(s) FROM a WHERE w = '{W1}')", WEEKS),
    ],
)  # fmt: skip
def test_conditions_of_outer_queries_prune_only_where_they_cannot_change_the_result(
    fresh: Athena, query: str, weeks: tuple[str, ...]
) -> None:
    activity(fresh)
    pruned = fresh.run(query)
    read = {"spend"}
    assert pruned.scanned <= chunk_bytes(files(fresh, *WEEKS), read) * 2
    if "UNION" not in query:
        assert pruned.scanned == chunk_bytes(files(fresh, *weeks), read)
    # The same statement with a condition that nobody can prune by gives the same rows.
    hidden = (
        query.replace(f"'{W1}'", f"concat('{W1}', '')")
        .replace(" = concat(", " = lower(concat(")
        .replace(", '')", ", ''))")
    )
    if "SELECT '" not in query:
        assert fresh.rows(query) == fresh.rows(hidden)
