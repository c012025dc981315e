"""`make bench`: the pipeline beside its floor, and the endpoint beside plain MiniStack, in one run.

Prints both and their ratio (in wall-clock and in processor seconds), the peak memory of each process, rows
per second of generation and inference, the start-up time of `engage --help`, deployment times, and where the
overhead is. The figures are for reading, not for a test: machines are shared and noisy.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from engage_cli.local import process
from tests.perf import endpoint
from tests.perf.watch import ProcessWatch

ENGAGE = [sys.executable, "-m", "engage_cli"]
MIB = 2**20
AIMS = {"ratio": 1.5, "peak_mib": 1536, "help_seconds": 0.25, "deploy_seconds": 5.0, "no_change_seconds": 1.0}


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
    watch = ProcessWatch()
    started = time.monotonic()
    subprocess.run([*ENGAGE, "--home", str(home), "local", "start"], check=True, capture_output=True)
    result["endpoint_start_seconds"] = time.monotonic() - started
    watch.follow(process.ensure_started(home).pid)
    watch.start()
    try:
        result["deploy_seconds"], _ = engage(home, "deploy")
        result["no_change_seconds"], _ = engage(home, "deploy")
        _, generated = engage(home, "generate-data", "--customers", str(customers))
        result["generation_rows_per_second"] = generated["rows_per_second"]
        result["pipeline_command_seconds"], run = engage(home, "run-pipeline")
        result["pipeline_seconds"] = run["seconds"]
        result["states"] = {s["name"]: _spent(watch, s) for s in run["states"]}
        as_of = run["output"]["as_of"]
        _, floor = _floor(home, customers, as_of)
        result["floor"] = floor
    finally:
        subprocess.run([*ENGAGE, "--home", str(home), "local", "stop"], check=False, capture_output=True)
        result["peaks"] = watch.stop()
    result["ratio"] = result["pipeline_seconds"] / floor["seconds"]
    cpu = sum(state["cpu"] for state in result["states"].values())
    result["cpu_ratio"] = cpu / sum(phase["cpu"] for phase in floor["phases"].values())
    result["inference_rows_per_second"] = customers / result["states"]["Infer"]["seconds"]
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


def _spent(watch: ProcessWatch, state: dict[str, Any]) -> dict[str, float]:
    """Wall-clock and processor seconds of a state, whose times the execution's history tells."""
    enter, leave = (datetime.fromisoformat(str(state[k])).timestamp() for k in ("entered", "exited"))
    return {"seconds": leave - enter, "cpu": watch.cpu_between(enter, leave)}


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
        ("pipeline / floor in processor seconds", f"{result['cpu_ratio']:.2f}", ""),
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
    _show_steps(console, states, floor["phases"])
    memory = Table(
        "process", "peak MiB", title=f"Peak memory (aim: at most {AIMS['peak_mib']})", box=SIMPLE_HEAD
    )
    for name, peak in result["peaks"].items():
        memory.add_row(name, f"{peak / MIB:,.0f}")
    console.print(memory)


STEPS = {
    "Validate": (("Validate",), ("clean",)),
    "Split, Features": (("Split", "Features"), ("features",)),
    "Train": (("Train",), ("train", "import")),
    "Infer": (("Infer",), ("infer",)),
}
"""States of the pipeline, and the phases of the floor that do the same work."""


def _show_steps(
    console: Console, states: dict[str, dict[str, float]], phases: dict[str, dict[str, float]]
) -> None:
    """Each step beside the same work of the floor, in wall-clock seconds and in processor seconds."""
    table = Table(title="Where the overhead is: seconds, and processor seconds (cpu)", box=SIMPLE_HEAD)
    for name in ("step", "pipeline", "floor", "more", "pipeline cpu", "floor cpu", "more cpu"):
        table.add_column(name, justify="left" if name == "step" else "right", no_wrap=name == "step")

    def add(name: str, of_pipeline: tuple[str, ...], of_floor: tuple[str, ...]) -> None:
        cells = []
        for unit in ("seconds", "cpu"):
            took, least = sum(states[s][unit] for s in of_pipeline), sum(phases[p][unit] for p in of_floor)
            cells += [f"{took:.1f}", f"{least:.1f}" if of_floor else "-", f"{took - least:+.1f}"]
        table.add_row(name, *cells)

    for name, (of_pipeline, of_floor) in STEPS.items():
        add(name, of_pipeline, of_floor)
    paired = {state for of_pipeline, _ in STEPS.values() for state in of_pipeline}
    for name, spent in states.items():
        if name not in paired and spent["seconds"] >= 0.05:
            add(name, (name,), ())
    add("all", tuple(states), tuple(phases))
    console.print(table)


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
