"""The types of a resolved query, as Trino finds them before it reads a row.

DuckDB converts between types where Trino refuses, and has one type where Trino has several. So every type
that follows from the statement and the catalog is worked out here: a mismatch fails with Trino's words and
its place, and what DuckDB cannot see (the digits of a timestamp, `char`, kinds of intervals, reals) is left
in `meta` for `translate`. None stands for a type that is not followed; nothing is refused because of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from engage_cli.local.athena import trino_types as tt
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.places import Places
from engage_cli.local.athena.resolve import Resolved
from engage_cli.local.athena.trino_types import Type
from engage_cli.local.athena.type_expressions import Expressions
from engage_cli.local.athena.type_scope import Columns, Scope

_SET_NAMES = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


def check_types(resolved: Resolved) -> list[Type | None]:
    """Return the types of a query's columns. Raises QueryError: TYPE_MISMATCH, FUNCTION_NOT_FOUND, ..."""
    tables: dict[str, Columns] = {}
    for reference in resolved.references:
        table = reference.table
        columns: Columns = [
            (name.lower(), tt.of_hive(kind)) for name, kind in (*table.columns, *table.partition_keys)
        ]
        tables[reference.name] = columns
    queries = Queries(tables, Places(str(resolved.tree.meta.get("sql", ""))))
    return [kind for _, kind in queries.query(resolved.tree, Scope())]


def _args(node: exp.Expression, *names: str) -> Iterable[exp.Expression]:
    for name in names:
        value = node.args.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, exp.Expression):
                yield item


