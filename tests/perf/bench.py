"""`make bench`: the pipeline beside its floor, and the endpoint beside plain MiniStack, in one run.

Prints both and their ratio, the peak memory of each process, rows per second of generation and
inference, the start-up time of `engage --help`, deployment times, and where the overhead is. The
figures are for reading, not for a test: machines are shared and noisy.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tests.perf import endpoint

ENGAGE = [sys.executable, "-m", "engage_cli"]
MIB = 2**20
AIMS = {"ratio": 1.5, "peak_mib": 1536, "help_seconds": 0.25, "deploy_seconds": 5.0, "no_change_seconds": 1.0}


class MemoryWatch(threading.Thread):
    """Samples the resident memory of this process's descendants; keeps the peak by name, in bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[str, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            for process in psutil.process_iter(["cmdline", "memory_info"]):
                name = _process_name(process.info["cmdline"] or [])
                if name and process.info["memory_info"]:
                    self.peaks[name] = max(self.peaks.get(name, 0), process.info["memory_info"].rss)

    def stop(self) -> dict[str, int]:
        self._over.set()
        self.join()
        return dict(sorted(self.peaks.items(), key=lambda p: -p[1]))


def _process_name(command: list[str]) -> str | None:
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


def engage(home: Path, *arguments: str) -> tuple[float, Any]:
    """Run a command; return its wall-clock seconds and its JSON."""
    started = time.monotonic()
    done = subprocess.run(
        [*ENGAGE, *arguments, "--json"], env={**os.environ, "ENGAGE_HOME": str(home)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - started
    if done.returncode:
        sys.exit(f"engage {' '.join(arguments)} failed:\n{done.stderr}")
    return seconds, json.loads(done.stdout) if done.stdout.strip() else None


def help_seconds() -> float:
    """The median of seven starts."""
    times = []
    for _ in range(7):
        started = time.monotonic()
        subprocess.run([*ENGAGE, "--help"], capture_output=True, check=True)
        times.append(time.monotonic() - started)
    return statistics.median(times)


def measure(customers: int, home: Path) -> dict[str, Any]:
    """Run everything; return the figures."""
    result: dict[str, Any] = {"customers": customers, "cpus": os.cpu_count(), "help_seconds": help_seconds()}
    watch = MemoryWatch()
    watch.start()
    started = time.monotonic()
    subprocess.run([*ENGAGE, "--home", str(home), "local", "start"], check=True, capture_output=True)
    result["endpoint_start_seconds"] = time.monotonic() - started
    try:
        result["deploy_seconds"], _ = engage(home, "deploy")
        result["no_change_seconds"], _ = engage(home, "deploy")
        _, generated = engage(home, "generate-data", "--customers", str(customers))
        result["generation_rows_per_second"] = generated["rows_per_second"]
        result["pipeline_command_seconds"], run = engage(home, "run-pipeline")
        result["pipeline_seconds"] = run["seconds"]
        result["states"] = {s["name"]: _seconds(s) for s in run["states"]}
        as_of = run["output"]["as_of"]
        _, floor = _floor(home, customers, as_of)
        result["floor"] = floor
    finally:
        subprocess.run([*ENGAGE, "--home", str(home), "local", "stop"], check=False, capture_output=True)
        result["peaks"] = watch.stop()
    result["ratio"] = result["pipeline_seconds"] / floor["seconds"]
    result["inference_rows_per_second"] = customers / result["states"]["Infer"]
    return result


def _floor(home: Path, customers: int, as_of: str) -> tuple[float, dict[str, Any]]:
    """Run the floor on the very files that the pipeline read."""
    raw = home / "floor-raw"
    code = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from engage_cli.datagen.generate import generate\n"
        "from tests.directory_sink import DirectorySink\n"
        "from engage_cli.datagen.spec import GenerationSpec\n"
        "spec = GenerationSpec(int(sys.argv[1]), date.fromisoformat(sys.argv[2]))\n"
        "generate(spec, DirectorySink(Path(sys.argv[3])))"
    )
    subprocess.run([sys.executable, "-c", code, str(customers), as_of, str(raw)], check=True)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.perf.floor", str(raw), as_of],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"The floor failed:\n{done.stderr}")
    return time.monotonic() - started, json.loads(done.stdout)


def _seconds(state: dict[str, Any]) -> float:
    from datetime import datetime

    enter, leave = (datetime.fromisoformat(str(state[k])) for k in ("entered", "exited"))
    return (leave - enter).total_seconds()


def show(result: dict[str, Any]) -> None:
    """Print the figures."""
    console = Console()
    floor, states = result["floor"], result["states"]
    console.print(f"[bold]{result['customers']:,} customers, {result['cpus']} processors[/bold]")
    table = Table(box=SIMPLE_HEAD)
    for name in ("figure", "measured", "aim"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    rows = [
        ("pipeline", f"{result['pipeline_seconds']:.1f} s", ""),
        ("floor", f"{floor['seconds']:.1f} s", ""),
        ("pipeline / floor", f"{result['ratio']:.2f}", f"<= {AIMS['ratio']}"),
        ("generation", f"{result['generation_rows_per_second']:,.0f} rows/s", ""),
        ("inference with reasons", f"{result['inference_rows_per_second']:,.0f} customers/s", ""),
        ("engage --help", f"{result['help_seconds']:.3f} s", f"< {AIMS['help_seconds']}"),
        ("start of the endpoint", f"{result['endpoint_start_seconds']:.1f} s", ""),
        ("deploy of all stacks", f"{result['deploy_seconds']:.1f} s", f"< {AIMS['deploy_seconds']:.0f}"),
        (
            "deploy without change",
            f"{result['no_change_seconds']:.2f} s",
            f"< {AIMS['no_change_seconds']:.0f}",
        ),
    ]
    for row in rows:
        table.add_row(*row)
    console.print(table)
    phases = floor["phases"]
    pairs = [
        ("Validate", ("Validate",), ("clean",)),
        ("Split and Features", ("Split", "Features"), ("features",)),
        ("Train", ("Train",), ("train", "import")),
        ("Infer", ("Infer",), ("infer",)),
    ]
    overhead = Table("step", "pipeline", "floor", "overhead", title="Where the overhead is", box=SIMPLE_HEAD)
    told = set()
    for name, in_pipeline, in_floor in pairs:
        told |= set(in_pipeline)
        took, least = sum(states[s] for s in in_pipeline), sum(phases[p] for p in in_floor)
        overhead.add_row(name, f"{took:.1f} s", f"{least:.1f} s", f"{took - least:+.1f} s")
    for name, seconds in states.items():
        if name not in told and seconds >= 0.05:
            overhead.add_row(name, f"{seconds:.1f} s", "-", f"{seconds:+.1f} s")
    console.print(overhead)
    memory = Table(
        "process", "peak MiB", title=f"Peak memory (aim: at most {AIMS['peak_mib']})", box=SIMPLE_HEAD
    )
    for name, peak in result["peaks"].items():
        memory.add_row(name, f"{peak / MIB:,.0f}")
    console.print(memory)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as home:
        result = measure(options.customers, Path(home))
    show(result)
    result["endpoint"] = endpoint.compare()
    endpoint.show(result["endpoint"])
    if options.json:
        options.json.write_text(json.dumps(result, indent=2, default=str))


if __name__ == "__main__":
    main()
