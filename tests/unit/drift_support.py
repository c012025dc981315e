"""A small world for the tests of the monitor: customers, predictions, and a reference made from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from engage_ml import histograms
from engage_ml.blocks import FeatureBlock
from engage_ml.data_contract import DEFAULT

FEATURES = (
    "sessions_12w", "minutes_per_session", "plan", "tenure_weeks", "active_weeks_12", "sessions_per_week_all",
)  # fmt: skip


def block(rows: int = 4000, seed: int = 1, factor: float = 1.0, dormant: float = 0.3) -> FeatureBlock:
    """Customers of whom a share is dormant; `factor` changes how much the others do."""
    rng = np.random.default_rng(seed)
    active = rng.random(rows) >= dormant
    weeks = np.where(active, rng.integers(1, 13, rows), 0)
    sessions = np.where(active, rng.gamma(2, 10 * factor, rows).round(), 0)
    minutes = np.where(active & (rng.random(rows) > 0.1), rng.normal(10, 2, rows), np.nan)
    tenure = rng.integers(1, 100, rows)
    rate = sessions / tenure
    values = np.stack([sessions, minutes, rng.integers(0, 3, rows), tenure, weeks, rate], axis=1)
    return FeatureBlock(
        np.arange(rows).astype(str), FEATURES, values.astype(np.float32), {"plan": ["a", "b", "c"]}
    )


def predictions(rows: int = 4000, seed: int = 1, shift: float = 0.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    churn = np.clip(rng.beta(2, 3, rows) + shift, 0, 1)
    return dict(zip(histograms.PREDICTIONS, (churn, 1 - churn, rng.gamma(2, 10, rows)), strict=True))


TESTED = date(2026, 10, 26)
AS_OF = "2026-11-23"
"""Four weeks after the test."""
AGO = (16, 12, 8, 4, 0)
"""The cut-offs of a reference in weeks before the test; it learns from the first three."""


def reference(
    factors: Sequence[float] = (1.0,) * 5, shifts: Sequence[float] = (0.0, 0.0), **options: Any
) -> dict[str, Any]:
    """A reference in a world in which customers did `factors` times as much at each cut-off, and whose
    predictions were shifted by `shifts` at the last two.
    """
    seed = options.pop("seed", 1)
    past = {
        TESTED - timedelta(weeks=ago): block(seed=seed + 100 * ago, factor=factor, **options)
        for ago, factor in zip(AGO, factors, strict=True)
    }
    said = {
        TESTED - timedelta(weeks=ago): predictions(seed=seed + 100 * ago, shift=shift)
        for ago, shift in zip(AGO[-2:], shifts, strict=True)
    }
    learnt = sorted(past)[:3]
    facts = {"cutoffs": {"features": [], "test": TESTED.isoformat()}}
    return histograms.make_reference(DEFAULT, FEATURES, learnt, past, said, facts)
