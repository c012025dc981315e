"""Streaming generation: chunks of customers, one week in memory at a time, through a `Sink`.

Each chunk has its own random stream `SeedSequence([seed, chunk])`, so chunks can be made in any order and
by any number of threads with the same bytes (numpy and pyarrow release the GIL in the heavy parts).

A data set that grows is simulated again from its first week, since the same stream gives the same weeks;
only what is new is written.
"""

import hashlib
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from engage_cli.datagen import shapes
from engage_cli.datagen.ceiling.best import Best, best_predictions
from engage_cli.datagen.ceiling.files import put_ceilings
from engage_cli.datagen.ceiling.sample import Observer, cutoffs
from engage_cli.datagen.model import Attributes, Simulation, day_number, draw_attributes, draw_traits
from engage_cli.datagen.names import pool
from engage_cli.datagen.sinks import Sink
from engage_cli.datagen.spec import Chunk, GenerationReport, GenerationSpec, Progress
from engage_cli.datagen.tables import activity_table, customer_ids, customer_table, encode, truth_table
from engage_cli.datagen.truth import CHURN_WEEKS, VALUE_WEEKS
from engage_cli.errors import UserError


@dataclass(frozen=True)
class Base:
    """What is there already: everything before the Monday `until`, made with these fingerprints by part."""

    until: date
    fingerprints: Mapping[int, str]


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
        made: dict[int, _Made] = {}
        try:
            # Newcomers last: when the base cannot be continued, nothing of them has been written.
            for newcomers in (False, True):
                group = [i for i in order if (chunks[i] in fresh) is newcomers]
                jobs = {
                    i: executor.submit(_Maker(spec, chunks[i], base).make, tally, truth_sink) for i in group
                }
                made |= {i: job.result() for i, job in jobs.items()}
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise
    if truth_sink is not None:
        put_ceilings(truth_sink, spec, [made[i].ceilings for i in sorted(made)])
    return GenerationReport(
        customers=sum(chunk.size for chunk in fresh),
        activity_rows=sum(one.rows for one in made.values()),
        files=tally.files,
        data_bytes=tally.bytes,
        start=base.until if base else spec.start,
        end=spec.until,
        seconds=time.monotonic() - began,
        fingerprints={chunks[i].part: made[i].fingerprint for i in sorted(made)},
    )


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


@dataclass(frozen=True)
class _Made:
    """What one chunk came to."""

    rows: int
    fingerprint: str
    ceilings: Mapping[date, Best]


class _Maker:
    """Makes one chunk."""

    def __init__(self, spec: GenerationSpec, chunk: Chunk, base: Base | None) -> None:
        self._spec, self._chunk, self._base = spec, chunk, base

    def make(self, tally: _Tally, truth_sink: Sink | None) -> _Made:
        """Simulate all weeks and write those that are not there yet."""
        spec, chunk, base = self._spec, self._chunk, self._base
        numbers = np.arange(chunk.first + 1, chunk.first + chunk.size + 1)
        ids = customer_ids(numbers)
        simulation = self._begin()
        born = simulation.parameters
        if base is None or spec.phases[chunk.phase].first >= base.until:
            table = customer_table(simulation.attributes, born, ids, chunk.first, spec.seed, chunk.part)
            tally.put(shapes.customers_key(chunk.part, spec.format), encode(table, spec.format))
        weeks = spec.week_dates
        observer = Observer(numbers, spec.everybody, simulation.attributes, born, len(weeks))
        written = 0
        for index, week in enumerate(weeks):
            if base is not None and week == base.until:
                self._check(simulation, base)
            simulation.parameters = spec.parameters_in(week)
            rows = simulation.step()
            observer.note(index, rows)
            if base is None or week >= base.until:
                written += len(rows.customer)
                data = encode(activity_table(rows, ids), spec.format) if len(rows.customer) else None
                tally.put(shapes.activity_key(week, chunk.part, spec.format), data)
        if truth_sink is None:
            return _Made(written, _fingerprint(simulation), {})
        truth_sink.put(shapes.truth_key(chunk.part), encode(truth_table(simulation, ids), "parquet"))
        return _Made(written, _fingerprint(simulation), self._ceilings(observer))

    def _begin(self) -> Simulation:
        spec, chunk, phase = self._spec, self._chunk, self._spec.phases[self._chunk.phase]
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([spec.seed, chunk.part])))
        attributes = draw_attributes(rng, chunk.size, phase.end, phase.parameters)
        if chunk.phase:
            attributes = _signed_up_within(attributes, phase.first, phase.end, rng)
        traits = draw_traits(rng, attributes, phase.parameters)
        return Simulation(attributes, traits, spec.start, rng, phase.parameters)

    def _check(self, simulation: Simulation, base: Base) -> None:
        """Refuse a base that this program would have made otherwise: its customers would become others."""
        known = self._spec.phases[self._chunk.phase].first < base.until
        if known and base.fingerprints.get(self._chunk.part) != _fingerprint(simulation):
            raise UserError(
                "The data there were generated by another version of this program or of numpy, and this one "
                "would make others of the same seed.",
                hint="Generate them anew: engage generate-data --replace",
            )

    def _ceilings(self, observer: Observer) -> Mapping[date, Best]:
        spec = self._spec
        days = cutoffs(spec.start, spec.until, (CHURN_WEEKS, VALUE_WEEKS))
        if not days:
            return {}
        return best_predictions(observer.observed(), days, spec.start, spec.parameters_in)


def _signed_up_within(a: Attributes, first: date, end: date, rng: np.random.Generator) -> Attributes:
    """Return the attributes with sign-up days that are spread evenly over some weeks."""
    days = np.floor(rng.random(len(a.signup_day)) * (end - first).days).astype(np.int64)
    return replace(a, signup_day=day_number(first) + days)


def _fingerprint(simulation: Simulation) -> str:
    """Return what identifies the customers and where they stand, to the last bit."""
    digest = hashlib.sha256()
    traits = simulation.traits
    for values in (simulation.attributes.signup_day, traits.rate, traits.hazard, traits.purchase_rate,
                   simulation.state, simulation.ticket_memory):  # fmt: skip
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]
