"""What observed activity says of the hidden traits. Formulas are those of conjugate pairs (Gelman et al.,
Bayesian Data Analysis, 3rd edition, sections 2.5 and 2.6); sources of the two approximations are with them.
"""

import numpy as np

from engage_cli.datagen.ceiling.prior import gamma_nodes
from engage_cli.datagen.model import Floats, Ints
from engage_cli.datagen.parameters import Parameters

_SHOCK_NODES = 64


def days_likelihood(rate: Floats, p: Parameters) -> Floats:
    """Return P(active days | possible days, rate), (8, 8, R), for daily rates before the week's shock.

    Entry [m, d, r] is Binomial(m, 1 - exp(-rate * shock)) at d, averaged over the gamma shock by quadrature;
    0 where d is above m.
    """
    from scipy.special import comb

    shock, weight = gamma_nodes(p.week_shape, _SHOCK_NODES)
    quiet = np.exp(-np.multiply.outer(rate, shock))
    busy = -np.expm1(-np.multiply.outer(rate, shock))
    table = np.zeros((8, 8, len(rate)))
    for possible in range(8):
        for days in range(possible + 1):
            chance = busy**days * quiet ** (possible - days)
            table[possible, days] = comb(possible, days) * chance @ weight
    return table


def acts_log_likelihood(acts: Ints, days: Ints, relative_rate: Floats, p: Parameters) -> Floats:
    """Return log P(sessions and social acts | active days, rate) up to a constant, (n, R).

    Acts are Poisson at intensity * rate a day * days, and the intensity is rate^power times a gamma variate,
    which is integrated out (negative binomial).
    """
    a_day = p.sessions_per_day + p.posts_per_day + p.likes_per_day + p.messages_per_day
    expected = a_day * days[:, None] * relative_rate**p.intensity_rate_power
    k = p.intensity_shape
    power = p.intensity_rate_power * np.log(relative_rate)
    log = acts[:, None] * power - (acts[:, None] + k) * np.log(k + expected)
    return np.asarray(log - log.max(axis=1, keepdims=True))


def purchase_rate_mean(usual: Floats, purchases: Ints, exposure: Floats, p: Parameters) -> Floats:
    """Return E[purchases per active day | purchases in `exposure` days], a gamma-Poisson pair."""
    k = p.purchase_shape
    return np.asarray((k + purchases) / (k / usual + exposure))


def basket_mean_of(usual_median: Floats, purchases: Ints, spend: Floats, p: Parameters) -> Floats:
    """Return E[mean basket | spend by week], USD; `purchases` and `spend` are (n, W).

    The level of a customer's baskets is log-normal; so is a single basket about it. The sum of a week's
    baskets is taken as the log-normal with the same mean and variance (Fenton 1960).
    """
    bought = purchases > 0
    count = np.maximum(purchases, 1)
    variance = np.log1p(np.expm1(p.basket_sigma**2) / count)
    centre = np.log(count) + (p.basket_sigma**2 - variance) / 2
    above = np.log(np.where(bought, spend, 1.0)) - centre - np.log(usual_median)[:, None]
    precision = 1 / p.basket_customer_sigma**2 + (bought / variance).sum(axis=1)
    level = (bought * above / variance).sum(axis=1) / precision
    return np.asarray(usual_median * np.exp(level + 1 / (2 * precision) + p.basket_sigma**2 / 2))
