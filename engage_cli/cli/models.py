"""models, models show, models promote, models rollback, models drift."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engage_cli.cli.options import Json, context_of

if TYPE_CHECKING:
    from engage_cli.cli.context import Context
    from engage_cli.cost.model import Total
    from engage_cli.models.moves import Move

models_app = typer.Typer(
    help="List model versions, show one, or choose which one serves.",
    invoke_without_command=True,
    no_args_is_help=False,
)

Reason = Annotated[str, typer.Option(help="Why, for the history of the pointer.")]


def register(app: typer.Typer) -> None:
    app.add_typer(models_app, name="models")


@models_app.callback(invoke_without_command=True)
def models(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    json: Json = False,
) -> None:
    """List the model versions: data window, measures, and which one is the champion (*)."""
    if ctx.invoked_subcommand:
        return
    from engage_cli.models import versions as view

    context = context_of(ctx, json=json)
    reader = context.models()
    champion = reader.champion()
    names = reader.versions()
    found = [view.version_of(m, champion) for m in reader.documents(names[:limit])]
    titles = [f">{title}" for _, title in view.SHOWN]

    def render() -> None:
        if not found:
            context.ui.print("There is no model yet. Train one: engage run-pipeline")
            return
        head = ("  version", "data window", *titles, "promoted")
        context.ui.table("Models (* is the champion)", head, view.rows(found))
        if len(names) > limit:
            context.ui.say(f"{len(names) - limit} older ones are not shown; see --limit.")

    context.emit([v.to_json() for v in found], render)


@models_app.command("show")
def show(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(help="A version, or: champion")] = "champion",
    json: Json = False,
) -> None:
    """Show the card of a version: purpose, data, quality, fairness, limits, cost of its training."""
    from engage_cli.errors import UserError
    from engage_cli.models import versions as view

    context = context_of(ctx, json=json)
    reader = context.models()
    champion = reader.champion()
    if version == "champion":
        if champion is None:
            raise UserError("There is no champion yet.", hint="Run: engage run-pipeline")
        version = champion.model_version
    model = reader.document(version)
    if model is None:
        raise UserError(f"There is no model '{version}'.", hint="List them: engage models")
    found = view.version_of(model, champion)
    card, cost = reader.card(version), _training_cost(context, found.run_id)
    moves = [
        dict(move) for move in (champion.history if champion else ()) if version in (move["to"], move["from"])
    ]

    def render() -> None:
        from rich.markdown import Markdown

        context.ui.print(view.state(found, champion))
        for sentence in view.story(found, champion):
            context.ui.print(sentence, markup=False)
        context.ui.print(f"Training on AWS would have cost {_cost_text(cost)} (list price).")
        context.ui.print(Markdown(card) if card else "It has no card: it was made before there were cards.")

    data = {
        **found.to_json(),
        "moves": moves,
        "training_usd": None if cost is None or cost.at_least else str(cost.usd),
        "params": model.get("params"),
        "card": card,
    }
    context.emit(data, render)


def _training_cost(context: "Context", run_id: str) -> "Total | None":
    """The price of the training task, or None when its run was not metered (or is no longer kept)."""
    from engage_cli.cost.reader import read_usage
    from engage_cli.errors import UserError
    from engage_cli.models.versions import training_cost

    try:
        return training_cost(read_usage(context.reader("LakeBucket"), run_id))
    except UserError:
        return None


def _cost_text(cost: "Total | None") -> str:
    from engage_cli.cost.render import total_text

    return "an unknown amount" if cost is None else total_text(cost)


@models_app.command("promote")
def promote(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(help="The version that shall serve.")],
    reason: Reason = "chosen by hand",
    json: Json = False,
) -> None:
    """Make a version the champion: it predicts from the next run on."""
    from engage_cli.models.moves import promotion

    context = context_of(ctx, json=json)
    writer = context.model_writer()
    current, tag = writer.tagged_champion()
    move = promotion(writer, current, version, reason=reason, by=context.aws.caller)
    writer.move(move.champion, tag)
    _moved(context, move, writer.published())


@models_app.command("rollback")
def rollback(ctx: typer.Context, reason: Reason = "rolled back by hand", json: Json = False) -> None:
    """Go back to the champion before this one; again goes further back."""
    from engage_cli.models import moves

    context = context_of(ctx, json=json)
    writer = context.model_writer()
    current, tag = writer.tagged_champion()
    move = moves.rollback(writer, current, reason=reason, by=context.aws.caller)
    writer.move(move.champion, tag)
    _moved(context, move, writer.published())


def _moved(context: "Context", move: "Move", published: dict[str, Any] | None) -> None:
    from engage_cli.models.moves import meaning

    for version, problem in move.skipped:
        context.ui.warn(f"{version} was passed over: {problem}.")
    last = dict(move.champion.history[-1])

    def render() -> None:
        before = f" (before: {last['from']})" if last["from"] else ""
        context.ui.print(f"The champion is {move.champion.model_version}{before}.")
        context.ui.print(meaning(move.champion, published))

    context.emit(
        {
            "champion": move.champion.model_version,
            "move": last,
            "published": published,
            "skipped": move.skipped,
        },
        render,
    )


@models_app.command("drift")
def drift(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(help="A run's id, or: published")] = "published",
    json: Json = False,
) -> None:
    """Show how far inputs, predictions and outcomes have moved since the model was tested."""
    from engage_cli.errors import UserError
    from engage_cli.models import drift as view

    context = context_of(ctx, json=json)
    reader = context.models()
    if run_id == "published":
        published = reader.published()
        if published is None:
            raise UserError("Nothing has been published yet.", hint="Run: engage run-pipeline")
        run_id = str(published["run_id"])
    found = reader.monitor(run_id)
    if found is None:
        raise UserError(f"The run '{run_id}' was not monitored.", hint="List the runs: engage runs")
    if not view.readable(found):
        raise UserError(
            f"The run '{run_id}' was monitored by another version of this program, in another form.",
            hint="Run: engage run-pipeline",
        )

    def render() -> None:
        context.ui.print(view.headline(found))
        for line in view.in_words(found):
            context.ui.print(line)
        context.ui.table("Inputs and predictions", view.MOVED, view.moved(found))
        context.ui.table("Earlier predictions and what happened since", view.OUTCOMES, view.outcomes(found))
        context.ui.say(view.thresholds(found))

    context.emit(found, render)
