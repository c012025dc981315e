"""ask."""

from typing import Annotated

import typer

from engage_cli.cli.options import Json, context_of


def register(app: typer.Typer) -> None:
    app.command()(ask)


def ask(
    ctx: typer.Context,
    question: Annotated[
        str, typer.Argument(help='For example: "Which countries have the highest churn risk?"')
    ],
    json: Json = False,
) -> None:
    """Ask a question about the predictions in plain language; the SQL behind the answer is shown."""
    from engage_cli.ask.client import ask as ask_question
    from engage_cli.ask.render import render

    context = context_of(ctx, json=json)
    answer = ask_question(context.api, question)
    context.emit(answer.raw, lambda: render(context.ui.out, answer))
