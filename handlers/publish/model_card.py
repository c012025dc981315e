"""The model card: how good the models are on data from after their training, and compared with what."""

from typing import Any

from engage_ml.data_contract import DataContract

MEASURES: dict[str, tuple[tuple[str, str], ...]] = {
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


def model_card(contract: DataContract, run: dict[str, Any], evaluation: dict[str, Any]) -> str:
    """Metrics by target of model, champion and baselines on the test cut-off, and the gate's decision."""
    promoted = run["promote"]
    parts = [
        f"# Model card: {promoted['model_version']}\n",
        f"- Serves the predictions as of {run['as_of']}",
        f"- Trained in run {run['run_id']}: {promoted['challenger']}",
        f"- Promotion: {promoted['reason']}",
        "- Test: on a later period than training and validation, never by random split",
    ]
    for target in contract.targets:
        entry = evaluation["targets"].get(target.name)
        if entry:
            unit = contract.value_unit if target.name == "value" else ""
            parts.append(_target(target.name, target.meaning, unit, entry))
    important = _importance(evaluation.get("importance") or {})
    if important:
        parts.append(f"\n## Most important features\n\n{important}")
    return "\n".join(parts) + "\n"


def _target(name: str, meaning: str, unit: str, entry: dict[str, Any]) -> str:
    """The table of one target; errors are in `unit`, where it has one."""
    measures = MEASURES[name]
    titles = (f"{title} ({unit})" if unit and key == "mae" else title for key, title in measures)
    head = " | ".join(titles)
    rows = [_row("new model, all customers", entry["challenger"]["all"], measures)]
    rows.append(_row("new model, recently active customers", entry["challenger"]["recent"], measures))
    if entry.get("champion"):
        rows.append(_row("champion before, all customers", entry["champion"]["all"], measures))
    for baseline, measured in (entry.get("baselines") or {}).items():
        rows.append(_row(f"baseline {baseline.replace('_', ' ')}, all customers", measured["all"], measures))
    return (
        f"\n## {name.capitalize()}: {meaning}\n\nTest cut-off {entry['cutoff']}.\n\n"
        f"| | customers | {head} |\n|---|---:|{'---:|' * len(measures)}\n" + "\n".join(rows)
    )


def _row(title: str, measured: dict[str, Any], measures: tuple[tuple[str, str], ...]) -> str:
    cells = [_number(measured.get(measure)) for measure, _ in measures]
    return f"| {title} | {int(measured.get('rows') or 0):,} | {' | '.join(cells)} |"


def _number(value: Any) -> str:
    return "not measured" if value is None else f"{float(value):.4g}"


def _importance(importance: dict[str, list[dict[str, Any]]], most: int = 8) -> str:
    """The first features of each booster, by their share of the total gain."""
    return "\n".join(
        f"- {name}: " + ", ".join(f"{item['feature']} ({float(item['share']):.0%})" for item in ranked[:most])
        for name, ranked in importance.items()
        if ranked
    )
