"""Does the churn model treat groups alike? Rates by group on the test cut-off, and the four-fifths rule.

The audited attributes are those of `DataContract.audited`. A protected one is never a feature; whether other
features stand for it is asked by `proxies`. Pure: arrays in, JSON-ready numbers out. NumPy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contract import RISK_HIGH

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

MIN_GROUP = 100
"""A smaller group is shown and not judged: its selection rate moves by several points by chance."""
MIN_SHOWN = 10
"""Still smaller groups are added up: a small group is nearly a person."""
MIN_SELECTED = 10
"""With fewer selected customers in the reference group a ratio of rates says nothing."""
FOUR_FIFTHS = 0.8
Z = 1.96
CALIBRATION_BINS = 10
UNKNOWN, OTHER = "unknown", "small groups together"
PASS, BELOW, UNCLEAR = "pass", "below", "unclear"


def wilson(hits: float, rows: int) -> dict[str, float | None]:
    """A share with its 95 % interval: `rate`, `low`, `high`; all None without rows.

    Wilson's score interval (Wilson 1927), which stays within 0 to 1 and is honest for small groups.
    """
    if rows == 0:
        return {"rate": None, "low": None, "high": None}
    share = hits / rows
    spread = Z * np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))
    middle, scale = share + Z * Z / (2 * rows), 1 + Z * Z / rows
    low, high = max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
    return {"rate": _number(share), "low": _number(low), "high": _number(high)}


def audit(words: Sequence[str], outcome: Doubles, probability: Doubles) -> dict[str, Any]:
    """The report of one attribute: `groups` (largest first) and the `four_fifths` rule.

    Args:
        words: each row's group; `unknown` for a missing one.
        outcome: 1 when the customer left, else 0, `[rows]`.
        probability: the predicted chance of it, `[rows]`.
    """
    labels = np.asarray(words, dtype=str)
    names, counts = np.unique(labels, return_counts=True)
    labels = np.where(np.isin(labels, names[counts < MIN_SHOWN]), OTHER, labels)
    high = np.round(probability, 6) >= RISK_HIGH
    top = _top_decile(probability)
    found = [_group(name, labels == name, outcome, probability, high, top) for name in np.unique(labels)]
    groups = sorted(found, key=lambda g: (-g["customers"], g["group"]))
    return {
        "groups": groups,
        "four_fifths": {
            "high_risk": four_fifths(groups, "high_risk"),
            "top_decile": four_fifths(groups, "top_decile"),
        },
    }


def _top_decile(probability: Doubles) -> Flags:
    """The tenth of the rows with the highest chance; ties are settled by the order of rows."""
    flags = np.zeros(len(probability), dtype=bool)
    flags[np.argsort(-probability, kind="stable")[: len(probability) // 10]] = True
    return flags


def _group(
    name: str, rows: Flags, outcome: Doubles, probability: Doubles, high: Flags, top: Flags
) -> dict[str, Any]:
    count, left, chance = int(rows.sum()), outcome[rows], probability[rows]
    positives, selected = int(left.sum()), high[rows]
    return {
        "group": str(name),
        "customers": count,
        "judged": count >= MIN_GROUP and name not in (UNKNOWN, OTHER),
        "high_risk": wilson(int(selected.sum()), count),
        "top_decile": wilson(int(top[rows].sum()), count),
        "true_positive_rate": wilson(float(selected[left == 1].sum()), positives),
        "false_positive_rate": wilson(float(selected[left == 0].sum()), count - positives),
        "predicted": _number(chance.mean()),
        "observed": wilson(positives, count),
        "calibration_error": _calibration_error(left, chance),
    }


def _calibration_error(outcome: Doubles, probability: Doubles) -> float:
    """Mean gap between prediction and outcome over (up to) ten bins of equal size, weighted by rows."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, CALIBRATION_BINS) if len(part)]
    gaps = (len(part) * abs(probability[part].mean() - outcome[part].mean()) for part in parts)
    return _number(sum(gaps) / len(outcome))


def four_fifths(groups: Sequence[dict[str, Any]], selection: str) -> dict[str, Any]:
    """Each judged group's selection rate over the highest one, and the verdict of the four-fifths rule.

    `below`: the ratio lies under 0.8 beyond noise (the upper end of its 95 % interval does). `unclear`:
    under 0.8, but it may be chance. `unknown`: fewer than two groups are large enough, or hardly anybody is
    selected. The interval of a ratio of two shares is Katz's, on the logarithm (Katz et al. 1978). The same
    ratio of the outcomes that were observed (`observed_ratio`) tells whether a gap is the model's or the
    customers'. (29 CFR 1607.4 D is the rule's source; here "selected" means being called at risk.)
    """
    judged = [g for g in groups if g["judged"]]
    best = max(judged, key=lambda g: g[selection]["rate"], default=None)
    if best is None or len(judged) < 2 or best[selection]["rate"] * best["customers"] < MIN_SELECTED:
        return {"verdict": UNKNOWN, "reference": None, "lowest_ratio": None, "groups": []}
    ratios = [_ratio(g, best, selection) for g in judged if g is not best]
    verdicts = {r["verdict"] for r in ratios}
    verdict = next(v for v in (BELOW, UNCLEAR, PASS) if v in verdicts)
    return {
        "verdict": verdict,
        "reference": best["group"],
        "lowest_ratio": min(r["ratio"] for r in ratios),
        "groups": ratios,
    }


def _ratio(group: dict[str, Any], best: dict[str, Any], selection: str) -> dict[str, Any]:
    rate, reference = group[selection]["rate"], best[selection]["rate"]
    ratio = rate / reference
    # Half a customer is added to a group without any, so that its interval is defined.
    hits, most = max(rate * group["customers"], 0.5), reference * best["customers"]
    error = np.sqrt(max(0.0, 1 / hits - 1 / group["customers"] + 1 / most - 1 / best["customers"]))
    centre = np.log(hits / group["customers"] / reference)
    low, high = np.exp(centre - Z * error), np.exp(centre + Z * error)
    verdict = PASS if ratio >= FOUR_FIFTHS else BELOW if high < FOUR_FIFTHS else UNCLEAR
    outcomes = best["observed"]["rate"]
    return {
        "group": group["group"],
        "ratio": _number(ratio),
        "low": _number(low),
        "high": _number(high),
        "observed_ratio": _number(group["observed"]["rate"] / outcomes) if outcomes else None,
        "verdict": verdict,
    }


def _number(value: Any) -> float:
    return round(float(value), 6)
