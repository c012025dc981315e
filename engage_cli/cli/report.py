"""report."""

from pathlib import Path
from typing import Annotated

import typer

from engage_cli.cli.options import Json, context_of


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    ctx: typer.Context,
    run: Annotated[str | None, typer.Option(help="A run's id. Default: the latest that succeeded.")] = None,
    output: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("engage-report.html"),
    json: Json = False,
) -> None:
    """Write the HTML report of a run: model quality, who is at risk, cost. One self-contained file."""
    from engage_cli.cli.cost import latest_success
    from engage_cli.report.collect import write_report

    context = context_of(ctx, json=json)
    run_id = run or latest_success(ctx)
    settings = context.settings
    path = write_report(
        context.reader("LakeBucket"), context.query(), run_id, output,
        environment=settings.env, target=settings.target,
    )  # fmt: skip
    context.emit({"run_id": run_id, "path": str(path)}, lambda: context.ui.print(f"Report: {path}"))
