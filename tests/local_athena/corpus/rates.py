"""The pass rate of the corpus by group, as a table for the README.

It is counted from the entries alone: the tests fail for an entry that is not as it says, in both
directions, so nothing has to be run again to know which ones pass.
"""

from collections import Counter

from tests.local_athena.corpus import CORPUS

BEGIN, END = "<!-- athena:begin -->", "<!-- athena:end -->"


def table() -> str:
    """Return the table and, below it, what each known failure is about."""
    every = Counter(case.group for case in CORPUS)
    failed = Counter(case.group for case in CORPUS if case.known_failure)
    lines = ["| group | entries | pass | rate |", "|---|---|---|---|"]
    lines += [_line(group, count, count - failed[group]) for group, count in every.items()]
    lines.append(_line("all", every.total(), every.total() - failed.total()))
    known = [f"- {case.group}: {case.known_failure}." for case in CORPUS if case.known_failure]
    return "\n".join([*lines, "", "Entries that fail, and why:", "", *dict.fromkeys(known)])


def _line(group: str, count: int, passed: int) -> str:
    return f"| {group} | {count} | {passed} | {100 * passed / count:.1f} % |"


def rewritten(page: str) -> str:
    """Return a page with the current table between its markers."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"
