"""Are this run's predictions whole and sane? One Athena statement over the run's own files.

The files are read through a temporary table with the columns that `predictions` will have, so the check
sees exactly what readers will see, before any reader can.
"""

from typing import Any

from common import athena, catalog, names
from common.aws import client
from common.errors import DataError, QueryError
from common.settings import Settings
from engage_ml.data_contract import DataContract
from engage_ml.prediction_table import prediction_table
from engage_ml.segments import NAMES
from engage_ml.sqltext import text

# Every customer in one band means a broken model or broken features, not news about the customers.
_MAX_HIGH_SHARE = 0.98

PROBLEMS = (
    ("null_ids", "customer_id IS NULL OR customer_id = ''"),
    (
        "null_values",
        "churn_probability IS NULL OR expected_engagement IS NULL OR expected_value IS NULL "
        "OR risk_band IS NULL OR reason_1 IS NULL OR model_version IS NULL",
    ),
    # NaN is in no interval, so these conditions find it as well.
    (
        "not_a_share",
        "NOT (churn_probability BETWEEN 0 AND 1) OR NOT (expected_engagement BETWEEN 0 AND 1)",
    ),
    ("bad_value", "NOT (expected_value BETWEEN 0 AND 1E12)"),
    ("unknown_band", "risk_band NOT IN ('high', 'medium', 'low')"),
    ("unknown_segment", f"coalesce(segment, '') NOT IN ({', '.join(text(name) for name in NAMES)})"),
)


def check_table(run_id: str) -> str:
    """The temporary table over the run's predictions."""
    return f"predictions_check_{names.rid(run_id)}"


def create_check_table(settings: Settings, contract: DataContract, run_id: str, as_of: str) -> None:
    """(Re)makes the temporary table: the contract's columns, the format of `predictions`, the run's place."""
    database = settings.lake_database
    published = client("glue").get_table(DatabaseName=database, Name="predictions")["Table"]
    location = f"s3://{settings.lake_bucket}/{names.predictions_prefix(as_of, run_id)}"
    catalog.drop_table(database, check_table(run_id))
    client("glue").create_table(
        DatabaseName=database,
        TableInput={
            "Name": check_table(run_id),
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
            "StorageDescriptor": {
                **published["StorageDescriptor"],
                "Columns": [{"Name": name, "Type": kind} for name, kind in prediction_table(contract)],
                "Location": location,
            },
        },
    )


def check_sql(table: str) -> str:
    """Counts of rows, customers, each problem and each risk band, and the means, in one scan."""
    problems = ", ".join(
        f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS {name}" for name, condition in PROBLEMS
    )
    bands = ", ".join(
        f"sum(CASE WHEN risk_band = '{band}' THEN 1 ELSE 0 END) AS {band}_risk"
        for band in ("high", "medium", "low")
    )
    return (
        f"SELECT count(*) AS predictions, count(DISTINCT customer_id) AS customers, {problems}, {bands}, "
        f"avg(churn_probability) AS mean_churn, avg(expected_engagement) AS mean_engagement, "
        f"sum(expected_value) AS total_value FROM {table}"
    )


def check(settings: Settings, run_id: str, expected: int, churn_rate: float | None) -> dict[str, Any]:
    """The counts of `check_sql`; raises DataError when they are not what `expected` customers must give,
    of whom the share `churn_rate` left in the test period.
    """
    sql = check_sql(f"{settings.lake_database}.{check_table(run_id)}")
    try:
        found = athena.run(sql, settings.lake_database, workgroup=settings.workgroup).one()
    except QueryError as error:
        raise DataError(
            f"The predictions of {run_id} cannot be read: {error.message}",
            hint="look at the inference tasks with `engage logs`, then run the pipeline again",
        ) from error
    judge(found, expected, churn_rate)
    return found


def most_at_risk(churn_rate: float | None) -> float:
    """The largest believable share of customers at high risk, where `churn_rate` left before.

    Where nearly everybody leaves (a shop of customers who buy once), nearly everybody is at high risk.
    """
    return max(_MAX_HIGH_SHARE, 1 - (1 - (churn_rate or 0.0)) / 10)


def judge(found: dict[str, Any], expected: int, churn_rate: float | None = None) -> None:
    """Raises DataError naming every check that failed and its count."""
    rows, customers = int(found["predictions"]), int(found["customers"])
    failed = [f"{name}: {int(found[name] or 0)} rows" for name, _ in PROBLEMS if found[name]]
    if rows != expected:
        failed.insert(0, f"{rows} predictions for {expected} customers")
    if customers != rows:
        failed.insert(0, f"{rows - customers} customers predicted more than once")
    if rows and int(found["high_risk"] or 0) > most_at_risk(churn_rate) * rows and rows >= 100:
        failed.append(f"{found['high_risk']} of {rows} customers at high risk")
    if failed:
        raise DataError(
            f"The predictions were not published, checks failed: {'; '.join(failed)}.",
            hint="the previous predictions stay in place; look at the inference tasks with `engage logs`",
        )
