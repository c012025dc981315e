"""Puts the page together: what goes where, and in which words.

The first screen is for whoever decides (customers, risk, money, quality in words, cost); below it every
number has its plot and its table for whoever checks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from math import inf
from typing import Any

from engage_cli.cost.model import WEEKLY_RUNS_PER_MONTH, CostReport, Line, MonthLine
from engage_cli.cost.render import amount, by_service, dollars, notes, total_text
from engage_cli.cost.usage import Usage
from engage_cli.report import plots, words
from engage_cli.report.aggregates import Aggregates
from engage_cli.report.plots import Plot

MOST_SEGMENTS = 10
MOST_TASKS = 20
MOST_GROUP_PLOTS = 3
_TARGETS = {
    "churn": ("Churn", (("roc_auc", "ROC AUC"), ("average_precision", "average precision"),
                        ("log_loss", "log loss"), ("calibration_error", "calibration error"))),
    "engagement": ("Engagement", (("mae", "MAE"), ("r2", "R²"), ("spearman", "rank correlation"))),
    "value": ("Value", (("mae", "MAE, USD"), ("gini", "Gini"), ("spearman", "rank correlation"),
                        ("total_ratio", "predicted / actual total"))),
}  # fmt: skip


@dataclass(frozen=True)
class ReportInputs:
    """What the page is made from. `evaluation` and `cost` may be missing: the page then says so."""

    environment: str | None
    target: str | None  # "local" or "aws"
    as_of: str
    generated: str
    usage: Usage | None
    predictions: Aggregates
    evaluation: Mapping[str, Any] | None
    cost: CostReport | None


@dataclass(frozen=True)
class Tile:
    """A number on the first screen."""

    label: str
    value: str
    note: str
    css: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the page; columns whose name begins with ">" are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def build_report(inputs: ReportInputs) -> str:
    """Return the page: one HTML document that needs nothing else."""
    from jinja2 import Environment

    # Autoescape: names of countries and plans come from customers' files.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_asset("page.html.j2"))
    return template.render(
        inputs=inputs,
        style=_asset("page.css"),
        tiles=_tiles(inputs),
        brief=_brief(inputs),
        risk_plots=_risk_plots(inputs.predictions),
        segments=_segments(inputs.predictions),
        quality=_quality(inputs.evaluation),
        run=_run(inputs.usage),
        cost=_cost(inputs.cost),
    )


def _asset(name: str) -> str:
    return resources.files("engage_cli.report").joinpath(name).read_text(encoding="utf-8")


def serving(evaluation: Mapping[str, Any]) -> str:
    """Return which model made the predictions: the challenger when it was promoted, else the champion."""
    return "challenger" if evaluation["decision"]["promote"] else "champion"


def _tiles(inputs: ReportInputs) -> list[Tile]:
    everybody = inputs.predictions.everybody
    stake_share = everybody.value_at_stake / everybody.expected_value if everybody.expected_value else 0.0
    return [
        Tile("Customers scored", words.count(everybody.customers), f"as of {inputs.as_of}"),
        Tile(
            "At high risk of leaving",
            words.count(everybody.high_risk),
            f"{words.share(everybody.high_share)} of all; {words.count(everybody.high_risk_active)} of them "
            "were active in the last 4 weeks",
            "high",
        ),
        Tile(
            "Value at stake",
            words.money(everybody.value_at_stake),
            f"{words.share(stake_share)} of the spend expected in 12 weeks is with customers at high "
            "or medium risk",
            "medium",
        ),
        _quality_tile(inputs.evaluation),
        _cost_tile(inputs.cost),
    ]


def _quality_tile(evaluation: Mapping[str, Any] | None) -> Tile:
    if evaluation is None:
        return Tile("Model quality", "unknown", "this run has no evaluation")
    entry = evaluation["targets"]["churn"]
    grade, _ = words.churn_verdict(entry, serving(evaluation))
    auc = entry[serving(evaluation)]["recent"].get("roc_auc")
    note = f"at telling who of the active customers will leave (ROC AUC {words.measure(auc, 2)})"
    return Tile("Model quality", grade, note)


def _cost_tile(cost: CostReport | None) -> Tile:
    if cost is None:
        return Tile("Cost on AWS", "unknown", "this run was not metered")
    month = total_text(cost.month.list_price)
    sign = "≥ " if cost.run.at_least else ""
    return Tile(
        "Cost on AWS",
        f"{sign}{words.money(float(cost.run.usd))}",
        f"for this run; {month} for a month of {_runs(cost)}, before free allowances",
    )


def _runs(cost: CostReport) -> str:
    runs = cost.month.runs
    return "weekly runs" if runs == WEEKLY_RUNS_PER_MONTH else f"{float(runs):.3g} runs"


def _brief(inputs: ReportInputs) -> list[str]:
    everybody = inputs.predictions.everybody
    sentences = [
        f"{words.count(everybody.high_risk)} of {words.count(everybody.customers)} customers are likely to "
        f"be inactive in all of the next four weeks. {words.count(everybody.high_risk_active)} of them were "
        "active in the last four: these can still be reached in time.",
    ]
    if inputs.predictions.segments:
        top = inputs.predictions.segments[0]
        sentences.append(
            f"Most value is at stake with {top.name}: {words.money(top.value_at_stake)} from "
            f"{words.count(top.customers)} customers."
        )
    if inputs.evaluation is not None:
        _, backing = words.churn_verdict(inputs.evaluation["targets"]["churn"], serving(inputs.evaluation))
        sentences.append(" ".join(backing[:2]))
    return sentences


def _risk_plots(found: Aggregates) -> list[Plot]:
    drawn = [plots.risk_histogram(found)]
    some = list(found.by.items())[:MOST_GROUP_PLOTS]
    drawn += [plots.group_risk(words.feature(name), groups) for name, groups in some if groups]
    if found.reasons:
        drawn.insert(1, plots.reason_plot(found.reasons))
    return drawn


def _segments(found: Aggregates) -> Table:
    return Table(
        f"Where most value is at stake, by {' and '.join(map(words.feature, found.segmented_by))}",
        ("Segment", ">Customers", ">High risk", ">Mean probability", ">Value at stake"),
        [
            (
                g.name,
                words.count(g.customers),
                words.count(g.high_risk),
                words.share(g.mean_churn),
                words.money(g.value_at_stake),
            )
            for g in found.segments[:MOST_SEGMENTS]
        ],
    )


def _quality(evaluation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if evaluation is None:
        return None
    targets = evaluation["targets"]
    promoted = evaluation["decision"]["promote"]
    model = "this model" if promoted else "new model (not promoted)"
    _, backing = words.churn_verdict(targets["churn"], serving(evaluation))
    drawn = plots.churn_plots(targets["churn"], model)
    amounts = (
        ("Engagement", "engagement", "share of days", 1.0),
        ("Value", "value", "USD in 12 weeks", inf),
    )
    drawn += [
        plot
        for name, key, unit, most in amounts
        if (plot := plots.amount_plot(name, targets[key], unit, most))
    ]
    if evaluation["importance"].get("churn"):
        drawn.append(plots.importance_plot(evaluation["importance"]["churn"]))
    return {
        "sentences": backing,
        "decision": f"Which model serves: {evaluation['decision']['reason']}",
        "version": evaluation["model_version"] if promoted else evaluation["champion_version"],
        "plots": drawn,
        "tables": [_measures(targets[key], *_TARGETS[key], model) for key in _TARGETS],
    }


def _measures(entry: Mapping[str, Any], title: str, names: Sequence[tuple[str, str]], model: str) -> Table:
    """All measures of one target on its test weeks: models below each other, all and active customers."""
    models = [(model, entry["challenger"])]
    if entry.get("champion"):
        models.append(("champion so far", entry["champion"]))
    models += [(words.BASELINE_NAMES.get(n, n), m) for n, m in entry["baselines"].items()]
    rows = [
        (name, who, words.count(m[part]["rows"]), *(words.measure(m[part].get(key)) for key, _ in names))
        for name, m in models
        for part, who in (("all", "all"), ("recent", "active"))
    ]
    heading = f"{title}: {entry['horizon_weeks']} weeks from {entry['cutoff']}"
    return Table(heading, ("Model", "Customers", ">Number", *(f">{label}" for _, label in names)), rows)


def _run(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None or not usage.states:
        return None
    return {
        "sentence": f"It began {words.moment(usage.started)} and took {words.duration(float(usage.seconds))} "
        "until it was metered",
        "plot": plots.states_plot(usage.states),
        "tasks": Table(
            "Containers",
            ("Task", ">Size", ">Start", ">Run", ">Billed"),
            [
                (
                    task.family,
                    f"{float(task.vcpu):g} vCPU, {float(task.memory_gb):g} GB",
                    words.duration(float(task.start_seconds)),
                    words.duration(float(task.run_seconds)),
                    words.duration(float(task.billed_seconds)),
                )
                for task in usage.tasks[:MOST_TASKS]
            ],
        ),
    }


def _cost(cost: CostReport | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    run = [line for line in cost.lines if line.per == "run"]
    lines = sorted(run, key=lambda line: (line.usd is None, -(line.usd or 0)))
    month = sorted(cost.month.lines, key=lambda row: (row.usd is None, -(row.usd or 0)))
    return {
        "plots": [
            plots.cost_plot(
                "This run by service", "List price on AWS of what the run really used.", _services(run)
            ),
            plots.cost_plot(
                "A month by service",
                f"List price of {float(cost.month.runs):.2f} runs and of what is paid without any.",
                _services(cost.month.lines),
            ),
        ],
        "run": total_text(cost.run),
        "runs": _runs(cost),
        "per_thousand": total_text(cost.per_thousand_predictions)
        if cost.per_thousand_predictions
        else "unknown",
        "month": total_text(cost.month.list_price),
        "after_free": total_text(cost.month.after_free_tier),
        "tables": [
            Table(
                "This run, line by line",
                ("Service", "Item", "Detail", ">Used", ">Cost"),
                [(x.service, x.item, x.detail, amount(x.quantity, x.unit), dollars(x.usd)) for x in lines],
            ),
            Table(
                f"A month of {float(cost.month.runs):.2f} runs",
                ("Service", "Item", ">Used", ">List price", ">After always-free"),
                [
                    (
                        row.line.service,
                        row.line.item,
                        amount(row.quantity, row.line.unit),
                        dollars(row.usd),
                        dollars(row.usd_after_free_tier),
                    )
                    for row in month
                ],
            ),
        ],
        "notes": notes(cost),
    }


def _services(lines: Sequence[Line] | Sequence[MonthLine]) -> list[tuple[str, float, str]]:
    return [(name, float(t.usd), total_text(t)) for name, t in by_service(lines) if t.usd or t.at_least]
