"""Statements that change or show what is in the catalog: ALTER, SHOW, DESCRIBE, databases; by their text.

Each is one regular expression: they are Hive's, have little structure, and sqlglot takes them as opaque
commands.
"""

import re
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from engage_cli.local.athena.catalog import Columns
from engage_cli.local.athena.errors import QueryError, not_supported

Name = tuple[str | None, str]
IDENTIFIER = r'(?:`[^`]+`|"[^"]+"|[A-Za-z_][\w]*)'
NAME = rf"({IDENTIFIER}(?:\.{IDENTIFIER})*)"
_PARTITION = re.compile(
    r"\s*PARTITION\s*\(((?:[^()']|'(?:[^']|'')*')*)\)(?:\s*LOCATION\s*'([^']*)')?", re.IGNORECASE | re.DOTALL
)
_PAIR = re.compile(rf"\s*({IDENTIFIER})\s*=\s*(?:'((?:[^']|'')*)'|(-?\d+))\s*(?:,|$)")


@dataclass
class AddPartitions:
    """ALTER TABLE ADD PARTITION: values by key, and a location or None for each."""

    name: Name
    if_not_exists: bool
    partitions: list[tuple[dict[str, str], str | None]]


@dataclass
class DropPartitions:
    """ALTER TABLE DROP PARTITION."""

    name: Name
    if_exists: bool
    partitions: list[dict[str, str]]


@dataclass
class AlterPartition:
    """ALTER TABLE PARTITION: SET LOCATION, or RENAME TO PARTITION with other values."""

    name: Name
    values: dict[str, str]
    location: str | None = None
    renamed: dict[str, str] | None = None


@dataclass
class AlterTable:
    """ALTER TABLE: what is not None or empty is changed. `changed` is the column that CHANGE replaces."""

    name: Name
    kind: str
    columns: Columns = field(default_factory=list)
    changed: str = ""
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class RepairTable:
    """MSCK REPAIR TABLE."""

    name: Name


@dataclass
class Database:
    """CREATE or DROP DATABASE."""

    name: str
    create: bool
    lenient: bool
    cascade: bool = False
    location: str = ""
    comment: str = ""


@dataclass
class Show:
    """SHOW something; DESCRIBE is SHOW COLUMNS with types."""

    what: str
    name: Name | None = None
    pattern: str | None = None


Alteration = AddPartitions | DropPartitions | AlterPartition | AlterTable | RepairTable | Database | Show


def bare(identifier: str) -> str:
    """Return an identifier without its quotes, in lower case."""
    return identifier.strip().strip('`"').lower()


def name_of(text: str) -> Name:
    """Return the optional database and the name."""
    parts = [bare(part) for part in re.findall(IDENTIFIER, text)]
    return (parts[-2] if len(parts) > 1 else None, parts[-1])


def alteration(text: str) -> Alteration | None:
    """Return what a statement without comments changes or shows; None for a statement of another kind.

    Raises QueryError for a form that is not known.
    """
    words = [word.upper() for word in re.findall(r"[A-Za-z_]+", text)[:2]]
    if words == ["ALTER", "TABLE"]:
        return _alter(text)
    if words[:1] == ["SHOW"]:
        return _show(text)
    if match := re.fullmatch(rf"MSCK\s+REPAIR\s+TABLE\s+{NAME}", text, re.IGNORECASE):
        return RepairTable(name_of(match[1]))
    if match := re.fullmatch(
        rf"(?:DESCRIBE|DESC)(?:\s+(?:EXTENDED|FORMATTED))?\s+{NAME}", text, re.IGNORECASE
    ):
        if re.match(r"DESC\w*\s+(EXTENDED|FORMATTED)\s", text, re.IGNORECASE):
            raise not_supported("DESCRIBE EXTENDED and FORMATTED")
        return Show("describe", name_of(match[1]))
    return _database(text)


def _database(text: str) -> Database | None:
    match = re.fullmatch(
        rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(IF\s+NOT\s+EXISTS\s+)?({IDENTIFIER})(?:\s+COMMENT\s+'([^']*)')?"
        r"(?:\s+LOCATION\s+'([^']*)')?(\s+WITH\s+DBPROPERTIES\s*\(.*\))?",
        text,
        re.IGNORECASE | re.DOTALL,
    )
    if match and match[5]:
        raise not_supported("CREATE DATABASE WITH DBPROPERTIES")
    if match:
        return Database(bare(match[2]), True, bool(match[1]), location=match[4] or "", comment=match[3] or "")
    match = re.fullmatch(
        rf"DROP\s+(?:DATABASE|SCHEMA)\s+(IF\s+EXISTS\s+)?({IDENTIFIER})(?:\s+(RESTRICT|CASCADE))?",
        text,
        re.IGNORECASE,
    )
    if match:
        return Database(bare(match[2]), False, bool(match[1]), (match[3] or "").upper() == "CASCADE")
    return None


def specification(text: str) -> dict[str, str]:
    """Return the values of a partition by key."""
    found, place = {}, 0
    while match := _PAIR.match(text, place):
        found[bare(match[1])] = (match[2] or "").replace("''", "'") if match[3] is None else match[3]
        place = match.end()
    if text[place:].strip() or not found:
        raise QueryError(
            "", f"FAILED: ParseException cannot recognize input near '{text}' in partition specification"
        )
    return found


