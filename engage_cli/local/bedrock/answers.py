"""From the rows of a tool to an answer: one sentence and a small table, nothing that is not in the rows."""

from typing import Any

from engage_cli.local.bedrock.grammar import Filter, Intent
from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.statements import AS_OF, measure
from engage_cli.local.bedrock.vocabulary import AMOUNT, CUSTOMERS, SHARE, Metric

Row = dict[str, Any]
_SHOWN_ROWS = 20
_INTEGERS = ("customers", "matching_customers")


def rows_of(result: Any) -> list[Row]:
    """Return the rows of a query tool's result ({"columns": [...], "rows": [[...]]}) as dicts by column."""
    columns = [str(column) for column in result.get("columns") or []]
    return [dict(zip(columns, row, strict=True)) for row in result.get("rows") or []]


def answer_rows(intent: Intent, result: Any, lexicon: Lexicon, *, explained: bool = True) -> str:
    """Return the answer of a query; `explained`: with what its numbers mean."""
    return _Answer(intent, rows_of(result), lexicon, explained=explained).text()


class _Answer:
    """One answer: the intent, the rows that the query gave, and the words and units of the table."""

    def __init__(self, intent: Intent, rows: list[Row], lexicon: Lexicon, *, explained: bool) -> None:
        self._intent, self._rows, self._lexicon, self._explained = intent, rows, lexicon, explained
        self._whose = f"customers{_said(intent.filters)}"

    def text(self) -> str:
        intent, rows = self._intent, self._rows
        as_of = next((str(row[AS_OF]) for row in rows if row.get(AS_OF)), None)
        if not rows or self._is_empty():
            none = f"There are no {self._whose} in the newest predictions, so there is nothing to report."
            return "\n\n".join([none, *self._narrowed()])
        kinds = {"customers": self._customers, "share": self._share, "reasons": self._reasons}
        sentence = kinds.get(intent.kind, self._aggregate)()
        parts = [f"{sentence}{f' (as of {as_of})' if as_of else ''}."]
        if len(rows) > 1:
            shown = [{key: value for key, value in row.items() if key != AS_OF} for row in rows]
            parts.append(table(shown[:_SHOWN_ROWS], self._lexicon))
        if len(rows) > _SHOWN_ROWS:
            parts.append(f"({len(rows) - _SHOWN_ROWS} more rows are not shown.)")
        return "\n\n".join([*parts, *self._narrowed(), *self._meanings()])

    def _narrowed(self) -> list[str]:
        """That a list was narrowed to the recently active, and how to ask for all."""
        if not self._intent.only_active:
            return []
        column = next(one for one in self._lexicon.table.columns if one.name == "recently_active")
        said = column.meaning.removeprefix("whether there was ") or "recent activity"
        return [f'Only customers with {said} are listed; ask for "all customers" to list the others, too.']

    def _is_empty(self) -> bool:
        """An aggregate over no row gives one row with a count of 0 and no as-of date."""
        row = self._rows[0]
        return len(self._rows) == 1 and row.get("customers") in (0, "0") and row.get(AS_OF) in (None, "")

    def _meanings(self) -> list[str]:
        """What the numbers mean, with horizon and unit, as the table describes them."""
        if not self._explained:
            return []
        metrics = [metric for metric in self._intent.metrics if metric is not CUSTOMERS]
        columns = {one.column for one in (*self._intent.filters, *self._intent.share_of)}
        if "risk_band" in columns or self._intent.kind == "reasons":
            metrics.append(self._lexicon.metric("churn"))
        metrics += [metric for metric in self._lexicon.metrics if metric.column in columns]
        lines = [
            f"{metric.label.capitalize()}: {metric.meaning}{_in_unit(metric)}."
            for metric in dict.fromkeys(metrics)
            if metric.meaning
        ]
        return ["\n".join(lines)] if lines else []

    def _show(self, column: str, row: Row) -> str:
        return show(column, row, self._lexicon)

    def _group_name(self, row: Row) -> str:
        return " / ".join(self._show(one.column, row) for one in self._intent.group_by)

    def _groups(self) -> str:
        return " and ".join(one.label for one in self._intent.group_by)

    def _ranked(self, column: str) -> str:
        """The first row's group, and the next two: "free with 43.2 %, then pro 10.0 %"."""
        first = f"{self._group_name(self._rows[0])} with {self._show(column, self._rows[0])}"
        then = [f"{self._group_name(row)} {self._show(column, row)}" for row in self._rows[1:3]]
        return f"{first}, then {', '.join(then)}" if then else first

    def _aggregate(self) -> str:
        intent, rows = self._intent, self._rows
        if not intent.group_by:
            said = [
                f"{_label(metric, intent.aggregate)} "
                f"{self._show(measure(metric, intent.aggregate)[1], rows[0])}"
                for metric in intent.metrics
                if metric is not CUSTOMERS
            ]
            one = str(rows[0].get("customers")) == "1"
            whose = self._whose.replace("customers", "customer", 1) if one else self._whose
            count = f"{self._show('customers', rows[0])} {whose}"
            if said:
                return f"{_capital(', '.join(said))} over {count}"
            return f"There is {count}" if one else f"There are {count}"
        metric = intent.metrics[0]
        counted = metric is CUSTOMERS
        what = "number" if counted else _label(metric, intent.aggregate)
        end = "Lowest" if intent.descending is False else "Highest"
        among = f" of {self._whose}" if intent.filters or counted else ""
        ranked = self._ranked(measure(metric, intent.aggregate)[1])
        return f"{end} {what}{among} by {self._groups()}: {ranked}"

    def _share(self) -> str:
        what = " and ".join(one.label for one in self._intent.share_of)
        if not self._intent.group_by:
            row = self._rows[0]
            of = f"{self._show('matching_customers', row)} of {self._show('customers', row)} {self._whose}"
            return f"{self._show('share', row)} are {what}: {of}"
        end = "Lowest" if self._intent.descending is False else "Highest"
        return f"{end} share of {self._whose} who are {what}, by {self._groups()}: {self._ranked('share')}"

    def _reasons(self) -> str:
        risk = any(one.column in ("risk_band", "churn_probability") for one in self._intent.filters)
        high = Filter("", "", "at high risk")
        who = self._whose if risk else f"customers{_said((*self._intent.filters, high))}"
        first = self._rows[0]
        group = f" in {self._group_name(first)}" if self._intent.group_by else ""
        count, reason = self._show("customers", first), str(first["reason"])
        return f'The commonest first reason of {who}{group} is "{reason}", with {count} of them'

    def _customers(self) -> str:
        metric, rows = self._intent.metrics[0], self._rows
        end = "lowest" if self._intent.descending is False else "highest"
        first = f"{rows[0]['customer_id']} with {self._show(metric.column, rows[0])}"
        one = f"The {self._whose.replace('customers', 'customer', 1)}"
        number = f"The {len(rows)} {self._whose}" if len(rows) > 1 else one
        return f"{number} with the {end} {metric.label}: first {first}"


