"""demo: the main job, end to end."""

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engage_cli.cli.options import context_of
from engage_cli.errors import CloudError

if TYPE_CHECKING:
    from engage_cli.cli.context import Context

QUESTION = "Which countries have the highest churn risk?"

AT_RISK_SQL = """
SELECT customer_id
FROM predictions
WHERE as_of = '{as_of}' AND recently_active
ORDER BY CASE WHEN risk_band = 'low' THEN 1 ELSE 0 END, churn_probability * expected_value DESC, customer_id
LIMIT 1
"""
"""The customer with the most expected spend at risk among those who are still active but may leave."""


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    ctx: typer.Context,
    customers: Annotated[int, typer.Option(min=1000, help="How many synthetic customers.")] = 100_000,
    output: Annotated[Path, typer.Option(help="Where to write the report; its folder must be there.")] = Path(
        "engage-report.html"
    ),
) -> None:
    """Run the main job end to end on synthetic data, showing every command."""
    from engage_cli.cli.summary import demo_summary
    from engage_cli.datagen.load import refuse_to_replace_own_data
    from engage_cli.outputs import require_folder

    require_folder(output)  # Before the first minute is spent.
    context = context_of(ctx)
    started = time.monotonic()
    _run(context, "engage deploy")
    refuse_to_replace_own_data(context.store("RawBucket"))
    _run(context, f"engage generate-data --customers {customers} --replace")
    _run(context, "engage run-pipeline")
    _run(context, f"engage predict {_customer_at_risk(context)}")
    _run(context, f'engage ask "{QUESTION}"')
    _run(context, "engage cost-report")
    _run(context, f"engage report --output {shlex.quote(str(output))}")
    context.ui.print(demo_summary(context, time.monotonic() - started, output))


def _run(context: "Context", line: str) -> None:
    """Show a command of this program, then run it in this process."""
    from engage_cli.cli.main import app, hoist_global_options

    words = [*shlex.split(line)[1:], *_global_flags(context)]
    context.ui.command(shlex.join(["engage", *words]).replace("'", '"'))
    code = app(args=hoist_global_options(words), prog_name="engage", standalone_mode=False)
    if code:
        raise CloudError(f"`{line}` ended with code {code}.")


def _global_flags(context: "Context") -> list[str]:
    """The global options that this command was given, so that the commands it runs get them too."""
    settings = context.settings
    flags: list[str] = []
    for name, source in settings.sources.items():
        if source.startswith("flag "):
            flags += [source.removeprefix("flag "), str(getattr(settings, name))]
    return flags


def _customer_at_risk(context: "Context") -> str:
    pointer = context.reader("LakeBucket").get_json("models/champion.json")
    current = context.reader("LakeBucket").get_json("online/current.json") or pointer
    rows = context.query().rows(AT_RISK_SQL.format(as_of=current["as_of"]))
    if not rows:
        raise CloudError("The pipeline published no prediction.", hint="Read: engage runs show latest")
    return str(rows[0]["customer_id"])
