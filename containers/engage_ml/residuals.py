"""Residuals (actual minus predicted) of the amounts, by tenth of the prediction. NumPy only.

Their quantiles show what a mean hides: most customers do nothing, few do much, so that residuals are lopsided
and spread with the prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
PARTS = 10
SMALLEST_PART = 20
"""With fewer rows in a part its outer quantiles would be single customers."""
QUANTILES = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}


def residual_summary(actual: Doubles, predicted: Doubles) -> dict[str, Any]:
    """`mean`, `rmse` and `mean_abs` of all rows, and `parts` by rising prediction: rows, mean prediction,
    mean residual and its quantiles. Fewer than 20 rows give no parts.
    """
    left = actual - predicted
    order = np.argsort(predicted, kind="stable")
    number = max(1, min(PARTS, len(order) // SMALLEST_PART))
    enough = len(order) >= SMALLEST_PART
    parts = np.array_split(order, number) if enough else []
    return {
        "rows": len(left),
        "mean": _number(left.mean()) if len(left) else None,
        "mean_abs": _number(np.abs(left).mean()) if len(left) else None,
        "rmse": _number(np.sqrt((left**2).mean())) if len(left) else None,
        "parts": [
            {
                "rows": len(rows),
                "predicted": _number(predicted[rows].mean()),
                "mean": _number(left[rows].mean()),
                **{
                    name: _number(value)
                    for name, value in zip(
                        QUANTILES, np.quantile(left[rows], list(QUANTILES.values())), strict=True
                    )
                },
            }
            for rows in parts
        ],
    }


def _number(value: Any) -> float:
    return round(float(value), 6)
