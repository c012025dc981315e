"""From the rows of a tool to an answer: one sentence and a small table, nothing that is not in the rows."""

import re
from typing import Any

from engage_cli.local.bedrock import vocabulary as v
from engage_cli.local.bedrock.embedding import stem, words
from engage_cli.local.bedrock.grammar import Filter, Intent
from engage_cli.local.bedrock.statements import AS_OF, measure

Row = dict[str, Any]
_SHOWN_ROWS = 20
_INTEGERS = ("customers", "matching_customers")


def rows_of(result: Any) -> list[Row]:
    """Return the rows of a query tool's result ({"columns": [...], "rows": [[...]]}) as dicts by column."""
    columns = [str(column) for column in result.get("columns") or []]
    return [dict(zip(columns, row, strict=True)) for row in result.get("rows") or []]


def answer_rows(intent: Intent, result: Any) -> str:
    """Return the answer of a query."""
    rows = rows_of(result)
    as_of = next((str(row[AS_OF]) for row in rows if row.get(AS_OF)), None)
    whose = _whose(intent)
    if not rows or _is_empty(rows):
        return f"There are no {whose} in the newest predictions, so there is nothing to report."
    sentence = {"customers": _customers, "share": _share, "reasons": _reasons}.get(intent.kind, _aggregate)(
        intent, rows, whose
    )
    parts = [f"{sentence}{f' (as of {as_of})' if as_of else ''}."]
    if len(rows) > 1:
        parts.append(
            table([{key: value for key, value in row.items() if key != AS_OF} for row in rows[:_SHOWN_ROWS]])
        )
    if len(rows) > _SHOWN_ROWS:
        parts.append(f"({len(rows) - _SHOWN_ROWS} more rows are not shown.)")
    return "\n\n".join(parts)


def _is_empty(rows: list[Row]) -> bool:
    """An aggregate over no row gives one row with a count of 0 and no as-of date."""
    return len(rows) == 1 and rows[0].get("customers") in (0, "0") and rows[0].get(AS_OF) in (None, "")


def _whose(intent: Intent) -> str:
    return f"customers{_said(intent.filters)}"


def _said(filters: tuple[Filter, ...]) -> str:
    return f" ({', '.join(one.label for one in filters)})" if filters else ""


def _group_name(intent: Intent, row: Row) -> str:
    return " / ".join(str(row[column]) for column in intent.group_by)


def _aggregate(intent: Intent, rows: list[Row], whose: str) -> str:
    if not intent.group_by:
        said = [
            f"{_label(metric, intent.aggregate)} {show(measure(metric, intent.aggregate)[1], rows[0])}"
            for metric in intent.metrics
            if metric != "customers"
        ]
        count = show("customers", rows[0])
        return (
            f"{', '.join(said).capitalize()} over {count} {whose}" if said else f"There are {count} {whose}"
        )
    metric = intent.metrics[0]
    column = measure(metric, intent.aggregate)[1]
    groups = " and ".join(v.DIMENSION_BY_COLUMN[name].label for name in intent.group_by)
    counted = metric == "customers"
    what = "number" if counted else _label(metric, intent.aggregate)
    end = "Lowest" if intent.descending is False else "Highest"
    first = f"{_group_name(intent, rows[0])} with {show(column, rows[0])}"
    then = [f"{_group_name(intent, row)} {show(column, row)}" for row in rows[1:3]]
    follow = f", then {', '.join(then)}" if then else ""
    among = f" of {whose}" if intent.filters or counted else ""
    return f"{end} {what}{among} by {groups}: {first}{follow}"


def _label(metric: str, aggregate: str) -> str:
    names = {
        "avg": "average",
        "sum": "total",
        "max": "maximum",
        "min": "minimum",
        "median": "median (approximate)",
    }
    return f"{names[aggregate]} {v.METRIC_BY_NAME[metric].label}"


def _share(intent: Intent, rows: list[Row], whose: str) -> str:
    what = " and ".join(one.label for one in intent.share_of)
    if not intent.group_by:
        row = rows[0]
        of = f"{show('matching_customers', row)} of {show('customers', row)} {whose}"
        return f"{show('share', row)} are {what}: {of}"
    groups = " and ".join(v.DIMENSION_BY_COLUMN[name].label for name in intent.group_by)
    end = "Lowest" if intent.descending is False else "Highest"
    then = ", ".join(f"{_group_name(intent, row)} {show('share', row)}" for row in rows[1:3])
    first = f"{_group_name(intent, rows[0])} with {show('share', rows[0])}"
    return f"{end} share of {whose} who are {what}, by {groups}: {first}{f', then {then}' if then else ''}"


def _reasons(intent: Intent, rows: list[Row], whose: str) -> str:
    risk = any(one.sql.split(" ")[0] in ("risk_band", "churn_probability") for one in intent.filters)
    who = whose if risk else f"customers{_said((*intent.filters, Filter('', 'at high risk')))}"
    first = rows[0]
    group = f" in {_group_name(intent, first)}" if intent.group_by else ""
    count, reason = show("customers", first), str(first["reason"])
    return f'The commonest first reason of {who}{group} is "{reason}", with {count} of them'


