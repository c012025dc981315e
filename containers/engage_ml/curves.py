"""Points of curves for plots. Plain numbers in, JSON-ready numbers out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
CALIBRATION_BINS = 10
CURVE_POINTS = 101


def calibration_bins(outcome: Doubles, probability: Doubles) -> list[dict[str, float]]:
    """Mean prediction, mean outcome and rows in (up to) ten bins of equal size, by rising prediction."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, CALIBRATION_BINS) if len(part)]
    return [
        {
            "predicted": _number(probability[part].mean()),
            "actual": _number(outcome[part].mean()),
            "rows": len(part),
        }
        for part in parts
    ]


def churn_curves(outcome: Doubles, probability: Doubles) -> dict[str, Any]:
    """Points for plots: ROC, precision-recall, calibration, cumulative gain, histogram of predictions."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    if len(outcome) == 0 or outcome.min() == outcome.max():
        return {}
    false_rate, true_rate, _ = roc_curve(outcome, probability)
    precision, recall, _ = precision_recall_curve(outcome, probability)
    precision, recall = precision[::-1], recall[::-1]
    grid = np.linspace(0.0, 1.0, CURVE_POINTS)
    order = np.argsort(-probability, kind="stable")
    gain = np.concatenate([[0.0], np.cumsum(outcome[order]) / outcome.sum()])
    reach = np.linspace(0.0, 1.0, len(gain))
    return {
        "roc": _points(grid, np.interp(grid, false_rate, true_rate)),
        "precision_recall": _points(grid, np.interp(grid, recall, precision)),
        "calibration": calibration_bins(outcome, probability),
        "gain": _points(grid, np.interp(grid, reach, gain)),
        "histogram": histogram(probability, np.linspace(0.0, 1.0, 21)),
    }


def amount_curves(actual: Doubles, predicted: Doubles) -> dict[str, Any]:
    """Points for plots: actual against predicted by decile, cumulative share, histogram of predictions."""
    if len(actual) == 0:
        return {}
    order = np.argsort(-predicted, kind="stable")
    total = float(actual.sum()) or 1.0
    grid = np.linspace(0.0, 1.0, CURVE_POINTS)
    share = np.concatenate([[0.0], np.cumsum(actual[order]) / total])
    top = float(np.quantile(predicted, 0.99)) or 1.0
    return {
        "deciles": calibration_bins(actual, predicted),
        "gain": _points(grid, np.interp(grid, np.linspace(0.0, 1.0, len(share)), share)),
        "histogram": histogram(np.minimum(predicted, top), np.linspace(0.0, top, 21)),
    }


def histogram(values: Doubles, edges: Doubles) -> dict[str, list[float]]:
    """Counts of the values between the edges."""
    counts, _ = np.histogram(values, bins=edges)
    return {"edges": [_number(e) for e in edges], "counts": [int(c) for c in counts]}


def _points(x: Doubles, y: Doubles) -> dict[str, list[float]]:
    return {"x": [_number(v) for v in x], "y": [_number(v) for v in y]}


def _number(value: Any) -> float:
    return round(float(value), 6)
