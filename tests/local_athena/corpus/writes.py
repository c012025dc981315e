# ruff: noqa: E501 - statements read better on one line
"""CREATE TABLE AS, INSERT INTO, UNLOAD, EXPLAIN, and statements that Athena refuses."""

from tests.local_athena.corpus.case import ATHENA, TRINO, Page

ctas = Page("create table as", f"{ATHENA}/create-table-as.html")
examples = Page("create table as", f"{ATHENA}/ctas-examples.html")
insert = Page("insert into", f"{ATHENA}/insert-into.html")
unload = Page("unload", f"{ATHENA}/unload.html")
explain = Page("explain", f"{ATHENA}/athena-explain-statement.html")
refused = Page("refused statements", f"{ATHENA}/other-notable-limitations.html")
errors = Page("refused statements", f"{TRINO}/language.html")

ROWS = "(VALUES (1, 'a', 1.5E0), (2, 'b', NULL), (3, NULL, 2.5E0)) AS t(x, y, z)"
BACK = [("1", "a", "1.5"), ("2", "b", None), ("3", None, "2.5")]


def written(properties: str) -> tuple[tuple[str, None], tuple[str, list[tuple[str | None, ...]]]]:
    """CTAS with properties, and reading it back."""
    return (f"CREATE TABLE t WITH ({properties}) AS SELECT * FROM {ROWS}", None), (
        "SELECT x, y, z FROM t ORDER BY x",
        BACK,
    )  # type: ignore[return-value]


