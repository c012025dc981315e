"""local start, stop, status, logs, services, interrupt-spot, reset."""

from typing import Annotated, Any

import typer

from engage_cli.cli.options import Json, Yes, context_of
from engage_cli.errors import UserError

local_app = typer.Typer(help="The embedded AWS endpoint on this machine.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(local_app, name="local")


@local_app.command("start")
def start(
    ctx: typer.Context,
    containers: Annotated[
        str | None,
        typer.Option(help="How tasks run: process (default), or docker where a Docker engine is present."),
    ] = None,
) -> None:
    """Start the endpoint; does nothing when it runs already."""
    from engage_cli.config.settings import CONTAINERS
    from engage_cli.local.process import ensure_started

    context = context_of(ctx)
    wanted = containers or context.settings.containers
    if wanted not in CONTAINERS:
        raise UserError(f"--containers: '{wanted}' is not known.", hint="Use process or docker.")
    endpoint = ensure_started(
        context.settings.home, ask_model_url=context.settings.ask_model_url, containers=wanted
    )
    if endpoint.containers != wanted:
        raise UserError(
            f"The endpoint runs already, with --containers {endpoint.containers}.",
            hint="Run: engage local stop; then start it again.",
        )
    context.ui.print(f"The endpoint answers at {endpoint.url} (process {endpoint.pid}).")


@local_app.command("stop")
def stop(ctx: typer.Context) -> None:
    """Stop the endpoint; its state is kept."""
    from engage_cli.local.process import stop as stop_endpoint

    context = context_of(ctx)
    stopped = stop_endpoint(context.settings.home)
    context.ui.print("Stopped; the state is kept." if stopped else "The endpoint was not running.")


@local_app.command("status")
def status(ctx: typer.Context, json: Json = False) -> None:
    """Say whether it runs, where its state is, and how to use it with the AWS CLI."""
    from engage_cli.local.process import credentials_file
    from engage_cli.local.process import status as endpoint_status

    context = context_of(ctx, json=json)
    found = endpoint_status(context.settings.home)
    data: dict[str, Any] = {
        "running": found.running,
        "state_dir": str(found.state_dir),
        "state_bytes": found.disk_bytes,
        "url": found.endpoint.url if found.endpoint else None,
        "pid": found.endpoint.pid if found.endpoint else None,
        "credentials_file": str(credentials_file(context.settings.home)) if found.endpoint else None,
        "ask_model_url": found.endpoint.ask_model_url if found.endpoint else None,
        "containers": found.endpoint.containers if found.endpoint else None,
    }

    def render() -> None:
        context.ui.print(f"State: {data['state_dir']} ({found.disk_bytes / 2**20:.0f} MiB)")
        if not found.endpoint:
            context.ui.print("Not running. Any command that needs it starts it; or: engage local start")
            return
        context.ui.print(f"Running at {found.endpoint.url}, process {found.endpoint.pid}.")
        context.ui.print("With the AWS CLI:")
        context.ui.print(
            f"  export AWS_SHARED_CREDENTIALS_FILE={data['credentials_file']} AWS_DEFAULT_REGION=us-east-1"
        )
        context.ui.print(f"  aws --endpoint-url {found.endpoint.url} s3 ls")

    context.emit(data, render)


@local_app.command("logs")
def logs(
    ctx: typer.Context,
    lines: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the last lines.")] = 50,
) -> None:
    """Show the endpoint's own log (for the functions' logs: engage logs)."""
    from engage_cli.local.process import log_tail

    context = context_of(ctx)
    for line in log_tail(context.settings.home, lines):
        context.ui.out.print(line, markup=False)


@local_app.command("services")
def services(
    ctx: typer.Context,
    service: Annotated[str | None, typer.Option(help="One service, such as s3 or templates.")] = None,
    json: Json = False,
) -> None:
    """List what the platform uses of AWS, and what of it is real, recorded only or refused here."""
    from engage_cli.local.services import of_service

    context = context_of(ctx, json=json)
    found = of_service(service)

    def render() -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        shown = Table("service", "operation", "level", "remark", box=SIMPLE_HEAD)
        before = None
        for entry in found:
            name = entry.service if entry.service != before else ""
            shown.add_row(name, entry.operation, str(entry.level), entry.note)
            before = entry.service
        context.ui.out.print(shown)

    context.emit([entry.as_dict() for entry in found], render)


@local_app.command("interrupt-spot")
def interrupt_spot(
    ctx: typer.Context,
    task_id: Annotated[str | None, typer.Argument(help="The task; without it all that run on Spot.")] = None,
) -> None:
    """Take the machine away from Fargate Spot tasks, as AWS may do: SIGTERM, then SIGKILL."""
    from engage_cli.local.process import interrupt_spot as interrupt

    context = context_of(ctx)
    for ended in interrupt(context.settings.home, task_id):
        context.ui.print(f"Interrupted {ended}: Your Spot Task was interrupted.")


@local_app.command("reset")
def reset(ctx: typer.Context, yes: Yes = False) -> None:
    """Stop the endpoint and delete all its state: every local environment and its data."""
    from engage_cli.local.process import reset as reset_endpoint

    context = context_of(ctx)
    home = context.settings.home
    if not yes and not context.ui.confirm(f"Delete all local environments and data below {home}?"):
        raise UserError("Nothing was deleted.", hint="Answer y, or add --yes.")
    reset_endpoint(home)
    context.ui.print("Deleted. Start again with: engage deploy")
