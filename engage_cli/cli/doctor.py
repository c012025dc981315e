"""doctor."""

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import CloudError


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(ctx: typer.Context, json: Json = False) -> None:
    """Check what the target needs: program, machine, endpoint or account, quotas, models."""
    from engage_cli.doctor import checks_for

    context = context_of(ctx, json=json)
    results = [check(context) for check in checks_for(context.settings)]
    data = [{"check": r.name, "ok": r.ok, "found": r.found, "next": r.hint} for r in results]
    rows = [("[green]✓[/green]" if r.ok else "[red]✗[/red]", r.name, r.found, r.hint or "") for r in results]
    context.emit(data, lambda: context.ui.table("", ("", "check", "found", "next"), rows))
    failed = [r for r in results if not r.ok]
    if failed:
        raise CloudError(f"{len(failed)} of {len(results)} checks failed.", hint=failed[0].hint)
