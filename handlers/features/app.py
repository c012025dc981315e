"""Features: build the training and the scoring table with Athena, and write the specification for the tasks.

In: the run object after Split. Out: `features` with row counts and the key of `spec.json`. Both
tables are built at the same time. Their row counts are known beforehand (customers signed up before
each cut-off), so a join that multiplies or loses customers cannot pass unseen.
"""

from typing import Any

from common import athena, names, s3
from common.errors import DataError
from common.settings import Settings
from common.step import Run, step
from common.tables import NewTable, location, make
from engage_ml import contract, data_contract
from engage_ml import features as sql

SCHEMA_VERSION = 1
SEED = 7


def build(run: Run, settings: Settings) -> Run:
    """The run with its feature tables; raises DataError when their row counts are not the population's."""
    run_id, rid = run["run_id"], names.rid(run["run_id"])
    plan = contract.SplitPlan.from_spec(run["as_of"], run["split"]["cutoffs"])
    n_shards = int(run["split"]["n_shards"])
    database = settings.lake_database
    customers, activity = f"{database}.customers_{rid}", f"{database}.activity_{rid}"
    train_prefix = f"{names.features_prefix(run_id)}train/"
    score_prefix = f"{names.features_prefix(run_id)}score/"
    train, score = f"features_train_{rid}", f"features_score_{rid}"
    known = data_contract.parse(run["contract"])
    train_sql = sql.features_train_sql(known, customers, activity, plan)
    score_sql = sql.features_score_sql(known, customers, activity, plan.as_of, plan.first_week, n_shards)
    make(
        settings,
        [
            NewTable(
                train,
                train_prefix,
                sql.create_table_as(
                    f"{database}.{train}", location(settings, train_prefix), train_sql, ("cutoff",)
                ),
            ),
            NewTable(
                score,
                score_prefix,
                sql.create_table_as(
                    f"{database}.{score}", location(settings, score_prefix), score_sql, ("shard",)
                ),
            ),
        ],
    )
    by_cutoff, by_shard = athena.run_all(
        [
            (f"SELECT cutoff AS part, count(*) AS n FROM {database}.{train} GROUP BY cutoff", database),
            (f"SELECT shard AS part, count(*) AS n FROM {database}.{score} GROUP BY shard", database),
        ],
        workgroup=settings.workgroup,
    )
    train_rows = {str(row["part"]): int(row["n"]) for row in by_cutoff.rows}
    shard_rows = {int(row["part"]): int(row["n"]) for row in by_shard.rows}
    check_rows(run["split"], plan, train_rows, shard_rows)
    spec = specification(run, plan, train_prefix, score_prefix)
    key = names.run_key(run_id, "spec.json")
    s3.put_json(settings.lake_bucket, key, spec)
    return {
        **run,
        "features": {
            "train_rows": sum(train_rows.values()),
            "score_rows": sum(shard_rows.values()),
            "spec_key": key,
        },
    }


def check_rows(
    split: dict[str, Any], plan: contract.SplitPlan, train_rows: dict[str, int], shard_rows: dict[int, int]
) -> None:
    """Raises DataError unless every cut-off and the scoring table hold one row for each customer."""
    expected = {day.isoformat(): int(split["population"][day.isoformat()]) for day in plan.labelled}
    wrong = [
        f"cut-off {day}: {train_rows.get(day, 0)} rows for {count} customers"
        for day, count in expected.items()
        if train_rows.get(day, 0) != count
    ]
    wrong += [f"unexpected cut-off {day}" for day in sorted(set(train_rows) - set(expected))]
    scored, to_score = sum(shard_rows.values()), int(split["customers_to_score"])
    if scored != to_score:
        wrong.append(f"scoring table: {scored} rows for {to_score} customers")
    beyond = sorted(shard for shard in shard_rows if not 0 <= shard < int(split["n_shards"]))
    if beyond:
        wrong.append(f"unexpected shards {beyond[:5]}")
    if wrong:
        raise DataError(
            f"The feature tables do not match the customers: {'; '.join(wrong)}.",
            hint="run the pipeline again; if it stays, report it with the output of `engage runs show`",
        )


def specification(run: Run, plan: contract.SplitPlan, train_prefix: str, score_prefix: str) -> dict[str, Any]:
    """`spec.json`: all that the training and inference tasks must know about this run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "as_of": run["as_of"],
        "n_shards": int(run["split"]["n_shards"]),
        "cutoffs": plan.to_spec(),
        "contract": run["contract"],
        "features_train_prefix": train_prefix,
        "features_score_prefix": score_prefix,
        "seed": SEED,
        "params": {},
        "tune": run.get("tune"),
        "synthetic": run["prepare"].get("synthetic", False),
    }


handler = step("features", build)
