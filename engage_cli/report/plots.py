"""The plots of the page: each a drawing, a sentence on how to read it, a legend and its numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engage_cli.report import svg, words
from engage_cli.report.aggregates import Aggregates, Group

MOST_BARS = 12
_BANDS = (("low", "c-low", "low: under 30 %"), ("medium", "c-medium", "medium: 30 to 60 %"))


@dataclass(frozen=True)
class Plot:
    """`lead` says how to read it; `legend` pairs a CSS class with a text; `rows` are its numbers."""

    title: str
    lead: str
    drawing: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[str, str]] = field(default_factory=tuple)


def risk_histogram(found: Aggregates) -> Plot:
    """Customers by churn probability, coloured by risk band."""
    bins = len(found.histogram)
    columns = []
    for index, customers in enumerate(found.histogram):
        low, high = index / bins, (index + 1) / bins
        css = "c-high" if low >= 0.6 - 1e-9 else "c-medium" if low >= 0.3 - 1e-9 else "c-low"
        columns.append(
            svg.Bar(f"{100 * low:.0f} to {100 * high:.0f} %", customers, words.count(customers), css)
        )
    title = "Customers by probability of leaving"
    drawing = svg.columns(
        columns,
        title=f"{title}, in steps of {100 // bins} percent",
        x_label="probability of leaving in 4 weeks",
        y_label="customers",
        x_ticks=[(i / 4, f"{25 * i} %") for i in range(5)],
    )
    legend = [(css, text) for _, css, text in _BANDS] + [("c-high", "high: 60 % and more")]
    return Plot(
        title,
        "Most platforms have a hump at each end: regulars on the left, those long gone on the right.",
        drawing,
        ("Probability", "Customers"),
        [(bar.label, bar.text) for bar in columns],
        legend,
    )


def group_risk(name: str, groups: Sequence[Group]) -> Plot:
    """Share at high risk by group, the highest first."""
    ranked = sorted(groups, key=lambda g: (-g.high_share, g.name))
    shown = ranked[:MOST_BARS]
    title = f"High risk by {name}"
    rest = len(ranked) - len(shown)
    return Plot(
        title,
        "Share of customers at high risk." + (f" The {rest} lower ones are in the table." if rest else ""),
        svg.bars(
            [svg.Bar(g.name, g.high_share, words.share(g.high_share), "c-high") for g in shown], title=title
        ),
        (name.capitalize(), "Customers", "High risk", "Mean probability", "Value at stake"),
        [
            (
                g.name,
                words.count(g.customers),
                f"{words.count(g.high_risk)} ({words.share(g.high_share)})",
                words.share(g.mean_churn),
                words.money(g.value_at_stake),
            )
            for g in ranked
        ],
    )


def reason_plot(reasons: Sequence[tuple[str, int]]) -> Plot:
    """The most frequent first reasons among active customers at high risk."""
    title = "Why active customers are at high risk"
    rows = [svg.Bar(reason, number, words.count(number)) for reason, number in reasons]
    return Plot(
        title,
        "The strongest reason of each customer at high risk who was active in the last four weeks.",
        svg.bars(rows, title=title, label_width=200),
        ("Reason", "Customers"),
        [(bar.label, bar.text) for bar in rows],
    )


def churn_plots(entry: Mapping[str, Any], model: str) -> list[Plot]:
    """Ranking against baselines, ROC, precision and recall, calibration and gain of the churn model."""
    plots = [_against_baselines(entry, model)]
    everybody, recent = entry["curves"], entry["curves_recent"]
    if not everybody:
        return plots
    both = everybody, recent
    roc_axes = "share of stayers flagged", "share of leavers found"
    recall_axes = "share of leavers found (recall)", "right among flagged (precision)"
    gain_axes = "share of customers contacted", "share of leavers reached"
    return [
        *plots,
        _curve("ROC", "roc", *both, roc_axes, "Nearer to the upper left corner is better; dashed is chance."),
        _curve(
            "Precision and recall",
            "precision_recall",
            *both,
            recall_axes,
            "How many of the flagged customers really leave, for each share of leavers found.",
        ),
        _calibration(*both),
        _curve(
            "Reach",
            "gain",
            *both,
            gain_axes,
            "How many of the leavers are reached by contacting those most at risk first.",
        ),
    ]


def _against_baselines(entry: Mapping[str, Any], model: str) -> Plot:
    candidates = [(model, entry["challenger"])]
    if entry.get("champion"):
        candidates.append(("champion so far", entry["champion"]))
    candidates += [(words.BASELINE_NAMES.get(n, n), m) for n, m in entry["baselines"].items()]
    scored = [(name, m["recent"].get("roc_auc"), m["all"].get("roc_auc")) for name, m in candidates]
    bars = [
        svg.Bar(name, auc or 0.0, words.measure(auc), "c-accent" if i == 0 else "c-muted")
        for i, (name, auc, _) in enumerate(scored)
    ]
    title = "Ranking of active customers (ROC AUC)"
    return Plot(
        title,
        "0.5 is chance, 1 is perfect. Measured on weeks that the models had not seen.",
        svg.bars(bars, title=title, label_width=190),
        ("Model", "Active customers", "All customers"),
        [(name, words.measure(auc), words.measure(everybody)) for name, auc, everybody in scored],
    )


def _curve(
    title: str,
    key: str,
    everybody: Mapping[str, Any],
    recent: Mapping[str, Any],
    axes: tuple[str, str],
    lead: str,
) -> Plot:
    curves = [("all customers", everybody[key], "c-series-1")]
    if recent:
        curves.append(("active in the last 4 weeks", recent[key], "c-series-2"))
    x_label, y_label = axes
    # Precision at recall 0 is the luck of a single customer.
    first = 1 if key == "precision_recall" else 0
    drawing = svg.lines(
        [svg.Series(name, list(zip(c["x"], c["y"], strict=True))[first:], css) for name, c, css in curves],
        title=f"{title} of the churn model",
        x_label=x_label,
        y_label=y_label,
        diagonal=key != "precision_recall",
    )
    xs = curves[0][1]["x"]
    sample = range(0, len(xs), max(1, len(xs) // 10))
    rows = [(f"{xs[i]:.2f}", *(f"{c['y'][i]:.3f}" for _, c, _ in curves)) for i in sample]
    return Plot(
        title, lead, drawing, (x_label, *(n for n, _, _ in curves)), rows, [(css, n) for n, _, css in curves]
    )


def _calibration(everybody: Mapping[str, Any], recent: Mapping[str, Any]) -> Plot:
    parts = [("all customers", everybody["calibration"], "c-series-1")]
    if recent:
        parts.append(("active in the last 4 weeks", recent["calibration"], "c-series-2"))
    drawing = svg.lines(
        [svg.Series(n, [(b["predicted"], b["actual"]) for b in bins], css, True) for n, bins, css in parts],
        title="Calibration of the churn model",
        x_label="predicted probability",
        y_label="share that left",
        diagonal=True,
    )
    rows = [
        (name, f"{b['predicted']:.3f}", f"{b['actual']:.3f}", words.count(b["rows"]))
        for name, bins, _ in parts
        for b in bins
    ]
    return Plot(
        "Calibration",
        "On the dashed line, customers leave exactly as often as predicted. Each dot is a tenth of them.",
        drawing,
        ("Customers", "Predicted", "Left", "Number"),
        rows,
        [(css, name) for name, _, css in parts],
    )


def amount_plot(name: str, entry: Mapping[str, Any], unit: str, most: float) -> Plot | None:
    """Predicted against actual amounts (at most `most`) by tenth of customers; None without curves."""
    bins = entry["curves"].get("deciles")
    if not bins:
        return None
    highest = max(b[side] for b in bins for side in ("predicted", "actual"))
    top = min(most, svg.nice_ceiling(highest))
    drawing = svg.lines(
        [
            svg.Series(
                "tenths of customers", [(b["predicted"], b["actual"]) for b in bins], "c-series-1", True
            )
        ],
        title=f"{name}: predicted and actual, by tenth of customers",
        x_label=f"predicted, {unit}",
        y_label=f"actual, {unit}",
        x_max=top,
        y_max=top,
        diagonal=True,
        fmt=svg.compact,
    )
    return Plot(
        f"{name}: predicted and actual",
        "Each dot is a tenth of the customers; on the dashed line the prediction is right on average.",
        drawing,
        ("Predicted", "Actual", "Customers"),
        [(f"{b['predicted']:,.3f}", f"{b['actual']:,.3f}", words.count(b["rows"])) for b in bins],
    )


def importance_plot(importance: Sequence[Mapping[str, Any]]) -> Plot:
    """The features that the churn model gains most from."""
    title = "What the churn model looks at"
    top = [(words.feature(str(row["feature"])), float(row["share"])) for row in importance[:10]]
    return Plot(
        title,
        "Share of the model's total gain, the ten largest.",
        svg.bars(
            [svg.Bar(name, value, words.share(value)) for name, value in top], title=title, label_width=190
        ),
        ("Feature", "Share of gain"),
        [(name, words.share(value)) for name, value in top],
    )


def states_plot(states: Iterable[Mapping[str, Any]]) -> Plot:
    """Seconds by state of the pipeline, in order."""
    rows = [(str(s["state"]), float(s["seconds"]), bool(s.get("finished", True))) for s in states]
    title = "Where the time of the run went"
    return Plot(
        title,
        "Seconds in each state of the pipeline, in order.",
        svg.bars([svg.Bar(n, s, words.duration(s) + ("" if e else " …")) for n, s, e in rows], title=title),
        ("State", "Seconds"),
        [(name, f"{seconds:,.2f}") for name, seconds, _ in rows],
    )


def cost_plot(title: str, lead: str, services: Iterable[tuple[str, float, str]]) -> Plot:
    """Cost by service: name, USD, and the amount as text."""
    rows = list(services)
    return Plot(
        title,
        lead,
        svg.bars([svg.Bar(name, usd, text) for name, usd, text in rows], title=title),
        ("Service", "USD"),
        [(name, text) for name, _, text in rows],
    )
