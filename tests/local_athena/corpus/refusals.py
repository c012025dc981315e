"""What fails: names and types that Trino refuses, what the engine lacks, and DuckDB's own doors."""

from tests.local_athena.corpus.case import TRINO, Page

refused = Page("refused statements", f"{TRINO}/sql/select.html")

CASES = [
    refused.fails("", "SELECT nope(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered"),
    refused.fails(
        "",
        "SELECT * FROM missing",
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.missing' does not exist",
    ),
    refused.fails(
        "", "SELECT y FROM (VALUES 1) AS t(x)", "COLUMN_NOT_FOUND: line 1:8: Column 'y' cannot be resolved"
    ),
    refused.fails("", "SELECT x AS z FROM (VALUES 1) AS t(x) WHERE z = 1", "COLUMN_NOT_FOUND"),
    refused.fails("", "SELECT x FROM (VALUES (1, 2)) AS t(x, y) GROUP BY y", "EXPRESSION_NOT_AGGREGATE"),
    refused.fails(
        "",
        "SELECT DATE '2026-01-01' = '2026-01-01'",
        "TYPE_MISMATCH: line 1:26: Cannot apply operator: date = varchar(10)",
    ),
    refused.fails("", "SELECT x FROM (VALUES 'a') AS t(x) WHERE x = 1", "TYPE_MISMATCH"),
    refused.fails("", "SELECT 'a' || 1", "TYPE_MISMATCH"),
    refused.fails("", "SELECT DATE '2026-01-01' + 1", "TYPE_MISMATCH"),
    refused.fails("", "SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
    refused.fails("", "SELECT CAST('x' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to BIGINT"),
    refused.fails(
        "",
        "SELECT date_add('hour', 1, DATE '2026-01-01')",
        "INVALID_FUNCTION_ARGUMENT: 'hour' is not a valid DATE field",
    ),
    refused.fails(
        "",
        "SELECT md5('a')",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar(1)) for function md5",
    ),
    refused.fails(
        "",
        "SELECT sum(x > 1) FROM (VALUES 1) AS t(x)",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (boolean)",
    ),
    refused.fails(
        "",
        "SELECT read_csv('/etc/passwd')",
        "FUNCTION_NOT_FOUND: line 1:8: Function 'read_csv' not registered",
    ),
    refused.fails("", "SELECT * FROM read_parquet('/etc/passwd')", "FUNCTION_NOT_FOUND"),
    refused.fails("", "SELECT * FROM duckdb_settings()", "FUNCTION_NOT_FOUND"),
    refused.fails("", "SELECT getenv('HOME')", "FUNCTION_NOT_FOUND"),
    refused.fails("", 'SELECT * FROM "/etc/passwd"', "TABLE_NOT_FOUND"),
    refused.fails("", "SELECT * FROM '/etc/passwd'", "TABLE_NOT_FOUND"),
    refused.fails("", "COPY (SELECT 1) TO '/tmp/x'", "NOT_SUPPORTED: Statement COPY SELECT"),
    refused.fails("", "ATTACH '/tmp/x.db'", "NOT_SUPPORTED: Statement ATTACH"),
    refused.fails("", "INSTALL httpfs", "NOT_SUPPORTED: Statement INSTALL"),
    refused.fails("", "SET memory_limit = '9GB'", "NOT_SUPPORTED: Statement SET"),
    refused.fails("", "PRAGMA version", "NOT_SUPPORTED: Statement PRAGMA"),
    refused.fails("", "DELETE FROM t", "NOT_SUPPORTED: Statement DELETE"),
    refused.fails("", "SELECT 1; SELECT 2", "Only one sql statement is allowed"),
    refused.fails("", "SELECT FROM x WHERE", "SYNTAX_ERROR: line 1:"),
    refused.fails("", "CREATE TABLE t (x int)", "External keyword required for table type HIVE"),
]
