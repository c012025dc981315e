"""The endpoint's process: `python -m engage_cli.local.server <home> <instance>`, started by `process`.

It owns the state directory (a lock that it holds for life), binds 127.0.0.1, plugs our parts into
MiniStack, and on SIGTERM ends its children and saves its state.
"""

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from engage_cli.local import process

DEFAULT_PORT = 4566
REGION = "us-east-1"
logger = logging.getLogger("engage.server")


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT. 3: another server owns the state directory; 4: the state is unfit."""
    os.umask(0o077)
    home, instance = Path(arguments[0]), arguments[1]
    directory = process.state_dir(home)
    lock = _own(directory)
    if lock is None:
        print(f"Another endpoint owns {directory}.", file=sys.stderr)
        return 3
    identity = process.identity(directory)
    listener = listen([identity.get("port"), DEFAULT_PORT, 0])
    port: int = listener.getsockname()[1]
    callers_environment = dict(os.environ)
    configure_environment(directory, port, identity["access_key"], identity["secret_key"])

    # Everything below reads that environment when it is imported.
    from engage_cli.local import docker_tasks, network, s3_files, seams, task_stops
    from engage_cli.local.clock import CLOCK
    from engage_cli.local.guard import Guard
    from engage_cli.local.monitoring import evaluator
    from engage_cli.local.schedules import firing
    from engage_cli.local.state_file import StateError

    network.seal()
    ask_model_url = os.environ.get(process.ASK_MODEL_VARIABLE)
    if ask_model_url:
        network.allow(urlsplit(ask_model_url).hostname or "")
    containers = os.environ.get(process.CONTAINERS_VARIABLE) or "process"
    # Only our own parts get the engine; MiniStack sees none (DOCKER_HOST above).
    engine = docker_tasks.connect(callers_environment) if containers == "docker" else None
    try:
        s3_files.repair(directory / "s3")
        context = seams.Context(directory, port, REGION, engine)
        saver = _restore(context)
    except StateError as error:
        process.write_private(directory / process.REFUSAL, {"message": str(error), "hint": error.hint})
        return process.UNFIT_STATE
    from ministack import app as ministack

    about = {"instance": instance, "pid": os.getpid(), "ministack": metadata.version("ministack")}
    app = Guard(
        ministack.app,
        instance=about,
        admin_secret=identity["secret_key"],
        barrier=saver.before_answer,
        actions={
            process.INTERRUPT_SPOT: lambda request: {"tasks": task_stops.interrupt_spot(request.get("task"))},
            process.CLOCK: CLOCK.move,
        },
    )

    process.write_private(directory / "identity.json", {**identity, "port": port})
    record = {"port": port, "pid": os.getpid(), "instance": instance, "started": time.time()}
    record |= {"access_key": identity["access_key"], "secret_key": identity["secret_key"]}
    record |= {"ask_model_url": ask_model_url, "containers": containers}
    process.write_private(directory / "endpoint.json", record)
    process.write_credentials(home, identity["access_key"], identity["secret_key"])
    saver.start()
    CLOCK.on_move(lambda: firing.tick(saver.commit))
    evaluator.start(saver.commit)
    code = 1
    try:
        asyncio.run(_serve(app, listener))
        code = 0
    except Exception:
        # The exit below would swallow it, and an endpoint that ended by itself would say nothing.
        logger.exception("The endpoint ended by an error")
    finally:
        context.close()
        try:
            saver.close()
        except StateError as error:
            logger.error("%s %s", error, error.hint)
        (directory / "endpoint.json").unlink(missing_ok=True)
        shutil.rmtree(directory / "tmp", ignore_errors=True)
        logging.shutdown()
        # Threads of stopped executions may still sleep in a Wait state: they are not waited for.
        os._exit(code)


def _restore(context: Any) -> Any:
    """Plug our parts into MiniStack and give it its state back. Raises StateError."""
    from ministack import app as ministack

    from engage_cli.local import seams
    from engage_cli.local.persistence import Persistence
    from engage_cli.local.state_file import StateFile

    file = StateFile(context.directory / "state" / "state.sqlite")
    context.persistence = Persistence(file, ministack._build_persistence_save_dict)
    seams.install(context)

    def load(service: str, state: dict[str, Any]) -> None:
        ministack._get_module(ministack._state_map[service]).load_persisted_state(state)

    marked = context.persistence.restore(load, legacy=context.directory / "state")
    if marked:
        logger.warning("interrupted by the last end of this endpoint: %s", ", ".join(marked))
    return context.persistence


def configure_environment(directory: Path, port: int, access_key: str, secret_key: str) -> None:
    """Set what MiniStack reads when it is imported. Nothing of it comes from who started the process."""
    for name in [
        name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_", "SFN_"))
    ]:
        del os.environ[name]
    scratch = directory / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    for path in (scratch, directory / "state", directory / "s3", directory / "images", directory / "tasks"):
        path.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(directory / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(directory / "s3"),
            "LAMBDA_EXECUTOR": "local",
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": process.ACCOUNT,
            # A Wait state waits for real.
            "SFN_WAIT_SCALE": "1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # A socket that is not there: no Docker daemon is ever asked.
            "DOCKER_HOST": f"unix://{directory / 'no-docker.sock'}",
            "LOG_LEVEL": os.environ.get("ENGAGE_LOCAL_LOG_LEVEL", "WARNING"),
            "TMPDIR": str(scratch),
        }
    )
    # For this interpreter, which may have looked already.
    tempfile.tempdir = str(scratch)


def _own(directory: Path) -> IO[str] | None:
    directory.mkdir(parents=True, exist_ok=True)
    lock = (directory / "server.lock").open("a")
    # A command that looks whether the lock is free holds it for an instant.
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return lock
    return None


def listen(ports: list[int | None]) -> socket.socket:
    """Listen at the first free port of the list; 0 stands for any.

    Bound alone is not taken: with SO_REUSEADDR two endpoints that start together could both bind the
    port, and the second would end when it listens.
    """
    for port in ports:
        if port is None:
            continue
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((process.HOST, port))
            listener.listen()
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError(f"No free port on {process.HOST}.")


async def _serve(app: Any, listener: socket.socket) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.accesslog = None
    config.errorlog = "-"
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(app, config, shutdown_trigger=stopping.wait)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
