"""logs."""

import re
from typing import Annotated

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError

_SINCE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def register(app: typer.Typer) -> None:
    app.command()(logs)


def logs(
    ctx: typer.Context,
    component: Annotated[
        str | None, typer.Option(help="A function or task, for example: predict, training.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Only lines that name this run.")] = None,
    since: Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h, 1d.")] = "1h",
    level: Annotated[str | None, typer.Option(help="Only lines of this level, for example: ERROR.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="At most this many of the newest lines.")
    ] = 200,
    json: Json = False,
) -> None:
    """Show the logs of the functions and tasks."""
    from engage_cli.aws.logs import LogReader

    context = context_of(ctx, json=json)
    match = _SINCE.fullmatch(since)
    if not match:
        raise UserError(
            f"--since: '{since}' is not a length of time.", hint="Write it as 30s, 10m, 2h or 1d."
        )
    seconds = int(match[1]) * _UNITS[match[2]]
    reader = LogReader(context.aws, context.settings.env)
    groups = reader.groups(component)
    if not groups:
        known = ", ".join(g.rsplit("/", 1)[-1] for g in reader.groups(None)) or "none; run `engage deploy`"
        raise UserError(f"--component: '{component}' has no logs.", hint=f"Components: {known}")
    lines = reader.lines(groups, seconds, pattern=run, level=level)[-limit:]
    if json:
        context.ui.json([line.as_dict() for line in lines])
        return
    for line in lines:
        context.ui.out.print(line.text(), markup=False)
    if not lines:
        context.ui.say(f"No line in the last {since}.")
    if follow:
        for line in reader.follow(groups, pattern=run, level=level):
            context.ui.out.print(line.text(), markup=False)
