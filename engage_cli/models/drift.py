"""What the monitor found, as tables. Pure: `monitor.json` in, cells out."""

from collections.abc import Mapping
from typing import Any

MOVED = ("what", "of", ">PSI", ">usual", ">from learnt", ">KS", ">missing before", ">now", "verdict")
OUTCOMES = ("target", "predicted as of", ">expected", ">observed", ">observed/expected", "AUC", "verdict")
MOST, MOST_AGED = 12, 4
SCHEMA_VERSION = 2
"""Of `monitor.json`; 1 compared with the training window."""
NOTABLE = ("watch", "alert")
WORDS = {"churn": "leavers", "engagement": "activity", "value": "value"}
CHANGES = {
    "missing": (
        "Values that were there are missing now: {names}.",
        "look at the export and the data contract first; this is more often a fault than a change.",
    ),
    "words": (
        "There are words that the model does not know: {names}.",
        "look whether the export names them anew; a version trained on later weeks learns new ones.",
    ),
    "audience": (
        "There are more new customers than usual, and customers differ from those of the test in {names}.",
        "find out where they come from; what the model was tested on says less about them.",
    ),
    "behaviour": (
        "Customers act otherwise than at the test, and not because there are more new ones: {names}.",
        "find out what changed (prices, product, a season that the cut-offs did not hold).",
    ),
}
"""By `drift_kind`: what is said and what to do."""
KINDS = {
    "missing": "missing values",
    "words": "unknown words",
    "audience": "new customers",
    "behaviour": "other behaviour",
}
"""By `drift_kind`: in two words."""


def readable(found: Mapping[str, Any] | None) -> bool:
    """Whether this version can tell what a monitor found: there is a document, in today's form."""
    return found is not None and found.get("schema_version") == SCHEMA_VERSION


def headline(found: Mapping[str, Any]) -> str:
    """One line: the run, the model and the gravest verdict."""
    outcomes = ", ".join(f"{name} {part['verdict']}" for name, part in found["performance"].items())
    inputs, predictions = found["features"]["verdict"], found["predictions"]["verdict"]
    since = f" tested as of {found['since']}" if found["since"] else ""
    return (
        f"Run {found['run_id']} as of {found['as_of']}, model {found['model_version']}{since}: "
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
    next_steps = ["each weekly run learns from the new weeks, and the gate compares."]
    names = [row["name"] for row in _notable(found["features"])]
    if names:
        what, then = CHANGES[found["features"]["change"]]
        said.append(what.format(names=", ".join(names[:3])))
        next_steps.insert(0, then)
    elif foretold := [row["name"] for row in _notable(found["predictions"])]:
        said.append(f"What the model says has moved, and no feature by itself: {', '.join(foretold)}.")
    if not said:
        return [*_as_before(found), *_quiet(found)]
    return [*said, *_as_before(found), f"Next: {' '.join(map(_sentence, next_steps))}"]


def _notable(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in part["compared"] if row["judged"] and row["verdict"] in NOTABLE]


def _quiet(found: Mapping[str, Any]) -> list[str]:
    return ["Nothing has moved beyond what is usual." if found["verdict"] == "none" else "See below."]


def _as_before(found: Mapping[str, Any]) -> list[str]:
    """What moved by as much as a watch needs, and did so before."""
    least = found["thresholds"]["psi"]["watch"]
    rows = [
        row
        for row in (*found["predictions"]["compared"], *found["features"]["compared"])
        if row["judged"] and row["verdict"] == "none" and row["psi"] is not None and row["psi"] >= least
    ]
    if not rows:
        return []
    names = ", ".join(row["name"] for row in rows[:3])
    return [f"Moved, but as in earlier weeks or within chance, which needs no action: {names}."]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def moved(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The predictions, then the features that moved most, and those that are not judged and moved so far that
    they would be a watch or an alert.
    """
    features = found["features"]["compared"]
    aged = [row for row in features if not row["judged"] and row["verdict"] in NOTABLE]
    rows = [("prediction", row) for row in found["predictions"]["compared"]]
    rows += [("feature", row) for row in [row for row in features if row["judged"]][:MOST]]
    rows += [("feature", row) for row in aged[:MOST_AGED]]
    return [_moved_row(kind, row) for kind, row in rows]


def _moved_row(kind: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    missing = row.get("missing") or {}
    return (
        row["name"],
        kind,
        _number(row["psi"]),
        _number(row["usual"]),
        _number(row["learnt"]),
        _number(row["ks"]),
        _percent(missing.get("before")),
        _percent(missing.get("now")),
        row["verdict"] if row["judged"] else "not judged: ages",
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
        f"Watch from a PSI of {psi['watch']:g} since the test, alert from {psi['alert']:g}, never within "
        f"chance or {psi['usual']:g} times what is usual; outcomes from {ratio['watch']:.0%} and "
        f"{ratio['alert']:.0%} off; an AUC from {auc['watch']:g} and {auc['alert']:g} under the test's; each "
        "only beyond noise."
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
