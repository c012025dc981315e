"""CSV and JSON files as DuckDB relations, as Hive's SerDes read them.

Sources: the Athena User Guide, "Lazy Simple SerDe", "OpenCSVSerDe", "OpenX JSON SerDe", "Hive JSON SerDe".
"""

import csv
import gzip
import re
from pathlib import Path

from engage_cli.local.athena.catalog import Table
from engage_cli.local.athena.errors import not_supported
from engage_cli.local.athena.hive_types import duckdb_type, inner_types
from engage_cli.local.athena.json_shapes import as_text, has_rows, hive_shape
from engage_cli.local.athena.storage import StoredObject
from engage_cli.sql_text import literal, quoted


def files(objects: list[StoredObject]) -> str:
    """Return a list of files for a DuckDB reader."""
    return "[" + ", ".join(literal(str(item.path)) for item in objects) + "]"


def json_relation(table: Table, objects: list[StoredObject], extra: list[str]) -> str:
    """Return the SELECT over JSON lines. `extra` are further expressions, over `filename`."""
    parameters = {name.lower(): value for name, value in table.serde_parameters.items()}
    lenient = parameters.get("ignore.malformed.json", "false").lower() == "true"
    columns = []
    for name, hive in table.columns:
        key = parameters.get(f"mapping.{name.lower()}", name)
        value = f"trino_json_member(json, {literal(_path(key))}, {literal(key.lower())})"
        columns.append(f"{_of_json(value, hive)} AS {quoted(name.lower())}")
    options = f"format = 'newline_delimited', filename = true, ignore_errors = {str(lenient).lower()}"
    return f"SELECT {', '.join([*columns, *extra])} FROM read_json_objects({files(objects)}, {options})"


def _path(key: str) -> str:
    return '$."' + key.replace('"', '\\"') + '"'


def _of_json(value: str, hive: str) -> str:
    target = duckdb_type(hive)
    if target == "VARCHAR":
        return f"json_extract_string({value}, '$')"
    if target == "BLOB":
        raise not_supported("Column type binary in JSON")
    shape = hive_shape(hive)
    if has_rows(shape):
        value = f"CAST(python_json_shape(CAST({value} AS VARCHAR), {literal(as_text(shape))}) AS JSON)"
    return f"CAST({value} AS {target})"


def csv_relation(table: Table, objects: list[StoredObject], extra: list[str]) -> str:
    """Return the SELECT over delimited text, fields by position. `extra`: more expressions."""
    parameters = table.serde_parameters
    open_csv = "opencsv" in table.serde.lower()
    if open_csv:
        delimiter, quoting = parameters.get("separatorChar", ","), parameters.get("quoteChar", '"')
        escape, null = parameters.get("escapeChar", "\\"), ""
        escape = "\\" if escape == "\\\\" else escape
    else:
        delimiter = _character(parameters.get("field.delim", parameters.get("serialization.format", "\x01")))
        quoting, escape = "", _character(parameters.get("escape.delim", ""))
        null = parameters.get("serialization.null.format", "\\N")
    skip = int(table.parameters.get("skip.header.line.count") or 0)
    width = max(len(table.columns), *(_first_width(item.path, delimiter, quoting) for item in objects))
    raw = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    # DuckDB takes one escape: in OpenCSV a doubled quote is one, too, and far more common.
    doubled = open_csv and not _uses(objects, escape)
    scan = (
        f"read_csv({files(objects)}, auto_detect = false, header = false, skip = {skip}, "
        f"delim = {literal(delimiter)}, quote = {literal(quoting)}, "
        f"escape = {literal(quoting if doubled else escape)}, "
        f"columns = {{{raw}}}, null_padding = true, strict_mode = false, "
        f"{'' if open_csv else f'nullstr = {literal(null)}, '}filename = true)"
    )
    columns = []
    for i, (name, hive) in enumerate(table.columns):
        value = f"coalesce(c{i}, '')" if open_csv and duckdb_type(hive) == "VARCHAR" else f"c{i}"
        columns.append(f"{_parsed(value, hive, open_csv, parameters)} AS {quoted(name.lower())}")
    return f"SELECT {', '.join([*columns, *extra])} FROM {scan}"


