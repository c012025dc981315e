"""A run's documents and groups of customers for the tests of the report.

`report_documents/` holds documents that the real code wrote: an evaluation, SHAP values and residuals of
models trained on a small synthetic world (4,000 and 1,500 customers), with their dates moved to the week of
the usage document; fairness and drift computed from random customers.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cost_support
import numpy as np
from engage_ml.data_contract import AMOUNT, DEFAULT, EVENTS, Attribute, DataContract, Measure

from engage_cli.cost import model, pricebook, usage
from engage_cli.report import ReportInputs, aggregates, queries
from engage_cli.report.collect import add_counts

AS_OF, RUN_ID = "2026-11-23", cost_support.RUN_ID
FOLDER = Path(__file__).parent / "report_documents"
COUNTRIES = ("US", "DE", "BR", "IN", "JP", "FR", "GB", "ES", "IT", "MX", "NL", "SE", "PL", "KE")
SHOP = DataContract(
    name="shop",
    kind=EVENTS,
    attributes=(Attribute("country"), Attribute("group", meaning="customer group")),
    measures=(Measure("events"), Measure("order"), Measure("amount", AMOUNT)),
    types={"order": "order"},
    value="amount",
    transactions="order",
    currency="GBP",
    horizons={"engagement": 4, "churn": 12, "value": 24},
)
"""Another user's data: other attributes (one is a word of SQL), currency and horizons."""
VALIDATED = {
    "weeks": 52,
    "from_week": "2025-11-24",
    "customers": {"rows": 6010, "clean": 6000, "quarantined": 10, "reasons": {"no sign-up date": 10}},
    "activity": {
        "rows": 90_050,
        "clean": 90_000,
        "quarantined": 50,
        "reasons": {"negative": 20, "twice": 30},
    },
}
STATUS = {
    "status": "finished",
    "as_of": AS_OF,
    "steps": {"validate": VALIDATED},
    "publish": {"segments": "s3://x/"},
}


def document(name: str) -> dict[str, Any]:
    """One of the stored documents."""
    return dict(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def evaluation(*, promote: bool = True, champion: bool = True) -> dict[str, Any]:
    """The stored evaluation, with another decision or without a champion."""
    found = document("evaluation.json")
    found["decision"] = {"promote": promote, "reason": "The challenger is better beyond noise at churn."}
    if not champion:
        found["champion_version"] = None
        for entry in found["targets"].values():
            entry |= {"champion": None, "difference": None}
            entry["versus"].pop("champion", None)
    return found


def predictions_table(rows: int = 6000, contract: DataContract = DEFAULT) -> dict[str, list[Any]]:
    """Columns of a predictions table, with what the report must never show: the customers' ids."""
    rng = np.random.default_rng(11)
    churn = rng.beta(0.5, 0.8, rows)
    words = {
        "country": rng.choice(COUNTRIES, rows),
        "plan": rng.choice(("free", "basic", "plus", "family"), rows, p=[0.6, 0.25, 0.1, 0.05]),
        "device": rng.choice(("android", "ios", "web"), rows),
        "acquisition_channel": rng.choice(("search", "friend", "advert", "partner"), rows),
        "age_band": rng.choice(("under 25", "25-34", "35-44", "unknown"), rows),
        "marketing_opt_in": rng.random(rows) < 0.4,
        "group": rng.choice(("retail", "wholesale"), rows),
    }
    segments = np.select(
        [churn >= 0.9, churn >= 0.6, churn >= 0.3], ["dormant", "at_risk", "drifting"], "loyal"
    )
    return {
        "customer_id": [f"secret-{i:05d}" for i in range(rows)],
        "churn_probability": churn.tolist(),
        "expected_engagement": (1 - churn).tolist(),
        "expected_value": (rng.gamma(1, 80, rows) * (1 - churn)).tolist(),
        "risk_band": ["high" if p >= 0.6 else "medium" if p >= 0.3 else "low" for p in churn],
        "segment": segments.tolist(),
        "reason_1": rng.choice(
            [
                "no active day for 21 days (raises the risk)",
                "3 sessions in the last 4 weeks, 20 in the last 12",
            ],
            rows,
        ).tolist(),
        "recently_active": (churn < 0.8).tolist(),
        "as_of": [AS_OF] * rows,
        "run_id": [RUN_ID] * rows,
    } | {name: words[name].tolist() for name in queries.dimensions(contract)}


class Athena:
    """Runs the report's statements, translated from Athena's dialect, on DuckDB."""

    def __init__(self, table: dict[str, list[Any]]) -> None:
        import duckdb
        import pandas as pd

        self._db = duckdb.connect()
        self._db.register("frame", pd.DataFrame(table))
        self._db.execute("CREATE TABLE predictions AS SELECT * FROM frame")
        self._db.execute(
            """CREATE TABLE segments AS SELECT segment, count(*) AS customers,
            count(*) / (SELECT count(*) FROM frame) AS share,
            avg(churn_probability) AS mean_churn_probability,
            sum(expected_value) AS expected_value, sum(churn_probability * expected_value) AS value_at_stake,
            'Do what is right for ' || replace(segment, '_', ' ') || ' ones.' AS suggested_action,
            as_of, run_id
            FROM frame GROUP BY segment, as_of, run_id"""
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        import sqlglot

        cursor = self._db.cursor().execute(sqlglot.transpile(sql, read="athena", write="duckdb")[0])
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def aggregated(table: dict[str, list[Any]], contract: DataContract = DEFAULT) -> aggregates.Aggregates:
    """The predictions table in groups."""
    athena = Athena(table)
    return aggregates.from_rows(
        athena.rows(queries.groups(contract, AS_OF, RUN_ID)),
        athena.rows(queries.histogram(AS_OF, RUN_ID)),
        athena.rows(queries.reasons(AS_OF, RUN_ID)),
    )


def inputs(table: dict[str, list[Any]] | None = None) -> ReportInputs:
    """Everything that a page can be built from."""
    used = usage.parse(cost_support.document_text())
    table = table or predictions_table()
    segments = Athena(table).rows(queries.segments(AS_OF, RUN_ID))
    return ReportInputs(
        run_id=RUN_ID,
        as_of=AS_OF,
        generated="2026-11-23 06:02 UTC",
        contract=DEFAULT,
        predictions=aggregated(table),
        segments=aggregates.segments_from_rows(segments),
        evaluation=evaluation(),
        monitor=document("monitor.json"),
        reference=document("reference.json"),
        counts=add_counts([document("shard-00000.json")]),
        spec=document("spec.json"),
        status=STATUS,
        model=document("model.json"),
        usage=used,
        cost=model.cost_report(used, pricebook.load()),
        environment="dev",
        target="local",
    )


def bare(found: ReportInputs) -> ReportInputs:
    """The same run with nothing but its predictions: no evaluation, monitor, segments, status or bill."""
    gone = (
        "segments",
        "evaluation",
        "monitor",
        "reference",
        "counts",
        "spec",
        "status",
        "model",
        "usage",
        "cost",
    )
    return replace(found, **dict.fromkeys(gone))
