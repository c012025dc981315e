"""The card of a model version as Markdown: what it is for, what it learnt from, how good and how fair it is,
where it ends, and how to make it again. Standard library only: tables here, numbers from `evaluation.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .data_contract import DataContract

MEASURES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "churn": (
        ("roc_auc", "ROC AUC"),
        ("average_precision", "average precision"),
        ("log_loss", "log loss"),
        ("calibration_error", "calibration error"),
        ("lift_top_decile", "lift in the top decile"),
    ),
    "engagement": (("mae", "MAE"), ("r2", "R2"), ("spearman", "Spearman")),
    "value": (
        ("mae", "MAE"),
        ("gini", "Gini"),
        ("spearman", "Spearman"),
        ("total_ratio", "predicted total / actual total"),
    ),
}
MOST_FEATURES = 8


def version_card(contract: DataContract, model: Mapping[str, Any], evaluation: Mapping[str, Any]) -> str:
    """The card of a version.

    Args:
        model: the content of its `model.json` (metadata of the training).
        evaluation: the content of the run's `evaluation.json`.
    """
    decision = evaluation.get("decision") or {}
    window = model.get("data_window") or {}
    facts = [
        ("Trained in", model.get("run_id")),
        ("As of", model.get("as_of")),
        ("Data window", f"{window.get('from')} to {window.get('until')} (exclusive)" if window else None),
        ("Code", model.get("code_version")),
        ("At the gate", decision.get("reason")),
    ]
    parts = [
        f"# Model card: {model['model_version']}\n",
        "\n".join(f"- {title}: {value}" for title, value in facts if value),
        _purpose(contract),
        _contract(contract),
        "## How good it is\n\nMeasured on a later period than it was trained and validated on, never by a "
        "random split. In brackets: 95 % intervals.",
        *quality(contract, evaluation),
        f"## Most important features\n\n{importance(evaluation.get('importance') or {})}",
        fairness_section(evaluation.get("fairness")),
        _limits(contract),
        _recipe(model),
    ]
    return "\n\n".join(parts) + "\n"


def _purpose(contract: DataContract) -> str:
    lines = [f"- {t.name}: {t.meaning}" for t in contract.targets]
    return (
        "## Purpose\n\nFor each customer, every week:\n\n"
        + "\n".join(lines)
        + "\n\nTo decide whom to write to "
        "or call. Not to refuse anybody a service, a price or credit: it is neither made nor tested for that."
    )


def _contract(contract: DataContract) -> str:
    def listed(names: Iterable[str]) -> str:
        return ", ".join(names) or "none"

    rows = (
        ("data contract", f"{contract.name}, {contract.kind} activity"),
        ("attributes", listed(a.name for a in contract.attributes)),
        ("measures", listed(m.name for m in contract.measures)),
        ("value", f"{contract.value}, {contract.value_unit}"),
        ("horizons (weeks)", listed(f"{name} {weeks}" for name, weeks in contract.horizons.items())),
        ("lookback (weeks)", str(contract.lookback_weeks)),
        ("protected, never a feature", listed(a.name for a in contract.protected)),
    )
    return "## Data\n\n" + table(("what", "which"), rows)


def quality(contract: DataContract, evaluation: Mapping[str, Any]) -> list[str]:
    """A section for each target: model, champion and baselines, all measured on the same rows."""
    found = []
    for target in contract.targets:
        entry = evaluation["targets"].get(target.name)
        if entry:
            unit = contract.value_unit if target.name == "value" else ""
            found.append(_target(target.name, target.meaning, unit, entry))
    return found


def _target(name: str, meaning: str, unit: str, entry: Mapping[str, Any]) -> str:
    """The table of one target; errors are in `unit`, where it has one."""
    measures = MEASURES[name]
    rows = [("this model, all customers", entry["challenger"]["all"])]
    rows.append(("this model, recently active customers", entry["challenger"]["recent"]))
    if entry.get("champion"):
        rows.append(("champion before, all customers", entry["champion"]["all"]))
    for baseline, measured in (entry.get("baselines") or {}).items():
        if measured.get("all"):
            rows.append((f"baseline {baseline.replace('_', ' ')}, all customers", measured["all"]))
    top = entry.get("ceiling")
    if top:
        # Synthetic data only: what could be reached by who knows how the data are made.
        rows.append(("this model, customers with a known ceiling", top["model"]["all"]))
        rows.append(("the ceiling, the same customers", top["ceiling"]["all"]))
    head = (
        "",
        "customers",
        *(f"{title} ({unit})" if unit and key == "mae" else title for key, title in measures),
    )
    cells = [
        (title, f"{int(measured.get('rows') or 0):,}", *(measure(measured, key) for key, _ in measures))
        for title, measured in rows
    ]
    # The ceiling gives means, and a median has the smaller absolute error where most outcomes are zero.
    note = "\n\nThe ceiling tells means, so its MAE is no bound." if top and name != "churn" else ""
    return (
        f"### {name.capitalize()}: {meaning}\n\nTest cut-off {entry['cutoff']}.\n\n{table(head, cells)}{note}"
    )


def measure(measured: Mapping[str, Any], key: str) -> str:
    """A measure in words, with its interval where there is one: `0.812 (0.801 to 0.823)`."""
    value, around = measured.get(key), (measured.get("ci") or {}).get(key)
    if value is None:
        return "not measured"
    return number(value) + (f" ({number(around[0])} to {number(around[1])})" if around else "")


def number(value: Any) -> str:
    return "not measured" if value is None else f"{float(value):.4g}"


def importance(ranked: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The first features of each booster, by their share of the total gain."""
    lines = [
        f"- {name}: "
        + ", ".join(f"{item['feature']} ({float(item['share']):.0%})" for item in items[:MOST_FEATURES])
        for name, items in ranked.items()
        if items
    ]
    return "\n".join(lines) or "Not measured."


