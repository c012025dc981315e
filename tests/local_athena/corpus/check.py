"""Runs one entry of the corpus."""

from typing import Any

import sqlglot
from sqlglot import exp

from engage_cli.local.athena.errors import QueryError
from tests.local_athena.corpus.case import Case, Step
from tests.local_athena.fakes import Athena


def problem(athena: Athena, case: Case) -> str | None:
    """Run an entry. Return what is not as expected, or None. Bugs of the engine are not caught."""
    for address, content in case.files:
        athena.put(address, content)
    for step in case.steps:
        found = _problem(athena, step)
        if found is not None:
            return f"{step.sql}\n{found}"
    return None


def _problem(athena: Athena, step: Step) -> str | None:
    try:
        columns, rows = athena.result(step.sql)
    except QueryError as error:
        if step.failure and step.failure in str(error):
            return None
        return f"failed: {error}" + (f"\nexpected: {step.failure}" if step.failure else "")
    if step.failure:
        return f"did not fail: {step.failure}"
    in_order = list if _is_ordered(step.sql) else _sorted
    for what, expected, actual in (
        ("rows", None if step.rows is None else in_order(step.rows), in_order(rows)),
        ("types", step.types or None, tuple(column.type for column in columns)),
        ("names", step.names or None, tuple(column.name for column in columns)),
    ):
        if expected is not None and expected != actual:
            return f"{what}: {actual}\nexpected: {expected}"
    return None


def _is_ordered(sql: str) -> bool:
    """Whether the order of a statement's rows is part of its result: a query without ORDER BY has none."""
    try:
        tree = sqlglot.parse_one(sql, read="trino")
    except sqlglot.ParseError:
        return True
    return not isinstance(tree, exp.Query) or tree.args.get("order") is not None


def _sorted(rows: Any) -> list[Any]:
    return sorted(rows, key=repr)
