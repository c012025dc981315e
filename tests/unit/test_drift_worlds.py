"""Drift in the generated world: it alarms when the world is changed, and only then. From raw data to features
to verdicts; no model is needed, for what it says is judged as its features are.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engage_ml import drift, features, histograms
from engage_ml.blocks import FeatureBlock
from engage_ml.data_contract import DEFAULT
from engage_ml.dictionary import default
from engage_ml.tables import read_block

from engage_cli.datagen.generate import generate
from engage_cli.datagen.spec import Advance, GenerationSpec
from tests.directory_sink import DirectorySink
from tests.unit import ml_support as support

END = date(2026, 11, 23)
PAST = tuple(END - timedelta(weeks=ago) for ago in (20, 16, 12, 8, 4))
"""Three cut-offs to learn from, validation, test."""
CUSTOMERS = 5000


class World:
    """A generated world with its weeks after END, changed or not."""

    def __init__(self, root: Path, weeks: int, shift: str | None = None) -> None:
        self._root, self._db = root, support.connect()
        advance = Advance(weeks) if shift is None else Advance(weeks, shift)
        generate(GenerationSpec(CUSTOMERS, END, 52, seed=3, advances=(advance,)), DirectorySink(root / "raw"))
        self._db.execute(f"CREATE VIEW raw_customers AS SELECT * FROM '{root}/raw/customers/*.parquet'")
        self._db.execute(
            f"CREATE VIEW raw_activity AS SELECT * FROM read_parquet('{root}/raw/activity/*/*.parquet', "
            "hive_partitioning = true, hive_types = {'week': 'VARCHAR'})"
        )
        self._start = END - timedelta(weeks=52)
        customers = features.clean_customers_sql(DEFAULT, "raw_customers")
        support.make_table(self._db, "customers", customers)
        window = (self._start, END + timedelta(weeks=weeks))
        activity = features.clean_activity_sql(DEFAULT, "raw_activity", "customers", *window)
        support.make_table(self._db, "activity", activity)

    def at(self, day: date) -> FeatureBlock:
        """The features of all customers as of a day."""
        folder = self._root / day.isoformat()
        folder.mkdir()
        sql = features.features_score_sql(DEFAULT, "customers", "activity", day, self._start, 1)
        self._db.execute(f"COPY ({support.to_duckdb(sql)}) TO '{folder}/part.parquet' (FORMAT parquet)")
        return read_block(folder, default())[0]


def nothing(block: FeatureBlock) -> dict[str, Any]:
    return {name: np.zeros(len(block)) for name in histograms.PREDICTIONS}


def judged(past: dict[date, FeatureBlock], now: FeatureBlock, day: date) -> dict[str, Any]:
    """What the monitor says of the features as of a day."""
    tested = max(past)
    known = histograms.make_reference(
        DEFAULT, default().modelled, PAST[:3], past, {tested: nothing(past[tested])},
        {"cutoffs": {"test": tested.isoformat()}},
    )  # fmt: skip
    counts = histograms.ShardCounts(known)
    counts.add(DEFAULT, now, nothing(now))
    found: dict[str, Any] = drift.judge(known, [counts.to_dict()], day.isoformat())["features"]
    return found


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("unchanged"), 4)


@pytest.fixture(scope="module")
def past(unchanged: World) -> dict[date, FeatureBlock]:
    """The cut-offs before END, which are the same whatever comes after."""
    return {day: unchanged.at(day) for day in PAST}


@pytest.mark.parametrize("weeks", [0, 2, 4])
def test_a_world_that_goes_on_as_it_was_raises_no_alarm(
    unchanged: World, past: dict[date, FeatureBlock], weeks: int
) -> None:
    day = END + timedelta(weeks=weeks)
    found = judged(past, unchanged.at(day), day)
    assert (found["verdict"], found["change"]) == ("none", None), found["compared"][:3]
    assert found["max_psi"] < 0.08, "and is far from one"


@pytest.mark.parametrize(
    ("shift", "change", "moved"),
    [("price-rise", "behaviour", "active_days_4w"), ("new-audience", "audience", "acquisition_channel")],
)
def test_a_changed_world_is_an_alert_after_four_weeks_and_is_named(
    tmp_path: Path, past: dict[date, FeatureBlock], shift: str, change: str, moved: str
) -> None:
    day = END + timedelta(weeks=4)
    found = judged(past, World(tmp_path, 4, shift).at(day), day)
    assert (found["verdict"], found["change"]) == ("alert", change)
    assert moved in {row["name"] for row in found["compared"] if row["judged"] and row["verdict"] != "none"}
