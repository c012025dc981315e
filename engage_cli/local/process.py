"""Start, find, stop and reset the embedded endpoint. Standard library only: every command imports this.

State lives in `<home>/local/`:

- `endpoint.json` (0600)  the running endpoint: port, credentials, process id, instance id.
- `identity.json` (0600)  what survives a restart: the root credentials and the port last used.
- `endpoint.log`          what the server wrote.
- `start.lock`            held by a command that starts the endpoint; `server.lock` by the server, for life.
- `state/ s3/ images/ tasks/ tmp/`   the data.
"""

import contextlib
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engage_cli.errors import CloudError, UserError

ROOT_ACCESS_KEY = "ENGAGELOCALROOT"
ACCOUNT = "000000000000"
HOST = "127.0.0.1"
INSTANCE_PATH = "/_engage/instance"
INTERRUPT_SPOT = "interrupt-spot"
CLOCK = "clock"
ASK_MODEL_VARIABLE = "ENGAGE_ASK_MODEL_URL"
CONTAINERS_VARIABLE = "ENGAGE_LOCAL_CONTAINERS"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 20.0
UNFIT_STATE = 4
"""The server's exit code when the state cannot be used; REFUSAL in the state directory says why."""
REFUSAL = "refusal.json"
_LOG_KEEP_BYTES = 5_000_000
_DATA_DIRS = ("state", "s3", "images", "tasks", "tmp")


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint and the root credentials that sign in to it."""

    url: str
    port: int
    access_key: str
    secret_key: str
    pid: int
    state_dir: Path
    ask_model_url: str | None = None
    containers: str = "process"

    def __repr__(self) -> str:
        return f"Endpoint(url={self.url!r}, pid={self.pid}, state_dir={str(self.state_dir)!r})"


@dataclass(frozen=True)
class Status:
    """What `engage local status` shows. `endpoint` is None when it does not run; sizes are in bytes."""

    state_dir: Path
    log_file: Path
    endpoint: Endpoint | None
    uptime_seconds: float | None
    disk_bytes: int

    @property
    def running(self) -> bool:
        return self.endpoint is not None


def state_dir(home: Path) -> Path:
    """The directory that holds everything of the endpoint of `home`."""
    return home / "local"


def log_file(home: Path) -> Path:
    """The server's log."""
    return state_dir(home) / "endpoint.log"


def credentials_file(home: Path) -> Path:
    """The root credentials in the AWS CLI's own format; readable by the owner only."""
    return state_dir(home) / "aws-credentials"


def ensure_started(home: Path, *, ask_model_url: str | None = None, containers: str = "process") -> Endpoint:
    """Return the running endpoint of `home`, starting it when there is none.

    `ask_model_url` is the OpenAI-compatible server that answers questions; `containers` says how tasks run:
    as child processes (`process`) or as images in a Docker engine (`docker`). An endpoint that runs already
    keeps what it was started with.

    Two commands may call this at the same time: one starts it, the other waits and finds it.
    Raises UserError when the state directory cannot be written or no Docker engine answers, and CloudError,
    with the log's last lines, when the server does not come up.
    """
    found = find_running(home)
    if found is not None:
        return found
    directory = _prepare(home)
    with _locked(directory / "start.lock"):
        found = find_running(home)
        if found is not None:
            return found
        _await_dying_server(directory)
        if containers == "docker":
            from engage_cli.local import docker_tasks

            docker_tasks.connect().close()
        return _start(home, directory, ask_model_url, containers)


