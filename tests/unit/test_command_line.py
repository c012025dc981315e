"""The command line: help, exit codes, errors without tracebacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.cli.again import Again, commands_of
from engage_cli.cli.main import GLOBAL_OPTIONS, app, given_options, hoist_global_options

HEAVY = (
    "boto3",
    "botocore",
    "pandas",
    "xgboost",
    "duckdb",
    "pyarrow",
    "ministack",
    "numpy",
    "sklearn",
    "rich.table",
)


def engage(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ENGAGE_HOME": str(cwd / "home"), **environ}
    return subprocess.run(
        [sys.executable, "-m", "engage_cli", *arguments], cwd=cwd, env=env, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


def commands() -> list[list[str]]:
    import typer.main

    root = typer.main.get_command(app)
    found: list[list[str]] = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, sub] for sub in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_with_a_sentence(words: list[str]) -> None:
    import typer.main

    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    assert command.help
    assert command.help.strip().endswith((".", "dies first"))


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, engage_cli.cli.main; print([m for m in sys.argv[1:] if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--env", "Nope!", "status"], "is not an environment name"),
        (["run-pipeline", "--as-of", "soon"], "not a date"),
        (["logs", "--since", "long"], "not a length of time"),
        (["schedule", "set", "weekly"], "is not a schedule"),
        (["data-contract", "check", "gone.toml"], "There is no contract gone.toml"),
        (["data-contract", "init", "--activity", "gone.csv"], "gone.csv does not exist"),
        (["import-data", "--contract", "gone.toml"], "There is no contract gone.toml"),
        (["predict"], "Give customer ids"),
        (["predict", "C1", "--features", "{}"], "Give customer ids"),
        (["deploy", "--target", "mars"], "target 'mars' is not known"),
        (["no-such-command"], "No such command"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_two(tmp_path: Path, arguments: list[str], part: str) -> None:
    done = engage(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_missing_file_matters_more_than_a_contract_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "contract.toml").write_text("kept")
    done = engage("data-contract", "init", "--activity", "gone.csv", cwd=tmp_path)
    assert "gone.csv does not exist" in done.stderr
    (tmp_path / "gone.csv").write_text("customer,day\na,2026-01-05\n")
    done = engage("data-contract", "init", "--activity", "gone.csv", cwd=tmp_path)
    assert "contract.toml is there already" in done.stderr
    assert (tmp_path / "contract.toml").read_text() == "kept"


def test_status_without_an_endpoint_shows_where_settings_come_from(tmp_path: Path) -> None:
    done = engage("status", cwd=tmp_path, ENGAGE_REGION="eu-west-1")
    assert done.returncode == 0, done.stderr
    assert "ENGAGE_REGION" in done.stdout
    assert "not running" in done.stdout


def test_global_options_may_stand_after_the_command() -> None:
    assert hoist_global_options(["deploy", "--env", "test", "--plan"]) == [
        "--env",
        "test",
        "deploy",
        "--plan",
    ]
    assert hoist_global_options(["ask", "--", "--env"]) == ["ask", "--", "--env"]
    assert hoist_global_options(["status", "--env=x", "--debug"]) == ["--env=x", "--debug", "status"]


@given(st.lists(st.sampled_from(["a", "--json", "--", "x y", *GLOBAL_OPTIONS])))
def test_hoisting_loses_and_invents_no_word(words: list[str]) -> None:
    assert sorted(hoist_global_options(words)) == sorted(words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ask", "  "], "The question has 0 characters."),
        (["ask", "why" * 700], "The question has 2,100 characters."),
        (["predict", "--features", "{}"], "--features names no feature."),
    ],
    ids=["no question", "a long question", "no feature"],
)
def test_what_the_api_would_refuse_without_a_reason_is_refused_here_with_one(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    done = engage(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Next: " in done.stderr


def test_the_longest_question_is_that_of_the_api() -> None:
    from engage_cli.cli.ask import LONGEST
    from infra import policies

    schema = policies.load("api")["Resources"]["AskModel"]["Properties"]["Schema"]
    assert schema["properties"]["question"]["maxLength"] == LONGEST


def test_a_hint_repeats_the_options_that_were_given() -> None:
    again = Again([("--env", "prod")], commands_of(app))
    assert again("Run: engage deploy") == "Run: engage deploy --env prod"
    assert again("`engage runs show run-1`, or engage runs") == (
        "`engage runs show --env prod run-1`, or engage runs --env prod"
    )
    assert again('Find: engage ask "Who?"') == 'Find: engage ask --env prod "Who?"'
    assert again("the engage API; engage deployment") == "the engage API; engage deployment"
    assert Again([], commands_of(app))("Run: engage deploy") == "Run: engage deploy"
    spaced = Again([("--home", "/tmp/a b")], commands_of(app))
    assert spaced("engage status") == "engage status --home '/tmp/a b'"


def test_the_options_of_a_failing_command_are_in_its_hint(tmp_path: Path) -> None:
    done = engage("predict", "--env", "prod", cwd=tmp_path)
    assert done.returncode == 2
    assert "engage predict --env prod C00000001" in done.stderr
    assert given_options(["--env=x", "--debug", "--home", "y", "status"]) == [("--env", "x"), ("--home", "y")]
