"""Can the predictions be relied on this week? Some checks of the evaluation and of the monitor, one verdict.

Each check says good, care, bad or unknown, and why. The verdict is the gravest of them; without an evaluation
it is unknown. What moved in the data asks for care only; it is bad when predictions did not come true.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engage_cli.report import words
from engage_cli.report.inputs import ReportInputs

GOOD, CARE, BAD, UNKNOWN = "good", "care", "bad", "unknown"
ANSWERS = {GOOD: "Yes", CARE: "With care", BAD: "No", UNKNOWN: "Not known"}
CALIBRATED, OFF = 0.02, 0.05
"""Mean gap between chance and outcome: good below the first, bad from the second."""
LEVEL_CARE, LEVEL_BAD = 0.1, 0.25
"""How far the predicted total may be from what came, beyond noise."""


@dataclass(frozen=True)
class Check:
    """`text` is a sentence without jargon; `state` is good, care, bad or unknown."""

    name: str
    state: str
    text: str


@dataclass(frozen=True)
class Trust:
    """The verdict with its reason, and the checks that it rests on."""

    state: str
    reason: str
    checks: tuple[Check, ...]

    @property
    def answer(self) -> str:
        return ANSWERS[self.state]


def judge(inputs: ReportInputs) -> Trust:
    """Return the verdict on this run's predictions."""
    if inputs.evaluation is None:
        return Trust(UNKNOWN, "This run has no evaluation, so nothing is known of its models.", ())
    checks: tuple[Check, ...] = (
        *(check(inputs) for check in _CHECKS),
        *(_outcome(inputs, target) for target in ("churn", "engagement", "value")),
    )
    known = [c for c in checks if c.state != UNKNOWN]
    state = next((s for s in (BAD, CARE) if any(c.state == s for c in known)), GOOD if known else UNKNOWN)
    return Trust(state, _reason(state, checks), checks)


def _reason(state: str, checks: tuple[Check, ...]) -> str:
    found = [c.text for c in checks if c.state == state]
    if state in (BAD, CARE):
        more = len(found) - 1
        return found[0] + (f" {words.capital(words.counted(more, 'more reason'))} below." if more else "")
    return " ".join(found[:2])


def model_of(inputs: ReportInputs, target: str) -> Mapping[str, Any]:
    """Return the measures, by population, of the model that made the predictions."""
    assert inputs.evaluation is not None
    found: Mapping[str, Any] = inputs.evaluation["targets"][target][inputs.serving] or {}
    return found


def best_rule(entry: Mapping[str, Any], measure: str = "roc_auc") -> tuple[str, float] | None:
    """Return the simple rule that ranks recently active customers best, with its measure."""
    found = [
        (name, float(measures["recent"][measure]))
        for name, measures in entry["baselines"].items()
        if measures.get("recent", {}).get(measure) is not None
    ]
    return max(found, key=lambda pair: pair[1], default=None)


def _ranking(inputs: ReportInputs) -> Check:
    name = "tells who will leave"
    assert inputs.evaluation is not None
    entry = inputs.evaluation["targets"]["churn"]
    recent = model_of(inputs, "churn").get("recent", {})
    auc, best = recent.get("roc_auc"), best_rule(entry)
    if auc is None or best is None:
        return Check(name, UNKNOWN, "How well it tells who will leave could not be measured.")
    verdict = _against(entry, inputs.serving, recent, best)
    said = {
        GOOD: "Among active customers it tells who will leave better than the best simple rule does.",
        CARE: "Among active customers it tells who will leave no better than a simple rule does.",
        BAD: "Among active customers it tells who will leave worse than a simple rule does.",
    }
    return Check(name, verdict, said[verdict])


def _against(
    entry: Mapping[str, Any], serving: str, recent: Mapping[str, Any], best: tuple[str, float]
) -> str:
    """The paired comparison where there is one, else whether the interval of the model holds the rule."""
    name, value = best
    compared = (entry.get("versus") or {}).get(name, {}).get("recent", {}).get("roc_auc")
    if serving == "challenger" and compared:
        return {"better": GOOD, "worse": BAD}.get(compared["verdict"], CARE)
    low, high = (recent.get("ci") or {}).get("roc_auc") or (recent["roc_auc"], recent["roc_auc"])
    return GOOD if low > value else BAD if high < value else CARE


