"""Synthetic data: same bytes, planted truth that holds, and shapes that can be learned from."""

import hashlib
import io
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from engage_cli.datagen.generate import generate
from engage_cli.datagen.model import (
    FADING,
    GONE,
    NOT_YET,
    Simulation,
    draw_attributes,
    draw_traits,
    leave_probability,
    purchase_level,
)
from engage_cli.datagen.names import MAIL_DOMAINS, slug
from engage_cli.datagen.parameters import COUNTRIES, Parameters
from engage_cli.datagen.shapes import ACTIVITY, CUSTOMERS, arrow_schema
from engage_cli.datagen.spec import GenerationSpec, current_monday
from engage_cli.datagen.truth import outlook
from engage_cli.errors import UserError

END = date(2026, 11, 23)


class MemorySink:
    """Keeps the files in a dict."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, key: str, data: bytes) -> None:
        assert key not in self.files, f"{key} was put twice"
        self.files[key] = data

    def digest(self) -> dict[str, str]:
        return {key: hashlib.sha256(data).hexdigest() for key, data in self.files.items()}

    def table(self, prefix: str) -> pa.Table:
        parts = [
            pa.parquet.read_table(io.BytesIO(data))
            for key, data in sorted(self.files.items())
            if key.startswith(prefix)
        ]
        return pa.concat_tables(parts)


def made(spec: GenerationSpec, **options: object) -> MemorySink:
    sink = MemorySink()
    generate(spec, sink, sink, **options)  # type: ignore[arg-type]
    return sink


@pytest.fixture(scope="module")
def simulated() -> Simulation:
    rng = np.random.default_rng(3)
    parameters = Parameters()
    attributes = draw_attributes(rng, 40_000, END, parameters)
    traits = draw_traits(rng, attributes, parameters)
    simulation = Simulation(attributes, traits, END - timedelta(weeks=30), rng, parameters)
    for _ in range(30):
        simulation.step()
    return simulation


@pytest.mark.parametrize("fmt", ["parquet", "csv"])
def test_the_same_seed_gives_the_same_bytes_whatever_the_threads_and_the_order(fmt: str) -> None:
    spec = GenerationSpec(1_000, END, weeks=5, format=fmt, chunk_customers=300)  # type: ignore[arg-type]
    first = made(spec, threads=1)
    again = made(spec, threads=3, chunk_order=[3, 1, 0, 2])
    assert first.digest() == again.digest()


def test_another_seed_gives_other_data() -> None:
    spec = GenerationSpec(200, END, weeks=3)
    assert made(spec).digest() != made(replace(spec, seed=8)).digest()


def test_more_customers_leave_the_first_chunks_as_they_were() -> None:
    few = made(GenerationSpec(200, END, weeks=2, chunk_customers=100)).digest()
    many = made(GenerationSpec(300, END, weeks=2, chunk_customers=100)).digest()
    assert few.items() <= many.items()


def test_files_lie_where_the_raw_layout_wants_them() -> None:
    files = made(GenerationSpec(200, END, weeks=2, chunk_customers=150)).files
    assert set(files) == {
        "customers/part-00000.parquet",
        "customers/part-00001.parquet",
        "activity/week=2026-11-09/part-00000.parquet",
        "activity/week=2026-11-09/part-00001.parquet",
        "activity/week=2026-11-16/part-00000.parquet",
        "activity/week=2026-11-16/part-00001.parquet",
        "truth/customers/part-00000.parquet",
        "truth/customers/part-00001.parquet",
    }


def test_parquet_columns_are_those_of_the_shapes() -> None:
    sink = made(GenerationSpec(300, END, weeks=2))
    assert sink.table("customers/").schema.remove_metadata() == arrow_schema(CUSTOMERS)
    assert sink.table("activity/").schema.remove_metadata() == arrow_schema(ACTIVITY)


def test_csv_holds_the_same_values_as_parquet_and_no_quotes() -> None:
    spec = GenerationSpec(300, END, weeks=2)
    parquet, text = made(spec), made(replace(spec, format="csv"))
    key = "activity/week=2026-11-16/part-00000"
    types = {field.name: field.type for field in arrow_schema(ACTIVITY)}
    options = pa.csv.ConvertOptions(column_types=types)
    table = pa.csv.read_csv(io.BytesIO(text.files[f"{key}.csv"]), convert_options=options)
    assert table.equals(pa.parquet.read_table(io.BytesIO(parquet.files[f"{key}.parquet"])))
    assert all(b'"' not in data for key, data in text.files.items() if key.endswith(".csv"))


def test_customers_are_people_with_unique_addresses_that_reach_nobody() -> None:
    table = made(GenerationSpec(3_000, END, weeks=1)).table("customers/")
    emails = table.column("email").to_pylist()
    assert len(set(emails)) == len(set(table.column("customer_id").to_pylist())) == 3_000
    assert {email.split("@")[1] for email in emails} <= set(MAIL_DOMAINS)
    assert all(email.isascii() for email in emails)
    assert set(table.column("country").to_pylist()) == set(COUNTRIES)
    assert max(table.column("signup_date").to_pylist()) < END


def test_activity_rows_hold_what_the_shape_allows() -> None:
    sink = made(GenerationSpec(2_000, END, weeks=6))
    for column in ACTIVITY.columns:
        if column.minimum is not None:
            values = sink.table("activity/").column(column.name).to_numpy()
            assert values.min() >= column.minimum
            assert column.maximum is None or values.max() <= column.maximum
    rows = sink.table("activity/").to_pandas()
    assert ((rows.active_days > 0) | (rows.support_tickets > 0)).all(), "a row without anything"
    assert (rows[rows.active_days == 0].spend == 0).all()
    assert ((rows.spend > 0) == (rows.purchases > 0)).all()
    assert (rows.spend.round(2) == rows.spend).all()


def test_nobody_is_active_before_signing_up_or_after_being_gone() -> None:
    sink = made(GenerationSpec(3_000, END, weeks=10))
    customers, truth = sink.table("customers/").to_pylist(), sink.table("truth/").to_pylist()
    joined = {row["customer_id"]: row["signup_date"] for row in customers}
    gone = {row["customer_id"]: row["gone_week"] for row in truth}
    for key, data in sink.files.items():
        if not key.startswith("activity/"):
            continue
        week = date.fromisoformat(key.split("=")[1][:10])
        rows = pa.parquet.read_table(io.BytesIO(data)).to_pylist()
        for row in rows:
            customer = row["customer_id"]
            days_possible = (week + timedelta(days=7) - joined[customer]).days
            assert row["active_days"] <= days_possible
            assert gone[customer] is None or week < gone[customer]


def test_the_planted_churn_probability_is_calibrated(simulated: Simulation) -> None:
    ahead = outlook(simulated)
    state, week = simulated.state.copy(), simulated.week
    memory, gone = simulated.ticket_memory.copy(), simulated.gone_week.copy()
    active, days = np.zeros(len(state), bool), np.zeros(len(state))
    spend = np.zeros(len(state))
    for index in range(12):
        rows = simulated.step()
        if index < 4:
            active[rows.customer[rows.active_days > 0]] = True
            days[rows.customer] += rows.active_days
        spend[rows.customer] += rows.spend
    simulated.state, simulated.week = state, week
    simulated.ticket_memory, simulated.gone_week = memory, gone
    living = state < GONE
    p = ahead.churn_probability[living]
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        chosen = (p >= low) & (p < high)
        assert chosen.sum() > 300
        assert (~active[living][chosen]).mean() == pytest.approx(p[chosen].mean(), abs=0.035)
    assert (ahead.churn_probability[state == GONE] == 1).all()
    assert not active[state == GONE].any()
    assert days.mean() / 28 == pytest.approx(ahead.engagement.mean(), rel=0.03)
    assert spend.mean() == pytest.approx(ahead.spend.mean(), rel=0.1)


def test_churn_is_common_but_not_certain_and_differs_by_country(simulated: Simulation) -> None:
    known = simulated.state != NOT_YET
    churn = outlook(simulated).churn_probability
    assert 0.35 < churn[known].mean() < 0.65
    codes = {country: index for index, country in enumerate(COUNTRIES)}
    by_country = {c: churn[known & (simulated.attributes.country == i)].mean() for c, i in codes.items()}
    assert by_country["IN"] > 1.3 * by_country["SE"]


def test_tickets_and_a_short_tenure_raise_the_hazard() -> None:
    p, one = Parameters(), np.array([0.01])

    def hazard(tenure: float, tickets: float) -> float:
        return float(leave_probability(one, np.array([tenure]), np.array([tickets]), p)[0])

    assert hazard(50, 1) > hazard(50, 0)
    assert hazard(0, 0) > hazard(50, 0)
    assert hazard(0, 10_000) == p.hazard_cap


def test_fading_customers_are_less_active_than_they_were(simulated: Simulation) -> None:
    engagement = outlook(simulated).engagement / simulated.traits.rate
    assert np.median(engagement[simulated.state == FADING]) < 0.5 * np.median(
        engagement[simulated.state == 0]
    )


def test_december_sells_more() -> None:
    p = Parameters()
    assert purchase_level(date(2026, 11, 30), p) > 1.5 > 1.01 > purchase_level(date(2026, 6, 1), p) >= 1


def test_progress_ends_at_the_total_and_the_report_counts_what_was_put() -> None:
    seen: list[tuple[int, int]] = []
    sink = MemorySink()
    spec = GenerationSpec(200, END, weeks=3)
    report = generate(spec, sink, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4)
    assert report.files == len(sink.files)
    assert report.data_bytes == sum(len(data) for data in sink.files.values())
    assert report.activity_rows == sink.table("activity/").num_rows
    assert not any(key.startswith("truth") for key in sink.files)


def test_a_failing_sink_fails_the_generation() -> None:
    class Full:
        def put(self, key: str, data: bytes) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        generate(GenerationSpec(100, END, weeks=2), Full())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"customers": 0}, "0 customers"),
        ({"weeks": 0}, "0 weeks"),
        ({"end": date(2026, 11, 24)}, "no Monday"),
        ({"seed": -1}, "negative"),
        ({"format": "xlsx"}, "xlsx"),
    ],
)
def test_a_spec_that_makes_no_data_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        GenerationSpec(**{"customers": 10, "end": END, **changes})  # type: ignore[arg-type]
    assert refused.value.hint


def test_the_default_end_is_the_monday_of_this_week() -> None:
    assert current_monday(date(2026, 11, 29)) == current_monday(END) == END


def test_slugs_are_ascii_letters() -> None:
    assert [slug(name) for name in ("Łukasz", "Müller-Groß", "D'Angelo", "李")] == [
        "lukasz",
        "mullergross",
        "dangelo",
        "x",
    ]
