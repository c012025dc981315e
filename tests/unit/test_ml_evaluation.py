"""What `evaluation.json` says of a trained model: measures, rivals, ceiling, intervals; and tuning."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engage_ml import ceiling, evaluate, history, tables, train
from engage_ml.baselines import fit_baselines
from engage_ml.contract import ContractError
from engage_ml.data_contract import DEFAULT
from engage_ml.dictionary import default
from engage_ml.fitting import Settings
from engage_ml.intervals import GROUPS, Curves, Intervals
from engage_ml.purchases import fit_purchases
from engage_ml.score import ANCHORED, LEAST_ANCHOR, VALUE_CORRECTION, VALUE_PARTS, load_model, value_of
from engage_ml.task import JsonLog
from training.__main__ import train_run

from tests.unit.ml_lake import PLAN, RUN, Lake, make_lake

TUNE = "2trials"


class Truth:
    """Ceilings in memory; remembers what was asked for."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects, self.asked = objects, list[str]()

    def get(self, key: str) -> bytes:
        self.asked.append(key)
        return self.objects[key]

    def list(self, prefix: str) -> list[str]:
        self.asked.append(prefix)
        return [key for key in self.objects if key.startswith(prefix)]


def ceiling_file(ids: list[str], **columns: list[float]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"customer_id": ids, **columns}), sink)
    return sink.getvalue()


class PlantedTruth(Truth):
    """Ceilings that all but know the labels of a lake's customers 100 to 699."""

    def __init__(self, lake: Path) -> None:
        super().__init__(dict.fromkeys(map(ceiling.key_of, PLAN.test.values()), b""))
        self.features = lake / "features" / f"run={RUN}" / "train"

    def get(self, key: str) -> bytes:
        self.asked.append(key)
        rng, columns, ids = np.random.default_rng(1), {}, []
        for target in DEFAULT.targets:
            day = PLAN.test[target.name]
            known = tables.read_snapshot(self.features, default(), day.isoformat(), target.label)
            guess = 0.9 * known.label[100:700] + 0.1 * rng.uniform(size=600) * known.label.max()
            columns[target.name] = guess.tolist()
            if ceiling.key_of(day) == key:
                ids = known.block.ids[100:700].tolist()
        return ceiling_file(ids, **columns)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluation")


@pytest.fixture(scope="module")
def truth(root: Path) -> Truth:
    return PlantedTruth(root / "lake")


@pytest.fixture(scope="module")
def lake(root: Path, truth: Truth) -> Lake:
    """Trained with two trials, and compared with a ceiling."""
    return Lake(root, truth, TUNE)


def entry(lake: Lake, target: str) -> dict[str, Any]:
    found: dict[str, Any] = lake.evaluation["targets"][target]
    return found


def test_every_model_beats_recency_and_frequency_on_this_world(lake: Lake) -> None:
    for target, measure in (("churn", "log_loss"), ("engagement", "mae"), ("value", "gini")):
        found = entry(lake, target)["versus"]["recency_frequency"]["all"][measure]
        assert found["verdict"] == "better", (target, found)
    assert entry(lake, "churn")["challenger"]["all"]["roc_auc"] > 0.9
    assert entry(lake, "churn")["challenger"]["all"]["calibration_error"] < 0.05
    carried = entry(lake, "value")["baselines"]["carried_forward"]
    assert entry(lake, "value")["challenger"]["all"]["gini"] > carried["all"]["gini"]
    assert json.dumps(lake.evaluation, allow_nan=False)


def test_every_prediction_of_a_target_has_the_same_measures_with_intervals_around_them(lake: Lake) -> None:
    for target in DEFAULT.targets:
        found = entry(lake, target.name)
        others = [*found["baselines"].values(), found["ceiling"]["model"], found["ceiling"]["ceiling"]]
        for population in ("all", "recent"):
            ours = found["challenger"][population]
            assert all(set(other[population]) == set(ours) for other in others)
            for name, (low, high) in ours["ci"].items():
                assert low <= ours[name] <= high, name
            assert {"spearman", "roc_auc"} & set(ours["ci"])
    assert set(entry(lake, "value")["baselines"]) == {
        "recency_frequency", "carried_forward", "bg_nbd_gamma_gamma",
    }  # fmt: skip
    curves = {"roc", "precision_recall", "calibration", "gain", "histogram"}
    assert set(entry(lake, "churn")["curves"]) == curves
    assert lake.evaluation["schema_version"] == 2


def test_a_champion_is_judged_on_the_same_test_sets(lake: Lake) -> None:
    found = evaluate.evaluate(lake.train_folder, PLAN, lake.model, lake.model, run_id=RUN)
    for target in found["targets"].values():
        assert target["champion"] == target["challenger"]
        assert target["difference"]["mean"] == 0
        verdicts = {v["verdict"] for v in target["versus"]["champion"]["all"].values()}
        assert verdicts == {"no difference"}
    assert found["decision"]["promote"]


