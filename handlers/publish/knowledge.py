"""The knowledge documents: what the predictions mean, how good the model is, who is at risk. Aggregates only.

One topic a document, because retrieval finds documents, not pages. No customer is named, and groups
of fewer than `MIN_GROUP` customers are added up under "other": a small group is nearly a person.
"""

from collections.abc import Iterable
from typing import Any

import model_card
from engage_ml.contract import LABELS, RISK_HIGH, RISK_MEDIUM
from engage_ml.data_contract import CATEGORY, Attribute, DataContract
from engage_ml.described import active_words, value_words
from engage_ml.dictionary import dictionary
from engage_ml.segments import SEGMENTS, at_stake_words
from engage_ml.sqltext import identifier

MIN_GROUP = 10
MOST_REASONS = 15
MOST_GROUPS = 200
OTHER = "other"
_SUMS = (
    "count(*) AS customers, avg(churn_probability) AS churn, "
    "sum(CASE WHEN risk_band = 'high' THEN 1 ELSE 0 END) AS high_risk, "
    "avg(expected_engagement) AS engagement, sum(expected_value) AS total"
)


def dimensions(contract: DataContract) -> tuple[tuple[str, str], ...]:
    """Columns that customers are grouped by, with their titles."""
    grouped = ((a.column, _title(a)) for a in contract.attributes if a.kind == CATEGORY or a.bands)
    return (*grouped, ("risk_band", "risk band"))


def _title(attribute: Attribute) -> str:
    if attribute.bands:
        return f"{attribute.name.replace('_', ' ')} group"
    return attribute.name.replace("_", " ")


def groups_sql(contract: DataContract, table: str) -> str:
    """Totals by each dimension and the main reasons of each risk band, in one statement."""
    parts = [_groups_of(name, table) for name, _ in dimensions(contract)]
    # The reasons hold each customer's own numbers: without them the same story is one group.
    story = "regexp_replace(reason_1, '[0-9]+([.,][0-9]+)*', 'n')"
    ranked = (
        f"SELECT risk_band, {story} AS label, {_SUMS}, row_number() OVER "
        f"(PARTITION BY risk_band ORDER BY count(*) DESC, {story}) AS place "
        f"FROM {table} GROUP BY risk_band, {story} HAVING count(*) >= {MIN_GROUP}"
    )
    parts.append(
        f"SELECT concat('reason_', risk_band) AS dimension, label, customers, churn, high_risk, "
        f"engagement, total AS value FROM ({ranked}) ranked WHERE place <= {MOST_REASONS}"
    )
    return " UNION ALL ".join(parts)


def _groups_of(name: str, table: str) -> str:
    """Totals by one column: the largest `MOST_GROUPS` values, and all others as one."""
    column = f"coalesce(CAST({identifier(name)} AS varchar), 'unknown')"
    ranked = (
        f"SELECT {column} AS value, {_SUMS}, row_number() OVER (ORDER BY count(*) DESC, {column}) AS place "
        f"FROM {table} GROUP BY {column}"
    )
    label = f"CASE WHEN place <= {MOST_GROUPS} THEN value ELSE '{OTHER}' END"
    return (
        f"SELECT '{name}' AS dimension, {label} AS label, sum(customers) AS customers, "
        f"sum(churn * customers) / sum(customers) AS churn, sum(high_risk) AS high_risk, "
        f"sum(engagement * customers) / sum(customers) AS engagement, sum(total) AS value "
        f"FROM ({ranked}) ranked GROUP BY {label}"
    )


