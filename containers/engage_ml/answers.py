"""Predictions with reasons, as rows: for the predictions table, the API and bulk answers alike. NumPy and
XGBoost only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .blocks import FeatureBlock
from .contract import RISK_HIGH, RISK_MEDIUM, risk_band
from .data_contract import BOOLEAN, CATEGORY, Attribute
from .explain import TOP, Reason, reasons
from .history import recently_active
from .prediction_table import prediction_table
from .score import Model, Predictions
from .segments import assign, stored_edge

DIGITS = {"churn_probability": 6, "expected_engagement": 6, "expected_value": 4}


def predict_with_reasons(
    model: Model, block: FeatureBlock, threads: int = 1
) -> tuple[Predictions, list[list[Reason]]]:
    """Predictions and three reasons for each row of a block."""
    data = model.data(model.matrix(block), threads)
    found = model.predict_block(block, data)
    churn = np.round(found.churn_probability, DIGITS["churn_probability"])  # as `risk_band` sees it
    return found, reasons(model, block, data, churn)


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
    """The columns of the predictions table (`prediction_table`) for a block."""
    contract = model.contract
    found, why = predict_with_reasons(model, block, threads)
    churn = np.round(found.churn_probability, DIGITS["churn_probability"])
    bands = np.array(["low", "medium", "high"])[(churn >= RISK_MEDIUM).astype(int) + (churn >= RISK_HIGH)]
    columns: dict[str, Any] = {
        "customer_id": block.ids.tolist(),
        "churn_probability": churn,
        "expected_engagement": np.round(found.expected_engagement, DIGITS["expected_engagement"]),
        "engagement_low": np.round(found.engagement_low, DIGITS["expected_engagement"]),
        "engagement_high": np.round(found.engagement_high, DIGITS["expected_engagement"]),
        "expected_value": np.round(found.expected_value, DIGITS["expected_value"]),
        "value_low": np.round(found.value_low, DIGITS["expected_value"]),
        "value_high": np.round(found.value_high, DIGITS["expected_value"]),
        "risk_band": bands.tolist(),
        "tenure_weeks": block.column("tenure_weeks").astype(np.int64),
        "active_weeks_12": block.column("active_weeks_12").astype(np.int64),
        "value_12w": np.round(block.column(f"{contract.value}_12w").astype(np.float64), 2),
        "days_since_active": block.column("days_since_active").astype(np.int64),
        "recently_active": recently_active(contract, block),
        "model_version": [model.version] * len(block),
        "run_id": [run_id] * len(block),
    }
    columns["segment"] = assign(contract, columns, stored_edge(model.metadata))
    for attribute in contract.attributes:
        columns[attribute.column] = _shown(attribute, block)
    for at in range(TOP):
        columns[f"reason_{at + 1}"] = [given[at].sentence if at < len(given) else None for given in why]
    return {name: columns[name] for name, _ in prediction_table(contract)}


def _shown(attribute: Attribute, block: FeatureBlock) -> list[Any]:
    """An attribute as predictions carry it: words, a group, yes or no, or a number; None is missing."""
    if attribute.kind == CATEGORY:
        return block.labels(attribute.name)
    values = block.column(attribute.name).tolist()
    if attribute.bands:
        return [attribute.band(v) for v in values]
    if attribute.kind == BOOLEAN:
        return [None if v != v else bool(v) for v in values]
    return [None if v != v else v for v in values]
