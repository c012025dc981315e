"""The file formats that the local Athena writes: Parquet, JSON lines and delimited text.

What CREATE TABLE AS, INSERT INTO and UNLOAD share: the options of their formats, the query that gives what
is written, and the description of the files in the catalog.
"""

from dataclasses import dataclass, field
from typing import Any

from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.sql_text import literal, quoted

Properties = dict[str, str | list[str] | int]
PARQUET_CLASSES = "org.apache.hadoop.hive.ql.io.parquet"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_PARQUET_CODECS = {
    "SNAPPY": "snappy", "ZSTD": "zstd", "GZIP": "gzip", "NONE": "uncompressed",
    "UNCOMPRESSED": "uncompressed",
}  # fmt: skip
_TEXT_CODECS = {"GZIP": "gzip", "NONE": "uncompressed"}
_FORMATS = ("PARQUET", "JSON", "TEXTFILE")


@dataclass(frozen=True)
class FileFormat:
    """A format with its compression. `delimiter` is that of the fields of delimited text."""

    name: str
    codec: str
    delimiter: str = "\x01"
    null: str = "\\N"

    @property
    def suffix(self) -> str:
        """Return the end of the names of its files."""
        return ".gz" if self.name != "PARQUET" and self.codec == "gzip" else ""

    def options(self) -> str:
        """Return the options of DuckDB's COPY."""
        if self.name == "PARQUET":
            return f"FORMAT parquet, COMPRESSION {self.codec}"
        if self.name == "JSON":
            return f"FORMAT json, COMPRESSION {self.codec}"
        # One column that holds the whole line: nothing in it is to be quoted.
        return f"FORMAT csv, HEADER false, DELIM '\x05', QUOTE '', ESCAPE '', COMPRESSION {self.codec}"

    def query(self, source: str, columns: list[tuple[str, Any]], keys: list[str]) -> str:
        """Return the query whose rows are written: as it is, or for text one line for each row."""
        if self.name != "TEXTFILE":
            if self.name == "JSON" and (
                wrong := next((n for n, kind in columns if str(kind) == "BLOB"), None)
            ):
                raise not_supported(f"JSON of the varbinary column {wrong}")
            return source
        values = [
            _as_text(quoted(name), kind, literal(self.null)) for name, kind in columns if name not in keys
        ]
        line = f"array_to_string([{', '.join(values)}], {literal(self.delimiter)}) AS line_"
        return f"SELECT {', '.join([line, *(quoted(key) for key in keys)])} FROM ({source})"

    def description(self) -> dict[str, Any]:
        """Return how the catalog describes the files of a table: arguments of `Table`."""
        if self.name == "PARQUET":
            return {
                "input_format": f"{PARQUET_CLASSES}.MapredParquetInputFormat",
                "serde": f"{PARQUET_CLASSES}.serde.ParquetHiveSerDe",
                "serde_parameters": {"serialization.format": "1"},
                "parameters": {"classification": "parquet", "parquet.compression": self.codec.upper()},
            }
        if self.name == "JSON":
            serde, parameters = "org.openx.data.jsonserde.JsonSerDe", {"serialization.format": "1"}
        else:
            serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
            parameters = {"field.delim": self.delimiter, "serialization.format": self.delimiter}
        return {
            "input_format": _TEXT_INPUT,
            "serde": serde,
            "serde_parameters": parameters,
            "parameters": {
                "classification": "json" if self.name == "JSON" else "csv",
                "write.compression": self.codec.upper(),
            },
        }


def _as_text(name: str, kind: Any, null: str) -> str:
    """A value as LazySimpleSerDe writes it."""
    if kind.id in ("list", "map", "struct", "tuple"):
        raise not_supported(f"Delimited text of a column of type {str(kind).lower()}")
    if str(kind) == "BLOB":
        return f"coalesce(base64({name}), {null})"
    return f"coalesce(trino_cast_varchar({name}, {name}), {null})"


@dataclass(frozen=True)
class Bucketing:
    """`bucketed_by` and `bucket_count`."""

    columns: list[str] = field(default_factory=list)
    count: int = 0

    def expression(self, kinds: dict[str, Any]) -> str:
        """Return the bucket of a row, by Hive's hash of whole numbers and text."""
        total = "0"
        for name in self.columns:
            kind = str(kinds[name])
            column = quoted(name)
            if kind == "VARCHAR":
                one = f"python_hive_hash({column})"
            elif kind in ("TINYINT", "SMALLINT", "INTEGER"):
                one = f"CAST({column} AS BIGINT)"
            elif kind == "BIGINT":
                one = f"xor({column} & 4294967295, ({column} >> 32) & 4294967295)"
            else:
                raise not_supported(f"bucketed_by a column of type {kind.lower()}")
            total = f"(({total}) * 31 + coalesce({one}, 0))"
        return f"((({total}) & 2147483647) % {self.count})"


def file_format(properties: Properties, what: str, *, codec: str = "GZIP") -> FileFormat:
    """Return the format that properties name. Raises QueryError; `what` is the statement, for the message."""
    name = str(properties.get("format", "PARQUET")).upper()
    name = "TEXTFILE" if name == "TEXT" else name
    if name not in _FORMATS:
        if name in ("ORC", "AVRO", "ION", "RCBINARY", "RCTEXT", "SEQUENCEFILE"):
            raise not_supported(f"{what} with format {name}")
        raise QueryError("INVALID_TABLE_PROPERTY", f"Invalid value [{name}] for the property format")
    asked = (
        properties.get("write_compression")
        or properties.get("parquet_compression")
        or properties.get("compression")
    )
    codec = str(asked or codec).upper()
    codecs = _PARQUET_CODECS if name == "PARQUET" else _TEXT_CODECS
    if codec not in codecs:
        raise not_supported(f"Compression {codec} for {name.title()}")
    return FileFormat(name, codecs[codec], str(properties.get("field_delimiter", "\x01")))


def bucketing(properties: Properties, names: list[str]) -> Bucketing:
    """Return the buckets that properties name. Raises QueryError (INVALID_TABLE_PROPERTY)."""
    columns, count = properties.get("bucketed_by"), properties.get("bucket_count")
    if columns is None and count is None:
        return Bucketing()
    if not isinstance(columns, list) or not isinstance(count, int) or count < 1:
        raise QueryError("INVALID_TABLE_PROPERTY", "bucketed_by and bucket_count must be specified together")
    if missing := next((name for name in columns if name not in names), None):
        raise QueryError("INVALID_TABLE_PROPERTY", f"Bucketing columns [{missing}] not present in schema")
    return Bucketing(columns, count)