def documents(
    contract: DataContract,
    run: dict[str, Any],
    found: dict[str, Any],
    groups: list[dict[str, Any]],
    evaluation: dict[str, Any],
) -> dict[str, str]:
    """Markdown by file name. `found` are the totals of `checks.check`, `groups` the rows of `groups_sql`."""
    texts = {
        "definitions.md": definitions(contract),
        "features.md": f"# Features of a customer\n\n{dictionary(contract).as_markdown()}\n",
        "overview.md": overview(contract, run, found),
        "data.md": data(run),
        "model-card.md": model_card.model_card(contract, run, evaluation),
    }
    for name, title in dimensions(contract):
        rows = [row for row in groups if row["dimension"] == name]
        texts[f"risk-by-{name.replace('_', '-')}.md"] = by_dimension(contract, run, title, rows)
    texts["reasons.md"] = reasons(run, groups)
    return texts


def definitions(contract: DataContract) -> str:
    """What each predicted number means. One line a term: the local planner quotes single lines."""
    engagement, churn, value = contract.targets
    targets = "\n".join(
        f"- **{t.name}**: {t.meaning} (horizon {t.horizon_weeks} weeks)." for t in contract.targets
    )
    money = f", in {contract.currency}" if contract.currency else f", in {contract.value_unit}"
    activity = "active day" if contract.days_known else "active week"
    return (
        "# Definitions\n\n"
        f"{targets}\n"
        f"- **churn probability**: calibrated probability of no activity in the next "
        f"{churn.horizon_weeks} weeks.\n"
        f"- **expected engagement**: expected {engagement.meaning}.\n"
        f"- **expected value**: expected {value.meaning}.\n"
        f"- **value of the last 12 weeks**: {value_words(contract)} in the 12 weeks before the as-of date"
        f"{money}.\n"
        f"- **risk band**: high from a churn probability of {RISK_HIGH:.0%}, "
        f"medium from {RISK_MEDIUM:.0%}, else low.\n"
        "- **at risk**: in the risk band high.\n"
        "- **as-of date**: a Monday; what happened before it was known to the prediction, nothing after it.\n"
        f"- **{activity}**: {active_words(contract)}\n"
        f"- **recently active**: at least one {activity} in the {contract.recent_weeks} weeks before the "
        "as-of date.\n"
        "- **tenure**: full weeks since sign-up.\n"
        "- **reasons**: what moved this customer's churn probability most away from the average; at medium "
        "and high risk what raises it comes first.\n"
        f"- **value at stake**: {at_stake_words(contract)}{money}; of a group, the sum over its customers.\n"
        "- **segment**: a group of customers with one suggested action; the first rule that fits decides.\n"
        + "".join(f"- **{s.name} (segment)**: {s.rule}. {s.action}\n" for s in SEGMENTS)
    )


def overview(contract: DataContract, run: dict[str, Any], found: dict[str, Any]) -> str:
    """The totals of the published predictions."""
    engagement, churn, value = contract.targets
    rows = max(1, int(found["predictions"]))
    bands = "\n".join(
        f"| {band} | {int(found[f'{band}_risk'] or 0):,} | {int(found[f'{band}_risk'] or 0) / rows:.1%} |"
        for band in ("high", "medium", "low")
    )
    return (
        f"# Predictions as of {run['as_of']}\n\n"
        f"Run {run['run_id']}, model {run['promote']['model_version']}.\n\n"
        f"- Customers: {int(found['predictions']):,}\n"
        f"- Mean churn probability (next {churn.horizon_weeks} weeks): {float(found['mean_churn']):.1%}\n"
        f"- Mean expected engagement ({engagement.meaning}): {float(found['mean_engagement']):.1%}\n"
        f"- Expected {value.meaning}, all customers: {float(found['total_value']):,.2f}\n\n"
        f"| risk band | customers | share |\n|---|---:|---:|\n{bands}\n"
    )


