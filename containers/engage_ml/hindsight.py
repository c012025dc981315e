"""Earlier predictions beside what happened since: did as many leave as was said, and the right ones?

Works on sums by predicted chance (see the monitor's SQL), so that nothing grows with the customers. Standard
library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .drift import ALERT, NONE, UNKNOWN, WATCH, worst

Z = 1.96
WATCH_RATIO, ALERT_RATIO = 0.1, 0.25
"""How far observed / expected may be from 1, beyond noise."""
WATCH_AUC, ALERT_AUC = 0.02, 0.05
"""How far the AUC may lie under the one of the model's own test, beyond noise."""
MIN_ROWS = 100
Row = Mapping[str, Any]


def totals(rows: Sequence[Row], target: str) -> dict[str, Any]:
    """Expected and observed sums of a target, `ratio` (observed / expected) with a 95 % interval, a verdict.

    The interval comes from the spread of the customers' own differences: the standard error of their sum is
    sqrt(n) times their standard deviation.
    """
    known = [r for r in rows if r[f"{target}_actual"] is not None]
    count = sum(int(r["customers"]) for r in known)
    expected = sum(float(r[f"{target}_expected"]) for r in known)
    if count < MIN_ROWS or expected <= 0:
        return {"customers": count, "verdict": UNKNOWN}
    observed = sum(float(r[f"{target}_actual"]) for r in known)
    gap = observed - expected
    spread = max(0.0, sum(float(r[f"{target}_squares"]) for r in known) - gap * gap / count)
    reach = Z * math.sqrt(spread * count / (count - 1))
    low, high = (observed - reach) / expected, (observed + reach) / expected
    distance = max(0.0, low - 1, 1 - high)
    far = abs(observed / expected - 1)
    verdict = NONE
    if distance > 0 and far >= WATCH_RATIO:
        verdict = ALERT if far >= ALERT_RATIO else WATCH
    return {
        "customers": count,
        "expected": round(expected, 4),
        "observed": round(observed, 4),
        "ratio": round(observed / expected, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "verdict": verdict,
    }


def ranking(rows: Sequence[Row], reference: float | None) -> dict[str, Any]:
    """The AUC of the chances as they were published, its 95 % interval (Hanley and McNeil 1982) and a verdict
    beside the AUC of the model's own test (None: unknown).

    That one is a measurement, too, on about as many customers: the gap's error is sqrt(2) times this one's.
    """
    counts: dict[int, list[float]] = {}
    for row in rows:
        if row["churn_actual"] is not None:
            pair = counts.setdefault(int(row["chance"]), [0.0, 0.0])
            pair[0] += float(row["churn_actual"])
            pair[1] += int(row["customers"]) - float(row["churn_actual"])
    left, stayed = (sum(pair[at] for pair in counts.values()) for at in (0, 1))
    if left + stayed < MIN_ROWS or not left or not stayed:
        return {"verdict": UNKNOWN}
    below = won = 0.0
    for _, (gone, here) in sorted(counts.items()):
        won += gone * (below + here / 2)  # of equal chances half are in the right order
        below += here
    auc = won / (left * stayed)
    error = auc_error(auc, left, stayed)
    verdict = UNKNOWN if reference is None else NONE
    if reference is not None and reference - auc >= max(WATCH_AUC, Z * math.sqrt(2) * error):
        verdict = ALERT if reference - auc >= ALERT_AUC else WATCH
    return {
        "value": round(auc, 5),
        "low": round(auc - Z * error, 5),
        "high": round(auc + Z * error, 5),
        "at_test": reference,
        "verdict": verdict,
    }


def auc_error(auc: float, positives: float, negatives: float) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982, formula 1)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)
    return math.sqrt(max(0.0, spread) / (positives * negatives))


def judge_target(rows: Sequence[Row], target: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What `monitor.json` says about one target; `metrics` are those of the model that predicted.

    Churn is looked at among the recently active as well: the silent ones leave as predicted in any world, and
    there are so many of them that twice the leavers among the others hardly move the total.
    """
    found: dict[str, Any] = {"total": totals(rows, target)}
    if target == "churn":
        recent = [r for r in rows if r["recently_active"]]
        found["total_recent"] = totals(recent, target)
        found["auc"] = ranking(rows, metrics.get("churn_roc_auc"))
        found["auc_recent"] = ranking(recent, metrics.get("churn_roc_auc_recent"))
    found["verdict"] = worst(part["verdict"] for part in found.values())
    return found
