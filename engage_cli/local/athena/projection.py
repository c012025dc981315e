"""Partition projection: partitions that are calculated from a table's properties instead of registered.

The properties are those of the Athena User Guide, "Supported types for partition projection".
"""

import datetime as dt
import itertools
import re
from collections.abc import Iterator

from sqlglot import exp

from engage_cli.local.athena.catalog import Partition, Table
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.prune import conditions_of
from engage_cli.local.athena.resolve import TableReference
from engage_cli.local.athena.storage import directory, partition_path

_MAX_PARTITIONS = 200_000
_JAVA = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "DDD": "%j"}
_UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS")
_NOW = re.compile(r"NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+?)S?)?", re.IGNORECASE)


def is_projected(table: Table) -> bool:
    """Say whether a table's partitions are projected."""
    return table.parameters.get("projection.enabled", "").lower() == "true" and bool(table.partition_keys)


def projected(
    tree: exp.Expression, reference: TableReference, now: dt.datetime | None = None
) -> list[Partition]:
    """Return every partition that the properties of a table give. Raises QueryError for wrong properties.

    `tree` is the resolved query: an injected key takes its values from its conditions.
    """
    table = reference.table
    keys = [name.lower() for name, _ in table.partition_keys]
    moment = now or dt.datetime.now(dt.UTC).replace(tzinfo=None)
    columns = [_Key(table, key, moment).values(tree, reference) for key in keys]
    count = 1
    for values in columns:
        count *= len(values)
    if count > _MAX_PARTITIONS:
        raise not_supported(
            f"The projection of {count} partitions (at most {_MAX_PARTITIONS} are calculated)"
        )
    return [Partition(values, _location(table, keys, values)) for values in itertools.product(*columns)]


def _location(table: Table, keys: list[str], values: tuple[str, ...]) -> str:
    template = table.parameters.get("storage.location.template")
    if not template:
        return directory(table.location) + partition_path(keys, values) + "/"
    for key, value in zip(keys, values, strict=True):
        written = value.replace("\\", r"\\")
        template = re.sub(re.escape(f"${{{key}}}"), written, template, flags=re.IGNORECASE)
    return directory(template)


class _Key:
    """One partition key and its properties."""

    def __init__(self, table: Table, key: str, now: dt.datetime) -> None:
        self._table = table
        self._key = key
        self._now = now
        prefix = f"projection.{key}."
        self._properties = {
            name.lower()[len(prefix) :]: value
            for name, value in table.parameters.items()
            if name.lower().startswith(prefix)
        }

    def _wrong(self, name: str, why: str) -> QueryError:
        where = (
            f"Table {self._table.database}.{self._table.name} is configured for partition projection, but "
        )
        return QueryError("INVALID_TABLE_PROPERTY", f"{where}projection.{self._key}.{name} {why}")

    def _property(self, name: str) -> str:
        if name not in self._properties:
            raise self._wrong(name, "is missing")
        return self._properties[name].strip()

    def values(self, tree: exp.Expression, reference: TableReference) -> list[str]:
        """Return the values of the key, as they stand in the paths."""
        kind = self._property("type").lower()
        if kind == "enum":
            return [value.strip() for value in self._property("values").split(",")]
        if kind == "integer":
            return self._integers()
        if kind == "date":
            return list(self._dates())
        if kind == "injected":
            return self._injected(tree, reference)
        raise self._wrong("type", f"is {kind}: it must be enum, integer, date or injected")

    def _range(self) -> tuple[str, str]:
        low, comma, high = self._property("range").partition(",")
        if not comma:
            raise self._wrong("range", "must be two values that are separated by a comma")
        return low.strip(), high.strip()

    def _integers(self) -> list[str]:
        low, high = self._range()
        try:
            step, digits = int(self._properties.get("interval", 1)), int(self._properties.get("digits", 0))
            numbers = range(int(low), int(high) + 1, step)
        except ValueError as error:
            raise self._wrong("range", "and its interval and digits must be whole numbers") from error
        return [f"{number:0{digits}d}" for number in numbers]

    def _dates(self) -> Iterator[str]:
        form = self._strftime(self._property("format"))
        low, high = (self._moment(text, form) for text in self._range())
        fine = "HOURS" if "%H" in form else "DAYS" if "%d" in form or "%j" in form else "MONTHS"
        unit = self._properties.get(
            "interval.unit", fine if "%m" in form or fine == "DAYS" else "YEARS"
        ).upper()
        step = int(self._properties.get("interval", 1))
        if unit not in _UNITS or step < 1:
            raise self._wrong("interval.unit", f"is {unit}: it must be one of {', '.join(_UNITS)}")
        last = ""
        for count in itertools.count():
            moment = _plus(low, count * step, unit)
            if moment > high or count > _MAX_PARTITIONS:
                return
            text = moment.strftime(form)
            if text != last:
                yield text
            last = text

    def _strftime(self, java: str) -> str:
        found = ""
        for match in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z'])", java):
            if match[2]:
                if match[0] not in _JAVA:
                    raise not_supported(f"{match[0]} in projection.{self._key}.format")
                found += _JAVA[match[0]]
            else:
                found += (match[3] or match[1] or "'").replace("%", "%%")
        return found

    def _moment(self, text: str, form: str) -> dt.datetime:
        if match := _NOW.fullmatch(text):
            if not match[1]:
                return self._now
            unit = f"{match[3].upper().rstrip('S')}S"
            if unit not in _UNITS:
                raise self._wrong("range", f"has the unknown unit {match[3]}")
            return _plus(self._now, int(match[2]) * (-1 if match[1] == "-" else 1), unit)
        try:
            return dt.datetime.strptime(text, form)
        except ValueError as error:
            raise self._wrong(
                "range", f"has {text}, which is not in projection.{self._key}.format"
            ) from error

    def _injected(self, tree: exp.Expression, reference: TableReference) -> list[str]:
        for condition in conditions_of(tree, reference, {self._key}):
            values: list[exp.Expression] = []
            if isinstance(condition, exp.EQ):
                values = [
                    side for side in (condition.this, condition.expression) if isinstance(side, exp.Literal)
                ]
            elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
                values = list(condition.expressions)
            if values and all(isinstance(value, exp.Literal) for value in values):
                return list(dict.fromkeys(str(value.name) for value in values))
        raise QueryError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {self._key}, the WHERE clause must contain only "
            "static equality conditions, and at least one such condition must be present.",
        )


def _plus(moment: dt.datetime, count: int, unit: str) -> dt.datetime:
    if unit not in ("YEARS", "MONTHS"):
        return moment + dt.timedelta(**{unit.lower(): count})
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "YEARS" else 1)
    year, month = divmod(months, 12)
    days = (dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, days))
