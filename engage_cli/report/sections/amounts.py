"""Engagement and value in detail: predicted against actual, residuals, reach, coverage of the intervals."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from engage_cli.report import svg, svg_ranges, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table

TITLES = {"engagement": "Engagement", "value": "Value"}
_WHO = {"all": "all", "recent": "active", "open": "interval not [0, 0]"}


def section(inputs: ReportInputs) -> Section:
    """Plots of both amounts, and how many outcomes their intervals held."""
    title = "Engagement and value in detail"
    if inputs.evaluation is None:
        return Section("amounts", title, ["This run has no evaluation."])
    items: list[Item] = []
    notes: list[str] = []
    for target, name in TITLES.items():
        entry = inputs.evaluation["targets"][target]
        unit = _unit(inputs, target)
        most = 1.0 if target == "engagement" else inf
        if entry["curves"].get("deciles"):
            items += [_deciles(name, entry["curves"]["deciles"], unit, most), _reach(name, entry["curves"])]
        residuals = (inputs.evaluation.get("residuals") or {}).get(target)
        if residuals and residuals["parts"]:
            items.append(_residuals(name, residuals, unit))
        else:
            notes.append(f"{name}: this evaluation has no residuals.")
    coverage = _coverage(inputs)
    if coverage.rows:
        items.append(coverage)
    else:
        notes.append("The models make no intervals.")
    notes.append(
        "Intervals are made for single customers. They do not add up to an interval of a sum, so the total "
        "on the first screen has none; how far the total of the test was off is told instead."
    )
    return Section("amounts", title, [], items, notes)


def _deciles(name: str, bins: Sequence[Mapping[str, Any]], unit: str, most: float) -> Plot:
    highest = max(b[side] for b in bins for side in ("predicted", "actual"))
    top = min(most, svg.nice_ceiling(highest))
    return Plot(
        f"{name}: predicted and actual",
        "Each dot is a tenth of the customers; on the dashed line the prediction is right on average.",
        svg.lines(
            [svg.Series("tenths", [(b["predicted"], b["actual"]) for b in bins], "c-series-1", True)],
            title=f"{name}: predicted and actual, by tenth of customers",
            x_label=f"predicted, {words.name(unit)}",
            y_label=f"actual, {words.name(unit)}",
            x=(0.0, top),
            y=(0.0, top),
            diagonal=True,
            fmt=svg.compact,
        ),
        (">Predicted", ">Actual", ">Actual less predicted", ">Customers"),
        [
            (
                words.measure(b["predicted"]),
                words.measure(b["actual"]),
                words.measure(b["actual"] - b["predicted"]),
                words.count(b["rows"]),
            )
            for b in bins
        ],
    )


def _reach(name: str, curves: Mapping[str, Any]) -> Plot:
    points = list(zip(curves["gain"]["x"], curves["gain"]["y"], strict=True))
    what = name.lower()
    return Plot(
        f"{name}: reach",
        f"How much of all {what} is with the customers predicted to have most; dashed is chance.",
        svg.lines(
            [svg.Series("this model", points, "c-series-1")],
            title=f"{name}: share reached by share of customers",
            x_label="share of customers, highest prediction first",
            y_label=f"share of {what}",
            diagonal=True,
            fmt=svg.percent,
        ),
        (">Share of customers", f">Share of {what}"),
        [(f"{x:.2f}", words.measure(y)) for x, y in points[:: max(1, len(points) // 10)]],
    )


def _residuals(name: str, found: Mapping[str, Any], unit: str) -> Plot:
    parts, keys = found["parts"], ("p10", "p25", "p50", "p75", "p90")
    rows = [
        svg_ranges.Box(str(at), (p["p10"], p["p25"], p["p50"], p["p75"], p["p90"]), p["mean"])
        for at, p in enumerate(parts, 1)
    ]
    title = f"{name}: residuals"
    return Plot(
        title,
        f"Actual less predicted, {words.name(unit)}. Left: lowest predictions. Box: the middle half; line: "
        f"10 to 90 %; dot: mean. Root mean square {words.measure(found['rmse'])}.",
        svg_ranges.boxes(
            rows,
            title=f"{title} by tenth of the prediction",
            x_label="customers in parts of equal size, by prediction",
            y_label="actual less predicted",
        ),
        (">Part", ">Customers", ">Predicted", ">Mean", *(f">{k[1:]} %" for k in keys)),
        [
            (str(at), words.count(p["rows"]), words.measure(p["predicted"]), words.measure(p["mean"]),
             *(words.measure(p[k]) for k in keys))
            for at, p in enumerate(parts, 1)
        ],
    )  # fmt: skip


def _unit(inputs: ReportInputs, target: str) -> str:
    """What a target is counted in."""
    if target == "value":
        return inputs.contract.value_unit
    return f"share of {'days' if inputs.contract.days_known else 'weeks'}"


def _coverage(inputs: ReportInputs) -> Table:
    evaluation: Mapping[str, Any] = inputs.evaluation or {}
    rows: list[tuple[str, ...]] = []
    level = None
    for target, name in TITLES.items():
        found = evaluation["targets"][target].get("intervals")
        if not found:
            continue
        level = found["level"]
        rows += [
            (f"{name}, {said}", words.count(m["rows"]), words.with_interval(m, "coverage"),
             words.share(m["below"]), words.share(m["above"]),
             _width(target, m["mean_width"], _unit(inputs, target)))
            for part, said in _WHO.items()
            if (m := found.get(part)) and m["rows"]
        ]  # fmt: skip
    aim = "" if level is None else f" The aim is {level:.2f}."
    return Table(
        "Intervals: how many outcomes they held",
        ("Customers", ">Number", ">Held (95 % interval)", ">Below", ">Above", ">Mean width"),
        rows,
        "Where nearly everybody does nothing, an interval of [0, 0] holds more than its level however made."
        + aim,
    )


def _width(target: str, found: float, unit: str) -> str:
    return words.amount(found, unit) if target == "value" else f"{words.measure(found)} {unit}"
