"""The HTML report of a run: one self-contained file, no script, no request to anywhere.

    collect   documents of the run and a few queries          -> ReportInputs
    summary   what the first screen and `--json` say          -> Summary
    sections  one module a section, each a function           -> page.Section
    build     the page of them

A section whose data a run does not have says so. Nothing names a customer.
"""

from engage_cli.report.build import build_report
from engage_cli.report.inputs import ReportInputs

__all__ = ["ReportInputs", "build_report"]
