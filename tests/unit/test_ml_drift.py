"""Drift: formulas against worked examples, bins, how often it cries wolf, and hindsight."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from engage_ml import drift, hindsight, histograms
from engage_ml.blocks import FeatureBlock
from engage_ml.contract import ContractError
from engage_ml.data_contract import DEFAULT

from tests.unit.drift_support import FEATURES, block, predictions, reference


def looked_at(known: dict[str, Any], seen: FeatureBlock, said: dict[str, Any]) -> dict[str, Any]:
    """The judgement of one shard, counted in three batches."""
    counts = histograms.ShardCounts(known)
    for rows in np.array_split(np.arange(len(seen)), 3):
        predicted = {name: said[name][rows] for name in histograms.PREDICTIONS}
        counts.add(DEFAULT, seen.take(rows), predicted)
    return drift.judge(known, [counts.to_dict()])


def rows_of(found: dict[str, Any], kind: str = "features") -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in found[kind]["compared"]}


# Formulas


def test_psi_is_that_of_the_formula() -> None:
    # Shares 50/50 against 80/20: (0.8 - 0.5) ln(0.8 / 0.5) + (0.2 - 0.5) ln(0.2 / 0.5).
    expected = 0.3 * math.log(1.6) - 0.3 * math.log(0.4)
    assert drift.psi([50_000, 50_000], [80_000, 20_000]) == pytest.approx(expected, abs=1e-3)
    assert drift.psi([10, 20, 30], [10, 20, 30]) == 0
    assert math.isfinite(drift.psi([0, 100], [100, 0]))


def test_ks_is_the_largest_gap_of_the_cumulative_shares() -> None:
    assert drift.ks([50, 50, 0], [20, 50, 30]) == pytest.approx(0.3)
    assert drift.ks([1, 1], [0, 0]) == 0


def test_chance_stays_under_its_bound_in_999_of_1000_comparisons() -> None:
    rng = np.random.default_rng(5)
    bound = drift.chance_psi(10, 500, 300)
    shares = np.full(10, 0.1)
    found = [
        drift.psi(rng.multinomial(500, shares).tolist(), rng.multinomial(300, shares).tolist())
        for _ in range(2000)
    ]
    assert sum(index > bound for index in found) <= 8
    assert sum(index > 0.6 * bound for index in found) > 20, "and the bound is no wider than it must be"


# Bins


def test_counts_hold_every_row_once_with_missing_and_unknown_words_apart() -> None:
    known = reference()
    seen = block(seed=2)
    odd = FeatureBlock(seen.ids, seen.names, seen.values, {"plan": ["a", "b", "never seen"]})
    found = histograms.ShardCounts(known)
    found.add(DEFAULT, odd, predictions())
    document = found.to_dict(shard=0)
    active = int(histograms.observed(DEFAULT, odd).sum())
    assert {sum(counts) for counts in document["features"].values()} == {active}
    assert {sum(counts) for counts in document["predictions"].values()} == {4000}
    kept = histograms.observed(DEFAULT, odd)
    assert document["features"]["plan"][-2] == int((odd.column("plan")[kept] == 2).sum())
    assert document["features"]["minutes_per_session"][-1] == int(
        np.isnan(odd.column("minutes_per_session")[kept]).sum()
    )


def test_shards_add_up_to_what_one_shard_would_have_counted() -> None:
    known, seen, said = reference(), block(seed=2), predictions(seed=2)
    whole = histograms.ShardCounts(known)
    whole.add(DEFAULT, seen, said)
    parts = []
    for rows in (slice(0, 1500), slice(1500, 4000)):
        part = histograms.ShardCounts(known)
        part.add(DEFAULT, seen.take(rows), {name: values[rows] for name, values in said.items()})
        parts.append(part.to_dict())
    total = drift.add_counts(parts)
    assert total == {kind: whole.to_dict()[kind] for kind in ("features", "predictions")}


def test_an_empty_shard_counts_nothing_and_a_foreign_reference_is_refused() -> None:
    known = reference()
    empty = histograms.ShardCounts(known)
    assert drift.judge(known, [empty.to_dict()])["features"]["verdict"] == "unknown"
    with pytest.raises(ContractError, match="schema version 9"):
        histograms.ShardCounts({**known, "schema_version": 9})


def test_bins_are_not_finer_than_matters_and_a_rounding_moves_nobody() -> None:
    rng = np.random.default_rng(3)
    crowd = np.concatenate([np.full(500, 0.0012345), 0.0012 + rng.random(500) / 1e4, rng.random(1000)])
    edges = histograms.edges_of(crowd)
    assert min(np.diff(edges)) >= 0.02 * (np.quantile(crowd, 0.95) - np.quantile(crowd, 0.05))
    described = {"edges": edges}
    before = histograms.count_numbers(described, crowd)
    rounded = histograms.count_numbers(described, np.round(crowd, 6))
    assert max(abs(rounded - before)) <= 1, "the 500 equal ones stay together"
    assert histograms.edges_of(np.full(10, 3.0)) == []
    assert histograms.edges_of(np.zeros(0)) == []
    assert histograms.edges_of(np.repeat([1.0, 2.0], 50)) == [1.5]


# Verdicts


def test_an_unchanged_world_raises_no_alarm_whatever_its_size() -> None:
    for rows in (200, 600, 4000):
        for seed in range(10, 16):
            known = reference(rows=rows)
            found = looked_at(known, block(rows, seed=seed), predictions(rows, seed=seed))
            assert found["features"]["verdict"] == "none", (rows, seed, found["features"]["compared"][0])
            assert found["predictions"]["verdict"] == "none", (rows, seed)


def test_a_changed_feature_is_found_and_named() -> None:
    found = looked_at(reference(), block(seed=2, factor=2.5), predictions(seed=2))
    assert found["features"]["verdict"] == "alert"
    assert found["features"]["compared"][0]["name"] == "sessions_12w"
    assert found["features"]["max_psi"] == rows_of(found)["sessions_12w"]["psi"] > 0.25
    assert found["features"]["drifted"] == 1
    assert rows_of(found)["sessions_12w"]["ks"] > 0.2
    assert rows_of(found)["plan"]["ks"] is None, "words have no order"


def test_more_silent_customers_are_no_drift_of_the_features_but_of_the_predictions() -> None:
    said = predictions(seed=2, shift=0.2)
    found = looked_at(reference(), block(seed=2, dormant=0.6), said)
    assert found["features"]["verdict"] == "none"
    assert found["predictions"]["verdict"] == "alert"
    assert rows_of(found, "predictions")["churn_probability"]["verdict"] == "alert"


def test_tenure_grows_by_its_nature_and_is_measured_but_not_judged() -> None:
    older = block(seed=2)
    older.values[:, FEATURES.index("tenure_weeks")] += 52
    row = rows_of(found := looked_at(reference(), older, predictions(seed=2)))["tenure_weeks"]
    assert (row["verdict"], row["judged"]) == ("alert", False)
    assert found["features"]["verdict"] == "none"


def test_a_feature_that_goes_missing_is_drift() -> None:
    seen = block(seed=2)
    seen.values[::3, FEATURES.index("minutes_per_session")] = np.nan
    row = rows_of(looked_at(reference(), seen, predictions(seed=2)))["minutes_per_session"]
    assert row["verdict"] == "alert"
    assert row["missing"]["now"] > row["missing"]["before"] + 0.2


# Hindsight


def past(churn_factor: float = 1.0, rows: int = 3000, seed: int = 4) -> list[dict[str, Any]]:
    """Rows as the monitor's SQL gives them; `churn_factor` makes more (or fewer) leave than was said."""
    rng = np.random.default_rng(seed)
    chance = np.round(rng.beta(1, 3, rows), 3)
    left = rng.random(rows) < np.clip(chance * churn_factor, 0, 1)
    found = []
    for step in np.unique(chance):
        at = chance == step
        gone = float(left[at].sum())
        found.append(
            {
                "chance": round(float(step) * 1000),
                "recently_active": True,
                "customers": int(at.sum()),
                "churn_expected": float(chance[at].sum()),
                "churn_actual": gone,
                "churn_squares": float(((left[at] - chance[at]) ** 2).sum()),
            }
        )
    return found


