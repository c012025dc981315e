"""Streaming generation: chunks of customers, one week in memory at a time, through a `Sink`.

Each chunk has its own random stream `SeedSequence([seed, chunk])`, so chunks can be made in any order and
by any number of threads with the same bytes (numpy and pyarrow release the GIL in the heavy parts).

A data set that grows is simulated again from its first week, since the same stream gives the same weeks;
only what is new is written.
"""

import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor

from engage_cli.datagen.ceiling.files import CeilingWriter
from engage_cli.datagen.chunk import Base, ChunkMaker, Made
from engage_cli.datagen.names import pool
from engage_cli.datagen.sinks import Sink
from engage_cli.datagen.spec import GenerationReport, GenerationSpec, Progress


def generate(
    spec: GenerationSpec,
    sink: Sink,
    truth_sink: Sink | None = None,
    *,
    base: Base | None = None,
    threads: int = 2,
    progress: Progress | None = None,
    chunk_order: list[int] | None = None,
) -> GenerationReport:
    """Write customers and activity to `sink`, planted truth and ceilings to `truth_sink` if there is one.

    With a `base`, only the weeks from its end on, and the customers who signed up in them. Raises UserError
    when the base cannot be continued, before anything of that chunk is written.

    Memory is bounded by `threads` chunks, whatever the number of customers. `sink.put` is called from
    `threads` threads. `chunk_order` (default: ascending) has no effect on the bytes.
    """
    began = time.monotonic()
    chunks = spec.chunks
    fresh = [chunk for chunk in chunks if base is None or spec.phases[chunk.phase].first >= base.until]
    weeks = sum(1 for week in spec.week_dates if base is None or week >= base.until)
    tally = _Tally(sink, len(chunks) * weeks + len(fresh), progress)
    order = chunk_order if chunk_order is not None else list(range(len(chunks)))
    for country in spec.parameters.countries:
        pool(country, spec.seed)  # before the threads, which then only read
    with ThreadPoolExecutor(max_workers=max(1, threads)) as executor:
        try:
            # Newcomers last: when the base cannot be continued, nothing of them has been written.
            known = [i for i in order if chunks[i] not in fresh]
            new = [i for i in order if chunks[i] in fresh]
            made = _make(spec, known, base, executor, tally, truth_sink)
            made |= _make(spec, new, base, executor, tally, truth_sink)
            generated = time.monotonic()
            if truth_sink is not None:
                observed = [made[i].observed for i in sorted(made)]
                CeilingWriter(spec).write(truth_sink, [one for one in observed if one], executor)
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise
    return GenerationReport(
        customers=sum(chunk.size for chunk in fresh),
        activity_rows=sum(one.rows for one in made.values()),
        files=tally.files,
        data_bytes=tally.bytes,
        start=base.until if base else spec.start,
        end=spec.until,
        seconds=generated - began,
        ceiling_seconds=time.monotonic() - generated,
        fingerprints={chunks[i].part: made[i].fingerprint for i in sorted(made)},
    )


def _make(
    spec: GenerationSpec,
    indices: list[int],
    base: Base | None,
    executor: Executor,
    tally: "_Tally",
    truth_sink: Sink | None,
) -> dict[int, Made]:
    """Make the chunks of these indices with the threads of the executor."""
    makers = {i: ChunkMaker(spec, spec.chunks[i], base) for i in indices}
    jobs = {i: executor.submit(maker.make, tally.put, truth_sink) for i, maker in makers.items()}
    return {i: job.result() for i, job in jobs.items()}


class _Tally:
    """Counts what goes through to the sink, for the report and the progress."""

    def __init__(self, sink: Sink, total: int, progress: Progress | None) -> None:
        self._sink, self._total, self._progress = sink, total, progress
        self._lock = threading.Lock()
        self.files = self.bytes = self._done = 0

    def put(self, key: str, data: bytes | None) -> None:
        """Store a file, or only count the step when a week of a chunk has no rows."""
        if data is not None:
            self._sink.put(key, data)
        with self._lock:
            self._done += 1
            if data is not None:
                self.files += 1
                self.bytes += len(data)
            if self._progress is not None:
                self._progress(self._done, self._total)
