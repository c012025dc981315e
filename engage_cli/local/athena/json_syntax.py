"""The SQL functions of JSON whose arguments are separated by words: https://trino.io/docs/current/functions/json.html.

Each becomes a call under its own name, with what the words say in `meta`.
"""

from typing import Any

from sqlglot import exp

from engage_cli.local.athena.errors import not_supported


def _nulls(parser: Any, default: bool) -> bool:
    """NULL ON NULL or ABSENT ON NULL: whether members that are NULL are kept."""
    for word, kept in (("NULL", True), ("ABSENT", False)):
        if parser._match_text_seq(word, "ON", "NULL"):
            return kept
    return default


def _no_returning(parser: Any, name: str) -> None:
    if parser._match_text_seq("RETURNING") or parser._match_text_seq("FORMAT"):
        raise not_supported(f"RETURNING or FORMAT in {name}")


def json_array(parser: Any) -> exp.Expression:
    """JSON_ARRAY(a, b [NULL ON NULL | ABSENT ON NULL])."""
    values = []
    while parser._curr and parser._curr.text != ")":
        values.append(parser._parse_disjunction())
        if not parser._match_text_seq(","):
            break
    node = exp.Anonymous(this="json_array", expressions=values)
    if values and isinstance(values[-1], exp.Null) and parser._match_text_seq("ON", "NULL"):
        raise not_supported("json_array with NULL ON NULL and no value before it")
    node.meta["nulls"] = _nulls(parser, False)
    _no_returning(parser, "json_array")
    return node


def json_object(parser: Any) -> exp.Expression:
    """JSON_OBJECT('a': 1, KEY 'b' VALUE 2 [NULL ON NULL | ABSENT ON NULL] [WITHOUT UNIQUE KEYS])."""
    members = []
    while parser._curr and parser._curr.text != ")":
        parser._match_text_seq("KEY")
        members.append(parser._parse_bitwise())
        if not (parser._match_text_seq(":") or parser._match_text_seq("VALUE")):
            parser.raise_error("mismatched input")
        members.append(parser._parse_disjunction())
        if not parser._match_text_seq(","):
            break
    node = exp.Anonymous(this="json_object", expressions=members)
    node.meta["nulls"] = _nulls(parser, True)
    if parser._match_text_seq("WITH", "UNIQUE"):
        raise not_supported("WITH UNIQUE KEYS in json_object")
    if parser._match_text_seq("WITHOUT", "UNIQUE"):
        parser._match_text_seq("KEYS")
    _no_returning(parser, "json_object")
    return node


def json_value(parser: Any) -> exp.Expression:
    """JSON_VALUE(input, path [RETURNING type] [behaviour ON EMPTY] [behaviour ON ERROR])."""
    value = parser._parse_disjunction()
    parser._match_text_seq(",")
    path = parser._parse_disjunction()
    node: exp.Expression = exp.Anonymous(this="json_value", expressions=[value, path])
    kind = parser._parse_types() if parser._match_text_seq("RETURNING") else None
    default = None
    for _ in range(2):
        other = parser._parse_disjunction() if parser._match_text_seq("DEFAULT") else None
        if other is None and parser._match_text_seq("ERROR"):
            raise not_supported("ERROR ON EMPTY or ON ERROR in json_value")
        if other is None and not parser._match_text_seq("NULL"):
            break
        if not parser._match_text_seq("ON"):
            parser.raise_error("mismatched input")
        if parser._match_text_seq("EMPTY"):
            default = other
        elif parser._match_text_seq("ERROR") and other is not None:
            raise not_supported("DEFAULT ... ON ERROR in json_value")
    if default is not None:
        node.meta["default"] = True
        node.append("expressions", default)
    if kind is not None:
        node = exp.TryCast(this=node, to=kind)
    return node


def json_query(parser: Any) -> exp.Expression:
    """JSON_QUERY(input, path [WITHOUT ARRAY WRAPPER])."""
    value = parser._parse_disjunction()
    parser._match_text_seq(",")
    path = parser._parse_disjunction()
    if parser._match_text_seq("WITH"):
        raise not_supported("WITH WRAPPER in json_query")
    if parser._match_text_seq("WITHOUT"):
        parser._match_text_seq("ARRAY")
        parser._match_text_seq("WRAPPER")
    _no_returning(parser, "json_query")
    return exp.Anonymous(this="json_query", expressions=[value, path])


PARSERS = {
    "JSON_ARRAY": json_array, "JSON_OBJECT": json_object, "JSON_VALUE": json_value, "JSON_QUERY": json_query,
}  # fmt: skip
