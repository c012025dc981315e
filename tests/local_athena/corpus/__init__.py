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
    more_aggregates,
    more_collections,
    more_dates,
    more_joins,
    more_numbers,
    more_selects,
    more_texts,
    more_types,
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
        writes, basics, refusals, more_aggregates, more_collections, more_dates, more_joins,
        more_numbers, more_selects, more_texts, more_types,
    )
    for case in module.CASES
]  # fmt: skip
