"""run-pipeline, runs, runs show."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engage_cli.cli.options import Json, context_of

if TYPE_CHECKING:
    from engage_cli.aws.runs import RunReader
    from engage_cli.cli.context import Context
    from engage_cli.pipeline.run import RunResult

runs_app = typer.Typer(help="List runs, or show one.", invoke_without_command=True, no_args_is_help=False)


def register(app: typer.Typer) -> None:
    app.command("run-pipeline")(run_pipeline)
    app.add_typer(runs_app, name="runs")


def run_pipeline(
    ctx: typer.Context,
    as_of: Annotated[
        str | None,
        typer.Option(help="A Monday; data from it on is not used. Default: after the last week of data."),
    ] = None,
    tune: Annotated[
        str | None,
        typer.Option(
            help="Look for better parameters first: for a time (10m), or a number of trials (25trials)."
        ),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start and return at once.")] = False,
    json: Json = False,
) -> None:
    """Run the weekly pipeline and watch its states."""
    from engage_cli.pipeline.early import refuse_without_data
    from engage_cli.pipeline.run import checked_as_of, checked_tune, require_success, start_run, watch_run
    from engage_cli.pipeline.view import LiveView

    context = context_of(ctx, json=json)
    date, budget = checked_as_of(as_of), checked_tune(tune)
    runs = context.starter()
    if date is not None:
        refuse_without_data(context.reader("RawBucket"), date)
    run_id = start_run(runs, date, budget)
    if no_wait:
        context.emit(
            {"run_id": run_id},
            lambda: context.ui.print(f"Started {run_id}. Watch it: engage runs show {run_id}"),
        )
        return
    context.ui.say(f"Run {run_id} started; leaving with Ctrl-C does not stop it.")
    with LiveView(context.ui) as view:
        result = watch_run(runs, run_id, view.update)
    require_success(result)
    context.emit(_run_json(result), lambda: _render_success(ctx, result))


def _render_success(ctx: typer.Context, result: "RunResult") -> None:
    ui, output = ctx.obj.ui, result.output or {}
    promoted = output.get("promote", {})
    published = output.get("publish", {})
    ui.print(f"Run {result.run_id} succeeded in {result.seconds:.1f} s (as of {output.get('as_of')}).")
    if promoted:
        ui.print(f"Model: {promoted.get('model_version')} - {promoted.get('reason')}")
    if published:
        ui.print(f"Predictions: {published.get('predictions', 0):,} customers.")
    for line in (*not_served(output), *not_as_before(output)):
        ui.print(line)
    ui.print("Next: engage predict, engage ask, engage cost-report, engage report")


def not_served(output: dict[str, Any]) -> list[str]:
    """What to know of a run as of an older week than the one that is served; nothing for others."""
    published = output.get("publish") or {}
    if published.get("serving", True):
        return []
    return [
        f"This is an older week: its predictions are in the table `predictions` (as_of = "
        f"'{output.get('as_of')}'). Predictions, questions and documents stay those of "
        f"{published.get('served_as_of')}."
    ]


def not_as_before(output: dict[str, Any]) -> list[str]:
    """What the monitor found, when it is worth a look; nothing while all is as it was."""
    from engage_cli.models.drift import KINDS

    monitor = output.get("monitor") or {}
    verdict = monitor.get("verdict")
    if verdict not in ("watch", "alert"):
        return []
    inputs = f"inputs ({KINDS[monitor['change']]})" if monitor.get("change") else "inputs"
    parts = {inputs: monitor.get("features"), "predictions": monitor.get("predictions")}
    parts |= {f"{name} foretold": found for name, found in (monitor.get("performance") or {}).items()}
    moved = [name for name, found in parts.items() if found in ("watch", "alert")]
    return [f"Monitor: {verdict} - moved beyond the usual: {', '.join(moved)}. Look: engage models drift"]


@runs_app.callback(invoke_without_command=True)
def runs(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    json: Json = False,
) -> None:
    """List the latest runs."""
    if ctx.invoked_subcommand:
        return
    context = context_of(ctx, json=json)
    found = context.runs().recent(limit)
    rows = [(e["name"], e["status"], f"{e['startDate']:%Y-%m-%d %H:%M:%S}", _duration(e)) for e in found]
    data = [
        {
            "run_id": e["name"],
            "status": e["status"],
            "started": e["startDate"].isoformat(),
            "seconds": _seconds(e),
        }
        for e in found
    ]
    context.emit(data, lambda: context.ui.table("Runs", ("run", "status", "started", ">seconds"), rows))


@runs_app.command("show")
def show(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(help="A run's id, or: latest")] = "latest",
    trace: Annotated[
        bool, typer.Option("--trace", help="Show its trace: when each part began, how long it took.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a run's states, how long each took, and why it failed if it did."""
    from engage_cli.pipeline.run import result_of
    from engage_cli.pipeline.view import states_table

    context = context_of(ctx, json=json)
    reader = context.runs()
    run_id = _run_id(reader, run_id)
    if trace:
        _show_trace(context, reader, run_id)
        return
    result = result_of(reader, run_id)

    def render() -> None:
        context.ui.print(f"Run {run_id}: {result.status} after {result.seconds:.1f} s")
        context.ui.print(states_table(result))
        if result.failure:
            context.ui.print(
                f"Failed at {result.failure.state}: {result.failure.error}: {result.failure.message}"
            )
        if result.resumable:
            context.ui.print(f"It can go on where it was: engage runs resume {run_id}")
        for line in not_served(result.output or {}):
            context.ui.print(line)

    context.emit(_run_json(result), render)


def _show_trace(context: "Context", reader: "RunReader", run_id: str) -> None:
    from engage_cli.pipeline.trace import trace_of, trace_tree

    found = trace_of(reader, context.traces(), run_id)
    context.emit(found.as_dict(), lambda: context.ui.print(trace_tree(found)))


@runs_app.command("resume")
def resume(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(help="A run's id, or: latest")] = "latest",
    json: Json = False,
) -> None:
    """Go on with a run that was stopped or interrupted, at the state where it was."""
    from engage_cli.pipeline.run import require_success, resume_run, watch_run
    from engage_cli.pipeline.view import LiveView

    context = context_of(ctx, json=json)
    runs = context.starter()
    run_id = _run_id(runs, run_id)
    resume_run(runs, run_id)
    context.ui.say(f"Run {run_id} goes on; leaving with Ctrl-C does not stop it.")
    with LiveView(context.ui) as view:
        result = watch_run(runs, run_id, view.update)
    require_success(result)
    context.emit(_run_json(result), lambda: _render_success(ctx, result))


def _run_id(runs: "RunReader", run_id: str) -> str:
    """The id that was given, or the newest run's for `latest`."""
    from engage_cli.errors import UserError

    if run_id != "latest":
        return run_id
    recent = runs.recent(1)
    if not recent:
        raise UserError("There is no run yet.", hint="Run: engage run-pipeline")
    return str(recent[0]["name"])


def _seconds(execution: dict[str, Any]) -> float | None:
    """How long an execution took; None while it runs."""
    stop = execution.get("stopDate")
    return (stop - execution["startDate"]).total_seconds() if stop else None


def _duration(execution: dict[str, Any]) -> str:
    seconds = _seconds(execution)
    return "running" if seconds is None else f"{seconds:.1f}"


def _run_json(result: "RunResult") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(result)
