"""SQL for the checks of single rows: typed values, and the reason why a row is set aside.

Every raw value is text, whether it came from CSV or Parquet, so both formats meet the same rules.
A reason is two columns: `_kind`, a sentence to count by, and `_detail`, the value (never a personal one).
"""

from datetime import date

from engage_cli.datagen.contract_time import FIRST_YEAR, WEEKDAYS
from engage_cli.datagen.import_sources import SourceFile
from engage_cli.datagen.import_values import own_value, raw_value
from engage_cli.datagen.shapes import Column, ColumnType, Shape
from engage_cli.sql_text import literal, quoted

SQL_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "date": "DATE",
    "time": "TIMESTAMP",
    "int": "INTEGER",
    "long": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
}
_TYPE_WORDS: dict[ColumnType, str] = {
    "string": "text",
    "date": "a date (YYYY-MM-DD)",
    "time": "a time (YYYY-MM-DD HH:MM:SS)",
    "int": "a whole number",
    "long": "a whole number",
    "double": "a number",
    "boolean": "true or false",
}


def type_words(column: Column) -> str:
    """Return what a value of the column must be, in words."""
    if column.reading and column.reading.time_format:
        return f"a {column.type} written as {column.reading.time_format}"
    return _TYPE_WORDS[column.type]


def raw_select(shape: Shape, source: SourceFile) -> str:
    """Return a SELECT of `_row` (1-based record) and the shape's columns as trimmed text or NULL."""
    values = []
    for column in shape.columns:
        if column.name in source.columns:
            text = f"CAST({quoted(source.columns[column.name])} AS VARCHAR)"
            values.append(f"{raw_value(column, text)} AS {quoted(column.name)}")
        elif column.name == "week" and source.folder_week is not None:
            values.append(f"'{source.folder_week}' AS week")
        else:
            values.append(f"CAST(NULL AS VARCHAR) AS {quoted(column.name)}")
        if column.name in source.factors:
            text = f"CAST({quoted(source.factors[column.name])} AS VARCHAR)"
            values.append(f"{raw_value(column, text)} AS {_factor(column)}")
    return f"SELECT {row_number(source)} AS _row, {', '.join(values)} FROM {relation(source)}"


def relation(source: SourceFile) -> str:
    """What reads the columns of a file; of CSV as text."""
    path = literal(str(source.readable or source.path))
    if source.format != "csv":
        return f"read_parquet({path}, file_row_number=true, hive_partitioning=false)"
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in source.header)
    return (
        f"read_csv({path}, header=true, auto_detect=false, delim={literal(source.delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, store_rejects=true, max_line_size=1000000)"
    )


def row_number(source: SourceFile) -> str:
    """The number of a record of `relation`, from 1."""
    return "row_number() OVER ()" if source.format == "csv" else "file_row_number + 1"


def _factor(column: Column) -> str:
    return quoted(f"times {column.name}")


def typed_value(column: Column, alias: str = "raw") -> str:
    """Return the expression of a column's typed value: NULL when the text is no such value."""
    text = f"{alias}.{quoted(column.name)}"
    if column.reading is not None:
        return own_value(column, text, f"{alias}.{_factor(column)}")
    if column.type == "string":
        return text
    if column.type == "int":
        # "3.0" is the number 3 as a spreadsheet writes it; "3.5" must not be rounded to 4.
        number = f"TRY_CAST({text} AS DOUBLE)"
        whole = f"{number} = floor({number}) AND abs({number}) < 2147483648"
        return f"CASE WHEN {whole} THEN CAST({number} AS INTEGER) END"
    if column.type == "double":
        number = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    return f"TRY_CAST({text} AS {SQL_TYPES[column.type]})"