def find_running(home: Path) -> Endpoint | None:
    """The endpoint that answers now, or None.

    A process id alone proves nothing (ids are reused), so the instance id is asked for as well.
    """
    record = _read_json(state_dir(home) / "endpoint.json")
    if record is None:
        return None
    try:
        endpoint = Endpoint(
            url=f"http://{HOST}:{int(record['port'])}",
            port=int(record["port"]),
            access_key=str(record["access_key"]),
            secret_key=str(record["secret_key"]),
            pid=int(record["pid"]),
            state_dir=state_dir(home),
            ask_model_url=record.get("ask_model_url"),
            containers=str(record.get("containers") or "process"),
        )
    except (KeyError, TypeError, ValueError):
        return None
    answer = _ask_instance(endpoint.port)
    if answer is None or answer.get("instance") != record.get("instance"):
        return None
    return endpoint


def stop(home: Path) -> bool:
    """Stop the endpoint and wait until it has saved its state. False when it was not running."""
    endpoint = find_running(home)
    directory = state_dir(home)
    if endpoint is None:
        _unlink(directory / "endpoint.json")
        return False
    _signal(endpoint.pid, signal.SIGTERM)
    if not _server_lock_free(directory, STOP_TIMEOUT):
        _signal(endpoint.pid, signal.SIGKILL)
        if not _server_lock_free(directory, 5.0):
            raise CloudError(
                f"The local endpoint (process {endpoint.pid}) did not stop.",
                hint=f"Look into {log_file(home)}, then end process {endpoint.pid}.",
            )
    _unlink(directory / "endpoint.json")
    return True


def status(home: Path) -> Status:
    """Where the endpoint is, since when, and how much disk its state takes."""
    endpoint = find_running(home)
    directory = state_dir(home)
    record = _read_json(directory / "endpoint.json") or {}
    started = record.get("started")
    uptime = time.time() - float(started) if endpoint is not None and started is not None else None
    return Status(directory, log_file(home), endpoint, uptime, _tree_bytes(directory))


def interrupt_spot(home: Path, task_id: str | None = None) -> list[str]:
    """Interrupt one running Fargate Spot task, or all; the ids of those that are being ended.

    Raises UserError when the endpoint does not run or has no such task.
    """
    endpoint = find_running(home)
    if endpoint is None:
        raise UserError("The local endpoint is not running, so no task is.", hint="Run: engage run-pipeline")
    answer = _admin(endpoint, INTERRUPT_SPOT, {"task": task_id})
    ended = [str(task) for task in answer["tasks"]]
    if not ended:
        what = f"No task {task_id} runs on FARGATE_SPOT." if task_id else "No task runs on FARGATE_SPOT."
        raise UserError(what, hint="Deploy with TaskCapacity = FARGATE_SPOT, and try while a task runs.")
    return ended


def move_clock(endpoint: Endpoint, **move: float) -> float:
    """Move the clock of schedules and alarms by `seconds` or `to` a time, or set it right; its new time.

    What is due at the new time has been started when this returns.
    """
    return float(_admin(endpoint, CLOCK, dict(move))["now"])


def reset(home: Path) -> None:
    """Stop the endpoint and delete its data: stacks, objects, images, logs. Port and credentials stay."""
    stop(home)
    directory = state_dir(home)
    if not directory.exists():
        return
    with _locked(_prepare(home) / "start.lock"):
        for name in _DATA_DIRS:
            shutil.rmtree(directory / name, ignore_errors=True)
        for name in ("endpoint.log", "endpoint.log.1"):
            _unlink(directory / name)
    left = [name for name in _DATA_DIRS if (directory / name).exists()]
    if left:
        raise UserError(
            f"Could not delete {', '.join(left)} in {directory}.", hint="Check the permissions there."
        )


def log_tail(home: Path, lines: int = 50) -> list[str]:
    """The last `lines` lines of the server's log, oldest first; empty when there is none."""
    try:
        with log_file(home).open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=lines)]
    except FileNotFoundError:
        return []


