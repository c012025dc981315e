"""The run: where its time went and what it costs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engage_cli.cost.model import CostReport, Line, MonthLine
from engage_cli.cost.render import amount, by_service, dollars, notes, total_text
from engage_cli.cost.usage import Usage
from engage_cli.report import svg, words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Item, Plot, Section, Table
from engage_cli.report.summary import run_words

MOST_TASKS = 20


def section(inputs: ReportInputs) -> Section:
    """Times and costs; both come from the usage document."""
    if inputs.usage is None or inputs.cost is None:
        return Section(
            "run",
            "The run and its cost",
            ["This run was not metered, so its times and its cost are not known."],
        )
    usage, cost = inputs.usage, inputs.cost
    items: list[Item] = [_states(usage.states)] if usage.states else []
    items += [
        _services("This run by service", "List price on AWS of what the run really used.", _run_lines(cost)),
        _services(
            f"A month of {run_words(cost)}", "At list price, before free allowances.", cost.month.lines
        ),
    ]
    if usage.tasks:
        items.append(_tasks(usage))
    items += [_lines(cost), _month(cost)]
    return Section("run", "The run and its cost", [_time(usage), _money(inputs, cost)], items, notes(cost))


def _time(usage: Usage) -> str:
    took = words.duration(float(usage.seconds))
    text = f"It began {words.moment(usage.started)} and took {took} until it was metered"
    if usage.failed_attempts:
        text += f"; {words.counted(usage.failed_attempts, 'attempt')} failed and were repeated"
    return text + "."


def _money(inputs: ReportInputs, cost: CostReport) -> str:
    month = cost.month
    each = cost.per_thousand_predictions
    per = f", {total_text(each)} per 1,000 predictions" if each else ""
    text = (
        f"{words.capital(total_text(cost.run))} for this run{per}. A month of {run_words(cost)}: "
        f"{total_text(month.list_price)} at list price, {total_text(month.after_free_tier)} after the "
        "always-free allowances of an account that runs nothing else."
    )
    if inputs.target == "local":
        text += (
            " This run was on this machine and cost nothing: these are the prices of the same usage on AWS."
        )
    return text


def _states(states: Iterable[Mapping[str, Any]]) -> Plot:
    rows = [(str(s["state"]), float(s["seconds"]), bool(s.get("finished", True))) for s in states]
    title = "Where the time of the run went"
    return Plot(
        title,
        "Seconds in each state of the pipeline, in order.",
        svg.bars([svg.Bar(n, s, words.duration(s) + ("" if e else " …")) for n, s, e in rows], title=title),
        ("State", ">Seconds"),
        [(name, f"{seconds:,.2f}") for name, seconds, _ in rows],
    )


def _run_lines(cost: CostReport) -> list[Line]:
    return [line for line in cost.lines if line.per == "run"]


def _services(title: str, lead: str, lines: Sequence[Line] | Sequence[MonthLine]) -> Plot:
    rows = [(name, float(t.usd), total_text(t)) for name, t in by_service(lines) if t.usd or t.at_least]
    return Plot(
        title,
        lead,
        svg.bars([svg.Bar(name, usd, text) for name, usd, text in rows], title=title, label_width=130),
        ("Service", ">USD"),
        [(name, text) for name, _, text in rows],
    )


def _tasks(usage: Usage) -> Table:
    rows = [
        (
            task.family,
            f"{float(task.vcpu):g} vCPU, {float(task.memory_gb):g} GB",
            words.duration(float(task.start_seconds)),
            words.duration(float(task.run_seconds)),
            words.duration(float(task.billed_seconds)),
        )
        for task in usage.tasks[:MOST_TASKS]
    ]
    return Table(
        "Containers",
        ("Task", ">Size", ">Start", ">Run", ">Billed"),
        rows,
        "Time to pull and start the image, then to run; billed from pull to stop.",
        open=False,
    )


def _lines(cost: CostReport) -> Table:
    found = sorted(_run_lines(cost), key=lambda line: (line.usd is None, -(line.usd or 0)))
    rows = [
        (line.service, line.item, line.detail, amount(line.quantity, line.unit), dollars(line.usd))
        for line in found
    ]
    columns = ("Service", "Item", "For", ">Used", ">Cost")
    return Table("Every line of this run", columns, rows, open=False)


def _month(cost: CostReport) -> Table:
    found = sorted(cost.month.lines, key=lambda row: (row.usd is None, -(row.usd or 0)))
    rows = [
        (
            row.line.service,
            row.line.item,
            amount(row.quantity, row.line.unit),
            dollars(row.usd),
            dollars(row.usd_after_free_tier),
        )
        for row in found
    ]
    columns = ("Service", "Item", ">Used", ">List price", ">After always-free")
    return Table(f"A month of {float(cost.month.runs):.2f} runs", columns, rows, open=False)
