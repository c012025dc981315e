"""Our endpoint beside plain MiniStack, one after the other on one machine: what our parts cost and save."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from engage_cli.local import process
from tests.perf import load

MIB = 2**20
ROUNDS = 200
FIGURES = {
    "start_seconds": ("start", "s", 2),
    "idle_mib": ("idle memory", "MiB", 0),
    "stack_seconds": ("create a stack of 13 resources", "s", 2),
    "warm_call_ms": ("warm function call, median", "ms", 1),
    "s3_put_ms": ("S3 put of 10 kB, median", "ms", 1),
    "s3_get_ms": ("S3 get of 10 kB, median", "ms", 1),
}


def compare() -> dict[str, dict[str, float]]:
    """{"ours": figures, "plain": figures}; what the figures are is in FIGURES."""
    return {"ours": _measure(_ours), "plain": _measure(_plain)}


def show(found: dict[str, dict[str, float]]) -> None:
    """Print both and their ratio."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title="The endpoint beside plain MiniStack", box=SIMPLE_HEAD)
    table.add_column("figure")
    for name in ("ours", "MiniStack", "ratio"):
        table.add_column(name, justify="right")
    for key, (name, unit, digits) in FIGURES.items():
        ours, plain = found["ours"][key], found["plain"][key]
        table.add_row(name, f"{ours:.{digits}f} {unit}", f"{plain:.{digits}f} {unit}", f"{ours / plain:.2f}")
    Console().print(table)


def _measure(running: Callable[[Path], Any]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as folder:
        started = time.monotonic()
        with running(Path(folder)) as (url, keys, pid):
            found = {"start_seconds": time.monotonic() - started}
            time.sleep(2)
            found["idle_mib"] = psutil.Process(pid).memory_info().rss / MIB
            target = load.Target(url, *keys, clients=1)
            before = time.perf_counter()
            target.prepare()
            found["stack_seconds"] = time.perf_counter() - before
            calls = target.calls()
            for key, kind in (
                ("warm_call_ms", "lambda invoke"),
                ("s3_put_ms", "s3 put"),
                ("s3_get_ms", "s3 get"),
            ):
                found[key] = _median_ms(calls[kind])
            return found


def _median_ms(call: Callable[[], Any]) -> float:
    for _ in range(5):
        call()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


@contextmanager
def _ours(home: Path) -> Iterator[tuple[str, tuple[str, str], int]]:
    endpoint = process.ensure_started(home)
    try:
        yield endpoint.url, (endpoint.access_key, endpoint.secret_key), endpoint.pid
    finally:
        process.stop(home)


@contextmanager
def _plain(home: Path) -> Iterator[tuple[str, tuple[str, str], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.perf.plain", str(home), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    )
    try:
        _await(server, port)
        identity = process.identity(process.state_dir(home))
        keys = (identity["access_key"], identity["secret_key"])
        yield f"http://127.0.0.1:{port}", keys, server.pid
    finally:
        server.terminate()
        server.wait(30)


def _await(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/_ministack/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    sys.exit("Plain MiniStack did not start.")


if __name__ == "__main__":
    show(compare())
