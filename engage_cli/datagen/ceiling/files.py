"""The ceiling as files of the truth bucket: one table a cut-off, and what it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from engage_cli.datagen.ceiling.best import Best
from engage_cli.datagen.ceiling.prior import Resolution
from engage_cli.datagen.ceiling.sample import MAX_SAMPLE
from engage_cli.datagen.sinks import Sink
from engage_cli.datagen.spec import GenerationSpec
from engage_cli.datagen.tables import customer_ids, encode

PREFIX = "ceiling"
ABOUT_KEY = f"{PREFIX}/about.json"

_METHOD = (
    "Forward algorithm over the weeks before the cut-off, on a grid over the hidden visit rate, frailty and "
    "ticket rate, with the attributes as prior; purchases and baskets by conjugate pairs; then a look-ahead "
    "over the states. It knows the parameters of every week, also after the cut-off, and no hidden trait."
)


def ceiling_key(cutoff: date) -> str:
    """Return the object key of the best predictions at a cut-off."""
    return f"{PREFIX}/cutoff={cutoff.isoformat()}/part-00000.parquet"


def put_ceilings(sink: Sink, spec: GenerationSpec, chunks: Sequence[Mapping[date, Best]]) -> None:
    """Write the best predictions of all chunks, and what they are."""
    counts = {}
    for cutoff in sorted({cutoff for chunk in chunks for cutoff in chunk}):
        table = _table([chunk[cutoff] for chunk in chunks])
        counts[cutoff.isoformat()] = table.num_rows
        sink.put(ceiling_key(cutoff), encode(table, "parquet"))
    if counts:
        sink.put(ABOUT_KEY, json.dumps(_about(spec, counts), indent=1).encode())


def _table(parts: Sequence[Best]) -> Any:
    import pyarrow as pa

    numbers, churn, engagement, value = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("number", "churn", "engagement", "value")
    )
    return pa.table(
        {"customer_id": customer_ids(numbers), "churn": churn, "engagement": engagement, "value": value}
    )


def _about(spec: GenerationSpec, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "method": _METHOD,
        "parameters_digest": spec.digest,
        "seed": spec.seed,
        "customers": spec.everybody,
        "first_week": spec.start.isoformat(),
        "as_of": spec.until.isoformat(),
        "largest_sample": MAX_SAMPLE,
        "customers_by_cutoff": counts,
        "grid": asdict(Resolution()),
    }
