"""Next steps: a refusal by the API says what to do, and a hint is one line where there is no terminal."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engage_cli.aws.http import Api
from engage_cli.errors import UserError
from engage_cli.ui import Ui
from tests.unit.test_command_line import engage


class Unpublished(BaseHTTPRequestHandler):
    """The API before the first run, as both handlers answer then."""

    def do_POST(self) -> None:
        body = {"error": {"code": "NothingPublished", "message": "No predictions have been published yet."}}
        self.send_response(404)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is enough."""


@pytest.fixture
def unpublished() -> Iterator[Api]:
    server = HTTPServer(("127.0.0.1", 0), Unpublished)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Api(f"http://127.0.0.1:{server.server_port}", "key")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["ask", "predict"])
def test_before_the_first_run_the_next_step_is_to_run_the_pipeline(unpublished: Api, path: str) -> None:
    with pytest.raises(UserError, match="No predictions have been published yet") as error:
        unpublished.post(path, {})
    assert "engage run-pipeline" in str(error.value.hint)


def test_a_hint_is_one_line_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    long = "Next: read it, then engage data-contract check contract.toml " + "--activity orders.csv " * 10
    ui = Ui()
    ui.say(long)
    ui.warn(long)
    assert capsys.readouterr().err.splitlines() == [long, long]


def test_a_folder_that_is_not_there_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    for option, command in (
        ("--output", ["report"]),
        ("--output", ["demo", "--customers", "1000"]),
        ("--rejects", ["import-data", "--activity", "a.csv"]),
        ("--rejects", ["data-contract", "check", "contract.toml"]),
    ):
        found = engage(*command, option, "some/dir/x", cwd=tmp_path)
        assert found.returncode == 2, found.stderr
        assert found.stderr.startswith(f"Error: {option}: the folder some/dir is not there.")
        assert "Next: Make it (mkdir -p some/dir)" in found.stderr
    assert list(tmp_path.iterdir()) == [], "neither a folder nor an endpoint's state"
