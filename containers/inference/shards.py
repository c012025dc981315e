"""Batch inference of one shard: predictions with reasons, and the online features for the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engage_ml import contract, registry, task
from engage_ml.answers import prediction_columns
from engage_ml.blocks import FeatureBlock, empty_block
from engage_ml.dictionary import dictionary
from engage_ml.dossier import read_reference
from engage_ml.histograms import ShardCounts
from engage_ml.prediction_table import prediction_table
from engage_ml.tables import predictions_parquet, read_block

BATCH_ROWS = 25_000
"""Rows scored at once: bounds the memory of reasons in words, whatever the size of the shard."""


def batches(block: FeatureBlock, size: int = BATCH_ROWS) -> Iterator[FeatureBlock]:
    """The block in pieces of at most `size` rows."""
    for first in range(0, len(block), size):
        yield block.take(slice(first, first + size))


def version_for(store: registry.Store, spec: task.RunSpec, wanted: str | None) -> str:
    """The model version to score with: the wanted one, the specification's, or the champion.

    Raises:
        ContractError: when none is given and there is no champion.
    """
    if wanted or spec.model_version:
        return str(wanted or spec.model_version)
    champion = registry.read_champion(store)
    if champion is None:
        raise contract.ContractError("There is no champion model to score with.")
    return champion.model_version


def score_shard(
    store: Any, run_id: str, shard: int, wanted: str | None, threads: int, log: task.JsonLog, folder: Path
) -> int:
    """Scores a shard and writes its predictions and online files; returns the rows.

    Each object is one put and the same input gives the same bytes, so that a retry changes nothing. The
    predictions come last: their presence means that the shard is complete. A shard without customers writes
    empty files.

    Raises:
        ContractError: when the specification, the features or the model are missing.
    """
    spec = task.read_spec(store, run_id)
    if not 0 <= shard < spec.n_shards:
        raise contract.ContractError(f"The shard {shard} is not one of the run's {spec.n_shards}.")
    version = version_for(store, spec, wanted)
    model = registry.read_model(store, version, threads)
    target = folder / f"shard={shard}"
    size = task.fetch(store, f"{spec.score_prefix}shard={shard}/", target)
    # The features are those of this run's contract, the model may know fewer (a champion of another time).
    known = dictionary(spec.contract)
    block = read_block(target, known)[0] if size else empty_block(known)
    log("scoring", shard=shard, rows=len(block), bytes=size, model_version=version)
    reference = read_reference(store, version)
    counts = None if reference is None else ShardCounts(reference)

    def parts() -> Iterator[dict[str, Any]]:
        for part in batches(block):
            columns = prediction_columns(model, part, run_id, threads)
            if counts is not None:
                counts.add(model.contract, part, columns)
            yield columns

    data = predictions_parquet(parts(), prediction_table(model.contract))
    if counts is None:
        # A champion from before there were references; the monitor says so.
        log("no reference to measure drift on", level="WARNING", model_version=version)
    else:
        document = counts.to_dict(run_id=run_id, shard=shard, model_version=version)
        store.put(f"runs/{run_id}/monitor/shard-{shard:05d}.json", json.dumps(document).encode())
    for name, body in block.to_bytes().items():
        store.put(f"online/run={run_id}/shard={shard}/{name}", body)
    store.put(_predictions_key(spec, shard), data)
    return len(block)


def _predictions_key(spec: task.RunSpec, shard: int) -> str:
    return f"predictions/as_of={spec.as_of}/run={spec.run_id}/part-{shard:05d}.parquet"
