"""The floor of the pipeline: the same work with no orchestration, in one process.

The same SQL, features, models, parameters, evaluation, reasons and output files as the pipeline, run
directly with DuckDB and XGBoost on raw files in a folder. What the pipeline takes longer is its overhead.

    python -m tests.perf.floor <folder with customers/ and activity/> <as-of date>

prints one JSON document: wall-clock and processor seconds by phase, rows, and the peak memory of the process
in bytes.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

RUN_ID = "run-floor"


class Clock:
    """Wall-clock (`seconds`) and processor seconds (`cpu`) by phase."""

    def __init__(self) -> None:
        self.phases: dict[str, dict[str, float]] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started, used = time.monotonic(), time.process_time()
        yield
        self.phases[name] = {
            "seconds": round(time.monotonic() - started, 3),
            "cpu": round(time.process_time() - used, 3),
        }


def run_floor(raw: Path, as_of: date, lake: Path) -> dict[str, Any]:
    """Do the pipeline's work on the Parquet files below `raw`; write its outputs below `lake`."""
    clock = Clock()
    with clock.phase("import"):
        from engage_ml import contract, features, task

        threads = task.threads()  # before XGBoost is loaded: sets how idle threads wait, as in the tasks
        import duckdb
        import sklearn.linear_model  # noqa: F401 - part of what a process must load
        import sqlglot
        from engage_ml.boosting import load_xgboost
        from engage_ml.data_contract import DEFAULT

        load_xgboost()
        from engage_ml import pointer
        from engage_ml.registry import DirectoryStore
        from inference.shards import score_shard
        from training.__main__ import train_run

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    db.execute("CREATE MACRO to_utf8(x) AS x")
    db.execute("CREATE MACRO to_hex(x) AS upper(x)")  # DuckDB's md5 is hexadecimal text already
    db.execute("CREATE MACRO from_base(x, b) AS ('0x' || x)::BIGINT")
    db.execute(f"CREATE VIEW raw_customers AS SELECT * FROM '{raw}/customers/*.parquet'")
    db.execute(
        f"CREATE VIEW raw_activity AS SELECT * FROM read_parquet('{raw}/activity/*/*.parquet', "
        "hive_partitioning = true, hive_types = {'week': 'VARCHAR'})"
    )

    def make(name: str, sql: str, folder: Path, partition: str | None) -> None:
        folder.mkdir(parents=True)
        select = sqlglot.transpile(sql, read="athena", write="duckdb")[0]
        by = f", PARTITION_BY ({partition})" if partition else ""
        target = folder if partition else folder / "part-0.parquet"
        db.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION snappy{by})")
        db.execute(
            f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/**/*.parquet', "
            f"hive_partitioning = {str(bool(partition)).lower()}, hive_types_autocast = false)"
        )

    weeks = sorted(p.name.removeprefix("week=") for p in (raw / "activity").iterdir())
    plan = DEFAULT.split(as_of, weeks[0], weeks[-1])
    with clock.phase("clean"):
        make(
            "customers",
            features.clean_customers_sql(DEFAULT, "raw_customers"),
            lake / "processed/customers",
            None,
        )
        window = ("raw_activity", "customers", plan.first_week, as_of)
        make("activity", features.clean_activity_sql(DEFAULT, *window), lake / "processed/activity", "week")
    customers = db.execute("SELECT count(*) FROM customers").fetchone()[0]  # type: ignore[index]
    shards = contract.shard_count(customers)
    with clock.phase("features"):
        sql = features.features_train_sql(DEFAULT, "customers", "activity", plan)
        make("train", sql, lake / "features/train", "cutoff")
        sql = features.features_score_sql(DEFAULT, "customers", "activity", as_of, plan.first_week, shards)
        make("score", sql, lake / "features/score", "shard")
    db.close()
    store = DirectoryStore(lake)
    spec = {
        "schema_version": 1, "run_id": RUN_ID, "as_of": as_of.isoformat(), "n_shards": shards,
        "cutoffs": plan.to_spec(), "contract": DEFAULT.to_dict(), "features_train_prefix": "features/train/",
        "features_score_prefix": "features/score/", "seed": 7, "params": {},
    }  # fmt: skip
    store.put(f"runs/{RUN_ID}/spec.json", json.dumps(spec).encode())
    log = task.JsonLog("floor")
    with clock.phase("train"), tempfile.TemporaryDirectory() as folder:
        evaluation = train_run(store, RUN_ID, threads, log, Path(folder))
    version = contract.model_version(RUN_ID)
    first = pointer.promoted(None, version, RUN_ID, as_of.isoformat(), {}, reason="The first.", by=RUN_ID)
    store.put(pointer.CHAMPION_KEY, json.dumps(first.to_dict()).encode())
    with clock.phase("infer"), tempfile.TemporaryDirectory() as folder:
        rows = sum(
            score_shard(store, RUN_ID, shard, version, threads, log, Path(folder)) for shard in range(shards)
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "seconds": round(sum(p["seconds"] for p in clock.phases.values()), 3), "phases": clock.phases,
        "customers": customers, "predictions": rows, "peak_bytes": peak, "headline": evaluation["headline"],
    }  # fmt: skip


def main() -> None:
    raw, as_of = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
    stdout, sys.stdout = sys.stdout, sys.stderr  # the library's log lines are not the result
    with tempfile.TemporaryDirectory(prefix="engage-floor-") as lake:
        result = run_floor(raw, as_of, Path(lake))
    json.dump(result, stdout)


if __name__ == "__main__":
    main()
