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

from tests.unit.drift_support import AS_OF, FEATURES, block, predictions, reference


def looked_at(
    known: dict[str, Any], seen: FeatureBlock, said: dict[str, Any], as_of: str = AS_OF
) -> dict[str, Any]:
    """The judgement of one shard, counted in three batches."""
    counts = histograms.ShardCounts(known)
    for rows in np.array_split(np.arange(len(seen)), 3):
        predicted = {name: said[name][rows] for name in histograms.PREDICTIONS}
        counts.add(DEFAULT, seen.take(rows), predicted)
    return drift.judge(known, [counts.to_dict()], as_of)


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
    assert drift.judge(known, [empty.to_dict()], AS_OF)["features"]["verdict"] == "unknown"
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


def test_a_rate_over_the_whole_history_is_measured_but_not_judged_because_the_history_gets_longer() -> None:
    longer = block(seed=2)
    longer.values[:, FEATURES.index("sessions_per_week_all")] /= 2
    row = rows_of(found := looked_at(reference(), longer, predictions(seed=2)))["sessions_per_week_all"]
    assert (row["verdict"], row["judged"]) == ("alert", False)
    assert (found["features"]["verdict"], found["features"]["change"]) == ("none", None)


def test_a_feature_that_goes_missing_is_drift() -> None:
    seen = block(seed=2)
    seen.values[::3, FEATURES.index("minutes_per_session")] = np.nan
    row = rows_of(looked_at(reference(), seen, predictions(seed=2)))["minutes_per_session"]
    assert row["verdict"] == "alert"
    assert row["missing"]["now"] > row["missing"]["before"] + 0.2


# What is usual


QUIETER = (1.0, 0.7, 0.49, 0.343, 0.24)
"""Customers who do less from cut-off to cut-off, at a steady pace."""


def test_customers_who_get_quieter_as_they_did_before_are_no_drift() -> None:
    found = looked_at(reference(QUIETER), block(seed=2, factor=0.24 * 0.7), predictions(seed=2))
    row = rows_of(found)["sessions_12w"]
    assert row["psi"] > 0.1
    assert row["usual"] > row["psi"]
    assert row["learnt"] > 2 * row["psi"], "what it learnt from lies farther back than its test"
    assert (row["verdict"], found["features"]["verdict"]) == ("none", "none")


def test_the_same_move_is_drift_where_nothing_moved_before_and_a_larger_one_is_drift_in_any_case() -> None:
    steady = looked_at(reference(), block(seed=2, factor=0.7), predictions(seed=2))
    assert rows_of(steady)["sessions_12w"]["verdict"] == "watch"
    faster = looked_at(reference(QUIETER), block(seed=2, factor=0.24 * 0.3), predictions(seed=2))
    assert rows_of(faster)["sessions_12w"]["verdict"] == "alert"


def test_up_to_twice_the_usual_move_is_usual() -> None:
    known = reference(QUIETER)
    rows = {
        factor: rows_of(looked_at(known, block(seed=2, factor=0.24 * factor), predictions(seed=2)))[
            "sessions_12w"
        ]
        for factor in (0.62, 0.45)
    }
    assert rows[0.62]["usual"] < rows[0.62]["psi"] < drift.USUAL_FACTOR * rows[0.62]["usual"]
    assert rows[0.62]["verdict"] == "none"
    assert rows[0.45]["psi"] > drift.USUAL_FACTOR * rows[0.45]["usual"]
    assert rows[0.45]["verdict"] == "alert"


def test_what_is_usual_is_the_largest_move_over_as_many_weeks() -> None:
    at = {4: [10, 90, 100], 8: [60, 60, 80], 12: [60, 70, 70]}
    known = {
        "counts": [90, 60, 50],
        "past": [{"weeks": weeks, "counts": counts} for weeks, counts in at.items()],
    }
    assert drift.usual_psi(known, 4) == drift.psi(at[4], known["counts"])
    assert drift.usual_psi(known, 8) == max(drift.psi(at[8], known["counts"]), drift.psi(at[12], at[4]))
    assert drift.usual_psi(known, 9) == drift.usual_psi(known, 12) == drift.psi(at[12], known["counts"])


