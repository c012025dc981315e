"""What kind of statement a text is. Statements that the engine lacks are refused by their name."""

import re
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from engage_cli.local.athena.catalog import Columns
from engage_cli.local.athena.dialect import parse_query
from engage_cli.local.athena.errors import QueryError, not_supported

Name = tuple[str | None, str]


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


@dataclass
class Drop:
    """DROP TABLE or DROP VIEW."""

    name: Name
    view: bool
    if_exists: bool


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
class RepairTable:
    """MSCK REPAIR TABLE."""

    name: Name


@dataclass
class Show:
    """SHOW TABLES, DATABASES, PARTITIONS, COLUMNS; DESCRIBE is SHOW COLUMNS with types."""

    what: str
    name: Name | None = None
    pattern: str | None = None


Statement = (
    Select | CreateTableAs | Insert | CreateExternalTable | CreateView | Drop | AddPartitions | DropPartitions
    | RepairTable | Show
)  # fmt: skip

_IDENTIFIER = r'(?:`[^`]+`|"[^"]+"|[A-Za-z_][\w]*)'
_NAME = rf"({_IDENTIFIER}(?:\.{_IDENTIFIER})*)"
_PARTITION = re.compile(
    r"\s*PARTITION\s*\(((?:[^()']|'(?:[^']|'')*')*)\)(?:\s*LOCATION\s*'([^']*)')?", re.IGNORECASE | re.DOTALL
)
_PAIR = re.compile(rf"\s*({_IDENTIFIER})\s*=\s*(?:'((?:[^']|'')*)'|(-?\d+))\s*(?:,|$)")


def _bare(identifier: str) -> str:
    return identifier.strip().strip('`"').lower()


def _name(text: str) -> Name:
    parts = [_bare(part) for part in re.findall(_IDENTIFIER, text)]
    return (parts[-2] if len(parts) > 1 else None, parts[-1])


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
    if words[0] == "CREATE":
        return _create(sql, text, words)
    if words[0] == "DROP" and words[1] in ("TABLE", "VIEW"):
        match = re.fullmatch(rf"DROP\s+(TABLE|VIEW)\s+(IF\s+EXISTS\s+)?{_NAME}", text, re.IGNORECASE)
        if match:
            return Drop(_name(match[3]), match[1].upper() == "VIEW", bool(match[2]))
    if words[:2] == ["ALTER", "TABLE"]:
        return _alter(text)
    if match := re.fullmatch(rf"MSCK\s+REPAIR\s+TABLE\s+{_NAME}", text, re.IGNORECASE):
        return RepairTable(_name(match[1]))
    if words[0] == "SHOW":
        return _show(text)
    if match := re.fullmatch(rf"(?:DESCRIBE|DESC)\s+{_NAME}", text, re.IGNORECASE):
        return Show("describe", _name(match[1]))
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


def _create(sql: str, text: str, words: list[str]) -> Statement:
    if words[1] == "EXTERNAL":
        return _external(text)
    if words[1] == "VIEW" or words[1:4] == ["OR", "REPLACE", "VIEW"]:
        tree = parse_query(sql)
        if not isinstance(tree, exp.Create) or tree.expression is None or isinstance(tree.this, exp.Schema):
            raise not_supported("This form of CREATE VIEW")
        match = re.search(r"\bAS\b(.*)$", text, re.IGNORECASE | re.DOTALL)
        body = match[1].strip() if match else ""
        return CreateView(_table_name(tree.this), body, _query(tree.expression), words[1] == "OR")
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


def _hive_columns(nodes: list[exp.Expression]) -> Columns:
    columns = []
    for node in nodes:
        if not isinstance(node, exp.ColumnDef):
            raise QueryError("", f"FAILED: ParseException cannot recognize input near '{node.sql()}'")
        columns.append((node.name.lower(), node.args["kind"].sql(dialect="hive").lower().replace(": ", ":")))
    return columns


