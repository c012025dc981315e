"""What kind of change it is that moved the features, so that a person knows where to look first. Standard
library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

MISSING, WORDS, AUDIENCE, BEHAVIOUR = "missing", "words", "audience", "behaviour"
AGE = "tenure_weeks"
"""The feature that tells new customers from old ones; every contract has it."""


def kind_of(
    reference: Mapping[str, Any], counts: Mapping[str, Sequence[int]], first: Mapping[str, Any]
) -> str:
    """The kind of a change whose most moved feature is `first` (a row of `drift.compare`).

    `missing` or `words`: at least half of that feature's PSI comes from values that are missing, or from
    words that the model does not know. `audience`: the tenure moved more than any other feature, and towards
    newer customers (measured in `docs/models.md`). `behaviour`: anything else.
    """
    name = first["name"]
    added = psi_of_bins(reference[name]["counts"], counts[name])
    if added[-1] >= sum(added) / 2:
        return MISSING
    if reference[name]["kind"] == "words" and added[-2] >= sum(added) / 2:
        return WORDS
    if AGE in counts:
        before, now = reference[AGE]["counts"], counts[AGE]
        if sum(psi_of_bins(before, now)) >= first["psi"] and _mean_bin(now) < _mean_bin(before):
            return AUDIENCE
    return BEHAVIOUR


def psi_of_bins(before: Sequence[float], now: Sequence[float]) -> list[float]:
    """What each bin adds to the population stability index, (p - q) ln(p / q); half a row is added to every
    bin, so that an empty one is finite.
    """
    n, m = sum(before) + len(before) / 2, sum(now) + len(now) / 2
    pairs = [((b + 0.5) / n, (a + 0.5) / m) for b, a in zip(before, now, strict=True)]
    return [(q - p) * math.log(q / p) for p, q in pairs]


def _mean_bin(counts: Sequence[int]) -> float:
    return sum(at * count for at, count in enumerate(counts)) / (sum(counts) or 1)
