"""Statements give what Trino and Athena give: the corpus, entry by entry, and its table in the README."""

from pathlib import Path

import pytest

from tests.local_athena.corpus import CORPUS
from tests.local_athena.corpus.case import ATHENA, TRINO, Case, Step
from tests.local_athena.corpus.check import problem
from tests.local_athena.corpus.rates import rewritten
from tests.local_athena.fakes import Athena

README = Path(__file__).parents[2] / "engage_cli" / "local" / "README.md"


def _parameters() -> list[object]:
    return [
        pytest.param(
            case,
            id=f"{case.group}-{i}",
            marks=[pytest.mark.xfail(reason=case.known_failure, strict=True)] if case.known_failure else [],
        )
        for i, case in enumerate(CORPUS)
    ]


@pytest.mark.parametrize("case", _parameters())
def test_an_entry_of_the_corpus_gives_what_the_documentation_says(athena: Athena, case: Case) -> None:
    athena.reset()
    assert problem(athena, case) is None, case.source


@pytest.mark.parametrize(("end", "told"), [("", False), (" ORDER BY x", True)])
def test_the_order_of_rows_counts_where_the_statement_says_one(athena: Athena, end: str, told: bool) -> None:
    step = Step(f"SELECT x FROM (VALUES 1, 2) AS t(x){end}", (("2",), ("1",)))
    assert (problem(athena, Case("g", "s", TRINO, (step,))) is not None) is told


def test_every_entry_has_a_page_of_the_documentation_as_its_source() -> None:
    assert [case.steps[0].sql for case in CORPUS if not case.source.startswith((TRINO, ATHENA))] == []


def test_the_table_of_pass_rates_in_the_readme_is_current() -> None:
    page = README.read_text(encoding="utf-8")
    assert rewritten(page) == page, "python -m tests.local_athena.corpus engage_cli/local/README.md"
