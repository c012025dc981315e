"""data-contract init, check."""

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_cli.datagen.contract_check import Check
    from engage_cli.ui import Ui

contract_app = typer.Typer(
    help="Describe your own data: which columns mean what, and what to predict.", no_args_is_help=True
)
CustomersFile = Annotated[
    Path | None, typer.Option(help="A CSV or Parquet file of customers, or a folder.", show_default=False)
]
ActivityFiles = Annotated[
    list[Path] | None,
    typer.Option(help="Files or folders of weekly activity or of events.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.add_typer(contract_app, name="data-contract")


@contract_app.command("init")
def init(
    ctx: typer.Context,
    customers: CustomersFile = None,
    activity: ActivityFiles = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("contract.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a data contract, guessed from your files; without files that of the synthetic data."""
    from engage_cli.datagen.contract_init import contract_text

    context = context_of(ctx)
    _refuse_missing_files(customers, activity)
    if out.exists() and not force:
        raise UserError(
            f"{out} is there already.", hint="Add --force to overwrite it, or name another with --out."
        )
    with context.ui.progress("Reading the files"):
        text, checks = contract_text(customers, list(activity or []), out)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UserError(f"{out} cannot be written: {exc.strerror}.", hint="Name another with --out.") from exc
    context.ui.say(f"Wrote {out}. What was guessed, and why, stands in it as comments.")
    for line in checks:
        context.ui.warn(line)
    given = f" --customers {customers}" if customers else ""
    given += "".join(f" --activity {path}" for path in activity or [])
    context.ui.say(f"Next: read it, then engage data-contract check {out}{given}")


def _refuse_missing_files(customers: Path | None, activity: list[Path] | None) -> None:
    """Raise UserError about the first file that is not there: it matters more than what would be written."""
    given = [("customers", customers), *(("activity", path) for path in activity or [])]
    for what, path in given:
        if path is not None and not path.exists():
            raise UserError(f"{path} does not exist.", hint=f"Give the file or folder of the {what}.")


@contract_app.command("check")
def check(
    ctx: typer.Context,
    contract: Annotated[Path, typer.Argument(help="The contract.")] = Path("contract.toml"),
    customers: CustomersFile = None,
    activity: ActivityFiles = None,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="Share of bad rows above which an import would be refused.")
    ] = 0.05,
    rejects: Annotated[
        Path, typer.Option(help="Where bad rows are listed; its folder must be there.")
    ] = Path("rejected-rows.csv"),
    json: Json = False,
) -> None:
    """Check a data contract, and your files with it: what can be predicted, and from which weeks."""
    from engage_cli.datagen.contract_init import run_check
    from engage_cli.outputs import require_folder

    require_folder(rejects, "--rejects")
    context = context_of(ctx, json=json)
    with context.ui.progress("Checking"):
        found = run_check(
            contract, customers, list(activity or []), rejects=rejects, max_bad_fraction=max_bad
        )
    context.emit(
        jsonlib.loads(jsonlib.dumps(found.to_dict(), default=str)), lambda: _render(context.ui, found)
    )
    if found.possible is False:
        raise typer.Exit(UserError.exit_code)


def _render(ui: "Ui", found: "Check") -> None:
    from rich.markup import escape

    from engage_cli.cli.data import render_report

    if found.predictions:
        ui.table(
            f"{escape(found.contract)}: what is predicted",
            ("target", "meaning", "trained at", "validated at", "tested at"),
            [
                (
                    t,
                    escape(meaning),
                    *(found.splits.get(t, {}).get(k, "") for k in ("train", "validation", "test")),
                )
                for t, meaning in found.predictions.items()
            ],
        )
        ui.print(f"features: {found.features}")
    if found.report:
        render_report(ui, found.report)
        ui.print(f"customers: {found.customers:,}; weeks: {found.weeks}, needed: {found.weeks_needed}")
    elif found.weeks_needed:
        ui.print(f"weeks needed: {found.weeks_needed}; give --customers and --activity to see what there is")
    for note in found.notes:
        ui.print(f"note: {escape(note)}")
    for reason in found.reasons:
        ui.print(escape(reason))
    if found.possible:
        ui.print("A run would work. Next: engage import-data with the same files and --contract")