def _uses(objects: list[StoredObject], escape: str) -> bool:
    """Say whether a file has the escape character within its first mebibyte."""
    for item in objects:
        opener = gzip.open if item.path.name.endswith(".gz") else open
        with opener(item.path, "rb") as stream:
            if escape.encode() in stream.read(1 << 20):
                return True
    return False


def _character(value: str) -> str:
    """A delimiter as it is written in SERDEPROPERTIES: itself, an escape, or a code."""
    if re.fullmatch(r"\\?\d{1,3}", value):
        code = value.lstrip("\\")
        return chr(int(code, 8)) if value.startswith("\\") else chr(int(code))
    if value.startswith("\\u"):
        return chr(int(value[2:], 16))
    return {"\\t": "\t", "\\\\": "\\", "\\001": "\x01"}.get(value, value)


def _first_width(path: Path, delimiter: str, quoting: str) -> int:
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as stream:
        line = stream.readline()
    if not quoting:
        return line.count(delimiter) + 1
    return max((len(row) for row in csv.reader([line], delimiter=delimiter, quotechar=quoting)), default=0)


def _parsed(column: str, hive: str, open_csv: bool, parameters: dict[str, str]) -> str:
    """Return the value of a CSV field: what does not parse is NULL, as Hive's SerDes do."""
    target = duckdb_type(hive)
    if target.endswith("]") or target.startswith(("MAP", "STRUCT")):
        return _collection(column, hive, parameters)
    if target == "VARCHAR":
        return column
    if target == "BOOLEAN":
        return f"CASE lower({column}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if target in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"):
        return f"trino_try_cast_{target.lower()}({column})"
    if target == "DATE":
        # OpenCSVSerde knows a date only as the number of days since 1970-01-01.
        days = f"DATE '1970-01-01' + trino_try_cast_integer({column})"
        return days if open_csv else f"trino_try_cast_date({column})"
    if target == "TIMESTAMP" and open_csv:  # and a time as milliseconds since then
        return f"make_timestamp(trino_try_cast_bigint({column}) * 1000)"
    return f"TRY_CAST({column} AS {target})"


def _collection(column: str, hive: str, parameters: dict[str, str]) -> str:
    """An array, map or row of simple values, taken apart by LazySimpleSerDe's further delimiters."""
    items = literal(
        _character(parameters.get("collection.delim", parameters.get("colelction.delim", "\x02")))
    )
    keys = literal(_character(parameters.get("mapkey.delim", "\x03")))
    kind, parts = inner_types(hive)
    if any(
        duckdb_type(part).endswith("]") or duckdb_type(part).startswith(("MAP", "STRUCT"))
        for _, part in parts
    ):
        raise not_supported(f"Column type {hive} in CSV")
    split = f"string_split({column}, {items})"
    if kind == "array":
        value = _parsed("e_", parts[0][1], False, {})
        return f"CASE WHEN {column} = '' THEN [] ELSE list_transform({split}, lambda e_: {value}) END"
    if kind == "map":
        key = _parsed(f"split_part(e_, {keys}, 1)", parts[0][1], False, {})
        value = _parsed(f"split_part(e_, {keys}, 2)", parts[1][1], False, {})
        lists = [f"list_transform({split}, lambda e_: {part})" for part in (key, value)]
        return f"CASE WHEN {column} <> '' THEN map({', '.join(lists)}) END"
    fields = ", ".join(
        f"{quoted(name)} := {_parsed(f'{split}[{i + 1}]', part, False, {})}"
        for i, (name, part) in enumerate(parts)
    )
    return f"CASE WHEN {column} IS NOT NULL THEN struct_pack({fields}) END"
