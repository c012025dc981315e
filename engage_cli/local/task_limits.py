"""What a task may use at most: memory and disk are watched and enforced, processors are a share.

Memory is sampled (RLIMIT_AS is no use: numpy reserves what it never uses), so a peak shorter than the
interval passes. Fargate gives a task its vCPUs and no more; here a task is held to as many whole
processors, where there are more, which it shares with everything else on the machine.
"""

import contextlib
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.2
_DISK_SECONDS = 1.0
DEFAULT_DISK_GIB = 20
STOP_SECONDS = 30
"""Between SIGTERM and SIGKILL when a container names no `stopTimeout`."""
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


@dataclass(frozen=True)
class Limits:
    """Memory in MiB (None: no limit), vCPUs (0: any), ephemeral storage in bytes, seconds to stop in."""

    memory_mib: int | None = None
    vcpus: float = 0
    disk_bytes: int = DEFAULT_DISK_GIB * 2**30
    stop_seconds: float = STOP_SECONDS


class Cores:
    """Hands out processors: a task gets as many as its vCPUs, rounded up, those that fewest tasks have."""

    def __init__(self, cores: Collection[int] | None = None) -> None:
        found = cores if cores is not None else _processors()
        self._tasks = Counter(dict.fromkeys(found, 0))
        self._lock = threading.Lock()

    def take(self, vcpus: float) -> tuple[int, ...]:
        """Processors for a task; empty when it may have all that there are."""
        wanted = math.ceil(vcpus)
        with self._lock:
            if not 0 < wanted < len(self._tasks):
                return ()
            chosen = tuple(sorted(self._tasks, key=lambda core: (self._tasks[core], core))[:wanted])
            self._tasks.update(chosen)
            return chosen

    def give_back(self, cores: Collection[int]) -> None:
        """The task that had them has ended."""
        with self._lock:
            self._tasks.subtract(cores)


class Watch:
    """Samples a running process until `ended` says that it is gone; kills it over a limit and says why."""

    def __init__(self, pid: int, limits: Limits, scratch: Path, kill: Callable[[], None]) -> None:
        self.reason = ""
        self.peak_rss_bytes = 0
        self._pid, self._limits, self._scratch, self._kill = pid, limits, scratch, kill

    def run(self, ended: Callable[[], bool]) -> None:
        """Sample until the end; for a thread of its own."""
        memory = self._limits.memory_mib * 2**20 if self._limits.memory_mib else math.inf
        disk_at = time.monotonic() + _DISK_SECONDS
        try:
            process = psutil.Process(self._pid)
            while not ended():
                resident = _resident(process)
                self.peak_rss_bytes = max(self.peak_rss_bytes, resident, _high_water(self._pid))
                if resident > memory:
                    self._end(OUT_OF_MEMORY)
                    return
                if time.monotonic() >= disk_at:
                    if tree_bytes(self._scratch) > self._limits.disk_bytes:
                        size = self._limits.disk_bytes / 2**30
                        self._end(f"No space left on device: the ephemeral storage of {size:g} GiB is full")
                        return
                    disk_at = time.monotonic() + _DISK_SECONDS
                time.sleep(SAMPLE_SECONDS)
        except psutil.NoSuchProcess:
            return

    def _end(self, reason: str) -> None:
        self.reason = reason
        self._kill()


def tree_bytes(directory: Path) -> int:
    """Bytes that the files below a directory take on disk, holes not counted."""
    total = 0
    for root, _, files in os.walk(directory):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
    return total


def _processors() -> Collection[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    # Elsewhere no process can be held to some of them.
    return ()


def _resident(process: psutil.Process) -> int:
    """Bytes in memory of a process and its children."""
    total = int(process.memory_info().rss)
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += int(child.memory_info().rss)
    return total


def _high_water(pid: int) -> int:
    """The kernel's own record of the peak, in bytes; 0 where it keeps none."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
