"""What another number of customers would cost, scaled from a run that was measured.

One measurement cannot tell a fixed part from a growing one, so each kind of usage follows a stated rule
(`ASSUMPTIONS`), on the dear side where in doubt. Minimums are applied again after scaling: twice the
customers does not double ten queries that were billed at their 10 MB minimum.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from engage_cli.cost.usage import Record, Task, Usage
from engage_cli.errors import UserError

CUSTOMERS_PER_SHARD = 50_000
MOST_SHARDS = 100
FARGATE_MINIMUM_SECONDS = 60
ATHENA_MINIMUM_MB = 10
CRAWL_MINIMUM_SECONDS = 600
FAR_FROM_MEASURED = 10
_MB = 10**6

ASSUMPTIONS = (
    "Container run time grows with the customers; the time to pull and start an image does not. "
    "Task sizes stay: whether the memory is enough for more customers is not checked.",
    f"Inference runs one task for each {CUSTOMERS_PER_SHARD:,} customers, at most {MOST_SHARDS} tasks.",
    "Lambda time grows with the customers (the dear side: much of it is fixed); the calls do not.",
    f"Athena scans in proportion to the customers, each query at least {ATHENA_MINIMUM_MB} MB.",
    "The crawl grows with the customers, at least ten minutes.",
    "Stored bytes grow with the customers; objects, logs and map steps with the number of inference tasks.",
    "Metrics, alarms, dashboards, images, secrets and knowledge documents stay as they are.",
)


@dataclass(frozen=True)
class Estimate:
    """A usage that nobody measured, the rules behind it, and a warning when it is far-fetched."""

    usage: Usage
    assumptions: tuple[str, ...]
    warning: str | None


def shard_count(customers: int) -> int:
    """Return the inference tasks of a run (the pipeline's own rule)."""
    return min(MOST_SHARDS, max(1, math.ceil(customers / CUSTOMERS_PER_SHARD)))


def scale(measured: Usage, customers: int) -> Estimate:
    """Scale a measured run to `customers`. Raises UserError when the run's own number is not known."""
    if customers < 1:
        raise UserError(f"The number of customers must be at least 1, not {customers}.")
    if not measured.customers:
        raise UserError(
            f"The usage of run {measured.run_id} does not say how many customers it had.",
            hint="run the pipeline again and use that run",
        )
    scaling = _Scaling(measured, customers)
    usage = replace(
        measured,
        records=[scaling.record(record) for record in measured.records],
        tasks=scaling.tasks,
        customers=customers,
        predictions=None if measured.predictions is None else customers,
        n_shards=shard_count(customers),
        queries_scanned_bytes=scaling.scanned,
    )
    far = max(scaling.factor, 1 / scaling.factor) > FAR_FROM_MEASURED
    warning = (
        f"{customers:,} customers is far from the {measured.customers:,} of the measured run: "
        "take it as an order of magnitude, and measure a larger run."
    )
    return Estimate(usage, ASSUMPTIONS, warning if far else None)


class _Scaling:
    """Applies the rules to one usage."""

    def __init__(self, measured: Usage, customers: int) -> None:
        self._measured = measured
        self.factor = Decimal(customers) / Decimal(measured.customers or 1)
        before = measured.n_shards or shard_count(measured.customers or 1)
        self.shards = Decimal(shard_count(customers)) / before
        self.tasks = [task for group in self._task_groups() for task in self._scaled(group)]
        self.scanned = [math.ceil(size * self.factor) for size in measured.queries_scanned_bytes]
        self._rules: dict[str, Callable[[Record, Decimal], Decimal]] = {
            "Step Functions": lambda r, q: q * self.shards if r.detail == "map children" else q,
            "Fargate": self._fargate,
            "Fargate Spot": self._fargate,
            "VPC": lambda r, q: q * self._task_time_ratio(measured.tasks, self.tasks),
            "Lambda": lambda r, q: q if r.item == "requests" else q * self.factor,
            "Athena": lambda r, q: self._athena(q),
            "Glue": lambda r, q: self._crawl(q),
            "S3": lambda r, q: q * (self.factor if r.unit == "GB-month" else self.shards),
        }

    def record(self, record: Record) -> Record:
        """Return the record at the other number of customers."""
        if record.quantity is None:
            return record
        if record.item == "Logs ingest, Standard":
            quantity = record.quantity * self.shards
        elif record.service in self._rules:
            quantity = self._rules[record.service](record, record.quantity)
        else:
            return record
        return replace(record, quantity=quantity, source=f"estimated from: {record.source}")

    def _task_groups(self) -> list[list[Task]]:
        groups: dict[str, list[Task]] = {}
        for task in self._measured.tasks:
            groups.setdefault(task.family, []).append(task)
        return list(groups.values())

    def _scaled(self, group: list[Task]) -> Iterable[Task]:
        if not group[0].family.endswith("-inference"):
            return [_task(task, task.start_seconds, task.run_seconds * self.factor) for task in group]
        # All customers pass through the shards, so the run seconds of all tasks together grow with them.
        count = max(1, round(len(group) * self.shards))
        start = sum((t.start_seconds for t in group), Decimal(0)) / len(group)
        run = sum((t.run_seconds for t in group), Decimal(0)) * self.factor / count
        return [_task(group[0], start, run)] * count

    def _fargate(self, record: Record, quantity: Decimal) -> Decimal:
        family = record.detail.split(":", 1)[0]
        before = [t for t in self._measured.tasks if t.family == family] or self._measured.tasks
        after = [t for t in self.tasks if t.family == family] or self.tasks
        return quantity * self._task_time_ratio(before, after)

    def _task_time_ratio(self, before: list[Task], after: list[Task]) -> Decimal:
        measured = sum((task.billed_seconds for task in before), Decimal(0))
        if not measured:
            return self.factor  # the times are not in the file: in proportion
        return sum((task.billed_seconds for task in after), Decimal(0)) / measured

    def _athena(self, quantity: Decimal) -> Decimal:
        if not self.scanned:
            return quantity * self.factor
        return Decimal(sum(max(ATHENA_MINIMUM_MB, math.ceil(size / _MB)) for size in self.scanned)) / _MB

    def _crawl(self, quantity: Decimal) -> Decimal:
        seconds = self._measured.crawl_seconds
        if not seconds:
            return quantity * max(Decimal(1), self.factor)
        minimum = Decimal(CRAWL_MINIMUM_SECONDS)
        return quantity * max(minimum, seconds * self.factor) / max(minimum, seconds)


def _task(task: Task, start: Decimal, run: Decimal) -> Task:
    billed = Decimal(max(FARGATE_MINIMUM_SECONDS, math.ceil(start + run)))
    return replace(task, start_seconds=start, run_seconds=run, billed_seconds=billed)
