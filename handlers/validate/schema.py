"""Does a crawled table have the columns that the contract asks for, with types that can be read?"""

from common.errors import DataError
from engage_ml.contract import ACTIVITY_COLUMNS, CUSTOMER_COLUMNS, Column

_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint", "float", "double", "real", "decimal")
_TEXTS = ("string", "varchar", "char")
_DATES = ("date", "timestamp")
# Text can hold anything (crawled CSV often is text): its values are judged row by row, not here.
USABLE: dict[str, tuple[str, ...]] = {
    "string": (*_TEXTS, *_NUMBERS),
    "date": (*_DATES, *_TEXTS),
    "integer": (*_NUMBERS, *_TEXTS),
    "number": (*_NUMBERS, *_TEXTS),
    "boolean": ("boolean", *_TEXTS, *_NUMBERS),
}
# The partition of the activity: from the folder week=YYYY-MM-DD, so text or a date.
WEEK = Column("week", "date", "the Monday, from the folder name")
EXPECTED: dict[str, tuple[Column, ...]] = {
    "customers": CUSTOMER_COLUMNS,
    "activity": (*ACTIVITY_COLUMNS, WEEK),
}


def check_table(table: str, found: dict[str, str] | None) -> None:
    """Raises DataError unless `found` (types by column) holds every required column with a usable type."""
    if not found:
        raise DataError(
            f"The crawler found no table {table} in the raw bucket.",
            hint=f"check that {table}/ holds CSV or Parquet files of one shape, then run the pipeline again",
        )
    required = [column for column in EXPECTED[table] if column.required]
    missing = [column.name for column in required if column.name not in found]
    if missing:
        raise DataError(
            f"The raw table {table} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"it has {', '.join(sorted(found))}.",
            hint="add the columns to the files and run `engage import-data` again",
        )
    wrong = [
        f"{column.name} is {found[column.name]}, not {column.kind}"
        for column in required
        if not found[column.name].startswith(USABLE[column.kind])
    ]
    if wrong:
        raise DataError(
            f"The raw table {table} has columns of a wrong type: {'; '.join(wrong)}.",
            hint="correct the files and run `engage import-data` again",
        )
