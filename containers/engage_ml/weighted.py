"""Measures under weights: one formula gives the score of a test set and of each of its bootstrap samples.

`weights` is `[samples, rows]`; each function returns one value for each sample (NaN where the measure does
not exist, as ROC AUC with one outcome only). With all weights 1 they are the textbook measures. Rows with
the same prediction are never ordered among themselves, so that the order of rows cannot matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
BINS = 10
"""Bins of equal size of the calibration error."""


@dataclass(frozen=True)
class Order:
    """Rows sorted by rising score: `rows` is the order, `starts` where each group of equal scores begins,
    `group` the group of each row in its original place.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    group: NDArray[np.int64]

    @classmethod
    def of(cls, score: Doubles) -> Order:
        """The order of a score `[rows]`."""
        rows = np.argsort(score, kind="stable").astype(np.int64)
        ranked = score[rows]
        new = np.concatenate([[True], ranked[1:] != ranked[:-1]])
        group = np.empty(len(score), dtype=np.int64)
        group[rows] = np.cumsum(new) - 1
        return cls(rows, np.flatnonzero(new).astype(np.int64), group)

    def sums(self, values: Doubles) -> Doubles:
        """Sums of `[samples, rows]` in each group, `[samples, groups]`."""
        found: Doubles = np.add.reduceat(values[:, self.rows], self.starts, axis=1)
        return found

    def ranks(self, weights: Doubles) -> Doubles:
        """Middle ranks `[samples, rows]`: the weight below, and half of the weight at the same score."""
        size = self.sums(weights)
        middle = np.cumsum(size, axis=1) - size / 2
        found: Doubles = middle[:, self.group]
        return found


def mean(weights: Doubles, values: Doubles) -> Doubles:
    """Weighted mean of `values` `[rows]`."""
    return _divide(weights @ values, weights.sum(axis=1))


def roc_auc(weights: Doubles, outcome: Doubles, order: Order) -> Doubles:
    """Probability that a row with the outcome scores above one without it; ties count half."""
    hits, misses = order.sums(weights * outcome), order.sums(weights * (1 - outcome))
    below = np.cumsum(misses, axis=1) - misses / 2
    return _divide((hits * below).sum(axis=1), hits.sum(axis=1) * misses.sum(axis=1))


def average_precision(weights: Doubles, outcome: Doubles, order: Order) -> Doubles:
    """Precision at each threshold, weighted by the recall that it adds."""
    hits = order.sums(weights * outcome)[:, ::-1]
    flagged = np.cumsum(order.sums(weights)[:, ::-1], axis=1)
    precision = _divide(np.cumsum(hits, axis=1), flagged, otherwise=0.0)
    return _divide((hits * precision).sum(axis=1), hits.sum(axis=1))


def top_decile_lift(weights: Doubles, outcome: Doubles, order: Order) -> Doubles:
    """Rate among the tenth with the highest score over the rate of all."""
    size = order.sums(weights)[:, ::-1]
    hits = order.sums(weights * outcome)[:, ::-1]
    tenth = weights.sum(axis=1, keepdims=True) / 10
    inside = np.clip(tenth - (np.cumsum(size, axis=1) - size), 0, size)
    found = (hits * _divide(inside, size, otherwise=0.0)).sum(axis=1)
    return _divide(found / tenth[:, 0], mean(weights, outcome))


def calibration_error(weights: Doubles, outcome: Doubles, probability: Doubles) -> Doubles:
    """Expected calibration error: the mean gap between prediction and outcome over bins of equal size."""
    order = np.argsort(probability, kind="stable")
    gap = weights[:, order] * (probability - outcome)[order]
    # Rows with the same prediction share their gap: which of them lies in which bin must not matter.
    first = np.flatnonzero(np.r_[True, np.diff(probability[order]) != 0])
    size = np.diff(np.r_[first, len(order)])
    gap = np.repeat(np.add.reduceat(gap, first, axis=1) / size, size, axis=1)
    starts = np.array([part[0] for part in np.array_split(np.arange(len(order)), BINS) if len(part)])
    return _divide(np.abs(np.add.reduceat(gap, starts, axis=1)).sum(axis=1), weights.sum(axis=1))


def r2(weights: Doubles, actual: Doubles, predicted: Doubles) -> Doubles:
    """One minus the squared error over that of the mean of the actual values."""
    middle = mean(weights, actual)
    spread = mean(weights, actual**2) - middle**2
    return 1 - _divide(mean(weights, (actual - predicted) ** 2), spread)


def rank_correlation(weights: Doubles, first: Order, second: Order) -> Doubles:
    """Spearman's: the correlation of the middle ranks."""
    size = weights.sum(axis=1)
    ranks = [order.ranks(weights) / size[:, None] - 0.5 for order in (first, second)]
    # Middle ranks have the mean 1/2, whatever the weights.
    both, one, other = (
        (weights * a * b).sum(axis=1)
        for a, b in ((ranks[0], ranks[1]), (ranks[0], ranks[0]), (ranks[1], ranks[1]))
    )
    return _divide(both, np.sqrt(one * other))


def gini(weights: Doubles, actual: Doubles, order: Order) -> Doubles:
    """Gini of the actual amounts by falling score: 0 when the score says nothing."""
    amount, size = order.sums(weights * actual)[:, ::-1], order.sums(weights)[:, ::-1]
    reached = np.cumsum(amount, axis=1) - amount / 2
    area = _divide((size * reached).sum(axis=1), size.sum(axis=1) * amount.sum(axis=1))
    return 2 * area - 1


def _divide(above: Any, below: Any, otherwise: float = np.nan) -> Doubles:
    """The quotient, and `otherwise` where the divisor is not positive."""
    found: Doubles = np.full(np.broadcast(above, below).shape, otherwise)
    np.divide(above, below, out=found, where=np.asarray(below) > 1e-12)
    return found
