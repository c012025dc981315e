"""Training, evaluation, scoring, reasons, registry and the two tasks, on a small world."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from engage_ml import (
    answers,
    blocks,
    contract,
    dossier,
    drift,
    explain,
    model_card,
    registry,
    segments,
    tables,
    task,
    train,
    words,
)
from engage_ml.calibration import calibration_points
from engage_ml.data_contract import DEFAULT
from engage_ml.dictionary import default
from engage_ml.fitting import Settings
from engage_ml.prediction_table import prediction_table
from engage_ml.score import Model, calibrate, load_model, recode
from inference import bulk, shards

from tests.unit.ml_lake import PLAN, QUICK, RUN, SHARDS, Lake
from tests.unit.ml_support import AS_OF


def test_training_twice_gives_the_same_bytes_of_models(lake: Lake) -> None:
    settings = Settings(seed=7, threads=1, params=QUICK)
    again = train.train_models(lake.train_folder, DEFAULT, PLAN, lake.version, settings).to_files()
    for name, data in again.items():
        if name.endswith(".ubj"):
            assert data == lake.store.get(f"models/{lake.version}/{name}"), name


def test_the_order_of_rows_in_files_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    for part in sorted(lake.train_folder.iterdir()):
        files = tables.parquet_files(part)
        (tmp_path / part.name).mkdir()
        # The partition column of a path is not a column of the file, as Athena writes it.
        table = pq.ParquetFile(files[0]).read()
        order = np.random.default_rng(1).permutation(table.num_rows)
        pq.write_table(table.take(order), tmp_path / part.name / "data")
    settings = Settings(seed=7, threads=1, params=QUICK)
    model = train.train_models(tmp_path, DEFAULT, PLAN, lake.version, settings)
    block = lake.test_block()
    assert np.array_equal(model.predict(block).churn_probability, lake.model.predict(block).churn_probability)


def test_the_evaluation_is_written_last_and_the_model_is_complete(lake: Lake) -> None:
    keys = lake.store.list(f"models/{lake.version}/")
    assert f"models/{lake.version}/model.json" in keys
    assert all(key.endswith((".ubj", ".json", "/card.md")) for key in keys)
    head = json.loads(lake.store.get(f"models/{lake.version}/model.json"))
    assert head["run_id"] == RUN
    assert head["code_version"] == task.code_version()
    assert head["data_window"] == {"from": PLAN.first_week.isoformat(), "until": AS_OF.isoformat()}
    stored = json.loads(lake.store.get(f"runs/{RUN}/evaluation.json"))
    assert stored["decision"] == {
        "promote": True,
        "reason": "This is the first model: there is no champion to compare with.",
    }
    assert registry.versions(lake.store) == [lake.version]


def test_protected_attributes_are_audited_and_never_features(lake: Lake) -> None:
    report = lake.evaluation["fairness"]
    assert report["cutoff"] == PLAN.test["churn"].isoformat()
    assert set(report["attributes"]) == {"gender", "age"}
    gender = report["attributes"]["gender"]
    assert gender["protected"]
    assert {g["group"] for g in gender["groups"]} == {"f", "m", "x"}
    assert sum(g["customers"] for g in gender["groups"]) == report["rows"]
    assert gender["proxies"]["verdict"] == "none", "gender is drawn apart from everything else here"
    assert report["attributes"]["age"]["proxies"] is None, "age is a feature itself"
    assert not [name for name in lake.model.features if "gender" in name]


def test_a_version_has_a_reference_a_card_and_the_edge_of_its_segments(lake: Lake) -> None:
    head = json.loads(lake.store.get(f"models/{lake.version}/model.json"))
    assert head["segments"]["edge_of_value"] > 0
    assert head["decision"] == lake.evaluation["decision"]
    low, high = head["metric_intervals"]["churn_roc_auc"]
    assert low < head["metrics"]["churn_roc_auc"] < high
    reference = dossier.read_reference(lake.store, lake.version)
    assert reference is not None
    assert set(reference["features"]) == set(lake.model.features)
    assert reference["cutoffs"]["features"] == [day.isoformat() for day in PLAN.train["churn"]]
    assert reference["cutoffs"]["test"] == PLAN.test["churn"].isoformat()
    for described in reference["features"].values():
        assert sum(described["counts"]) == reference["rows"]["features"]
        assert [at["weeks"] for at in described["past"]] == [16, 12, 8, 4]
        assert sum(sum(at["counts"]) for at in described["past"][:3]) == sum(described["learnt"])
    for described in reference["predictions"].values():
        assert sum(described["counts"]) == reference["rows"]["predictions"]
        assert [at["weeks"] for at in described["past"]] == [4], "validation; training would flatter"
    text = lake.store.get(f"models/{lake.version}/card.md").decode()
    for title in ("Purpose", "Data", "How good it is", "Fairness", "Limits", "How to make it again"):
        assert f"## {title}\n" in text
    assert f"# Model card: {lake.version}" in text
    assert "baseline recency frequency" in text
    assert "| protected, never a feature | gender |" in text
    auc = lake.evaluation["targets"]["churn"]["challenger"]["all"]["roc_auc"]
    assert f"{auc:.4g}" in text
    assert dossier.read_reference(lake.store, "m-old") is None


def test_intervals_of_the_evaluation_reach_the_list_and_the_card() -> None:
    measured = {"rows": 10, "roc_auc": 0.8, "ci": {"roc_auc": [0.75, 0.85]}}
    both = {"challenger": {"all": measured, "recent": {}}}
    evaluation = {"targets": dict.fromkeys(("churn", "engagement", "value"), both)}
    assert dossier.intervals(evaluation) == {"churn_roc_auc": [0.75, 0.85]}
    assert model_card.measure(measured, "roc_auc") == "0.8 (0.75 to 0.85)"
    assert model_card.measure(measured, "mae") == "not measured"


def test_the_card_shows_the_ceiling_where_one_is_known(lake: Lake) -> None:
    targets = {name: dict(entry) for name, entry in lake.evaluation["targets"].items()}
    mine = {"all": {"rows": 900, "roc_auc": 0.81}}
    targets["churn"]["ceiling"] = {"model": mine, "ceiling": {"all": {"rows": 900, "roc_auc": 0.84}}}
    text = "\n".join(model_card.quality(DEFAULT, {"targets": targets}))
    assert "| the ceiling, the same customers | 900 | 0.84 |" in text
    assert "ceiling" not in "\n".join(model_card.quality(DEFAULT, lake.evaluation))


def test_a_word_of_the_data_cannot_break_a_table_of_the_card() -> None:
    assert model_card.table(("a", "b"), [("x | y", "1")]).endswith("| x \\| y | 1 |")


def test_shards_count_what_they_scored_for_the_monitor(lake: Lake, tmp_path: Path) -> None:
    rows = [lake.score(shard, tmp_path / str(shard)) for shard in range(SHARDS)]
    found = [
        json.loads(lake.store.get(f"runs/{RUN}/monitor/shard-{shard:05d}.json")) for shard in range(SHARDS)
    ]
    assert [part["rows"] for part in found] == rows
    judged = drift.judge(dossier.read_reference(lake.store, lake.version) or {}, found, AS_OF.isoformat())
    counted = sum(sum(part["predictions"]["churn_probability"]) for part in found)
    assert counted == sum(rows)
    assert judged["predictions"]["verdict"] in ("none", "watch")
    assert {row["name"] for row in judged["features"]["compared"]} == set(lake.model.features)


def test_a_model_without_a_reference_scores_all_the_same(lake: Lake, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    shutil.copytree(lake.store.root, root)
    (root / f"models/{lake.version}/reference.json").unlink()
    shutil.rmtree(root / f"runs/{RUN}/monitor", ignore_errors=True)
    store = registry.DirectoryStore(root)
    assert shards.score_shard(store, RUN, 0, None, 2, lake.log, tmp_path / "work") > 0
    assert not list((root / f"runs/{RUN}").glob("monitor/*"))


def test_a_model_with_a_reference_of_an_earlier_kind_scores_all_the_same(lake: Lake, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    shutil.copytree(lake.store.root, root)
    path = root / f"models/{lake.version}/reference.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 1}))
    shutil.rmtree(root / f"runs/{RUN}/monitor", ignore_errors=True)
    store = registry.DirectoryStore(root)
    assert shards.score_shard(store, RUN, 0, None, 2, lake.log, tmp_path / "work") > 0
    assert not list((root / f"runs/{RUN}").glob("monitor/*"))


def test_every_prediction_has_a_segment(lake: Lake, tmp_path: Path) -> None:
    lake.score(0, tmp_path)
    (key,) = [k for k in lake.store.list("predictions/") if k.endswith("00000.parquet")]
    frame = pq.read_table(io.BytesIO(lake.store.get(key))).to_pandas()
    assert set(frame["segment"]) <= set(segments.NAMES)
    assert (frame.loc[frame["tenure_weeks"] < 4, "segment"] == "new").all()
    risky = frame[(frame["churn_probability"] >= 0.6) & (frame["segment"] == "loyal")]
    assert len(risky) == 0


def test_a_shard_is_scored_with_reasons_and_no_personal_data(lake: Lake, tmp_path: Path) -> None:
    rows = [lake.score(shard, tmp_path / str(shard)) for shard in range(SHARDS)]
    prefix = f"predictions/as_of={AS_OF}/run={RUN}/"
    keys = lake.store.list(prefix)
    assert keys == [f"{prefix}part-{n:05d}.parquet" for n in range(SHARDS)]
    seen: set[str] = set()
    for shard, key in enumerate(keys):
        table = pq.read_table(io.BytesIO(lake.store.get(key)))
        assert table.column_names == [name for name, _ in prediction_table(DEFAULT)]
        assert table.num_rows == rows[shard]
        for row in table.to_pylist():
            assert contract.shard_of(row["customer_id"], SHARDS) == shard
            assert 0 <= row["churn_probability"] <= 1
            assert 0 <= row["expected_engagement"] <= 1
            assert row["expected_value"] >= 0
            assert row["risk_band"] == contract.risk_band(row["churn_probability"])
            assert len({row["reason_1"], row["reason_2"], row["reason_3"]}) == 3
            seen.add(row["customer_id"])
    assert len(seen) == sum(rows)


def test_scoring_a_shard_again_gives_the_same_bytes(lake: Lake, tmp_path: Path) -> None:
    lake.score(0, tmp_path / "a")
    keys = [*lake.store.list("predictions/"), *lake.store.list("online/")]
    before = {key: lake.store.get(key) for key in keys}
    lake.score(0, tmp_path / "b")
    assert before == {key: lake.store.get(key) for key in keys}


def test_bulk_answers_equal_the_published_predictions_and_name_unknown_customers(
    lake: Lake, tmp_path: Path
) -> None:
    for shard in range(SHARDS):
        lake.score(shard, tmp_path / str(shard))
    published: dict[str, Any] = {}
    for key in lake.store.list("predictions/"):
        for row in pq.read_table(io.BytesIO(lake.store.get(key))).to_pylist():
            published[row["customer_id"]] = row
    wanted = [*list(published)[:50], "nobody", "C0000000-longer-than-any-id"]
    lines = "".join(json.dumps({"customer_id": c}) + "\n" for c in wanted)
    lake.store.put("bulk/job-1/request.jsonl", lines.encode())
    pinned = {"RUN_ID": RUN, "N_SHARDS": str(SHARDS), "MODEL_VERSION": lake.version, "AS_OF": str(AS_OF)}
    request = bulk.request_from({"JOB_ID": "job-1", **pinned})
    assert bulk.answer(lake.store, request, 1) == (50, 2)
    result = [json.loads(line) for line in lake.store.get("bulk/job-1/result.jsonl").splitlines()]
    assert [r["customer_id"] for r in result if r.get("not_found")] == sorted(
        wanted[50:], key=lambda c: contract.shard_of(c, SHARDS)
    )
    for row in result[:50]:
        match = published[row["customer_id"]]
        for name in ("churn_probability", "expected_engagement", "expected_value", "risk_band"):
            assert row[name] == match[name]
        assert row["reasons"][0]["text"] in match["reason_1"]


@pytest.mark.parametrize("line", ["{", '{"id": "A"}', "3", '{"customer_id": ""}'])
def test_a_malformed_bulk_line_is_refused_with_its_number(lake: Lake, line: str) -> None:
    lake.store.put("bulk/bad/request.jsonl", f'"A"\n{line}\n'.encode())
    with pytest.raises(contract.ContractError, match="Line 2"):
        bulk.customer_ids(lake.store, "bulk/bad/request.jsonl")


def test_an_empty_shard_writes_files_that_can_be_read(lake: Lake, tmp_path: Path) -> None:
    spec = json.loads(lake.store.get(f"runs/{RUN}/spec.json"))
    other = "run-20260302t000000-ffff"
    spec |= {"run_id": other, "features_score_prefix": "features/none/", "n_shards": 1}
    lake.store.put(f"runs/{other}/spec.json", json.dumps(spec).encode())
    assert shards.score_shard(lake.store, other, 0, lake.version, 1, lake.log, tmp_path) == 0
    prefix = f"online/run={other}/shard=0/"
    block = blocks.FeatureBlock.from_bytes(
        *(lake.store.get(prefix + name) for name in ("ids.bin", "features.npy", "block.json"))
    )
    assert block.find(["A"])[1] == ["A"]
    data = lake.store.get(f"predictions/as_of={AS_OF}/run={other}/part-00000.parquet")
    assert pq.read_table(io.BytesIO(data)).num_rows == 0


def test_a_stored_model_predicts_the_same_without_pandas_and_pyarrow(lake: Lake, tmp_path: Path) -> None:
    lake.score(0, tmp_path / "x")
    folder = lake.store.root
    code = f"""