def fairness_section(report: Mapping[str, Any] | None) -> str:
    """The fairness report of an evaluation as Markdown."""
    title = "## Fairness"
    if not report or not report.get("attributes"):
        return (
            f"{title}\n\nThe data contract names no protected attribute and no groups: nothing was compared."
        )
    parts = [
        f"{title}\n\nOn the churn test cut-off {report['cutoff']}. Groups under {report['minimum_group']} "
        "customers are shown and not judged. For the four-fifths rule, being at high risk is being selected."
    ]
    for name, found in report["attributes"].items():
        parts.append(_attribute(name, found))
    return "\n\n".join(parts)


def _attribute(name: str, found: Mapping[str, Any]) -> str:
    rule = found["four_fifths"]["high_risk"]
    said = f"Four-fifths rule: **{rule['verdict']}**"
    if rule["reference"] is not None:
        said += f" (lowest ratio {rule['lowest_ratio']:.2f}, beside {rule['reference']})"
    proxy = found.get("proxies")
    if proxy and proxy["verdict"] != "unknown":
        low, high = proxy["auc"]["low"], proxy["auc"]["high"]
        said += (
            f". Proxies: **{proxy['verdict']}** (the features guess it with AUC {proxy['auc']['value']:.2f}, "
            f"{low:.2f} to {high:.2f}"
        )
        said += "".join(f"; {f['feature']} {f['share']:.0%}" for f in proxy["features"]) + ")"
    kind = "protected" if found["protected"] else "a feature"
    head = ("group", "customers", "at high risk", "left", "predicted", "found among leavers", "false alarms")
    rows = [
        (
            g["group"],
            f"{g['customers']:,}",
            share(g["high_risk"]),
            share(g["observed"]),
            f"{g['predicted']:.1%}",
            share(g["true_positive_rate"]),
            share(g["false_positive_rate"]),
        )
        for g in found["groups"]
    ]
    return f"### {name.replace('_', ' ').capitalize()} ({kind})\n\n{said}.\n\n{table(head, rows)}"


def share(found: Mapping[str, Any]) -> str:
    """A share with its interval: `12.3% (10.1 to 14.8)`."""
    if found["rate"] is None:
        return "nobody"
    return f"{found['rate']:.1%} ({100 * found['low']:.1f} to {100 * found['high']:.1f})"


def _limits(contract: DataContract) -> str:
    lines = [
        "- It says who is likely to leave, not who would stay if you wrote to them.",
        f"- It knows a customer's last {contract.lookback_weeks} weeks, and nothing that is not in the data.",
        "- A prediction for a new customer rests on little; groups that training hardly saw, too.",
        "- It is as good as measured only while customers behave as they did: see `engage models drift`.",
    ]
    return "## Limits\n\n" + "\n".join(lines)


def _recipe(model: Mapping[str, Any]) -> str:
    cutoffs = model.get("cutoffs") or {}
    rows = [
        *(
            (f"training cut-offs, {name}", ", ".join(days))
            for name, days in (cutoffs.get("train") or {}).items()
        ),
        *((f"trees, {name}", str(rounds)) for name, rounds in (model.get("rounds") or {}).items()),
        *((name, str(value)) for name, value in sorted((model.get("params") or {}).items())),
        ("seed", str(model.get("seed"))),
        ("threads", str(model.get("threads"))),
    ]
    return (
        "## How to make it again\n\n"
        "The same code, data, as-of date, seed and threads give the same bytes:\n\n"
        f"    engage run-pipeline --as-of {model.get('as_of')}\n\n{table(('parameter', 'value'), rows)}"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the first are numbers and stand to the right when there are many."""
    marks = ["---", *(["---:"] * (len(head) - 1) if len(head) > 2 else ["---"])]
    # A word of the user's data may hold the sign that ends a cell.
    cells = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join([f"| {' | '.join(head)} |", f"|{'|'.join(marks)}|", *(f"| {row} |" for row in cells)])
