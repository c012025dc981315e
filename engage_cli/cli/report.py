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
    output: Annotated[Path, typer.Option(help="Where to write the page; its folder must be there.")] = Path(
        "engage-report.html"
    ),
    json: Json = False,
) -> None:
    """Write the HTML report of a run: who is at risk, what to do, how good the models are, cost. One file."""
    from engage_cli.cli.cost import latest_success
    from engage_cli.outputs import require_folder
    from engage_cli.report.build import build_report
    from engage_cli.report.collect import collect, write_page
    from engage_cli.report.summary import to_document

    require_folder(output)  # Before anything is read.
    context = context_of(ctx, json=json)
    run_id = run or latest_success(ctx)
    settings = context.settings
    inputs = collect(
        context.reader("LakeBucket"), context.query(), run_id,
        environment=settings.env, target=settings.target,
    )  # fmt: skip
    path = write_page(build_report(inputs), output)
    facts = {**to_document(inputs), "path": str(path)}
    context.emit(facts, lambda: context.ui.print(f"Report: {path}"))