def test_the_model_is_compared_with_the_ceiling_on_the_customers_that_the_ceiling_holds(lake: Lake) -> None:
    for target in DEFAULT.targets:
        found = entry(lake, target.name)["ceiling"]
        assert found["customers"] == 600
        assert found["model"]["all"]["rows"] == found["ceiling"]["all"]["rows"] == 600
        measure = "roc_auc" if target.name == "churn" else "gini"
        nothing = 0.5 if target.name == "churn" else 0.0
        model, top = (found[who]["all"][measure] for who in ("model", "ceiling"))
        assert top > model  # it all but knows the label
        share = found["ratio"]["all"][measure]
        assert share == pytest.approx((model - nothing) / (top - nothing), abs=1e-4)
        low, high = found["ratio"]["all"]["ci"][measure]
        assert low < share < high


def test_the_ceiling_is_asked_for_at_the_test_cutoffs_only_and_changes_no_model(
    lake: Lake, truth: Truth
) -> None:
    assert set(truth.asked) == {ceiling.PREFIX, *map(ceiling.key_of, PLAN.test.values())}
    settings = train.settings_of(lake.model.metadata)
    blind = train.train_models(lake.train_folder, DEFAULT, PLAN, lake.version, settings)
    for name, data in blind.to_files().items():
        if name.endswith(".ubj"):
            assert data == lake.store.get(f"models/{lake.version}/{name}"), name
    assert not any("ceiling" in name for name in lake.model.features)


def test_a_ceiling_that_is_left_behind_is_not_compared_with_a_users_own_data(tmp_path: Path) -> None:
    truth = PlantedTruth(tmp_path / "lake")
    store = make_lake(tmp_path / "lake", synthetic=False)
    found = train_run(store, RUN, 1, JsonLog("test"), tmp_path / "train", truth)
    assert truth.asked == []
    assert all(target["ceiling"] is None for target in found["targets"].values())


def test_without_a_ceiling_or_with_that_of_other_data_the_evaluation_says_null(lake: Lake) -> None:
    others = ceiling_file(["X1", "X2"], churn=[0.1, 0.2], engagement=[0.1, 0.2], value=[1, 2])
    stale = Truth({ceiling.key_of(day): others for day in PLAN.test.values()})
    for truth in (None, Truth({}), stale):
        found = evaluate.evaluate(lake.train_folder, PLAN, lake.model, run_id=RUN, truth=truth)
        assert all(target["ceiling"] is None for target in found["targets"].values())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"churn": [0.1, 0.2], "engagement": [0.1, 0.2]}, "lacks the column 'value'"),
        ({"churn": [0.1, float("nan")], "engagement": [0, 0], "value": [0, 0]}, "a churn that is no number"),
    ],
)
def test_a_broken_ceiling_is_refused(columns: dict[str, list[float]], message: str) -> None:
    day = date(2026, 2, 2)
    store = Truth({ceiling.key_of(day): ceiling_file(["A", "B"], **columns)})
    with pytest.raises(ContractError, match=message):
        ceiling.read_ceiling(store, day)
    twice = ceiling_file(["A", "A"], churn=[0, 0], engagement=[0, 0], value=[0, 0])
    with pytest.raises(ContractError, match="names a customer twice"):
        ceiling.read_ceiling(Truth({ceiling.key_of(day): twice}), day)


def test_predictions_come_with_intervals_and_their_measured_coverage(lake: Lake) -> None:
    block = lake.test_block()
    found = lake.model.predict(block)
    for name, highest in (("engagement", 1.0), ("value", np.inf)):
        low, median, high = (getattr(found, f"{name}_{end}") for end in ("low", "median", "high"))
        assert (low >= 0).all()
        assert (low <= median).all()
        assert (median <= high).all()
        assert (high <= highest).all()
        measured = entry(lake, name)["intervals"]
        assert measured["level"] == 0.8
        # A small world: the validation and the test set have a few hundred active customers each.
        assert measured["recent"]["coverage"] == pytest.approx(0.8, abs=0.1)
        outside = measured["recent"]["below"] + measured["recent"]["above"]
        assert measured["recent"]["coverage"] + outside == pytest.approx(1, abs=1e-5)
    assert entry(lake, "churn")["intervals"] is None


def test_levels_make_the_sums_of_the_validation_cutoff_right(lake: Lake) -> None:
    for target in DEFAULT.targets[::2]:  # engagement and value
        day = PLAN.validation[target.name].isoformat()
        known = tables.read_snapshot(lake.train_folder, default(), day, target.label)
        found = lake.model.predict(known.block)
        expected = found.expected_engagement if target.name == "engagement" else found.expected_value
        assert expected.sum() == pytest.approx(known.label.sum(), rel=0.01)


