# ruff: noqa: E501 - statements read better on one line
"""Statements that make tables of files: Hive DDL, formats, partitions and their projection."""

from tests.local_athena.corpus.case import ATHENA, Page


def page(group: str, name: str) -> Page:
    return Page(group, f"{ATHENA}/{name}.html")


create = page("create external table", "create-table")
csv = page("csv serde", "csv-serde")
lazy = page("csv serde", "lazy-simple-serde")
json = page("json serde", "openx-json-serde")
parts = page("partitions", "partitions")
projection = page("partition projection", "partition-projection-supported-types")

SALES = {
    "s3://raw/sales/dt=2026-01-01/a.csv": "1,2.5\n2,3.5\n",
    "s3://raw/sales/dt=2026-01-02/a.csv": "3,4.5\n",
}
SALES_DDL = "CREATE EXTERNAL TABLE sales (id int, price double) PARTITIONED BY (dt string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://raw/sales/'"
LOGS = {f"s3://raw/logs/2026/01/{day:02}/f.csv": f"{day}\n" for day in (1, 2, 3)}


def projected(keys: str, properties: str, location: str = "s3://raw/logs/") -> str:
    return (
        f"CREATE EXTERNAL TABLE logs (n int) PARTITIONED BY ({keys}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION '{location}' TBLPROPERTIES ('projection.enabled' = 'true', {properties})"
    )


DAILY = "'projection.dt.type' = 'date', 'projection.dt.range' = '2026/01/01,2026/01/31', 'projection.dt.format' = 'yyyy/MM/dd', 'storage.location.template' = 's3://raw/logs/${dt}/'"

