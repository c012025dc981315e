"""Tables that a step makes with CTAS, so that a repeated step succeeds."""

from collections.abc import Sequence
from dataclasses import dataclass

from common import athena, catalog, s3
from common.settings import Settings


@dataclass(frozen=True)
class NewTable:
    """A table of the lake to be made by `statement` (a CTAS) under `prefix` of the lake bucket."""

    name: str
    prefix: str
    statement: str


def location(settings: Settings, prefix: str) -> str:
    """The S3 address of a prefix of the lake bucket."""
    return f"s3://{settings.lake_bucket}/{prefix}"


def make(settings: Settings, tables: Sequence[NewTable]) -> None:
    """Makes the tables at the same time; what an earlier attempt left of them is removed first.

    CTAS refuses a table that exists and a location that holds objects: without the removal, a retry
    after a lost answer would fail for ever.
    """
    for table in tables:
        catalog.drop_table(settings.lake_database, table.name)
        s3.delete_prefix(settings.lake_bucket, table.prefix)
    athena.run_all(
        [(table.statement, settings.lake_database) for table in tables], workgroup=settings.workgroup
    )
