"""The arithmetic of bills: exact, additive, monotonic, and never a zero for what is unknown."""

import json
from decimal import Decimal

import cost_support
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.cost import free_tier, model, pricebook, usage
from engage_cli.cost.pricebook import PriceBook, PriceError
from engage_cli.cost.usage import Record

BOOK = pricebook.load()
PRICED = sorted((p.service, p.item, p.unit) for p in BOOK if p.usd is not None)

quantities = st.decimals(min_value=0, max_value=10**9, places=6, allow_nan=False, allow_infinity=False)
keys = st.sampled_from(PRICED)
records = st.builds(
    lambda key, q, per: Record(key[0], key[1], q, key[2], "d", "s", per),
    keys,
    quantities,
    st.sampled_from(["run", "month"]),
)


def used(service: str, item: str, quantity: str | None, unit: str, per: usage.Per = "run") -> Record:
    return Record(service, item, None if quantity is None else Decimal(quantity), unit, "d", "s", per)


def cost(*lines: Record) -> Decimal:
    return model.total(model.price(lines, BOOK)).usd


# --- known examples: section 5 of the facts


@pytest.mark.parametrize(
    ("architecture", "vcpu", "memory", "monthly"),
    [
        ("x86", 4, 30, "1.07"),
        ("ARM64", 4, 30, "0.85"),
        ("x86", 4, 16, "0.84"),
        ("x86", 8, 60, "2.13"),
        ("x86", 16, 64, "3.37"),
    ],
)
def test_fifty_minutes_of_fargate_a_week_cost_what_aws_would_bill(
    architecture: str, vcpu: int, memory: int, monthly: str
) -> None:
    hours = Decimal(50) / 60
    lines = model.price(
        [
            Record("Fargate", f"Linux {architecture} vCPU", vcpu * hours, "vCPU-hour", "", ""),
            Record("Fargate", f"Linux {architecture} memory", memory * hours, "GB-hour", "", ""),
        ],
        BOOK,
    )
    month = model.month(lines, model.WEEKLY_RUNS_PER_MONTH)
    assert month.list_price.usd.quantize(Decimal("0.01")) == Decimal(monthly)


def test_217_transitions_cost_half_a_cent_and_nothing_within_the_allowance() -> None:
    lines = model.price([used("Step Functions", "Standard state transition", "217", "transition")], BOOK)
    assert model.total(lines).usd == Decimal("0.005425")
    month = model.month(lines, model.WEEKLY_RUNS_PER_MONTH)
    assert month.list_price.usd.quantize(Decimal("0.0001")) == Decimal("0.0235")
    assert month.after_free_tier.usd == 0


def test_240_gb_scanned_by_athena_cost_a_dollar_twenty() -> None:
    assert cost(used("Athena", "SQL data scanned", "0.24", "TB")) == Decimal("1.2")


def test_a_crawl_of_ten_minutes_with_two_dpus_costs_15_cents() -> None:
    crawl = cost(Record("Glue", "Crawler", Decimal(2) * 600 / 3600, "DPU-hour", "", ""))
    assert crawl.quantize(Decimal("0.001")) == Decimal("0.147")


def test_a_second_of_a_2_gb_arm_function_costs_what_the_book_says() -> None:
    assert cost(used("Lambda", "ARM64 duration (tier 1)", "2", "GB-second")) == Decimal("0.0000266668")


# --- properties


@given(records, records)
def test_two_bills_together_cost_the_sum_of_both(a: Record, b: Record) -> None:
    assert cost(a, b) == cost(a) + cost(b)


@given(keys, quantities, quantities)
def test_two_quantities_of_an_item_cost_as_much_as_their_sum(
    key: tuple[str, str, str], a: Decimal, b: Decimal
) -> None:
    def line(quantity: Decimal) -> Record:
        return Record(key[0], key[1], quantity, key[2], "", "")

    assert cost(line(a), line(b)) == cost(line(a + b))


@given(keys, quantities, quantities)
def test_more_never_costs_less(key: tuple[str, str, str], a: Decimal, b: Decimal) -> None:
    low, high = sorted((a, b))
    assert cost(Record(key[0], key[1], low, key[2], "", "")) <= cost(
        Record(key[0], key[1], high, key[2], "", "")
    )


