"""The program: all commands, and the one place where errors end.

Exit codes: 0 done; 1 the cloud or the data must act; 2 the user must act (also Typer's own code for
arguments that cannot be parsed); 130 interrupted. Anything unexpected is a bug: it says so and exits 1.
"""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engage_cli import __version__
from engage_cli.cli import (
    ask,
    contract,
    cost,
    data,
    demo,
    deploy,
    doctor,
    local,
    logs,
    models,
    pipeline,
    predict,
    report,
    schedule,
)
from engage_cli.cli.again import Again, commands_of
from engage_cli.cli.context import Context
from engage_cli.errors import EngageError

app = typer.Typer(
    name="engage",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Weekly customer-engagement predictions on serverless AWS, "
    "or on this machine without Docker or an account.",
    epilog="Options before COMMAND may also stand after it. "
    "Exit codes: 0 done, 1 the cloud or the data must act, 2 you must act. Start with: engage demo",
)

GLOBAL_OPTIONS = {
    "--env": True, "--target": True, "--region": True, "--profile": True, "--endpoint-url": True,
    "--home": True, "--debug": False, "--quiet": False,
}  # fmt: skip
"""Global option -> whether a value follows it."""


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"engage {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    env: Annotated[str | None, typer.Option(help="Environment; several live side by side.")] = None,
    target: Annotated[str | None, typer.Option(help="local (default) or aws.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS Region.")] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile, for the target aws.")] = None,
    endpoint_url: Annotated[str | None, typer.Option(help="Another AWS-compatible endpoint.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the local state.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only data and errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Resolve the settings once; every command gets them in its context."""
    from engage_cli.config import load_settings
    from engage_cli.ui import Ui

    flags = {
        "env": env, "target": target, "region": region, "profile": profile,
        "endpoint_url": endpoint_url, "home": home,
    }  # fmt: skip
    given = [
        (f"--{name.replace('_', '-')}", str(value)) for name, value in flags.items() if value is not None
    ]
    again = Again(given, commands_of(app))
    ctx.obj = Context(load_settings(flags), Ui(quiet=quiet, rewrite=again), debug=debug)


for group in (
    deploy,
    data,
    contract,
    pipeline,
    models,
    logs,
    predict,
    ask,
    cost,
    report,
    schedule,
    local,
    doctor,
    demo,
):
    group.register(app)


def hoist_global_options(arguments: Sequence[str]) -> list[str]:
    """Move global options that stand after the command to the front, where the parser wants them.

    Everything after `--` stays where it is.
    """
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        name, _, value = word.partition("=")
        if name not in GLOBAL_OPTIONS:
            rest.append(word)
        elif GLOBAL_OPTIONS[name] and not value and queue:
            front += [word, queue.pop(0)]
        else:
            front.append(word)
    return front + rest


def given_options(words: Sequence[str]) -> list[tuple[str, str]]:
    """The global options with their values at the front of hoisted words."""
    found = []
    queue = list(words)
    while queue and queue[0].partition("=")[0] in GLOBAL_OPTIONS:
        name, _, value = queue.pop(0).partition("=")
        if GLOBAL_OPTIONS[name]:
            found.append((name, value or (queue.pop(0) if queue else "")))
    return found


def run(arguments: Sequence[str] | None = None) -> None:
    """The entry point: run a command, turn every error into a message and an exit code."""
    words = hoist_global_options(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    again = Again(given_options(words), commands_of(app))
    try:
        app(args=words, prog_name="engage", standalone_mode=True)
    except EngageError as exc:
        _fail(again(f"Error: {exc.message}"), exc.hint and again(exc.hint), debug)
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        _fail("Interrupted.", None, debug)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has left, `engage ... | head` for one: nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
    except Exception as exc:
        _fail(
            f"Bug: {type(exc).__name__}: {exc}",
            "Repeat the command with --debug and report what it prints.",
            debug,
        )
        sys.exit(1)


def _fail(message: str, hint: str | None, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(message, file=sys.stderr)
    if hint:
        print(f"  Next: {hint}", file=sys.stderr)


if __name__ == "__main__":
    run()
