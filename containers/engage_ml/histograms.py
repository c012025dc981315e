"""The bins that drift is measured on: made at training from what the model learnt from, counted at its
cut-offs, and by the inference shards.

Numbers fall into at most 20 bins of about equal size, words into one bin each (the 30 most frequent); the
last bin holds missing values, the one before it of words all others. NumPy only.

Features are compared among customers with an active week in the lookback. Customers who left stay in the
base for ever, so among all customers the share of silent ones grows in a world in which nothing changes;
that share is what the prediction of churn is watched for, which is compared among all.

Features over the whole known history are not judged: as the history gets longer, rates gather around their
mean and fewer have the few values of a short time, with nobody behaving otherwise. What customers do is
judged by the features whose windows keep their length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import DIGITS
from .blocks import FeatureBlock
from .contract import ContractError
from .data_contract import DataContract
from .dictionary import ALL, Feature, dictionary
from .drift import REFERENCE_VERSION

Counts = NDArray[np.int64]
BINS = 20
WORDS = 30
NARROWEST = 0.02
BY_NATURE = ("tenure",)
"""Groups of features that move by their nature: time passes. They are measured and not judged."""
PREDICTIONS = ("churn_probability", "expected_engagement", "expected_value")
COUNTS_VERSION = 1
"""Of `monitor/shard-<n>.json`."""


def make_reference(
    contract: DataContract,
    features: Sequence[str],
    learnt: Sequence[date],
    past: Mapping[date, FeatureBlock],
    predicted: Mapping[date, Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """`reference.json`: for every feature, and for the predictions, the bins and their counts at the test
    (`counts`) and at the cut-offs before it (`past`, each so many `weeks` before the test); for the features
    also those of all training rows (`learnt`), which make the bins.

    Args:
        features: those that the model reads.
        learnt: the cut-offs that the model learnt from.
        past: the rows by cut-off, those of `learnt` among them; the last one is the test.
        predicted: by cut-off, arrays by name (`PREDICTIONS`): what the model says of rows that it did not
            learn from; the last one is the test.
        facts: what else the document holds (version, cut-offs).
    """
    known, tested = dictionary(contract).by_name, max(past)
    seen = {day: block.take(observed(contract, block)) for day, block in past.items()}
    described = {}
    for name in features:
        bins = _bins_of(known[name], [seen[day] for day in learnt])
        counts = {day: count(bins, block, name) for day, block in seen.items()}
        pooled = np.sum([counts[day] for day in learnt], axis=0)
        described[name] = {**bins, "learnt": pooled.tolist(), **_by_age(counts)}
    # As they are published: the shards count what they write.
    said = {
        name: {day: np.round(at[name], DIGITS[name]) for day, at in predicted.items()} for name in PREDICTIONS
    }
    return {
        "schema_version": REFERENCE_VERSION,
        **facts,
        "rows": {"features": len(seen[tested]), "predictions": len(said[PREDICTIONS[0]][tested])},
        "features": described,
        "predictions": {name: _prediction(by_day) for name, by_day in said.items()},
    }


def _by_age(counts: Mapping[date, Counts]) -> dict[str, Any]:
    """`counts` of the newest day and `past`: those of the others, so many weeks before it."""
    newest = max(counts)
    past = [
        {"weeks": (newest - day).days // 7, "counts": counts[day].tolist()}
        for day in sorted(counts)
        if day != newest
    ]
    return {"counts": counts[newest].tolist(), "past": past}


def _prediction(by_day: Mapping[date, NDArray[Any]]) -> dict[str, Any]:
    bins = _numbers(by_day[max(by_day)], judged=True)
    return {**bins, **_by_age({day: count_numbers(bins, values) for day, values in by_day.items()})}


def observed(contract: DataContract, block: FeatureBlock) -> NDArray[np.bool_]:
    """The rows of customers with an active week in the lookback."""
    found: NDArray[np.bool_] = block.column(f"active_weeks_{contract.lookback_weeks}") > 0
    return found


def _bins_of(feature: Feature, parts: Sequence[FeatureBlock]) -> dict[str, Any]:
    judged = feature.group not in BY_NATURE and feature.window != ALL
    if not feature.categorical:
        values = np.concatenate([p.column(feature.name) for p in parts]) if parts else np.zeros(0)
        return _numbers(values, judged=judged)
    totals: dict[str, int] = {}
    for part in parts:
        codes = part.column(feature.name)
        seen = np.bincount(
            codes[~np.isnan(codes)].astype(np.int64), minlength=len(part.vocabulary[feature.name])
        )
        for word, times in zip(part.vocabulary[feature.name], seen.tolist(), strict=True):
            totals[word] = totals.get(word, 0) + times
    words = sorted(sorted(totals, key=lambda w: (-totals[w], w))[:WORDS])
    return {"kind": "words", "judged": judged, "words": words}


def _numbers(values: NDArray[Any], *, judged: bool) -> dict[str, Any]:
    known = values[~np.isnan(values)].astype(np.float64)
    return {"kind": "number", "judged": judged, "edges": edges_of(known)}


def edges_of(values: NDArray[np.float64]) -> list[float]:
    """The inner edges of the bins: quantiles, without those that lie closer to the one before than a fiftieth
    of the spread (from the 5th to the 95th percentile).

    Predictions of silent customers crowd within a thousandth of each other; bins as narrow as that would call
    it drift when a year of silence becomes a year and a week. An edge lies halfway to the next value that
    occurs, so that many equal values cannot change their bin by a rounding.
    """
    if not len(values):
        return []
    distinct = np.unique(values)
    quantiles = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    after = np.searchsorted(distinct, quantiles, side="right")
    quantiles, after = quantiles[after < len(distinct)], after[after < len(distinct)]
    least = NARROWEST * float(np.quantile(values, 0.95) - np.quantile(values, 0.05))
    edges: list[float] = []
    for edge in ((quantiles + distinct[after]) / 2).tolist():
        if not edges or edge - edges[-1] >= least:
            edges.append(edge)
    return edges


def count(described: Mapping[str, Any], block: FeatureBlock, name: str) -> Counts:
    """Rows of a block by the bins of a feature."""
    if described["kind"] == "words":
        return count_words(described, block, name)
    return count_numbers(described, block.column(name))


def count_numbers(described: Mapping[str, Any], values: NDArray[Any]) -> Counts:
    """Rows by bin; an edge belongs to the bin below it; the last bin holds missing values."""
    edges = np.asarray(described["edges"], dtype=np.float64)
    places = np.searchsorted(edges, values.astype(np.float64), side="left")
    places[np.isnan(values)] = len(edges) + 1
    return np.bincount(places, minlength=len(edges) + 2).astype(np.int64)


def count_words(described: Mapping[str, Any], block: FeatureBlock, name: str) -> Counts:
    """Rows by word, then those with another word, then the missing ones."""
    words = described["words"]
    places = {word: at for at, word in enumerate(words)}
    table = np.array([places.get(w, len(words)) for w in block.vocabulary[name]] + [len(words) + 1])
    codes = block.column(name)
    index = np.where(np.isnan(codes), len(table) - 1, codes).astype(np.int64)
    return np.bincount(table[index], minlength=len(words) + 2).astype(np.int64)


class ShardCounts:
    """Counts rows of a shard on a reference's bins, batch by batch; memory does not grow with the shard."""

    def __init__(self, reference: Mapping[str, Any]) -> None:
        if reference.get("schema_version") != REFERENCE_VERSION:
            raise ContractError(
                f"The reference of {reference.get('model_version')} has schema version "
                f"{reference.get('schema_version')}, not {REFERENCE_VERSION}."
            )
        self._reference = reference
        self._rows = 0
        self._sums: dict[str, dict[str, Counts]] = {
            kind: {name: np.zeros(len(d["counts"]), np.int64) for name, d in reference[kind].items()}
            for kind in ("features", "predictions")
        }

    def add(self, contract: DataContract, block: FeatureBlock, predicted: Mapping[str, Any]) -> None:
        """Adds a batch; `predicted` holds its predictions by name.

        Raises:
            ContractError: when the block lacks a feature of the reference.
        """
        self._rows += len(block)
        seen = block.take(observed(contract, block))
        for name, described in self._reference["features"].items():
            if name not in seen.names:
                raise ContractError(f"The features lack {name!r}, which the reference has.")
            self._sums["features"][name] += count(described, seen, name)
        for name, described in self._reference["predictions"].items():
            self._sums["predictions"][name] += count_numbers(described, np.asarray(predicted[name], float))

    def to_dict(self, **facts: Any) -> dict[str, Any]:
        """The document `monitor/shard-<n>.json`."""
        return {
            "schema_version": COUNTS_VERSION,
            **facts,
            "rows": self._rows,
            **{kind: {n: c.tolist() for n, c in sums.items()} for kind, sums in self._sums.items()},
        }
