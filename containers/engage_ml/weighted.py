"""Measures under weights: one formula gives the score of a test set and of each of its bootstrap samples.

`weights` is `[samples, rows]`; each function returns one value for each sample (NaN where the measure does
not exist, as ROC AUC with one outcome only). With all weights 1 they are the textbook measures. Rows with
the same prediction are never ordered among themselves, so that the order of rows cannot matter.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
BINS = 10
"""Bins of equal size of the calibration error."""


class Ranked:
    """Rows by rising score under weights. What several measures need of them is worked out once."""

    def __init__(self, score: Doubles, weights: Doubles) -> None:
        self.weights = weights
        """As given: in the original order of the rows."""
        self.rows = np.argsort(score, kind="stable")
        ranked = score[self.rows]
        new = np.concatenate([[True], ranked[1:] != ranked[:-1]])
        self._starts = np.flatnonzero(new)
        self._group = np.empty(len(score), dtype=np.int64)
        self._group[self.rows] = np.cumsum(new) - 1

    @cached_property
    def ordered(self) -> Doubles:
        """The weights in the order of the score."""
        found: Doubles = self.weights[:, self.rows]
        return found

    @cached_property
    def size(self) -> Doubles:
        """The weight of each group of equal scores, `[samples, groups]`."""
        found: Doubles = np.add.reduceat(self.ordered, self._starts, axis=1)
        return found

    def sums(self, values: Doubles) -> Doubles:
        """Weighted sums of `values` `[rows]` in each group of equal scores, `[samples, groups]`."""
        found: Doubles = np.add.reduceat(self.ordered * values[self.rows], self._starts, axis=1)
        return found

    @cached_property
    def ranks(self) -> Doubles:
        """Middle ranks `[samples, rows]` from -1/2 to 1/2: the share of the weight below, and half of that at
        the same score. Their weighted mean is 0, whatever the weights.
        """
        middle = np.cumsum(self.size, axis=1) - self.size / 2
        found: Doubles = (middle / self.weights.sum(axis=1, keepdims=True) - 0.5)[:, self._group]
        return found

    @cached_property
    def spread(self) -> Doubles:
        """The weighted sum of the squared ranks, `[samples]`."""
        found: Doubles = (self.weights * self.ranks * self.ranks).sum(axis=1)
        return found


def mean(weights: Doubles, values: Doubles) -> Doubles:
    """Weighted mean of `values` `[rows]`."""
    return _divide(weights @ values, weights.sum(axis=1))


def roc_auc(ranked: Ranked, outcome: Doubles) -> Doubles:
    """Probability that a row with the outcome scores above one without it; ties count half."""
    hits = ranked.sums(outcome)
    misses = ranked.size - hits
    below = np.cumsum(misses, axis=1) - misses / 2
    return _divide((hits * below).sum(axis=1), hits.sum(axis=1) * misses.sum(axis=1))


def average_precision(ranked: Ranked, outcome: Doubles) -> Doubles:
    """Precision at each threshold, weighted by the recall that it adds."""
    hits = ranked.sums(outcome)[:, ::-1]
    flagged = np.cumsum(ranked.size[:, ::-1], axis=1)
    precision = _divide(np.cumsum(hits, axis=1), flagged, otherwise=0.0)
    return _divide((hits * precision).sum(axis=1), hits.sum(axis=1))


def top_decile_lift(ranked: Ranked, outcome: Doubles) -> Doubles:
    """Rate among the tenth with the highest score over the rate of all."""
    size, hits = ranked.size[:, ::-1], ranked.sums(outcome)[:, ::-1]
    tenth = ranked.weights.sum(axis=1, keepdims=True) / 10
    inside = np.clip(tenth - (np.cumsum(size, axis=1) - size), 0, size)
    found = (hits * _divide(inside, size, otherwise=0.0)).sum(axis=1)
    return _divide(found / tenth[:, 0], mean(ranked.weights, outcome))


def calibration_error(ranked: Ranked, outcome: Doubles, probability: Doubles) -> Doubles:
    """Expected calibration error: the mean gap between prediction and outcome over bins of equal size, for
    rows that are ranked by the probability.
    """
    order = ranked.rows
    gap = ranked.ordered * (probability - outcome)[order]
    # Rows with the same prediction share their gap: which of them lies in which bin must not matter.
    first = np.flatnonzero(np.r_[True, np.diff(probability[order]) != 0])
    if len(first) < len(order):
        size = np.diff(np.r_[first, len(order)])
        gap = np.repeat(np.add.reduceat(gap, first, axis=1) / size, size, axis=1)
    starts = np.array([part[0] for part in np.array_split(np.arange(len(order)), BINS) if len(part)])
    found = np.abs(np.add.reduceat(gap, starts, axis=1)).sum(axis=1)
    return _divide(found, ranked.weights.sum(axis=1))


def r2(weights: Doubles, actual: Doubles, predicted: Doubles) -> Doubles:
    """One minus the squared error over that of the mean of the actual values."""
    middle = mean(weights, actual)
    spread = mean(weights, actual**2) - middle**2
    return 1 - _divide(mean(weights, (actual - predicted) ** 2), spread)


def rank_correlation(first: Ranked, second: Ranked) -> Doubles:
    """Spearman's: the correlation of the middle ranks under the same weights."""
    both = (first.weights * first.ranks * second.ranks).sum(axis=1)
    return _divide(both, np.sqrt(first.spread * second.spread))


def gini(ranked: Ranked, actual: Doubles) -> Doubles:
    """Gini of the actual amounts by falling score: 0 when the score says nothing."""
    amount, size = ranked.sums(actual)[:, ::-1], ranked.size[:, ::-1]
    reached = np.cumsum(amount, axis=1) - amount / 2
    area = _divide((size * reached).sum(axis=1), size.sum(axis=1) * amount.sum(axis=1))
    return 2 * area - 1


def _divide(above: Any, below: Any, otherwise: float = np.nan) -> Doubles:
    """The quotient, and `otherwise` where the divisor is not positive."""
    found: Doubles = np.full(np.broadcast(above, below).shape, otherwise)
    np.divide(above, below, out=found, where=np.asarray(below) > 1e-12)
    return found