def _calibration(inputs: ReportInputs) -> Check:
    name = "chances come true"
    error = model_of(inputs, "churn").get("all", {}).get("calibration_error")
    if error is None:
        return Check(name, UNKNOWN, "Whether its chances come true could not be measured.")
    state = GOOD if error < CALIBRATED else CARE if error < OFF else BAD
    return Check(name, state, f"Its chances of leaving are off by {100 * error:.1f} points on average.")


def _level(inputs: ReportInputs) -> Check:
    name = "total value is right"
    found = model_of(inputs, "value").get("all", {})
    ratio = found.get("total_ratio")
    if ratio is None:
        return Check(name, UNKNOWN, "Whether its total is right could not be measured.")
    low, high = (found.get("ci") or {}).get("total_ratio") or (ratio, ratio)
    beyond = not low <= 1 <= high
    far = abs(ratio - 1)
    state = BAD if beyond and far >= LEVEL_BAD else CARE if beyond and far >= LEVEL_CARE else GOOD
    return Check(name, state, f"In the test it foresaw {words.share(ratio)} of the value that came.")


def _moved(inputs: ReportInputs) -> Check:
    name = "customers are as before"
    if inputs.monitor is None:
        return Check(name, UNKNOWN, "Whether customers behave as before was not monitored in this run.")
    kinds = ("features", "predictions")
    verdicts = {kind: inputs.monitor[kind]["verdict"] for kind in kinds}
    if set(verdicts.values()) == {"unknown"}:
        return Check(name, UNKNOWN, "Whether customers behave as before is not known yet.")
    if not set(verdicts.values()) & {"watch", "alert"}:
        return Check(name, GOOD, "Customers behave as those did that it learnt from.")
    rows = [r for k in kinds for r in inputs.monitor[k]["compared"] if r["verdict"] in ("watch", "alert")]
    moved = [inputs.meaning(r["name"]) or words.name(r["name"]) for r in rows if r["judged"]]
    what = words.listed(moved[:2]) + (f" and {len(moved) - 2} more" if len(moved) > 2 else "")
    return Check(name, CARE, f"Customers differ from those that it learnt from: {what}.")


_CHECKS: tuple[Callable[[ReportInputs], Check], ...] = (_ranking, _calibration, _level, _moved)
_OUTCOMES = {
    "churn": "as many left as foretold",
    "engagement": "as active as foretold",
    "value": "as much value as foretold",
}


_SAID = {
    "churn": "Those who left since {when} were {ratio} of the number foretold.",
    "engagement": "Activity since {when} was {ratio} of what was foretold.",
    "value": "The value that came since {when} was {ratio} of what was foretold.",
}


def _outcome(inputs: ReportInputs, target: str) -> Check:
    """What became of the predictions that were published a horizon ago."""
    name = _OUTCOMES[target]
    found = ((inputs.monitor or {}).get("performance") or {}).get(target)
    if found is None or found["verdict"] == "unknown" or "ratio" not in found.get("total", {}):
        return Check(name, UNKNOWN, f"There are no earlier predictions of {target} to compare with yet.")
    state = {"none": GOOD, "watch": CARE, "alert": BAD}[found["verdict"]]
    ratio = words.share(found["total"]["ratio"])
    when = words.day(found["as_of"])
    text = _SAID[target].format(when=when, ratio=ratio)
    recent = found.get("total_recent") or {}
    if state != GOOD and recent.get("verdict") == found["verdict"] and "ratio" in recent:
        text = (
            f"Of the active customers {words.share(recent['ratio'])} of the number foretold on {when} left."
        )
    elif state != GOOD and found["total"]["verdict"] == "none":
        text = f"The predictions of {when} told apart who would leave less well than the test had promised."
    return Check(name, state, text)
