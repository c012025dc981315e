"""What baselines, intervals and evaluation read of a customer's history: the one place with feature names.

NumPy only. The windows that are not in the feature tables are taken from the nearest one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .data_contract import DataContract

Doubles = NDArray[np.float64]
RECENCY_FREQUENCY = ("days_since_active", "active_days_4w", "active_weeks_12")


def recently_active(contract: DataContract, block: FeatureBlock) -> NDArray[np.bool_]:
    """Whether each customer was active in the last `recent_weeks` (an unknown history counts as not)."""
    found: NDArray[np.bool_] = block.column(f"active_weeks_{contract.recent_weeks}") > 0
    return found


def active_share(contract: DataContract, block: FeatureBlock, weeks: int) -> Doubles:
    """Share of days with activity in the last weeks, from the window nearest to `weeks`; 0 to 1."""
    window = _nearest(contract.windows, weeks)
    active = block.column(f"active_days_{window}w").astype(np.float64)
    found: Doubles = active / (contract.days_per_week * window)
    return found


def past_value(contract: DataContract, block: FeatureBlock, weeks: int) -> Doubles:
    """Value of the last `weeks`, scaled from the nearest window; never below zero, as the label."""
    window = _nearest(contract.measure_windows, weeks)
    spent = block.column(f"{contract.value}_{window}w").astype(np.float64)
    found: Doubles = np.maximum(spent, 0.0) * (weeks / window)
    return found


def value_history(contract: DataContract) -> tuple[str, ...]:
    """The features that tell what a customer was worth lately; the first is the amount itself."""
    return tuple(dict.fromkeys((f"{contract.value}_12w", f"{contract.bought.name}_12w")))


def _nearest(windows: tuple[int, ...], weeks: int) -> int:
    return min(windows, key=lambda n: (abs(n - weeks), n))


@dataclass(frozen=True)
class Purchases:
    """Per customer, in weeks of the observed window: `count` weeks with a purchase, `last` the end of the
    last of them, `length` of the window (all measured from its start), and `amount`, the mean value of a
    week with a purchase (0 without one).
    """

    count: Doubles
    last: Doubles
    length: Doubles
    amount: Doubles


def purchases(contract: DataContract, block: FeatureBlock) -> Purchases | None:
    """The purchases of each customer over all known weeks; None when the contract names no transactions.

    A week with at least one purchase is one transaction: data are weekly. Time starts with the known history
    or with the sign-up, whichever is later.
    """
    if not contract.transactions:
        return None
    bought = contract.transactions
    names = (
        f"{bought}_weeks_all",
        f"weeks_since_{bought}_all",
        "observed_weeks_all",
        f"{contract.value}_all",
    )
    count, since, length, value = (block.column(name).astype(np.float64) for name in names)
    length = np.maximum(length, 1.0)
    last = np.where(count > 0, np.clip(length - np.nan_to_num(since), 0.0, length), 0.0)
    # Refunds may outweigh what was bought: nobody buys for less than nothing.
    amount = np.where(count > 0, np.maximum(value, 0.0) / np.maximum(count, 1.0), 0.0)
    return Purchases(count, last, length, amount)
