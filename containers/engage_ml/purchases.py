"""BG/NBD and Gamma-Gamma: the classical models of repeat purchases and of what a purchase is worth.

They know nothing but when and how much a customer bought, and are fitted by maximum likelihood to the
histories before a cut-off, without labels: what a model of many features must beat.

BG/NBD: Fader, Hardie, Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2).
Purchases of an active customer are Poisson with a rate from Gamma(r, alpha); after each purchase the customer
drops out with a probability from Beta(a, b). Gamma-Gamma: Fader, Hardie (2013), "The Gamma-Gamma Model of
Monetary Value": amounts are Gamma(p, nu) with nu from Gamma(q, gamma).

Two departures, because histories are weeks of a window and not dates since the first purchase: a week
with a purchase is one transaction, and every customer is taken to be active at the start of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contract import ContractError
from .history import Purchases

Doubles = NDArray[np.float64]
MIN_BUYERS = 50
"""Fewest customers with a purchase, and with two, for a fit."""
_GG_ROWS = 20_000


@dataclass(frozen=True)
class Bgnbd:
    """Fitted parameters; time is in weeks."""

    r: float
    alpha: float
    a: float
    b: float

    def expected(self, history: Purchases, weeks: float) -> Doubles:
        """Expected transactions of each customer in the next `weeks` (equation 10 of the paper)."""
        from scipy.special import hyp2f1

        x, last, length = history.count, history.last, history.length
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        # The formula has a removable pole at a = 1.
        a = a if abs(a - 1) > 1e-6 else 1 + 1e-6
        z = weeks / (alpha + length + weeks)
        shrink = ((alpha + length) / (alpha + length + weeks)) ** (r + x)
        future = (a + b + x - 1) / (a - 1) * (1 - shrink * hyp2f1(r + x, b + x, a + b + x - 1, z))
        # The odds of having dropped out right after the last purchase.
        gone = np.where(
            x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + length) / (alpha + last)) ** (r + x), 0.0
        )
        found: Doubles = np.maximum(future / (1 + gone), 0.0)
        return found


@dataclass(frozen=True)
class GammaGamma:
    """Fitted parameters of the amount of a transaction."""

    p: float
    q: float
    gamma: float

    def expected(self, history: Purchases) -> Doubles:
        """Expected amount of a transaction of each customer: the customer's mean drawn to that of all."""
        x = history.count
        found: Doubles = self.p * (self.gamma + x * history.amount) / (self.p * x + self.q - 1)
        return found


def bgnbd_log_likelihood(model: Bgnbd, x: Doubles, last: Doubles, length: Doubles) -> Doubles:
    """Log-likelihood of each history (equation 6 of the paper, in logarithms)."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + length)
    dropped = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + last)
    found: Doubles = common + np.logaddexp(alive, np.where(x > 0, dropped, -np.inf))
    return found


def gamma_gamma_log_likelihood(model: GammaGamma, x: Doubles, amount: Doubles) -> Doubles:
    """Log-likelihood of the mean amount of `x` >= 1 transactions of each customer (equation 1a)."""
    from scipy.special import gammaln

    p, q, gamma = model.p, model.q, model.gamma
    found: Doubles = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * x - 1) * np.log(amount)
        + p * x * np.log(x)
        - (p * x + q) * np.log(gamma + x * amount)
    )
    return found


def fit_bgnbd(history: Purchases) -> Bgnbd:
    """The maximum-likelihood fit.

    Raises:
        ContractError: when fewer than 50 customers bought, or the search does not end.
    """
    buyers = int((history.count > 0).sum())
    if buyers < MIN_BUYERS:
        raise ContractError(f"{buyers} customers bought something; BG/NBD needs {MIN_BUYERS}.")
    # Histories are whole weeks, so that a few hundred distinct ones stand for all customers.
    rows = np.stack([history.count, history.last, history.length], axis=1)
    distinct, weight = np.unique(rows, axis=0, return_counts=True)
    x, last, length = distinct.T

    def loss(logs: Doubles) -> float:
        logarithms = bgnbd_log_likelihood(Bgnbd(*np.exp(logs)), x, last, length)
        return -float(logarithms @ weight) / float(weight.sum())

    return Bgnbd(*_minimum(loss, np.log([0.5, 5.0, 0.8, 2.5]), "BG/NBD"))


def fit_gamma_gamma(history: Purchases, seed: int = 7) -> GammaGamma:
    """The maximum-likelihood fit on the customers with a purchase (at most 20,000 of them).

    `q` is kept above 1, without which a mean amount does not exist.

    Raises:
        ContractError: when fewer than 50 customers bought twice, or the search does not end.
    """
    rows = np.flatnonzero((history.count > 0) & (history.amount > 0))
    repeated = int((history.count[rows] > 1).sum())
    if repeated < MIN_BUYERS:
        raise ContractError(f"{repeated} customers bought in two weeks; Gamma-Gamma needs {MIN_BUYERS}.")
    if len(rows) > _GG_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _GG_ROWS, replace=False))
    x, amount = history.count[rows], history.amount[rows]

    def model(logs: Doubles) -> GammaGamma:
        p, above, gamma = np.exp(logs)
        return GammaGamma(float(p), 1.0 + float(above), float(gamma))

    def loss(logs: Doubles) -> float:
        return -float(gamma_gamma_log_likelihood(model(logs), x, amount).mean())

    start = np.log([2.0, 2.0, float(np.mean(amount))])
    return model(np.log(_minimum(loss, start, "Gamma-Gamma")))


def _minimum(loss: Callable[[Doubles], float], start: Doubles, name: str) -> Doubles:
    """The parameters (exponentials of the logarithms) with the least loss, by Nelder and Mead's method.

    Raises:
        ContractError: when the search does not end or leaves the finite numbers.
    """
    from scipy.optimize import minimize

    # Beyond e^15 either way the likelihood is flat: the search is held inside.
    found = minimize(
        lambda logs: loss(np.clip(logs, -15, 15)),
        start,
        method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-4, "fatol": 1e-8, "adaptive": True},
    )
    if not found.success or not np.isfinite(found.fun):
        raise ContractError(f"The fit of {name} does not converge: {found.message}")
    best: Doubles = np.exp(np.clip(found.x, -15, 15))
    return best


@dataclass(frozen=True)
class PurchaseModel:
    """Expected transactions times expected amount."""

    counts: Bgnbd
    amounts: GammaGamma

    def predict(self, history: Purchases, weeks: float) -> Doubles:
        """Expected spend of each customer in the next `weeks`."""
        return self.counts.expected(history, weeks) * self.amounts.expected(history)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> PurchaseModel:
        """What `to_dict` made."""
        return cls(Bgnbd(**found["counts"]), GammaGamma(**found["amounts"]))


def fit_purchases(history: Purchases, seed: int = 7) -> PurchaseModel:
    """Fits both to the histories of customers at a cut-off.

    Raises:
        ContractError: when there are too few purchases.
    """
    return PurchaseModel(fit_bgnbd(history), fit_gamma_gamma(history, seed))
