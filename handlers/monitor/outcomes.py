"""What became of the customers that were predicted earlier: the predictions published for an earlier as-of
date beside the labels that this run's training table has for it, in one Athena statement.
"""

from typing import Any

from common import athena, catalog, names
from common.aws import client
from common.settings import Settings
from engage_ml.sqltext import table_name, text

CHANCES = 1000
"""Predicted chances are counted in steps of a thousandth: exact enough for an AUC, and few rows."""
_COLUMNS = (
    ("customer_id", "string"),
    ("engagement", "double"),
    ("churned", "int"),
    ("value", "double"),
)
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def outcomes_sql(predictions: str, outcomes: str, as_of: str) -> str:
    """A row for each predicted chance (and whether the customer was recently active): customers, sums of
    predicted and actual, and sums of squared differences, which give the intervals.

    A label is NULL where its horizon is not over: such a target has a sum of NULL.
    """
    pairs = (
        ("churn", "churn_probability", "churned"),
        ("engagement", "expected_engagement", "engagement"),
        ("value", "expected_value", "value"),
    )
    sums = ", ".join(
        f"sum(p.{predicted}) AS {name}_expected, sum(CAST(o.{actual} AS double)) AS {name}_actual, "
        f"sum((o.{actual} - p.{predicted}) * (o.{actual} - p.{predicted})) AS {name}_squares"
        for name, predicted, actual in pairs
    )
    return (
        f"SELECT CAST(round(p.churn_probability * {CHANCES}) AS integer) AS chance, p.recently_active, "
        f"max(p.model_version) AS model_version, max(p.run_id) AS run_id, count(*) AS customers, {sums} "
        f"FROM {table_name(predictions)} p JOIN {table_name(outcomes)} o ON o.customer_id = p.customer_id "
        f"WHERE p.as_of = {text(as_of)} GROUP BY 1, 2"
    )


def outcomes_of(settings: Settings, run_id: str, cutoff: str) -> list[dict[str, Any]] | None:
    """The rows of `outcomes_sql` for the predictions as of `cutoff`; None when none were published."""
    database = settings.lake_database
    if catalog.partition_location(database, "predictions", cutoff) is None:
        return None
    table = names.outcomes_table(run_id)
    catalog.drop_table(database, table)
    location = f"s3://{settings.lake_bucket}/{names.features_prefix(run_id)}train/cutoff={cutoff}/"
    client("glue").create_table(DatabaseName=database, TableInput=_table(table, location))
    try:
        sql = outcomes_sql(f"{database}.predictions", f"{database}.{table}", cutoff)
        return athena.run(sql, database, workgroup=settings.workgroup, max_rows=2 * (CHANCES + 1)).rows
    finally:
        catalog.drop_table(database, table)


def _table(name: str, location: str) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for column, kind in _COLUMNS],
            "Location": location,
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
        },
    }