def _external(text: str) -> CreateExternalTable:
    try:
        tree = sqlglot.parse_one(text, dialect="athena")
    except SqlglotError as error:
        raise QueryError("", f"FAILED: ParseException {error}") from error
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise not_supported("This form of CREATE EXTERNAL TABLE")
    statement = CreateExternalTable(
        _table_name(tree.this), bool(tree.args.get("exists")), _hive_columns(tree.this.expressions), [], ""
    )
    for item in tree.args["properties"].expressions:
        _apply(statement, item)
    if not statement.location:
        raise QueryError("", "FAILED: SemanticException LOCATION is required for an external table")
    return statement


def _apply(statement: CreateExternalTable, item: exp.Expression) -> None:
    if isinstance(item, exp.PartitionedByProperty):
        statement.partition_keys = _hive_columns(item.this.expressions)
    elif isinstance(item, exp.LocationProperty):
        statement.location = item.name
    elif isinstance(item, exp.FileFormatProperty):
        statement.format = item.name.lower()
    elif isinstance(item, exp.RowFormatSerdeProperty):
        statement.serde = item.name
        _serde(statement, item.args.get("serde_properties"))
    elif isinstance(item, exp.SerdeProperties):
        _serde(statement, item)
    elif isinstance(item, exp.RowFormatDelimitedProperty):
        if item.args.get("fields") is not None:
            statement.serde_parameters["field.delim"] = item.args["fields"].name.replace("\\t", "\t")
    elif type(item) is exp.Property:
        statement.parameters[item.this.name] = item.args["value"].name
    elif not isinstance(item, exp.ExternalProperty | exp.SchemaCommentProperty):
        raise not_supported(f"Clause {type(item).__name__}")


def _serde(statement: CreateExternalTable, properties: exp.Expression | None) -> None:
    for item in properties.expressions if properties is not None else []:
        statement.serde_parameters[item.this.name] = item.args["value"].name


def _specification(text: str) -> dict[str, str]:
    found, place = {}, 0
    while match := _PAIR.match(text, place):
        found[_bare(match[1])] = (match[2] or "").replace("''", "'") if match[3] is None else match[3]
        place = match.end()
    if text[place:].strip() or not found:
        raise QueryError(
            "", f"FAILED: ParseException cannot recognize input near '{text}' in partition specification"
        )
    return found


def _alter(text: str) -> AddPartitions | DropPartitions:
    pattern = rf"ALTER\s+TABLE\s+{_NAME}\s+(ADD|DROP)(\s+IF(?:\s+NOT)?\s+EXISTS)?((?:\s|,)*PARTITION.*)"
    match = re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL)
    if match is None:
        words = re.sub(_IDENTIFIER, "", "") or " ".join(text.split()[3:5])
        raise not_supported(f"ALTER TABLE {words.upper()}")
    rest, found = match[4].strip(), []
    while rest:
        part = _PARTITION.match(rest)
        if part is None:
            raise QueryError("", f"FAILED: ParseException cannot recognize input near '{rest[:40]}'")
        found.append((_specification(part[1]), part[2]))
        rest = rest[part.end() :].lstrip(" \t\r\n,")
    if match[2].upper() == "ADD":
        return AddPartitions(_name(match[1]), bool(match[3]), found)
    return DropPartitions(_name(match[1]), bool(match[3]), [values for values, _ in found])


def _show(text: str) -> Show:
    patterns = {
        "databases": r"SHOW\s+(?:DATABASES|SCHEMAS)()(?:\s+LIKE\s+'([^']*)')?",
        "tables": rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+{_NAME})?(?:\s+'([^']*)')?",
        "partitions": rf"SHOW\s+PARTITIONS\s+{_NAME}()",
        "columns": rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}()",
    }
    for what, pattern in patterns.items():
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            return Show(what, _name(match[1]) if match[1] else None, match[2] or None)
    raise not_supported(f"Statement {' '.join(text.split()[:2]).upper()}")