def checked_select(shape: Shape, source: SourceFile, file_no: int, today: date) -> str:
    """Return a SELECT of _file, _row, the typed columns, _kind, _detail (NULL for a good row) and _left:
    why a row is left out without being bad.
    """
    typed = ", ".join(f"{typed_value(column)} AS {quoted(column.name)}" for column in shape.columns)
    raw = ", ".join(f"raw.{quoted(column.name)} AS {_raw(column)}" for column in shape.columns)
    rules = [rule for column in shape.columns for rule in _rules(shape, column, today)]
    kind = " ".join(f"WHEN {test} THEN {literal(words)}" for test, words, _ in rules)
    detail = " ".join(f"WHEN {test} THEN {value}" for test, _, value in rules)
    names = ", ".join(
        f"coalesce({quoted(c.name)}, {c.default}) AS {quoted(c.name)}"
        if c.default is not None
        else quoted(c.name)
        for c in shape.columns
    )
    skips = " ".join(f"WHEN {test} THEN {literal(words)}" for test, words in _left_out(shape))
    left = f"CASE {skips} END" if skips else "CAST(NULL AS VARCHAR)"
    read = _of_their_types(shape, raw_select(shape, source))
    return (
        f"WITH raw AS ({read}), typed AS (SELECT _row, {typed}, {raw} FROM raw), "
        f"seen AS (SELECT *, {left} AS _left FROM typed) "
        f"SELECT {file_no} AS _file, _row, {names}, "
        f"CASE WHEN _left IS NULL THEN CASE {kind} END END AS _kind, "
        f"left(CASE WHEN _left IS NULL THEN CASE {detail} END END, 60) AS _detail, _left FROM seen"
    )


def _of_their_types(shape: Shape, raw: str) -> str:
    """The rows of `raw` without the values that belong to another type of event."""
    changed = ", ".join(
        f"CASE WHEN event_type = {literal(c.reading.only_type)} THEN {quoted(c.name)} END AS {quoted(c.name)}"
        for c in shape.columns
        if c.reading and c.reading.only_type
    )
    return f"SELECT * REPLACE ({changed}) FROM ({raw})" if changed else raw


def _raw(column: Column) -> str:
    return quoted(f"raw {column.name}")


def _left_out(shape: Shape) -> list[tuple[str, str]]:
    """(test, words) of the rows that a contract leaves out: they are no mistakes of the file."""
    found = []
    for column in shape.columns:
        if column.reading and column.reading.when_empty == "skip":
            found.append((f"{_raw(column)} IS NULL", f"{column.said} is empty"))
        if column.reading and column.reading.when_negative == "drop":
            found.append((f"{quoted(column.name)} < 0", f"{column.said} is negative"))
    return found


def _rules(shape: Shape, column: Column, today: date) -> list[tuple[str, str, str]]:
    """Return (test, kind, detail expression) of each rule of a column, in order of precedence."""
    name, raw = quoted(column.name), _raw(column)
    said = column.said
    shown = "CAST(NULL AS VARCHAR)" if column.personal else raw
    rules = []
    if column.required:
        rules.append((f"{raw} IS NULL", f"{said} is empty", "CAST(NULL AS VARCHAR)"))
    if column.type != "string":
        words = f"{said} is not {type_words(column)}"
        rules.append((f"{raw} IS NOT NULL AND {name} IS NULL", words, shown))
    if column.minimum is not None:
        words = f"{said} is negative" if column.minimum == 0 else f"{said} is below {column.minimum:g}"
        rules.append((f"{name} < {column.minimum}", words, shown))
    if column.maximum is not None:
        rules.append((f"{name} > {column.maximum}", f"{said} is above {column.maximum:g}", shown))
    if column.type in ("date", "time"):
        rules.append((f"CAST({name} AS DATE) > DATE '{today}'", f"{said} is in the future", shown))
        if column.reading:
            rules.append((f"year({name}) < {FIRST_YEAR}", f"{said} is before {FIRST_YEAR}", shown))
    if column.name == "week" and shape.name == "activity":
        starts = column.reading.week_starts if column.reading else "monday"
        day = WEEKDAYS.index(starts) + 1
        rules.append((f"isodow({name}) <> {day}", f"{said} is not a {starts.capitalize()}", shown))
    return rules
