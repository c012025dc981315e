"""One line of usage, in the unit of the price book, and where it was measured.

`service`, `item` and `unit` are the exact keys of the price book (`engage_cli/cost/prices.json`); a test
holds the two together. What could not be measured has quantity None and a reason: never 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

Client = Callable[[str], Any]

# Digits kept: a picodollar is far below what AWS bills, and floats of 12 decimals survive JSON.
_PLACES = Decimal("1e-12")


@dataclass(frozen=True)
class Used:
    """`quantity` of `item`; `per` is "run" (caused by this run) or "month" (paid while deployed)."""

    service: str
    item: str
    quantity: Decimal | None
    unit: str
    detail: str
    source: str
    per: str = "run"
    assumption: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The record as it is written to `usage/run=<run_id>.json`."""
        quantity = None if self.quantity is None else float(Decimal(self.quantity).quantize(_PLACES))
        return {
            "service": self.service,
            "item": self.item,
            "quantity": quantity,
            "unit": self.unit,
            "detail": self.detail,
            "source": self.source,
            "per": self.per,
            "assumption": self.assumption,
        }


def not_metered(service: str, item: str, unit: str, reason: str, *, per: str = "run") -> Used:
    """Usage that exists, or may exist, and that nobody measured: its cost is unknown."""
    return Used(service, item, None, unit, "not metered", reason, per)


@dataclass(frozen=True)
class Scope:
    """The run to be metered: its id, Step Functions execution and the time it took so far (UTC)."""

    run_id: str
    env: str
    execution_arn: str
    started: datetime
    now: datetime

    @property
    def started_ms(self) -> int:
        return int(self.started.timestamp() * 1000)

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` is within the run (a second of slack: some services cut the fraction off)."""
        return self.started.timestamp() - 1 <= moment.timestamp() <= self.now.timestamp() + 1
