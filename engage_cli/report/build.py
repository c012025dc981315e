"""Puts the page together from its first screen and its sections."""

from importlib import resources

from engage_cli.report.inputs import ReportInputs
from engage_cli.report.sections import SECTIONS
from engage_cli.report.summary import summarise


def build_report(inputs: ReportInputs) -> str:
    """Return the page: one HTML document that needs nothing else."""
    from jinja2 import Environment

    from engage_cli.report import words

    # Autoescape: names of countries, plans and the like come from customers' files.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_asset("page.html.j2"))
    return template.render(
        inputs=inputs,
        style=_asset("page.css"),
        summary=summarise(inputs),
        sections=[build(inputs) for build in SECTIONS],
        words=words,
        unit=inputs.contract.value_unit,
    )


def _asset(name: str) -> str:
    return resources.files("engage_cli.report").joinpath(name).read_text(encoding="utf-8")