def test_a_model_from_before_there_were_intervals_predicts_without_them(lake: Lake) -> None:
    files = lake.model.to_files()
    head = json.loads(files["model.json"])
    del head["intervals"], head["engagement"]
    files["model.json"] = json.dumps(head).encode()
    old = load_model(lambda name: files[name])
    found = old.predict(lake.test_block())
    assert np.isnan(found.value_low).all()
    assert np.array_equal(found.expected_value, lake.model.predict(lake.test_block()).expected_value)
    judged = evaluate.evaluate(lake.train_folder, PLAN, old, run_id=RUN)
    assert judged["targets"]["value"]["intervals"] is None


def test_the_best_of_the_trials_is_kept_and_everything_tried_is_stored(lake: Lake) -> None:
    head = json.loads(lake.store.get(f"models/{lake.version}/model.json"))
    assert head["tuning"]["budget"] == {"seconds": None, "trials": 2}
    for target in DEFAULT.targets:
        tried = head["tuning"]["tried"][target.name]
        assert len(tried) == 2
        best = min(tried, key=lambda trial: trial["loss"])
        assert head["params"][target.name] == best["params"]


def test_value_forms_are_chosen_by_their_deviance_on_validation(lake: Lake) -> None:
    deviances = lake.model.metadata["value_forms"]
    assert set(deviances) == set(VALUE_PARTS)
    assert lake.model.value_kind == min(deviances, key=deviances.__getitem__)


def test_bg_nbd_says_so_where_the_contract_names_no_transactions(lake: Lake) -> None:
    day = PLAN.test["value"].isoformat()
    known = tables.read_snapshot(lake.train_folder, default(), day, "value")
    visited = replace(DEFAULT, value="sessions", transactions="", currency="")
    found = fit_baselines("value", visited, known.block, known.label, known.block, 7)
    assert set(found.models) == {"recency_frequency", "carried_forward"}
    assert set(found.missing) == {"bg_nbd_gamma_gamma"}
    assert np.isfinite(found.models["recency_frequency"].predict(known.block)).all()


def test_horizons_other_than_the_default_are_carried_forward_from_the_nearest_window(lake: Lake) -> None:
    known = tables.read_snapshot(lake.train_folder, default(), PLAN.test["churn"].isoformat(), "churned")
    longer = replace(DEFAULT, horizons={**DEFAULT.horizons, "churn": 8})
    found = fit_baselines("churn", longer, known.block, known.label, known.block, 7)
    silent = history.active_share(longer, known.block, 8) == 0
    assert np.array_equal(found.models["carried_forward"].predict(known.block), silent)


def test_a_wrong_tuning_budget_in_the_specification_stops_the_task(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="tuning budget 'soon'"):
        Lake(tmp_path, tune="soon")


def test_settings_for_a_target_override_those_for_all() -> None:
    settings = Settings(params={"eta": 0.5}, by_target={"churn": {"eta": 0.9}})
    assert settings.for_target("churn")["eta"] == 0.9
    assert settings.for_target("value")["eta"] == 0.5


def test_an_anchored_value_is_what_purchases_tell_times_a_correction_also_when_stored(lake: Lake) -> None:
    block = lake.test_block()
    bought = history.purchases(DEFAULT, block)
    assert bought is not None
    fitted = fit_purchases(bought)
    # Any booster will do as the correction: what counts is that it multiplies what purchases tell.
    boosters = {**lake.model.boosters, VALUE_CORRECTION: next(iter(lake.model.boosters.values()))}
    anchored = replace(
        lake.model, value_kind=ANCHORED, boosters=boosters, purchases=fitted, value_scale=1.0, intervals={}
    )
    data = anchored.data(anchored.matrix(block))
    expected = np.maximum(fitted.predict(bought, 12), LEAST_ANCHOR) * anchored.raw(VALUE_CORRECTION, data)
    assert np.allclose(anchored.predict(block).expected_value, expected)
    files = anchored.to_files()
    assert np.array_equal(
        load_model(files.__getitem__).predict(block).expected_value, anchored.predict(block).expected_value
    )


def test_a_correction_without_its_anchor_is_refused() -> None:
    with pytest.raises(ContractError, match="corrects expected purchases"):
        value_of(ANCHORED, {VALUE_CORRECTION: np.ones(2)}, None)


def test_the_bounds_of_a_share_of_days_end_at_all_days_and_those_of_value_do_not(lake: Lake) -> None:
    steep = Curves(np.array([0.0, 1e6]), *(np.array([0.0, 1e6 * by]) for by in (20, 30, 40)))
    found = Intervals(dict.fromkeys(GROUPS, steep))
    model = replace(lake.model, intervals={"engagement": found, "value": found})
    said = model.predict(lake.test_block())
    for bound, by in ((said.engagement_low, 20), (said.engagement_median, 30), (said.engagement_high, 40)):
        assert np.allclose(bound, np.minimum(by * said.expected_engagement, 1.0))
        assert bound.max() == 1.0
    assert np.allclose(said.value_high, 40 * said.expected_value)
    assert said.value_high.max() > 1.0
