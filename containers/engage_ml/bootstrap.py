"""Confidence intervals by the bootstrap over customers.

Each sample weights every customer with a Poisson(1) variate, which is how often he is drawn (Chamandy et
al. 2012, "Estimating uncertainty for massive data streams"). All predictions of a test set are measured under
the same weights, so that the difference of two has an interval of its own, much narrower than theirs.

Of a large test set 10,000 customers are used and the standard error is scaled by the square root of the
share: sampling errors of these measures fall with the square root of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
SAMPLES = 100
MAX_ROWS = 10_000
Z95 = 1.959964
"""Standard errors on each side of a 95 % interval."""


@dataclass(frozen=True)
class Resample:
    """Bootstrap weights `[samples, chosen rows]` and `shrink`, the factor on the standard errors."""

    rows: NDArray[np.int64]
    weights: Doubles
    shrink: float

    @classmethod
    def draw(cls, count: int, seed: int) -> Resample:
        """Weights for a test set of `count` rows; the same seed gives the same."""
        rng = np.random.default_rng(seed)
        rows = np.arange(count)
        if count > MAX_ROWS:
            rows = np.sort(rng.choice(count, MAX_ROWS, replace=False))
        weights = rng.poisson(1.0, (SAMPLES, len(rows))).astype(np.float64)
        return cls(rows, weights, float(np.sqrt(len(rows) / max(count, 1))))

    def interval(self, value: float, samples: Doubles) -> list[float] | None:
        """The 95 % interval of a measure from its values in the samples; None when they do not exist."""
        known = samples[np.isfinite(samples)]
        if len(known) < SAMPLES // 2 or not np.isfinite(value):
            return None
        reach = Z95 * float(known.std(ddof=1)) * self.shrink
        return [round(value - reach, 6), round(value + reach, 6)]


@dataclass(frozen=True)
class Measured:
    """A prediction's measures on a test set: `values` by name (NaN: does not exist), and for each the
    values in the bootstrap samples.
    """

    values: Mapping[str, float]
    samples: Mapping[str, Doubles]


LOWER_IS_BETTER = frozenset({"log_loss", "calibration_error", "mae", "mae_of_expected"})
"""Measures of which less is better; of the others in `COMPARED` more is."""
COMPARED = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "calibration_error",
    "lift_top_decile",
    "mae",
    "mae_of_expected",
    "r2",
    "spearman",
    "spearman_rounded",
    "gini",
)


def compare(resample: Resample, ours: Measured, theirs: Measured) -> dict[str, dict[str, object]]:
    """Ours minus theirs by measure, with its interval and a verdict: better, worse or no difference."""
    found: dict[str, dict[str, object]] = {}
    for name in COMPARED:
        if name not in ours.values or name not in theirs.values:
            continue
        gap = ours.values[name] - theirs.values[name]
        around = resample.interval(gap, ours.samples[name] - theirs.samples[name])
        if around is None:
            continue
        sign = -1 if name in LOWER_IS_BETTER else 1
        low, high = sorted((sign * around[0], sign * around[1]))
        verdict = "better" if low > 0 else "worse" if high < 0 else "no difference"
        found[name] = {"difference": round(gap, 6), "ci": around, "verdict": verdict}
    return found
