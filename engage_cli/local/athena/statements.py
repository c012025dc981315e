"""What kind of statement a text is. Statements that the engine lacks are refused by their name."""

import re
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from engage_cli.local.athena.alterations import (
    NAME,
    AddPartitions,
    Alteration,
    AlterPartition,
    AlterTable,
    Database,
    DropPartitions,
    Name,
    RepairTable,
    Show,
    alteration,
    hive_columns,
    name_of,
)
from engage_cli.local.athena.catalog import Columns
from engage_cli.local.athena.dialect import parse_query
from engage_cli.local.athena.errors import QueryError, not_supported


@dataclass
class Select:
    """A query."""

    query: exp.Expression


@dataclass
class CreateTableAs:
    """CREATE TABLE ... AS; `properties` by lower-case name."""

    name: Name
    query: exp.Expression
    if_not_exists: bool
    properties: dict[str, str | list[str] | int]
    with_data: bool = True


@dataclass
class Unload:
    """UNLOAD of a query to a location; `properties` by lower-case name."""

    query: exp.Expression
    location: str
    properties: dict[str, str | list[str] | int]


@dataclass
class Insert:
    """INSERT INTO; `columns` is empty if the statement names none."""

    name: Name
    columns: list[str]
    query: exp.Expression


@dataclass
class CreateExternalTable:
    """Hive DDL."""

    name: Name
    if_not_exists: bool
    columns: Columns
    partition_keys: Columns
    location: str
    format: str = "textfile"
    serde: str = ""
    serde_parameters: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class CreateView:
    """CREATE [OR REPLACE] VIEW."""

    name: Name
    sql: str
    query: exp.Expression
    replace: bool
    columns: list[str] = field(default_factory=list)


@dataclass
class Drop:
    """DROP TABLE or DROP VIEW."""

    name: Name
    view: bool
    if_exists: bool


Statement = Select | CreateTableAs | Unload | Insert | CreateExternalTable | CreateView | Drop | Alteration


__all__ = [
    "AddPartitions", "AlterPartition", "AlterTable", "CreateExternalTable", "CreateTableAs", "CreateView",
    "Database", "Drop", "DropPartitions", "Insert", "Name", "RepairTable", "Select", "Show", "Statement",
    "Unload", "classify", "without_comments",
]  # fmt: skip


def _table_name(node: exp.Expression) -> Name:
    table = node.this if isinstance(node, exp.Schema) else node
    return (table.db.lower() or None, table.name.lower())


def without_comments(sql: str) -> str:
    """Return a statement without comments and a final semicolon; quoted text is left as it is."""
    pattern = r"('(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`)|--[^\n]*|/\*.*?\*/"
    text = re.sub(pattern, lambda m: m[1] or " ", sql, flags=re.DOTALL)
    return text.strip().removesuffix(";").strip()


def classify(sql: str) -> Statement:
    """Return the statement. Raises QueryError: SYNTAX_ERROR, or NOT_SUPPORTED with its name."""
    text = without_comments(sql)
    words = [word.upper() for word in re.findall(r"[A-Za-z_]+", text)[:4]]
    if not words:
        raise QueryError("SYNTAX_ERROR", "line 1:1: mismatched input '<EOF>'")
    if text.startswith("(") or words[0] in ("SELECT", "WITH", "VALUES", "TABLE"):
        return Select(_query(parse_query(sql)))
    if words[:2] == ["INSERT", "INTO"]:
        return _insert(parse_query(sql))
    if (changed := alteration(text)) is not None:
        return changed
    if words[0] == "UNLOAD":
        return _unload(text)
    if words[0] == "CREATE":
        return _create(sql, text, words)
    if words[0] == "DROP" and words[1] in ("TABLE", "VIEW"):
        match = re.fullmatch(rf"DROP\s+(TABLE|VIEW)\s+(IF\s+EXISTS\s+)?{NAME}", text, re.IGNORECASE)
        if match:
            return Drop(name_of(match[3]), match[1].upper() == "VIEW", bool(match[2]))
    raise not_supported(f"Statement {' '.join(words[:2])}")


def _query(tree: exp.Expression) -> exp.Expression:
    if isinstance(tree, exp.Select | exp.SetOperation | exp.Subquery):
        return tree
    if isinstance(tree, exp.Values):
        return exp.select("*").from_(exp.Subquery(this=tree) if tree.alias else tree)
    raise not_supported(f"Statement {type(tree).__name__}")


def _insert(tree: exp.Expression) -> Insert:
    if not isinstance(tree, exp.Insert) or tree.expression is None:
        raise not_supported("This form of INSERT")
    target = tree.this
    columns = [item.name.lower() for item in target.expressions] if isinstance(target, exp.Schema) else []
    query = tree.expression
    if isinstance(query, exp.Values):
        aliases = [f"c{i}" for i in range(len(query.expressions[0].expressions))]
        query.set(
            "alias",
            exp.TableAlias(this=exp.to_identifier("v"), columns=[exp.to_identifier(a) for a in aliases]),
        )
        query = exp.select("*").from_(query)
    with_ = tree.args.get("with_")
    if with_ is not None:
        query.set("with_", with_)
    return Insert(_table_name(target), columns, _query(query))


