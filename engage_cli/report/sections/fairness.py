"""Does the churn model treat groups alike, and do its features stand for a protected attribute?"""

from collections.abc import Mapping
from typing import Any

from engage_cli.report import svg, svg_ranges, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table

_VERDICTS = {
    "pass": "passes the four-fifths rule",
    "below": "falls short of the four-fifths rule",
    "unclear": "may fall short of the four-fifths rule; it can be chance",
    "unknown": "cannot be judged: too few customers",
}


def section(inputs: ReportInputs) -> Section:
    """A drawing and a table for each audited attribute, then the proxies."""
    title = "Fairness"
    found = None if inputs.evaluation is None else inputs.evaluation.get("fairness")
    if not found:
        return Section("fairness", title, ["Fairness was not audited in this run."])
    if not found["attributes"]:
        return Section(
            "fairness", title, ["The data contract names no protected attribute and no bands to audit."]
        )
    items: list[Item] = []
    sentences: list[str] = []
    for name, audit in found["attributes"].items():
        sentences.append(_verdict(name, audit))
        items.append(_rates(name, audit))
    items += [_table(name, audit) for name, audit in found["attributes"].items()]
    proxies = _proxies(found["attributes"])
    if proxies.rows:
        items.append(proxies)
    notes = [
        f"On {words.count(found['rows'])} customers of the test from {found['cutoff']}; "
        "in brackets 95 % intervals.",
        "Selected: called at risk. The four-fifths rule asks that no group's rate be under 80 % of the "
        "highest group's. Where groups really leave at different rates, a good model's calls differ as well: "
        "compare the ratio of outcomes.",
        f"Groups under {words.counted(found['minimum_group'], 'customer')} are shown and not judged.",
    ]
    return Section("fairness", title, sentences, items, notes)


def _verdict(name: str, audit: Mapping[str, Any]) -> str:
    rule = audit["four_fifths"]["high_risk"]
    text = f"{words.capital(words.name(name))}: {_VERDICTS[rule['verdict']]}"
    if rule["lowest_ratio"] is not None:
        text += f" (lowest ratio {rule['lowest_ratio']:.2f})"
    return text + "."


def _rates(name: str, audit: Mapping[str, Any]) -> Plot:
    title = f"Called at risk, by {words.name(name)}"
    rows = [
        svg_ranges.Estimate(
            g["group"],
            g["high_risk"]["rate"],
            (g["high_risk"]["low"], g["high_risk"]["high"]),
            "c-accent" if g["judged"] else "c-muted",
        )
        for g in audit["groups"]
        if g["high_risk"]["rate"] is not None
    ]
    return Plot(
        title,
        "Share of the group's customers, with its 95 % interval. Grey: too small, or unknown, so not judged.",
        svg_ranges.estimates(
            rows, title=title, x_label="share called at risk", fmt=lambda v: svg.percent(max(v, 0.0))
        ),
        ("Group", ">Customers", ">Called at risk", ">Really left"),
        [
            (g["group"], words.count(g["customers"]), _rate(g["high_risk"]), _rate(g["observed"]))
            for g in audit["groups"]
        ],
    )


def _table(name: str, audit: Mapping[str, Any]) -> Table:
    ratios = {r["group"]: r for r in audit["four_fifths"]["high_risk"]["groups"]}
    reference = audit["four_fifths"]["high_risk"]["reference"]
    rows = [
        (
            g["group"],
            words.count(g["customers"]),
            _rate(g["high_risk"]),
            _ratio(g["group"], ratios, reference),
            words.measure(ratios.get(g["group"], {}).get("observed_ratio"), 2),
            _rate(g["true_positive_rate"]),
            _rate(g["false_positive_rate"]),
            f"{words.share(g['predicted'])} / {words.share(g['observed']['rate'])}",
            words.measure(g["calibration_error"]),
        )
        for g in audit["groups"]
    ]
    kind = "protected, never a feature" if audit["protected"] else "a feature"
    return Table(
        f"{words.capital(words.name(name))} ({kind})",
        ("Group", ">Customers", ">Selected", ">Ratio to the highest", ">Ratio of outcomes", ">Leavers found",
         ">Stayers flagged", ">Predicted / left", ">Calibration error"),
        rows,
    )  # fmt: skip


def _ratio(group: str, ratios: Mapping[str, Mapping[str, Any]], reference: str | None) -> str:
    if group == reference:
        return "highest"
    found = ratios.get(group)
    return "–" if found is None else words.spanned(found["ratio"], found["low"], found["high"], digits=2)


def _rate(found: Mapping[str, Any]) -> str:
    if found["rate"] is None:
        return "–"
    return f"{words.share(found['rate'])} ({100 * found['low']:.1f}\u00a0to\u00a0{100 * found['high']:.1f})"


def _proxies(attributes: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = []
    for name, audit in attributes.items():
        found = audit.get("proxies")
        if not found:
            continue
        auc = found.get("auc")
        features = ", ".join(
            f"{words.name(f['feature'])} {words.share(f['share'])}" for f in found["features"]
        )
        rows.append(
            (
                words.capital(words.name(name)),
                found["verdict"],
                "–" if auc is None else words.spanned(auc["value"], auc["low"], auc["high"], digits=2),
                f"{words.share(found.get('accuracy'))} / {words.share(found.get('base_rate'))}",
                features or "–",
            )
        )
    return Table(
        "Proxies: how well the features tell a protected attribute",
        ("Attribute", "Proxy", ">AUC", ">Right / by naming the largest group", "By"),
        rows,
        "An AUC of 0.5 is guessing.",
    )
