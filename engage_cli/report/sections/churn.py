"""Curves of the churn model: ROC, precision and recall, calibration with counts, reach and lift."""

from collections.abc import Mapping, Sequence
from typing import Any

from engage_cli.report import svg, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section

Curves = Sequence[tuple[str, Mapping[str, Any], str]]  # who, curves, CSS class
SAMPLED_ROWS = 11


def section(inputs: ReportInputs) -> Section:
    """The curves of the new model, on all and on active customers."""
    title = "Churn in detail"
    entry = None if inputs.evaluation is None else inputs.evaluation["targets"]["churn"]
    if entry is None or not entry.get("curves"):
        return Section(
            "churn", title, ["There are no curves: the test needs customers who left and who stayed."]
        )
    recent = words.counted(inputs.contract.recent_weeks, "week")
    parts: list[tuple[str, Mapping[str, Any], str]] = [("all customers", entry["curves"], "c-series-1")]
    if entry.get("curves_recent"):
        parts.append((f"active in the last {recent}", entry["curves_recent"], "c-series-2"))
    new = "" if inputs.serving == "challenger" else " They are those of the new model, which does not serve."
    items: list[Item] = [
        _curve(parts, "ROC", "roc", ("stayers flagged", "leavers found"),
               "Nearer to the upper left corner is better; dashed is chance.", diagonal=True),
        _curve(parts, "Precision and recall", "precision_recall",
               ("leavers found (recall)", "precision"),
               "How many of the flagged customers really leave, for each share of leavers found."),
        _calibration(parts),
        _histogram(parts),
        _curve(parts, "Reach (gains)", "gain", ("customers contacted", "leavers reached"),
               "How many of the leavers are reached by contacting those most at risk first.", diagonal=True),
        _lift(parts),
    ]  # fmt: skip
    sentence = (
        f"From {entry['cutoff']} on, {entry['horizon_weeks']} weeks that no part of training had seen.{new}"
    )
    return Section("churn", title, [sentence], items)


def _curve(
    parts: Curves, title: str, key: str, axes: tuple[str, str], lead: str, *, diagonal: bool = False
) -> Plot:
    # Precision at recall 0 is the luck of a single customer.
    first = 1 if key == "precision_recall" else 0
    points = [(who, list(zip(c[key]["x"], c[key]["y"], strict=True))[first:], css) for who, c, css in parts]
    x_label, y_label = axes
    return Plot(
        title,
        lead,
        svg.lines(
            [svg.Series(who, p, css) for who, p, css in points],
            title=f"{title} of the churn model",
            x_label=f"share of {x_label}",
            y_label=y_label if key == "precision_recall" else f"share of {y_label}",
            diagonal=diagonal,
            fmt=svg.percent,
        ),
        (f">Share of {x_label}", *(f">{words.capital(who)}" for who, _, _ in points)),
        _sampled([p for _, p, _ in points]),
        [(css, who) for who, _, css in points],
    )


def _sampled(curves: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[str, ...]]:
    """About a tenth of the points; all curves are given at the same places."""
    length = min(len(c) for c in curves)
    step = max(1, (length - 1) // (SAMPLED_ROWS - 1))
    return [
        (f"{curves[0][i][0]:.2f}", *(words.measure(c[i][1]) for c in curves)) for i in range(0, length, step)
    ]


def _calibration(parts: Curves) -> Plot:
    return Plot(
        "Calibration",
        "On the dashed line, customers leave exactly as often as predicted. Each dot is a tenth of them.",
        svg.lines(
            [
                svg.Series(who, [(b["predicted"], b["actual"]) for b in c["calibration"]], css, True)
                for who, c, css in parts
            ],
            title="Calibration of the churn model",
            x_label="predicted chance of leaving",
            y_label="share that left",
            diagonal=True,
            fmt=svg.percent,
        ),
        ("Customers", ">Predicted", ">Left", ">Number"),
        [
            (who, words.measure(b["predicted"]), words.measure(b["actual"]), words.count(b["rows"]))
            for who, c, _ in parts
            for b in c["calibration"]
        ],
        [(css, who) for who, _, css in parts],
    )


def _histogram(parts: Curves) -> Plot:
    """How many test customers got which chance, so that one sees how much each dot of calibration weighs."""
    found = [c["histogram"] for _, c, _ in parts]
    edges = found[0]["edges"]
    groups = [
        [
            svg.Bar(f"{who}, {100 * edges[i]:.0f} to {100 * edges[i + 1]:.0f} %", h["counts"][i],
                    words.count(h["counts"][i]), css)
            for (who, _, css), h in zip(parts, found, strict=True)
        ]
        for i in range(len(edges) - 1)
    ]  # fmt: skip
    title = "Predicted chances in the test"
    return Plot(
        title,
        "How many customers of the test got which chance of leaving.",
        svg.columns(
            groups, title=title, x_label="predicted chance of leaving", y_label="customers",
            x_ticks=[(i / 4, svg.percent(i / 4)) for i in range(5)], height=280,
        ),
        ("Chance", *(f">{words.capital(who)}" for who, _, _ in parts)),
        [
            (f"{100 * edges[i]:.0f} to {100 * edges[i + 1]:.0f} %", *(bar.text for bar in group))
            for i, group in enumerate(groups)
        ],
        [(css, who) for who, _, css in parts],
    )  # fmt: skip


def _lift(parts: Curves) -> Plot:
    """Leavers among those contacted, as a multiple of the average: reach over share contacted."""
    series = [
        (who, [(x, y / x) for x, y in zip(c["gain"]["x"], c["gain"]["y"], strict=True) if x >= 0.02], css)
        for who, c, css in parts
    ]
    top = svg.nice_ceiling(max(y for _, points, _ in series for _, y in points))
    return Plot(
        "Lift",
        "How many times as often as the average those leave who are contacted first; 1 is chance.",
        svg.lines(
            [svg.Series(who, points, css) for who, points, css in series],
            title="Lift of the churn model",
            x_label="share of customers contacted",
            y_label="times the average",
            y=(0.0, top),
            level=1.0,
            fmt=svg.percent,
            y_format=svg.compact,
        ),
        (">Share contacted", *(f">{words.capital(who)}" for who, _, _ in series)),
        _sampled([points for _, points, _ in series]),
        [(css, who) for who, _, css in series],
    )
