"""80 % intervals: how many outcomes they hold, and what they look like at zero."""

from __future__ import annotations

import numpy as np
import pytest
from engage_ml.intervals import GROUPS, LEVEL, Doubles, Flags, Intervals, fit_intervals


def world(rows: int, seed: int) -> tuple[Doubles, Doubles, Flags]:
    """Expected active shares, outcomes on the grid of 28 days with many zeros, and who was active lately."""
    rng = np.random.default_rng(seed)
    recent = rng.uniform(size=rows) < 0.5
    stays = np.where(recent, 0.85, 0.03)
    rate = rng.beta(1, 3, rows)
    alive = rng.uniform(size=rows) < stays
    return stays * rate, alive * rng.binomial(28, rate) / 28, recent


def coverage(intervals: Intervals, rows: int, seed: int) -> tuple[float, float]:
    """Share of new outcomes that the open intervals hold, and the closed ones ([0, 0])."""
    expected, actual, recent = world(rows, seed)
    low, _, high = intervals.read(expected, recent)
    held = (actual >= low) & (actual <= high)
    return float(held[high > 0].mean()), float(held[high == 0].mean())


def test_open_intervals_hold_four_of_five_new_outcomes_and_closed_ones_more() -> None:
    intervals = fit_intervals(*world(40_000, 1))
    is_open, closed = coverage(intervals, 40_000, 2)
    assert is_open == pytest.approx(LEVEL, abs=0.015)
    assert closed > LEVEL


def test_a_customer_who_will_most_likely_do_nothing_gets_nothing_as_interval() -> None:
    intervals = fit_intervals(*world(40_000, 1))
    low, median, high = intervals.read(np.array([0.001]), np.array([False]))
    assert (low[0], median[0], high[0]) == (0, 0, 0)


def test_bounds_rise_with_the_prediction_and_surround_the_median() -> None:
    intervals = fit_intervals(*world(20_000, 1))
    for recent in (False, True):
        grid = np.linspace(0, 1, 300)
        low, median, high = intervals.read(grid, np.full(300, recent))
        assert (low <= median).all()
        assert (median <= high).all()
        for bound in (low, median, high):
            assert (np.diff(bound) >= -1e-9).all()


def test_a_group_too_small_for_curves_of_its_own_takes_those_of_all() -> None:
    expected, actual, recent = world(5000, 1)
    recent[100:] = False
    intervals = fit_intervals(expected, actual, recent)
    found = intervals.read(expected, np.ones(5000, dtype=bool))
    assert np.isfinite(found).all()
    assert intervals.groups["recent"].x.size > 1


def test_stored_intervals_read_as_they_were() -> None:
    expected, actual, recent = world(5000, 1)
    intervals = fit_intervals(expected, actual, recent)
    again = Intervals.from_dict(intervals.to_dict())
    assert np.allclose(again.read(expected, recent), intervals.read(expected, recent), atol=1e-5)


def spenders(rows: int, seed: int) -> tuple[Doubles, Doubles, Flags]:
    """Expected and actual spend of a few customers, some of whom spend a hundred times what others do."""
    rng = np.random.default_rng(seed)
    expected = rng.lognormal(4, 1.2, rows)
    return expected, expected * rng.gamma(2, 0.5, rows), np.ones(rows, dtype=bool)


def test_the_median_errs_less_than_the_mean_though_those_who_spend_most_are_few() -> None:
    intervals = fit_intervals(*spenders(800, 1))
    expected, actual, recent = spenders(20_000, 2)
    low, median, high = intervals.read(expected, recent)
    assert np.abs(actual - median).mean() < 0.98 * np.abs(actual - expected).mean()
    top = expected > np.quantile(expected, 0.95)
    held = (actual >= low) & (actual <= high)
    assert held[top].mean() == pytest.approx(LEVEL, abs=0.07)


def test_outside_of_what_validation_saw_bounds_go_on_in_proportion() -> None:
    expected, actual, recent = spenders(800, 1)
    intervals = fit_intervals(expected, actual, recent)
    for known, unseen in ((expected.max(), 3 * expected.max()), (expected.min(), expected.min() / 3)):
        found = np.array(intervals.read(np.array([known, unseen]), np.ones(2, dtype=bool)))
        assert (found > 0).all()
        assert found[:, 1] / found[:, 0] == pytest.approx(unseen / known)


def test_stored_curves_that_end_at_their_outer_bins_are_read_as_they_are() -> None:
    curves = {"x": [1.0, 2.0], "low": [0.0, 1.0], "median": [1.0, 2.0], "high": [2.0, 4.0]}
    intervals = Intervals.from_dict(dict.fromkeys(GROUPS, curves))
    low, median, high = intervals.read(np.array([0.5, 1.5, 9.0]), np.zeros(3, dtype=bool))
    assert low.tolist() == [0.0, 0.5, 1.0]
    assert median.tolist() == [1.0, 1.5, 2.0]
    assert high.tolist() == [2.0, 3.0, 4.0]