import sys, json
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow", "sklearn", "duckdb"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from pathlib import Path
from engage_ml import answers, blocks, registry
store = registry.DirectoryStore(Path({str(folder)!r}))
model = registry.read_model(store, {lake.version!r})
names = ("ids.bin", "features.npy", "block.json")
block = blocks.FeatureBlock.from_bytes(*(store.get("online/run={RUN}/shard=0/" + n) for n in names))
found, missing = block.find([block.ids[0].decode()])
print(json.dumps(list(answers.answer_rows(model, [found], "2026-03-02"))[0]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2] / "containers",
    )
    row = json.loads(done.stdout)
    key = f"predictions/as_of={AS_OF}/run={RUN}/part-00000.parquet"
    match = pq.read_table(io.BytesIO(lake.store.get(key))).to_pylist()[0]
    assert row["customer_id"] == match["customer_id"]
    assert row["churn_probability"] == match["churn_probability"]
    assert len(row["reasons"]) == 3


def test_a_block_of_other_categories_and_column_order_is_recoded(lake: Lake) -> None:
    block = lake.test_block()
    names = tuple(reversed(block.names))
    values = block.values[:, ::-1].copy()
    vocabulary = {}
    for name in default().categorical:
        words = [*list(reversed(block.vocabulary[name])), "never seen"]
        values[:, names.index(name)] = recode(block.column(name), block.vocabulary[name], words)
        vocabulary[name] = words
    other = blocks.FeatureBlock(block.ids, names, values, vocabulary)
    assert np.array_equal(lake.model.matrix(other), lake.model.matrix(block), equal_nan=True)


