"""Processor seconds and memory of trees of processes, sampled while they run.

Wall-clock seconds say little on a machine that others use too; processor seconds of the processes at work
say what a step costs wherever it runs.
"""

import bisect
import sys
import threading
import time
from collections.abc import Iterator

import psutil

INTERVAL = 0.1
"""Seconds between samples; what a process does after its last one is not seen."""


class ProcessWatch(threading.Thread):
    """Samples this process's descendants and the processes that `follow` names, with theirs.

    `peaks` holds the largest resident memory by name of process, in bytes.
    """

    def __init__(self, interval: float = INTERVAL) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[str, int] = {}
        self._roots = [psutil.Process()]
        self._spent: dict[tuple[int, float], float] = {}
        self._times = [time.time()]
        self._totals = [0.0]
        self._interval = interval
        self._over = threading.Event()

    def follow(self, pid: int) -> None:
        """Watch another process and what it starts, as a server that left its parent."""
        self._roots.append(psutil.Process(pid))

    def run(self) -> None:
        while not self._over.wait(self._interval):
            self._sample()

    def stop(self) -> dict[str, int]:
        """End the sampling; the peaks, largest first."""
        self._over.set()
        self.join()
        return dict(sorted(self.peaks.items(), key=lambda p: -p[1]))

    def cpu_between(self, begin: float, end: float) -> float:
        """Processor seconds (user and system) that all spent between two times (as of `time.time()`)."""
        return self._total_at(end) - self._total_at(begin)

    def _total_at(self, moment: float) -> float:
        """The seconds spent until then: between two samples they grow evenly."""
        after = bisect.bisect_right(self._times, moment)
        if after in (0, len(self._times)):
            return self._totals[min(after, len(self._totals) - 1)]
        before = after - 1
        share = (moment - self._times[before]) / (self._times[after] - self._times[before])
        return self._totals[before] + share * (self._totals[after] - self._totals[before])

    def _sample(self) -> None:
        for process in self._processes():
            try:
                with process.oneshot():
                    times, memory, command = process.cpu_times(), process.memory_info(), process.cmdline()
            except psutil.Error:
                continue  # it ended meanwhile: its last sample stands
            self._spent[process.pid, process.create_time()] = times.user + times.system
            if name := process_name(command):
                self.peaks[name] = max(self.peaks.get(name, 0), memory.rss)
        self._times.append(time.time())
        self._totals.append(sum(self._spent.values()))

    def _processes(self) -> Iterator[psutil.Process]:
        own = self._roots[0]
        for root in self._roots:
            try:
                found = root.children(recursive=True)
            except psutil.Error:
                continue  # a server that was stopped
            # The watch itself runs in this process: what it takes is no part of what it measures.
            yield from found if root is own else [root, *found]


def process_name(command: list[str]) -> str | None:
    """What a process is, by its command line; None for one that is not of the platform."""
    line = " ".join(command)
    if "engage_cli.local.server" in line:
        return "endpoint"
    if "tests.perf.floor" in line:
        return "floor"
    for task in ("training", "inference"):
        if line.endswith(f"-m {task}") or f"-m {task} " in line:
            return f"task {task}"
    if "lambda_bootstrap" in line or "_worker" in line:
        return "a Lambda function"
    return f"engage {command[3]}" if line.startswith(f"{sys.executable} -m engage_cli ") else None
