"""Split: decide by time which cut-off trains, validates and tests each model, and into how many shards.

In: the run object after Validate. Out: `split` (the plan) and `shards` (the Distributed Map's items).
Writes nothing. Features only ever come from before a cut-off and labels from after it; the label
windows of training end before validation begins, and those of validation before test.
"""

from datetime import date
from typing import Any

from common import athena, names
from common.errors import DataError
from common.settings import Settings
from common.step import Run, step
from engage_ml import contract, data_contract
from engage_ml.data_contract import DataContract


def split(run: Run, settings: Settings) -> Run:
    """The run with its split plan; raises DataError when the history is too short for every model."""
    weeks = _query(weeks_sql(settings.lake_database, run["run_id"], run["as_of"]), settings)
    if weeks["first_week"] is None:
        raise DataError(
            f"No activity before {run['as_of']} is left after validation.",
            hint="look at the quarantined rows, or choose a later --as-of",
        )
    plan = plan_cutoffs(
        data_contract.parse(run["contract"]), run["as_of"], str(weeks["first_week"]), str(weeks["last_week"])
    )
    wanted = [*plan.labelled, plan.as_of]
    counted = _query(population_sql(settings.lake_database, run["run_id"], wanted), settings)
    population = {day.isoformat(): int(counted[f"n{i}"] or 0) for i, day in enumerate(wanted)}
    empty = [day for day, customers in population.items() if customers == 0]
    if empty:
        raise DataError(
            f"No customer had signed up before {', '.join(empty)}, so there is nothing to learn from then.",
            hint="check signup_date in the customers files, or choose a later --as-of",
        )
    to_score = population[plan.as_of.isoformat()]
    n_shards = contract.shard_count(to_score)
    return {
        **run,
        "split": {
            "cutoffs": plan.to_spec(),
            "labelled": [day.isoformat() for day in plan.labelled],
            "first_week": plan.first_week.isoformat(),
            "last_week": str(weeks["last_week"]),
            "population": population,
            "customers_to_score": to_score,
            "n_shards": n_shards,
        },
        "shards": [{"shard": shard} for shard in range(n_shards)],
    }


def plan_cutoffs(known: DataContract, as_of: str, first_week: str, last_week: str) -> contract.SplitPlan:
    """The contract's plan, its refusal told as a DataError with the next step."""
    try:
        return known.split(as_of, first_week, last_week)
    except contract.ContractError as error:
        raise DataError(
            str(error),
            hint=f"provide at least {known.weeks_needed} weeks of activity before the as-of date "
            "(`engage generate-data --weeks 52` makes 52)",
        ) from error


def weeks_sql(database: str, run_id: str, as_of: str) -> str:
    """First and last week before `as_of` in the clean activity; reads the partition column only."""
    return (
        f"SELECT min(week) AS first_week, max(week) AS last_week "
        f"FROM {database}.activity_{names.rid(run_id)} WHERE week < '{as_of}'"
    )


def population_sql(database: str, run_id: str, cutoffs: list[date]) -> str:
    """How many customers had signed up before each cut-off, as columns n0, n1, ..."""
    counts = ", ".join(
        f"sum(CASE WHEN signup_date < DATE '{day}' THEN 1 ELSE 0 END) AS n{i}"
        for i, day in enumerate(cutoffs)
    )
    return f"SELECT {counts} FROM {database}.customers_{names.rid(run_id)}"


def _query(sql: str, settings: Settings) -> dict[str, Any]:
    return athena.run(sql, settings.lake_database, workgroup=settings.workgroup).one()


handler = step("split", split)
