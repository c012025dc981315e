"""Where the predictions come from: data, what was set aside, splits by time, how to make them again."""

from collections.abc import Mapping
from typing import Any

from engage_cli.report import words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Section, Table
from engage_cli.report.summary import data_quality

_TARGETS = ("churn", "engagement", "value")


def section(inputs: ReportInputs) -> Section:
    """Data quality, splits, provenance."""
    items: list[Item] = []
    notes: list[str] = []
    quality = data_quality(inputs)
    if quality is None:
        notes.append("What was set aside is not known: the run's status does not tell.")
    else:
        items.append(_quality(quality))
    if inputs.spec is not None:
        items.append(_splits(inputs.spec["cutoffs"]))
    items.append(_provenance(inputs))
    notes.append(
        "Features at a cut-off are from before it, outcomes from after it; the weeks of training, "
        "validation and test do not overlap."
    )
    contract = inputs.contract
    sentence = (
        f"Data contract “{contract.name}”: {contract.kind} activity, looking back "
        f"{words.counted(contract.lookback_weeks, 'week')}; value is {words.name(contract.value)} in "
        f"{words.name(contract.value_unit)}."
    )
    return Section("origin", "Where it comes from", [sentence], items, notes)


def _quality(found: Mapping[str, Any]) -> Table:
    rows: list[tuple[str, ...]] = []
    for table in ("customers", "activity"):
        counts = found.get(table)
        if counts is None:
            continue
        rows.append(
            (words.capital(table), words.count(counts["rows"]), words.count(counts["clean"]),
             words.count(counts["quarantined"]), _share(counts["quarantined"], counts["rows"]))
        )  # fmt: skip
        rows += [
            (f"  {reason}", "", "", words.count(number), _share(number, counts["rows"]))
            for reason, number in sorted((counts.get("reasons") or {}).items(), key=lambda r: (-r[1], r[0]))
        ]
    since = f"{words.counted(found['weeks'], 'week')} of activity, from {found['from_week']}."
    return Table(
        "Data quality: rows read, and set aside by reason",
        ("Table, reason", ">Read", ">Used", ">Set aside", ">Share"),
        rows,
        since,
    )


def _share(part: float, whole: float) -> str:
    return words.share(part / whole) if whole else "–"


def _splits(cutoffs: Mapping[str, Any]) -> Table:
    rows = [
        (
            words.capital(target),
            words.counted(cutoffs["horizon_weeks"][target], "week"),
            ", ".join(sorted(cutoffs["train"][target])),
            cutoffs["validation"][target],
            cutoffs["test"][target],
        )
        for target in _TARGETS
        if target in cutoffs["test"]
    ]
    return Table("Splits by time", ("Target", "Horizon", "Training cut-offs", "Validation", "Test"), rows)


def _provenance(inputs: ReportInputs) -> Table:
    model: Mapping[str, Any] = inputs.model or {}
    evaluation: Mapping[str, Any] = inputs.evaluation or {}
    window = model.get("data_window") or {}
    rows = [
        ("Run", inputs.run_id),
        ("Model that predicted", inputs.serving_version or "not known"),
        ("Model that this run trained", evaluation.get("model_version") or "not known"),
        ("Champion before", evaluation.get("champion_version") or "none"),
        ("Why", evaluation.get("decision", {}).get("reason") or "not known"),
    ]
    if model:
        rows += [
            ("Data", f"{window.get('from', '?')} to {window.get('until', '?')}"),
            ("Features", f"{len(model['features'])} (docs: data dictionary)"),
            ("Trees", _pairs(model.get("rounds"))),
            ("Parameters", _pairs(model.get("params"))),
            ("Seed, threads", f"{model.get('seed', '?')}, {model.get('threads', '?')}"),
            ("Code", str(model.get("code_version", "not known"))),
            ("Training", words.duration(float((model.get("training_seconds") or {}).get("total", 0)))),
        ]
    else:
        rows.append(("Parameters", "not known: the model's description is no longer stored"))
    return Table("How it was made", ("What", "Which"), rows)


def _pairs(found: Mapping[str, Any] | None) -> str:
    """A flat mapping in one line; of a nested one each part in brackets."""
    if not found:
        return "not known"
    return ", ".join(
        f"{name} ({_pairs(value)})" if isinstance(value, Mapping) else f"{name} {value}"
        for name, value in sorted(found.items())
    )