def write_credentials(home: Path, access_key: str, secret_key: str) -> None:
    """Write the credentials file of `home`, never readable by others, not even for a moment."""
    path = credentials_file(home)
    path.unlink(missing_ok=True)
    text = f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def write_private(path: Path, data: dict[str, Any]) -> None:
    """Write JSON readable by the owner alone, atomically: a reader sees the old file or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(data, file)
        temporary.replace(path)
    except OSError:
        _unlink(temporary)
        raise


def identity(directory: Path) -> dict[str, Any]:
    """The root credentials of this state directory, and its preferred port; made on first use."""
    path = directory / "identity.json"
    record = _read_json(path)
    if record is None or not record.get("secret_key"):
        record = {"access_key": ROOT_ACCESS_KEY, "secret_key": secrets.token_urlsafe(30), "port": None}
        write_private(path, record)
    return record


def _prepare(home: Path) -> Path:
    directory = state_dir(home)
    try:
        for path in (directory, *(directory / name for name in _DATA_DIRS)):
            path.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        identity(directory)
        with (directory / "start.lock").open("a"):
            pass
    except OSError as error:
        raise UserError(
            f"The state directory {directory} cannot be written: {error.strerror}.",
            hint="Set ENGAGE_HOME to a directory that you can write to.",
        ) from error
    return directory


def _start(home: Path, directory: Path, ask_model_url: str | None, containers: str) -> Endpoint:
    instance = secrets.token_hex(16)
    _unlink(directory / "endpoint.json")
    _rotate(log_file(home))
    environment = {
        name: value
        for name, value in os.environ.items()
        # The server gets no credentials, profile or interpreter settings of the caller.
        if not name.startswith(("AWS_", "PYTHON", "MINISTACK_", "LAMBDA_"))
    }
    # The parent of this package: the server must find it without the caller's working directory.
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    if ask_model_url:
        environment[ASK_MODEL_VARIABLE] = ask_model_url
    environment[CONTAINERS_VARIABLE] = containers
    with log_file(home).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engage_cli.local.server", str(home), instance],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        found = find_running(home)
        if found is not None:
            return found
        if process.poll() == UNFIT_STATE:
            refusal = _read_json(directory / REFUSAL) or {}
            _unlink(directory / REFUSAL)
            raise UserError(refusal.get("message", "The local state is unfit."), hint=refusal.get("hint"))
        if process.poll() is not None:
            raise _failed(home, f"ended with exit code {process.returncode}")
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise _failed(home, f"did not answer within {START_TIMEOUT:.0f} seconds")


def _failed(home: Path, what: str) -> CloudError:
    tail = "\n".join(log_tail(home, 15)) or "(the log is empty)"
    return CloudError(
        f"The local endpoint {what}. Its log ends with:\n{tail}",
        hint=f"The whole log is {log_file(home)}. `engage local reset` starts afresh.",
    )


def _admin(endpoint: Endpoint, action: str, request: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(HOST, endpoint.port, timeout=30)
    try:
        headers = {"content-type": "application/json", "x-engage-admin": endpoint.secret_key}
        connection.request("POST", f"/_engage/{action}", json.dumps(request), headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CloudError(f"The local endpoint did not answer: {error}.", hint="engage local logs") from error
    finally:
        connection.close()
    if response.status != 200:
        raise CloudError(f"The local endpoint refused {action}: {answer.get('message')}")
    return answer


def _ask_instance(port: int) -> dict[str, Any] | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", INSTANCE_PATH)
        response = connection.getresponse()
        if response.status != 200:
            return None
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _await_dying_server(directory: Path) -> None:
    """A server that is shutting down still owns the state: wait for it rather than start beside it."""
    if not _server_lock_free(directory, STOP_TIMEOUT):
        raise CloudError(
            f"Another local endpoint holds {directory} but does not answer.",
            hint="End that process, or wait, and try again.",
        )


def _server_lock_free(directory: Path, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while True:
        with (directory / "server.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _rotate(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_KEEP_BYTES:
            path.replace(path.with_name(path.name + ".1"))


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _tree_bytes(directory: Path) -> int:
    total = 0
    for root, _, files in os.walk(directory):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total