CASES = [
    ctas.scenario(
        "",
        (f"CREATE TABLE t AS SELECT * FROM {ROWS}", None),
        ("SELECT x, y, z FROM t ORDER BY x", BACK),
        ("CREATE TABLE t AS SELECT 1 AS a", "!TABLE_ALREADY_EXISTS"),
        ("CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a", None),
        ("SELECT count(*) FROM t", ["3"]),
    ),
    ctas.scenario(
        "", *written("format = 'PARQUET', external_location = 's3://lake/new/', write_compression = 'ZSTD'")
    ),
    ctas.scenario("", *written("format = 'JSON', external_location = 's3://lake/new/'")),
    ctas.scenario("", *written("format = 'JSON', write_compression = 'GZIP'")),
    ctas.scenario("", *written("format = 'TEXTFILE', field_delimiter = ',', write_compression = 'NONE'")),
    ctas.scenario("", *written("format = 'TEXTFILE'")),
    ctas.scenario("", *written("bucketed_by = ARRAY['x'], bucket_count = 3")),
    ctas.scenario(
        "",
        *written(
            "format = 'PARQUET', parquet_compression = 'SNAPPY', bucketed_by = ARRAY['y'], bucket_count = 2"
        ),
    ),
    ctas.fails(
        "",
        f"CREATE TABLE t WITH (bucketed_by = ARRAY['x']) AS SELECT * FROM {ROWS}",
        "INVALID_TABLE_PROPERTY: bucketed_by and bucket_count must be specified together",
    ),
    ctas.fails(
        "",
        f"CREATE TABLE t WITH (bucketed_by = ARRAY['q'], bucket_count = 2) AS SELECT * FROM {ROWS}",
        "INVALID_TABLE_PROPERTY",
    ),
    ctas.fails(
        "",
        f"CREATE TABLE t WITH (format = 'ORC') AS SELECT * FROM {ROWS}",
        "NOT_SUPPORTED: CREATE TABLE AS with format ORC",
    ),
    ctas.fails("", f"CREATE TABLE t WITH (format = 'CSV') AS SELECT * FROM {ROWS}", "format"),
    ctas.fails(
        "",
        f"CREATE TABLE t WITH (colour = 'red') AS SELECT * FROM {ROWS}",
        "INVALID_TABLE_PROPERTY: Catalog 'awsdatacatalog' table property 'colour' does not exist",
    ),
    ctas.fails("", "CREATE TABLE t AS SELECT 1", "Column name not specified at position 1"),
    ctas.fails("", "CREATE TABLE t AS SELECT 1 AS a, 2 AS a", "DUPLICATE_COLUMN_NAME"),
    ctas.scenario(
        "", (f"CREATE TABLE t AS SELECT * FROM {ROWS} WITH NO DATA", None), ("SELECT count(*) FROM t", ["0"])
    ),
    ctas.scenario(
        "",
        (
            "CREATE TABLE t AS SELECT ARRAY[1, 2] AS a, MAP(ARRAY['k'], ARRAY[1.5E0]) AS m, CAST(ROW(1, 'x') AS ROW(p integer, q varchar)) AS r, DECIMAL '1.50' AS d, TIMESTAMP '2026-01-01 10:00:00.000' AS ts, X'0102' AS b",
            None,
        ),
        (
            "SELECT a, m['k'], r.q, d, ts, b FROM t",
            [("[1, 2]", "1.5", "x", "1.50", "2026-01-01 10:00:00.000", "01 02")],
        ),
    ),
    ctas.fails(
        "",
        "CREATE TABLE t AS SELECT now() AS a",
        "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone",
    ),
    ctas.fails("", "CREATE TABLE t AS SELECT JSON '1' AS a", "NOT_SUPPORTED: Unsupported Hive type: json"),
    examples.scenario(
        "",
        (
            f"CREATE TABLE t WITH (format = 'PARQUET', external_location = 's3://lake/p/', partitioned_by = ARRAY['y']) AS SELECT x, z, coalesce(y, 'none') AS y FROM {ROWS}",
            None,
        ),
        ("SELECT x FROM t WHERE y = 'a'", ["1"]),
        ("SHOW PARTITIONS t", ["y=a", "y=b", "y=none"]),
        ("SELECT y, x FROM t ORDER BY x", [("a", "1"), ("b", "2"), ("none", "3")]),
    ),
    examples.scenario(
        "",
        (
            "CREATE TABLE t WITH (format = 'JSON', partitioned_by = ARRAY['p']) AS SELECT 'v' AS a, 7 AS p UNION ALL SELECT 'w', 8",
            None,
        ),
        ("SELECT a FROM t WHERE p = 8", ["w"]),
        ("SHOW PARTITIONS t", ["p=7", "p=8"]),
    ),
    examples.scenario(
        "",
        (
            "CREATE TABLE t WITH (partitioned_by = ARRAY['p'], bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT x AS a, x % 2 AS p FROM UNNEST(sequence(1, 6)) AS u(x)",
            None,
        ),
        ("SELECT p, sum(a) FROM t GROUP BY p ORDER BY p", [("0", "12"), ("1", "9")]),
    ),
    examples.scenario(
        "",
        (
            "CREATE TABLE t WITH (partitioned_by = ARRAY['d']) AS SELECT 1 AS a, DATE '2026-01-05' AS d UNION ALL SELECT 2, NULL",
            None,
        ),
        ("SELECT a, d FROM t ORDER BY a", [("1", "2026-01-05"), ("2", None)]),
        ("SHOW PARTITIONS t", ["d=2026-01-05", "d=__HIVE_DEFAULT_PARTITION__"]),
    ),
    insert.scenario(
        "",
        (f"CREATE TABLE t AS SELECT * FROM {ROWS}", None),
        ("INSERT INTO t VALUES (4, 'd', 4E0), (5, 'e', NULL)", None),
        ("INSERT INTO t (y, x) VALUES ('f', 6)", None),
        ("INSERT INTO t SELECT x + 10, y, z FROM t WHERE x = 1", None),
        (
            "SELECT x, y, z FROM t WHERE x > 3 ORDER BY x",
            [("4", "d", "4.0"), ("5", "e", None), ("6", "f", None), ("11", "a", "1.5")],
        ),
    ),
    insert.scenario(
        "",
        ("CREATE TABLE t WITH (format = 'JSON') AS SELECT 1 AS a, 'x' AS b", None),
        ("INSERT INTO t VALUES (2, 'y')", None),
        ("SELECT * FROM t ORDER BY a", [("1", "x"), ("2", "y")]),
    ),
    insert.scenario(
        "",
        ("CREATE TABLE t WITH (format = 'TEXTFILE', field_delimiter = '|') AS SELECT 1 AS a, 'x' AS b", None),
        ("INSERT INTO t VALUES (2, NULL)", None),
        ("SELECT * FROM t ORDER BY a", [("1", "x"), ("2", None)]),
    ),
    insert.scenario(
        "",
        ("CREATE TABLE t AS SELECT 1 AS a", None),
        ("INSERT INTO t VALUES ('x')", "!TYPE_MISMATCH: Insert query has mismatched column types"),
        ("INSERT INTO t VALUES (1, 2)", "!TYPE_MISMATCH"),
        ("INSERT INTO t (b) VALUES (1)", "!COLUMN_NOT_FOUND"),
        ("INSERT INTO missing VALUES (1)", "!TABLE_NOT_FOUND"),
        ("SELECT * FROM t", ["1"]),
    ),
    insert.scenario(
        "",
        ("CREATE TABLE t WITH (partitioned_by = ARRAY['p']) AS SELECT 1 AS a, 'x' AS p", None),
        ("INSERT INTO t SELECT 2, 'y' UNION ALL SELECT 3, 'x'", None),
        ("SELECT p, array_agg(a ORDER BY a) FROM t GROUP BY p ORDER BY p", [("x", "[1, 3]"), ("y", "[2]")]),
    ),
    insert.scenario(
        "",
        ("CREATE TABLE t AS SELECT BIGINT '1' AS a, 1.5E0 AS b", None),
        ("INSERT INTO t SELECT 2, 2", None),
        ("SELECT a, b FROM t ORDER BY a", [("1", "1.5"), ("2", "2.0")]),
    ),
    unload.scenario(
        "",
        (
            f"UNLOAD (SELECT * FROM {ROWS}) TO 's3://lake/un/' WITH (format = 'PARQUET', compression = 'SNAPPY')",
            None,
        ),
        (
            "CREATE EXTERNAL TABLE u (x int, y string, z double) STORED AS PARQUET LOCATION 's3://lake/un/'",
            None,
        ),
        ("SELECT * FROM u ORDER BY x", BACK),
    ),
    unload.scenario(
        "",
        (
            f"UNLOAD (SELECT x, y FROM {ROWS}) TO 's3://lake/un/' WITH (format = 'TEXTFILE', field_delimiter = ',')",
            None,
        ),
        (
            "CREATE EXTERNAL TABLE u (x int, y string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/un/'",
            None,
        ),
        ("SELECT * FROM u ORDER BY x", [("1", "a"), ("2", "b"), ("3", None)]),
    ),
    unload.scenario(
        "",
        (
            f"UNLOAD (SELECT x, y FROM {ROWS} WHERE y IS NOT NULL) TO 's3://lake/un/' WITH (format = 'JSON', partitioned_by = ARRAY['y'])",
            None,
        ),
        (
            "CREATE EXTERNAL TABLE u (x int) PARTITIONED BY (y string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/un/'",
            None,
        ),
        ("MSCK REPAIR TABLE u", None),
        ("SELECT x, y FROM u ORDER BY x", [("1", "a"), ("2", "b")]),
    ),
    unload.scenario(
        "",
        ("UNLOAD (SELECT 1 AS a) TO 's3://lake/un/' WITH (format = 'JSON')", None),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://lake/un/' WITH (format = 'JSON')",
            "!HIVE_PATH_ALREADY_EXISTS: Target directory for UNLOAD already exists: s3://lake/un/",
        ),
    ),
    unload.fails("", "UNLOAD (SELECT 1 AS a) TO 's3://lake/un/'", "WITH (format"),
    unload.fails(
        "",
        "UNLOAD (SELECT 1 AS a) TO 's3://lake/un/' WITH (format = 'PARQUET', compression_level = 3)",
        "NOT_SUPPORTED: The property compression_level",
    ),
    unload.fails(
        "",
        "UNLOAD (SELECT 1 AS a) TO 's3://lake/un/' WITH (format = 'ORC')",
        "NOT_SUPPORTED: UNLOAD with format ORC",
    ),
    unload.fails(
        "",
        "UNLOAD (SELECT nope FROM (VALUES 1) AS t(x)) TO 's3://lake/un/' WITH (format = 'JSON')",
        "COLUMN_NOT_FOUND",
    ),
    explain.scenario(
        "",
        ("EXPLAIN (TYPE VALIDATE) SELECT 1", ["true"]),
        ("EXPLAIN SELECT 1", None),
        ("EXPLAIN ANALYZE SELECT 1", None),
        ("EXPLAIN SELECT nope", "!COLUMN_NOT_FOUND"),
    ),
    explain.scenario(
        "",
        (f"CREATE TABLE t AS SELECT * FROM {ROWS}", None),
        ("EXPLAIN SELECT sum(x) FROM t WHERE y = 'a'", None),
        ("EXPLAIN INSERT INTO t SELECT * FROM t", None),
        ("SELECT count(*) FROM t", ["3"]),
    ),
    explain.fails("", "EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1", "NOT_SUPPORTED: EXPLAIN (TYPE IO)"),
    refused.fails("", "DELETE FROM t WHERE x = 1", "NOT_SUPPORTED: Statement DELETE"),
    refused.fails("", "UPDATE t SET x = 1", "NOT_SUPPORTED: Statement UPDATE"),
    refused.fails(
        "", "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "NOT_SUPPORTED: Statement MERGE"
    ),
    refused.fails("", "CREATE TABLE t (a int)", "External keyword required for table type HIVE"),
    refused.fails("", "CREATE INDEX i ON t (a)", "NOT_SUPPORTED: Statement CREATE INDEX"),
    refused.fails("", "GRANT SELECT ON t TO x", "NOT_SUPPORTED: Statement GRANT"),
    refused.fails("", "START TRANSACTION", "NOT_SUPPORTED: Statement START TRANSACTION"),
    refused.fails("", "SHOW FUNCTIONS", "NOT_SUPPORTED: Statement SHOW FUNCTIONS"),
    refused.fails("", "VACUUM t", "NOT_SUPPORTED: Statement VACUUM"),
    errors.fails("", "SELECT 1 +", "SYNTAX_ERROR: line 1:"),
    errors.fails("", "SELEC 1", "SELEC"),
    errors.fails("", "SELECT * FROM", "SYNTAX_ERROR: line 1:"),
    errors.fails("", "SELECT 'open", "SYNTAX_ERROR: line 1:"),
    errors.fails("", "SELECT (1", "SYNTAX_ERROR: line 1:"),
    errors.fails(
        "",
        "SELECT a FROM lake.missing",
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.missing' does not exist",
    ),
    errors.fails(
        "", "SELECT a FROM nowhere.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist"
    ),
    errors.fails(
        "",
        "SELECT * FROM (VALUES 1) AS t(x) MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)",
        "MATCH_RECOGNIZE",
    ),
    errors.fails(
        "",
        "SELECT date_add(DATE '2026-01-01', 1)",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (date, integer) for function date_add",
    ),
    errors.fails(
        "",
        "SELECT dateadd('day', 1, DATE '2026-01-01')",
        "FUNCTION_NOT_FOUND: line 1:8: Function 'dateadd' not registered",
    ),
    errors.fails("", "SELECT list_sum(ARRAY[1])", "FUNCTION_NOT_FOUND"),
    errors.fails("", "SELECT 1::varchar", "SYNTAX_ERROR"),
    errors.fails("", "SELECT x FROM (VALUES 1) AS t(x) QUALIFY row_number() OVER () = 1", "SYNTAX_ERROR"),
    errors.fails("", "SELECT * EXCLUDE (x) FROM (VALUES (1, 2)) AS t(x, y)", "SYNTAX_ERROR"),
    errors.fails("", "SELECT [1, 2]", "SYNTAX_ERROR"),
    errors.fails("", "SELECT {'a': 1}", "SYNTAX_ERROR"),
    errors.fails("", "SELECT x FROM (VALUES 1) AS t(x) LIMIT 1 OFFSET 1", "SYNTAX_ERROR"),
    errors.fails("", "SELECT 'a' ILIKE 'A'", "SYNTAX_ERROR"),
    errors.fails("", "SELECT `x` FROM (VALUES 1) AS t(x)", "backquoted identifiers are not supported"),
    errors.fails("", "SELECT 7 // 2", "SYNTAX_ERROR"),
    errors.fails(
        "",
        "SELECT \"a\" FROM (VALUES 'a') AS t(x)",
        "COLUMN_NOT_FOUND: line 1:8: Column 'a' cannot be resolved",
    ),
]
