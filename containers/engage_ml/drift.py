"""Has what the model reads, or says, moved away from what it learnt from? Standard library only.

Two distributions are compared as counts on the same bins (`histograms` makes them).

- PSI, the population stability index: sum over bins of (p - q) ln(p / q). Below 0.1 nothing, from 0.1 watch,
  from 0.25 alert: the usual thresholds (Siddiqi, Credit Risk Scorecards, 2006). With few rows chance alone
  gives more than that, so a threshold is never below what 999 of 1,000 comparisons of the same
  distribution stay under: PSI times n m / (n + m) is then about chi-square with one degree of freedom fewer
  than there are bins (Yurdakul 2018).
- KS, the largest gap between the two cumulative shares at the bins' edges: a lower bound of the exact
  Kolmogorov-Smirnov statistic, at most one bin's share below it. Shown beside the PSI; the PSI decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NONE, WATCH, ALERT, UNKNOWN = "none", "watch", "alert", "unknown"
WATCH_PSI, ALERT_PSI = 0.1, 0.25
MIN_ROWS = 100
"""Fewer customers now than this are not compared."""
_CHANCE = 3.09
"""Standard normal quantile of 0.999."""


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The population stability index of two lists of counts; half a row is added to every bin, so that an
    empty one is finite.
    """
    n, m = sum(expected) + len(expected) / 2, sum(actual) + len(actual) / 2
    total = 0.0
    for before, now in zip(expected, actual, strict=True):
        p, q = (before + 0.5) / n, (now + 0.5) / m
        total += (q - p) * math.log(q / p)
    return total


def ks(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The largest gap of the cumulative shares at the ends of the bins; 0 when a side is empty."""
    n, m = sum(expected), sum(actual)
    if not n or not m:
        return 0.0
    before = now = largest = 0.0
    for b, a in zip(expected, actual, strict=True):
        before, now = before + b / n, now + a / m
        largest = max(largest, abs(now - before))
    return largest


def chance_psi(bins: int, n: float, m: float) -> float:
    """The PSI that 999 of 1,000 comparisons of two samples of one distribution stay under.

    The chi-square quantile is Wilson and Hilferty's approximation (1931).
    """
    free = max(1, bins - 1)
    part = 2 / (9 * free)
    return float(free * (1 - part + _CHANCE * math.sqrt(part)) ** 3 * (1 / n + 1 / m))


def compare(reference: Mapping[str, Any], counts: Sequence[int]) -> dict[str, Any]:
    """One feature or prediction: `psi`, `ks` (None for words, which have no order), `missing` shares, and the
    verdict: none, watch, alert, or unknown with too few rows.

    The last bin is that of missing values. A feature that is not `judged` moves by its nature (tenure grows
    with every week): it is measured all the same and never counts.
    """
    expected = reference["counts"]
    n, m = sum(expected), sum(counts)
    found: dict[str, Any] = {"judged": bool(reference["judged"]), "psi": None, "ks": None, "verdict": UNKNOWN}
    if m < MIN_ROWS or n < MIN_ROWS:
        return found
    used = [at for at in range(len(expected)) if expected[at] or counts[at]]
    before, now = [expected[at] for at in used], [counts[at] for at in used]
    index, chance = psi(before, now), chance_psi(len(used), n, m)
    return {
        **found,
        "psi": round(index, 5),
        "ks": round(ks(expected[:-1], counts[:-1]), 5) if reference["kind"] == "number" else None,
        "missing": {"before": round(expected[-1] / n, 5), "now": round(counts[-1] / m, 5)},
        "verdict": verdict(index, chance),
    }


def verdict(index: float, chance: float) -> str:
    """The verdict of a PSI, given what chance alone may give."""
    if index >= max(ALERT_PSI, chance):
        return ALERT
    return WATCH if index >= max(WATCH_PSI, chance) else NONE


def worst(verdicts: Iterable[str]) -> str:
    """The gravest of some verdicts; unknown only when there is nothing else."""
    found = set(verdicts)
    return next((v for v in (ALERT, WATCH, NONE) if v in found), UNKNOWN)


def add_counts(parts: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[int]]]:
    """The sums of the shards' counts: `features` and `predictions`, counts by name."""
    total: dict[str, dict[str, list[int]]] = {"features": {}, "predictions": {}}
    for part in parts:
        for kind, sums in total.items():
            for name, counts in part[kind].items():
                before = sums.get(name) or [0] * len(counts)
                sums[name] = [a + b for a, b in zip(before, counts, strict=True)]
    return total


def judge(reference: Mapping[str, Any], parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What `monitor.json` says about inputs and predictions: each with `compare`, most moved first, the
    `max_psi` of what is judged, how many features `drifted` (watch or alert), and a verdict.
    """
    counts = add_counts(parts)
    found: dict[str, Any] = {}
    for kind in ("features", "predictions"):
        rows = [
            {"name": name, **compare(described, counts[kind][name])}
            for name, described in reference[kind].items()
            if name in counts[kind]
        ]
        rows.sort(key=lambda row: (not row["judged"], -(row["psi"] or 0.0), row["name"]))
        judged = [row for row in rows if row["judged"] and row["psi"] is not None]
        found[kind] = {
            "verdict": worst(row["verdict"] for row in judged),
            "max_psi": judged[0]["psi"] if judged else None,
            "drifted": sum(row["verdict"] in (WATCH, ALERT) for row in judged),
            "compared": rows,
        }
    return found