def _alter(text: str) -> Alteration:
    flags = re.IGNORECASE | re.DOTALL
    match = re.fullmatch(
        rf"ALTER\s+TABLE\s+{NAME}\s+(ADD|DROP)(\s+IF(?:\s+NOT)?\s+EXISTS)?((?:\s|,)*PARTITION.*)", text, flags
    )
    if match is not None:
        return _partitions(match)
    match = re.fullmatch(rf"ALTER\s+TABLE\s+{NAME}\s+PARTITION\s*\(([^()]*)\)\s*(.*)", text, flags)
    if match is not None:
        return _one_partition(match)
    match = re.fullmatch(rf"ALTER\s+TABLE\s+{NAME}\s+(.*)", text, flags)
    if match is not None:
        name, rest = name_of(match[1]), match[2]
        if found := re.fullmatch(r"SET\s+LOCATION\s+'([^']+)'", rest, flags):
            return AlterTable(name, "SET_LOCATION", location=found[1])
        if found := re.fullmatch(r"SET\s+TBLPROPERTIES\s*\((.*)\)", rest, flags):
            return AlterTable(
                name, "SET_TBLPROPERTIES", properties=dict(re.findall(r"'([^']+)'\s*=\s*'([^']*)'", found[1]))
            )
        if found := re.fullmatch(r"(ADD|REPLACE)\s+COLUMNS\s*(\(.*\))", rest, flags):
            return AlterTable(name, f"{found[1].upper()}_COLUMNS", _columns(found[2]))
        if found := re.fullmatch(rf"CHANGE\s+(?:COLUMN\s+)?({IDENTIFIER})\s+(.*)", rest, flags):
            return AlterTable(name, "CHANGE_COLUMN", _columns(f"({found[2]})"), bare(found[1]))
    words = " ".join(
        re.sub(rf"ALTER\s+TABLE\s+{IDENTIFIER}(?:\.{IDENTIFIER})*", "", text, flags=flags).split()[:2]
    )
    raise not_supported(f"ALTER TABLE {words.upper()}")


def _columns(text: str) -> Columns:
    try:
        tree = sqlglot.parse_one(f"CREATE TABLE t {text}", dialect="hive")
    except SqlglotError as error:
        raise QueryError("", f"FAILED: ParseException {error}") from error
    return hive_columns(tree.this.expressions)


def hive_columns(nodes: list[exp.Expression]) -> Columns:
    """Return the names and types of column definitions."""
    columns = []
    for node in nodes:
        if not isinstance(node, exp.ColumnDef):
            raise QueryError("", f"FAILED: ParseException cannot recognize input near '{node.sql()}'")
        columns.append((node.name.lower(), node.args["kind"].sql(dialect="hive").lower().replace(": ", ":")))
    return columns


def _partitions(match: re.Match[str]) -> AddPartitions | DropPartitions:
    rest, found = match[4].strip(), []
    while rest:
        part = _PARTITION.match(rest)
        if part is None:
            raise QueryError("", f"FAILED: ParseException cannot recognize input near '{rest[:40]}'")
        found.append((specification(part[1]), part[2]))
        rest = rest[part.end() :].lstrip(" \t\r\n,")
    if match[2].upper() == "ADD":
        return AddPartitions(name_of(match[1]), bool(match[3]), found)
    return DropPartitions(name_of(match[1]), bool(match[3]), [values for values, _ in found])


def _one_partition(match: re.Match[str]) -> AlterPartition:
    name, values, rest = name_of(match[1]), specification(match[2]), match[3]
    if found := re.fullmatch(r"SET\s+LOCATION\s+'([^']+)'", rest, re.IGNORECASE):
        return AlterPartition(name, values, location=found[1])
    if found := re.fullmatch(r"RENAME\s+TO\s+PARTITION\s*\(([^()]*)\)", rest, re.IGNORECASE | re.DOTALL):
        return AlterPartition(name, values, renamed=specification(found[1]))
    raise not_supported(f"ALTER TABLE PARTITION {' '.join(rest.split()[:2]).upper()}")


def _show(text: str) -> Show:
    inside = rf"(?:\s+(?:IN|FROM)\s+{NAME})?"
    patterns = {
        "databases": r"SHOW\s+(?:DATABASES|SCHEMAS)()(?:\s+LIKE\s+'([^']*)')?",
        "tables": rf"SHOW\s+TABLES{inside}(?:\s+'([^']*)')?",
        "views": rf"SHOW\s+VIEWS{inside}(?:\s+LIKE\s+'([^']*)')?",
        "partitions": rf"SHOW\s+PARTITIONS\s+{NAME}()",
        "columns": rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{NAME}()",
        "create table": rf"SHOW\s+CREATE\s+TABLE\s+{NAME}()",
        "create view": rf"SHOW\s+CREATE\s+VIEW\s+{NAME}()",
        "properties": rf"SHOW\s+TBLPROPERTIES\s+{NAME}(?:\s*\(\s*'([^']*)'\s*\))?",
    }
    for what, pattern in patterns.items():
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            return Show(what, name_of(match[1]) if match[1] else None, match[2] or None)
    raise not_supported(f"Statement {' '.join(text.split()[:2]).upper()}")
