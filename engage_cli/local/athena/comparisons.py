# ruff: noqa: E501 - templates read better on one line
"""Equality of arrays, maps and rows, as Trino's: NULL where a NULL within decides, maps in any order."""

from sqlglot import exp

from engage_cli.local.athena.calls import call, template
from engage_cli.local.athena.trino_types import UNKNOWN, Type


def compared(left: exp.Expression, right: exp.Expression, kind: Type, depth: int = 0) -> exp.Expression:
    """Return whether two values, in DuckDB's terms, are equal: true, false or NULL. `kind` is their type."""
    if kind.name == "row":
        parts = [
            compared(
                template(f"struct_extract_at(:v, {i})", v=left), template(f"struct_extract_at(:v, {i})", v=right),
                part, depth,
            )
            for i, (_, part) in enumerate(kind.args, 1)
        ]  # fmt: skip
        return exp.paren(exp.and_(*parts))
    if kind.name == "array":
        at = f"i{depth}_"
        inner = compared(
            template(f"(:v)[{at}]", v=left), template(f"(:v)[{at}]", v=right), kind.args[0], depth + 1
        )
        sql = f"""CASE WHEN (:a) IS NULL OR (:b) IS NULL THEN NULL WHEN len(:a) <> len(:b) THEN false
            ELSE NOT trino_any_match(list_transform(generate_series(1, len(:a)), lambda {at}: NOT (:same))) END"""
        return template(sql, a=left, b=right, same=inner)
    if kind.name == "map":
        at = f"k{depth}_"
        inner = compared(
            template(f"(:v)[{at}]", v=left), template(f"(:v)[{at}]", v=right), kind.args[1], depth + 1
        )
        sql = f"""CASE WHEN (:a) IS NULL OR (:b) IS NULL THEN NULL
            WHEN len(map_keys(:a)) <> len(map_keys(:b)) THEN false
            ELSE NOT trino_any_match(list_transform(map_keys(:a), lambda {at}:
            NOT (list_contains(map_keys(:b), {at}) AND (:same)))) END"""
        return template(sql, a=left, b=right, same=inner)
    if kind == UNKNOWN:
        return exp.paren(exp.EQ(this=left.copy(), expression=right.copy()))
    return call("trino_eq", left.copy(), right.copy())
