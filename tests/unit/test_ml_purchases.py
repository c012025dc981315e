"""BG/NBD and Gamma-Gamma: the published formulas, and parameters that are found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engage_ml import history
from engage_ml.blocks import FeatureBlock
from engage_ml.contract import ContractError
from engage_ml.data_contract import DEFAULT
from engage_ml.history import Purchases
from engage_ml.purchases import (
    Bgnbd,
    GammaGamma,
    bgnbd_log_likelihood,
    fit_bgnbd,
    fit_gamma_gamma,
    gamma_gamma_log_likelihood,
)
from scipy.integrate import quad

CDNOW = Bgnbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""The estimates of the paper for its data set (Fader, Hardie, Lee 2005, table 2)."""


def one(count: float, last: float, length: float, amount: float = 0.0) -> Purchases:
    return Purchases(*(np.array([v]) for v in (count, last, length, amount)))


def test_the_expectation_is_the_one_worked_out_in_the_authors_spreadsheet() -> None:
    # Customer 0001 of the CDNOW panel: x = 2, t_x = 30.43, T = 38.86; 39 weeks ahead.
    assert CDNOW.expected(one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, abs=0.002)


def simulate(model: Bgnbd, customers: int, weeks: float, ahead: float, seed: int) -> tuple[Purchases, float]:
    """Histories drawn from the model itself, and the mean number of transactions of the time ahead."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    quits = rng.beta(model.a, model.b, customers)
    rows, later = np.zeros((customers, 2)), 0
    for i in range(customers):
        clock = 0.0
        while True:
            clock += rng.exponential(1 / max(rate[i], 1e-9))
            if clock > weeks + ahead:
                break
            if clock <= weeks:
                rows[i] = rows[i, 0] + 1, clock
            else:
                later += 1
            if rng.uniform() < quits[i]:
                break
    full = np.full(customers, weeks)
    return Purchases(rows[:, 0], rows[:, 1], full, np.zeros(customers)), later / customers


def test_the_expectation_agrees_with_simulated_futures_and_the_fit_finds_the_parameters_again() -> None:
    model = Bgnbd(r=0.8, alpha=4.0, a=0.9, b=2.5)
    histories, future = simulate(model, 12_000, 40, 12, 1)
    assert model.expected(histories, 12).mean() == pytest.approx(future, rel=0.05)
    fitted = fit_bgnbd(histories)
    assert fitted.r / fitted.alpha == pytest.approx(model.r / model.alpha, rel=0.1)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(0.9 / 3.4, rel=0.15)
    truth = bgnbd_log_likelihood(model, histories.count, histories.last, histories.length).sum()
    found = bgnbd_log_likelihood(fitted, histories.count, histories.last, histories.length).sum()
    assert found >= truth - 1e-3


def test_the_likelihood_of_no_purchase_is_that_of_a_poisson_process_of_gamma_rates() -> None:
    found = bgnbd_log_likelihood(CDNOW, np.array([0.0]), np.array([0.0]), np.array([10.0]))[0]
    assert found == pytest.approx(CDNOW.r * np.log(CDNOW.alpha / (CDNOW.alpha + 10)))


def test_the_density_of_a_mean_amount_integrates_to_one() -> None:
    model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    for count in (1.0, 3.0):

        def density(z: float, count: float = count) -> float:
            return float(np.exp(gamma_gamma_log_likelihood(model, np.array([count]), np.array([z])))[0])

        assert quad(density, 1e-6, 3000, limit=300)[0] == pytest.approx(1, abs=1e-3)


def test_amounts_are_drawn_to_the_mean_of_all_the_more_the_fewer_there_are() -> None:
    model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    everybody = model.p * model.gamma / (model.q - 1)
    expected = [model.expected(one(x, 1, 12, 100.0))[0] for x in (0, 1, 4, 50)]
    assert expected[0] == pytest.approx(everybody)
    assert expected == sorted(expected)
    assert expected[-1] == pytest.approx(100, rel=0.03)


def test_the_fit_of_amounts_finds_the_parameters_again() -> None:
    model, rng = GammaGamma(p=4.0, q=3.5, gamma=30.0), np.random.default_rng(3)
    count = 1.0 + rng.poisson(2, 8000)
    scale = rng.gamma(model.q, 1 / model.gamma, 8000)
    amount = rng.gamma(model.p * count) / scale / count
    fitted = fit_gamma_gamma(Purchases(count, count, count, amount))
    mean = model.p * model.gamma / (model.q - 1)
    assert fitted.p * fitted.gamma / (fitted.q - 1) == pytest.approx(mean, rel=0.05)
    assert fitted.p == pytest.approx(model.p, rel=0.1)


def test_too_few_purchases_are_said_and_not_fitted() -> None:
    nobody = Purchases(*(np.zeros(100) for _ in range(3)), np.zeros(100))
    with pytest.raises(ContractError, match="0 customers bought something"):
        fit_bgnbd(nobody)
    with pytest.raises(ContractError, match="bought in two weeks"):
        fit_gamma_gamma(nobody)


def block(**columns: list[float]) -> FeatureBlock:
    values = np.array(list(columns.values()), dtype=np.float32).T
    return FeatureBlock(np.array([f"C{i}" for i in range(len(values))]), tuple(columns), values, {})


def test_purchases_are_counted_in_weeks_of_all_that_is_known() -> None:
    held = block(
        purchases_weeks_all=[2, 0, 1],
        weeks_since_purchases_all=[3, np.nan, 0],
        observed_weeks_all=[12, 5, 0.5],
        spend_all=[50, 0, 8],
    )
    found = history.purchases(DEFAULT, held)
    assert found is not None
    assert found.count.tolist() == [2, 0, 1]
    assert found.last.tolist() == [9, 0, 1]
    assert found.length.tolist() == [12, 5, 1]
    assert found.amount.tolist() == [25, 0, 8]
    assert history.purchases(replace(DEFAULT, transactions=""), held) is None


def test_the_last_period_is_scaled_from_the_nearest_window() -> None:
    given = block(active_days_4w=[14], active_days_8w=[14], active_days_2w=[7], active_days_1w=[0],
                  active_days_12w=[14], spend_4w=[10], spend_12w=[24])  # fmt: skip
    assert history.active_share(DEFAULT, given, 4)[0] == pytest.approx(0.5)
    assert history.active_share(DEFAULT, given, 7)[0] == pytest.approx(0.25)
    assert history.active_share(replace(DEFAULT, days_known=False), given, 4)[0] == pytest.approx(3.5)
    assert history.past_value(DEFAULT, given, 8).tolist() == [20]
    assert history.past_value(DEFAULT, given, 24).tolist() == [48]


def test_refunds_never_make_a_history_worth_less_than_nothing() -> None:
    given = block(spend_4w=[-10], spend_12w=[-3])
    assert history.past_value(DEFAULT, given, 12).tolist() == [0]
