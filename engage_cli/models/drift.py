"""What the monitor found, as tables. Pure: `monitor.json` in, cells out."""

from collections.abc import Mapping
from typing import Any

MOVED = ("what", "of", ">PSI", ">KS", ">missing before", ">now", "verdict")
OUTCOMES = ("target", "predicted as of", ">expected", ">observed", ">observed/expected", "AUC", "verdict")
MOST = 12
NOTABLE = ("watch", "alert")
WORDS = {"churn": "leavers", "engagement": "activity", "value": "value"}


def headline(found: Mapping[str, Any]) -> str:
    """One line: the run, the model and the gravest verdict."""
    outcomes = ", ".join(f"{name} {part['verdict']}" for name, part in found["performance"].items())
    inputs, predictions = found["features"]["verdict"], found["predictions"]["verdict"]
    return (
        f"Run {found['run_id']} as of {found['as_of']}, model {found['model_version']}: "
        f"drift {found['verdict']} (features {inputs}, predictions {predictions}; outcomes: {outcomes})"
    )


def in_words(found: Mapping[str, Any]) -> list[str]:
    """What a person should know and do, in sentences; what came true first."""
    said = []
    for name, part in found["performance"].items():
        total = part.get("total_recent") or part.get("total") or {}
        if total.get("verdict") in NOTABLE:
            who = "recently active customers" if "total_recent" in part else "customers"
            said.append(
                f"Of {who}, {total['ratio']:.0%} of the {WORDS[name]} foretold on {part['as_of']} came true."
            )
    names = [
        row["name"] for row in found["features"]["compared"] if row["judged"] and row["verdict"] in NOTABLE
    ]
    if names:
        said.append(f"Customers are not as those that the model learnt from: see {', '.join(names[:3])}.")
    if not said:
        return ["Nothing has moved beyond what is usual." if found["verdict"] == "none" else "See below."]
    return [
        *said,
        "Next: find out what changed; each weekly run learns from the new weeks, the gate compares.",
    ]


def moved(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The predictions, then the features that moved most."""
    rows = [("prediction", row) for row in found["predictions"]["compared"]]
    rows += [("feature", row) for row in found["features"]["compared"][:MOST]]
    return [_moved_row(kind, row) for kind, row in rows]


def _moved_row(kind: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    missing = row.get("missing") or {}
    return (
        row["name"],
        kind,
        _number(row["psi"]),
        _number(row["ks"]),
        _percent(missing.get("before")),
        _percent(missing.get("now")),
        row["verdict"] if row["judged"] else "not judged: moves by nature",
    )


def row_verdict(part: Mapping[str, Any], population: str = "") -> str:
    """The verdict on a row of outcomes: the gravest on its total and its AUC, as the monitor judged them.

    `population` is "" for all customers and "_recent" for the recently active. The report judges its rows by
    this as well, so that both say the same.
    """
    from engage_ml.drift import UNKNOWN, worst

    parts = [part.get(f"{kind}{population}") or {} for kind in ("total", "auc")]
    return worst(str(one.get("verdict", UNKNOWN)) for one in parts)


def outcomes(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each target."""
    rows = []
    for name, part in found["performance"].items():
        rows.append(_outcome_row(name, part, ""))
        if "total_recent" in part:
            rows.append(_outcome_row(f"{name}, recently active", part, "_recent"))
    return rows


def _outcome_row(name: str, part: Mapping[str, Any], population: str) -> tuple[str, ...]:
    total = part.get(f"total{population}") or {}
    if "ratio" not in total:
        return name, part["as_of"], "-", "-", "-", "-", part.get("why") or part["verdict"]
    auc = part.get(f"auc{population}") or {}
    return (
        name,
        part["as_of"],
        f"{total['expected']:,.0f}",
        f"{total['observed']:,.0f}",
        f"{total['ratio']:.3f} ({total['low']:.3f}-{total['high']:.3f})",
        f"{auc['value']:.3f} (at test {_number(auc['at_test'])})" if "value" in auc else "-",
        row_verdict(part, population),
    )


def thresholds(found: Mapping[str, Any]) -> str:
    """What the verdicts go by."""
    limits = found["thresholds"]
    psi, ratio, auc = limits["psi"], limits["ratio"], limits["auc"]
    return (
        f"Watch from a PSI of {psi['watch']:g}, alert from {psi['alert']:g}; outcomes from "
        f"{ratio['watch']:.0%} and {ratio['alert']:.0%} off; an AUC from {auc['watch']:g} and "
        f"{auc['alert']:g} under the test's; each only beyond noise."
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
