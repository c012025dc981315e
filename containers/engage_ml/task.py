"""What both tasks share: settings from the environment, JSON log lines, metrics as EMF lines, one error
boundary.

Nothing here logs a row of data: only names, counts, seconds and measures.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import SCHEMA_VERSION
from .contract import ContractError, SplitPlan
from .data_contract import DataContract, parse
from .registry import Store
from .tuning import Budget

_RUN_ID = re.compile(r"run-[a-z0-9][a-z0-9-]{0,75}")


class JsonLog:
    """Writes one JSON object per line to stdout, with the seconds since the start of the task."""

    def __init__(self, service: str, **context: Any) -> None:
        self._service = service
        self._context = context
        self._started = time.monotonic()

    def __call__(self, message: str, *, level: str = "INFO", **fields: Any) -> None:
        line = {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "service": self._service,
            "message": message,
            **self._context,
            "elapsed_seconds": round(time.monotonic() - self._started, 3),
            **fields,
        }
        print(json.dumps(line), flush=True)

    def metrics(self, values: Mapping[str, float | None], units: Mapping[str, str] | None = None) -> None:
        """CloudWatch embedded metrics with the one dimension Environment; unknown values are left out."""
        known = {name: float(v) for name, v in values.items() if v is not None and v == v}
        if not known:
            return
        described = [{"Name": name, "Unit": (units or {}).get(name, "None")} for name in known]
        head = {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": os.environ.get("METRICS_NAMESPACE", "Engage"),
                    "Dimensions": [["Environment"]],
                    "Metrics": described,
                }
            ],
        }
        print(
            json.dumps({"_aws": head, "Environment": os.environ.get("ENGAGE_ENV", "dev"), **known}),
            flush=True,
        )


@dataclass(frozen=True)
class RunSpec:
    """`runs/<run_id>/spec.json`, which the features handler writes for the tasks."""

    run_id: str
    as_of: str
    n_shards: int
    plan: SplitPlan
    contract: DataContract
    train_prefix: str
    score_prefix: str
    seed: int
    params: Mapping[str, Any]
    model_version: str | None
    tune: Budget | None = None
    synthetic: bool = False
    """Whether the data are generated ones, which alone have a ceiling."""


def read_spec(store: Store, run_id: str) -> RunSpec:
    """The specification of a run.

    Raises:
        ContractError: when it is missing, incomplete, or of an unknown schema version.
    """
    key = f"runs/{run_id}/spec.json"
    try:
        found = json.loads(store.get(key))
    except KeyError as error:
        raise ContractError(f"The run {run_id} has no specification ({key}).") from error
    if found.get("schema_version") != SCHEMA_VERSION:
        raise ContractError(f"{key} has schema version {found.get('schema_version')}, not {SCHEMA_VERSION}.")
    try:
        return RunSpec(
            run_id=str(found["run_id"]),
            as_of=str(found["as_of"]),
            n_shards=int(found["n_shards"]),
            plan=SplitPlan.from_spec(found["as_of"], found["cutoffs"]),
            contract=parse(found["contract"]),
            train_prefix=_folder(found["features_train_prefix"]),
            score_prefix=_folder(found["features_score_prefix"]),
            seed=int(found.get("seed", 7)),
            params=dict(found.get("params") or {}),
            model_version=found.get("model_version"),
            tune=Budget.parse(found["tune"]) if found.get("tune") else None,
            synthetic=found.get("synthetic") is True,
        )
    except KeyError as error:
        raise ContractError(f"{key} lacks {error}.") from error


def _folder(prefix: str) -> str:
    return prefix.rstrip("/") + "/"


def variable(name: str, default: str | None = None) -> str:
    """An environment variable.

    Raises:
        ContractError: when it is not set and has no default.
    """
    value = os.environ.get(name) or default
    if value is None:
        raise ContractError(f"The environment variable {name} is not set.")
    return value


def run_id_variable() -> str:
    """RUN_ID, checked: it becomes part of keys."""
    run_id = variable("RUN_ID")
    if not _RUN_ID.fullmatch(run_id):
        raise ContractError(f"RUN_ID {run_id!r} is not a run id.")
    return run_id


def threads() -> int:
    """CPU_THREADS, at most all processors; must be asked for before XGBoost is loaded.

    Idle OpenMP threads are told to sleep: by default they spin, which takes the processor from others
    on a machine that is not ours alone (a laptop) and slows training several times.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    text = variable("CPU_THREADS", str(os.cpu_count() or 1))
    if not text.isdecimal() or int(text) < 1:
        raise ContractError(f"CPU_THREADS {text!r} is not a number of threads.")
    # More threads than processors (a task size of 4 vCPU on a laptop with 2) get in each other's way.
    return min(int(text), os.cpu_count() or 1)


def fetch(store: Any, prefix: str, folder: Path) -> int:
    """Downloads all data objects under a prefix to a folder, one at a time, streamed; returns the bytes."""
    total = 0
    for key in store.list(prefix):
        name = key.removeprefix(prefix)
        if name.endswith("/") or any(part.startswith(("_", ".")) for part in name.split("/")):
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(store, "download"):
            store.download(key, path)
        else:
            path.write_bytes(store.get(key))
        total += path.stat().st_size
    return total


def code_version() -> str:
    """Digest of the library's sources: the same code gives the same version wherever it runs."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def peak_memory_mib() -> float | None:
    """Peak resident memory of this process in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 if sys.platform != "darwin" else 1024**2), 1)


def run_task(log: JsonLog, work: Callable[[], None]) -> int:
    """Runs the task; the exit code. A problem of the data or the run is one line; anything else shows its
    traceback.
    """
    try:
        work()
    except ContractError as error:
        log(str(error), level="ERROR", error="ContractError")
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    except Exception as error:
        log(f"unexpected {type(error).__name__}", level="ERROR", error=type(error).__name__)
        traceback.print_exc()
        return 1
    log("finished", peak_memory_mib=peak_memory_mib())
    return 0
