"""A small lake for the tests of the ML tasks: features, specification, a trained and evaluated model."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from engage_ml import blocks, features, pointer, registry, tables, task
from engage_ml.ceiling import Reader
from engage_ml.data_contract import DEFAULT
from engage_ml.dictionary import default
from inference import shards
from training.__main__ import train_run

from tests.unit import ml_support as support
from tests.unit.ml_support import AS_OF

RUN = "run-20260302t000000-abcd"
PLAN = DEFAULT.split(AS_OF, AS_OF - timedelta(weeks=52))
SHARDS = 2
QUICK: dict[str, Any] = {"max_depth": 3, "eta": 0.3, "max_bin": 32}
"""Parameters that train in a second."""


def write_parts(db: duckdb.DuckDBPyConnection, sql: str, column: str, folder: Path) -> None:
    """Parquet by partition, as Athena's CTAS leaves it."""
    folder.mkdir(parents=True)
    query = support.to_duckdb(sql)
    db.execute(f"COPY ({query}) TO '{folder}' (FORMAT parquet, PARTITION_BY ({column}), OVERWRITE_OR_IGNORE)")


def make_lake(
    root: Path, seed: int = 7, customers: int = 1500, tune: str | None = None, *, synthetic: bool = True
) -> registry.DirectoryStore:
    """A lake bucket in a directory with the features and the specification of RUN."""
    db = support.connect()
    support.load(db, *support.world(customers, seed=seed))
    support.make_table(db, "customers", features.clean_customers_sql(DEFAULT, "raw_customers"))
    activity = features.clean_activity_sql(DEFAULT, "raw_activity", "customers", PLAN.first_week, AS_OF)
    support.make_table(db, "activity", activity)
    base = root / "features" / f"run={RUN}"
    write_parts(
        db, features.features_train_sql(DEFAULT, "customers", "activity", PLAN), "cutoff", base / "train"
    )
    write_parts(
        db,
        features.features_score_sql(DEFAULT, "customers", "activity", AS_OF, PLAN.first_week, SHARDS),
        "shard",
        base / "score",
    )
    store = registry.DirectoryStore(root)
    spec = {
        "schema_version": 1,
        "run_id": RUN,
        "as_of": AS_OF.isoformat(),
        "n_shards": SHARDS,
        "cutoffs": PLAN.to_spec(),
        "contract": DEFAULT.to_dict(),
        "features_train_prefix": f"features/run={RUN}/train/",
        "features_score_prefix": f"features/run={RUN}/score/",
        "seed": 7,
        "params": QUICK,
        "tune": tune,
        "synthetic": synthetic,
    }
    store.put(f"runs/{RUN}/spec.json", json.dumps(spec).encode())
    return store


class Lake:
    """A trained and scored run."""

    def __init__(self, root: Path, truth: Reader | None = None, tune: str | None = None) -> None:
        self.store = make_lake(root / "lake", tune=tune)
        self.train_folder = root / "train"
        self.train_folder.mkdir()
        self.log = task.JsonLog("test")
        self.evaluation = train_run(self.store, RUN, 1, self.log, self.train_folder, truth)
        self.version = self.evaluation["model_version"]
        self.model = registry.read_model(self.store, self.version)
        headline = self.evaluation["headline"]
        first = pointer.promoted(
            None, self.version, RUN, AS_OF.isoformat(), headline, reason="The first.", by=RUN
        )
        self.store.put(pointer.CHAMPION_KEY, json.dumps(first.to_dict()).encode())

    def score(self, shard: int, folder: Path) -> int:
        return shards.score_shard(self.store, RUN, shard, None, 1, self.log, folder)

    def test_block(self) -> blocks.FeatureBlock:
        return tables.read_snapshot(
            self.train_folder, default(), PLAN.test["churn"].isoformat(), "churned"
        ).block
