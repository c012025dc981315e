"""Has what the model reads, or says, moved since the model was tested? Standard library only.

Two distributions are compared as counts on the same bins (`histograms` makes them): those of the cut-off
that the model was tested on, the newest whose outcomes it has seen, and those of now. What moved before is
part of the measures of the test.

- PSI, the population stability index: sum over bins of (p - q) ln(p / q). Below 0.1 nothing, from 0.1 watch,
  from 0.25 alert: the usual thresholds (Siddiqi, Credit Risk Scorecards, 2006). A threshold is never below
  what chance gives (`chance_psi`), nor below twice what the same moved earlier in as many weeks
  (`usual_psi`): customers of a cohort get quieter every week, and that is no news.
- KS, the largest gap between the two cumulative shares at the bins' edges: a lower bound of the exact
  Kolmogorov-Smirnov statistic, at most one bin's share below it. Shown beside the PSI; the PSI decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import combinations
from statistics import NormalDist
from typing import Any

from .drift_kind import kind_of, psi_of_bins

REFERENCE_VERSION = 2
"""Of `reference.json`; 1 had no cut-offs before the test."""
NONE, WATCH, ALERT, UNKNOWN = "none", "watch", "alert", "unknown"
WATCH_PSI, ALERT_PSI = 0.1, 0.25
USUAL_FACTOR = 2.0
"""How many times the usual move is still usual: of k moves of one kind the next is the largest with the
probability 1 / (k + 1), and a reference knows one to four. What it costs and saves is in `docs/models.md`.
"""
MIN_ROWS = 100
"""Fewer customers now than this are not compared."""
RUN_RISK = 0.001
"""In so many runs of an unchanged world chance alone may move any feature, or any prediction, beyond its
bound: each of k has the k-th part of it (Bonferroni), so that many features are not many false alarms.
"""


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The population stability index of two lists of counts."""
    return sum(psi_of_bins(expected, actual))


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


def chance_psi(bins: int, n: float, m: float, risk: float = 0.001) -> float:
    """The PSI that comparisons of two samples of one distribution exceed with the probability `risk`.

    PSI times n m / (n + m) is about chi-square with one degree of freedom fewer than there are bins
    (Yurdakul 2018); its quantile is Wilson and Hilferty's approximation (1931).
    """
    free = max(1, bins - 1)
    part = 2 / (9 * free)
    quantile = NormalDist().inv_cdf(1 - risk)
    return float(free * (1 - part + quantile * math.sqrt(part)) ** 3 * (1 / n + 1 / m))


def usual_psi(reference: Mapping[str, Any], weeks: int) -> float:
    """The largest PSI between two cut-offs of the reference that lie `weeks` apart, or the next distance
    above that there is; 0 when there are not two.

    When all are nearer to each other, the largest at the longest distance times the square of how much
    farther it is: a mean that moves steadily by d standard deviations gives the PSI d^2 (two normal
    distributions of one variance).
    """
    past = [(0, reference["counts"]), *((at["weeks"], at["counts"]) for at in reference["past"])]
    known = [(at, counts) for at, counts in past if sum(counts) >= MIN_ROWS]
    moved: dict[int, float] = {}
    for (near, later), (far, earlier) in combinations(sorted(known), 2):
        moved[far - near] = max(moved.get(far - near, 0.0), psi(*_used(earlier, later)))
    if not moved:
        return 0.0
    span = min((apart for apart in moved if apart >= weeks), default=max(moved))
    return moved[span] * max(1.0, weeks / span) ** 2


def _used(before: Sequence[int], now: Sequence[int]) -> tuple[list[int], list[int]]:
    """The counts of the bins that are not empty on both sides."""
    used = [at for at in range(len(before)) if before[at] or now[at]]
    return [before[at] for at in used], [now[at] for at in used]


def compare(
    reference: Mapping[str, Any], counts: Sequence[int], weeks: int, risk: float = 0.001
) -> dict[str, Any]:
    """One feature or prediction, `weeks` after the test: `psi` since then, `usual` (the PSI that it moved
    earlier in as many weeks), `learnt` (the PSI beside the training window; None for predictions), `ks`
    (None for words, which have no order), `missing` shares, and the verdict: none, watch, alert, or unknown
    with too few rows.

    The last bin is that of missing values. A feature that is not `judged` moves by its nature (tenure grows
    with every week): it is measured all the same and never counts.
    """
    expected, learnt = reference["counts"], reference.get("learnt")
    n, m = sum(expected), sum(counts)
    found: dict[str, Any] = {
        "judged": bool(reference["judged"]), "psi": None, "usual": None, "learnt": None, "ks": None,
        "verdict": UNKNOWN,
    }  # fmt: skip
    if m < MIN_ROWS or n < MIN_ROWS:
        return found
    before, now = _used(expected, counts)
    index, usual = psi(before, now), usual_psi(reference, weeks)
    return {
        **found,
        "psi": round(index, 5),
        "usual": round(usual, 5),
        "learnt": None if learnt is None else round(psi(*_used(learnt, counts)), 5),
        "ks": round(ks(expected[:-1], counts[:-1]), 5) if reference["kind"] == "number" else None,
        "missing": {"before": round(expected[-1] / n, 5), "now": round(counts[-1] / m, 5)},
        "verdict": verdict(index, max(USUAL_FACTOR * usual, chance_psi(len(before), n, m, risk))),
    }


def verdict(index: float, least: float) -> str:
    """The verdict of a PSI, given what chance alone, or the usual course of things, may give."""
    if index >= max(ALERT_PSI, least):
        return ALERT
    return WATCH if index >= max(WATCH_PSI, least) else NONE


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


def judge(reference: Mapping[str, Any], parts: Iterable[Mapping[str, Any]], as_of: str) -> dict[str, Any]:
    """What `monitor.json` says about inputs and predictions as of a date: each with `compare`, most moved
    first, the `max_psi` of what is judged, how many features `drifted` (watch or alert), a verdict, and for
    the features the `change`: what kind it is (`drift_kind`), None when there is none.
    """
    counts = add_counts(parts)
    tested = date.fromisoformat(reference["cutoffs"]["test"])
    weeks = max(1, abs((date.fromisoformat(as_of) - tested).days) // 7)
    found: dict[str, Any] = {"since": tested.isoformat()}
    for kind in ("features", "predictions"):
        known = {name: one for name, one in reference[kind].items() if name in counts[kind]}
        risk = RUN_RISK / max(1, sum(bool(one["judged"]) for one in known.values()))
        rows = [
            {"name": name, **compare(one, counts[kind][name], weeks, risk)} for name, one in known.items()
        ]
        rows.sort(key=lambda row: (not row["judged"], -(row["psi"] or 0.0), row["name"]))
        judged = [row for row in rows if row["judged"] and row["psi"] is not None]
        found[kind] = {
            "verdict": worst(row["verdict"] for row in judged),
            "max_psi": judged[0]["psi"] if judged else None,
            "drifted": sum(row["verdict"] in (WATCH, ALERT) for row in judged),
            "compared": rows,
        }
    moved = [r for r in found["features"]["compared"] if r["judged"] and r["verdict"] in (WATCH, ALERT)]
    found["features"]["change"] = (
        kind_of(reference["features"], counts["features"], moved[0]) if moved else None
    )
    return found
