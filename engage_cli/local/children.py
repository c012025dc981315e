"""Child processes that die with the endpoint, however it dies.

Linux can kill a child when its parent dies (PR_SET_PDEATHSIG), but "parent" there means the *thread*
that forked it. So every child is forked by one thread that lives as long as the process.
"""

import concurrent.futures
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
_spawner = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="engage-spawner")
# Loaded here, not in the child: after fork only async-signal-safe work is safe.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

# All that a child gets from the endpoint's own environment: where programs are and which text encoding.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


def base_environment() -> dict[str, str]:
    """A clean environment: no credentials, no settings of the endpoint or of who started it."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    environment.setdefault("LANG", "C.UTF-8")
    return environment


def spawn(
    command: Sequence[str], *, env: Mapping[str, str], cwd: str, **options: Any
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of its own session. `options` go to subprocess.Popen."""
    hook = _die_with_parent() if _libc is not None else None
    return _spawner.submit(
        lambda: subprocess.Popen(
            list(command), env=dict(env), cwd=cwd, start_new_session=True, preexec_fn=hook, **options
        )
    ).result()


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a child and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _die_with_parent() -> Callable[[], None]:
    parent = os.getpid()

    def hook() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # The parent died between fork and prctl: nobody would kill us.
            os._exit(1)

    return hook
