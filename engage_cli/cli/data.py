"""generate-data, import-data."""

import json as jsonlib
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_cli.datagen.import_report import ImportReport
    from engage_cli.datagen.spec import GenerationReport
    from engage_cli.ui import Ui


def register(app: typer.Typer) -> None:
    app.command("generate-data")(generate_data)
    app.command("import-data")(import_data)


def generate_data(
    ctx: typer.Context,
    customers: Annotated[int, typer.Option(help="How many customers.")] = 100_000,
    weeks: Annotated[int, typer.Option(help="How many weeks of activity.")] = 52,
    end: Annotated[
        str | None, typer.Option(help="The Monday after the last week. Default: this week's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    format: Annotated[str, typer.Option(help="parquet or csv.")] = "parquet",
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the raw data there.")
    ] = False,
    advance: Annotated[
        int | None,
        typer.Option(help="Add so many weeks to the generated data there: what its customers did next."),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(help="With --advance: the world changes in these weeks: price-rise or new-audience."),
    ] = None,
    json: Json = False,
) -> None:
    """Generate synthetic customers and activity, with planted truth, into the raw bucket."""
    from engage_cli.datagen.generating import advance_into, generate_into
    from engage_cli.datagen.spec import Advance, GenerationSpec, current_monday

    context = context_of(ctx, json=json)
    if advance is not None:
        _refuse_with_advance(ctx)
        more = Advance(advance, shift)
        with context.ui.progress(f"Adding {advance} weeks") as bar:
            report = advance_into(
                context.store("RawBucket"),
                context.store("TruthBucket"),
                more,
                progress=lambda done, total: bar.update(completed=done, total=total),
            )
    elif shift is not None:
        raise UserError("--shift changes added weeks only.", hint=f"Write: --advance 4 --shift {shift}")
    else:
        last = _date("--end", end) if end else current_monday(datetime.now(UTC).date())
        spec = GenerationSpec(customers, last, weeks, seed, format)  # type: ignore[arg-type]
        with context.ui.progress(f"Generating {customers:,} customers, {weeks} weeks") as bar:
            report = generate_into(
                context.store("RawBucket"),
                context.store("TruthBucket"),
                spec,
                replace=replace,
                progress=lambda done, total: bar.update(completed=done, total=total),
            )
    context.emit(_generated(report), lambda: context.ui.print(_generated_words(report, advance)))


def _refuse_with_advance(ctx: typer.Context) -> None:
    """Raise UserError when an option was given that describes new data."""
    for name in ("customers", "weeks", "end", "seed", "format", "replace"):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UserError(
                f"--{name} cannot be given with --advance, which continues the data there.",
                hint=f"Leave --{name} out, or generate anew without --advance.",
            )


def _generated(report: "GenerationReport") -> dict[str, object]:
    found = asdict(report) | {"rows_per_second": report.rows_per_second}
    del found["fingerprints"]
    return found


def _generated_words(report: "GenerationReport", advance: int | None) -> str:
    speed = f" ({report.rows_per_second:,.0f} rows/s)" if advance is None else ""
    what = "customers" if advance is None else f"new customers until {report.end}"
    return (
        f"{report.customers:,} {what} and {report.activity_rows:,} weeks of activity in "
        f"{report.seconds:.1f} s{speed}, the best reachable predictions in {report.ceiling_seconds:.1f} s. "
        "Next: engage run-pipeline"
    )


def import_data(
    ctx: typer.Context,
    customers: Annotated[
        Path | None, typer.Option(help="A CSV or Parquet file of customers, or a folder.")
    ] = None,
    activity: Annotated[
        list[Path] | None, typer.Option(help="Files or folders of weekly activity, or of events.")
    ] = None,
    contract: Annotated[
        Path | None,
        typer.Option(help="The data contract of the files. Default: that of the synthetic data."),
    ] = None,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="Share of bad rows above which nothing is imported.")
    ] = 0.05,
    rejects: Annotated[
        Path, typer.Option(help="Where bad rows are listed; its folder must be there.")
    ] = Path("rejected-rows.csv"),
    replace: Annotated[
        bool, typer.Option("--replace", help="Also remove the weeks that are not in the files.")
    ] = False,
    json: Json = False,
) -> None:
    """Import your own customers and activity. Everything is checked before anything is written."""
    from engage_cli.datagen.contract_file import read_contract
    from engage_cli.datagen.importing import import_into
    from engage_cli.outputs import require_folder

    require_folder(rejects, "--rejects")
    context = context_of(ctx, json=json)
    found = read_contract(contract) if contract else None
    raw = context.store("RawBucket")
    with context.ui.progress("Checking and importing"):
        report = import_into(
            raw, customers, list(activity or []), rejects=rejects, max_bad_fraction=max_bad, replace=replace,
            contract=found,
        )  # fmt: skip
    context.emit(
        jsonlib.loads(jsonlib.dumps(asdict(report), default=str)), lambda: _render(context.ui, report)
    )


def _render(ui: "Ui", report: "ImportReport") -> None:
    render_report(ui, report)
    if report.customer_count and not report.customers:
        ui.print(f"customers: {report.customer_count:,} made of the activity")
    if report.weeks_there:
        ui.print(f"weeks in the raw bucket: {report.weeks_there}; a run needs {report.weeks_needed}")
    ui.print("Next: engage run-pipeline")


def render_report(ui: "Ui", report: "ImportReport") -> None:
    """Print what was read, set aside and left out."""
    from rich.markup import escape

    for name, shape in (("customers", report.customers), ("activity", report.activity)):
        if shape is None:
            continue
        left = f", {shape.rows_left_out:,} left out" if shape.rows_left_out else ""
        ui.print(f"{name}: {shape.rows_kept:,} rows good, {shape.rows_set_aside:,} set aside{left}")
        for reason, count in (*shape.reasons.items(), *shape.left_out.items()):
            ui.print(f"  {count:,} x {escape(reason)}")
        if shape.filled_columns:
            ui.print(f"  filled, because missing: {', '.join(shape.filled_columns)}")
        if shape.ignored_columns:
            ui.print(f"  ignored: {escape(', '.join(shape.ignored_columns))}")
    if report.weeks:
        ui.print(
            f"weeks: {len(report.weeks)}, from {report.weeks[0]} to {report.weeks[-1]}; "
            f"known up to {report.as_of}"
        )
    for note in report.notes:
        ui.print(f"note: {escape(note)}")
    if report.rejects:
        ui.print(f"Rows set aside are listed with file, line and reason in {report.rejects}")


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise UserError(f"{option}: '{text}' is not a date.", hint="Write it as 2026-11-23.") from exc
