"""Does a crawled table have the columns that the contract asks for, with types that can be read?"""

from common.errors import DataError
from engage_ml.data_contract import AMOUNT, BOOLEAN, CATEGORY, EVENTS, NUMBER, DataContract

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
KINDS = {CATEGORY: "string", NUMBER: "number", BOOLEAN: "boolean"}


def expected(contract: DataContract) -> dict[str, dict[str, str]]:
    """The columns that each raw table must have, with their kinds."""
    own = {a.name: KINDS[a.kind] for a in (*contract.attributes, *contract.protected)}
    measures = {m.name: "number" if m.kind == AMOUNT else "integer" for m in contract.raw_measures}
    # The partition of the activity: from the folder week=YYYY-MM-DD, so text or a date.
    activity = {"customer_id": "string", "week": "date"}
    if contract.kind == EVENTS:
        activity |= {"event_time": "date"} | ({"event_type": "string"} if contract.types else {})
    elif contract.days_known:
        activity["active_days"] = "integer"
    return {
        "customers": {"customer_id": "string", "signup_date": "date", **own},
        "activity": activity | measures,
    }


def check_table(table: str, required: dict[str, str], found: dict[str, str] | None) -> None:
    """Raises DataError unless `found` (types by column) holds every required column with a usable type."""
    if not found:
        raise DataError(
            f"The crawler found no table {table} in the raw bucket.",
            hint=f"check that {table}/ holds CSV or Parquet files of one shape, then run the pipeline again",
        )
    missing = [name for name in required if name not in found]
    if missing:
        raise DataError(
            f"The raw table {table} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"it has {', '.join(sorted(found))}.",
            hint="add the columns to the files and run `engage import-data` again",
        )
    wrong = [
        f"{name} is {found[name]}, not {kind}"
        for name, kind in required.items()
        if not found[name].startswith(USABLE[kind])
    ]
    if wrong:
        raise DataError(
            f"The raw table {table} has columns of a wrong type: {'; '.join(wrong)}.",
            hint="correct the files and run `engage import-data` again",
        )
