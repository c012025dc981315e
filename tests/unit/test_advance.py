"""Added weeks: they follow from what was generated, come true as foretold, and are there once or never."""

import io
import json
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from engage_ml.data_contract import KEY as CONTRACT_KEY
from typer.testing import CliRunner

from engage_cli.cli.main import app
from engage_cli.datagen.ceiling.prior import Resolution, grid
from engage_cli.datagen.generate import generate
from engage_cli.datagen.generating import advance_into, generate_into
from engage_cli.datagen.load import LOADING_KEY, SYNTHETIC_KEY
from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.shifts import SHIFTS, new_audience, price_rise, shifted
from engage_cli.datagen.spec import Advance, GenerationSpec
from engage_cli.datagen.world import WORLD_KEY, load_world
from engage_cli.errors import UserError

END = date(2026, 11, 23)


class Bucket:
    """A bucket in memory; its power fails before the put number `fails_at`."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fails_at: int | None = None
        self._puts = 0

    def keys(self, prefix: str = "") -> Iterator[str]:
        yield from [key for key in sorted(self.objects) if key.startswith(prefix)]

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._puts += 1
        if self.fails_at is not None and self._puts > self.fails_at:
            raise OSError("power cut")
        self.objects[key] = data

    def delete(self, keys: Iterable[str]) -> int:
        return len([self.objects.pop(key, None) for key in list(keys)])

    def fail_after(self, puts: int) -> None:
        self._puts, self.fails_at = 0, puts

    def rows(self, prefix: str) -> Any:
        import pandas as pd

        return pd.concat(
            [
                pq.read_table(io.BytesIO(self.objects[key])).to_pandas().assign(key=key)
                for key in self.keys(prefix)
                if key.endswith(".parquet")
            ]
        )

    def data(self) -> dict[str, bytes]:
        return {key: body for key, body in self.objects.items() if not key.startswith("_")}


def generated(customers: int = 600, weeks: int = 14, **options: Any) -> tuple[Bucket, Bucket]:
    raw, truth = Bucket(), Bucket()
    spec = GenerationSpec(customers, END, weeks, chunk_customers=options.pop("chunk", 400), **options)
    generate_into(raw, truth, spec, replace=False)
    return raw, truth


def weeks_of(raw: Bucket) -> list[str]:
    return sorted({key.split("/")[1].removeprefix("week=") for key in raw.keys("activity/")})


def test_added_weeks_are_those_of_one_longer_simulation_and_leave_the_others_as_they_were() -> None:
    raw, truth = generated()
    before = raw.data()
    report = advance_into(raw, truth, Advance(4))
    assert before.items() <= raw.data().items()
    assert report.end == END + timedelta(weeks=4)
    assert weeks_of(raw)[-4:] == ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14"]
    assert report.activity_rows == sum(raw.rows(f"activity/week={w}").shape[0] for w in weeks_of(raw)[-4:])
    whole = Bucket()
    generate(GenerationSpec(600, END, 14, chunk_customers=400, advances=(Advance(4),)), whole)
    assert whole.objects == raw.data()
    assert LOADING_KEY not in raw.objects


def test_the_same_seed_and_advances_give_the_same_bytes_in_both_buckets() -> None:
    first, second = generated(), generated()
    for raw, truth in (first, second):
        advance_into(raw, truth, Advance(3, "price-rise"))
        advance_into(raw, truth, Advance(1))
    assert first[0].data() == second[0].data()
    assert first[1].objects == second[1].objects
    other = generated(seed=8)
    advance_into(*other, Advance(3, "price-rise"))
    assert other[0].data() != first[0].data()


def test_customers_keep_their_traits_and_who_is_gone_stays_gone() -> None:
    raw, truth = generated(2_000)
    before = truth.rows("truth/customers/").set_index("customer_id")
    advance_into(raw, truth, Advance(4))
    after = truth.rows("truth/customers/").set_index("customer_id").loc[before.index]
    for trait in ("visit_rate", "hazard", "intensity", "purchase_rate", "basket_median", "ticket_rate"):
        assert (before[trait] == after[trait]).all()
    gone = before.index[before.state == "gone"]
    assert len(gone) > 200
    assert (after.loc[gone].state == "gone").all()
    added = raw.rows("activity/")
    added = added[added.key.str.slice(14, 24) >= "2026-11-23"]
    assert not set(added.customer_id) & set(gone)
    assert (before.state == "engaged").sum() > (after.state == "engaged").sum() > 0


def test_what_was_foretold_comes_true_in_the_added_weeks() -> None:
    raw, truth = generated(8_000, chunk=8_000)
    foretold = truth.rows("truth/customers/").set_index("customer_id")
    advance_into(raw, truth, Advance(4))
    rows = raw.rows("activity/")
    rows = rows[(rows.key.str.slice(14, 24) >= "2026-11-23") & (rows.active_days > 0)]
    churned = ~foretold.index.isin(rows.customer_id)
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 0.999)):
        chosen = foretold.churn_probability.between(low, high, inclusive="left")
        p = foretold.churn_probability[chosen]
        error = np.sqrt((p * (1 - p)).mean() / chosen.sum())
        assert chosen.sum() > 100
        assert abs(churned[chosen].mean() - p.mean()) < 4 * error + 0.01


def test_new_customers_sign_up_in_the_added_weeks_at_the_usual_rate() -> None:
    raw, truth = generated(6_000, weeks=13, chunk=6_000)
    before = raw.rows("customers/")
    usual = (before.signup_date >= END - timedelta(weeks=12)).sum() / 12
    advance_into(raw, truth, Advance(4))
    customers = raw.rows("customers/")
    new = customers[~customers.customer_id.isin(before.customer_id)]
    assert len(new) == pytest.approx(4 * usual, rel=0.12)
    assert new.signup_date.min() >= END
    assert new.signup_date.max() < END + timedelta(weeks=4)
    assert sorted(new.customer_id) == [f"C{6_000 + i:08d}" for i in range(1, len(new) + 1)]
    assert customers.email.is_unique
    active = raw.rows("activity/week=2026-12-14").customer_id
    assert new.customer_id.isin(active).mean() > 0.3


def test_the_ceilings_of_the_new_cut_offs_are_written_and_hold() -> None:
    raw, truth = generated(6_000, weeks=30, chunk=6_000)
    assert list(truth.keys("ceiling/cutoff")) == [
        "ceiling/cutoff=2026-08-31/part-00000.parquet",
        "ceiling/cutoff=2026-10-26/part-00000.parquet",
    ]
    advance_into(raw, truth, Advance(4, "price-rise"))
    new = "ceiling/cutoff=2026-11-23/part-00000.parquet"
    assert {new, "ceiling/cutoff=2026-09-28/part-00000.parquet"} <= set(truth.objects)
    table = pq.read_table(io.BytesIO(truth.objects[new]))
    assert table.column_names == ["customer_id", "churn", "engagement", "value"]
    assert [str(t) for t in table.schema.types] == ["string", "double", "double", "double"]
    ceiling = table.to_pandas().set_index("customer_id")
    joined = raw.rows("customers/").query("signup_date < @END").customer_id
    assert sorted(ceiling.index) == sorted(joined)
    rows = raw.rows("activity/")
    rows = rows[rows.key.str.slice(14, 24) >= "2026-11-23"]
    churned = ~ceiling.index.isin(rows.customer_id[rows.active_days > 0])
    assert churned.mean() == pytest.approx(ceiling.churn.mean(), abs=0.012)
    about = json.loads(truth.objects["ceiling/about.json"])
    assert about["schema_version"] == 1
    assert about["customers_by_cutoff"]["2026-11-23"] == len(ceiling)
    spec = GenerationSpec(6_000, END, 30, chunk_customers=6_000)
    assert about["parameters_digest"] != spec.digest, "the shift is part of the parameters"


# Atomic, and repeatable


@pytest.mark.parametrize("puts", [1, 4, 9, 10])
@pytest.mark.parametrize("where", ["raw", "truth"])
def test_an_interrupted_advance_is_completed_by_the_same_command(where: str, puts: int) -> None:
    whole = generated()
    advance_into(*whole, Advance(4))
    raw, truth = generated()
    broken = raw if where == "raw" else truth
    broken.fail_after(puts if where == "raw" else puts % 5)
    with pytest.raises(OSError, match="power cut"):
        advance_into(raw, truth, Advance(4))
    assert json.loads(raw.objects[LOADING_KEY])["advance_from"] == "2026-11-23"
    broken.fails_at = None
    advance_into(raw, truth, Advance(4))
    assert raw.data() == whole[0].data()
    assert truth.objects == whole[1].objects
    assert LOADING_KEY not in raw.objects


def test_after_an_interrupted_advance_another_one_leaves_nothing_of_it() -> None:
    whole = generated()
    advance_into(*whole, Advance(1))
    raw, truth = generated()
    truth.fail_after(3)
    with pytest.raises(OSError, match="power cut"):
        advance_into(raw, truth, Advance(6, "new-audience"))
    truth.fails_at = None
    advance_into(raw, truth, Advance(1))
    assert raw.data() == whole[0].data()


def test_an_advance_that_was_done_but_for_the_marker_is_not_added_twice() -> None:
    raw, truth = generated()
    advance_into(raw, truth, Advance(4))
    done = raw.data()
    raw.put(LOADING_KEY, json.dumps({"started": "now", "advance_from": "2026-11-23"}).encode())
    advance_into(raw, truth, Advance(4))
    assert raw.data() == done
    world = load_world(truth.get(WORLD_KEY))
    assert world is not None
    assert world.spec.advances == (Advance(4),)


def test_new_data_take_the_truth_of_the_old_away() -> None:
    raw, truth = generated(900, chunk=300)
    advance_into(raw, truth, Advance(1))
    generate_into(raw, truth, GenerationSpec(300, END, 2), replace=True)
    assert set(truth.objects) == {"truth/customers/part-00000.parquet", WORLD_KEY}


# Refused


def test_data_that_cannot_be_continued_are_refused_and_left_alone() -> None:
    def refused(words: str, raw: Bucket, truth: Bucket) -> None:
        before = dict(raw.objects), dict(truth.objects)
        with pytest.raises(UserError, match=words) as caught:
            advance_into(raw, truth, Advance(4))
        assert caught.value.hint
        assert (raw.objects, truth.objects) == before

    refused("no data yet", Bucket(), Bucket())
    raw, truth = generated(50, 3)
    refused(r"no world\.json", raw, Bucket())
    del raw.objects[SYNTHETIC_KEY]
    refused("data of your own", raw, truth)
    for stored, words in ((False, "import-data --activity"), (True, "--contract <contract.toml> --activity")):
        if stored:
            raw.put(CONTRACT_KEY, b"{}")
        with pytest.raises(UserError) as own:
            advance_into(raw, truth, Advance(4))
        assert words in str(own.value.hint)
    raw.put(SYNTHETIC_KEY, b"{}")
    raw.put(LOADING_KEY, b'{"started": "now"}')
    refused("was interrupted", raw, truth)
    del raw.objects[LOADING_KEY]
    truth.objects[WORLD_KEY] = truth.objects[WORLD_KEY].replace(b'"seed": 7', b'"seed": 8')
    refused("another version of this program", raw, truth)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--advance", "0"), "Cannot add 0 weeks"),
        (("--advance", "4", "--shift", "flood"), "Unknown shift 'flood'"),
        (("--advance", "4", "--seed", "8"), "--seed cannot be given with --advance"),
        (("--shift", "price-rise"), "--shift changes added weeks only"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_asked_of_the_cloud(
    options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = CliRunner(env={"ENGAGE_HOME": str(tmp_path)}).invoke(app, ["generate-data", *options])
    assert isinstance(done.exception, UserError)
    assert words in str(done.exception)
    assert not any(tmp_path.iterdir())


# A world that changes


def stability(expected: Any, found: Any) -> float:
    """Population stability index over tenths of the first sample."""
    edges = np.unique(np.quantile(expected, np.linspace(0, 1, 11))[1:-1])
    p, q = (
        np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / len(values)
        for values in (expected, found)
    )
    return float(((p - q) * np.log((p + 1e-4) / (q + 1e-4))).sum())


def test_a_price_rise_moves_activity_purchases_and_churn_at_the_same_seed() -> None:
    usual, dearer = generated(6_000, chunk=6_000), generated(6_000, chunk=6_000)
    advance_into(*usual, Advance(4))
    advance_into(*dearer, Advance(4, "price-rise"))

    def added(raw: Bucket) -> Any:
        rows = raw.rows("activity/")
        return rows[rows.key.str.slice(14, 24) >= "2026-11-23"]

    before, after = added(usual[0]), added(dearer[0])
    assert after.active_days.sum() < 0.6 * before.active_days.sum()
    assert after.spend.sum() < 0.65 * before.spend.sum()
    days = [rows.groupby("customer_id").active_days.sum() for rows in (before, after)]
    assert stability(*days) > 0.15, "of who was active, how much: a shift by the usual threshold of 0.1"
    states = [truth.rows("truth/customers/").state.value_counts() for _, truth in (usual, dearer)]
    assert states[1]["fading"] > 1.4 * states[0]["fading"]
    plans = [raw.rows("customers/part-00001").plan.value_counts(normalize=True) for raw, _ in (usual, dearer)]
    assert plans[1]["free"] > plans[0]["free"] + 0.2


def test_a_new_audience_moves_who_signs_up_and_nobody_else() -> None:
    usual, campaign = generated(3_000, chunk=3_000), generated(3_000, chunk=3_000)
    advance_into(*usual, Advance(4))
    advance_into(*campaign, Advance(4, "new-audience"))
    for key in usual[0].keys("activity/"):
        if key.endswith("part-00000.parquet"):
            assert usual[0].objects[key] == campaign[0].objects[key]
    few, many = (raw.rows("customers/part-00001") for raw, _ in (usual, campaign))
    assert len(many) == pytest.approx(5 * len(few), abs=4)
    assert many.age.mean() < few.age.mean() - 5
    assert (many.acquisition_channel == "social").mean() > (few.acquisition_channel == "social").mean() + 0.2


def test_a_shift_stays_in_later_weeks_and_does_not_add_up() -> None:
    spec = GenerationSpec(
        10, END, 4, advances=(Advance(2, "price-rise"), Advance(2), Advance(2, "price-rise"))
    )
    start, first, second, third = (phase.parameters for phase in spec.phases)
    assert start == Parameters()
    assert first == second == third == price_rise(Parameters())
    assert spec.parameters_in(END - timedelta(days=7)) == start
    assert spec.parameters_in(END) == spec.parameters_in(END + timedelta(weeks=50)) == first


@pytest.mark.parametrize("name", SHIFTS)
def test_a_shift_leaves_alone_what_the_grid_of_the_ceiling_is_made_for(name: str) -> None:
    usual = grid(Parameters(), Resolution())
    changed = grid(shifted(Parameters(), [name]), Resolution())
    np.testing.assert_array_equal(usual.frailty, changed.frailty)
    np.testing.assert_array_equal(usual.ticket_rate, changed.ticket_rate)
    np.testing.assert_array_equal(usual.weight, changed.weight)


def test_shifts_are_those_of_the_documentation_and_add_to_one_another() -> None:
    text = (Path(__file__).parents[2] / "docs/data.md").read_text()
    assert all(f"`{name}`" in text for name in SHIFTS)
    both = shifted(Parameters(), ["price-rise", "new-audience"])
    assert both.hazard_factor == 2.5
    assert both.signup_factor == new_audience(Parameters()).signup_factor
