"""Trains and judges the models of a run.

Reads `runs/<RUN_ID>/spec.json` and the training features from LAKE_BUCKET; writes `models/<version>/*` and,
last, `runs/<RUN_ID>/evaluation.json`: its presence means success. It does not promote: the promote step
does, as the evaluation's `decision` says. Exit code 1, with one line that says why, when the data do not
allow training.

With TRUTH_BUCKET set and generated data, `ceiling/*` is read from it after training, for the evaluation
alone.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engage_ml import ceiling, contract, registry, task
from engage_ml.diagnostics import diagnostics
from engage_ml.dossier import compile_dossier
from engage_ml.evaluate import evaluate, headline
from engage_ml.fitting import Settings
from engage_ml.held_out import HeldOut, Said
from engage_ml.score import Model
from engage_ml.train import train_models


def champion_of(store: registry.Store, log: task.JsonLog, threads: int) -> tuple[Model | None, str | None]:
    """The champion, or None with the reason why there is none to compare with."""
    pointer = registry.read_champion(store)
    if pointer is None:
        return None, None
    try:
        return registry.read_model(store, pointer.model_version, threads), None
    except contract.ContractError as error:
        # A champion whose files were removed must not block every later run.
        log("champion unreadable", level="WARNING", model_version=pointer.model_version)
        return None, f"The champion cannot be compared: {error}"


def train_run(
    store: Any,
    run_id: str,
    threads: int,
    log: task.JsonLog,
    folder: Path,
    truth: ceiling.Reader | None = None,
) -> dict[str, Any]:
    """Trains, evaluates and stores the models of a run; returns the evaluation. `truth` may hold ceilings
    of generated data; a run of other data does not look.

    Raises:
        ContractError: when the specification or the data do not allow it.
    """
    spec = task.read_spec(store, run_id)
    size = 0
    for day in spec.plan.labelled:
        part = f"cutoff={day.isoformat()}"
        size += task.fetch(store, f"{spec.train_prefix}{part}/", folder / part)
    log("downloaded", cutoffs=len(spec.plan.labelled), bytes=size)
    version = contract.model_version(run_id)
    settings = Settings(seed=spec.seed, threads=threads, params=spec.params)
    model = train_models(folder, spec.contract, spec.plan, version, settings, log, spec.tune)
    model.metadata |= {"run_id": run_id, "code_version": task.code_version()}
    champion, problem = champion_of(store, log, threads)
    if champion is not None and champion.contract != model.contract:
        # Other features, horizons or another meaning of value: its numbers cannot be compared, nor served.
        problem = f"The champion {champion.version} was trained under another data contract."
        champion = None
    said = Said(model, HeldOut(folder, spec.plan, model.dictionary), threads)
    evaluation = evaluate(
        folder,
        spec.plan,
        model,
        champion,
        run_id=run_id,
        seed=spec.seed,
        threads=threads,
        log=log,
        truth=truth if spec.synthetic else None,
        said=said,
    )
    if problem:
        # The gate promotes past exactly this champion: it cannot serve, so it must not stay.
        pointer = registry.read_champion(store)
        evaluation["champion_unusable"] = pointer.model_version if pointer else None
        evaluation["decision"] = {"promote": True, "reason": problem}
    evaluation |= diagnostics(said, spec.seed, threads)
    model.metadata["metrics"] = headline(evaluation)
    compile_dossier(store, folder, said, evaluation, threads)
    registry.save_model(store, model)
    evaluation["headline"] = model.metadata["metrics"]
    evaluation["training_seconds"] = model.metadata["training_seconds"]
    store.put(f"runs/{run_id}/evaluation.json", json.dumps(evaluation, sort_keys=True).encode())
    return evaluation


def main() -> int:
    """The entry point; returns the exit code."""
    log = task.JsonLog("training")

    def work() -> None:
        began = time.monotonic()
        run_id, threads = task.run_id_variable(), task.threads()
        store = registry.S3Store(task.variable("LAKE_BUCKET"))
        bucket = os.environ.get("TRUTH_BUCKET")
        truth = registry.S3Store(bucket) if bucket else None
        log("started", run_id=run_id, threads=threads)
        with tempfile.TemporaryDirectory(prefix="engage-training-") as folder:
            evaluation = train_run(store, run_id, threads, log, Path(folder), truth)
        decision = evaluation["decision"]
        log("evaluation written", run_id=run_id, promote=decision["promote"], reason=decision["reason"])
        # The promote step publishes the measures of quality: once is enough, each metric has a price.
        log.metrics({"TrainingSeconds": time.monotonic() - began}, {"TrainingSeconds": "Seconds"})

    return task.run_task(log, work)


if __name__ == "__main__":
    sys.exit(main())
