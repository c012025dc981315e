"""Result files as Athena writes them, and pages of rows read back from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engage_cli.local.athena.errors import not_supported
from engage_cli.local.athena.hive_types import athena_type, members
from engage_cli.local.athena.macro_parts import ZONED
from engage_cli.local.athena.trino_types import Type
from engage_cli.sql_text import literal

_PRECISION = {
    "boolean": 0, "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "float": 7, "double": 17,
    "date": 0, "timestamp": 3, "varchar": 2147483647, "varbinary": 1073741824,
}  # fmt: skip


_INTERVALS = ("interval day to second", "interval year to month")


@dataclass(frozen=True)
class Column:
    """A column of a result: name and Athena's type, precision and scale."""

    name: str
    type: str
    precision: int = 0
    scale: int = 0

    def info(self) -> dict[str, Any]:
        """Return the ColumnInfo of GetQueryResults."""
        return {
            "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": self.name, "Label": self.name,
            "Type": self.type, "Precision": self.precision, "Scale": self.scale, "Nullable": "UNKNOWN",
            "CaseSensitive": self.type == "varchar",
        }  # fmt: skip


def column_of(name: str, kind: Any, trino: Type | None = None) -> Column:
    """Return the column for a DuckDB type object; what that cannot tell is in Trino's type, if known."""
    athena = athena_type(kind)
    if trino is not None and trino.name in ("char", "decimal", *_INTERVALS):
        precision, scale = (*trino.args, 0, 0)[:2]
        return Column(name, trino.name, precision, scale)
    if trino is not None and trino.name.startswith("timestamp") and trino.args[0] > 3:
        raise not_supported(f"The column {name} of type {trino}, with more than three digits of a second,")
    if athena in _INTERVALS:
        raise not_supported(f"The column {name}, an interval of a kind that is not followed,")
    if athena == "decimal":
        children = dict(kind.children)
        return Column(name, athena, int(children["precision"]), int(children["scale"]))
    return Column(name, athena, _PRECISION.get(athena, 0))


def text_expression(source: str, kind: Any, depth: int = 0) -> str:
    """Return the DuckDB expression that writes a value as Athena prints it."""
    name = str(kind)
    if kind.id in ("list", "array"):
        item = f"item{depth}"
        inner = text_expression(item, dict(kind.children)["child"], depth + 1)
        parts = f"list_transform({source}, lambda {item}: coalesce({inner}, 'null'))"
        return f"CASE WHEN {source} IS NOT NULL THEN '[' || array_to_string({parts}, ', ') || ']' END"
    if kind.id == "map":
        children, item = dict(kind.children), f"item{depth}"
        key = text_expression(f"{item}.key", children["key"], depth + 1)
        value = text_expression(f"{item}.value", children["value"], depth + 1)
        parts = (
            f"list_transform(map_entries({source}), lambda {item}: {key} || '=' || coalesce({value}, 'null'))"
        )
        return f"CASE WHEN {source} IS NOT NULL THEN '{{' || array_to_string({parts}, ', ') || '}}' END"
    if name == ZONED:
        return f"trino_zone_text({source})"
    if kind.id in ("struct", "tuple"):
        fields = []
        for i, (name_, child) in enumerate(members(kind)):
            value = text_expression(f"struct_extract_at({source}, {i + 1})", child, depth + 1)
            fields.append(f"{literal(name_ + '=')} || coalesce({value}, 'null')")
        joined = " || ', ' || ".join(fields)
        return f"CASE WHEN {source} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    if name.startswith("DECIMAL"):
        return f"CAST({source} AS VARCHAR)"
    if name == "BLOB":
        return f"rtrim(regexp_replace(lower(hex({source})), '(..)', '\\1 ', 'g'))"
    if name == "JSON":
        return f"CAST({source} AS VARCHAR)"
    if name.startswith("TIMESTAMP"):
        return f"trino_cast_varchar(CAST({source} AS TIMESTAMP), NULL)"
    return f"trino_cast_varchar({source}, {source})"


def write_csv(reader: Any, columns: list[Column], target: Path) -> int:
    """Stream record batches of text into Athena's CSV (all quoted, NULL empty). Return the number of rows."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    rows = 0
    header = ",".join('"' + c.name.replace('"', '""') + '"' for c in columns)
    with target.open("wb") as stream:
        stream.write(header.encode() + b"\n")
        schema = pa.schema([(f"c{i}", pa.string()) for i in range(len(columns))])
        options = arrow_csv.WriteOptions(include_header=False, quoting_style="all_valid")
        with arrow_csv.CSVWriter(stream, schema, write_options=options) as writer:
            for batch in reader:
                rows += batch.num_rows
                writer.write_batch(batch.cast(schema) if batch.schema != schema else batch)
    return rows


def _record(stream: BinaryIO) -> list[str | None] | None:
    """Return the next record of a result file, or None at its end."""
    line = stream.readline()
    if not line:
        return None
    while line.count(b'"') % 2:  # a quoted value holds a line break
        more = stream.readline()
        if not more:
            break
        line += more
    return _fields(line.decode().removesuffix("\n"))


def _fields(line: str) -> list[str | None]:
    fields: list[str | None] = []
    i = 0
    while True:
        if i < len(line) and line[i] == '"':
            end = i + 1
            while True:
                end = line.index('"', end)
                if line[end + 1 : end + 2] != '"':
                    break
                end += 2
            fields.append(line[i + 1 : end].replace('""', '"'))
            i = end + 1
        else:
            fields.append(None)
        if i >= len(line):
            return fields
        i += 1


def read_page(file: Path, offset: int, limit: int) -> tuple[list[list[str | None]], int | None]:
    """Return up to `limit` records from a byte offset, and the offset of the next page (None at the end)."""
    rows: list[list[str | None]] = []
    with file.open("rb") as stream:
        stream.seek(offset)
        while len(rows) < limit:
            record = _record(stream)
            if record is None:
                return rows, None
            rows.append(record)
        position = stream.tell()
        return rows, position if stream.read(1) else None
