"""ask."""

from typing import Annotated

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError

LONGEST = 2000
"""Characters of a question; the API's model says the same (api.yaml)."""


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

    if not 1 <= len(question.strip()) <= LONGEST:
        raise UserError(
            f"The question has {len(question.strip()):,} characters.",
            hint=f"Ask with 1 to {LONGEST:,} of them.",
        )
    context = context_of(ctx, json=json)
    answer = ask_question(context.api, question)
    context.emit(answer.raw, lambda: render(context.ui.out, answer))
