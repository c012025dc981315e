"""Measures of predictions and points of curves for plots. Plain numbers in, JSON-ready numbers out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
CALIBRATION_BINS = 10
CURVE_POINTS = 101


def churn_metrics(outcome: Doubles, probability: Doubles) -> dict[str, float | None]:
    """ROC AUC, average precision, log loss, calibration error (ECE, ten equal-sized bins), lift in the top
    decile.

    Measures that need both outcomes are None when there is one only.
    """
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    both = len(outcome) > 0 and outcome.min() != outcome.max()
    return {
        "rows": len(outcome),
        "base_rate": _number(outcome.mean()) if len(outcome) else None,
        "roc_auc": _number(roc_auc_score(outcome, probability)) if both else None,
        "average_precision": _number(average_precision_score(outcome, probability)) if both else None,
        "log_loss": _number(log_loss(outcome, np.clip(probability, 1e-6, 1 - 1e-6), labels=[0, 1]))
        if both
        else None,
        "calibration_error": calibration_error(outcome, probability) if len(outcome) else None,
        "lift_top_decile": top_decile_lift(outcome, probability) if both else None,
    }


def amount_metrics(actual: Doubles, predicted: Doubles) -> dict[str, float | None]:
    """MAE, R2, Spearman, normalised Gini, and the sums predicted and actual with their ratio."""
    if len(actual) < 2:
        return {"rows": len(actual)}
    from sklearn.metrics import mean_absolute_error, r2_score

    total = float(actual.sum())
    return {
        "rows": len(actual),
        "mae": _number(mean_absolute_error(actual, predicted)),
        "r2": _number(r2_score(actual, predicted)) if actual.min() != actual.max() else None,
        "spearman": spearman(actual, predicted),
        "gini": normalised_gini(actual, predicted),
        "total_actual": _number(total),
        "total_predicted": _number(predicted.sum()),
        "total_ratio": _number(predicted.sum() / total) if total else None,
    }


def spearman(actual: Doubles, predicted: Doubles) -> float | None:
    """Rank correlation; None when either side is constant."""
    from scipy.stats import spearmanr

    if actual.min() == actual.max() or predicted.min() == predicted.max():
        return None
    return _number(spearmanr(actual, predicted).statistic)


def normalised_gini(actual: Doubles, predicted: Doubles) -> float | None:
    """Gini of the actual amounts ranked by prediction, divided by that of the perfect ranking.

    Ties in the prediction share the mean of their amounts, so that the order of rows does not matter.
    """
    if len(actual) == 0 or actual.sum() <= 0 or actual.min() == actual.max():
        return None
    return _number(_gini(actual, predicted) / _gini(actual, actual))


def _gini(actual: Doubles, score: Doubles) -> float:
    _, group = np.unique(-score, return_inverse=True)
    amounts = np.bincount(group, weights=actual)
    sizes = np.bincount(group).astype(np.float64)
    share = np.concatenate([[0.0], np.cumsum(amounts) / actual.sum()])
    people = np.concatenate([[0.0], np.cumsum(sizes) / len(actual)])
    return float(2 * np.trapezoid(share, people) - 1)


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


def calibration_error(outcome: Doubles, probability: Doubles) -> float:
    """Expected calibration error: mean gap between prediction and outcome over equal-sized bins, weighted
    by rows.
    """
    bins = calibration_bins(outcome, probability)
    return _number(sum(b["rows"] * abs(b["predicted"] - b["actual"]) for b in bins) / len(outcome))


def top_decile_lift(outcome: Doubles, probability: Doubles) -> float:
    """Rate among the tenth with the highest prediction over the rate of all."""
    count = max(1, len(outcome) // 10)
    top = np.argsort(-probability, kind="stable")[:count]
    return _number(outcome[top].mean() / outcome.mean())


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
