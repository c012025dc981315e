"""The HTML report of a run: one self-contained file, no script, no request to anywhere.

`queries` says what must be asked of the predictions table, `build_report` turns the answers, the
evaluation, the run's facts and its bill into the page. Nothing in it names a customer.
"""

from engage_cli.report.build import ReportInputs, build_report

__all__ = ["ReportInputs", "build_report"]