@dataclass
class Queries:
    """Types of queries; `tables` are the columns of the catalog's tables by the names of their references."""

    tables: dict[str, Columns]
    places: Places
    expressions: Expressions = field(init=False)

    def __post_init__(self) -> None:
        self.expressions = Expressions(self.places, self.query)

    def query(self, node: exp.Expression, scope: Scope) -> Columns:
        """Return the columns of a query."""
        scope = Scope(scope)
        for clause in _args(node, "with_", "with"):
            self._clauses(clause, scope)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, scope)
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.Subquery | exp.Paren):
            return self.query(node.this, scope)
        if isinstance(node, exp.Values):
            return self._values(node, scope)
        return []

    def _clauses(self, clause: exp.Expression, scope: Scope) -> None:
        for cte in clause.expressions:
            name = str(cte.alias)
            if clause.args.get("recursive"):
                first = cte.this
                while isinstance(first, exp.SetOperation):
                    first = first.this
                scope.clauses[name] = self.renamed(self.query(first, scope), cte)
            scope.clauses[name] = self.renamed(self.query(cte.this, scope), cte)

    @staticmethod
    def renamed(columns: Columns, node: exp.Expression) -> Columns:
        """Return columns with the names that an alias gives them."""
        alias = node.args.get("alias")
        names = [item.name for item in alias.columns] if isinstance(alias, exp.TableAlias) else []
        if len(names) != len(columns):
            return columns if not names else [(name, None) for name in names]
        return [(name, kind) for name, (_, kind) in zip(names, columns, strict=True)]

    def _set_operation(self, node: exp.SetOperation, scope: Scope) -> Columns:
        left, right = self.query(node.this, scope), self.query(node.expression, scope)
        name = next(words for kind, words in _SET_NAMES.items() if isinstance(node, kind))
        if left and right and len(left) != len(right):
            words = f"{name} query has different number of fields: {len(left)}, {len(right)}"
            raise QueryError("TYPE_MISMATCH", self.places.of(node) + words)
        columns: Columns = []
        for i, ((label, a), (_, b)) in enumerate(zip(left, right, strict=False), 1):
            both = tt.common(a, b) if a is not None and b is not None else None
            if both is None and a is not None and b is not None:
                words = f"column {i} in {name} query has incompatible types: {a}, {b}"
                raise QueryError("TYPE_MISMATCH", self.places.of(node) + words)
            columns.append((label, both))
        if node.args.get("distinct") or not isinstance(node, exp.Union):
            self.expressions.no_maps([kind for _, kind in columns], name)
        for clause in _args(node, "limit", "offset"):
            self.expressions.count_of(clause)
        return columns

    def _values(self, node: exp.Values, scope: Scope) -> Columns:
        rows: list[list[Type | None]] = []
        for item in node.expressions:
            cells = item.expressions if isinstance(item, exp.Tuple) else [item]
            rows.append([self.expressions.infer(cell, scope) for cell in cells])
        kinds = rows[0]
        for row in rows[1:]:
            if len(row) != len(kinds):
                words = f"Values rows have mismatched sizes: {len(kinds)} vs {len(row)}"
                raise QueryError("TYPE_MISMATCH", self.places.of(node) + words)
            kinds = [
                self.expressions.both(a, b, node, "Values rows have mismatched types: {} vs {}")
                for a, b in zip(kinds, row, strict=True)
            ]
        return self.renamed([(f"_col{i}", kind) for i, kind in enumerate(kinds)], node)

    def _select(self, node: exp.Select, scope: Scope) -> Columns:
        for clause in _args(node, "from_", "from"):
            self._source(clause.this, scope)
        for join in _args(node, "joins", "laterals"):
            self._join(join, scope)
        infer = self.expressions.infer
        for clause in _args(node, "where"):
            self.expressions.condition(clause.this, scope, "WHERE clause")
        for group in _args(node, "group"):
            items = [part for part in group.walk() if isinstance(part, exp.Column)]
            plain = [infer(item, scope) for item in group.expressions]
            self.expressions.no_maps([*plain, *(infer(item, scope) for item in items)], "GROUP BY")
        columns = [(str(item.alias_or_name), infer(item.unalias(), scope)) for item in node.expressions]
        for clause in _args(node, "having"):
            self.expressions.condition(clause.this, scope, "HAVING clause")
        outputs = Scope(scope, outputs=dict(columns))
        for order in _args(node, "order"):
            for ordered in order.expressions:
                self.expressions.orderable(infer(ordered.this, outputs), ordered)
        for window in _args(node, "windows"):
            self.expressions.children(window, scope)
        if node.args.get("distinct"):
            self.expressions.no_maps([kind for _, kind in columns], "DISTINCT")
        for clause in _args(node, "limit", "offset"):
            self.expressions.count_of(clause)
        return columns

    def _join(self, join: exp.Expression, scope: Scope) -> None:
        before = {name: dict(columns) for name, columns in scope.sources.items()}
        self._source(join.this if isinstance(join, exp.Join) else join, scope)
        for on in _args(join, "on"):
            self.expressions.condition(on, scope, "JOIN ON clause")
        for using in _args(join, "using"):
            right = list(scope.sources.values())[-1].get(using.name)
            for columns in before.values():
                left = columns.get(using.name)
                self.expressions.both(left, right, using, "Cannot apply operator: {} = {}")

    def _source(self, node: exp.Expression, scope: Scope) -> None:
        name = str(node.alias_or_name)
        if isinstance(node, exp.Table):
            columns = self.tables.get(node.name) or scope.clause(node.name)
        elif isinstance(node, exp.Unnest):
            columns = self._unnested(node, scope)
        elif isinstance(node, exp.Lateral):
            columns = self.query(node.this, scope)
        else:
            columns = self.query(node, scope)
        scope.sources[name] = dict(columns if isinstance(node, exp.Unnest) else self.renamed(columns, node))
        for join in _args(node, "joins") if not isinstance(node, exp.Select) else ():
            self._join(join, scope)

    def _unnested(self, node: exp.Unnest, scope: Scope) -> Columns:
        kinds: list[Type | None] = []
        known = True
        for argument in node.expressions:
            kind = self.expressions.infer(argument, scope)
            if kind is None or kind.name not in ("array", "map"):
                if kind is not None and kind != tt.UNKNOWN:
                    words = f"Cannot unnest type: {kind}"
                    raise QueryError("INVALID_FUNCTION_ARGUMENT", self.places.of(argument) + words)
                known = False
            elif kind.name == "map":
                kinds += kind.args
            elif kind.args[0].name == "row":
                kinds += [part for _, part in kind.args[0].args]
            else:
                kinds.append(kind.args[0])
        alias = node.args.get("alias")
        names = [item.name for item in alias.columns] if isinstance(alias, exp.TableAlias) else []
        offset = node.args.get("offset")
        if offset:
            kinds.append(tt.BIGINT)
        if isinstance(offset, exp.Identifier) and len(names) < len(kinds):
            names.append(offset.name)
        if not known or len(names) != len(kinds):
            return [(name, None) for name in names]
        return list(zip(names, kinds, strict=True))
