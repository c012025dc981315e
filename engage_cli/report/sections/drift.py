"""Has anything changed? Inputs and predictions against those of the model's test, and earlier predictions
against what happened.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from engage_cli.models.drift import in_words, row_verdict, thresholds
from engage_cli.report import svg, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table

HISTOGRAMS = 4
MOST_LABELS = 40
_TARGETS = {"churn": "Customers who left", "engagement": "Engagement, sum", "value": "Value, sum"}
_VERDICTS = {"none": "none", "watch": "watch", "alert": "alert", "unknown": "not known"}


def section(inputs: ReportInputs) -> Section:
    """PSI of features and predictions, the most moved ones drawn, and the outcomes of earlier predictions."""
    title = "Has anything changed?"
    if inputs.monitor is None:
        return Section(
            "drift", title, ["This run was not monitored, or by another version, so drift is not known."]
        )
    monitor = inputs.monitor
    items: list[Item] = [_outcomes(monitor, inputs.contract.value_unit)]
    items += [_histogram(inputs, kind, row["name"], row["psi"]) for kind, row in _worst(inputs)]
    items += [
        _compared("Predictions against the model's test", monitor["predictions"]),
        _compared("Features against the model's test", monitor["features"]),
    ]
    notes = [
        f"{thresholds(monitor)} PSI is the population stability index; KS the largest gap of the cumulative "
        "shares.",
        "Usual is what the same thing moved earlier in as many weeks; learnt, how far it is from the "
        "training window. Not judged: features that age by their nature, such as the time since sign-up and "
        "everything over the whole known history.",
    ]
    notes += [str(monitor[k]["why"]) for k in ("features",) if monitor[k].get("why")]
    if inputs.counts is None and monitor["features"]["compared"]:
        notes.append("No histograms: the counts of this run are no longer stored.")
    said = f"Drift: {_VERDICTS[monitor['verdict']]} (features {_VERDICTS[monitor['features']['verdict']]}, "
    said += f"predictions {_VERDICTS[monitor['predictions']['verdict']]}, outcomes "
    said += ", ".join(f"of {t} {_VERDICTS[p['verdict']]}" for t, p in monitor["performance"].items()) + ")."
    return Section("drift", title, [said, *in_words(monitor)], [i for i in items if i.rows], notes)


def _outcomes(monitor: Mapping[str, Any], unit: str) -> Table:
    rows: list[tuple[str, ...]] = []
    for target, name in _TARGETS.items():
        found = monitor["performance"].get(target)
        if found is None or "total" not in found or "ratio" not in found["total"]:
            why = (found or {}).get("why") or "Too few customers, or nothing was expected."
            rows.append((name, (found or {}).get("as_of", "–"), "–", "–", why, "–", "not known"))
            continue
        named = name if target != "value" else f"{name} ({words.name(unit)})"
        rows.append(_outcome(named, found, ""))
        if "ratio" in (found.get("total_recent") or {}):
            rows.append(_outcome(f"{name}, active only", found, "_recent"))
    return Table(
        "Earlier predictions, and what happened since",
        (
            "Predicted",
            "As of",
            ">Expected",
            ">Observed",
            ">Observed / expected",
            ">AUC",
            "Verdict",
        ),
        rows,
        "The predictions as they were published a horizon ago, beside what is known today.",
    )


def _outcome(name: str, found: Mapping[str, Any], population: str) -> tuple[str, ...]:
    """A row of outcomes, of all customers or of the `_recent` ones."""
    auc = found.get(f"auc{population}") or {}
    ranked = (
        f"{words.spanned(auc['value'], auc['low'], auc['high'])}, test {words.measure(auc['at_test'])}"
        if "value" in auc
        else "–"
    )
    sums, verdict = _sums(found[f"total{population}"]), row_verdict(found, population)
    return name, found["as_of"], *sums, ranked, _VERDICTS[verdict]


def _sums(total: Mapping[str, Any]) -> tuple[str, str, str]:
    ratio = words.spanned(total["ratio"], total["low"], total["high"])
    return words.count(total["expected"]), words.count(total["observed"]), ratio


def _compared(title: str, found: Mapping[str, Any]) -> Table:
    rows = [
        (
            words.name(row["name"]),
            words.measure(row["psi"]),
            words.measure(row["usual"]),
            words.measure(row["learnt"]),
            words.measure(row["ks"]),
            _missing(row.get("missing")),
            _VERDICTS[row["verdict"]] if row["judged"] else "not judged",
        )
        for row in found["compared"]
    ]
    return Table(
        title,
        ("Name", ">PSI", ">Usual", ">Learnt", ">KS", ">Missing, before and now", "Verdict"),
        rows,
        open=len(rows) < 8,
    )


def _missing(found: Mapping[str, float] | None) -> str:
    return "–" if found is None else f"{words.share(found['before'])} / {words.share(found['now'])}"


def _worst(inputs: ReportInputs) -> list[tuple[str, Mapping[str, Any]]]:
    """The features that moved (else the first one), and the most moved prediction; only those with counts."""
    assert inputs.monitor is not None
    if inputs.counts is None or inputs.reference is None:
        return []
    judged = [row for row in inputs.monitor["features"]["compared"] if row["judged"]]
    moved = [row for row in judged if row["verdict"] in ("watch", "alert")]
    chosen = [("features", row) for row in (moved or judged[:1])[:HISTOGRAMS]]
    chosen += [("predictions", r) for r in inputs.monitor["predictions"]["compared"][:1]]
    return [
        (kind, row)
        for kind, row in chosen
        if row["psi"] is not None
        and row["name"] in inputs.counts[kind]
        and row["name"] in inputs.reference[kind]
    ]


def _histogram(inputs: ReportInputs, kind: str, name: str, psi: float) -> Plot:
    assert inputs.reference is not None
    assert inputs.counts is not None
    known = inputs.reference[kind][name]
    before, now = known["counts"], inputs.counts[kind][name]
    labels = bin_labels(known)
    shown = [at for at in range(len(labels)) if before[at] or now[at]][:MOST_LABELS]
    n, m = sum(before) or 1, sum(now) or 1
    groups = [
        [
            svg.Bar(f"{labels[at]}, before", before[at] / n, words.share(before[at] / n), "c-muted"),
            svg.Bar(f"{labels[at]}, now", now[at] / m, words.share(now[at] / m), "c-accent"),
        ]
        for at in shown
    ]
    title = f"{words.capital(words.name(name))}: before and now"
    few = len(shown) <= 5
    return Plot(
        title,
        f"Share of customers in each bin; in the training window all are of about one size. PSI {psi:.3f}.",
        svg.columns(
            groups,
            title=title,
            x_label=words.name(name) if few else f"{words.name(name)}, low to high",
            y_label="share of customers",
            x_ticks=[((i + 0.5) / len(shown), labels[at][:9]) for i, at in enumerate(shown)]
            if few else [(0.5 / len(shown), labels[shown[0]]), (1 - 0.5 / len(shown), labels[shown[-1]])],
            y_format=svg.percent,
        ),
        ("Bin", ">Before", ">Now"),
        [(labels[at], group[0].text, group[1].text) for at, group in zip(shown, groups, strict=True)],
        [("c-muted", "at the model's test"), ("c-accent", "this run")],
    )  # fmt: skip


def bin_labels(known: Mapping[str, Any]) -> Sequence[str]:
    """The bins of a reference in words; the last one is that of missing values."""
    if known["kind"] == "words":
        return [*known["words"], "others", "missing"]
    edges = known["edges"]
    if not edges:
        return ["all", "missing"]
    inner = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return [f"to {edges[0]:.4g}", *inner, f"over {edges[-1]:.4g}", "missing"]
