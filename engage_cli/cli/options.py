"""Options that several commands share."""

from typing import Annotated

import typer

from engage_cli.cli.context import Context

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def context_of(ctx: typer.Context, *, json: bool = False) -> Context:
    """Return the command's context, with the console in JSON mode when asked for."""
    context = ctx.obj
    assert isinstance(context, Context)
    context.ui.json_mode = json
    return context
