"""deploy, destroy, status."""

import time
from pathlib import Path
from typing import Annotated

import typer

from engage_cli.cli.options import Json, Yes, context_of
from engage_cli.errors import UserError

_WORDS = {
    "create": "creating",
    "update": "updating",
    "clear": "clearing the failed stack of",
    "upload": "uploading",
    "build": "building",
    "bundle": "bundling",
}


def register(app: typer.Typer) -> None:
    app.command()(deploy)
    app.command()(destroy)
    app.command()(status)


def deploy(
    ctx: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    json: Json = False,
) -> None:
    """Create or update the platform: all stacks, code and images."""
    context = context_of(ctx, json=json)
    ui, started = context.ui, time.monotonic()
    steps: list[str] = []

    def on_step(what: str, how: str) -> None:
        steps.append(what)
        ui.say(f"  {time.monotonic() - started:5.1f} s  {_WORDS.get(how, how)} {what}")

    deployer = context.deployer(on_step)
    deployment = deployer.plan()
    rows = [(p.layer, p.action, p.reason) for p in deployment.plan.layers]
    if plan:
        data = [{"layer": a, "action": b, "reason": c} for a, b, c in rows]
        context.emit(data, lambda: ui.table("What would change", ("layer", "action", "reason"), rows))
        return
    if not deployment.plan.changes:
        context.emit(
            {"changed": [], "seconds": round(time.monotonic() - started, 2)},
            lambda: ui.print(f"No change: {len(rows)} stacks of '{context.settings.env}' are up to date."),
        )
        return
    ui.say(f"Deploying '{context.settings.env}' to {_where(context.settings)} ...")
    applied = deployer.apply(deployment)
    changed = [a.layer for a in applied if a.action != "keep"]
    seconds = time.monotonic() - started
    context.emit(
        {"changed": changed, "seconds": round(seconds, 2)},
        lambda: ui.print(
            f"Deployed {len(applied)} stacks ({len(changed)} changed) in {seconds:.1f} s. "
            "Next: engage generate-data, or engage import-data"
        ),
    )


def _where(settings: object) -> str:
    from engage_cli.config import Settings

    assert isinstance(settings, Settings)
    return "this machine" if settings.is_local else f"AWS {settings.region}"


def destroy(ctx: typer.Context, yes: Yes = False) -> None:
    """Remove everything of an environment: stacks, data, models. Asks first."""
    context = context_of(ctx)
    ui, env = context.ui, context.settings.env
    remover = context.remover(lambda what: ui.say(f"  deleting {what}"))
    stacks = remover.existing()
    if not stacks and not remover.residue():
        ui.print(f"Nothing to remove: the environment '{env}' is not deployed.")
        return
    question = f"Remove '{env}' from {_where(context.settings)}: {len(stacks)} stacks and all their data?"
    if not yes and not ui.confirm(question):
        raise UserError("Nothing was removed.", hint="Answer y, or add --yes.")
    remover.remove()
    left = remover.residue()
    if not left:
        ui.print(f"Removed '{env}'. Nothing is left.")
        return
    ui.table("Left behind", ("kind", "name"), [(r.kind, r.name) for r in left])
    raise UserError("Some things are left; they are listed above.", hint="Run `engage destroy` again.")


def status(ctx: typer.Context, json: Json = False) -> None:
    """Show the settings, the stacks, the latest run and the champion model."""
    from engage_cli.cli.status import collect_status, render_status

    context = context_of(ctx, json=json)
    data = collect_status(context, Path.cwd())
    context.emit(data, lambda: render_status(context.ui, data))
