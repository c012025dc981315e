"""The monitor step: what it says of a world that stayed, one that changed, and one without a past."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from engage_ml import histograms
from engage_ml.data_contract import DEFAULT

from tests.unit import handlers_support as support
from tests.unit.drift_support import block, predictions, reference

# The support module makes the handlers importable.
# isort: split
from common import catalog, s3
from common.errors import DataError

# As the state machine carries it: JSON.
CONTRACT = json.loads(json.dumps(DEFAULT.to_dict()))
RUN_ID, OLD_RUN = "run-20261123t080000-ab12", "run-20261026t080000-cd34"
MODEL, OLD_MODEL = "m-20261123t080000-ab12", "m-20261026t080000-cd34"
DAY, LONG_AGO = "2026-10-26", "2026-08-31"
RUN: dict[str, Any] = {
    "run_id": RUN_ID,
    "contract": CONTRACT,
    "as_of": "2026-11-23",
    "promote": {"model_version": MODEL},
    "split": {"n_shards": 2, "cutoffs": {"test": {"churn": DAY, "engagement": DAY, "value": LONG_AGO}}},
}
CUSTOMERS = 1500


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Any:
    with support.cloud(monkeypatch) as fake:
        yield fake


def put_counts(factor: float = 1.0, shards: int = 2) -> None:
    """The reference of the model, and what the shards counted of the customers of now."""
    known = reference()
    s3.put_json("lake", f"models/{MODEL}/reference.json", known)
    for shard in range(shards):
        counts = histograms.ShardCounts(known)
        counts.add(DEFAULT, block(seed=5 + shard, factor=factor), predictions(seed=5 + shard))
        s3.put_json("lake", f"runs/{RUN_ID}/monitor/shard-{shard:05d}.json", counts.to_dict())


def put_past(leave: float = 1.0) -> None:
    """Predictions of four weeks ago and what happened since; `leave`: how many more left than was said."""
    rng = np.random.default_rng(8)
    chance = rng.beta(1, 3, CUSTOMERS)
    left = rng.random(CUSTOMERS) < np.clip(leave * chance, 0, 1)
    ids = [f"C{n}" for n in range(CUSTOMERS)]
    said = pa.table(
        {
            "customer_id": ids,
            "churn_probability": chance,
            "expected_engagement": 0.5 * (1 - chance),
            "expected_value": np.full(CUSTOMERS, 10.0),
            "recently_active": [True] * CUSTOMERS,
            "model_version": [OLD_MODEL] * CUSTOMERS,
            "run_id": [OLD_RUN] * CUSTOMERS,
        }
    )
    location = f"predictions/as_of={DAY}/run={OLD_RUN}/"
    support.put_parquet("lake", f"{location}part-00000.parquet", said)
    catalog.point_partition("engage_test", "predictions", DAY, f"s3://lake/{location}")
    # One customer more signed up too late to be predicted; value is not over yet at that cut-off.
    since = pa.table(
        {
            "customer_id": [*ids, "C-new"],
            "engagement": [*(0.5 * ~left), 0.1],
            "churned": pa.array([*left.astype(int).tolist(), 0], pa.int32()),
            "value": pa.array([None] * (CUSTOMERS + 1), pa.float64()),
        }
    )
    support.put_parquet("lake", f"features/run={RUN_ID}/train/cutoff={DAY}/0000", since)
    model = {"metrics": {"churn_roc_auc": 0.7}, "contract": CONTRACT}
    s3.put_json("lake", f"models/{OLD_MODEL}/model.json", model)


def monitored() -> dict[str, Any]:
    """The document of a run of the step."""
    run = support.load("monitor").handler(RUN, None)
    assert run["monitor"]["key"] == f"runs/{RUN_ID}/monitor.json"
    document = s3.get_json("lake", run["monitor"]["key"])
    assert document is not None
    assert document["verdict"] == run["monitor"]["verdict"]
    return document


def test_a_world_that_stayed_as_it_was_raises_no_alarm(cloud: Any, capsys: Any) -> None:
    put_counts()
    put_past()
    found = monitored()
    assert found["verdict"] == "none"
    churn = found["performance"]["churn"]
    assert (churn["as_of"], churn["model_version"], churn["run_id"]) == (DAY, OLD_MODEL, OLD_RUN)
    assert churn["total"]["customers"] == CUSTOMERS
    assert churn["total"]["low"] < 1 < churn["total"]["high"]
    assert churn["auc"]["at_test"] == 0.7
    printed = capsys.readouterr().out
    for name in ("MaxFeaturePsi", "DriftedFeatures", "PredictionPsi", "ChurnObservedToExpected"):
        assert f'"{name}"' in printed
    assert '"DriftAlerts":[0.0]' in printed.replace(" ", "")


def test_predictions_under_another_contract_are_not_held_against_what_happened(cloud: Any) -> None:
    put_counts()
    put_past(leave=3.0)
    other = {**CONTRACT, "horizons": {**CONTRACT["horizons"], "churn": 8}}
    s3.put_json("lake", f"models/{OLD_MODEL}/model.json", {"metrics": {}, "contract": other})
    churn = monitored()["performance"]["churn"]
    assert churn["verdict"] == "unknown"
    assert "another data contract" in churn["why"]


def test_changed_inputs_and_more_leavers_are_alerts_and_counted_for_the_alarms(
    cloud: Any, capsys: Any
) -> None:
    put_counts(factor=2.5)
    put_past(leave=1.5)
    found = monitored()
    assert found["features"]["verdict"] == "alert"
    assert found["features"]["compared"][0]["name"] == "sessions_12w"
    assert found["features"]["change"] == "behaviour"
    assert found["since"] == DAY, "the test of the model"
    assert found["performance"]["churn"]["verdict"] == "alert"
    assert found["verdict"] == "alert"
    printed = capsys.readouterr().out.replace(" ", "")
    assert '"DriftAlerts":[1.0]' in printed
    assert '"OutcomeAlerts":[' in printed
    assert '"OutcomeAlerts":[0.0]' not in printed


def test_without_a_past_outcomes_are_unknown_with_the_reason_and_no_metric_is_made_up(
    cloud: Any, capsys: Any
) -> None:
    put_counts()
    found = monitored()
    assert {part["verdict"] for part in found["performance"].values()} == {"unknown"}
    assert found["performance"]["value"]["why"] == f"No predictions were published as of {LONG_AGO}."
    assert found["verdict"] == "none"
    assert "ChurnObservedToExpected" not in capsys.readouterr().out


def test_a_target_whose_horizon_is_not_over_is_unknown(cloud: Any) -> None:
    put_counts()
    put_past()
    run = {**RUN, "split": {**RUN["split"], "cutoffs": {"test": {"churn": DAY, "value": DAY}}}}
    support.load("monitor").handler(run, None)
    found = s3.get_json("lake", f"runs/{RUN_ID}/monitor.json")
    assert found is not None
    assert found["performance"]["value"]["verdict"] == "unknown"
    assert found["performance"]["churn"]["verdict"] == "none"


def test_a_model_from_before_there_were_references_is_unknown_and_no_failure(cloud: Any) -> None:
    found = monitored()
    assert found["features"]["verdict"] == found["predictions"]["verdict"] == "unknown"
    assert "made before there were references" in found["features"]["why"]


def test_a_reference_of_an_earlier_kind_is_unknown_and_no_failure(cloud: Any) -> None:
    s3.put_json("lake", f"models/{MODEL}/reference.json", {**reference(), "schema_version": 1})
    found = monitored()
    assert (found["since"], found["features"]["verdict"]) == (None, "unknown")


def test_a_shard_that_left_no_counts_is_an_error(cloud: Any) -> None:
    put_counts(shards=1)
    with pytest.raises(DataError, match="shard 1 of run"):
        support.load("monitor").handler(RUN, None)


def test_the_table_of_outcomes_goes_even_when_the_query_fails(cloud: Any) -> None:
    put_counts()
    put_past()
    cloud.fails["outcomes_run"] = ("no", False)
    with pytest.raises(Exception, match="failed: no"):
        support.load("monitor").handler(RUN, None)
    assert not [name for _, name in support.glue().tables if name.startswith("outcomes")]