def _unload(text: str) -> Unload:
    match = re.fullmatch(
        r"UNLOAD\s*\((.*)\)\s*TO\s*'([^']+)'(?:\s*WITH\s*(\(.*\)))?", text, re.IGNORECASE | re.DOTALL
    )
    if match is None or not match[3]:
        words = "UNLOAD needs a query in parentheses, TO with a location, and WITH (format = ...)"
        raise QueryError("SYNTAX_ERROR", f"line 1:1: {words}")
    # The properties are written as those of CREATE TABLE AS.
    holder = parse_query(f"CREATE TABLE t WITH {match[3]} AS SELECT 1")
    assert isinstance(holder, exp.Create)
    properties = _properties(holder)
    if "format" not in properties:
        raise QueryError("INVALID_PROPERTY", "UNLOAD needs WITH (format = ...)")
    return Unload(_query(parse_query(match[1])), match[2], properties)


def _create(sql: str, text: str, words: list[str]) -> Statement:
    if words[1] == "EXTERNAL":
        return _external(text)
    if words[1] == "VIEW" or words[1:4] == ["OR", "REPLACE", "VIEW"]:
        tree = parse_query(sql)
        if not isinstance(tree, exp.Create) or tree.expression is None:
            raise not_supported("This form of CREATE VIEW")
        match = re.search(r"\bAS\b(.*)$", text, re.IGNORECASE | re.DOTALL)
        body = match[1].strip() if match else ""
        names = (
            [item.name.lower() for item in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
        )
        return CreateView(_table_name(tree.this), body, _query(tree.expression), words[1] == "OR", names)
    if words[1] == "TABLE":
        tree = parse_query(sql)
        if not isinstance(tree, exp.Create) or tree.expression is None:
            raise QueryError("", "External keyword required for table type HIVE")
        query = tree.expression
        query = query.this if isinstance(query, exp.Subquery) and not query.alias else query
        no_data = re.search(r"\bWITH\s+NO\s+DATA$", text, re.IGNORECASE) is not None
        return CreateTableAs(
            _table_name(tree.this),
            _query(query),
            bool(tree.args.get("exists")),
            _properties(tree),
            not no_data,
        )
    raise not_supported(f"Statement {' '.join(words[:2])}")


def _value(node: exp.Expression) -> str | list[str] | int:
    if isinstance(node, exp.Array):
        return [str(item.name).lower() for item in node.expressions]
    if isinstance(node, exp.Literal) and not node.is_string:
        return int(node.name)
    if isinstance(node, exp.Schema | exp.Tuple):
        return [str(item.name).lower() for item in node.expressions]
    return str(node.name)


def _properties(tree: exp.Create) -> dict[str, str | list[str] | int]:
    holder = tree.args.get("properties")
    found: dict[str, str | list[str] | int] = {}
    for item in holder.expressions if holder is not None else []:
        if isinstance(item, exp.FileFormatProperty):
            found["format"] = _value(item.this)
        elif isinstance(item, exp.PartitionedByProperty):
            found["partitioned_by"] = _value(item.this)
        elif isinstance(item, exp.Property) and type(item) is exp.Property:
            found[item.this.name.lower()] = _value(item.args["value"])
        elif not isinstance(item, exp.WithDataProperty):
            raise not_supported(f"Table property {type(item).__name__}")
    return found


def _external(text: str) -> CreateExternalTable:
    try:
        tree = sqlglot.parse_one(text, dialect="athena")
    except SqlglotError as error:
        raise QueryError("", f"FAILED: ParseException {error}") from error
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise not_supported("This form of CREATE EXTERNAL TABLE")
    statement = CreateExternalTable(
        _table_name(tree.this), bool(tree.args.get("exists")), hive_columns(tree.this.expressions), [], ""
    )
    for item in tree.args["properties"].expressions:
        _apply(statement, item)
    if not statement.location:
        raise QueryError("", "FAILED: SemanticException LOCATION is required for an external table")
    return statement


_DELIMITERS = {
    "fields": "field.delim", "escaped": "escape.delim", "collection_items": "collection.delim",
    "map_keys": "mapkey.delim", "null": "serialization.null.format",
}  # fmt: skip


def _apply(statement: CreateExternalTable, item: exp.Expression) -> None:
    if isinstance(item, exp.PartitionedByProperty):
        statement.partition_keys = hive_columns(item.this.expressions)
    elif isinstance(item, exp.LocationProperty):
        statement.location = item.name
    elif isinstance(item, exp.FileFormatProperty):
        statement.format = _storage_format(item)
    elif isinstance(item, exp.RowFormatSerdeProperty):
        statement.serde = item.name
        _serde(statement, item.args.get("serde_properties"))
    elif isinstance(item, exp.SerdeProperties):
        _serde(statement, item)
    elif isinstance(item, exp.RowFormatDelimitedProperty):
        for argument, name in _DELIMITERS.items():
            if item.args.get(argument) is not None:
                statement.serde_parameters[name] = item.args[argument].name
    elif type(item) is exp.Property:
        statement.parameters[item.this.name] = item.args["value"].name
    elif not isinstance(item, exp.ExternalProperty | exp.SchemaCommentProperty):
        raise not_supported(f"Clause {type(item).__name__}")


def _storage_format(item: exp.FileFormatProperty) -> str:
    """STORED AS a name, or INPUTFORMAT and OUTPUTFORMAT by their classes."""
    if not isinstance(item.this, exp.InputOutputFormat):
        return str(item.name).lower()
    name = str(item.this.args["input_format"].name)
    return "parquet" if "parquet" in name.lower() else "textfile" if "TextInputFormat" in name else name


def _serde(statement: CreateExternalTable, properties: exp.Expression | None) -> None:
    for item in properties.expressions if properties is not None else []:
        statement.serde_parameters[item.this.name] = item.args["value"].name
