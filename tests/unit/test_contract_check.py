"""`data-contract check`: what a history allows, and what is missing."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from engage_cli.datagen.contract_check import check_files
from engage_cli.errors import UserError
from tests.unit.contract_support import EVENTS, TODAY, Owner, days


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def test_customers_without_a_history_are_told_what_is_missing(owner: Owner) -> None:
    people = owner.write(
        "telco.csv", "customerID,tenure,Contract,Churn\n" + "".join(f"T{n},{n},m,Yes\n" for n in range(60))
    )
    text = owner.init(people)
    assert "# [activity]" in text
    assert 'ignore = ["tenure", "Contract", "Churn"]' in text
    check = owner.check(people)
    assert check.possible is False
    told = " ".join(check.reasons)
    assert "no history" in told
    assert "scores of a random split are not shown" in told
    assert "One row for each event" in told
    with pytest.raises(UserError, match=r"no section \[activity\]"):
        owner.load(people)


def test_too_short_a_history_is_told_what_would_do(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS)
    path = owner.write("1.csv", days(*(str(date(2025, 1, 5) + timedelta(weeks=n)) for n in range(30))))
    check = owner.check(None, path)
    assert check.possible is False
    assert (check.weeks, check.weeks_needed) == (30, 48)
    assert "value_weeks = 4" in check.reasons[1]
    assert "2025-12-01" in check.reasons[2], "18 weeks later"
    short = owner.write("2.csv", days(*(str(date(2025, 1, 5) + timedelta(weeks=n)) for n in range(20))))
    assert "The shortest that works is 24 weeks" in owner.check(None, short).reasons[1]


def test_what_is_proposed_for_a_short_history_works(owner: Owner) -> None:
    path = owner.write("1.csv", days(*(str(date(2025, 1, 5) + timedelta(weeks=n)) for n in range(30))))
    owner.contract_file.write_text(EVENTS + "[predict]\nvalue_weeks = 4\n")
    check = owner.check(None, path)
    assert check.possible
    assert check.splits["value"]["test"] == "2025-06-30"
    assert "only 1 customers" in check.notes[0]


def test_a_week_that_is_not_over_by_the_clock_is_no_history(owner: Owner) -> None:
    report = owner.read(
        EVENTS, days(*(str(TODAY - timedelta(days=1) - timedelta(weeks=n)) for n in range(50)))
    )
    owner.contract_file.write_text(EVENTS)
    whole = check_files(owner.contract, report, today=TODAY)
    early = check_files(owner.contract, report, today=TODAY - timedelta(days=3))
    assert whole.as_of is not None
    assert early.as_of == whole.as_of - timedelta(weeks=1)
    nothing = check_files(owner.contract, replace(report, weeks=(TODAY,)), today=TODAY)
    assert nothing.possible is False


def test_a_contract_alone_is_checked_without_files(owner: Owner) -> None:
    owner.contract_file.write_text(EVENTS + '[predict]\ncurrency = "EUR"\n')
    check = owner.check(None)
    assert check.possible is None
    assert check.weeks_needed == 48
    assert check.predictions["value"].endswith("EUR")
    assert check.features > 30
