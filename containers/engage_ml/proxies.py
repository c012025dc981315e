"""Do the features stand for a protected attribute? How well a small model guesses it from them.

A model that never sees an attribute can still follow it, through features that go with it. The guess is
scored out of fold: what the small model has learnt by heart does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .blocks import Floats
from .boosting import load_xgboost
from .fairness import MIN_GROUP, UNKNOWN
from .hindsight import auc_error

SAMPLE = 6000
MIN_SAMPLED = 20
"""Fewest sampled rows of a group that is guessed."""
FOLDS = 3
ROUNDS = 20
TOP = 5
WEAK, STRONG = 0.55, 0.65
"""An AUC of 0.5 is guessing. Verdicts go by its lower end: an AUC that may be chance is no proxy."""


def proxies(
    matrix: Floats,
    features: Sequence[str],
    types: Sequence[str],
    words: Sequence[str],
    *,
    seed: int = 7,
    threads: int = 1,
) -> dict[str, Any]:
    """How well the features predict the group of a row: `auc` with its interval, `accuracy` beside the
    `base_rate` of always naming the largest group, the `verdict` (none, weak, strong) and the `features` that
    do it (their share of the gain; empty when there is no proxy).

    Args:
        matrix: float32 `[rows, features]` as the model sees it.
        types: XGBoost's letters for the columns.
        words: each row's group. Rows of groups under 100 rows, under 20 in the
            sample, or unknown, are left out.
    """
    labels = np.asarray(words, dtype=str)
    names, counts = np.unique(labels, return_counts=True)
    large = [n for n, c in zip(names, counts, strict=True) if c >= MIN_GROUP and n != UNKNOWN]
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(np.flatnonzero(np.isin(labels, large)))[:SAMPLE])
    # A rare group of many rows may have next to none in the sample, where nothing can be said of it.
    names, counts = np.unique(labels[rows], return_counts=True)
    kept = [n for n, c in zip(names, counts, strict=True) if c >= MIN_SAMPLED]
    if len(kept) < 2:
        return {"verdict": "unknown", "rows": 0, "features": []}
    rows = rows[np.isin(labels[rows], kept)]
    target = np.searchsorted(np.array(kept), labels[rows])
    chances, gains = _out_of_fold(matrix[rows], types, target, len(kept), seed, threads)
    auc, error = _mean_auc(target, chances)
    low = auc - 1.96 * error
    verdict = "strong" if low >= STRONG else "weak" if low >= WEAK else "none"
    total = sum(gains.values()) or 1.0
    ranked = sorted(gains.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return {
        "verdict": verdict,
        "rows": len(rows),
        "auc": {"value": round(auc, 4), "low": round(low, 4), "high": round(auc + 1.96 * error, 4)},
        "accuracy": round(float((chances.argmax(axis=1) == target).mean()), 4),
        "base_rate": round(float(np.bincount(target).max() / len(target)), 4),
        "features": []
        if verdict == "none"
        else [{"feature": features[at], "share": round(gain / total, 4)} for at, gain in ranked],
    }


def _out_of_fold(
    matrix: Floats, types: Sequence[str], target: Any, classes: int, seed: int, threads: int
) -> tuple[Any, dict[int, float]]:
    """Chances `[rows, classes]`, each row's from a model that did not see it, and the gain of each column."""
    xgboost = load_xgboost()

    fold = np.random.default_rng(seed).integers(0, FOLDS, len(target))
    chances = np.zeros((len(target), classes))
    gains: dict[int, float] = {}
    params = {
        "objective": "multi:softprob", "num_class": classes, "tree_method": "hist", "max_bin": 32,
        "max_depth": 3, "eta": 0.3, "min_child_weight": 10, "seed": seed, "nthread": threads,
    }  # fmt: skip
    options: dict[str, Any] = {
        "feature_types": list(types), "enable_categorical": True, "nthread": threads
    }  # fmt: skip
    for number in range(FOLDS):
        away = fold == number
        seen = xgboost.DMatrix(matrix[~away], label=target[~away], **options)
        booster = xgboost.train(params, seen, num_boost_round=ROUNDS)
        chances[away] = booster.predict(xgboost.DMatrix(matrix[away], **options))
        for key, gain in booster.get_score(importance_type="total_gain").items():
            gains[int(key[1:])] = gains.get(int(key[1:]), 0.0) + float(gain)
    return chances, gains


def _mean_auc(target: Any, chances: Any) -> tuple[float, float]:
    """One-against-the-rest AUC, mean over the groups by their sizes, and its standard error (Hanley and
    McNeil 1982; the groups' errors are taken as if they went together, which makes it no smaller).
    """
    from sklearn.metrics import roc_auc_score

    auc = error = 0.0
    for at in range(chances.shape[1]):
        hit = target == at
        found = float(roc_auc_score(hit, chances[:, at]))
        share = float(hit.mean())
        auc += share * found
        error += share * auc_error(found, int(hit.sum()), int((~hit).sum()))
    return auc, error
