"""Streaming generation: chunks of customers, one week in memory at a time, through a `Sink`.

Each chunk has its own random stream `SeedSequence([seed, chunk])`, so chunks can be made in any order and
by any number of threads with the same bytes (numpy and pyarrow release the GIL in the heavy parts).
"""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from engage_cli.datagen import shapes
from engage_cli.datagen.model import NEVER, STATE_NAMES, Simulation, WeekRows, draw_attributes, draw_traits
from engage_cli.datagen.names import MAIL_DOMAINS, pool
from engage_cli.datagen.sinks import Sink
from engage_cli.datagen.spec import GenerationReport, GenerationSpec, Progress
from engage_cli.datagen.truth import outlook


def generate(
    spec: GenerationSpec,
    sink: Sink,
    truth_sink: Sink | None = None,
    *,
    threads: int = 2,
    progress: Progress | None = None,
    chunk_order: list[int] | None = None,
) -> GenerationReport:
    """Write customers and activity to `sink`, the planted truth to `truth_sink` if there is one.

    Memory is bounded by `threads` chunks, whatever the number of customers. `sink.put` is called from
    `threads` threads. `chunk_order` (default: ascending) has no effect on the bytes.
    """
    began = time.monotonic()
    sizes = spec.chunk_sizes
    tally = _Tally(sink, len(sizes) * (spec.weeks + 1), progress)
    order = chunk_order if chunk_order is not None else list(range(len(sizes)))
    for country in spec.parameters.countries:
        pool(country, spec.seed)  # before the threads, which then only read
    with ThreadPoolExecutor(max_workers=max(1, threads)) as executor:
        jobs = [executor.submit(_chunk, spec, index, sizes[index], tally, truth_sink) for index in order]
        try:
            rows = sum(job.result() for job in jobs)
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise
    return GenerationReport(
        customers=spec.customers,
        activity_rows=rows,
        files=tally.files,
        data_bytes=tally.bytes,
        start=spec.start,
        end=spec.end,
        seconds=time.monotonic() - began,
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


def _chunk(spec: GenerationSpec, index: int, size: int, tally: _Tally, truth_sink: Sink | None) -> int:
    """Generate one chunk and return its number of activity rows."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([spec.seed, index])))
    attributes = draw_attributes(rng, size, spec.end, spec.parameters)
    traits = draw_traits(rng, attributes, spec.parameters)
    ids = _customer_ids(index * spec.chunk_customers, size)
    simulation = Simulation(attributes, traits, spec.start, rng, spec.parameters)
    # Names have a stream of their own: a change to the pools leaves the behaviour as it was.
    name_rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([spec.seed, index, 1])))
    customers = _customer_table(spec, simulation, ids, index * spec.chunk_customers, name_rng)
    tally.put(shapes.customers_key(index, spec.format), encode(customers, spec.format))
    rows = 0
    for week in spec.week_dates:
        week_rows = simulation.step()
        rows += len(week_rows.customer)
        data = encode(_activity_table(week_rows, ids), spec.format) if len(week_rows.customer) else None
        tally.put(shapes.activity_key(week, index, spec.format), data)
    if truth_sink is not None:
        truth_sink.put(shapes.truth_key(index), encode(_truth_table(simulation, ids), "parquet"))
    return rows


def _customer_ids(first: int, size: int) -> Any:
    import pyarrow as pa

    return pa.array([f"C{number:08d}" for number in range(first + 1, first + size + 1)])


def _customer_table(
    spec: GenerationSpec, simulation: Simulation, ids: Any, first: int, rng: np.random.Generator
) -> Any:
    import pyarrow as pa

    a, p, n = simulation.attributes, spec.parameters, len(ids)
    names, emails, cities = _people(spec, a.country, first, rng)

    def category(codes: Any, values: list[str]) -> Any:
        labels = pa.array([value or None for value in values])
        return labels.take(pa.array(codes.astype(np.int32)))

    columns = {
        "customer_id": ids,
        "name": pa.array(names, type=pa.string()),
        "email": pa.array(emails, type=pa.string()),
        "country": category(a.country, list(p.countries)),
        "city": pa.array(cities, type=pa.string()),
        "signup_date": pa.array(a.signup_day.astype(np.int32)).cast(pa.date32()),
        "acquisition_channel": category(a.channel, list(p.channels)),
        "plan": category(a.plan, list(p.plans)),
        "device": category(a.device, list(p.devices)),
        "age": pa.array(a.age.astype(np.int32), mask=~a.age_known),
        "gender": category(a.gender, list(p.genders)),
        "marketing_opt_in": pa.array(a.opt_in),
    }
    assert all(len(column) == n for column in columns.values())
    schema = shapes.arrow_schema(shapes.CUSTOMERS)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _people(
    spec: GenerationSpec, country_codes: Any, first: int, rng: np.random.Generator
) -> tuple[Any, Any, Any]:
    """Draw names, unique e-mail addresses and cities, by country."""
    n = len(country_codes)
    u = rng.random((4, n))
    names, emails, cities = (np.empty(n, dtype=object) for _ in range(3))
    number = np.char.add(".", np.arange(first + 1, first + n + 1).astype(str)).astype(object)
    domains = np.array([f"@{domain}" for domain in MAIL_DOMAINS], dtype=object)
    for code, country in enumerate(spec.parameters.countries):
        who = np.flatnonzero(country_codes == code)
        people = pool(country, spec.seed)
        one, two = ((u[i, who] * len(v)).astype(int) for i, v in ((0, people.first), (1, people.last)))
        names[who] = people.first[one] + " " + people.last[two]
        domain = domains[(u[3, who] * len(domains)).astype(int)]
        emails[who] = people.first_slugs[one] + "." + people.last_slugs[two] + number[who] + domain
        cities[who] = people.cities[(u[2, who] * len(people.cities)).astype(int)]
    return names, emails, cities


def _activity_table(rows: WeekRows, ids: Any) -> Any:
    import pyarrow as pa

    schema = shapes.arrow_schema(shapes.ACTIVITY)
    columns = [
        ids.take(pa.array(rows.customer))
        if field.name == "customer_id"
        else pa.array(getattr(rows, field.name).astype(field.type.to_pandas_dtype()))
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _truth_table(simulation: Simulation, ids: Any) -> Any:
    import pyarrow as pa

    expected = outlook(simulation)
    gone = simulation.gone_week
    monday = np.datetime64(simulation.start, "D") + gone.clip(0, 10_000).astype("timedelta64[D]") * 7
    return pa.table(
        {
            "customer_id": ids,
            "state": pa.array([STATE_NAMES[code] for code in simulation.state]),
            "gone_before_start": pa.array(gone == -1),
            "gone_week": pa.array(monday, mask=(gone == -1) | (gone == NEVER)),
            "visit_rate": simulation.traits.rate,
            "hazard": simulation.traits.hazard,
            "intensity": simulation.traits.intensity,
            "purchase_rate": simulation.traits.purchase_rate,
            "basket_median": simulation.traits.basket_median,
            "ticket_rate": simulation.traits.ticket_rate,
            "ticket_memory": simulation.ticket_memory,
            "churn_probability": expected.churn_probability,
            "expected_engagement": expected.engagement,
            "expected_value": expected.spend,
        }
    )


def encode(table: Any, fmt: shapes.Format) -> bytes:
    """Return the bytes of a table as Parquet (zstd) or CSV with a header; null is an empty CSV field."""
    buffer = io.BytesIO()
    if fmt == "csv":
        from pyarrow import csv

        # Without quotes, header included: the serde that a crawler gives to CSV tables keeps quotes as text.
        buffer.write((",".join(table.column_names) + "\n").encode())
        csv.write_csv(table, buffer, csv.WriteOptions(include_header=False, quoting_style="none"))
    else:
        from pyarrow import parquet

        # Ids never repeat within a file: a dictionary would only be thrown away again.
        dictionary = [name for name in table.column_names if name not in ("customer_id", "name", "email")]
        parquet.write_table(
            table, buffer, compression="zstd", use_dictionary=dictionary, write_statistics=True
        )
    return buffer.getvalue()