def test_a_category_that_training_never_saw_is_missing() -> None:
    codes = np.array([0, 1, np.nan], dtype=np.float32)
    found = recode(codes, ["XX", "DE"], ["DE", "US"])
    assert np.isnan(found[0])
    assert found[1] == 0
    assert np.isnan(found[2])


def test_contributions_add_up_to_the_margin_of_the_churn_model(lake: Lake) -> None:
    block = lake.test_block().take(slice(0, 200))
    data = lake.model.data(lake.model.matrix(block))
    margin = lake.model.boosters["churn"].predict(data, output_margin=True)
    for exact in (False, True):
        whole = lake.model.boosters["churn"].predict(data, pred_contribs=True, approx_contribs=not exact)
        assert np.allclose(whole.sum(axis=1), margin, atol=1e-3)
        assert explain.contributions(lake.model, data, exact=exact).shape == (200, len(lake.model.features))


def test_reasons_are_three_stories_in_the_direction_of_the_risk(lake: Lake) -> None:
    block = lake.test_block()
    predictions, why = answers.predict_with_reasons(lake.model, block)
    for given in why:
        assert len({reason.feature for reason in given}) == 3
        assert all(reason.effect in ("raises", "lowers") for reason in given)
    sure = int(predictions.churn_probability.argmax())
    safe = int(predictions.churn_probability.argmin())
    assert why[sure][0].effect == "raises"
    assert why[safe][0].effect == "lowers"


