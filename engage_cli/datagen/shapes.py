"""The two raw shapes: single source for generation, import and docs.

`week` is a column of the activity shape for the reader, yet in the bucket it is the hive partition
`week=YYYY-MM-DD` and no column inside the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

ColumnType = Literal["string", "date", "time", "int", "long", "double", "boolean"]
Format = Literal["parquet", "csv"]

FORMATS: tuple[Format, ...] = ("parquet", "csv")
CUSTOMERS_PREFIX = "customers"
ACTIVITY_PREFIX = "activity"
TRUTH_PREFIX = "truth/customers"


@dataclass(frozen=True)
class Column:
    """One raw column. An optional column that an imported file lacks is filled with `default`."""

    name: str
    type: ColumnType
    required: bool = False
    default: object = None
    minimum: float | None = None
    maximum: float | None = None
    personal: bool = False
    """Names and e-mails: never repeated in a message, a report or a log."""
    reading: "Reading | None" = None
    """How a column of a user's own contract is read; None: as `engage generate-data` writes it."""

    @property
    def said(self) -> str:
        """What the user calls it: their own column, or the product of two."""
        if self.reading is None:
            return self.name
        times = f" times {self.reading.times}" if self.reading.times else ""
        return f"{self.reading.column}{times}"


@dataclass(frozen=True)
class Reading:
    """What a contract says of a column in the user's own files."""

    column: str
    times: str = ""
    """Another column: the value is the product of both."""
    only_type: str = ""
    """Only events of this type have a value, whatever the column holds for others."""
    time_format: str = ""
    decimal: str = "."
    week_starts: str = "monday"
    when_empty: Literal["refuse", "skip"] = "refuse"
    when_negative: Literal["refuse", "keep", "drop"] = "refuse"
    goes_to: Literal["its table", "customers", "nothing"] = "its table"
    """A column of the activity may say something of the customer, or only tie rows to one event."""


@dataclass(frozen=True)
class Shape:
    """A named list of columns; `prefix` is the folder of its table in the raw bucket."""

    name: str
    prefix: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the column names in file order."""
        return tuple(column.name for column in self.columns)

    @property
    def of_customer(self) -> tuple[str, ...]:
        """Of activity: the columns that go to the customers."""
        return tuple(c.name for c in self.columns if c.reading and c.reading.goes_to == "customers")

    @property
    def put_names(self) -> tuple[str, ...]:
        """The columns of the files in the bucket, where the week is a folder."""
        own = (c for c in self.columns if c.reading is None or c.reading.goes_to == "its table")
        return tuple(c.name for c in own if c.name != "week" or self.name != "activity")

    @property
    def has_events(self) -> bool:
        """Whether a row is an event with a time, and no week."""
        return self.name == "activity" and "event_time" in self.names


CUSTOMERS = Shape(
    "customers",
    CUSTOMERS_PREFIX,
    (
        Column("customer_id", "string", required=True),
        Column("name", "string", personal=True),
        Column("email", "string", personal=True),
        Column("country", "string"),
        Column("city", "string"),
        Column("signup_date", "date", required=True),
        Column("acquisition_channel", "string"),
        Column("plan", "string"),
        Column("device", "string"),
        Column("age", "int", minimum=0, maximum=130),
        Column("gender", "string"),
        Column("marketing_opt_in", "boolean"),
    ),
)

ACTIVITY = Shape(
    "activity",
    ACTIVITY_PREFIX,
    (
        Column("customer_id", "string", required=True),
        Column("week", "date", required=True),
        Column("active_days", "int", required=True, default=0, minimum=0, maximum=7),
        Column("sessions", "int", default=0, minimum=0),
        Column("minutes", "double", default=0.0, minimum=0),
        Column("posts", "int", default=0, minimum=0),
        Column("likes", "int", default=0, minimum=0),
        Column("messages", "int", default=0, minimum=0),
        Column("purchases", "int", default=0, minimum=0),
        Column("spend", "double", default=0.0, minimum=0),
        Column("support_tickets", "int", default=0, minimum=0),
    ),
)


def customers_key(part: int, fmt: Format) -> str:
    """Return the object key of one part of the customers."""
    return f"{CUSTOMERS_PREFIX}/part-{part:05d}.{fmt}"


def activity_key(week: date, part: int, fmt: Format) -> str:
    """Return the object key of one part of a week's activity."""
    return f"{ACTIVITY_PREFIX}/week={week.isoformat()}/part-{part:05d}.{fmt}"


def truth_key(part: int) -> str:
    """Return the object key of one part of the planted truth (always Parquet)."""
    return f"{TRUTH_PREFIX}/part-{part:05d}.parquet"


def arrow_schema(shape: Shape) -> Any:
    """Return the pyarrow schema of the files of a shape (without the partition column)."""
    import pyarrow as pa

    types: Mapping[ColumnType, Any] = {
        "string": pa.string(),
        "date": pa.date32(),
        "time": pa.timestamp("us"),
        "long": pa.int64(),
        "int": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
    }
    partition = {"week"} if shape is ACTIVITY else set()
    return pa.schema([(c.name, types[c.type]) for c in shape.columns if c.name not in partition])