def test_beyond_the_longest_distance_a_steady_move_is_the_usual_one() -> None:
    known = {"counts": [50, 50, 100], "past": [{"weeks": 4, "counts": [60, 60, 80]}]}
    assert drift.usual_psi(known, 12) == pytest.approx(9 * drift.usual_psi(known, 4))
    few = {"counts": [50, 50, 100], "past": [{"weeks": 4, "counts": [60, 6, 8]}]}
    assert drift.usual_psi(few, 12) == 0, "fewer than a hundred say nothing"


def test_the_psi_of_a_steady_move_grows_with_the_square_of_the_distance() -> None:
    rng = np.random.default_rng(3)
    start = rng.normal(0, 1, 200_000)
    bins = {"edges": histograms.edges_of(start)}
    counts = [histograms.count_numbers(bins, start + move).tolist() for move in (0.0, 0.15, 0.3)]
    near, far = drift.psi(counts[0], counts[1]), drift.psi(counts[0], counts[2])
    assert near == pytest.approx(0.15**2, rel=0.1)
    assert far == pytest.approx(4 * near, rel=0.1)


def test_predictions_that_move_as_they_did_before_are_no_drift() -> None:
    moved = predictions(seed=2, shift=0.15)
    assert looked_at(reference(), block(seed=2), moved)["predictions"]["verdict"] == "alert"
    known = reference(shifts=(-0.2, 0.0))
    assert looked_at(known, block(seed=2), moved)["predictions"]["verdict"] == "none"


def test_many_features_are_not_many_false_alarms() -> None:
    assert drift.chance_psi(10, 500, 300, 0.01 / 60) > drift.chance_psi(10, 500, 300, 0.01)
    # Of 200 runs with 60 features each none should alarm; by a bound for one feature a dozen would.
    rng, alarms, shares = np.random.default_rng(8), 0, np.full(20, 0.05)
    bound = drift.chance_psi(20, 400, 400, drift.RUN_RISK / 60)
    for _ in range(200):
        before, now = (rng.multinomial(400, shares, size=60).tolist() for _ in range(2))
        alarms += any(drift.psi(b, n) > bound for b, n in zip(before, now, strict=True))
    assert alarms <= 1


# The kind of a change


def changed(column: str, values: Any, rows: slice = slice(None)) -> dict[str, Any]:
    seen = block(seed=2)
    seen.values[rows, FEATURES.index(column)] = values
    return looked_at(reference(), seen, predictions(seed=2))["features"]


def test_values_that_go_missing_are_told_from_a_change() -> None:
    assert changed("minutes_per_session", np.nan, slice(None, None, 3))["change"] == "missing"


def test_words_that_the_model_does_not_know_are_told_from_a_change() -> None:
    seen = block(seed=2)
    renamed = FeatureBlock(seen.ids, seen.names, seen.values, {"plan": ["a", "b", "C"]})
    assert looked_at(reference(), renamed, predictions())["features"]["change"] == "words"


def test_more_new_customers_than_usual_are_told_from_customers_who_act_otherwise() -> None:
    assert (
        looked_at(reference(), block(seed=2, factor=0.5), predictions())["features"]["change"] == "behaviour"
    )
    seen = block(seed=2, factor=0.5)
    seen.values[:3000, FEATURES.index("tenure_weeks")] = np.arange(3000) % 4
    assert looked_at(reference(), seen, predictions())["features"]["change"] == "audience"
    older = block(seed=2, factor=0.5)
    older.values[:, FEATURES.index("tenure_weeks")] += 90
    assert looked_at(reference(), older, predictions())["features"]["change"] == "behaviour"


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
