"""Allowances of AWS that never expire, by month.

An account made on or after 2025-07-15 gets credits instead of the old twelve-month tier; these stay.
They belong to the whole account: whatever else runs in it uses them too, so they are shown apart from the
list price and never taken from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_LOGS = "Logs ingest, Standard"


@dataclass(frozen=True)
class Allowance:
    """`quantity` free units a month, shared by `items` of `service` in this order."""

    name: str
    service: str
    items: tuple[str, ...]
    quantity: Decimal


ALWAYS_FREE: tuple[Allowance, ...] = (
    Allowance("1 million Lambda requests", "Lambda", ("requests",), Decimal(1_000_000)),
    Allowance(
        "400,000 Lambda GB-seconds",
        "Lambda",
        ("x86 duration (first 6e9 GB-s)", "ARM64 duration (tier 1)"),
        Decimal(400_000),
    ),
    Allowance("4,000 state transitions", "Step Functions", ("Standard state transition",), Decimal(4_000)),
    Allowance("5 GB of logs", "CloudWatch", (_LOGS, "Logs storage"), Decimal(5)),
    Allowance("10 custom metrics", "CloudWatch", ("custom metric (incl. EMF), first 10,000",), Decimal(10)),
    Allowance("10 alarms", "CloudWatch", ("alarm, standard resolution",), Decimal(10)),
    Allowance("3 dashboards", "CloudWatch", ("dashboard",), Decimal(3)),
    Allowance("100,000 X-Ray traces", "X-Ray", ("traces recorded",), Decimal(100_000)),
    Allowance(
        "14 million schedules", "EventBridge Scheduler", ("invocations above 14M",), Decimal(14_000_000)
    ),
    Allowance("25 GB in DynamoDB", "DynamoDB", ("storage",), Decimal(25)),
)


def free_quantities(used: Sequence[tuple[str, str, Decimal]]) -> list[Decimal]:
    """How much of each (service, item, quantity) of a month is free; same order, never above the quantity.

    An allowance that several items share goes to the first of them until it is used up.
    """
    free = [Decimal(0)] * len(used)
    for allowance in ALWAYS_FREE:
        left = allowance.quantity
        for wanted in allowance.items:
            for index, (service, item, quantity) in enumerate(used):
                if (service, item) == (allowance.service, wanted):
                    free[index] = min(left, quantity)
                    left -= free[index]
    return free