def test_at_medium_or_high_risk_what_raises_it_comes_first_even_below_a_high_average(lake: Lake) -> None:
    block = lake.test_block().take(slice(0, 300))
    data = lake.model.data(lake.model.matrix(block))
    direction = explain.contributions(lake.model, data).sum(axis=1)
    below = direction < 0
    assert below.any()
    at_risk = explain.reasons(lake.model, block, data, np.full(len(block), 0.3))
    safe = explain.reasons(lake.model, block, data, np.full(len(block), 0.29))
    assert [why[0].effect for why, it in zip(safe, below, strict=True) if it].count("lowers") == below.sum()
    for why in at_risk:
        effects = [reason.effect for reason in why]
        assert effects == sorted(effects, reverse=True), "what raises comes before what lowers"
    raised = [why[0].effect for why, it in zip(at_risk, below, strict=True) if it]
    assert "raises" in raised


@pytest.mark.parametrize(
    ("group", "numbers", "text"),
    [
        ("recency", (21.0, 1.5, 6.0, 12.0), "no active day for 21 days; usually active every 1.5 weeks"),
        ("recency", (0.0, 1.0, 12.0, 12.0), "active in the last week; usually active every week"),
        ("recency", (84.0, None, 0.0, 12.0), "no active day in the last 12 weeks"),
        ("recency", (9.0, None, 0.0, 2.0), "no active day since the sign-up 2 weeks ago"),
        ("trend", (16.0, 4.0), "4 active days in the last 4 weeks, 12 in the 4 before"),
        ("frequency", (1.0, 9.0, 3.0), "1 active day in the last 4 weeks, 9 in the last 12"),
        ("frequency", (0.0, 0.0, 0.0), "no active week among the last 12"),
        ("spend", (0.0, 1234.5), "spend of 0.00 USD in the last 4 weeks, 1,234.50 USD in the last 12"),
        ("support", (2.0, 3.0), "2 support tickets in the last 4 weeks, 3 in the last 12"),
        ("social", (1.0, 0.0, 2.0), "1 post, no like and 2 messages in the last 4 weeks"),
        ("tenure", (0.0,), "customer for less than a week"),
        ("plan", ("free",), "plan free"),
        ("age", (None,), "age unknown"),
    ],
)
def test_a_reason_is_said_in_the_customers_own_numbers(group: str, numbers: Any, text: str) -> None:
    assert words.builders(DEFAULT)[group][1](*numbers) == text


