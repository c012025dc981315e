"""Rows are read, put into bins and predicted once for all that look at them, without a change of results."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from engage_ml import sets, train
from engage_ml.blocks import FeatureBlock, block_from_features
from engage_ml.contract import ContractError
from engage_ml.data_contract import DEFAULT
from engage_ml.dictionary import default
from engage_ml.fitting import Binned, Fitter, Rows, Settings
from engage_ml.held_out import HeldOut, Said
from engage_ml.history import purchases
from engage_ml.purchases import fit_purchases
from engage_ml.score import (
    MISSING,
    VALUE,
    VALUE_CORRECTION,
    VALUE_PROBABILITY,
    Model,
    Predictions,
    load_model,
)

from tests.unit.ml_lake import PLAN, QUICK, Lake

QUICKER = Settings(seed=7, threads=1, rounds=15, params=QUICK)


class Counting(Model):
    """A model that counts how often it predicts."""

    asked = 0

    def predict(self, block: FeatureBlock, threads: int = 1) -> Predictions:
        self.asked += 1
        return super().predict(block, threads)


def value_sets(lake: Lake) -> tuple[Model, sets.Sets, Rows, Rows]:
    found = sets.Sets(lake.train_folder, default(), PLAN, VALUE)
    model = Model("m", default().modelled, train.categories_of(default(), found.blocks))
    bought = purchases(DEFAULT, found.blocks[0])
    assert bought is not None
    model.purchases = fit_purchases(bought)
    rows = found.rows(model, VALUE)
    assert rows[0].anchor is not None
    return model, found, *rows


def test_a_missing_number_is_below_all_others_and_a_missing_category_stays_missing() -> None:
    model = Model("m", ("age", "plan"), {"plan": ["pro"]})
    block = FeatureBlock(
        np.array(["a", "b"]), ("age", "plan"), np.array([[np.nan, 0], [30, 1]], np.float32),
        {"plan": ["pro", "never seen"]},
    )  # fmt: skip
    found = model.matrix(block)
    assert found[:, 0].tolist() == [np.float32(MISSING), 30]
    assert found[0, 1] == 0
    assert np.isnan(found[1, 1])
    assert np.isnan(block.values[0, 0]), "the block itself is as it was"


def test_the_rows_that_a_model_learns_from_have_no_gaps(lake: Lake) -> None:
    found = sets.Sets(lake.train_folder, default(), PLAN, "churn")
    assert any(np.isnan(block.values).any() for block in found.blocks)
    for rows in found.rows(lake.model, "churn"):
        assert not np.isnan(rows.matrix).any()


def test_a_model_that_was_trained_on_gaps_keeps_reading_gaps(lake: Lake) -> None:
    files = lake.model.to_files()
    head = json.loads(files["model.json"])
    assert head.pop("missing") == MISSING
    files["model.json"] = json.dumps(head).encode()
    old, new = load_model(lambda name: files[name]), load_model(lake.model.to_files().__getitem__)
    again = load_model(old.to_files().__getitem__)
    assert json.loads(old.to_files()["model.json"])["missing"] is None
    block = block_from_features(default(), {"country": "DE"})
    assert np.isnan(again.matrix(block)).any()
    assert np.isnan(old.matrix(block)).any()
    numbers = [at for at, name in enumerate(new.features) if name not in new.categories]
    assert (new.matrix(block)[:, numbers] == np.float32(MISSING)).any()


def test_targets_with_the_same_cutoffs_share_their_rows_and_bins(lake: Lake) -> None:
    assert sets.cutoffs_of(PLAN, "churn") == sets.cutoffs_of(PLAN, "engagement")
    assert sets.cutoffs_of(PLAN, "churn") != sets.cutoffs_of(PLAN, VALUE)
    found = sets.Sets(lake.train_folder, default(), PLAN, "churn")
    churn, engagement = (found.rows(lake.model, name)[0] for name in ("churn", "engagement"))
    assert churn.matrix is engagement.matrix
    assert set(np.unique(churn.label)) == {0, 1}
    assert len(np.unique(engagement.label)) > 2
    assert found.binned(lake.model, 32, 1) is found.binned(lake.model, 32, 1)
    assert found.binned(lake.model, 32, 1) is not found.binned(lake.model, 64, 1)
    assert found.size == len(churn.label)


def test_boosters_on_shared_bins_are_those_on_bins_of_their_own(lake: Lake) -> None:
    model, found, train_rows, valid = value_sets(lake)

    def paid(rows: Rows) -> Rows:
        return Rows(rows.matrix, (rows.label > 0).astype(np.float64))

    def fit(name: str, binned: Binned) -> bytes:
        given = (paid(train_rows), paid(valid)) if name == VALUE_PROBABILITY else (train_rows, valid)
        fitted = Fitter(name, binned, *given, QUICKER).fit(QUICKER.for_target(VALUE))
        return bytes(fitted.booster.save_raw("ubj"))

    # Labels and margins of one fit must not stay for the next: each is fitted again after the others.
    shared = found.binned(model, 32, 1)
    together = [fit(name, shared) for name in (VALUE, VALUE_CORRECTION, VALUE_PROBABILITY, VALUE)]
    apart = {
        name: fit(name, Binned(model, train_rows.matrix, valid.matrix, 32, 1))
        for name in (VALUE, VALUE_CORRECTION, VALUE_PROBABILITY)
    }
    assert together == [apart[name] for name in (VALUE, VALUE_CORRECTION, VALUE_PROBABILITY, VALUE)]
    assert len(set(together)) == 3


def test_a_test_cutoff_is_predicted_once_for_the_targets_that_share_it(lake: Lake) -> None:
    model = Counting(**{part.name: getattr(lake.model, part.name) for part in fields(lake.model)})
    said = Said(model, HeldOut(lake.train_folder, PLAN, default()))
    churn, engagement, value = (said.of(name) for name in ("churn", "engagement", VALUE))
    assert PLAN.test["churn"] == PLAN.test["engagement"] != PLAN.test[VALUE]
    assert churn is engagement
    assert model.asked == 2
    assert len(value.expected_value) == len(said.rows.snapshot(VALUE).label)
    assert said.rows.snapshot("churn").block is said.rows.snapshot("engagement").block
    assert set(np.unique(said.rows.snapshot("churn").label)) == {0, 1}


def test_a_test_cutoff_without_labels_is_refused_by_its_name(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no feature rows"):
        HeldOut(tmp_path, PLAN, default()).snapshot("churn")
