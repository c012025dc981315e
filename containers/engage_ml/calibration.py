"""Calibration on the validation cut-off: probabilities by a curve, amounts by one factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def calibration_points(raw: Doubles, outcome: Doubles) -> tuple[Doubles, Doubles]:
    """Isotonic calibration as a piecewise-linear curve, or Platt's with fewer than 1,000 of either outcome.

    One thousandth of the raw probability is blended in, so that the curve rises strictly and ranks survive.
    """
    positives = float(outcome.sum())
    grid: Doubles
    if min(positives, len(outcome) - positives) < 1000:
        from sklearn.linear_model import LogisticRegression

        clipped = np.clip(raw, 1e-6, 1 - 1e-6)
        logit = np.log(clipped / (1 - clipped)).reshape(-1, 1)
        fitted = LogisticRegression(C=1e6).fit(logit, outcome)
        grid = np.concatenate([[0.0], 1 / (1 + np.exp(-np.linspace(-8, 8, 161))), [1.0]])
        inner = np.clip(grid, 1e-6, 1 - 1e-6)
        curve = fitted.predict_proba(np.log(inner / (1 - inner)).reshape(-1, 1))[:, 1]
    else:
        from sklearn.isotonic import IsotonicRegression

        iso = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(raw, outcome)
        grid, curve = iso.X_thresholds_.astype(np.float64), iso.y_thresholds_.astype(np.float64)
        # Never certain: pull the ends off 0 and 1 by half an observation.
        edge = 0.5 / len(outcome)
        curve = np.clip(curve, edge, 1 - edge)
    return grid, 0.999 * curve + 0.001 * grid


def level(actual: Doubles, predicted: Doubles) -> float:
    """The factor that makes the sum of the predictions that of the actual values, at most 2 either way.

    The training cut-offs lie in another season than the newest known one; a factor on all customers
    carries the level of the newest over.
    """
    return float(np.clip(actual.sum() / max(float(predicted.sum()), 1e-9), 0.5, 2.0))
