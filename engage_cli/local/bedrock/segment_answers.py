"""From the rows of the segments' table to an answer: what is at stake, what a segment is, what to do."""

from typing import Any

from engage_cli.local.bedrock.answers import Row, rows_of, show, table
from engage_cli.local.bedrock.intent import Intent
from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.segments import COLUMNS, of_all, ordered_by
from engage_cli.local.bedrock.vocabulary import CUSTOMERS


def answer_segments(intent: Intent, result: Any, lexicon: Lexicon) -> str:
    """The answer of a question about segments: a sentence for each, or for all a sentence and a table."""
    rows = rows_of(result)
    if not rows:
        return "There are no segments in the newest predictions, so there is nothing to report."
    as_of = str(rows[0].get("as_of"))
    if intent.segments:
        told = [_told(row, as_of, lexicon) for row in rows]
    else:
        shown = [{key: value for key, value in row.items() if key != "as_of"} for row in rows]
        told = [_sentence(intent, rows, as_of, lexicon), table(shown, lexicon)]
        if intent.metrics == (CUSTOMERS,) and not intent.asks_action:
            rules = [f"- {name}: {rule}" for name, rule in lexicon.segments]
            told.append("\n".join(["The first rule that fits decides the segment:", *rules]))
    return "\n\n".join([*told, *_meanings(intent, lexicon)])


def _told(row: Row, as_of: str, lexicon: Lexicon) -> str:
    """One segment: who is in it, how many they are, what is at stake, what to do."""
    name = str(row["segment"])
    rule = dict(lexicon.segments).get(name, "")
    known = {"segment", "customers", "share", "value_at_stake", "suggested_action", "as_of"}
    more = [
        f"{_label(column, lexicon)} {show(column, row, lexicon)}" for column in row if column not in known
    ]
    said = [
        f"{show('customers', row, lexicon)} customers ({show('share', row, lexicon)} of all)",
        f"{show('value_at_stake', row, lexicon)} at stake",
        *more,
    ]
    who = f" ({rule})" if rule else ""
    return f"{name}{who}: {', '.join(said)} (as of {as_of}). What to do: {row['suggested_action']}"


def _sentence(intent: Intent, rows: list[Row], as_of: str, lexicon: Lexicon) -> str:
    metric = ordered_by(intent)
    column = "value_at_stake" if metric is CUSTOMERS and intent.asks_action else COLUMNS[metric.name]
    ranked = [f"{row['segment']} ({show(column, row, lexicon)})" for row in rows[:3]]
    if of_all(intent):
        total = {column: sum(float(row[column] or 0) for row in rows)}
        customers = sum(int(row["customers"]) for row in rows)
        return (
            f"{show(column, total, lexicon)} are at stake with {customers:,} customers, the largest parts in "
            f"{', then '.join(ranked)}, as of {as_of}."
        )
    end = "Lowest" if intent.descending is False else "Highest"
    return f"{end} {_label(column, lexicon)} by segment: {', then '.join(ranked)}, as of {as_of}."


def _label(column: str, lexicon: Lexicon) -> str:
    metric = lexicon.metric_of(column)
    if metric is None:
        return "number of customers"
    how = "average " if column.startswith("mean_") else "total " if column == "expected_value" else ""
    return f"{how}{metric.label}"


def _meanings(intent: Intent, lexicon: Lexicon) -> list[str]:
    """What the numbers mean, what is at stake among them, as the tool describes them."""
    shown = dict.fromkeys([m for m in intent.metrics if m is not CUSTOMERS] + [lexicon.metric("stake")])
    lines = []
    for metric in shown:
        unit = f", in {metric.unit}" if metric.unit and metric.unit != "0 to 1" else ""
        lines.append(f"{metric.label.capitalize()}: {metric.meaning}{unit}.")
    return ["\n".join(lines)]
