"""Measures of predictions of one target on its test rows, for all customers and for the recently active ones,
and their comparison: everything that is judged is judged here, on the same rows and bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import ceiling, metrics
from .blocks import FeatureBlock
from .bootstrap import Measured, Resample, compare
from .contract import Target
from .data_contract import DataContract
from .history import recently_active
from .score import Predictions

Doubles = NDArray[np.float64]
POPULATIONS = ("all", "recent")
"""All customers, and those active in the last four weeks, where it is hard."""


@dataclass(frozen=True)
class Forecast:
    """What a model or baseline says of one target: a number per row, and a median where it has one."""

    expected: Doubles
    median: Doubles | None = None

    def take(self, rows: Any) -> Forecast:
        """The chosen rows."""
        return Forecast(self.expected[rows], None if self.median is None else self.median[rows])


def forecast(target: str, found: Predictions) -> Forecast:
    """A model's predictions of one target."""
    if target == "churn":
        return Forecast(found.churn_probability)
    expected, median = {
        "engagement": (found.expected_engagement, found.engagement_median),
        "value": (found.expected_value, found.value_median),
    }[target]
    return Forecast(expected, None if np.isnan(median).any() else median)


class TestSet:
    """The rows of one target and population, and the bootstrap samples that all predictions share."""

    __test__ = False  # for pytest: this is no test

    def __init__(
        self, contract: DataContract, target: Target, label: Doubles, rows: NDArray[np.int64], seed: int
    ) -> None:
        self.rows = rows
        self._target, self._label = target.name, label[rows]
        # A day of activity; a unit of the currency.
        days = contract.days_per_week * target.horizon_weeks
        self._step = 1 / days if target.name == "engagement" else 1.0
        self.resample = Resample.draw(len(rows), seed)

    def measure(self, found: Forecast) -> Measured | None:
        """The measures of a forecast (for the whole block); None with fewer than two rows."""
        if len(self.rows) < 2:
            return None
        ours = found.take(self.rows)
        return metrics.measure(
            self._target, self._label, ours.expected, self.resample, ours.median, self._step
        )

    def describe(self, found: Forecast, measured: Measured | None) -> dict[str, Any]:
        """The measures as JSON."""
        if measured is None:
            return {"rows": len(self.rows), "ci": {}}
        ours = found.take(self.rows)
        return metrics.described(self._target, self._label, ours.expected, measured, self.resample)


class Judge:
    """Measures forecasts of one target on both populations, and compares them with the first one."""

    def __init__(
        self, contract: DataContract, target: Target, block: FeatureBlock, label: Doubles, seed: int
    ) -> None:
        everybody = np.arange(len(label))
        chosen = (everybody, np.flatnonzero(recently_active(contract, block)))
        self._sets = {
            name: TestSet(contract, target, label, rows, seed)
            for name, rows in zip(POPULATIONS, chosen, strict=True)
        }

    def measure(self, found: Forecast) -> dict[str, Measured | None]:
        """The measures by population."""
        return {name: test.measure(found) for name, test in self._sets.items()}

    def describe(self, found: Forecast, measured: Mapping[str, Measured | None]) -> dict[str, Any]:
        """The measures by population as JSON."""
        return {name: test.describe(found, measured[name]) for name, test in self._sets.items()}

    def compare(
        self, ours: Mapping[str, Measured | None], theirs: Mapping[str, Measured | None]
    ) -> dict[str, Any]:
        """Ours minus theirs by population and measure."""
        found: dict[str, Any] = {}
        for name, test in self._sets.items():
            one, other = ours[name], theirs[name]
            found[name] = compare(test.resample, one, other) if one and other else {}
        return found

    def ratios(
        self, target: str, ours: Mapping[str, Measured | None], top: Mapping[str, Measured | None]
    ) -> dict[str, Any]:
        """Ours as a share of the ceiling by population and measure."""
        found: dict[str, Any] = {}
        for name, test in self._sets.items():
            one, other = ours[name], top[name]
            found[name] = ceiling.ratios(target, one, other, test.resample) if one and other else {}
        return found
