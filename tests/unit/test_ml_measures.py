"""Measures, weighted and not, their confidence intervals, and the points of curves."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from engage_ml import curves, metrics, weighted
from engage_ml.bootstrap import SAMPLES, Measured, Resample, compare
from engage_ml.metrics import tweedie_deviance
from engage_ml.weighted import Ranked

Doubles = weighted.Doubles


def world(rows: int = 3000, seed: int = 1) -> tuple[Doubles, Doubles, Doubles]:
    """Probabilities in steps (so that there are ties), outcomes and skewed amounts that follow them."""
    rng = np.random.default_rng(seed)
    chance = np.round(rng.beta(0.5, 1.0, rows), 2)
    outcome = (rng.uniform(size=rows) < chance).astype(float)
    return chance, outcome, np.round(outcome * rng.gamma(2, 20, rows))


def ones(values: Doubles) -> Doubles:
    return np.ones((1, len(values)))


def test_the_measures_of_churn_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    chance, outcome, _ = world()
    found = metrics.churn_measures(ones(chance), outcome, chance)
    assert found["roc_auc"][0] == pytest.approx(roc_auc_score(outcome, chance))
    assert found["average_precision"][0] == pytest.approx(average_precision_score(outcome, chance))
    clipped = np.clip(chance, 1e-6, 1 - 1e-6)
    assert found["log_loss"][0] == pytest.approx(log_loss(outcome, clipped))


def test_the_measures_of_amounts_are_those_of_scikit_learn_and_scipy() -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import mean_absolute_error, r2_score

    chance, _, amount = world()
    predicted = 40 * chance
    found = metrics.amount_measures(ones(chance), amount, predicted, None, 1.0)
    assert found["mae"][0] == pytest.approx(mean_absolute_error(amount, predicted))
    assert found["r2"][0] == pytest.approx(r2_score(amount, predicted))
    assert found["spearman"][0] == pytest.approx(spearmanr(amount, predicted).statistic)
    rounded = spearmanr(amount, np.round(predicted)).statistic
    assert found["spearman_rounded"][0] == pytest.approx(rounded)
    assert found["total_ratio"][0] == pytest.approx(predicted.sum() / amount.sum())


def test_a_weight_of_two_is_the_same_as_the_row_twice() -> None:
    chance, outcome, amount = world(400)
    weight = np.random.default_rng(2).poisson(1.0, 400)
    again = np.repeat(np.arange(400), weight)
    weights = weight[None, :].astype(float)
    pairs = [
        (
            metrics.churn_measures(weights, outcome, chance),
            metrics.churn_measures(ones(again), outcome[again], chance[again]),
        ),
        (
            metrics.amount_measures(weights, amount, 40 * chance, 30 * chance, 1.0),
            metrics.amount_measures(ones(again), amount[again], 40 * chance[again], 30 * chance[again], 1.0),
        ),
    ]
    for ours, theirs in pairs:
        for name in ours:
            if name != "calibration_error":  # its bins are of the test set, not of the sample
                assert ours[name][0] == pytest.approx(theirs[name][0]), name


def test_the_mean_absolute_error_is_that_of_the_median_where_there_is_one() -> None:
    _, _, amount = world()
    mean, median = np.full(len(amount), amount.mean()), np.full(len(amount), np.median(amount))
    found = metrics.amount_measures(ones(amount), amount, mean, median, 1.0)
    assert found["mae"][0] == pytest.approx(np.abs(amount - median).mean())
    assert found["mae_of_expected"][0] == pytest.approx(np.abs(amount - mean).mean())
    assert found["mae"][0] < found["mae_of_expected"][0]
    assert found["r2"][0] == pytest.approx(0, abs=1e-9)


def normalised_gini(actual: Doubles, predicted: Doubles) -> float:
    return float(metrics.amount_measures(ones(actual), actual, predicted, None, 1.0)["gini"][0])


def test_the_normalised_gini_is_one_for_a_perfect_ranking_and_minus_one_for_its_reverse() -> None:
    actual = np.array([0.0, 0.0, 1.0, 5.0, 20.0])
    assert normalised_gini(actual, actual) == pytest.approx(1)
    assert normalised_gini(actual, -actual) == pytest.approx(-1)
    assert normalised_gini(actual, np.ones(5)) == pytest.approx(0, abs=1e-9)
    assert np.isnan(normalised_gini(np.zeros(5), actual))


def test_measures_of_one_outcome_are_unknown_and_not_zero() -> None:
    outcome, chance = np.zeros(10), np.full(10, 0.2)
    resample = Resample.draw(10, 1)
    found = metrics.described(
        "churn", outcome, chance, metrics.measure("churn", outcome, chance, resample), resample
    )
    assert found["roc_auc"] is None
    assert found["log_loss"] is None
    assert found["calibration_error"] == pytest.approx(0.2)
    assert set(found["ci"]) == {"calibration_error"}
    assert curves.churn_curves(outcome, chance) == {}


def test_the_lift_of_a_perfect_ranking_is_the_inverse_of_the_base_rate() -> None:
    outcome = np.zeros(1000)
    outcome[:100] = 1
    perfect = Ranked(outcome + np.linspace(0, 0.1, 1000)[::-1], ones(outcome))
    assert weighted.top_decile_lift(perfect, outcome)[0] == pytest.approx(10)
    tied = Ranked(np.ones(1000), ones(outcome))
    assert weighted.top_decile_lift(tied, outcome)[0] == pytest.approx(1)


def test_the_calibration_error_is_small_for_honest_and_large_for_shifted_probabilities() -> None:
    rng = np.random.default_rng(1)
    chance = rng.uniform(0, 0.8, 50_000)
    outcome = (rng.uniform(size=50_000) < chance).astype(float)
    honest = Ranked(chance, ones(chance))
    assert weighted.calibration_error(honest, outcome, chance)[0] < 0.01
    shifted = weighted.calibration_error(honest, outcome, chance + 0.2)
    assert shifted[0] == pytest.approx(0.2, abs=0.01)


def test_an_interval_of_the_mean_error_is_as_wide_as_theory_says() -> None:
    rng = np.random.default_rng(4)
    actual, predicted = rng.normal(0, 1, 40_000), np.zeros(40_000)
    resample = Resample.draw(40_000, 3)
    measured = metrics.measure("engagement", actual, predicted, resample)
    low, high = resample.interval(measured.values["mae"], measured.samples["mae"]) or (0, 0)
    error = np.abs(actual).std() / 40_000**0.5
    # The rows are more than the bootstrap uses: the scaling is right when the width is.
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.15)


def test_ninety_five_of_a_hundred_intervals_of_the_auc_hold_its_true_value() -> None:
    truth = 0.5 * (1 + 0.5204998778)  # two unit normals a distance of 1 apart: Phi(1 / sqrt 2)
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        outcome = (rng.uniform(size=300) < 0.4).astype(float)
        score = rng.normal(outcome, 1)
        resample = Resample.draw(300, seed)
        auc = float(weighted.roc_auc(Ranked(score, ones(score)), outcome)[0])
        chosen = Ranked(score[resample.rows], resample.weights)
        samples = weighted.roc_auc(chosen, outcome[resample.rows])
        low, high = resample.interval(auc, samples) or (0, 0)
        held += low <= truth <= high
    assert 89 <= held <= 99


def test_the_difference_of_two_predictions_is_surer_than_either() -> None:
    chance, outcome, _ = world(8000)
    blurred = np.clip(chance + np.random.default_rng(5).normal(0, 0.05, 8000), 0.001, 0.999)
    resample = Resample.draw(8000, 1)
    honest = np.clip(chance, 0.001, 0.999)
    ours, theirs = (metrics.measure("churn", outcome, p, resample) for p in (honest, blurred))
    found = compare(resample, ours, theirs)
    assert found["log_loss"]["verdict"] == "better"
    around = found["log_loss"]["ci"]
    alone = resample.interval(ours.values["log_loss"], ours.samples["log_loss"])
    assert isinstance(around, list)
    assert alone is not None
    assert around[1] - around[0] < (alone[1] - alone[0]) / 2
    same = compare(resample, ours, ours)
    assert {entry["verdict"] for entry in same.values()} == {"no difference"}


def test_a_lower_error_and_a_higher_auc_are_both_called_better() -> None:
    steady = np.full(SAMPLES, 0.0) + np.linspace(-0.01, 0.01, SAMPLES)
    ours = Measured({"mae": 1.0, "roc_auc": 0.9}, {"mae": 1 + steady, "roc_auc": 0.9 + steady})
    theirs = Measured({"mae": 2.0, "roc_auc": 0.8}, {"mae": 2 - steady, "roc_auc": 0.8 - steady})
    resample = Resample.draw(100, 1)
    assert {e["verdict"] for e in compare(resample, ours, theirs).values()} == {"better"}
    assert {e["verdict"] for e in compare(resample, theirs, ours).values()} == {"worse"}


def test_the_deviance_is_zero_for_a_perfect_amount_and_positive_otherwise() -> None:
    actual = np.array([1.0, 10.0, 100.0])
    assert tweedie_deviance(actual, actual) == pytest.approx(0, abs=1e-9)
    assert (tweedie_deviance(actual, actual * 1.5) > 0).all()
    assert tweedie_deviance(np.array([0.0]), np.array([4.0]), 1.5)[0] == pytest.approx(8)


def test_curves_start_and_end_where_they_must() -> None:
    rng = np.random.default_rng(2)
    chance = rng.uniform(size=500)
    found = curves.churn_curves((rng.uniform(size=500) < chance).astype(float), chance)
    assert found["roc"]["y"][-1] == 1
    assert (found["gain"]["y"][0], found["gain"]["y"][-1]) == (0, 1)
    assert sum(found["histogram"]["counts"]) == 500


def test_the_calibration_error_of_tied_predictions_does_not_depend_on_the_order_of_rows() -> None:
    outcome = np.array([0.0, 1.0] * 15)
    probability = np.repeat([0.2, 0.7], [17, 13])
    rng = np.random.default_rng(0)
    weights = np.ones((1, 30))
    found = set()
    for _ in range(20):
        order = rng.permutation(30)
        ranked = Ranked(probability[order], weights)
        error = weighted.calibration_error(ranked, outcome[order], probability[order])
        found.add(round(float(error[0]), 12))
    assert len(found) == 1


def test_ties_and_samples_are_measured_as_rows_drawn_that_often() -> None:
    rng = np.random.default_rng(3)
    score, actual = rng.integers(0, 20, 300).astype(float), rng.gamma(0.5, 10, 300)
    outcome = (rng.uniform(size=300) < score / 25).astype(float)
    weights = rng.poisson(1.0, (3, 300)).astype(float)
    ranked, truth = Ranked(score, weights), Ranked(actual, weights)
    for at, drawn in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(300), drawn)
        alone = Ranked(score[rows], ones(rows))
        for measured in (weighted.roc_auc, weighted.average_precision, weighted.top_decile_lift):
            assert measured(ranked, outcome)[at] == pytest.approx(measured(alone, outcome[rows])[0])
        spearman = scipy.stats.spearmanr(score[rows], actual[rows]).statistic
        assert weighted.rank_correlation(truth, ranked)[at] == pytest.approx(spearman)
        assert weighted.gini(ranked, actual)[at] == pytest.approx(weighted.gini(alone, actual[rows])[0])
        auc = sklearn.metrics.roc_auc_score(outcome[rows], score[rows])
        assert weighted.roc_auc(ranked, outcome)[at] == pytest.approx(auc)
