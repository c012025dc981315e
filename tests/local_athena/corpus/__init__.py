"""Statements with the results that Trino's and Athena's documentation and semantics give, by group.

Expected results are written from the documentation, never from what the engine printed. An entry that
the engine fails stays, with the reason, and counts as failed: `python -m tests.local_athena.corpus
engage_cli/local/README.md` writes the pass rates into the README.
"""

from tests.local_athena.corpus import (
    aggregates,
    basics,
    catalog,
    collections,
    conversion,
    dates,
    json,
    math,
    newcomer_functions,
    newcomer_queries,
    queries,
    refusals,
    strings,
    tables,
    writes,
)
from tests.local_athena.corpus.case import Case

CORPUS: list[Case] = [
    case
    for module in (
        math, conversion, dates, strings, collections, json, aggregates, queries, tables, catalog,
        writes, basics, refusals, newcomer_functions, newcomer_queries,
    )
    for case in module.CASES
]  # fmt: skip