CASES = [
    create.scenario(
        "",
        (SALES_DDL, None),
        ("SELECT * FROM sales", []),
        ("MSCK REPAIR TABLE sales", None),
        (
            "SELECT id, price, dt FROM sales ORDER BY id",
            [("1", "2.5", "2026-01-01"), ("2", "3.5", "2026-01-01"), ("3", "4.5", "2026-01-02")],
        ),
        files=SALES,
    ),
    create.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE IF NOT EXISTS lake.t (`id` int COMMENT 'the id', `name` string, `m` map<string,int>, `s` struct<a:int,b:array<string>>, d decimal(10,2)) COMMENT 'about' STORED AS PARQUET LOCATION 's3://raw/p/' TBLPROPERTIES ('parquet.compress' = 'SNAPPY', 'classification' = 'parquet')",
            None,
        ),
        ("SELECT m['x'], s.b, d FROM t", []),
        ("DESCRIBE t", None),
    ),
    create.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE t (a int) ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat' LOCATION 's3://raw/p/'",
            None,
        ),
        ("SELECT a FROM t", []),
    ),
    create.scenario(
        "",
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://raw/none/'", None),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://raw/none/'", "!AlreadyExistsException"),
        ("CREATE EXTERNAL TABLE IF NOT EXISTS t (a int) LOCATION 's3://raw/none/'", None),
        ("DROP TABLE t", None),
        ("DROP TABLE t", "!Table not found"),
        ("DROP TABLE IF EXISTS t", None),
    ),
    create.fails("", "CREATE EXTERNAL TABLE t (a int)", "LOCATION is required"),
    create.fails(
        "",
        "CREATE EXTERNAL TABLE t (a int) STORED AS ORC LOCATION 's3://raw/x/'",
        "NOT_SUPPORTED: STORED AS ORC",
    ),
    create.fails("", "CREATE EXTERNAL TABLE t (a nothing) LOCATION 's3://raw/x/'", "nothing"),
    create.fails("", "CREATE EXTERNAL TABLE t (a int) LOCATION 'file:///etc/'", "Invalid S3 location"),
    csv.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE c (a string, b string, n int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '\"', 'escapeChar' = '\\\\') LOCATION 's3://raw/c/' TBLPROPERTIES ('skip.header.line.count' = '1')",
            None,
        ),
        ("SELECT a, b, n FROM c ORDER BY a", [("one", "x, y", "1"), ("two", "", "2")]),
        files={"s3://raw/c/f.csv": 'a,b,n\n"one","x, y","1"\n"two","","2"\n'},
    ),
    csv.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE c (d date, t timestamp, ok boolean) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://raw/c/'",
            None,
        ),
        ("SELECT d, t, ok FROM c", [("2016-07-04", "2012-07-04 00:00:00.000", "true")]),
        files={"s3://raw/c/f.csv": '"16986","1341360000000","true"\n'},
    ),
    lazy.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE c (a string, n int, x double, d date) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' LOCATION 's3://raw/c/'",
            None,
        ),
        ("SELECT a, n, x, d FROM c ORDER BY a", [("a", "1", "1.5", "2026-01-01"), ("b", None, None, None)]),
        files={"s3://raw/c/f.tsv": "a\t1\t1.5\t2026-01-01\nb\tx\ty\tz\n"},
    ),
    lazy.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE c (a string, n int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' NULL DEFINED AS 'NA' LOCATION 's3://raw/c/'",
            None,
        ),
        ("SELECT a, n FROM c ORDER BY a", [('"q"', "2"), (None, "1")]),
        files={"s3://raw/c/f.csv": 'NA,1\n"q",2\n'},
    ),
    lazy.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE c (a string, items array<int>, m map<string,string>) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':' LOCATION 's3://raw/c/'",
            None,
        ),
        ("SELECT a, items, m FROM c", [("a", "[1, 2]", "{k=v, p=q}")]),
        files={"s3://raw/c/f.csv": "a,1|2,k:v|p:q\n"},
    ),
    lazy.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE c (a string, b int, late string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://raw/c/' TBLPROPERTIES ('skip.header.line.count'='1')",
            None,
        ),
        ("SELECT a, b, late FROM c ORDER BY a", [("", "2", None), ("x", None, None)]),
        files={"s3://raw/c/f.csv": "a,b\nx,\n,2\n"},
    ),
    json.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE j (id int, s struct<a:int,b:string>, l array<struct<x:int>>) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://raw/j/'",
            None,
        ),
        (
            "SELECT id, s.a, s.b, l FROM j ORDER BY id",
            [("1", "5", None, "[{x=1}, {x=null}]"), ("2", None, "z", None)],
        ),
        files={
            "s3://raw/j/f.json": '{"id": 1, "s": {"A": 5, "more": 1}, "l": [{"x": 1}, {}]}\n{"id": 2, "s": {"b": "z"}}\n'
        },
    ),
    json.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE j (id int, name string, tags array<string>, inner_ struct<a:int,b:string>, m map<string,int>) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://raw/j/'",
            None,
        ),
        (
            "SELECT id, name, tags, inner_.a, m['x'] FROM j ORDER BY id",
            [("1", "a", "[p, q]", "5", "7"), ("2", None, None, None, None)],
        ),
        files={
            "s3://raw/j/f.json": '{"id": 1, "name": "a", "tags": ["p", "q"], "inner_": {"a": 5, "b": "z"}, "m": {"x": 7}}\n{"id": 2}\n'
        },
    ),
    json.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE j (id int, name string) ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe' LOCATION 's3://raw/j/'",
            None,
        ),
        ("SELECT * FROM j ORDER BY id", [("1", "a"), ("2", "b")]),
        files={"s3://raw/j/f.json": '{"ID": 1, "Name": "a", "more": true}\n{"id": 2, "name": "b"}\n'},
    ),
    json.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE j (ts string, user_id int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('mapping.user_id' = 'userId') LOCATION 's3://raw/j/'",
            None,
        ),
        ("SELECT ts, user_id FROM j", [("x", "7")]),
        files={"s3://raw/j/f.json": '{"ts": "x", "userId": 7}\n'},
    ),
    json.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE j (id int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://raw/j/'",
            None,
        ),
        ("SELECT * FROM j", "!HIVE_CURSOR_ERROR"),
        files={"s3://raw/j/f.json": '{"id": 1}\nnot json\n'},
    ),
    json.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE j (id int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json' = 'TRUE') LOCATION 's3://raw/j/'",
            None,
        ),
        ("SELECT * FROM j ORDER BY id", ["1", None]),
        files={"s3://raw/j/f.json": '{"id": 1}\nnot json\n'},
    ),
    parts.scenario(
        "",
        (SALES_DDL, None),
        (
            "ALTER TABLE sales ADD PARTITION (dt = '2026-01-02') PARTITION (dt = 'x') LOCATION 's3://raw/sales/dt=2026-01-01/'",
            None,
        ),
        ("SELECT dt, count(*) FROM sales GROUP BY dt ORDER BY dt", [("2026-01-02", "1"), ("x", "2")]),
        ("SHOW PARTITIONS sales", ["dt=2026-01-02", "dt=x"]),
        ("ALTER TABLE sales ADD PARTITION (dt = 'x')", "!already exists"),
        ("ALTER TABLE sales ADD IF NOT EXISTS PARTITION (dt = 'x')", None),
        ("ALTER TABLE sales DROP PARTITION (dt = 'x'), PARTITION (dt = '2026-01-02')", None),
        ("SELECT count(*) FROM sales", ["0"]),
        files=SALES,
    ),
    parts.scenario(
        "",
        (SALES_DDL, None),
        (
            "MSCK REPAIR TABLE sales",
            [
                "Partitions not in metastore:\tsales:dt=2026-01-01",
                "Partitions not in metastore:\tsales:dt=2026-01-02",
                "Repair: Added partition to metastore sales:dt=2026-01-01",
                "Repair: Added partition to metastore sales:dt=2026-01-02",
            ],
        ),
        ("MSCK REPAIR TABLE sales", []),
        ("SELECT count(*) FROM sales WHERE dt > '2026-01-01'", ["1"]),
        files=SALES,
    ),
    parts.scenario(
        "",
        (SALES_DDL, None),
        ("MSCK REPAIR TABLE sales", None),
        ("SELECT DISTINCT dt FROM sales ORDER BY 1", ["2026-01-01", "2026-01-02"]),
        ('SELECT DISTINCT "$path" FROM sales WHERE id = 3', ["s3://raw/sales/dt=2026-01-02/a.csv"]),
        ('SELECT * FROM "sales$partitions" ORDER BY dt', ["2026-01-01", "2026-01-02"]),
        files=SALES,
    ),
    parts.scenario(
        "",
        (SALES_DDL, None),
        ("ALTER TABLE sales ADD PARTITION (region = 'x')", "!does not match the keys"),
        ("ALTER TABLE sales DROP PARTITION (dt = 'none')", "!Partition not found"),
        ("ALTER TABLE sales DROP IF EXISTS PARTITION (dt = 'none')", None),
        ("ALTER TABLE missing ADD PARTITION (dt = 'x')", "!Table not found"),
    ),
    parts.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE t (n int) PARTITIONED BY (y int, m int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://raw/t/'",
            None,
        ),
        ("MSCK REPAIR TABLE t", None),
        ("SELECT y, m, n FROM t WHERE y = 2026 AND m < 3", [("2026", "2", "7")]),
        ("SHOW PARTITIONS t", ["y=2026/m=02", "y=2026/m=3"]),
        files={"s3://raw/t/y=2026/m=02/a": "7\n", "s3://raw/t/y=2026/m=3/a": "8\n"},
    ),
    parts.scenario(
        "",
        (SALES_DDL, None),
        ("ALTER TABLE sales ADD PARTITION (dt = 'a') LOCATION 's3://raw/sales/dt=2026-01-01/'", None),
        ("ALTER TABLE sales PARTITION (dt = 'a') SET LOCATION 's3://raw/sales/dt=2026-01-02/'", None),
        ("SELECT id FROM sales", ["3"]),
        ("ALTER TABLE sales PARTITION (dt = 'a') RENAME TO PARTITION (dt = 'b')", None),
        ("ALTER TABLE sales ADD PARTITION (dt = 'c') LOCATION 's3://raw/none/'", None),
        ("ALTER TABLE sales PARTITION (dt = 'c') RENAME TO PARTITION (dt = 'b')", "!already exists"),
        ("ALTER TABLE sales DROP PARTITION (dt = 'c')", None),
        ("SHOW PARTITIONS sales", ["dt=b"]),
        files=SALES,
    ),
    projection.scenario(
        "date-type",
        (projected("dt string", DAILY), None),
        (
            "SELECT dt, n FROM logs ORDER BY n",
            [("2026/01/01", "1"), ("2026/01/02", "2"), ("2026/01/03", "3")],
        ),
        ("SELECT n FROM logs WHERE dt = '2026/01/02'", ["2"]),
        ("SELECT n FROM logs WHERE dt > '2026/01/02'", ["3"]),
        ("SELECT count(*) FROM logs WHERE dt = '2025/12/31'", ["0"]),
        files=LOGS,
    ),
    projection.scenario(
        "date-type",
        (
            projected(
                "dt string",
                "'projection.dt.type' = 'date', 'projection.dt.range' = '2026-01-01,NOW', 'projection.dt.format' = 'yyyy-MM-dd', 'projection.dt.interval' = '1', 'projection.dt.interval.unit' = 'DAYS'",
                "s3://raw/sales/",
            ),
            None,
        ),
        (
            "SELECT n, dt FROM logs WHERE dt BETWEEN '2026-01-01' AND '2026-01-02' ORDER BY n",
            [("1", "2026-01-01"), ("2", "2026-01-01"), ("3", "2026-01-02")],
        ),
        files=SALES,
    ),
    projection.scenario(
        "integer-type",
        (
            projected(
                "y int, m string",
                "'projection.y.type' = 'integer', 'projection.y.range' = '2020,2030', 'projection.m.type' = 'integer', 'projection.m.range' = '1,12', 'projection.m.digits' = '2', 'storage.location.template' = 's3://raw/logs/${y}/${m}/01/'",
            ),
            None,
        ),
        ("SELECT y, m, n FROM logs WHERE y = 2026", [("2026", "01", "1")]),
        files=LOGS,
    ),
    projection.scenario(
        "enum-type",
        (
            projected(
                "kind string",
                "'projection.kind.type' = 'enum', 'projection.kind.values' = '01,02', 'storage.location.template' = 's3://raw/logs/2026/01/${kind}'",
            ),
            None,
        ),
        ("SELECT kind, n FROM logs ORDER BY n", [("01", "1"), ("02", "2")]),
        ("SELECT n FROM logs WHERE kind = '03'", []),
        files=LOGS,
    ),
    projection.scenario(
        "injected-type",
        (
            projected(
                "d string",
                "'projection.d.type' = 'injected', 'storage.location.template' = 's3://raw/logs/2026/01/${d}'",
            ),
            None,
        ),
        ("SELECT d, n FROM logs WHERE d = '03'", [("03", "3")]),
        ("SELECT d, n FROM logs WHERE d IN ('01', '03') ORDER BY n", [("01", "1"), ("03", "3")]),
        (
            "SELECT n FROM logs",
            "!CONSTRAINT_VIOLATION: For the injected projected partition column d, the WHERE clause must contain only static equality conditions",
        ),
        files=LOGS,
    ),
    projection.scenario(
        "date-type",
        (
            projected("dt string", "'projection.dt.type' = 'date', 'projection.dt.format' = 'yyyy/MM/dd'"),
            None,
        ),
        ("SELECT n FROM logs", "!projection.dt.range"),
    ),
    projection.scenario(
        "date-type",
        (projected("dt string", DAILY.replace("'date'", "'moon'")), None),
        ("SELECT n FROM logs", "!projection.dt.type"),
    ),
]
