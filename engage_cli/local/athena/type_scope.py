"""What the names in a query stand for, with their types."""

from __future__ import annotations

from dataclasses import dataclass, field

from engage_cli.local.athena.trino_types import Type

Columns = list[tuple[str, Type | None]]


@dataclass
class Scope:
    """Sources, common table expressions, variables of lambdas and output columns, within those of `outer`."""

    outer: Scope | None = None
    sources: dict[str, dict[str, Type | None]] = field(default_factory=dict)
    clauses: dict[str, Columns] = field(default_factory=dict)
    variables: dict[str, Type | None] = field(default_factory=dict)
    outputs: dict[str, Type | None] = field(default_factory=dict)

    def column(self, table: str, name: str) -> Type | None:
        """Return the type of a column, None if it is not known."""
        if table in self.sources:
            return self.sources[table].get(name)
        if not table and name in self.outputs:
            return self.outputs[name]
        return self.outer.column(table, name) if self.outer else None

    def variable(self, name: str) -> Type | None:
        """Return the type of a variable of a lambda, None if it is not known."""
        if name in self.variables:
            return self.variables[name]
        return self.outer.variable(name) if self.outer else None

    def clause(self, name: str) -> Columns:
        """Return the columns of a common table expression; none if it is not known."""
        if name in self.clauses:
            return self.clauses[name]
        return self.outer.clause(name) if self.outer else []
