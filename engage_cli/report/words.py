"""Numbers as people read them, and what a measure means in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

BASELINE_NAMES = {
    "recency_frequency": "recency-frequency rule",
    "carried_forward": "same as last weeks",
    "bg_nbd_gamma_gamma": "purchase model (BG/NBD)",
}


def count(value: float) -> str:
    """Return a whole number with separators."""
    return f"{round(value):,}"


def share(value: float) -> str:
    """Return a share of one as a percentage, with a decimal when it is small."""
    percent = 100 * value
    return f"{percent:.1f}\u00a0%" if 0 < percent < 10 else f"{percent:.0f}\u00a0%"


def money(usd: float) -> str:
    """Return dollars: short when they are many."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e5, "k")):
        if abs(usd) >= size:
            return f"${usd / (1e3 if letter == 'k' else size):,.3g}{letter}"
    return f"${usd:,.0f}" if abs(usd) >= 100 else f"${usd:,.2f}"


def duration(seconds: float) -> str:
    """Return seconds as a time for people."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(iso: str) -> str:
    """Return an ISO time as people write it, in UTC."""
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def measure(value: float | None, digits: int = 3) -> str:
    """Return a measure, or a dash when it does not exist (such as an AUC with one outcome)."""
    return "–" if value is None else f"{value:,.{digits}f}"


def ranking_grade(auc: float | None) -> str:
    """Return how well a model ranks, by its ROC AUC (the usual textbook steps)."""
    if auc is None:
        return "not measurable"
    for least, word in ((0.9, "very good"), (0.8, "good"), (0.7, "fair"), (0.6, "weak")):
        if auc >= least:
            return word
    return "hardly better than chance"


def churn_verdict(entry: Mapping[str, Any], serving: str) -> tuple[str, list[str]]:
    """Return a grade for the churn model that serves, and sentences that back it.

    The grade is for customers who were active in the last four weeks: dormant ones are easy to call.
    """
    recent, everybody = entry[serving]["recent"], entry[serving]["all"]
    auc = recent.get("roc_auc")
    sentences = []
    if auc is not None:
        sentences.append(
            f"Of two active customers, one who leaves and one who stays, it picks the right one {share(auc)} "
            "of the time (chance: 50\u00a0%)."
        )
    lift = everybody.get("lift_top_decile")
    if lift is not None:
        sentences.append(
            f"The tenth it ranks as most at risk leaves {lift:.1f} times as often as the average."
        )
    error = everybody.get("calibration_error")
    if error is not None:
        sentences.append(f"Its probabilities are off by {100 * error:.1f} points on average.")
    best = best_baseline(entry)
    if best and auc is not None:
        name, other = best
        word = "better than" if auc - other > 0.005 else "no better than"
        sentences.append(
            f"It is {word} the {BASELINE_NAMES.get(name, name)} ({auc:.3f} against {other:.3f})."
        )
    return ranking_grade(auc), sentences


def best_baseline(entry: Mapping[str, Any]) -> tuple[str, float] | None:
    """Return the baseline with the highest AUC on recently active customers."""
    found = [
        (name, measures["recent"]["roc_auc"])
        for name, measures in entry["baselines"].items()
        if measures["recent"].get("roc_auc") is not None
    ]
    return max(found, key=lambda pair: pair[1], default=None)


def feature(name: str) -> str:
    """Return a feature's name for people."""
    return name.replace("_", " ")