def _customers(intent: Intent, rows: list[Row], whose: str) -> str:
    metric = v.METRIC_BY_NAME[intent.metrics[0]]
    end = "lowest" if intent.descending is False else "highest"
    first = f"{rows[0]['customer_id']} with {show(metric.column, rows[0])}"
    number = (
        f"The {len(rows)} {whose}" if len(rows) > 1 else f"The {whose.replace('customers', 'customer', 1)}"
    )
    return f"{number} with the {end} {metric.label}: first {first}"


def show(column: str, row: Row) -> str:
    """Return the value of a column as people read it: probabilities in per cent, money in dollars."""
    value = row.get(column)
    if value is None or value == "":
        return "unknown"
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column in _INTEGERS:
        return f"{int(number):,}"
    if column == "share" or column.endswith(("churn_probability", "expected_engagement")):
        return f"{number * 100:.1f} %"
    if column.endswith(("expected_value", "value_12w")):
        return f"${number:,.2f}"
    for metric in v.METRICS:
        if column.endswith(metric.column):
            return f"{number:,.1f} {metric.unit}"
    return str(value)


def table(rows: list[Row]) -> str:
    """Return rows as an aligned text table with a rule under the header."""
    columns = list(rows[0])
    cells = [[show(column, row) for column in columns] for row in rows]
    head = [column.replace("_", " ") for column in columns]
    widths = [max(len(line[number]) for line in [head, *cells]) for number in range(len(columns))]
    right = [
        all(re.match(r"^[$-]?[\d,.]+( %| weeks| days)?$", line[number]) for line in cells)
        for number in range(len(columns))
    ]

    def line(texts: list[str]) -> str:
        padded = [
            text.rjust(width) if at_right else text.ljust(width)
            for text, width, at_right in zip(texts, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *(line(one) for one in cells)])


def answer_prediction(result: Any) -> str:
    """Return the answer about one customer from the prediction tool's result."""
    lines = []
    for one in result.get("predictions") or []:
        lines.append(
            f"Customer {one.get('customer_id')}: churn probability {show('churn_probability', one)}"
            f" ({one.get('risk_band', 'unknown')} risk), expected engagement "
            f"{show('expected_engagement', one)} of the"
            f" next 28 days, expected value {show('expected_value', one)} in the next 12 weeks"
            f" (model {one.get('model_version', 'unknown')}, as of {one.get('as_of', 'unknown')})."
        )
        for number, reason in enumerate(one.get("reasons") or [], 1):
            lines.append(f"  {number}. {reason.get('text') if isinstance(reason, dict) else reason}")
    for missing in result.get("not_found") or []:
        lines.append(f"Customer {missing} is not known.")
    return "\n".join(lines) or "The prediction tool gave no result."


def answer_passages(question: str, result: Any) -> str:
    """Return the passages of the documents that share most words with the question, quoted, with their
    source.
    """
    passages = result.get("results") or [] if isinstance(result, dict) else []
    wanted = {stem(word) for word in words(question)}
    scored = []
    for rank, passage in enumerate(passages):
        for paragraph in _paragraphs(str(passage.get("text", ""))):
            found = {stem(word) for word in words(paragraph)}
            shared = len(wanted & found) / max(1, len(wanted))
            if _defines(paragraph, wanted):
                shared = 2.0  # The definition asked for goes before every passage that uses the word.
            if shared > 0:
                scored.append((-shared, rank, paragraph, str(passage.get("source", ""))))
    if not scored:
        return "The knowledge documents say nothing about that."
    scored.sort(key=lambda one: one[:2])
    lines = ["From the knowledge documents:"]
    for _, _, paragraph, source in _distinct(scored)[:3]:
        lines.append(f"{paragraph}\n[{source.rsplit('/', 1)[-1]}]")
    return "\n\n".join(lines)


def _defines(paragraph: str, wanted: set[str]) -> bool:
    """Whether a line `- **term**: ...` defines what a question asks for and nothing but."""
    asked = wanted - {stem(word) for word in ("defined", "definition", "means")}
    terms = re.findall(r"^- \*\*(.+?)\*\*:", paragraph, re.MULTILINE)
    return any({stem(word) for word in words(term)} == asked for term in terms)


def _distinct(scored: list[tuple[float, int, str, str]]) -> list[tuple[float, int, str, str]]:
    """Overlapping chunks repeat sentences: keep the first of each paragraph."""
    seen: set[str] = set()
    kept = []
    for one in scored:
        if one[2] not in seen:
            seen.add(one[2])
            kept.append(one)
    best = kept[0][0]
    return [one for one in kept if one[0] <= best * 0.6]


def _paragraphs(text: str) -> list[str]:
    """Split a chunk at blank lines; a heading stays with what follows it."""
    parts: list[str] = []
    heading = ""
    for block in re.split(r"\n\s*\n", text):
        block = block.strip()
        if not block:
            continue
        lines = block.split("\n")
        if all(line.startswith("#") for line in lines):
            heading = lines[-1].lstrip("# ").strip()
            continue
        body = "\n".join(line.lstrip("# ") if line.startswith("#") else line for line in lines)
        parts.append(f"{heading}: {body}" if heading else body)
        heading = ""
    return parts
