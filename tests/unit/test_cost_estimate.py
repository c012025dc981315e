"""Another number of customers, scaled from a measured run."""

from dataclasses import replace
from decimal import Decimal

import cost_support
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.cost import estimate, model, pricebook, usage
from engage_cli.cost.usage import Usage
from engage_cli.errors import UserError

BOOK = pricebook.load()
MEASURED = usage.parse(cost_support.document_text())


def quantity(of: Usage, service: str, item: str) -> Decimal:
    return sum(
        (r.quantity or Decimal(0) for r in of.records if (r.service, r.item) == (service, item)), Decimal()
    )


def run_cost(customers: int) -> Decimal:
    return model.cost_report(estimate.scale(MEASURED, customers).usage, BOOK).run.usd


def test_the_measured_number_of_customers_costs_what_was_measured() -> None:
    same = estimate.scale(MEASURED, 100_000).usage
    assert [(r.item, r.quantity) for r in same.records] == [(r.item, r.quantity) for r in MEASURED.records]


@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_more_customers_never_cost_less(a: int, b: int) -> None:
    low, high = sorted((a, b))
    # Seconds are rounded up for each task: splitting the same work over more tasks may cost a second of each.
    slack = Decimal("0.0001") * estimate.MOST_SHARDS
    assert run_cost(low) <= run_cost(high) + slack


def test_a_small_run_still_pays_ten_megabytes_a_query_and_ten_minutes_of_crawl() -> None:
    small = estimate.scale(MEASURED, 100).usage
    assert quantity(small, "Athena", "SQL data scanned") == Decimal("0.00002")  # two queries at 10 MB
    assert quantity(small, "Glue", "Crawler") == quantity(MEASURED, "Glue", "Crawler")


def test_every_task_pays_its_first_minute() -> None:
    small = estimate.scale(MEASURED, 100).usage
    assert {task.billed_seconds for task in small.tasks} == {Decimal(60)}
    assert len([t for t in small.tasks if t.family.endswith("-inference")]) == 1


def test_inference_gets_a_task_for_each_50_000_customers_and_the_map_as_many_steps() -> None:
    large = estimate.scale(MEASURED, 1_000_000).usage
    assert len([t for t in large.tasks if t.family.endswith("-inference")]) == 20
    transitions = {r.detail: r.quantity for r in large.records if r.service == "Step Functions"}
    assert transitions == {"state machine": 24, "map children": 40}


def test_training_time_grows_with_the_customers_but_not_its_start() -> None:
    large = estimate.scale(MEASURED, 200_000).usage
    training = next(t for t in large.tasks if t.family.endswith("-training"))
    assert (training.start_seconds, training.run_seconds, training.billed_seconds) == (30, 300, 330)


def test_what_does_not_depend_on_customers_stays() -> None:
    large = estimate.scale(MEASURED, 10_000_000).usage
    for service, item in (("CloudWatch", "dashboard"), ("Secrets Manager", "secret"), ("Lambda", "requests")):
        assert quantity(large, service, item) == quantity(MEASURED, service, item)


def test_what_was_not_metered_stays_unknown() -> None:
    large = estimate.scale(MEASURED, 10_000_000).usage
    assert [r.item for r in large.records if r.quantity is None] == ["GET and others"]


def test_an_estimate_far_from_the_measured_run_carries_a_warning() -> None:
    assert estimate.scale(MEASURED, 60_000_000).warning is not None
    assert estimate.scale(MEASURED, 200_000).warning is None


@pytest.mark.parametrize("customers", [0, -5])
def test_no_customers_are_refused(customers: int) -> None:
    with pytest.raises(UserError, match="at least 1"):
        estimate.scale(MEASURED, customers)


def test_a_run_that_does_not_say_how_many_customers_it_had_cannot_be_scaled() -> None:
    with pytest.raises(UserError, match="how many customers"):
        estimate.scale(replace(MEASURED, customers=None), 10)


@pytest.mark.parametrize(("customers", "shards"), [(1, 1), (50_000, 1), (50_001, 2), (10**9, 100)])
def test_shards_follow_the_pipelines_rule(customers: int, shards: int) -> None:
    from engage_ml import contract

    assert estimate.shard_count(customers) == contract.shard_count(customers) == shards
