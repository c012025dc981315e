"""What the models look at: importance of each model, and SHAP values of the churn model."""

from collections.abc import Mapping, Sequence
from typing import Any

from engage_cli.report import svg, svg_ranges, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table

TITLES = {
    "churn": "Churn",
    "engagement": "Engagement",
    "value": "Value",
    "value_probability": "Value: whether there is any",
    "value_amount": "Value: how much, when there is any",
}
MOST_FEATURES = 10


def section(inputs: ReportInputs) -> Section:
    """The SHAP summary first, because importance does not tell a direction."""
    title = "What the models look at"
    if inputs.evaluation is None:
        return Section("model", title, ["This run has no evaluation."])
    shap, importance = inputs.evaluation.get("shap"), inputs.evaluation.get("importance") or {}
    items: list[Item] = []
    notes = ["Gain: how much the splits on a feature lower the training loss; it tells no direction."]
    if shap and shap.get("features"):
        items.append(_swarm(shap))
        notes.append(
            f"SHAP values are exact (TreeSHAP), of {words.count(shap['rows'])} customers of the test from "
            f"{shap['cutoff']}. They add up, with the base {shap['base']:.2f}, to the log-odds of leaving "
            "before calibration."
        )
    else:
        notes.append("There are no SHAP values: this run was made before they were computed.")
    items += [_importance(inputs, TITLES[name], found) for name in TITLES if (found := importance.get(name))]
    if shap and shap.get("features"):
        items.append(_groups(inputs, shap))
    version = inputs.evaluation["model_version"]
    return Section("model", title, [f"Of the model {version}, which this run trained."], items, notes)


def _swarm(shap: Mapping[str, Any]) -> Plot:
    title = "What raises and lowers the risk (SHAP)"
    rows = [svg_ranges.Swarm(words.name(f["feature"]), f["counts"], f["height"]) for f in shap["features"]]
    return Plot(
        title,
        "Right: raises the chance of leaving; left: lowers it. The thicker, the more customers. Colour: the "
        "feature's own value among the customers there.",
        svg_ranges.swarms(rows, shap["edges"], title=title, x_label="SHAP value, log-odds of leaving"),
        ("Feature", ">Mean absolute SHAP value"),
        [(words.name(f["feature"]), words.measure(f["mean_abs"])) for f in shap["features"]],
        [
            ("s-0", "lowest values"),
            ("s-2", "middle"),
            ("s-4", "highest values"),
            ("s-none", "categories, missing"),
        ],
        tall=True,
    )


def _groups(inputs: ReportInputs, shap: Mapping[str, Any]) -> Table:
    rows = [
        (
            words.name(f["feature"]) if at == 0 else "",
            inputs.meaning(f["feature"]) if at == 0 else "",
            _range(g),
            words.count(g["rows"]),
            f"{g['mean']:+.2f}",
            f"{g['low']:+.2f} to {g['high']:+.2f}",
        )
        for f in shap["features"]
        for at, g in enumerate(f["groups"])
    ]
    return Table(
        "SHAP values by value of the feature",
        ("Feature", "Meaning", ">Value", ">Customers", ">Mean", ">Four in five lie in"),
        rows,
        open=False,
    )


def _range(group: Mapping[str, Any]) -> str:
    if "word" in group:
        return str(group["word"])
    low, high = group["from"], group["to"]
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _importance(inputs: ReportInputs, title: str, found: Sequence[Mapping[str, Any]]) -> Plot:
    top = found[:MOST_FEATURES]
    return Plot(
        f"{title}: importance",
        f"Share of the model's total gain, the {len(top)} largest.",
        svg.bars(
            [svg.Bar(words.name(f["feature"]), f["share"], words.share(f["share"])) for f in top],
            title=f"{title}: importance",
            label_width=210,
        ),
        ("Feature", "Meaning", ">Share of gain"),
        [(words.name(f["feature"]), inputs.meaning(f["feature"]), words.share(f["share"])) for f in found],
    )
