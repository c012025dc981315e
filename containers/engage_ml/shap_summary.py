"""What moves the churn model, feature by feature: a summary of exact SHAP values on a sample of test rows.

A beeswarm plot shows a dot for each row; this is the same in numbers of a fixed size, and without single
customers: for each feature how many rows lie in each bin of the contribution, and how high the feature's
values are in that bin. Contributions are exact TreeSHAP (Lundberg et al. 2018, XGBoost's `pred_contribs`) and
add up, with the base, to the log-odds of the churn model before calibration. NumPy and XGBoost only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .explain import contributions
from .score import CHURN, Model

Doubles = NDArray[np.float64]
SAMPLE = 2000
TOP = 12
BINS = 40
GROUPS = 4
"""Numbers are shown in so many groups of about equal size, from low to high."""
SMALLEST_GROUP = 20
"""A group of fewer sampled rows is left out: its quantiles would be single customers."""
EDGE = 0.002
"""The share of contributions beyond each end of the axis, which are counted in its last bin."""


def shap_summary(
    model: Model, block: FeatureBlock, *, cutoff: str, seed: int = 7, threads: int = 1
) -> dict[str, Any]:
    """The summary of the features with the largest mean absolute contribution, largest first.

    Args:
        block: rows of the test cut-off; at most 2,000 are drawn with `seed`.
        cutoff: the date of the rows, for the reader.

    Returns:
        `rows`, `cutoff`, `base` (mean log-odds that contributions are added to), `edges` of the bins, and
        `features`: name, `mean_abs`, `counts` by bin, `height` by bin (mean rank of the feature's value, 0
        lowest to 1 highest; None for an empty bin and for categories) and `groups` (see `_groups`).
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(block))[:SAMPLE])
    sample = block.take(rows)
    data = model.data(model.matrix(sample), threads)
    found = contributions(model, data, exact=True).astype(np.float64)
    margin = model.boosters[CHURN].predict(data, output_margin=True)
    strength = np.abs(found).mean(axis=0)
    top = [int(at) for at in np.argsort(-strength, kind="stable")[:TOP] if strength[at] > 0]
    edges = _edges(found[:, top])
    return {
        "cutoff": cutoff,
        "rows": len(rows),
        "base": _number((margin - found.sum(axis=1)).mean()),
        "edges": [_number(e) for e in edges],
        "features": [
            {
                "feature": model.features[at],
                "mean_abs": _number(strength[at]),
                **_swarm(sample, model.features[at], found[:, at], edges),
                "groups": list(_groups(sample, model.features[at], found[:, at])),
            }
            for at in top
        ],
    }


def _edges(found: Doubles) -> Doubles:
    """Ends of the common bins, so wide that few contributions lie outside."""
    if not found.size:
        return np.linspace(-1.0, 1.0, BINS + 1)
    low, high = np.quantile(found, [EDGE, 1 - EDGE])
    low, high = min(low, -0.01), max(high, 0.01)
    return np.linspace(low, high, BINS + 1)


def _swarm(block: FeatureBlock, name: str, contribution: Doubles, edges: Doubles) -> dict[str, Any]:
    """Rows by bin of the contribution, and the mean rank of the feature's value in each bin."""
    last = len(edges) - 2
    place = np.clip(np.searchsorted(edges, contribution, side="right") - 1, 0, last)
    counts = np.bincount(place, minlength=last + 1)
    height: list[float | None] = [None] * (last + 1)
    if name not in block.vocabulary:
        rank = _ranks(block.column(name).astype(np.float64))
        known = ~np.isnan(rank)
        total = np.bincount(place[known], weights=rank[known], minlength=last + 1)
        number = np.bincount(place[known], minlength=last + 1)
        height = [_number(t / n) if n else None for t, n in zip(total, number, strict=True)]
    return {"counts": counts.tolist(), "height": height}


def _ranks(values: Doubles) -> Doubles:
    """Ranks from 0 (lowest) to 1 (highest); equal values share their mean rank; NaN stays NaN."""
    ranks = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return ranks
    _, group, sizes = np.unique(values[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(sizes) - (sizes + 1) / 2
    ranks[known] = middle[group] / max(1, len(known) - 1)
    return ranks


def _groups(block: FeatureBlock, name: str, contribution: Doubles) -> Iterator[dict[str, Any]]:
    """The contributions by group of the feature's value: `from` and `to` of a number, or the `word` of a
    category; rows, mean, and the 10 % and 90 % quantiles.
    """
    for described, rows in _parts(block, name):
        chosen = contribution[rows]
        if len(chosen) >= SMALLEST_GROUP:
            low, high = np.quantile(chosen, [0.1, 0.9])
            yield {
                **described,
                "rows": len(chosen),
                "mean": _number(chosen.mean()),
                "low": _number(low),
                "high": _number(high),
            }


def _parts(block: FeatureBlock, name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    if name in block.vocabulary:
        words = np.array(block.labels(name))
        seen, counts = np.unique(words, return_counts=True)
        for word in seen[np.argsort(-counts, kind="stable")]:
            yield {"word": str(word)}, np.flatnonzero(words == word)
        return
    values = block.column(name).astype(np.float64)
    for low, high in _bounds(values[~np.isnan(values)]):
        rows = np.flatnonzero((values >= low) & (values <= high))
        yield {"from": _number(low), "to": _number(high)}, rows
    yield {"word": "missing"}, np.flatnonzero(np.isnan(values))


def _bounds(values: Doubles) -> Sequence[tuple[float, float]]:
    """First and last value of groups of about equal size; equal values stay together."""
    if not len(values):
        return []
    ordered, counts = np.unique(values, return_counts=True)
    group = np.minimum((np.cumsum(counts) - counts / 2) * GROUPS // len(values), GROUPS - 1)
    parts = (ordered[group == at] for at in range(GROUPS))
    return [(float(part[0]), float(part[-1])) for part in parts if len(part)]


def _number(value: Any) -> float:
    return round(float(value), 5)