def _said(filters: tuple[Filter, ...]) -> str:
    return f" ({', '.join(one.label for one in filters)})" if filters else ""


def _capital(text: str) -> str:
    """The text with its first letter large; codes of currencies stay as they are."""
    return text[:1].upper() + text[1:]


def _in_unit(metric: Metric) -> str:
    return f", in {metric.unit}" if metric.kind == AMOUNT and metric.unit else ""


def _label(metric: Metric, aggregate: str) -> str:
    names = {
        "avg": "average",
        "sum": "total",
        "max": "maximum",
        "min": "minimum",
        "median": "median (approximate)",
    }
    return f"{names[aggregate]} {metric.label}"


def show(column: str, row: Row, lexicon: Lexicon) -> str:
    """Return the value of a column as people read it: shares in per cent, amounts with their unit."""
    value = row.get(column)
    if value is None or value == "":
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if any(one.column == column for one in lexicon.flags):
        return {"true": "yes", "false": "no"}.get(str(value).lower(), str(value))
    metric = lexicon.metric_of(column)
    if metric is None and column not in (*_INTEGERS, "share"):
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if column in _INTEGERS:
        return f"{int(number):,}"
    if metric is None or metric.kind == SHARE:
        return f"{number * 100:.1f} %"
    digits = 2 if metric.kind == AMOUNT else 1
    return f"{number:,.{digits}f} {metric.unit}".rstrip()


def table(rows: list[Row], lexicon: Lexicon) -> str:
    """Return rows as an aligned text table with a rule under the header."""
    columns = list(rows[0])
    cells = [[show(column, row, lexicon) for column in columns] for row in rows]
    head = [column.replace("_", " ") for column in columns]
    widths = [max(len(line[number]) for line in [head, *cells]) for number in range(len(columns))]
    numbers = {"share", *_INTEGERS}
    right = [column in numbers or lexicon.metric_of(column) is not None for column in columns]

    def line(texts: list[str]) -> str:
        padded = [
            text.rjust(width) if at_right else text.ljust(width)
            for text, width, at_right in zip(texts, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *(line(one) for one in cells)])


def answer_prediction(result: Any) -> str:
    """Return the answer about one customer from the prediction tool's result, in the units that it tells."""
    about = result.get("about") or {}
    meanings, unit = about.get("meanings") or {}, about.get("value_unit") or ""
    lines = []
    for one in result.get("predictions") or []:
        said = [
            f"{name.replace('_', ' ')} {_number(one.get(name), name, unit)}"
            f"{f' ({meanings[name]})' if name in meanings else ''}"
            for name in ("churn_probability", "expected_engagement", "expected_value")
        ]
        lines.append(
            f"Customer {one.get('customer_id')}, {one.get('risk_band', 'unknown')} risk: {', '.join(said)}; "
            f"model {one.get('model_version', 'unknown')}, as of {one.get('as_of', 'unknown')}."
        )
        for number, reason in enumerate(one.get("reasons") or [], 1):
            lines.append(f"  {number}. {_reason(reason)}")
    for missing in result.get("not_found") or []:
        lines.append(f"Customer {missing} is not known.")
    return "\n".join(lines) or "The prediction tool gave no result."


def _number(value: Any, name: str, unit: str) -> str:
    if value is None:
        return "unknown"
    if name == "expected_value":
        return f"{float(value):,.2f} {unit}".rstrip()
    return f"{float(value) * 100:.1f} %"


def _reason(reason: Any) -> str:
    if not isinstance(reason, dict):
        return str(reason)
    effect = f" ({reason['effect']} the risk)" if reason.get("effect") else ""
    return f"{reason.get('text')}{effect}"
