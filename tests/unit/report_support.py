"""An evaluation and groups of customers for the tests of the report, from random but plausible numbers."""

from collections.abc import Sequence
from typing import Any

import cost_support
import numpy as np
from engage_ml import curves, metrics
from engage_ml.bootstrap import Resample

from engage_cli.cost import model, pricebook, usage
from engage_cli.report import ReportInputs, aggregates

COUNTRIES = ("US", "DE", "BR", "IN", "JP", "FR", "GB", "ES", "IT", "MX", "NL", "SE", "PL", "KE")
PLANS = ("free", "basic", "plus", "family")
CHANNELS = ("search", "friend", "advert", "partner")
DEVICES = ("android", "ios", "web")


def evaluation(*, promote: bool = True, champion: bool = True) -> dict[str, Any]:
    """As `engage_ml.evaluate.evaluate` returns it."""
    rng = np.random.default_rng(7)
    rows = 4000
    skill = rng.beta(0.5, 0.7, rows)
    left = (rng.random(rows) < skill).astype(float)
    recent = skill < 0.75
    days = np.clip(1 - skill + rng.normal(0, 0.1, rows), 0, 1)
    spend = rng.gamma(0.5, 60, rows) * (1 - skill)

    def noisy(values: Any, scale: float) -> Any:
        return np.clip(values + rng.normal(0, scale, rows), 0, None)

    def measured(target: str, actual: Any, predicted: Any) -> dict[str, Any]:
        resample = Resample.draw(len(actual), 7)
        found = metrics.measure(target, actual, predicted, resample)
        return metrics.described(target, actual, predicted, found, resample)

    def populations(target: str, actual: Any, predicted: Any) -> dict[str, Any]:
        return {
            "all": measured(target, actual, predicted),
            "recent": measured(target, actual[recent], predicted[recent]),
        }

    def churn(probability: Any) -> dict[str, Any]:
        return populations("churn", left, probability)

    def chance(scale: float) -> Any:
        return np.clip(skill + rng.normal(0, scale, rows), 0.001, 0.999)

    ours = chance(0.02)
    targets: dict[str, Any] = {
        "churn": {
            "cutoff": "2026-10-26",
            "horizon_weeks": 4,
            "challenger": churn(ours),
            "champion": churn(chance(0.1)) if champion else None,
            "baselines": {
                "recency_frequency": churn(chance(0.25)),
                "carried_forward": churn((skill > 0.7) * 1.0),
            },
            "curves": curves.churn_curves(left, ours),
            "curves_recent": curves.churn_curves(left[recent], ours[recent]),
        }
    }
    for name, weeks, actual, scale in (("engagement", 4, days, 0.05), ("value", 12, spend, 15.0)):
        predicted = noisy(actual, scale)
        targets[name] = {
            "cutoff": "2026-10-26" if weeks == 4 else "2026-08-31",
            "horizon_weeks": weeks,
            "challenger": populations(name, actual, predicted),
            "champion": populations(name, actual, noisy(actual, scale * 2)) if champion else None,
            "baselines": {"carried_forward": populations(name, actual, noisy(actual, scale * 4))},
            "curves": curves.amount_curves(actual, predicted),
            "curves_recent": curves.amount_curves(actual[recent], predicted[recent]),
        }
    importance = [{"feature": f"days_since_active_{i}", "share": 0.4 / (i + 1)} for i in range(12)]
    return {
        "schema_version": 2,
        "run_id": "run-20261123T060000-ab12",
        "as_of": "2026-11-23",
        "model_version": "m-20261123T060000-ab12",
        "champion_version": "m-20261116T060000-ff00" if champion else None,
        "targets": targets,
        "importance": {"churn": importance},
        "decision": {"promote": promote, "reason": "The challenger is better beyond noise at churn."},
    }


def predictions_table(rows: int = 6000) -> dict[str, list[Any]]:
    """Columns of a predictions table, with what the report must never show: the customers' ids."""
    rng = np.random.default_rng(11)
    churn = rng.beta(0.5, 0.8, rows)
    return {
        "customer_id": [f"secret-{i:05d}" for i in range(rows)],
        "churn_probability": churn.tolist(),
        "expected_engagement": (1 - churn).tolist(),
        "expected_value": (rng.gamma(1, 80, rows) * (1 - churn)).tolist(),
        "risk_band": ["high" if p >= 0.6 else "medium" if p >= 0.3 else "low" for p in churn],
        "reason_1": rng.choice(
            ["no visit for 21 days", "fewer sessions than before", "support tickets unanswered"], rows
        ).tolist(),
        "country": rng.choice(COUNTRIES, rows).tolist(),
        "plan": rng.choice(PLANS, rows, p=[0.6, 0.25, 0.1, 0.05]).tolist(),
        "acquisition_channel": rng.choice(CHANNELS, rows).tolist(),
        "device": rng.choice(DEVICES, rows).tolist(),
        "recently_active": (churn < 0.8).tolist(),
        "as_of": ["2026-11-23"] * rows,
        "run_id": ["run-20261123T060000-ab12"] * rows,
    }


DIMENSIONS = ("country", "plan", "acquisition_channel", "device")


def answers(
    table: dict[str, list[Any]], dimensions: Sequence[str] = DIMENSIONS
) -> dict[str, list[dict[str, Any]]]:
    """Run the report's statements, translated from Athena's dialect, on DuckDB."""
    import duckdb
    import pandas as pd
    import sqlglot

    from engage_cli.report import queries

    connection = duckdb.connect()
    connection.register("frame", pd.DataFrame(table))
    connection.execute("CREATE TABLE predictions AS SELECT * FROM frame")
    found = {}
    of = ("2026-11-23", "run-20261123T060000-ab12")
    statements = {
        "groups": queries.groups(*of, dimensions),
        "histogram": queries.histogram(*of),
        "reasons": queries.reasons(*of),
    }
    for name, sql in statements.items():
        cursor = connection.execute(sqlglot.transpile(sql, read="athena", write="duckdb")[0])
        columns = [column[0] for column in cursor.description]
        found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found


def inputs(found: aggregates.Aggregates | None = None) -> ReportInputs:
    """Everything that a page is built from."""
    used = usage.parse(cost_support.document_text())
    return ReportInputs(
        environment="dev",
        target="local",
        as_of="2026-11-23",
        generated="2026-11-23 06:02 UTC",
        usage=used,
        predictions=found or aggregates.from_rows(**answers(predictions_table())),
        evaluation=evaluation(),
        cost=model.cost_report(used, pricebook.load()),
    )
