"""What baselines, intervals and evaluation read of a customer's history: the one place with feature names.

`None` means that the feature tables do not hold it: a platform without purchases has no spend. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock

Doubles = NDArray[np.float64]
ACTIVE_WINDOWS = (1, 2, 4, 8, 12)
"""Weeks of the features `active_days_<n>w`."""
SPEND_WINDOWS = (4, 12)
"""Weeks of the features `spend_<n>w`."""
RECENT = "active_weeks_4"
RECENCY_FREQUENCY = ("days_since_active", "active_days_4w", "active_weeks_12")
SPEND_HISTORY = ("spend_12w", "purchases_12w")
PURCHASE_WINDOWS = (
    ("purchase_weeks_all", "weeks_since_purchase_all", "observed_weeks_all", "spend_all"),
    ("purchase_weeks_12", "days_since_purchase", "observed_weeks_12", "spend_12w"),
)
"""Weeks with a purchase, time since the last (weeks; in the last row days), weeks observed, spend."""


def recently_active(block: FeatureBlock) -> NDArray[np.bool_]:
    """Whether each customer was active in the last four weeks (an unknown history counts as not)."""
    found: NDArray[np.bool_] = block.column(RECENT) > 0
    return found


def active_share(block: FeatureBlock, weeks: int) -> Doubles:
    """Share of days with activity in the last weeks, from the window nearest to `weeks`; 0 to 1."""
    window = min(ACTIVE_WINDOWS, key=lambda n: (abs(n - weeks), n))
    found: Doubles = block.column(f"active_days_{window}w").astype(np.float64) / (7 * window)
    return found


def past_spend(block: FeatureBlock, weeks: int) -> Doubles | None:
    """Spend of the last `weeks`, scaled from the nearest window that the block holds; None without one."""
    held = [n for n in SPEND_WINDOWS if f"spend_{n}w" in block.names]
    if not held:
        return None
    window = min(held, key=lambda n: (abs(n - weeks), n))
    found: Doubles = block.column(f"spend_{window}w").astype(np.float64) * (weeks / window)
    return found


@dataclass(frozen=True)
class Purchases:
    """Per customer, in weeks of the observed window: `count` weeks with a purchase, `last` the end of the
    last of them, `length` of the window (all measured from its start), and `amount`, the mean spend of a
    week with a purchase (0 without one).
    """

    count: Doubles
    last: Doubles
    length: Doubles
    amount: Doubles


def purchases(block: FeatureBlock) -> Purchases | None:
    """The purchases of each customer; None when the block does not hold them.

    A week with at least one purchase is one transaction: data are weekly. Time starts with the window of
    the features or with the sign-up, whichever is later. The widest window that the block holds is read.
    """
    for names in PURCHASE_WINDOWS:
        if all(name in block.names for name in names):
            count, since, length, spend = (block.column(name).astype(np.float64) for name in names)
            if names is PURCHASE_WINDOWS[-1]:
                since = since / 7
            break
    else:
        return None
    length = np.maximum(length, 1.0)
    last = np.where(count > 0, np.clip(length - np.nan_to_num(since), 0.0, length), 0.0)
    amount = np.where(count > 0, spend / np.maximum(count, 1.0), 0.0)
    return Purchases(count, last, length, amount)
