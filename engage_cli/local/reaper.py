"""Ends the children of an endpoint that was killed: reads their process ids, and waits for its death.

`python -I -S reaper.py` reads lines from standard input: `+<pid>` for a child that leads a process group,
`-<pid>` when that group is gone. The end of the input is the end of the endpoint: whoever is left gets
SIGKILL, with all that it started. Standard library only, to be small: it lives as long as the endpoint.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Serve until the input ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        pid = int(line[1:])
        if line.startswith(b"+"):
            groups.add(pid)
        else:
            groups.discard(pid)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
