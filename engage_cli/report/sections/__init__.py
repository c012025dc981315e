"""The sections of the page, in its order. Each is a function of the inputs that returns a `page.Section`."""

from collections.abc import Callable

from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Section
from engage_cli.report.sections import (
    amounts,
    churn,
    customers,
    drift,
    fairness,
    model,
    origin,
    run,
    scores,
    terms,
)

SECTIONS: tuple[Callable[[ReportInputs], Section], ...] = (
    customers.section,
    scores.section,
    churn.section,
    amounts.section,
    model.section,
    drift.section,
    fairness.section,
    origin.section,
    run.section,
    terms.section,
)