def auc_of(rows: list[dict[str, Any]]) -> float:
    from sklearn.metrics import roc_auc_score

    outcome, chance = [], []
    for row in rows:
        outcome += [1] * int(row["churn_actual"]) + [0] * (row["customers"] - int(row["churn_actual"]))
        chance += [row["chance"]] * row["customers"]
    return float(roc_auc_score(outcome, chance))


def test_the_auc_of_counts_is_that_of_the_rows_behind_them() -> None:
    rows = past()
    found = hindsight.ranking(rows, None)
    assert found["value"] == pytest.approx(auc_of(rows), abs=1e-5)
    assert found["verdict"] == "unknown", "without the model's own test there is nothing to compare with"


def test_predictions_that_came_true_raise_no_alarm() -> None:
    verdicts = []
    for seed in range(12):
        rows = past(seed=seed)
        verdicts.append(hindsight.judge_target(rows, "churn", {"churn_roc_auc": auc_of(past(seed=99))}))
    assert [v["verdict"] for v in verdicts] == ["none"] * 12
    inside = [v["total"]["low"] <= 1 <= v["total"]["high"] for v in verdicts]
    assert sum(inside) >= 10, "the interval covers the truth about 95 times in 100"


def test_more_leavers_than_predicted_are_an_alert_and_a_few_more_a_watch() -> None:
    assert hindsight.totals(past(1.5), "churn")["verdict"] == "alert"
    watch = hindsight.totals(past(1.17), "churn")
    assert watch["verdict"] == "watch"
    assert 1.1 < watch["ratio"] < 1.25
    assert watch["low"] > 1


def test_more_leavers_among_the_active_are_found_although_the_silent_ones_drown_them() -> None:
    silent = {
        "chance": 990, "recently_active": False, "customers": 9000, "churn_expected": 8910.0,
        "churn_actual": 8910.0, "churn_squares": 89.1,
    }  # fmt: skip
    found = hindsight.judge_target([*past(1.5), silent], "churn", {})
    assert found["total"]["verdict"] == "none"
    assert found["total_recent"]["verdict"] == found["verdict"] == "alert"


def test_a_worse_ranking_than_at_the_test_is_found() -> None:
    rows = past()
    here = auc_of(rows)
    assert hindsight.ranking(rows, here + 0.12)["verdict"] == "alert"
    assert hindsight.ranking(rows, here + 0.045)["verdict"] == "watch"
    assert hindsight.ranking(rows, here - 0.1)["verdict"] == "none"


def test_few_customers_or_labels_that_are_not_there_yet_are_unknown() -> None:
    rows = past(rows=60)
    assert hindsight.judge_target(rows, "churn", {})["verdict"] == "unknown"
    unlabelled = [{**row, "churn_actual": None} for row in past()]
    assert hindsight.judge_target(unlabelled, "churn", {"churn_roc_auc": 0.8})["verdict"] == "unknown"
