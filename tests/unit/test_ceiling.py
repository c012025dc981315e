"""The ceiling: right in its pieces, calibrated, beaten by nobody who sees the same, and blind to the rest."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise, product

import numpy as np
import pytest
from ceiling_support import END, Seen, simulate
from scipy.integrate import quad
from scipy.stats import binom, gamma
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from engage_cli.datagen.ceiling.best import Best, Predictor
from engage_cli.datagen.ceiling.evidence import (
    acts_log_likelihood,
    basket_mean_of,
    days_likelihood,
    purchase_rate_mean,
)
from engage_cli.datagen.ceiling.filter import Filter, WeekTables, World
from engage_cli.datagen.ceiling.prior import Resolution, gamma_nodes, grid, initial_shares, rate_weights
from engage_cli.datagen.ceiling.sample import MAX_SAMPLE, NO_AGE, Observer, chosen, cutoffs, sampled
from engage_cli.datagen.model import (
    ENGAGED,
    FADING,
    GONE,
    PAUSED,
    Attributes,
    Simulation,
    day_number,
    draw_attributes,
    draw_traits,
    leave_probability,
    usual_traits,
    visit_level,
)
from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.shifts import price_rise

P = Parameters()


@pytest.fixture(scope="module")
def seen() -> Seen:
    return simulate(20_000, seed=5)


@pytest.fixture(scope="module")
def best(seen: Seen) -> Best:
    return seen.best()


def log_loss(happened: np.ndarray, probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return -np.where(happened, np.log(p), np.log(1 - p))


def never_beaten(mine: np.ndarray, others: np.ndarray) -> bool:
    """Whether the mean loss is lower, or higher by no more than three standard errors of the difference."""
    difference = mine - others
    return bool(difference.mean() <= 3 * difference.std() / np.sqrt(len(difference)))


# Pieces


def test_the_likelihood_of_a_weeks_days_adds_up_to_one_and_knows_silence_exactly() -> None:
    rates = np.array([0.003, 0.1, 0.8, 3.0])
    table = days_likelihood(rates, P)
    assert table.min() >= 0
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(table[7, 0], (1 + 7 * rates / P.week_shape) ** -P.week_shape, rtol=1e-5)
    exact = quad(
        lambda shock: (
            binom.pmf(3, 5, 1 - np.exp(-0.8 * shock)) * gamma.pdf(shock, P.week_shape, scale=1 / P.week_shape)
        ),
        0,
        30,
    )[0]
    assert table[5, 3, 2] == pytest.approx(exact, rel=1e-6)


def test_the_grid_integrates_the_priors() -> None:
    nodes, weights = gamma_nodes(P.hazard_shape, 4)
    assert weights.sum() == pytest.approx(1)
    assert weights @ nodes == pytest.approx(1)
    assert weights @ nodes**2 == pytest.approx(1 + 1 / P.hazard_shape)
    points = grid(P, Resolution(rates=200))
    weights = rate_weights(np.array([0.5, 2.0]), points.rates, P)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights @ points.rates, [0.5, 2.0], rtol=0.02)
    assert points.spread(weights).shape == (2, len(points.relative_rate))


def test_the_states_at_the_start_are_as_likely_as_they_are_drawn() -> None:
    rng = np.random.default_rng(2)
    a = draw_attributes(rng, 60_000, END, P)
    old = chosen(a, a.signup_day < day_number(END) - 70)
    traits = draw_traits(rng, old, P)
    drawn = Simulation(old, traits, END - timedelta(weeks=8), rng, P)
    tenure = (day_number(drawn.start) - old.signup_day) / 7
    shares = initial_shares(traits.hazard, traits.ticket_rate, tenure, P)
    for state in (ENGAGED, FADING, PAUSED):
        p = shares[state]
        error = np.sqrt((p * (1 - p)).sum())
        assert abs((drawn.state == state).sum() - p.sum()) < 4 * error
        assert error < 0.1 * p.sum()


def test_acts_speak_for_the_rate_that_makes_them_likely() -> None:
    rates = np.array([0.1, 1.0, 4.0])
    days = np.array([100, 100, 0])
    log = acts_log_likelihood(np.array([2000, 20, 0]), days, rates, P)
    assert np.argmax(log[0]) == 2
    assert np.argmax(log[1]) == 0
    np.testing.assert_allclose(log[2], 0, err_msg="nothing seen, yet something said")


def test_purchases_and_baskets_meet_what_a_customer_did_the_more_there_is_of_it() -> None:
    usual = np.full(3, 0.1)
    rate = purchase_rate_mean(usual, np.array([0, 1, 2000]), np.array([0.0, 10.0, 10_000.0]), P)
    assert rate[0] == pytest.approx(0.1)
    assert rate[1] == pytest.approx((P.purchase_shape + 1) / (P.purchase_shape / 0.1 + 10))
    assert rate[2] == pytest.approx(0.2, rel=0.01)
    rng = np.random.default_rng(1)
    level = 20 * np.exp(P.basket_customer_sigma * rng.standard_normal(4000))
    counts = rng.poisson(0.7, (4000, 12))
    spend = np.array([[np.exp(P.basket_sigma * rng.standard_normal(n)).sum() for n in row] for row in counts])
    spend *= level[:, None]
    expected = basket_mean_of(np.full(4000, 20.0), counts, spend, P)
    true = level * np.exp(P.basket_sigma**2 / 2)
    order = np.argsort(expected)
    for quarter in np.array_split(order, 4):
        assert expected[quarter].mean() == pytest.approx(true[quarter].mean(), rel=0.03)
    assert np.corrcoef(np.log(expected), np.log(true))[0, 1] > 0.85


def one_customer(signup: date) -> Attributes:
    """A customer with the first value of each attribute, aged 40."""
    zero, yes = np.zeros(1, dtype=np.int8), np.array([True])
    day = np.array([day_number(signup)])
    return Attributes(zero, zero, zero, zero, zero, np.array([40]), yes, yes, day)


@pytest.mark.parametrize("signup", [date(2026, 6, 10), date(2025, 12, 1)])
@pytest.mark.parametrize(
    ("days", "tickets"), [((0, 2, 0), (0, 0, 0)), ((0, 0, 0), (0, 1, 0)), ((0, 0, 0),) * 2]
)
def test_the_filter_is_the_sum_over_all_paths_of_states(
    signup: date, days: tuple[int, ...], tickets: tuple[int, ...]
) -> None:
    start = date(2026, 6, 8)
    world = World(start, grid(P, Resolution(rates=3, frailties=2, ticket_rates=1)), lambda _: P)
    part = Filter(world, WeekTables(world), one_customer(signup), P, start)
    begin = {s: part.share[s][0].astype(float) for s in (ENGAGED, FADING, PAUSED)}
    begin[GONE] = part.gone[0].astype(float)
    assert sum(v.sum() for v in begin.values()) == pytest.approx(1, rel=1e-5)
    for count, written in zip(days, tickets, strict=True):
        part.see(np.array([count]), np.array([written]))
    mondays = [start + timedelta(weeks=i) for i in range(3)]
    chance = [
        {state: seen_in(state, week, start, signup, *what, world.grid) for state in begin}
        for week, *what in zip(mondays, days, tickets, strict=True)
    ]
    after = {s: np.zeros(6) for s in begin}
    for path in product(begin, repeat=4):
        weight = begin[path[0]].copy()
        memory = 0.0
        for i, (state, follows) in enumerate(pairwise(path)):
            memory = memory * P.ticket_memory + tickets[i]
            weight *= chance[i][state] * moves(state, follows, mondays[i], signup, memory, world.grid)
        after[path[-1]] += weight
    total = sum(v.sum() for v in after.values())
    assert part.log_evidence[0] == pytest.approx(
        # The filter leaves out what is the same for all points: the scale of a ticket's likelihood.
        np.log(total) - sum(tickets) * np.log(P.ticket_rate),
        abs=1e-4,
    )
    for state in (ENGAGED, FADING, PAUSED):
        np.testing.assert_allclose(part.share[state][0], after[state] / total, atol=2e-6)


def seen_in(state, week, start, signup, days, tickets, points) -> np.ndarray:  # type: ignore[no-untyped-def]
    """P(days, tickets | state) by point, by integration over the shock."""
    if state in (PAUSED, GONE):
        return np.full(6, float(days == 0 and tickets == 0))
    factor = visit_level(week, start, P) * (P.fading_rate if state == FADING else 1)
    possible = min(7, (week + timedelta(days=7) - signup).days)
    found = []
    for relative, ticket_rate in zip(points.relative_rate, points.ticket_rate, strict=True):
        rate = P.visit_rate * relative * factor
        chance = quad(
            lambda shock, rate=rate: (
                binom.pmf(days, possible, 1 - np.exp(-rate * shock))
                * gamma.pdf(shock, P.week_shape, scale=1 / P.week_shape)
            ),
            0,
            30,
            limit=200,
        )[0]
        found.append(chance * ticket_rate**tickets * np.exp(-ticket_rate))
    return np.array(found)


def moves(state, follows, week, signup, memory, points) -> np.ndarray:  # type: ignore[no-untyped-def]
    """P(state -> follows) by point."""
    hazard = usual_traits(one_customer(signup), P).hazard[0] * points.frailty
    hazard = hazard * points.relative_rate**-P.hazard_rate_power
    tenure = np.array(max((week - signup).days / 7, 0.0))
    leave = leave_probability(hazard, tenure, np.array(memory), P)
    chances = {
        (ENGAGED, FADING): leave,
        (ENGAGED, PAUSED): P.pause_probability,
        (ENGAGED, ENGAGED): 1 - leave - P.pause_probability,
        (FADING, GONE): 1 / P.fading_weeks,
        (FADING, FADING): 1 - 1 / P.fading_weeks,
        (PAUSED, ENGAGED): 1 / P.pause_weeks,
        (PAUSED, PAUSED): 1 - 1 / P.pause_weeks,
        (GONE, GONE): 1.0,
    }
    return np.broadcast_to(chances.get((state, follows), 0.0), 6)


# The whole


def test_of_a_hundred_customers_with_a_probability_of_churn_as_many_churn(seen: Seen, best: Best) -> None:
    churned, _, _ = seen.future(best)
    for low in np.arange(0, 1, 0.1):
        chosen = (best.churn >= low) & (best.churn < low + 0.1)
        error = np.sqrt(best.churn[chosen] * (1 - best.churn[chosen])).mean() / np.sqrt(chosen.sum())
        assert chosen.sum() > 200
        assert abs(churned[chosen].mean() - best.churn[chosen].mean()) < 3.5 * error


def test_expected_engagement_and_value_are_what_comes_on_average(seen: Seen, best: Best) -> None:
    _, engagement, spend = seen.future(best)
    for expected, came in ((best.engagement, engagement), (best.value, spend)):
        order = np.argsort(expected)
        for tenth in np.array_split(order, 10)[4:]:
            error = (came - expected)[tenth].std() / np.sqrt(len(tenth))
            assert abs((came - expected)[tenth].mean()) < 3.5 * error + 1e-3


@pytest.mark.parametrize("pattern", [(0, 0), (1, 0), (0, 1), (5, 5)])
def test_customers_who_did_the_same_in_their_first_weeks_churn_as_often_as_was_said(
    pattern: tuple[int, int],
) -> None:
    """Simulated futures of newcomers with equal attributes, by what they did: no code of the filter."""
    newcomers = one_customer(END - timedelta(weeks=6))
    many = Attributes(**{k: np.repeat(v, 20_000) for k, v in vars(newcomers).items()})
    world = simulate(20_000, seed=8, weeks=2, ahead=4, attributes=many)
    best = world.best()
    churned, _, _ = world.future(best)
    same = (world.before(best, 2) == pattern).all(axis=1)
    error = np.sqrt(0.25 / same.sum())
    assert same.sum() > 40
    assert abs(churned[same].mean() - best.churn[same].mean()) < 3.5 * error


def test_nothing_fitted_on_the_same_observables_beats_it(seen: Seen, best: Best) -> None:
    others = simulate(20_000, seed=6)
    empty = Best(
        np.flatnonzero(others.observed.attributes.signup_day < day_number(others.cutoff)) + 1,
        *(np.empty(0),) * 3,
    )
    train, test = features(others, empty), features(seen, best)
    learnt, _, _ = others.future(empty)
    churned, engagement, _ = seen.future(best)
    recency = LogisticRegression(max_iter=500).fit(train[:, -2:], learnt).predict_proba(test[:, -2:])[:, 1]
    trees = HistGradientBoostingClassifier(max_iter=80, learning_rate=0.08, random_state=0).fit(train, learnt)
    mine = log_loss(churned, best.churn)
    for other in (recency, trees.predict_proba(test)[:, 1]):
        assert never_beaten(mine, log_loss(churned, other))
    assert mine.mean() < 0.97 * log_loss(churned, recency).mean(), "better than a simple baseline"
    carried = seen.before(best, 4).sum(axis=1) / 28
    assert ((best.engagement - engagement) ** 2).mean() < 0.8 * ((carried - engagement) ** 2).mean()


def features(world: Seen, best: Best) -> np.ndarray:
    who, weeks = best.number - 1, world.weeks
    o, a = world.observed, world.observed.attributes
    recent = o.active_days[who, weeks - 12 : weeks]
    silent = np.argmax(np.c_[recent[:, ::-1] > 0, np.ones(len(who), bool)], axis=1)
    tenure = np.minimum((day_number(world.cutoff) - a.signup_day[who]) / 7, 104)
    groups = [a.country, a.plan, a.channel, a.device, a.age, a.opt_in]
    columns = [*(group[who] for group in groups), tenure, o.acts[who, weeks - 12 : weeks].sum(axis=1)]
    columns += [
        o.support_tickets[who, weeks - 12 : weeks].sum(axis=1),
        o.active_days[who, :weeks].sum(axis=1),
    ]
    return np.c_[recent, np.stack(columns, axis=1), silent, recent[:, -4:].sum(axis=1)].astype(float)


def test_who_knows_the_hidden_traits_and_states_is_better_still(seen: Seen, best: Best) -> None:
    churned, engagement, spend = seen.future(best)
    who = best.number - 1
    knowing = log_loss(churned, seen.outlook.churn_probability[who]).mean()
    assert knowing < 0.7 * log_loss(churned, best.churn).mean()
    assert ((seen.outlook.engagement[who] - engagement) ** 2).mean() < (
        (best.engagement - engagement) ** 2
    ).mean()
    assert ((seen.outlook.spend[who] - spend) ** 2).mean() < ((best.value - spend) ** 2).mean()


def test_a_finer_grid_says_the_same() -> None:
    world = simulate(600, seed=7, ahead=4)
    coarse = world.best()
    finer = Predictor(world.start, lambda _: P, Resolution(60, 7, 6, 12))
    fine = finer.predict(world.observed, [world.cutoff])[world.cutoff]
    lost = fine.churn * (log_loss(np.True_, coarse.churn) - log_loss(np.True_, fine.churn))
    lost += (1 - fine.churn) * (log_loss(np.False_, coarse.churn) - log_loss(np.False_, fine.churn))
    assert 0 <= lost.mean() < 5e-5, "expected log loss, of about 0.23"
    assert abs(coarse.engagement - fine.engagement).mean() < 5e-4
    assert abs(coarse.value - fine.value).mean() < 0.01 * fine.value.mean()


def test_a_change_of_the_world_before_the_cut_off_is_taken_into_account() -> None:
    changed = price_rise(P)
    world = simulate(6_000, seed=9, weeks=30, ahead=4, parameters=changed)
    aware = world.best()
    unaware = Predictor(world.start, lambda _: P).predict(world.observed, [world.cutoff])[world.cutoff]
    churned, _, _ = world.future(aware)
    assert aware.churn.mean() == pytest.approx(churned.mean(), abs=0.012)
    assert log_loss(churned, aware.churn).mean() < log_loss(churned, unaware.churn).mean()


# What it may not see


def test_nothing_from_the_cut_off_on_is_read(seen: Seen) -> None:
    some = seen.observed.take(np.arange(300))
    names = ("active_days", "acts", "purchases", "spend", "support_tickets")
    loud = {name: getattr(some, name).copy() for name in names}
    for values in loud.values():
        values[:, seen.weeks :] = 5

    def run(observed):  # type: ignore[no-untyped-def]
        return Predictor(seen.start, lambda _: P).predict(observed, [seen.cutoff])[seen.cutoff]

    before, after = run(some), run(replace(some, **loud))
    for name in ("number", "churn", "engagement", "value"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_an_age_that_is_not_recorded_is_not_known(seen: Seen) -> None:
    a = draw_attributes(np.random.default_rng(1), 2_000, END, P)
    observed = Observer(np.arange(2_000), 2_000, a, P, 4).observed()
    assert (~a.age_known).any()
    assert (observed.attributes.age[~a.age_known] == NO_AGE).all()
    assert (observed.attributes.age[a.age_known] == a.age[a.age_known]).all()


def test_activity_says_something_of_an_age_that_is_not_recorded() -> None:
    """Where the young visit often and the old rarely, and nobody's age is known."""
    p = replace(P, young_rate=8.0, age_missing=1.0)
    world = simulate(12_000, seed=4, weeks=5, ahead=4, parameters=p)
    best = world.best()
    _, engagement, _ = world.future(best)
    order = np.argsort(best.engagement)
    for tenth in np.array_split(order, 10)[4:]:
        error = (engagement - best.engagement)[tenth].std() / np.sqrt(len(tenth))
        assert abs((engagement - best.engagement)[tenth].mean()) < 3.5 * error + 1e-3


def test_everybody_is_in_a_small_sample_and_at_most_20000_in_any() -> None:
    assert len(sampled(np.arange(1, 20_001), 20_000)) == 20_000
    numbers = np.arange(1, 300_001)
    chosen = numbers[sampled(numbers, 300_000)]
    assert 18_000 < len(chosen) <= MAX_SAMPLE
    parts = [part[sampled(part, 300_000)] for part in np.array_split(numbers, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), chosen)


def test_cut_offs_without_a_week_before_them_are_left_out() -> None:
    start = END - timedelta(weeks=12)
    assert cutoffs(start, END, (4, 12)) == [END - timedelta(weeks=4)]
    assert cutoffs(END - timedelta(weeks=4), END, (4, 12)) == []