def test_calibration_keeps_the_order_and_comes_close_to_the_truth() -> None:
    rng = np.random.default_rng(3)
    chance = rng.uniform(0, 1, 40_000)
    outcome = (rng.uniform(0, 1, 40_000) < chance**2).astype(float)
    for rows in (slice(0, 1500), slice(0, 40_000)):
        points = calibration_points(chance[rows], outcome[rows])
        grid = np.linspace(0.05, 0.95, 50)
        curve = calibrate(grid, points)
        assert (np.diff(curve) > 0).all()
        assert np.abs(curve - grid**2).max() < 0.1


def test_features_left_out_of_a_request_take_typical_values(lake: Lake) -> None:
    block = blocks.block_from_features(default(), {"days_since_active": 70}, lake.model.metadata["typical"])
    assert block.values.shape == (1, len(default().names))
    silent = lake.model.predict(block).churn_probability[0]
    active = {"days_since_active": 0, "active_days_4w": 20, "active_days_2w": 10, "silence_ratio": 0}
    present = blocks.block_from_features(default(), active, lake.model.metadata["typical"])
    assert lake.model.predict(present).churn_probability[0] < silent


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"email": "x"}, "Unknown feature 'email'"),
        ({"age": "old"}, "must be a finite number"),
        ({"age": float("nan")}, "must be a finite number"),
        ({"plan": 3}, "must be text"),
    ],
)
def test_a_request_with_a_wrong_feature_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(contract.ContractError, match=message):
        blocks.block_from_features(default(), given)


