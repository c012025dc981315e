"""How good the predictions are: measures with intervals, beside champion, baselines and ceiling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engage_cli.report import svg_ranges, trust, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table

NO_EVALUATION = "This run has no evaluation, so nothing can be said about its models."
NO_CEILING = (
    "No ceiling: the best possible prediction is known of synthetic data only, where the generator left it."
)


@dataclass(frozen=True)
class Measures:
    """A target's title, its columns (key, label, digits), and which of them is drawn."""

    title: str
    columns: tuple[tuple[str, str, int], ...]
    drawn: str
    drawn_label: str


MEASURES: Mapping[str, Measures] = {
    "churn": Measures(
        "Churn",
        (
            ("roc_auc", "ROC AUC", 3),
            ("average_precision", "Average precision", 3),
            ("log_loss", "Log loss", 3),
            ("calibration_error", "Calibration error", 4),
            ("lift_top_decile", "Lift of the top tenth", 2),
        ),
        "roc_auc",
        "ROC AUC (0.5 is chance, 1 perfect)",
    ),
    "engagement": Measures(
        "Engagement",
        (("mae", "MAE", 4), ("r2", "R²", 3), ("spearman", "Rank correlation", 3), ("gini", "Gini", 3),
         ("total_ratio", "Predicted / actual total", 3)),
        "r2",
        "R² (0 is the mean, 1 perfect)",
    ),
    "value": Measures(
        "Value",
        (("gini", "Gini", 3), ("spearman", "Rank correlation", 3), ("mae", "MAE", 2), ("r2", "R²", 3),
         ("total_ratio", "Predicted / actual total", 3)),
        "gini",
        "Gini (0 is no order, 1 the perfect one)",
    ),
}  # fmt: skip


def section(inputs: ReportInputs) -> Section:
    """The verdict's checks, then a drawing and two tables a target."""
    if inputs.evaluation is None:
        return Section("scores", "How good the predictions are", [NO_EVALUATION])
    verdict = trust.judge(inputs)
    evaluation = inputs.evaluation
    ceiling = any(e.get("ceiling") for e in evaluation["targets"].values())
    recent = words.counted(inputs.contract.recent_weeks, "week")
    items: list[Item] = [_checks(verdict)]
    items += [_drawn(inputs, name) for name in MEASURES]
    for name in MEASURES:
        items += [_table(inputs, name, "recent"), _table(inputs, name, "all")]
    notes = [
        "In brackets: 95 % intervals by resampling customers. Measured on weeks after those learnt from.",
        f"Active: some activity in the last {recent} before the cut-off. Those long gone are easy to "
        "predict, so active customers come first.",
        "MAE is of the predicted median where a model has one; R² and totals are of the expected value.",
    ]
    if not ceiling:
        notes.append(NO_CEILING)
    notes += _missing(evaluation)
    sentences = [
        f"Can you rely on it? {verdict.answer}. {verdict.reason}",
        f"Which model serves: {evaluation['decision']['reason']}",
    ]
    return Section("scores", "How good the predictions are", sentences, items, notes)


def _checks(verdict: trust.Trust) -> Table:
    states = {trust.GOOD: "good", trust.CARE: "care", trust.BAD: "bad", trust.UNKNOWN: "not known"}
    return Table(
        "What the verdict rests on",
        ("Check", "Result", "Found"),
        [(words.capital(c.name), states[c.state], c.text) for c in verdict.checks],
    )


def candidates(inputs: ReportInputs, target: str) -> list[tuple[str, Mapping[str, Any]]]:
    """What is compared on a target's test rows: name and measures by population."""
    assert inputs.evaluation is not None
    entry = inputs.evaluation["targets"][target]
    promoted = inputs.serving == "challenger"
    found = [("This model" if promoted else "New model (not promoted)", entry["challenger"])]
    if entry.get("champion"):
        found.append(("Champion so far" if promoted else "Champion (serves)", entry["champion"]))
    found += [
        (words.capital(words.BASELINE_NAMES.get(n, words.name(n))), m) for n, m in entry["baselines"].items()
    ]
    return found


def _drawn(inputs: ReportInputs, target: str) -> Plot:
    assert inputs.evaluation is not None
    about, key = MEASURES[target], MEASURES[target].drawn
    found = candidates(inputs, target)
    ceiling = inputs.evaluation["targets"][target].get("ceiling")
    if ceiling:
        found.append(("Best possible", ceiling["ceiling"]))
    rows = [
        svg_ranges.Estimate(
            name,
            m["recent"][key],
            _pair((m["recent"].get("ci") or {}).get(key)),
            "c-accent" if at == 0 else "c-low" if name == "Best possible" else "c-muted",
        )
        for at, (name, m) in enumerate(found)
        if m.get("recent", {}).get(key) is not None
    ]
    title = f"{about.title}, active customers"
    return Plot(
        title,
        f"{about.drawn_label}; the line is the 95 % interval."
        + (" The best possible is measured on a sample." if ceiling else ""),
        svg_ranges.estimates(rows, title=title, x_label=about.drawn_label, fmt=lambda v: f"{v:.3g}"),
        ("Model", f">{about.drawn_label}"),
        [(name, words.with_interval(m.get("recent"), key)) for name, m in found],
    )


def _pair(found: Any) -> tuple[float, float] | None:
    return None if found is None else (float(found[0]), float(found[1]))


def _table(inputs: ReportInputs, target: str, population: str) -> Table:
    assert inputs.evaluation is not None
    about, entry = MEASURES[target], inputs.evaluation["targets"][target]
    unit = f" ({inputs.contract.value_unit})" if target == "value" else ""
    rows = [
        (name, words.count(m[population]["rows"]), *_cells(about, m[population]))
        for name, m in candidates(inputs, target)
    ]
    if entry.get("ceiling"):
        top = entry["ceiling"]
        shares = (_ratio(top["ratio"].get(population), key) for key, _, _ in about.columns)
        rows += [
            (f"Best possible, on {words.count(top['customers'])} sampled",
             words.count(top["ceiling"][population]["rows"]), *_cells(about, top["ceiling"][population])),
            ("This model, on the same", words.count(top["model"][population]["rows"]),
             *_cells(about, top["model"][population])),
            ("Share of the best possible", "", *shares),
        ]  # fmt: skip
    who = "active customers" if population == "recent" else "all customers"
    columns = (
        "Model",
        ">Customers",
        *(f">{label}{unit if key == 'mae' else ''}" for key, label, _ in about.columns),
    )
    title = f"{about.title}: {who}, {entry['horizon_weeks']} weeks from {entry['cutoff']}"
    return Table(title, columns, rows, open=population == "recent")


def _cells(about: Measures, found: Mapping[str, Any]) -> list[str]:
    return [words.with_interval(found, key, digits) for key, _, digits in about.columns]


def _ratio(found: Mapping[str, Any] | None, key: str) -> str:
    if found is None or found.get(key) is None:
        return "–"
    around = (found.get("ci") or {}).get(key)
    text = f"{100 * found[key]:.1f}\u00a0%"
    return f"{text} ({100 * around[0]:.1f}\u00a0to\u00a0{100 * around[1]:.1f})" if around else text


def _missing(evaluation: Mapping[str, Any]) -> list[str]:
    """Baselines that there are not, with the reason."""
    return [
        f"{MEASURES[target].title} has no baseline {words.BASELINE_NAMES.get(name, words.name(name))}: {why}"
        for target, entry in evaluation["targets"].items()
        for name, why in (entry.get("baselines_missing") or {}).items()
    ]
