"""Validate: check the crawled raw tables, set bad rows aside with their reason, make the clean tables.

In: the run object after the crawl. Out: `validate` with the counts. Free checks (the catalog, the
dates) come before the first Athena statement. Only the weeks that the run needs are read. The rows
set aside are written only when the counts show that there are any: the usual run reads each raw
table once.
"""

from datetime import date, timedelta
from typing import Any

import schema
from common import athena, catalog, names, runs
from common.errors import DataError
from common.settings import Settings
from common.step import Run, step
from common.tables import NewTable, location, make
from engage_ml import data_contract, features
from engage_ml.contract import ContractError
from engage_ml.data_contract import DataContract

MAX_BAD_SHARE = 0.05


def validate(run: Run, settings: Settings) -> Run:
    """The run with the counts of good and bad rows; raises DataError when the data cannot be used."""
    run_id, as_of = run["run_id"], date.fromisoformat(run["as_of"])
    contract = data_contract.parse(run["contract"])
    for table, required in schema.expected(contract).items():
        schema.check_table(table, required, catalog.columns(settings.raw_database, table))
    from_week = needed_from(contract, run["prepare"], as_of)

    raw_customers = f"{settings.raw_database}.customers"
    raw_activity = f"{settings.raw_database}.activity"
    clean_customers = f"{settings.lake_database}.customers_{names.rid(run_id)}"
    window = (raw_activity, clean_customers, from_week, as_of)

    counted = athena.run_all(
        [
            (f"SELECT count(*) AS n FROM {raw_customers}", settings.lake_database),
            (activity_count_sql(raw_activity, from_week, as_of), settings.lake_database),
        ],
        workgroup=settings.workgroup,
    )
    rows = {
        name: int(result.one()["n"]) for name, result in zip(("customers", "activity"), counted, strict=True)
    }
    refuse_empty(rows, from_week, as_of)

    customers = _judge(
        settings,
        run_id,
        "customers",
        rows["customers"],
        features.clean_customers_sql(contract, raw_customers),
        features.quarantine_customers_sql(contract, raw_customers),
        (),
    )
    activity = _judge(
        settings,
        run_id,
        "activity",
        rows["activity"],
        features.clean_activity_sql(contract, *window),
        features.quarantine_activity_sql(contract, *window),
        ("week",),
        # A clean row is a week of a customer: what was read are the events in it.
        counted="sum(events)" if contract.kind == data_contract.EVENTS else "count(*)",
    )
    found = {
        "from_week": from_week.isoformat(),
        "weeks": (as_of - from_week).days // 7,
        "customers": customers,
        "activity": activity,
    }
    runs.write_status(settings.lake_bucket, run, "started", validate=found)
    return {**run, "validate": found}


def needed_from(contract: DataContract, prepared: dict[str, Any], as_of: date) -> date:
    """The first week that the run reads: all that are known, back to the newest week that is missing.

    Raises DataError when that is too short a history.
    """
    # A log without an event in a week says that there was none. A weekly table has a file for each week:
    # without it, it would be read as a week in which nobody was active.
    missing = [] if contract.kind == data_contract.EVENTS else prepared.get("missing_weeks", [])
    first = date.fromisoformat(prepared["first_week"])
    if missing:
        first = date.fromisoformat(max(missing)) + timedelta(weeks=1)
    try:
        return contract.split(as_of, first, prepared["last_week"]).first_week
    except ContractError as error:
        if missing:
            raise DataError(
                f"{len(missing)} of the weeks before {as_of} have no activity files: "
                f"{', '.join(missing[-5:])}. {error}",
                hint="add the missing weeks with `engage import-data`",
            ) from error
        raise DataError(
            str(error),
            hint=f"provide at least {contract.weeks_needed} weeks of activity before the as-of date "
            "(`engage generate-data --weeks 52` makes 52)",
        ) from error


def activity_count_sql(table: str, from_week: date, as_of: date) -> str:
    """How many raw rows the needed weeks hold; for Parquet only the files' footers are read."""
    return (
        f"SELECT count(*) AS n FROM {table} "
        f"WHERE CAST(week AS varchar) >= '{from_week}' AND CAST(week AS varchar) < '{as_of}'"
    )


def refuse_empty(rows: dict[str, int], from_week: date, as_of: date) -> None:
    """Raises DataError when a table has no row to work with."""
    for table, count in rows.items():
        if count == 0:
            when = f" in the weeks from {from_week} to {as_of}" if table == "activity" else ""
            raise DataError(
                f"The raw table {table} has no rows{when}.",
                hint="check the files in the raw bucket, then `engage import-data` again",
            )


def judge(table: str, raw: int, reasons: dict[str, int], where: str) -> None:
    """Raises DataError when more than 5 % of the rows were set aside, naming reasons and counts."""
    bad = sum(reasons.values())
    if bad <= MAX_BAD_SHARE * raw:
        return
    told = ", ".join(
        f"{reason}: {count}" for reason, count in sorted(reasons.items(), key=lambda r: -r[1])[:5]
    )
    raise DataError(
        f"{bad} of {raw} rows ({bad / raw:.1%}) of the raw table {table} are bad, more than "
        f"{MAX_BAD_SHARE:.0%}: {told}.",
        hint=f"look at them in {where}, correct the files and run `engage import-data` again",
    )


def _judge(
    settings: Settings,
    run_id: str,
    table: str,
    raw: int,
    clean_sql: str,
    bad_sql: str,
    partitioned_by: tuple[str, ...],
    *,
    counted: str = "count(*)",
) -> dict[str, Any]:
    """Makes the clean table, and the table of rows set aside when there are any; the counts by reason."""
    clean = f"{table}_{names.rid(run_id)}"
    prefix = f"{names.processed_prefix(run_id)}{table}/"
    bad_prefix = f"{names.quarantine_prefix(run_id)}{table}/"
    make(settings, [_table(settings, clean, prefix, clean_sql, partitioned_by)])
    good = _count(settings, clean, counted)
    reasons: dict[str, int] = {}
    if good != raw:
        bad = f"{table}_bad_{names.rid(run_id)}"
        make(settings, [_table(settings, bad, bad_prefix, bad_sql, ())])
        database = settings.lake_database
        sql = f"SELECT reason, count(*) AS n FROM {database}.{bad} GROUP BY reason ORDER BY n DESC"
        result = athena.run(sql, database, workgroup=settings.workgroup)
        reasons = {str(row["reason"]): int(row["n"]) for row in result.rows}
    if good + sum(reasons.values()) != raw:
        raise DataError(
            f"The rows of the raw table {table} do not add up: {raw} read, {good} clean, "
            f"{sum(reasons.values())} set aside.",
            hint="the files changed while they were read: run the pipeline again",
        )
    judge(table, raw, reasons, location(settings, bad_prefix))
    if good == 0:
        raise DataError(
            f"No usable row is left in the table {table}.", hint="check the files in the raw bucket"
        )
    return {"rows": raw, "clean": good, "quarantined": sum(reasons.values()), "reasons": reasons}


def _table(
    settings: Settings, name: str, prefix: str, select: str, partitioned_by: tuple[str, ...]
) -> NewTable:
    statement = features.create_table_as(
        f"{settings.lake_database}.{name}", location(settings, prefix), select, partitioned_by
    )
    return NewTable(name, prefix, statement)


def _count(settings: Settings, table: str, counted: str) -> int:
    sql = f"SELECT {counted} AS n FROM {settings.lake_database}.{table}"
    # A sum over no rows is NULL.
    return int(athena.run(sql, settings.lake_database, workgroup=settings.workgroup).one()["n"] or 0)


handler = step("validate", validate)