@given(st.lists(records, max_size=8), st.decimals(min_value=0, max_value=100, places=2))
def test_the_allowances_never_add_cost_and_never_make_it_negative(lines: list[Record], runs: Decimal) -> None:
    month = model.month(model.price(lines, BOOK), runs)
    assert 0 <= month.after_free_tier.usd <= month.list_price.usd


@given(st.lists(quantities, min_size=1, max_size=5))
def test_an_allowance_is_given_once_however_many_lines_share_it(amounts: list[Decimal]) -> None:
    used_up = [("Lambda", "ARM64 duration (tier 1)", q) for q in amounts]
    free = free_tier.free_quantities(used_up)
    assert sum(free) == min(Decimal(400_000), sum(amounts))


def test_prices_are_exact_decimals_and_no_floats() -> None:
    assert BOOK.price("Lambda", "requests").usd == Decimal("0.0000002")
    assert cost(used("Lambda", "requests", "3", "request")) == Decimal("0.0000006")


# --- unknowns


def test_an_item_without_a_row_is_an_error_and_never_free() -> None:
    with pytest.raises(PriceError, match="no item 'teleport' of Lambda"):
        model.price([used("Lambda", "teleport", "1", "request")], BOOK)


def test_a_quantity_in_another_unit_than_the_price_is_an_error() -> None:
    with pytest.raises(PriceError, match="per TB"):
        model.price([used("Athena", "SQL data scanned", "1", "GB")], BOOK)


def test_a_unit_matches_whatever_remark_follows_it_in_the_book() -> None:
    price = BOOK.price("CloudWatch", "custom metric (incl. EMF), first 10,000")
    price.check_unit("metric-month")
    with pytest.raises(PriceError):
        price.check_unit("metric")


def test_what_was_not_metered_has_an_unknown_cost_and_the_total_says_at_least() -> None:
    lines = model.price(
        [used("S3", "GET and others", None, "request"), used("Lambda", "requests", "10", "request")], BOOK
    )
    assert lines[0].usd is None
    assert model.total(lines) == model.Total(Decimal("0.000002"), at_least=True)


def test_an_item_whose_price_nobody_knows_has_an_unknown_cost() -> None:
    lines = model.price([used("ECS Container Insights", "enabled cluster", "5", "metrics")], BOOK)
    assert lines[0].usd is None
    assert model.month(lines, Decimal(1)).after_free_tier.at_least


def test_a_negative_number_of_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        model.month([], Decimal(-1))


# --- the whole report


def test_the_month_has_the_runs_and_what_is_paid_without_any() -> None:
    report = model.cost_report(usage.parse(cost_support.document_text()), BOOK)
    run = sum(line.usd for line in report.lines if line.per == "run" and line.usd is not None)
    fixed = sum(line.usd for line in report.lines if line.per == "month" and line.usd is not None)
    assert report.run.usd == run
    expected = run * model.WEEKLY_RUNS_PER_MONTH + fixed
    assert abs(report.month.list_price.usd - expected) < Decimal("1e-20")
    assert report.run.at_least


def test_the_cost_of_a_thousand_predictions_is_a_hundredth_of_a_run_of_100_000() -> None:
    report = model.cost_report(usage.parse(cost_support.document_text()), BOOK)
    assert report.per_thousand_predictions == report.run.times(Decimal("0.01"))


@pytest.mark.parametrize("predictions", [None, 0])
def test_without_predictions_there_is_no_cost_of_a_thousand(predictions: int | None) -> None:
    parsed = usage.parse(cost_support.document_text(predictions=predictions))
    assert model.cost_report(parsed, BOOK).per_thousand_predictions is None


# --- the price book


def test_every_row_of_the_book_has_a_source_and_a_unit() -> None:
    for row in BOOK:
        assert row.source, row
        assert row.unit, row
        assert row.usd is None or row.usd >= 0, row


def test_an_item_that_is_twice_in_a_book_is_refused() -> None:
    row = next(iter(BOOK))
    with pytest.raises(PriceError, match="twice"):
        PriceBook([row, row], "us-east-1", "today")


def test_every_allowance_is_of_an_item_that_the_book_has() -> None:
    for allowance in free_tier.ALWAYS_FREE:
        for item in allowance.items:
            assert (allowance.service, item) in BOOK, allowance


def test_a_usage_file_of_another_version_is_refused() -> None:
    with pytest.raises(Exception, match="schema version 2"):
        usage.parse(json.dumps({"schema_version": 2}))
