"""What a contract and its files make possible: weeks, splits, features; or why nothing is."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from engage_ml.contract import HISTORY_WEEKS, STEP_WEEKS, ContractError
from engage_ml.data_contract import DataContract
from engage_ml.dictionary import dictionary

from engage_cli.datagen.contract_file import FileContract
from engage_cli.datagen.import_report import ImportReport

FEWEST_CUSTOMERS = 200
"""With fewer customers scores are mostly noise; a run is still possible."""

_NO_HISTORY = (
    "There is no history of activity, so nothing can be predicted: what a customer will do is learnt from "
    "what customers like them did before."
)
_RANDOM_SPLIT = (
    "A table with one row for each customer, even with a column that says who has left, holds no dates. It "
    "cannot be split by time, and scores of a random split are not shown: they use the future and promise "
    "too much."
)
_POSSIBLE = (
    "One row for each event or each week of a customer, with its time, makes it possible: orders, log-ins, "
    "calls, payments. Attributes of customers then help to score those who have little history."
)


@dataclass(frozen=True)
class Check:
    """The answer. `possible`: whether a run would work; None without files, when nobody can know."""

    contract: str
    possible: bool | None
    predictions: dict[str, str] = field(default_factory=dict)
    """By target: what it means, with its horizon."""
    features: int = 0
    weeks: int = 0
    weeks_needed: int = 0
    as_of: date | None = None
    splits: dict[str, dict[str, str]] = field(default_factory=dict)
    """By target: the cut-offs of training, validation and test."""
    customers: int = 0
    report: ImportReport | None = None
    reasons: tuple[str, ...] = ()
    """Why it is not possible, and what would make it so."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        from dataclasses import asdict

        return asdict(self)


def check_contract(found: FileContract) -> Check:
    """What a contract asks for, without any file."""
    return Check(**_asked(found.contract), possible=None)


def check_files(found: FileContract, report: ImportReport, *, today: date) -> Check:
    """What the files make possible; `report` is that of an import of them which put nothing."""
    contract = found.contract
    asked = _asked(contract)
    if not report.weeks:
        reasons = (_NO_HISTORY, _POSSIBLE)
        return Check(**asked, possible=False, report=report, customers=report.customer_count, reasons=reasons)
    complete = [week for week in report.weeks if week + timedelta(weeks=1) <= today + timedelta(days=1)]
    if not complete:
        reasons = ("No week of the activity is over yet.", "Come back when one is.")
        return Check(**asked, possible=False, report=report, customers=report.customer_count, reasons=reasons)
    as_of = complete[-1] + timedelta(weeks=1)
    weeks = min(HISTORY_WEEKS, (as_of - complete[0]).days // 7)
    asked |= {
        "weeks": weeks,
        "as_of": as_of,
        "customers": report.customer_count,
        "report": report,
    }
    if not report.returning:
        return Check(**asked, possible=False, reasons=_nobody_returns(found))
    try:
        plan = contract.split(as_of, complete[0], complete[-1])
    except ContractError as error:
        why = (str(error), *_shorter(contract, weeks, as_of))
        return Check(**asked, possible=False, reasons=why)
    splits = {
        target: {
            "train": ", ".join(d.isoformat() for d in sorted(plan.train[target])),
            "validation": plan.validation[target].isoformat(),
            "test": plan.test[target].isoformat(),
        }
        for target in plan.train
    }
    return Check(**asked, possible=True, splits=splits, notes=_few(report))


def check_customers_only(name: str) -> Check:
    """What customers without any activity make possible."""
    reasons = (_NO_HISTORY, _RANDOM_SPLIT, _POSSIBLE)
    return Check(name, possible=False, reasons=reasons)


def _asked(contract: DataContract) -> dict[str, Any]:
    return {
        "contract": contract.name,
        "predictions": {t.name: t.meaning for t in contract.targets},
        "features": len(dictionary(contract).features),
        "weeks_needed": contract.weeks_needed,
    }


def _nobody_returns(found: FileContract) -> tuple[str, ...]:
    column = found.activity.customer
    return (
        "No customer has activity in more than one week, so nothing tells who comes back from who does not.",
        f"If {column!r} is the number of an order or a visit, name the column of the person as customer in "
        "[activity], or join it from the file that has it.",
    )


def _shorter(contract: DataContract, weeks: int, as_of: date) -> list[str]:
    """What would be possible with so many weeks, and when the contract will be."""
    when = as_of + timedelta(weeks=contract.weeks_needed - weeks)
    later = f"With the activity up to {when} the contract works as it is."
    longest = (weeks - 12) // 3 // STEP_WEEKS * STEP_WEEKS
    if longest < STEP_WEEKS:
        least = 3 * STEP_WEEKS + 12
        return [
            f"The shortest that works is {least} weeks: horizons of {STEP_WEEKS} and a lookback of 12.",
            later,
        ]
    fits = ", ".join(f"{t}_weeks = {min(h, longest)}" for t, h in contract.horizons.items())
    return [f"With these {weeks} weeks this works: [predict] {fits}, lookback_weeks = 12.", later]


def _few(report: ImportReport) -> tuple[str, ...]:
    if 0 < report.customer_count < FEWEST_CUSTOMERS:
        return (f"There are only {report.customer_count} customers: scores of so few are mostly chance.",)
    return ()
