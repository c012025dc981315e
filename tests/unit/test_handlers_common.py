"""The shared code of the handlers: Athena, S3, settings, run ids."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.unit import handlers_support as support

# The support module makes the handlers importable.
# isort: split
from common import athena, names, runs, s3
from common.errors import ConfigError, DataError, InputError, QueryError, TransientError
from common.settings import Settings
from common.step import step


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    with support.cloud(monkeypatch) as client:
        yield client


def query(sql: str, **options: Any) -> athena.QueryResult:
    return athena.run(sql, "engage_test", workgroup="w", sleep=lambda _: None, **options)


def test_rows_come_back_typed_and_nulls_as_none(fake: Any) -> None:
    row = query(
        "SELECT 3 AS n, 0.5E0 AS share, 'x' AS word, true AS yes, CAST(NULL AS integer) AS nothing"
    ).one()
    assert row == {"n": 3, "share": 0.5, "word": "x", "yes": True, "nothing": None}


def test_more_rows_than_a_page_are_read_up_to_the_limit(fake: Any) -> None:
    sql = "SELECT n FROM UNNEST(SEQUENCE(1, 2500)) AS t(n) ORDER BY n"
    whole = query(sql, max_rows=5000)
    assert [row["n"] for row in whole.rows] == list(range(1, 2501))
    assert not whole.truncated
    cut = query(sql, max_rows=1500)
    assert len(cut.rows) == 1500
    assert cut.truncated


def test_a_failed_query_names_athenas_reason_and_is_not_retried(fake: Any) -> None:
    fake.fails["broken"] = ("COLUMN_NOT_FOUND: line 1:8", False)
    with pytest.raises(QueryError, match="COLUMN_NOT_FOUND"):
        query("SELECT broken")


def test_a_passing_failure_is_a_transient_error(fake: Any) -> None:
    fake.fails["busy"] = ("Query exhausted resources at this scale factor", False)
    with pytest.raises(TransientError):
        query("SELECT busy")
    fake.fails = {"busy": ("later", True)}
    with pytest.raises(TransientError):
        query("SELECT busy")


def test_a_query_that_does_not_end_is_stopped(fake: Any) -> None:
    fake.running["q-0"] = "SELECT 1"
    pauses: list[float] = []
    with pytest.raises(TransientError, match="stopped"):
        athena.run("SELECT 1", "engage_test", workgroup="w", timeout=5, sleep=pauses.append)
    assert fake.stopped == ["q-0"]
    assert pauses[0] == 0.05
    assert max(pauses) <= 1.0


def test_a_step_moves_the_ids_of_its_queries_into_the_run(fake: Any) -> None:
    def work(run: dict[str, Any], settings: Settings) -> dict[str, Any]:
        query("SELECT 1 AS n")
        return {**run, "own": 1}

    athena.LEDGER.append("left over from a failed attempt")
    run = step("own", work)({"run_id": "run-a", "queries": ["q-before"]}, None)
    assert run == {"run_id": "run-a", "own": 1, "queries": ["q-before", "q-0"]}


def test_a_failed_step_logs_its_queries_for_the_meter(fake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def work(run: dict[str, Any], settings: Settings) -> dict[str, Any]:
        query("SELECT 1 AS n")
        raise DataError("Bad data.", hint="mend it")

    with pytest.raises(DataError, match=r"Bad data\. Next: mend it"):
        step("failing", work)({"run_id": "run-a"}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    failed = next(line for line in lines if line["message"] == "step failed")
    assert failed["queries"] == ["q-0"]
    assert failed["run_id"] == "run-a"


def test_a_prefix_of_more_than_a_thousand_objects_is_deleted_and_counted(fake: Any) -> None:
    for n in range(1003):
        s3.put_bytes("lake", f"features/run=a/{n}", b"x")
    s3.put_bytes("lake", "features/run=ab/0", b"x")
    assert s3.delete_prefix("lake", "features/run=a/") == 1003
    assert list(s3.keys("lake", "features/")) == ["features/run=ab/0"]


@pytest.mark.parametrize("prefix", ["", "/", "features/run=a"])
def test_deleting_by_a_prefix_that_is_no_folder_is_refused(fake: Any, prefix: str) -> None:
    with pytest.raises(ValueError, match="refusing"):
        s3.delete_prefix("lake", prefix)


def test_a_missing_object_is_none_and_a_range_is_inclusive(fake: Any) -> None:
    assert s3.get_bytes("lake", "nothing") is None
    assert s3.get_json("lake", "nothing") is None
    s3.put_bytes("lake", "letters", b"abcdef")
    assert s3.get_bytes("lake", "letters", first=1, last=3) == b"bcd"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="LAKE_BUCKET"):
        _ = Settings({}).lake_bucket
    with pytest.raises(ConfigError, match="CACHE_TTL_SECONDS must be a whole number"):
        _ = Settings({"CACHE_TTL_SECONDS": "soon"}).cache_ttl_seconds


@pytest.mark.parametrize(
    ("name", "run_id"),
    [
        ("run-20261123t080000-ab12", "run-20261123t080000-ab12"),
        ("6F0E-Scheduled", "run-6f0e-scheduled"),
        ("a/../b", "run-a-b"),
    ],
)
def test_an_execution_name_becomes_a_run_id_that_fits_keys_tables_and_roles(name: str, run_id: str) -> None:
    assert names.run_id_of(name) == run_id
    assert all(f"_{names.rid(run_id)}" in table for table in names.temporary_tables(run_id))


@pytest.mark.parametrize("name", [None, "", "///"])
def test_an_unusable_run_id_is_refused(name: Any) -> None:
    with pytest.raises(InputError):
        names.run_id_of(name)


def test_the_status_document_keeps_when_the_run_began(fake: Any) -> None:
    run = {"run_id": "run-a", "as_of": "2026-03-02", "started_at": "2026-03-02T00:00:00Z"}
    runs.write_status("lake", run, "started")
    runs.write_status("lake", {"run_id": "run-a"}, "failed", failure={"error": "E"})
    status = runs.read_status("lake", "run-a")
    assert status is not None
    assert (status["status"], status["started_at"]) == ("failed", "2026-03-02T00:00:00Z")


@pytest.mark.parametrize(
    "handler", ["prepare", "validate", "split", "features", "promote", "publish", "cleanup", "predict"]
)
def test_a_cold_start_imports_nothing_heavy(handler: str) -> None:
    code = (
        "import sys, app; heavy = {'boto3', 'numpy', 'pandas', 'pyarrow', 'xgboost', 'duckdb', 'sklearn'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    path = ":".join(
        str(p) for p in (support.HANDLERS / handler, support.HANDLERS, support.ROOT / "containers")
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("file", ["requirements.txt", "predict/requirements.txt"])
def test_the_requirements_of_the_handlers_are_the_locked_versions(file: str) -> None:
    lock = (support.ROOT / "requirements.lock").read_text()
    for line in (support.HANDLERS / file).read_text().splitlines():
        if not line.startswith("#"):
            assert f"\n{line} " in lock, line
