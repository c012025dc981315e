"""cost-report."""

from typing import Annotated

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError


def register(app: typer.Typer) -> None:
    app.command("cost-report")(cost_report)


def cost_report(
    ctx: typer.Context,
    run: Annotated[str | None, typer.Option(help="A run's id. Default: the latest that succeeded.")] = None,
    customers: Annotated[
        int | None, typer.Option(min=1, help="Also estimate what this many customers would cost.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Every line with its source.")] = False,
    json: Json = False,
) -> None:
    """Price what a run really used, line by line, and the month at this schedule."""
    from engage_cli.cost import estimate, model, pricebook, reader, render

    context = context_of(ctx, json=json)
    usage = reader.read_usage(context.reader("LakeBucket"), run)
    scaled = estimate.scale(usage, customers) if customers else None
    report = model.cost_report(scaled.usage if scaled else usage, pricebook.load())
    data = render.to_json(report)
    if scaled:
        data |= {"assumptions": scaled.assumptions, "warning": scaled.warning}

    def show() -> None:
        if scaled:
            context.ui.print(f"[bold]An estimate for {customers:,} customers, from the measured run.[/bold]")
            for assumption in scaled.assumptions:
                context.ui.print(f"  - {assumption}")
            if scaled.warning:
                context.ui.warn(scaled.warning)
        render.render(context.ui.out, report, details=details)

    context.emit(data, show)


def latest_success(ctx: typer.Context) -> str:
    """Return the newest run that succeeded. Raises UserError when there is none."""
    import json

    reader = ctx.obj.runs()
    newest = reader.recent(1, status="SUCCEEDED")
    if not newest:
        raise UserError("No run has succeeded yet.", hint="Run: engage run-pipeline")
    # A scheduled execution is named by a UUID; its run id is made from that and stands in the output.
    return str(json.loads(reader.describe(newest[0]["name"])["output"])["run_id"])
