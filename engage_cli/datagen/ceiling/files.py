"""The ceiling as files of the truth bucket: one table a cut-off, and what it is."""

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from engage_cli.datagen.ceiling.best import Best, Predictor
from engage_cli.datagen.ceiling.prior import Resolution
from engage_cli.datagen.ceiling.sample import MAX_SAMPLE, Observed, cutoffs
from engage_cli.datagen.sinks import Sink
from engage_cli.datagen.spec import GenerationSpec
from engage_cli.datagen.tables import customer_ids, encode
from engage_cli.datagen.truth import CHURN_WEEKS, VALUE_WEEKS

PREFIX = "ceiling"
ABOUT_KEY = f"{PREFIX}/about.json"
_PIECE = 5_000

_METHOD = (
    "Forward algorithm over the weeks before the cut-off, on a grid over the hidden visit rate, frailty and "
    "ticket rate, with the attributes as prior; purchases and baskets by conjugate pairs; then a look-ahead "
    "over the states. It knows the parameters of every week, also after the cut-off, and no hidden trait."
)


def ceiling_key(cutoff: date) -> str:
    """Return the object key of the best predictions at a cut-off."""
    return f"{PREFIX}/cutoff={cutoff.isoformat()}/part-00000.parquet"


class CeilingWriter:
    """Computes the best predictions at the test cut-offs of a run on the data, and writes them."""

    def __init__(self, spec: GenerationSpec) -> None:
        self._spec = spec
        self._cutoffs = cutoffs(spec.start, spec.until, (CHURN_WEEKS, VALUE_WEEKS))

    def write(self, sink: Sink, observed: Sequence[Observed], executor: Executor) -> None:
        """Write one table a cut-off, and what they are; nothing when no cut-off has a week before it."""
        if not self._cutoffs:
            return
        predictor = Predictor(self._spec.start, self._spec.parameters_in)
        pieces = [piece for one in observed for piece in _pieces(one)]
        found = list(executor.map(lambda piece: predictor.predict(piece, self._cutoffs), pieces))
        counts = {}
        for cutoff in self._cutoffs:
            table = _table([best[cutoff] for best in found])
            counts[cutoff.isoformat()] = table.num_rows
            sink.put(ceiling_key(cutoff), encode(table, "parquet"))
        sink.put(ABOUT_KEY, json.dumps(_about(self._spec, counts), indent=1).encode())


def _pieces(observed: Observed) -> list[Observed]:
    """Split customers for the threads, by number and not by thread: the same pieces give the same bytes."""
    n = len(observed.number)
    return [observed.take(np.arange(i, min(i + _PIECE, n))) for i in range(0, n, _PIECE)]


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
