"""80 % intervals and medians of engagement and value, read off the model's own prediction.

Most outcomes are exactly zero, so an interval has one of three forms. Where nothing happens with a
probability of 80 % or more it is [0, 0], and holds more than 80 %: no honest interval is narrower. Where
zero is likelier than the lower tail it begins at 0, which leaves the whole tail above it. Else both tails
are equal.

Bounds are curves over the prediction, one set for recently active customers and one for the others. They are
fitted on the validation cut-off, which no tree has seen (conformal prediction by bins of the prediction; Vovk
et al. 2003, "Mondrian confidence machine"). In a bin, outcomes are taken in proportion to the prediction, and
bounds go on in proportion outside of the bins: those who spend most differ more among themselves than all
others, and one amount for all of them is wrong for each. `fit_intervals` needs scikit-learn, using them needs
NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEVEL = 0.8
"""Share of outcomes that an interval is to hold."""
BIN_ROWS = 200
"""Rows of a bin of the prediction, about; a tenth of them lie in each tail."""
MAX_BINS = 100
REACH = 10.0
"""Curves go on to this multiple of the greatest prediction of the validation rows."""
_TINY = 1e-12
GROUPS = ("quiet", "recent")


@dataclass(frozen=True)
class Curves:
    """Bounds and median as piecewise-linear curves over the prediction `x`."""

    x: Doubles
    low: Doubles
    median: Doubles
    high: Doubles

    def to_dict(self) -> dict[str, list[float]]:
        return {name: [round(float(v), 6) for v in values] for name, values in vars(self).items()}

    @classmethod
    def from_dict(cls, found: Mapping[str, Sequence[float]]) -> Curves:
        """What `to_dict` made."""
        return cls(*(np.array(found[name], dtype=np.float64) for name in ("x", "low", "median", "high")))


@dataclass(frozen=True)
class Intervals:
    """The curves of one target by group of customers."""

    groups: Mapping[str, Curves]

    def read(self, prediction: Doubles, recent: Flags) -> tuple[Doubles, Doubles, Doubles]:
        """Low, median and high for each prediction."""
        found = np.zeros((3, len(prediction)))
        for group, chosen in zip(GROUPS, (~recent, recent), strict=True):
            curves, x = self.groups[group], prediction[chosen]
            for at, y in enumerate((curves.low, curves.median, curves.high)):
                found[at, chosen] = np.interp(x, curves.x, y)
        return found[0], found[1], found[2]

    def to_dict(self) -> dict[str, Any]:
        return {group: self.groups[group].to_dict() for group in GROUPS}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Intervals:
        """What `to_dict` made."""
        return cls({group: Curves.from_dict(found[group]) for group in GROUPS})


def fit_intervals(prediction: Doubles, actual: Doubles, recent: Flags) -> Intervals:
    """Curves from validation rows, predictions and outcomes of at least 0. A group of fewer than 200 rows
    takes the curves of all. They go on above all predictions seen: who knows a greatest outcome cuts there.
    """
    groups = {}
    for group, chosen in zip(GROUPS, (~recent, recent), strict=True):
        rows = chosen if chosen.sum() >= BIN_ROWS else np.ones(len(recent), dtype=bool)
        groups[group] = _fit_group(prediction[rows], actual[rows])
    return Intervals(groups)


def _fit_group(prediction: Doubles, actual: Doubles) -> Curves:
    """The curves whose open intervals (high above 0) hold as near to 80 % of these rows as can be.

    Outcomes are counts of days or cents, and both ends belong to an interval, so that nominal tails of 10 %
    would hold more than 80 %: the tails are widened until the share is right.
    """
    order = np.argsort(prediction, kind="stable")
    bins = int(np.clip(len(order) // BIN_ROWS, 1, MAX_BINS))
    parts = [part for part in np.array_split(order, bins) if len(part)]
    x = np.array([prediction[part].mean() for part in parts])
    # What each outcome would be had the prediction been that of the middle of the bin.
    outcomes = [
        np.sort(actual[part] * (middle / np.maximum(prediction[part], _TINY)))
        for part, middle in zip(parts, x, strict=True)
    ]
    far = REACH * float(prediction.max())
    narrow, wide = 1 - LEVEL, min(0.99, 2.5 * (1 - LEVEL))
    for _ in range(12):
        outside = (narrow + wide) / 2
        curves = _extended(_curves(x, outcomes, outside), far)
        low, high = np.interp(prediction, curves.x, curves.low), np.interp(prediction, curves.x, curves.high)
        is_open = high > 0
        held = ((actual >= low) & (actual <= high))[is_open]
        if len(held) and held.mean() > LEVEL:
            narrow = outside
        else:
            wide = outside
    return _extended(_curves(x, outcomes, narrow), far)


def _extended(curves: Curves, far: float) -> Curves:
    """The curves from 0 to `far`, in proportion to the prediction outside of the bins."""
    onward = far / max(float(curves.x[-1]), _TINY)

    def whole(values: Doubles) -> Doubles:
        return np.concatenate([[0.0], values, values[-1:] * onward])

    x = np.concatenate([[0.0], curves.x, [far]])
    return Curves(x, whole(curves.low), whole(curves.median), whole(curves.high))


def _curves(x: Doubles, outcomes: Sequence[Doubles], outside: float) -> Curves:
    """Curves of intervals that leave a share `outside` of the outcomes of each bin (sorted) out."""
    low, median, high = (np.empty(len(x)) for _ in range(3))
    for at, sample in enumerate(outcomes):
        tails = [outside / 2, 0.5, 1 - outside, 1 - outside / 2]
        below, median[at], upper, above = np.quantile(sample, tails)
        # Zeros are left out all at once or not at all, which must not depend on `outside`.
        two_sided = (sample <= 0).mean() < (1 - LEVEL) / 2
        low[at] = below if two_sided else 0.0
        # A lower bound of zero leaves nothing below it: all of the tail is above.
        high[at] = above if two_sided else upper
    rising = [_rising(x, values) for values in (low, median, high)]
    return Curves(x, rising[0], rising[1], np.maximum(rising[2], rising[1]))


def _rising(x: Doubles, values: Doubles) -> Doubles:
    """The nearest curve that never falls: a higher prediction has no lower bound."""
    from sklearn.isotonic import IsotonicRegression

    found: Doubles = IsotonicRegression().fit(x, values).predict(x)
    return found
