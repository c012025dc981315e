"""JSON cast to rows: what the type of the target says about the members that an object may have.

DuckDB casts an object to a row only if its members are exactly the fields. In Trino and in Hive's SerDes a
member that is missing is NULL, one that the row lacks is left out, names are the same in any case, and an
array gives the fields in their order. `python_json_shape` puts the JSON into that form first; its second
argument is a shape: {"row": [[name, shape], ...]}, {"array": shape}, {"map": shape} or null.
"""

import json
from typing import Any

from sqlglot import exp

from engage_cli.local.athena.hive_types import inner_types

Shape = dict[str, Any] | None
_JSON_FUNCTIONS = ("json_parse", "json_extract", "json_array_get")


def hive_shape(hive: str) -> Shape:
    """Return the shape of a Hive type."""
    text = hive.strip().lower()
    if not text.startswith(("array<", "map<", "struct<")):
        return None
    kind, parts = inner_types(text)
    if kind == "struct":
        return {"row": [[name, hive_shape(part)] for name, part in parts]}
    return {kind: hive_shape(parts[-1][1])}


def type_shape(kind: exp.DataType) -> Shape:
    """Return the shape of a type of a query."""
    if kind.is_type("struct"):
        fields = [item for item in kind.expressions if isinstance(item, exp.ColumnDef)]
        return {"row": [[field.name.lower(), type_shape(field.args["kind"])] for field in fields]}
    if kind.is_type("array", "map") and kind.expressions:
        return {"array" if kind.is_type("array") else "map": type_shape(kind.expressions[-1])}
    return None


def has_rows(shape: Shape) -> bool:
    """Say whether a shape holds a row anywhere."""
    return shape is not None and ("row" in shape or any(has_rows(inner) for inner in shape.values()))


def as_text(shape: Shape) -> str:
    """Return the shape as the function takes it."""
    return json.dumps(shape, separators=(",", ":"))


def is_json(node: exp.Expression) -> bool:
    """Say whether an expression is JSON by its form."""
    if isinstance(node, exp.Paren):
        return is_json(node.this)
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower().removeprefix("trino_") in _JSON_FUNCTIONS
    return isinstance(node, exp.ParseJSON)


def shaped(value: Any, shape: Shape) -> Any:
    """Return a JSON value with the members of every row as its shape says."""
    if shape is None or value is None:
        return value
    if "row" in shape:
        if isinstance(value, list):
            value = {name: item for (name, _), item in zip(shape["row"], value, strict=False)}
        if not isinstance(value, dict):
            return value  # the cast says what is wrong
        members = {name.lower(): item for name, item in value.items()}
        return {name: shaped(members.get(name.lower()), inner) for name, inner in shape["row"]}
    if "array" in shape and isinstance(value, list):
        return [shaped(item, shape["array"]) for item in value]
    if "map" in shape and isinstance(value, dict):
        return {name: shaped(item, shape["map"]) for name, item in value.items()}
    return value
