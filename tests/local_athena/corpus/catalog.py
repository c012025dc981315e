# ruff: noqa: E501 - statements read better on one line
"""Statements that show and change what the catalog holds: views, columns, databases, information_schema."""

from tests.local_athena.corpus.tables import SALES, SALES_DDL, page

views = page("views", "create-view")
show = page("show and describe", "show-tables")
alter = page("alter table", "alter-table-add-columns")
database = page("databases", "create-database")
schema = page("information schema", "querying-glue-catalog")

CASES = [
    views.scenario(
        "",
        (SALES_DDL, None),
        ("MSCK REPAIR TABLE sales", None),
        ("CREATE VIEW dear AS SELECT id, price * 2 AS twice FROM sales WHERE price > 3", None),
        ("SELECT * FROM dear ORDER BY id", [("2", "7.0"), ("3", "9.0")]),
        ("CREATE VIEW dear AS SELECT 1 AS one", "!already exists"),
        ("CREATE OR REPLACE VIEW dear AS SELECT 1 AS one", None),
        ("SELECT * FROM dear", ["1"]),
        ("SHOW VIEWS", ["dear"]),
        ("DROP VIEW dear", None),
        ("SELECT * FROM dear", "!TABLE_NOT_FOUND"),
        files=SALES,
    ),
    views.scenario(
        "",
        ("CREATE VIEW a AS SELECT x FROM (VALUES 1, 2, 3) AS t(x)", None),
        ("CREATE VIEW b AS WITH w AS (SELECT x FROM a WHERE x > 1) SELECT sum(x) AS s FROM w", None),
        ("SELECT s + 1 FROM b", ["6"]),
        ("CREATE VIEW c AS SELECT nope FROM a", "!COLUMN_NOT_FOUND"),
        (
            "SHOW CREATE VIEW a",
            ["CREATE VIEW awsdatacatalog.lake.a AS", "SELECT x FROM (VALUES 1, 2, 3) AS t(x)"],
        ),
        ("DESCRIBE a", None),
        ("DROP TABLE a", "!a is not a table"),
    ),
    views.scenario("", ("CREATE VIEW v (p, q) AS SELECT 1, 'z'", None), ("SELECT q, p FROM v", [("z", "1")])),
    views.scenario(
        "",
        ("CREATE VIEW v AS SELECT 1", "!Column name not specified at position 1"),
        ("CREATE VIEW v AS SELECT 1 AS a, 2 AS a", "!DUPLICATE_COLUMN_NAME"),
    ),
    show.scenario(
        "",
        (SALES_DDL, None),
        ("CREATE EXTERNAL TABLE other (a int) LOCATION 's3://raw/o/'", None),
        ("SHOW TABLES", ["other", "sales"]),
        ("SHOW TABLES IN lake 's.*'", ["sales"]),
        ("SHOW TABLES 'sal*|x'", ["sales"]),
        ("SHOW COLUMNS IN sales", ["id", "price", "dt"]),
        ("SHOW DATABASES", ["lake", "raw"]),
        ("SHOW SCHEMAS LIKE 'r.*'", ["raw"]),
        ("SHOW PARTITIONS other", "!is not a partitioned table"),
        ("SHOW TABLES IN nowhere", "!Database does not exist"),
    ),
    show.scenario(
        "",
        (SALES_DDL, None),
        (
            "DESCRIBE sales",
            [
                "id                  \tint                 \t                    ",
                "price               \tdouble              \t                    ",
                "dt                  \tstring              \t                    ",
                "\t \t ",
                "# Partition Information\t \t ",
                "# col_name            \tdata_type           \tcomment             ",
                "\t \t ",
                "dt                  \tstring              \t                    ",
            ],
        ),
        ("DESCRIBE missing", "!Table not found"),
    ),
    show.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET LOCATION 's3://raw/t/' TBLPROPERTIES ('k' = 'v')",
            None,
        ),
        ("SHOW TBLPROPERTIES t('k')", ["v"]),
        ("ALTER TABLE t SET TBLPROPERTIES ('k' = 'w', 'x' = 'y')", None),
        ("SHOW TBLPROPERTIES t('k')", ["w"]),
        ("SHOW TBLPROPERTIES t('x')", ["y"]),
    ),
    show.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE t (a int, b string) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://raw/t/' TBLPROPERTIES ('classification' = 'parquet')",
            None,
        ),
        (
            "SHOW CREATE TABLE t",
            [
                "CREATE EXTERNAL TABLE `lake.t`(",
                "  `a` int, ",
                "  `b` string)",
                "PARTITIONED BY ( ",
                "  `p` string)",
                "ROW FORMAT SERDE ",
                "  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' ",
                "STORED AS INPUTFORMAT ",
                "  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' ",
                "OUTPUTFORMAT ",
                "  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'",
                "LOCATION",
                "  's3://raw/t/'",
                "TBLPROPERTIES (",
                "  'classification'='parquet')",
            ],
        ),
    ),
    alter.scenario(
        "",
        (
            "CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://raw/t/'",
            None,
        ),
        ("ALTER TABLE t ADD COLUMNS (b string, c int)", None),
        ("SELECT a, b, c FROM t", [("1", "x", "2")]),
        ("ALTER TABLE t REPLACE COLUMNS (z string)", None),
        ("SELECT z FROM t", ["1"]),
        ("SELECT a FROM t", "!COLUMN_NOT_FOUND"),
        ("ALTER TABLE t SET LOCATION 's3://raw/u/'", None),
        ("SELECT z FROM t", ["9"]),
        files={"s3://raw/t/f": "1,x,2\n", "s3://raw/u/f": "9\n"},
    ),
    alter.scenario(
        "",
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://raw/t/'", None),
        ("ALTER TABLE t CHANGE a b bigint", None),
        ("SHOW COLUMNS IN t", ["b"]),
        ("ALTER TABLE t RENAME TO u", "!NOT_SUPPORTED: ALTER TABLE RENAME"),
    ),
    database.scenario(
        "",
        ("CREATE DATABASE IF NOT EXISTS shop COMMENT 'x' LOCATION 's3://raw/shop/'", None),
        ("CREATE SCHEMA shop", "!already exists"),
        ("SHOW DATABASES", ["lake", "raw", "shop"]),
        ("CREATE EXTERNAL TABLE shop.t (a int) LOCATION 's3://raw/none/'", None),
        ("DROP DATABASE shop", "!is not empty"),
        ("DROP DATABASE shop CASCADE", None),
        ("SHOW DATABASES", ["lake", "raw"]),
        ("DROP DATABASE shop", "!does not exist"),
        ("DROP DATABASE IF EXISTS shop", None),
    ),
    schema.scenario(
        "",
        (SALES_DDL, None),
        ("CREATE VIEW v AS SELECT 1 AS a", None),
        (
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'lake' ORDER BY 1",
            [("sales", "BASE TABLE"), ("v", "VIEW")],
        ),
        (
            "SELECT column_name, ordinal_position, data_type FROM information_schema.columns WHERE table_schema = 'lake' AND table_name = 'sales' ORDER BY ordinal_position",
            [("id", "1", "integer"), ("price", "2", "double"), ("dt", "3", "varchar")],
        ),
        (
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name <> 'information_schema' ORDER BY 1",
            ["lake", "raw"],
        ),
    ),
]
