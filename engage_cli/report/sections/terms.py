"""What the words mean, with the numbers of this run's contract."""

from engage_ml.contract import RISK_HIGH, RISK_MEDIUM

from engage_cli.report import words
from engage_cli.report.inputs import ReportInputs
from engage_cli.report.page import Section


def section(inputs: ReportInputs) -> Section:
    """The same definitions as in the knowledge documents that answers come from."""
    targets = [f"{words.capital(t.name)}: {t.meaning}." for t in inputs.contract.targets]
    return Section(
        "terms",
        "Terms",
        [],
        notes=[
            *targets,
            f"At risk: in the risk band high, a chance of leaving of {words.share(RISK_HIGH)} or more; "
            f"medium is from {words.share(RISK_MEDIUM)}.",
            "Expected value of customers at risk: the sum of what they are predicted to bring, which "
            "already counts that most of them leave.",
            "Value at stake of a segment: the sum of the chance of leaving times what a customer is worth, "
            "the greater of the expected value and the value of the last 12 weeks over the same horizon.",
            f"Active: at least one active {'day' if inputs.contract.days_known else 'week'} in the "
            f"{words.counted(inputs.contract.recent_weeks, 'week')} before the as-of date.",
            "Test: weeks after those that the models learnt from and were tuned on.",
        ],
    )
