"""Tables of what was simulated, and their bytes."""

import io
from collections.abc import Iterable
from typing import Any

import numpy as np

from engage_cli.datagen import shapes
from engage_cli.datagen.model import NEVER, STATE_NAMES, Attributes, Simulation, WeekRows
from engage_cli.datagen.names import MAIL_DOMAINS, pool
from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.truth import outlook


def customer_ids(numbers: Any) -> Any:
    """Return the ids of customer numbers as an array of strings."""
    import pyarrow as pa

    return pa.array([f"C{number:08d}" for number in numbers])


def customer_table(a: Attributes, p: Parameters, ids: Any, first: int, seed: int, part: int) -> Any:
    """Return the raw table of one chunk's customers."""
    import pyarrow as pa

    # Names have a stream of their own: a change to the pools leaves the behaviour as it was.
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, part, 1])))
    names, emails, cities = _people(p.countries, a.country, first, seed, rng)

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
    schema = shapes.arrow_schema(shapes.CUSTOMERS)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _people(
    countries: Iterable[str], country_codes: Any, first: int, seed: int, rng: np.random.Generator
) -> tuple[Any, Any, Any]:
    """Draw names, unique e-mail addresses and cities, by country."""
    n = len(country_codes)
    u = rng.random((4, n))
    names, emails, cities = (np.empty(n, dtype=object) for _ in range(3))
    number = np.char.add(".", np.arange(first + 1, first + n + 1).astype(str)).astype(object)
    domains = np.array([f"@{domain}" for domain in MAIL_DOMAINS], dtype=object)
    for code, country in enumerate(countries):
        who = np.flatnonzero(country_codes == code)
        people = pool(country, seed)
        one, two = ((u[i, who] * len(v)).astype(int) for i, v in ((0, people.first), (1, people.last)))
        names[who] = people.first[one] + " " + people.last[two]
        domain = domains[(u[3, who] * len(domains)).astype(int)]
        emails[who] = people.first_slugs[one] + "." + people.last_slugs[two] + number[who] + domain
        cities[who] = people.cities[(u[2, who] * len(people.cities)).astype(int)]
    return names, emails, cities


def activity_table(rows: WeekRows, ids: Any) -> Any:
    """Return the raw table of one chunk's week."""
    import pyarrow as pa

    schema = shapes.arrow_schema(shapes.ACTIVITY)
    columns = [
        ids.take(pa.array(rows.customer))
        if field.name == "customer_id"
        else pa.array(getattr(rows, field.name).astype(field.type.to_pandas_dtype()))
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def truth_table(simulation: Simulation, ids: Any) -> Any:
    """Return what is true of one chunk's customers at the end of the data."""
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
