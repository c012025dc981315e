"""Tables and columns of a query, resolved against the catalog as Trino resolves them.

After this stage each reference to a catalog table has a name of its own (`__ref0`, `__ref1`, ...)
and each column says which reference it comes from, so DuckDB's laxer rules (aliases in WHERE,
columns by file) can never decide anything.
"""

import re
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify_columns import qualify_columns, validate_qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from engage_cli.local.athena.catalog import Catalog, Table
from engage_cli.local.athena.dialect import parse_query, position
from engage_cli.local.athena.errors import QueryError, not_supported
from engage_cli.local.athena.schema_tables import information, partitions

_UNNAMED = "__unnamed__"
PATH_COLUMN = "__path"


@dataclass
class TableReference:
    """One mention of a catalog table: its name in the tree, the table, and the columns that are read."""

    name: str
    table: Table
    columns: set[str] = field(default_factory=set)


@dataclass
class Resolved:
    """A query whose tables and columns are known. `names` are the names of the result's columns."""

    tree: exp.Expression
    references: list[TableReference]
    names: list[str]


def _cte_names(node: exp.Expression) -> set[str]:
    """Return the names of the common table expressions that are visible at a node."""
    names: set[str] = set()
    child, parent = node, node.parent
    while parent is not None:
        clause = parent.args.get("with_") or parent.args.get("with")
        if clause is not None and child is not clause:
            names |= {cte.alias for cte in clause.expressions}
        elif isinstance(parent, exp.With):
            for cte in parent.expressions:
                if cte is child:
                    if parent.args.get("recursive"):
                        names.add(cte.alias)
                    break
                names.add(cte.alias)
        child, parent = parent, parent.parent
    return names


