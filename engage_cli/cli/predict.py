"""predict."""

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engage_cli.cli.options import Json, context_of
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_cli.predict.client import About, Answer, Prediction
    from engage_cli.ui import Ui


def register(app: typer.Typer) -> None:
    app.command()(predict)


def predict(
    ctx: typer.Context,
    customers: Annotated[list[str] | None, typer.Argument(help="Customer ids.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(help="A text file with one customer id a line.")] = None,
    features: Annotated[str | None, typer.Option(help="Feature values as a JSON object, or @file.")] = None,
    json: Json = False,
) -> None:
    """Show churn, engagement and value of customers, with reasons.

    With an id that is not known, the known customers are shown and the exit code is 2.
    """
    from engage_cli.predict.client import predict_customers, predict_features

    context = context_of(ctx, json=json)
    given = [bool(customers), file is not None, features is not None]
    if sum(given) != 1:
        raise UserError(
            "Give customer ids, or --file, or --features.", hint="For example: engage predict C00000001"
        )
    if features is not None:
        values = _features(features)  # Checked before anything is called.
        answer = predict_features(context.api, values)
    else:
        ids = list(customers or []) if file is None else _ids(file)
        answer = predict_customers(
            context.api,
            ids,
            on_job=lambda job: context.ui.say(f"A long list: job {job} scores it on Fargate ..."),
        )
    context.emit(answer.raw, lambda: _render(context.ui, answer))
    _require_known(answer)


def _require_known(answer: "Answer") -> None:
    """Raise UserError for ids that are not known, after the others were shown: a script must notice."""
    unknown, known = answer.not_found, len(answer.predictions)
    if not unknown:
        return
    listed = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
    total = len(unknown) + known
    raise UserError(
        f"{len(unknown):,} of {total:,} customers are not known: {listed}."
        if known
        else f"Not known: {listed}.",
        hint='Find customers with: engage ask "Which 10 customers have the highest churn risk?"',
    )


def _ids(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise UserError(f"--file: {path} cannot be read: {exc}.", hint="Give a text file of ids.") from exc
    ids = [line.strip() for line in lines if line.strip()]
    if not ids:
        raise UserError(f"--file: {path} holds no customer id.", hint="Write one id a line.")
    return ids


def _features(text: str) -> dict[str, Any]:
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as exc:
            raise UserError(f"--features: {text[1:]} cannot be read: {exc.strerror}.") from exc
    try:
        data = jsonlib.loads(text)
    except ValueError as exc:
        raise UserError(
            f"--features is not JSON: {exc}.",
            hint="""For example: --features '{"plan": "free", "age": 40}'""",
        ) from exc
    if not isinstance(data, dict):
        raise UserError("--features must be a JSON object.", hint="""For example: '{"plan": "free"}'""")
    if not data:
        raise UserError(
            "--features names no feature.", hint="""Give at least one feature: '{"plan": "free"}'"""
        )
    return data


def _render(ui: "Ui", answer: "Answer") -> None:
    about = answer.about
    if len(answer.predictions) <= 3:
        for prediction in answer.predictions:
            _render_one(ui, prediction, about)
        return
    rows = [
        (p.customer_id, f"{p.churn_probability:.0%}", p.risk_band, f"{p.expected_engagement:.0%}",
         _amount(p.expected_value, about), p.reasons[0].text if p.reasons else "")
        for p in answer.predictions[:50]
    ]  # fmt: skip
    ui.table("", ("customer", ">churn", "risk", ">engagement", ">value", "first reason"), rows)
    if len(answer.predictions) > 50:
        ui.print(f"... and {len(answer.predictions) - 50:,} more; all of them with --json")
    for name, meaning in about.meanings.items():
        ui.print(f"{name.replace('_', ' ')}: {meaning}", markup=False)


def _amount(value: float, about: "About") -> str:
    return f"{value:,.2f} {about.value_unit}".rstrip()


def _render_one(ui: "Ui", p: "Prediction", about: "About") -> None:
    from rich.markup import escape

    source = f"from the cache, {p.age_seconds:.0f} s old" if p.cached else "computed now"
    lines = (
        ("churn_probability", f"{p.churn_probability:.1%}  ({p.risk_band} risk)"),
        ("expected_engagement", f"{p.expected_engagement:.1%}"),
        ("expected_value", _amount(p.expected_value, about)),
    )
    said = [about.meanings.get(name, name.replace("_", " ")) for name, _ in lines]
    width = max(map(len, said)) + 2
    ui.print(f"[bold]{escape(p.customer_id or 'Given features')}[/bold]")
    for meaning, (_, shown) in zip(said, lines, strict=True):
        ui.print(f"  {escape(meaning[:1].upper() + meaning[1:]):<{width}}{escape(shown)}")
    ui.print("  Why this churn risk:")
    for reason in p.reasons:
        mark = "↑" if reason.effect.startswith("raise") or reason.effect == "up" else "↓"
        ui.print(f"    {mark} {escape(reason.text)}")
    for name, value in p.unknown_values.items():
        ui.warn(f'The model has never seen the {name} "{value}"; it counts as missing.')
    ui.print(f"  Model {p.model_version}, as of {p.as_of or '-'}, {source}")
