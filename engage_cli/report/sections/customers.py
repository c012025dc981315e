"""Who is at risk, and the segments: what to do with whom."""

from collections.abc import Sequence

from engage_ml.contract import RISK_HIGH, RISK_MEDIUM

from engage_cli.report import svg, words
from engage_cli.report.aggregates import Group
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table
from engage_cli.report.queries import SMALLEST_GROUP

MOST_BARS = 12
MOST_ROWS = 40


def section(inputs: ReportInputs) -> Section:
    """Segments first, because they are what one acts on, then risk by chance, reason and attribute."""
    weeks = words.counted(inputs.weeks["churn"], "week")
    found = inputs.predictions
    items: list[Item] = []
    notes = [f"Groups with fewer than {SMALLEST_GROUP} customers are left out."]
    if inputs.segments:
        items.append(_segments(inputs))
    else:
        notes.append("No segments: this run did not publish any.")
    items.append(histogram(inputs))
    if found.reasons:
        items.append(_reasons(found.reasons, words.counted(inputs.contract.recent_weeks, "week")))
    else:
        notes.append(f"No reason is the strongest of {SMALLEST_GROUP} or more active customers at risk.")
    named = {a.column: words.name(a.name) for a in inputs.contract.attributes}
    items += [group_risk(named.get(c, words.name(c)), g, inputs) for c, g in found.by.items()]
    sentence = (
        f"{words.count(found.everybody.at_risk)} of {words.count(found.everybody.customers)} customers are "
        f"at risk: a chance of {words.share(RISK_HIGH)} or more of not being active in the next {weeks}."
    )
    return Section("risk", "Who is at risk", [sentence], items, notes)


def _segments(inputs: ReportInputs) -> Table:
    unit = inputs.contract.value_unit
    return Table(
        "Segments: every customer is in exactly one",
        (
            "Segment",
            ">Customers",
            ">Share",
            ">Mean chance of leaving",
            ">Expected value",
            ">At stake",
            "What to do",
        ),
        [
            (
                words.capital(words.name(s.name)),
                words.count(s.customers),
                words.share(s.share),
                words.share(s.mean_churn),
                words.amount(s.expected_value, unit),
                words.amount(s.value_at_stake, unit),
                s.action,
            )
            for s in inputs.segments or ()
        ],
        "At stake: the chance of leaving times what the customer is worth, which is what was spent lately "
        "where that is more than is expected of somebody about to leave: it can be above the expected value.",
    )


def band(low: float) -> str:
    """The CSS class of the risk band that begins at or below a chance."""
    return "c-high" if low >= RISK_HIGH - 1e-9 else "c-medium" if low >= RISK_MEDIUM - 1e-9 else "c-low"


def histogram(inputs: ReportInputs) -> Plot:
    """Customers by chance of leaving, coloured by risk band."""
    counts, bins = inputs.predictions.histogram, len(inputs.predictions.histogram)
    weeks = words.counted(inputs.weeks["churn"], "week")
    bars = [
        svg.Bar(
            f"{100 * i / bins:.0f} to {100 * (i + 1) / bins:.0f} %",
            number,
            words.count(number),
            band(i / bins),
        )
        for i, number in enumerate(counts)
    ]
    title = "Customers by chance of leaving"
    medium, high = words.share(RISK_MEDIUM), words.share(RISK_HIGH)
    return Plot(
        title,
        "Usually a hump at each end: regulars on the left, those long gone on the right.",
        svg.columns(
            [[bar] for bar in bars],
            title=f"{title}, in {bins} steps",
            x_label=f"chance of no activity in {weeks}",
            y_label="customers",
            x_ticks=[(i / 4, svg.percent(i / 4)) for i in range(5)],
        ),
        ("Chance", ">Customers"),
        [(bar.label, bar.text) for bar in bars],
        [
            ("c-low", f"low: under {medium}"),
            ("c-medium", f"medium: {medium} to {high}"),
            ("c-high", f"high, at risk: from {high}"),
        ],
    )


def _reasons(reasons: Sequence[tuple[str, int]], weeks: str) -> Plot:
    title = "Why active customers are at risk"
    rows = [svg.Bar(reason, number, words.count(number)) for reason, number in reasons]
    return Plot(
        title,
        f"The strongest reason of each customer at risk who was active in the last {weeks}.",
        svg.stacked_bars(rows, title=title),
        ("Reason", ">Customers"),
        [(bar.label, bar.text) for bar in rows],
    )


def group_risk(name: str, groups: Sequence[Group], inputs: ReportInputs) -> Plot:
    """Share at risk by group, the highest first."""
    title, shown, unit = f"At risk by {name}", groups[:MOST_BARS], inputs.contract.value_unit
    rest = len(groups) - len(shown)
    return Plot(
        title,
        "Share of customers at risk."
        + (f" {rest} groups with lower shares are in the table." if rest else ""),
        svg.bars(
            [svg.Bar(g.name, g.at_risk_share, words.share(g.at_risk_share), "c-high") for g in shown],
            title=title,
        ),
        (words.capital(name), ">Customers", ">At risk", ">Share", ">Mean chance", ">Their expected value"),
        [
            (
                g.name,
                words.count(g.customers),
                words.count(g.at_risk),
                words.share(g.at_risk_share),
                words.share(g.mean_churn),
                words.amount(g.value_at_risk, unit),
            )
            for g in groups[:MOST_ROWS]
        ],
    )
