"""Child processes that die with the endpoint, however it dies, and connect to nothing outside the machine.

Linux can kill a child when its parent dies (PR_SET_PDEATHSIG), but "parent" there means the *thread*
that forked it. So every child is forked by one thread that lives as long as the process. What a child
has started itself, and every child on other systems, is ended by `reaper.py`, which waits on a pipe.
"""

import concurrent.futures
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_spawner = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="engage-spawner")
# Loaded here, not in the child: after fork only async-signal-safe work is safe.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

# Its `sitecustomize` seals every Python that has this directory on its path.
SEALED = Path(__file__).with_name("sealed")
_REAPER = Path(__file__).with_name("reaper.py")

# All that a child gets from the endpoint's own environment: where programs are and which text encoding.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


def base_environment() -> dict[str, str]:
    """A clean environment: no credentials, no settings of the endpoint or of who started it."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    environment.setdefault("LANG", "C.UTF-8")
    return environment


def sealed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which every Python process connects to nothing outside the machine."""
    paths = [str(SEALED), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str,
    cores: Collection[int] = (),
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of its own session, sealed. `options` go to subprocess.Popen.

    `cores` are the processors that it and its children may use, where the system can hold them to it.
    """
    hook = _before_exec(cores) if _libc is not None else None

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            list(command), env=sealed(env), cwd=cwd, start_new_session=True, preexec_fn=hook, **options
        )
        _reaper.watch(process.pid)
        return process

    return _spawner.submit(start).result()


def end_group(pid: int) -> None:
    """Kill what a child that has ended left behind; its id is free to be used again from now on."""
    signal_group(pid, signal.SIGKILL)
    _spawner.submit(_reaper.forget, pid)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a child and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


class _Reaper:
    """The process that outlives this one for a moment. Used by the spawner's thread alone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def watch(self, pid: int) -> None:
        self._groups.add(pid)
        self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        self._groups.discard(pid)
        self._tell(f"-{pid}\n")

    def _tell(self, line: str) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                # -I -S: it must not depend on anything of this installation.
                [sys.executable, "-I", "-S", str(_REAPER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
            line = "".join(f"+{pid}\n" for pid in self._groups)
        assert self._process.stdin is not None
        # A reaper that someone killed just now is started again by the next line.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


_reaper = _Reaper()


def _before_exec(cores: Collection[int]) -> Callable[[], None]:
    parent = os.getpid()

    def hook() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # The parent died between fork and prctl: nobody would kill us.
            os._exit(1)
        if cores and sys.platform == "linux":
            os.sched_setaffinity(0, cores)

    return hook