class Resolver:
    """Resolves one statement's query against a catalog."""

    def __init__(self, catalog: Catalog, database: str) -> None:
        self._catalog = catalog
        self._database = database
        self._references: list[TableReference] = []
        self._wants_path = False

    def resolve(self, query: exp.Expression) -> Resolved:
        """Return the resolved query. Raises QueryError: TABLE_NOT_FOUND, COLUMN_NOT_FOUND, ..."""
        tree = query.copy()
        self._place_tables(tree, depth=0)
        for identifier in tree.find_all(exp.Identifier):
            identifier.meta["written"] = str(identifier.this)
            identifier.set("this", str(identifier.this).lower())
        for column in tree.find_all(exp.Column):
            if column.name == "$path":
                column.this.set("this", PATH_COLUMN)
                column.meta["asked"] = self._wants_path = True
        self._name_projections(tree)
        schema = MappingSchema(dialect="duckdb", normalize=False)
        for reference in self._references:
            columns = dict(reference.table.duckdb_columns())
            if self._wants_path:
                columns[PATH_COLUMN] = "VARCHAR"
            schema.add_table(reference.name, columns, normalize=False, match_depth=False)
        tree = self._qualify(tree, schema)
        names = [self._name(projection, i) for i, projection in enumerate(tree.selects)]
        for scope in traverse_scope(tree):
            for source_name, (_, source) in scope.selected_sources.items():
                for reference in self._references:
                    if isinstance(source, exp.Table) and source.name == reference.name:
                        reference.columns |= {column.name for column in scope.source_columns(source_name)}
        return Resolved(tree, self._references, names)

    def _place_tables(self, tree: exp.Expression, depth: int) -> None:
        if depth > 16:
            raise QueryError("VIEW_IS_RECURSIVE", "statement stack overflow: views are nested too deeply")
        for node in list(tree.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier) or node.name.startswith("__ref"):
                continue
            if not node.db and node.name.lower() in {name.lower() for name in _cte_names(node)}:
                continue
            database = (node.db or self._database).lower()
            made = self._about_tables(database, node.name.lower())
            if made is not None:
                holder = exp.Subquery(
                    this=made, alias=exp.TableAlias(this=exp.to_identifier(node.alias or node.name))
                )
                self._move_modifiers(node, holder)
                node.replace(holder)
                continue
            table = self._catalog.table(database, node.name.lower())
            if table is None:
                first = node.args.get("catalog") or node.args.get("db") or node
                if not self._catalog.has_database(database):
                    raise QueryError(
                        "SCHEMA_NOT_FOUND", f"{position(first)}Schema '{database}' does not exist"
                    )
                name = f"awsdatacatalog.{database}.{node.name.lower()}"
                raise QueryError("TABLE_NOT_FOUND", f"{position(first)}Table '{name}' does not exist")
            self._place(tree, node, table, depth)

    def _about_tables(self, database: str, name: str) -> exp.Select | None:
        """The query behind a table of information_schema or `"name$partitions"`; None for any other name."""
        if database == "information_schema":
            return information(self._catalog, name)
        base, dollar, kind = name.partition("$")
        if not dollar or kind != "partitions":
            return None
        table = self._catalog.table(database, base)
        return partitions(self._catalog, table) if table is not None and table.partition_keys else None

    def _place(self, tree: exp.Expression, node: exp.Table, table: Table, depth: int) -> None:
        alias = node.alias or node.name
        if table.view_sql is not None:
            view = parse_query(table.view_sql)
            holder = exp.Subquery(this=view, alias=exp.TableAlias(this=exp.to_identifier(alias)))
            Resolver._place_tables(self, holder, depth + 1)
            self._move_modifiers(node, holder)
            node.replace(holder)
            return
        name = f"__ref{len(self._references)}"
        self._references.append(TableReference(name, table))
        for column in tree.find_all(exp.Column):
            if (
                column.db
                and column.table.lower() == node.name.lower()
                and column.db.lower() == table.database
            ):
                column.set("db", None)
                column.set("catalog", None)
        columns = node.args["alias"].args.get("columns") if node.args.get("alias") else None
        node.set("this", exp.to_identifier(name))
        node.set("db", None)
        node.set("catalog", None)
        node.set("alias", exp.TableAlias(this=exp.to_identifier(alias.lower()), columns=columns))

    @staticmethod
    def _move_modifiers(node: exp.Table, holder: exp.Subquery) -> None:
        for modifier in ("joins", "laterals", "pivots", "sample"):
            if node.args.get(modifier):
                holder.set(modifier, node.args[modifier])

    @staticmethod
    def _name_projections(tree: exp.Expression) -> None:
        for select in tree.find_all(exp.Select):
            parent = select.parent
            if isinstance(parent, exp.Exists | exp.In):
                continue
            named: list[exp.Expression] = []
            starred = select.is_star
            for index, projection in enumerate(select.expressions):
                plain = isinstance(projection, exp.Alias | exp.Column | exp.Star | exp.Dot)
                # After a star the position is known only when the star is expanded.
                name = f"{_UNNAMED}{index}" if starred else f"_col{index}"
                named.append(projection if plain else exp.alias_(projection, name, quoted=True))
            select.set("expressions", named)

    @staticmethod
    def _name(projection: exp.Expression, index: int) -> str:
        name = str(projection.alias_or_name)
        if name == PATH_COLUMN:
            return "$path"
        if found := re.fullmatch(r"_col_(\d+)", name):  # sqlglot's name of a column of VALUES
            return f"_col{found[1]}"
        return f"_col{index}" if name.startswith(_UNNAMED) else Resolver._written(projection, name)

    @staticmethod
    def _written(projection: exp.Expression, name: str) -> str:
        """The name as the statement writes it: that of an alias, or of the column itself."""
        alias = projection.args.get("alias") if isinstance(projection, exp.Alias) else None
        column = projection.unalias()
        inner = column.this if isinstance(column, exp.Column) else None
        for identifier in (alias, inner):
            if (
                isinstance(identifier, exp.Identifier)
                and str(identifier.meta.get("written", "")).lower() == name
            ):
                return str(identifier.meta["written"])
        return name

    def _qualify(self, tree: exp.Expression, schema: MappingSchema) -> exp.Expression:
        try:
            tree = qualify_tables(tree, dialect="duckdb")
            tree = qualify_columns(
                tree, schema, expand_alias_refs=False, expand_stars=True, allow_partial_qualification=False,
                dialect="duckdb",
            )  # fmt: skip
            for select in tree.find_all(exp.Select):
                self._hide_path(select)
                for index, projection in enumerate(select.expressions):
                    if isinstance(projection, exp.Alias) and projection.alias.startswith(_UNNAMED):
                        projection.set("alias", exp.to_identifier(f"_col{index}", quoted=True))
                self._qualify_grouping_sets(select)
            validate_qualify_columns(tree)
            self._check_doubles(tree)
        except OptimizeError as error:
            raise self._column_error(tree, schema, error) from error
        return tree

    @staticmethod
    def _check_doubles(tree: exp.Expression) -> None:
        """A column of a subquery that has two of this name cannot be named."""
        for scope in traverse_scope(tree):
            for alias, (_, source) in scope.selected_sources.items():
                names = [] if isinstance(source, exp.Table) else list(source.expression.named_selects)
                doubles = {name for name in names if names.count(name) > 1}
                for column in scope.source_columns(alias) if doubles else ():
                    if column.name in doubles:
                        place = position(column)
                        if not place:
                            raise not_supported(f"A star over a subquery with two columns {column.name!r}")
                        raise QueryError("AMBIGUOUS_NAME", f"{place}Column '{column.name}' is ambiguous")

    @staticmethod
    def _hide_path(select: exp.Select) -> None:
        """A star does not give the hidden column "$path"."""

        def given(projection: exp.Expression) -> bool:
            column = projection.unalias()
            hidden = isinstance(column, exp.Column) and column.name == PATH_COLUMN
            return not hidden or bool(column.meta.get("asked"))

        select.set("expressions", [projection for projection in select.expressions if given(projection)])

    @staticmethod
    def _qualify_grouping_sets(select: exp.Select) -> None:
        """sqlglot leaves the columns of grouping sets alone: give them the table that the others have."""
        group = select.args.get("group")
        if group is None:
            return
        tables = {c.name: c.table for c in select.find_all(exp.Column) if c.table}
        for column in group.find_all(exp.Column):
            if not column.table and column.name in tables:
                column.set("table", exp.to_identifier(tables[column.name], quoted=True))

    @staticmethod
    def _column_error(tree: exp.Expression, schema: MappingSchema, error: OptimizeError) -> QueryError:
        text = str(error)
        if found := re.search(r"Column '\W*(\w+)\W*' could not be resolved for table: '\W*(\w+)", text):
            full = f"{found[2]}.{found[1]}"
            columns = (c for c in tree.find_all(exp.Column) if c.name == found[1] and c.table == found[2])
            place = next((position(c.args["table"]) for c in columns), "")
            return QueryError("COLUMN_NOT_FOUND", f"{place}Column '{full}' cannot be resolved")
        known = [(c, scope) for scope in traverse_scope(tree) for c in scope.unqualified_columns]
        column, scope = next((k for k in known if k[0].name in text), (None, None))
        if column is None or scope is None:
            code = "AMBIGUOUS_NAME" if "mbiguous" in text else "COLUMN_NOT_FOUND"
            return QueryError(code, f"Column cannot be resolved: {text}")
        owners = [
            name
            for name, (_, source) in scope.selected_sources.items()
            if column.name
            in (
                schema.column_names(source)
                if isinstance(source, exp.Table)
                else source.expression.named_selects
            )
        ]
        if len(owners) > 1:
            return QueryError("AMBIGUOUS_NAME", f"{position(column)}Column '{column.name}' is ambiguous")
        return QueryError("COLUMN_NOT_FOUND", f"{position(column)}Column '{column.name}' cannot be resolved")
