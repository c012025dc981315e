"""schedule show, set, on, off."""

import re
from typing import Annotated

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError

schedule_app = typer.Typer(help="Show or change the weekly trigger of the pipeline.", no_args_is_help=True)
_EXPRESSION = re.compile(r"(cron|rate)\(.+\)")


def register(app: typer.Typer) -> None:
    app.add_typer(schedule_app, name="schedule")


@schedule_app.command("show")
def show(ctx: typer.Context, json: Json = False) -> None:
    """Show the schedule and whether it is on."""
    from engage_cli.pipeline.schedule import read_schedule

    context = context_of(ctx, json=json)
    found = read_schedule(context.aws, context.settings.env)
    context.emit(
        found, lambda: context.ui.print(f"{found['expression']} ({found['timezone']}): {found['state']}")
    )


@schedule_app.command("set")
def set_(
    ctx: typer.Context,
    expression: Annotated[str, typer.Argument(help="For example: cron(0 6 ? * MON *)")],
) -> None:
    """Change when the pipeline runs."""
    if not _EXPRESSION.fullmatch(expression):
        raise UserError(
            f"'{expression}' is not a schedule.",
            hint="For example: engage schedule set 'cron(0 6 ? * MON *)'",
        )
    _change(ctx, {"ScheduleExpression": expression})


@schedule_app.command("on")
def on(ctx: typer.Context) -> None:
    """Switch the weekly trigger on."""
    _change(ctx, {"ScheduleState": "ENABLED"})


@schedule_app.command("off")
def off(ctx: typer.Context) -> None:
    """Switch the weekly trigger off."""
    _change(ctx, {"ScheduleState": "DISABLED"})


def _change(ctx: typer.Context, parameters: dict[str, str]) -> None:
    from engage_cli.pipeline.schedule import change_schedule, read_schedule

    context = context_of(ctx)
    change_schedule(context.aws, context.settings.env, parameters)
    found = read_schedule(context.aws, context.settings.env)
    context.ui.print(f"{found['expression']} ({found['timezone']}): {found['state']}")
