"""The Trino SQL that the report needs over the predictions of one run.

Three statements, each over one partition of the table `predictions` in the lake database. They return
groups of customers only, never a single one.
"""

import re
from collections.abc import Sequence
from datetime import date

from engage_cli.errors import UserError

HISTOGRAM_BINS = 20
SMALLEST_GROUP = 20
"""Groups with fewer customers are left out: a small group can point to a person, and its mean is noise."""

_RUN_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")
_COLUMN = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
_MEASURES = """count(*) AS customers,
       sum(CASE WHEN risk_band = 'high' THEN 1 ELSE 0 END) AS high_risk,
       sum(CASE WHEN risk_band = 'medium' THEN 1 ELSE 0 END) AS medium_risk,
       sum(CASE WHEN risk_band = 'high' AND recently_active THEN 1 ELSE 0 END) AS high_risk_active,
       avg(churn_probability) AS mean_churn,
       avg(expected_engagement) AS mean_engagement,
       sum(expected_value) AS expected_value,
       sum(CASE WHEN risk_band IN ('high', 'medium') THEN expected_value ELSE 0 END) AS value_at_stake"""


def groups(as_of: str, run_id: str, dimensions: Sequence[str]) -> str:
    """Return the statement for everybody (no dimension), each dimension alone, and the first two together.

    Rows: the dimensions ("" where the row is not grouped by it, "(none)" for a missing value),
    `grouped_by` with the names of the dimensions, and the measures. Raises UserError for a name that is
    none of a column.
    """
    names = [_column(name) for name in dimensions]
    if not names:
        return f"SELECT '' AS grouped_by,\n       {_MEASURES}\nFROM predictions\nWHERE {_of(as_of, run_id)}"
    columns = ",\n       ".join(
        f"CASE WHEN grouping({name}) = 1 THEN '' ELSE coalesce(CAST({name} AS varchar), '(none)') END "
        f"AS {name}"
        for name in names
    )
    named = " || ".join(
        f"CASE WHEN grouping({name}) = 0 THEN '{bare} ' ELSE '' END"
        for name, bare in zip(names, dimensions, strict=True)
    )
    sets = [
        "()",
        *(f"({name})" for name in names),
        *([f"({', '.join(names[:2])})"] if len(names) > 1 else []),
    ]
    everybody = f"grouping({', '.join(names)}) = {2 ** len(names) - 1}"
    return f"""SELECT {columns},
       trim({named}) AS grouped_by,
       {_MEASURES}
FROM predictions
WHERE {_of(as_of, run_id)}
GROUP BY GROUPING SETS ({", ".join(sets)})
HAVING count(*) >= {SMALLEST_GROUP} OR {everybody}"""


def _column(name: str) -> str:
    if not _COLUMN.match(name):
        raise UserError(
            f"'{name}' is not the name of a column.", hint="run the pipeline again: engage run-pipeline"
        )
    return f'"{name}"'


def histogram(as_of: str, run_id: str) -> str:
    """Return the statement for customers by churn probability: `bin` 0 to 19 and `customers`."""
    last = HISTOGRAM_BINS - 1
    return f"""SELECT least(CAST(floor(churn_probability * {HISTOGRAM_BINS}) AS integer), {last}) AS bin,
       count(*) AS customers
FROM predictions
WHERE {_of(as_of, run_id)}
GROUP BY 1
ORDER BY 1"""


def reasons(as_of: str, run_id: str) -> str:
    """Return the statement for the first reasons of customers at high risk who were active lately."""
    return f"""SELECT reason_1 AS reason, count(*) AS customers
FROM predictions
WHERE {_of(as_of, run_id)} AND risk_band = 'high' AND recently_active AND reason_1 IS NOT NULL
GROUP BY reason_1
HAVING count(*) >= {SMALLEST_GROUP}
ORDER BY customers DESC
LIMIT 10"""


def _of(as_of: str, run_id: str) -> str:
    # A later run of the same date replaces the partition: its customers are not this run's.
    if not _RUN_ID.match(run_id):
        raise UserError(f"'{run_id}' is not the id of a run.", hint="list the runs with: engage runs")
    return f"as_of = '{_day(as_of)}' AND run_id = '{run_id}'"


def _day(as_of: str) -> str:
    try:
        return date.fromisoformat(as_of).isoformat()
    except ValueError:
        raise UserError(f"The as-of date '{as_of}' is not a date.", hint="write it as YYYY-MM-DD") from None