def data(run: dict[str, Any]) -> str:
    """Which data went in, and what was set aside."""
    checked, prepared = run["validate"], run["prepare"]
    lines = [
        f"# Data behind the predictions of {run['as_of']}\n",
        f"- Weeks of activity available: {prepared['weeks']}, "
        f"{prepared['first_week']} to {prepared['last_week']}",
        f"- Weeks of activity used: {checked['weeks']}, from {checked['from_week']}",
    ]
    for table in ("customers", "activity"):
        counts = checked[table]
        lines.append(f"- {table.capitalize()}: {counts['clean']:,} rows used of {counts['rows']:,}")
        lines += [f"  - set aside, {reason}: {count:,}" for reason, count in counts["reasons"].items()]
    cutoffs = run["split"]["cutoffs"]
    lines.append("\nModels are trained, validated and tested on different periods:\n")
    lines.append("| target | training cut-offs | validation | test |\n|---|---|---|---|")
    lines += [
        f"| {name} | {', '.join(cutoffs['train'][name])} | {cutoffs['validation'][name]} "
        f"| {cutoffs['test'][name]} |"
        for name in LABELS
    ]
    return "\n".join(lines) + "\n"


def by_dimension(contract: DataContract, run: dict[str, Any], title: str, rows: list[dict[str, Any]]) -> str:
    """Churn, engagement and value by one attribute, highest churn first."""
    small = [row for row in rows if int(row["customers"]) < MIN_GROUP or row["label"] == OTHER]
    kept = [row for row in rows if row not in small]
    ranked = sorted(kept, key=lambda row: (-float(row["churn"]), str(row["label"])))
    other = add_up(small)
    if other and int(other["customers"]) >= MIN_GROUP:
        ranked.append(other)
    head = f"# Churn risk by {title} as of {run['as_of']}\n\n"
    if not ranked:
        return head + f"Every group has fewer than {MIN_GROUP} customers, so none is shown.\n"
    top, last = ranked[0], ranked[-1]
    sentence = (
        f"The highest mean churn probability is in {title} {top['label']} ({float(top['churn']):.1%} of "
        f"{int(top['customers']):,} customers); {title} {last['label']} has {float(last['churn']):.1%}.\n\n"
    )
    table = (
        f"| {title} | customers | mean churn probability | at high risk | mean expected engagement "
        f"| expected value ({contract.value_unit}, {contract.horizons['value']} weeks) "
        "|\n|---|---:|---:|---:|---:|---:|\n"
    )
    return head + sentence + table + "".join(_line(row) for row in ranked)


def add_up(rows: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The rows as one labelled "other"; means are weighted by customers. None for no rows."""
    items = list(rows)
    customers = sum(int(row["customers"]) for row in items)
    if customers == 0:
        return None

    def mean(name: str) -> float:
        return sum(float(row[name]) * int(row["customers"]) for row in items) / customers

    return {
        "label": OTHER,
        "customers": customers,
        "churn": mean("churn"),
        "high_risk": sum(int(row["high_risk"]) for row in items),
        "engagement": mean("engagement"),
        "value": sum(float(row["value"]) for row in items),
    }


def reasons(run: dict[str, Any], groups: list[dict[str, Any]]) -> str:
    """The most frequent first reasons of each risk band; "n" stands for the customer's own number."""
    parts = [f"# Why customers are at risk or not, as of {run['as_of']}\n"]
    totals = {row["label"]: int(row["customers"]) for row in groups if row["dimension"] == "risk_band"}
    for band in ("high", "medium", "low"):
        rows = [row for row in groups if row["dimension"] == f"reason_{band}"]
        parts.append(f"\n## Risk band {band} ({totals.get(band, 0):,} customers)\n")
        parts.append("| main reason (n: the customer's own number) | customers | share |\n|---|---:|---:|")
        for row in sorted(rows, key=lambda row: (-int(row["customers"]), str(row["label"]))):
            share = int(row["customers"]) / totals[band]
            parts.append(f"| {row['label']} | {int(row['customers']):,} | {share:.1%} |")
    return "\n".join(parts) + "\n"


def _line(row: dict[str, Any]) -> str:
    return (
        f"| {row['label']} | {int(row['customers']):,} | {float(row['churn']):.1%} "
        f"| {int(row['high_risk']):,} | {float(row['engagement']):.1%} | {float(row['value']):,.2f} |\n"
    )
