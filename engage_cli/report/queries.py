"""The Trino SQL that the report needs over the predictions of one run.

Three statements over one partition of the table `predictions`, one over `segments`, in the lake database.
They return groups of customers only, never a single one. Which columns there are is in the contract.
"""

import re
from datetime import date

from engage_ml.data_contract import NUMBER, DataContract

from engage_cli.errors import UserError

HISTOGRAM_BINS = 20
SMALLEST_GROUP = 20
"""Groups with fewer customers are left out: a small group can point to a person, and its mean is noise."""
MOST_DIMENSIONS = 12

_RUN_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")
# "At risk" is what `engage ask` and the knowledge documents call at risk: the risk band high.
_MEASURES = """count(*) AS customers,
       sum(CASE WHEN risk_band = 'high' THEN 1 ELSE 0 END) AS at_risk,
       sum(CASE WHEN risk_band = 'medium' THEN 1 ELSE 0 END) AS medium_risk,
       sum(CASE WHEN risk_band = 'high' AND recently_active THEN 1 ELSE 0 END) AS at_risk_active,
       avg(churn_probability) AS mean_churn,
       avg(expected_engagement) AS mean_engagement,
       sum(expected_value) AS expected_value,
       sum(CASE WHEN risk_band = 'high' THEN expected_value ELSE 0 END) AS value_at_risk"""


def dimensions(contract: DataContract) -> tuple[str, ...]:
    """The columns to group by: the attributes, a number only by its bands."""
    found = (a.column for a in contract.attributes if a.kind != NUMBER or a.bands)
    return tuple(found)[:MOST_DIMENSIONS]


def groups(contract: DataContract, as_of: str, run_id: str) -> str:
    """Return the statement for everybody (no dimension) and for each dimension alone.

    Rows: `grouped_by` with the name of the dimension ("" for everybody), `name` with the value ("(none)" for
    a missing one), and the measures.
    """
    names = dimensions(contract)
    if not names:
        one = f"SELECT '' AS grouped_by, '' AS name,\n       {_MEASURES}"
        return f"{one}\nFROM predictions\nWHERE {_of(as_of, run_id)}"
    quoted = [f'"{name}"' for name in names]
    by = " ".join(f"WHEN grouping({q}) = 0 THEN '{n}'" for q, n in zip(quoted, names, strict=True))
    value = " ".join(f"WHEN grouping({q}) = 0 THEN coalesce(CAST({q} AS varchar), '(none)')" for q in quoted)
    everybody = f"grouping({', '.join(quoted)}) = {2 ** len(names) - 1}"
    return f"""SELECT CASE {by} ELSE '' END AS grouped_by,
       CASE {value} ELSE '' END AS name,
       {_MEASURES}
FROM predictions
WHERE {_of(as_of, run_id)}
GROUP BY GROUPING SETS ((), {", ".join(f"({q})" for q in quoted)})
HAVING count(*) >= {SMALLEST_GROUP} OR {everybody}"""


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
    """Return the statement for the first reasons of customers at risk who were active lately."""
    return f"""SELECT reason_1 AS reason, count(*) AS customers
FROM predictions
WHERE {_of(as_of, run_id)} AND risk_band = 'high' AND recently_active AND reason_1 IS NOT NULL
GROUP BY reason_1
HAVING count(*) >= {SMALLEST_GROUP}
ORDER BY customers DESC, reason
LIMIT 10"""


def segments(as_of: str, run_id: str) -> str:
    """Return the statement for the segments of the run, in the order of their table."""
    return f"""SELECT segment, customers, share, mean_churn_probability, expected_value, value_at_stake,
       suggested_action
FROM segments
WHERE {_of(as_of, run_id)}
ORDER BY value_at_stake DESC, segment"""


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