def test_the_champion_pointer_is_read_as_it_was_written(lake: Lake) -> None:
    champion = registry.read_champion(lake.store)
    assert champion is not None
    assert (champion.model_version, champion.run_id) == (lake.version, RUN)
    assert registry.read_champion(registry.DirectoryStore(lake.train_folder)) is None
    with pytest.raises(contract.ContractError, match="There is no model 'm-nothing'"):
        registry.read_model(lake.store, "m-nothing")


def test_a_model_of_another_schema_version_is_refused() -> None:
    with pytest.raises(contract.ContractError, match="schema version 99"):
        load_model(lambda name: b'{"schema_version": 99, "model_version": "m-x"}')


def test_a_label_whose_horizon_is_not_over_is_refused(lake: Lake) -> None:
    with pytest.raises(contract.ContractError, match=r"'value' at the cut-off .* is incomplete"):
        tables.read_snapshot(lake.train_folder, default(), PLAN.test["churn"].isoformat(), "value")


def test_a_missing_cutoff_stops_training_with_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(contract.ContractError, match="There are no feature rows for cutoff"):
        train.train_models(tmp_path, DEFAULT, PLAN, "m-x")


def test_the_tasks_refuse_a_wrong_environment_with_exit_code_1() -> None:
    root = Path(__file__).parents[2] / "containers"
    for module, variables, message in (
        ("training", {}, "RUN_ID is not set"),
        ("training", {"RUN_ID": "../x"}, "is not a run id"),
        ("inference", {"RUN_ID": RUN, "SHARD": "-1"}, "SHARD '-1' is not a number"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=root,
            env={"PATH": "", **variables},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["level"] == "ERROR"


def test_metrics_are_embedded_in_log_lines_and_unknown_ones_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGAGE_ENV", "dev")
    task.JsonLog("test").metrics({"A": 1.5, "B": None, "C": float("nan")}, {"A": "Seconds"})
    line = json.loads(capsys.readouterr().out)
    assert line["A"] == 1.5
    assert "B" not in line
    described = line["_aws"]["CloudWatchMetrics"][0]
    assert described["Namespace"] == "Engage"
    assert described["Metrics"] == [{"Name": "A", "Unit": "Seconds"}]
    assert described["Dimensions"] == [["Environment"]]


def test_a_model_from_before_there_were_contracts_is_refused(lake: Lake) -> None:
    files = lake.model.to_files()
    head = json.loads(files["model.json"])
    del head["contract"]
    files["model.json"] = json.dumps(head).encode()
    with pytest.raises(contract.ContractError, match="before there were data contracts"):
        load_model(files.__getitem__)


def test_a_model_has_no_pickle_in_it(lake: Lake) -> None:
    for name in lake.model.to_files():
        assert name == "model.json" or name.endswith(".ubj")
    assert isinstance(lake.model, Model)


def test_xgboost_is_loaded_without_the_wrappers_that_nobody_uses() -> None:
    code = (
        "import sys; from engage_ml.boosting import load_xgboost; load_xgboost();"
        "print('sklearn' in sys.modules); import sklearn.linear_model; print('sklearn' in sys.modules)"
    )
    containers = Path(__file__).parents[2] / "containers"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=containers
    )
    assert done.stdout.split() == ["False", "True"]
