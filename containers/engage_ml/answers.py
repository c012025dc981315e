"""Predictions with reasons, as rows: for the predictions table, the API and bulk answers alike. NumPy and
XGBoost only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .blocks import FeatureBlock
from .contract import PREDICTION_COLUMNS, RISK_HIGH, RISK_MEDIUM, age_band, risk_band
from .explain import TOP, Reason, reasons
from .history import recently_active
from .score import Model, Predictions

DIGITS = {"churn_probability": 6, "expected_engagement": 6, "expected_value": 4}


def predict_with_reasons(
    model: Model, block: FeatureBlock, threads: int = 1
) -> tuple[Predictions, list[list[Reason]]]:
    """Predictions and three reasons for each row of a block."""
    data = model.data(model.matrix(block), threads)
    return model.predict_matrix(data, recently_active(block)), reasons(model, block, data)


def answer_rows(
    model: Model, blocks: Iterable[FeatureBlock], as_of: str, threads: int = 1
) -> Iterator[dict[str, Any]]:
    """One API answer per row: id, three predictions, risk_band, reasons, model_version, as_of."""
    for block in blocks:
        found, why = predict_with_reasons(model, block, threads)
        for row, customer_id in enumerate(block.ids.tolist()):
            churn = round(float(found.churn_probability[row]), 6)
            yield {
                "customer_id": customer_id,
                "churn_probability": churn,
                "expected_engagement": round(float(found.expected_engagement[row]), 6),
                "expected_value": round(float(found.expected_value[row]), 4),
                "risk_band": risk_band(churn),
                "reasons": [reason.to_dict() for reason in why[row]],
                "model_version": model.version,
                "as_of": as_of,
            }


def prediction_columns(model: Model, block: FeatureBlock, run_id: str, threads: int = 1) -> dict[str, Any]:
    """The columns of the predictions table (`contract.PREDICTION_COLUMNS`) for a block."""
    found, why = predict_with_reasons(model, block, threads)
    churn = np.round(found.churn_probability, DIGITS["churn_probability"])
    bands = np.array(["low", "medium", "high"])[(churn >= RISK_MEDIUM).astype(int) + (churn >= RISK_HIGH)]
    columns: dict[str, Any] = {
        "customer_id": block.ids.tolist(),
        "churn_probability": churn,
        "expected_engagement": np.round(found.expected_engagement, DIGITS["expected_engagement"]),
        "expected_value": np.round(found.expected_value, DIGITS["expected_value"]),
        "risk_band": bands.tolist(),
        "age_band": [age_band(age) for age in block.column("age").tolist()],
        "tenure_weeks": block.column("tenure_weeks").astype(np.int64),
        "active_weeks_12": block.column("active_weeks_12").astype(np.int64),
        "spend_12w": np.round(block.column("spend_12w").astype(np.float64), 2),
        "days_since_active": block.column("days_since_active").astype(np.int64),
        "recently_active": recently_active(block),
        "model_version": [model.version] * len(block),
        "run_id": [run_id] * len(block),
    }
    for name in ("country", "plan", "device", "acquisition_channel"):
        columns[name] = block.labels(name)
    for at in range(TOP):
        columns[f"reason_{at + 1}"] = [given[at].sentence for given in why]
    return {name: columns[name] for name, _ in PREDICTION_COLUMNS}
