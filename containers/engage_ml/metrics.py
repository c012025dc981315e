"""Measures of predictions. Plain arrays in, JSON-ready numbers out; curves for plots are in `curves.py`.

Which measure is for what: R2, totals and deviance judge the expected value (a mean); MAE is least for a
median, so it is taken of the median where a model gives one, and `mae_of_expected` tells that of the mean.
`spearman_rounded` first rounds predictions to what can be told apart (a day of activity, a dollar): most
outcomes are exactly zero, and an order among customers who will all do nothing is neither right nor wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import weighted
from .bootstrap import Measured, Resample
from .weighted import Ranked

Doubles = NDArray[np.float64]
BLOCK = 10
"""Bootstrap samples that are measured at a time: few enough to stay in a processor's cache."""
TWEEDIE_POWER = 1.2
"""Between 1 (Poisson, nearer to squared error: large amounts count) and 2 (gamma: relative errors count)."""


def churn_measures(weights: Doubles, outcome: Doubles, probability: Doubles) -> dict[str, Doubles]:
    """ROC AUC, average precision, log loss, calibration error (ten bins of equal size), lift in the top
    decile; each `[samples]`, NaN where it needs both outcomes and there is one.
    """
    ranked = Ranked(probability, weights)
    chance = np.clip(probability, 1e-6, 1 - 1e-6)
    losses = -(outcome * np.log(chance) + (1 - outcome) * np.log(1 - chance))
    both = outcome.min() != outcome.max()
    log_loss = weighted.mean(weights, losses)
    return {
        "roc_auc": weighted.roc_auc(ranked, outcome),
        "average_precision": weighted.average_precision(ranked, outcome),
        "log_loss": log_loss if both else np.full(len(weights), np.nan),
        "calibration_error": weighted.calibration_error(ranked, outcome, probability),
        "lift_top_decile": weighted.top_decile_lift(ranked, outcome),
    }


def amount_measures(
    weights: Doubles, actual: Doubles, expected: Doubles, median: Doubles | None, step: float
) -> dict[str, Doubles]:
    """MAE, R2, Spearman, normalised Gini and the ratio of the sums predicted and actual; each `[samples]`.

    `step` is the smallest difference in the outcome that counts: a day of activity, a dollar.
    """
    central = expected if median is None else median
    ranked, truth = Ranked(expected, weights), Ranked(actual, weights)
    rounded = Ranked(np.round(expected / step), weights)
    best = weighted.gini(truth, actual)
    ratio = _ratio(weights @ expected, weights @ actual)
    return {
        "mae": weighted.mean(weights, np.abs(actual - central)),
        "mae_of_expected": weighted.mean(weights, np.abs(actual - expected)),
        "r2": weighted.r2(weights, actual, expected),
        "spearman": weighted.rank_correlation(truth, ranked),
        "spearman_rounded": weighted.rank_correlation(truth, rounded),
        "gini": _ratio(weighted.gini(ranked, actual), best),
        "total_ratio": ratio,
    }


def measure(
    target: str,
    actual: Doubles,
    prediction: Doubles,
    resample: Resample,
    median: Doubles | None = None,
    step: float = 1.0,
) -> Measured:
    """The measures of a prediction on all rows, and on the rows of each bootstrap sample."""

    def under(weights: Doubles, rows: Any) -> dict[str, Doubles]:
        if target == "churn":
            return churn_measures(weights, actual[rows], prediction[rows])
        central = None if median is None else median[rows]
        return amount_measures(weights, actual[rows], prediction[rows], central, step)

    whole = under(np.ones((1, len(actual))), slice(None))
    values = {name: float(value[0]) for name, value in whole.items()}
    parts = [
        under(resample.weights[at : at + BLOCK], resample.rows)
        for at in range(0, len(resample.weights), BLOCK)
    ]
    return Measured(values, {name: np.concatenate([part[name] for part in parts]) for name in values})


def described(
    target: str, actual: Doubles, prediction: Doubles, measured: Measured, resample: Resample
) -> dict[str, Any]:
    """The measures as JSON: `rows`, each measure (None: does not exist here), and `ci` with intervals."""
    found: dict[str, Any] = {"rows": len(actual)}
    if target == "churn":
        found["base_rate"] = number(actual.mean())
    else:
        found |= {"total_actual": number(actual.sum()), "total_predicted": number(prediction.sum())}
    intervals: dict[str, list[float]] = {}
    for name, value in measured.values.items():
        found[name] = number(value)
        around = resample.interval(value, measured.samples[name])
        if around is not None:
            intervals[name] = around
    return found | {"ci": intervals}


def tweedie_deviance(actual: Doubles, predicted: Doubles, power: float = TWEEDIE_POWER) -> Doubles:
    """Unit deviance of the Tweedie family for 1 < power < 2 (Jorgensen 1997), one per row; fits
    zero-inflated amounts.
    """
    mean = np.maximum(predicted, 1e-6)
    found: Doubles = 2 * (
        actual ** (2 - power) / ((1 - power) * (2 - power))
        - actual * mean ** (1 - power) / (1 - power)
        + mean ** (2 - power) / (2 - power)
    )
    return found


def loss(target: str, actual: Doubles, prediction: Doubles) -> Doubles:
    """Loss per row: log loss for churn, squared error for engagement, Tweedie deviance for value."""
    if target == "churn":
        chance = np.clip(prediction, 1e-6, 1 - 1e-6)
        found: Doubles = -(actual * np.log(chance) + (1 - actual) * np.log(1 - chance))
        return found
    if target == "engagement":
        squared: Doubles = (actual - prediction) ** 2
        return squared
    return tweedie_deviance(actual, prediction)


def number(value: Any) -> float | None:
    """A number with six decimals; None for one that does not exist, which JSON cannot hold."""
    return round(float(value), 6) if np.isfinite(value) else None


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    found: Doubles = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > 1e-12)
    return found
