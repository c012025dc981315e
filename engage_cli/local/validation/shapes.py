"""The constraints of a service's own model, checked as its front end does.

botocore carries each service's model: which members are required, and the length, range, pattern and values
of each. botocore itself checks only some of them, and only in the client. A model is read when an operation
is first called, reduced to the constraints of that operation, and dropped.
"""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from engage_cli.local.validation.refusal import Refused

Json = dict[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
}
# What Python's `re` does not know of Java's patterns, by the narrowest that it does and that holds it.
_JAVA_CLASSES = {
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
    r"\ud800\udc00-\udbff\udfff": r"\U00010000-\U0010ffff",
    r"\p{L}": r"\w",
    r"\p{M}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{S}": r"\W",
    r"\p{P}": r"\W",
    r"\p{IsLetter}": r"\w",
    r"\p{Alnum}": r"\w",
    r"\p{Graph}": r"\S",
    r"\p{ASCII}": r"[\x00-\x7f]",  # Outside of brackets in every model that has it.
    r"\z": r"\Z",
}


@dataclass
class Node:
    """The constraints of one shape, and of what is in it."""

    type: str
    required: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    pattern: re.Pattern[str] | None = None
    enum: tuple[str, ...] = ()
    members: dict[str, "Node"] = field(default_factory=dict)
    item: "Node | None" = None
    key: "Node | None" = None


@dataclass(frozen=True)
class Operation:
    """One operation: its name, HTTP method and path, and the constraints of its input."""

    name: str
    method: str
    path: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    input: Node | None
    in_path: tuple[tuple[str, str], ...]  # label in the path, member
    payload: str | None


@lru_cache(maxsize=3)
def model(service: str) -> Any:
    """botocore's model of a service."""
    import botocore.session

    return botocore.session.Session().get_service_model(service)


@cache
def names(service: str) -> frozenset[str]:
    """The operations that a service has."""
    return frozenset(model(service).operation_names)


@cache
def routes(service: str) -> tuple[tuple[str, str, re.Pattern[str], tuple[str, ...]], ...]:
    """(name, method, path, literal query keys) of REST operations; the most literal path first."""
    found = []
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        literal = len(re.sub(r"\{[^}]+\}", "", path))
        pattern = re.compile(_path_pattern(path))
        found.append((-literal, name, http["method"], pattern, tuple(p for p in query.split("&") if p)))
    return tuple(
        (name, method, pattern, query) for _, name, method, pattern, query in sorted(found, key=_first)
    )


@cache
def operation(service: str, name: str) -> Operation:
    """One operation of a service, by its name."""
    found = model(service).operation_model(name)
    shape = found.input_shape
    in_path, payload = [], None
    if shape is not None:
        payload = shape.serialization.get("payload")
        for member, inner in shape.members.items():
            if inner.serialization.get("location") == "uri":
                in_path.append((inner.serialization.get("name", member), member))
    path, _, query = found.http.get("requestUri", "/").partition("?")
    return Operation(
        name,
        found.http.get("method", "POST"),
        re.compile(_path_pattern(path)),
        tuple((p.partition("=")[0], p.partition("=")[2]) for p in query.split("&") if p),
        _compile(shape, {}) if shape is not None else None,
        tuple(in_path),
        payload,
    )


@cache
def in_query(service: str, name: str) -> tuple[tuple[str, str, str], ...]:
    """(member, name in the query, type) of the scalars that a REST operation takes from its query."""
    shape = model(service).operation_model(name).input_shape
    members = shape.members.items() if shape is not None else ()
    return tuple(
        (member, inner.serialization.get("name", member), inner.type_name)
        for member, inner in members
        if inner.serialization.get("location") == "querystring" and inner.type_name not in ("list", "map")
    )


@cache
def payload_is_blob(service: str, name: str) -> bool:
    """Whether the body of a REST operation is a document of the caller's own."""
    shape = model(service).operation_model(name).input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    return payload is not None and shape.members[payload].type_name in ("blob", "string")


def check(operation: Operation, data: Json, code: str, *, enum_code: str | None = None) -> None:
    """Raise Refused, worded as AWS does, when `data` breaks a constraint of the operation's input."""
    if operation.input is None:
        return
    problems: list[tuple[str, bool]] = []
    _check(operation.input, data, "", problems)
    if not problems:
        return
    only_enums = enum_code is not None and all(is_enum for _, is_enum in problems)
    plural = "s" if len(problems) > 1 else ""
    text = "; ".join(problem for problem, _ in problems)
    chosen = enum_code if only_enums and enum_code else code
    raise Refused(chosen, f"{len(problems)} validation error{plural} detected: {text}")


def _check(node: Node, value: Any, path: str, problems: list[tuple[str, bool]]) -> None:
    expected = _TYPES.get(node.type)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected)):
        if isinstance(value, float) and value.is_integer() and node.type in ("integer", "long"):
            value = int(value)
        else:
            raise Refused(
                "SerializationException", f"{path or 'The request'} can not be converted to {node.type}."
            )
    _check_own(node, value, path, problems)
    if node.type == "structure":
        for name in node.required:
            if value.get(name) is None:
                where = _join(path, name)
                text = f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
                problems.append((text, False))
        for name, member in node.members.items():
            if value.get(name) is not None:
                _check(member, value[name], _join(path, name), problems)
    elif node.type == "list" and node.item is not None:
        for number, one in enumerate(value, start=1):
            _check(node.item, one, f"{path}.{number}.member", problems)
    elif node.type == "map":
        for key, one in value.items():
            if node.key is not None:
                _check(node.key, key, f"{path}.{key}.key", problems)
            if node.item is not None and one is not None:
                _check(node.item, one, f"{path}.{key}.member", problems)


def _check_own(node: Node, value: Any, path: str, problems: list[tuple[str, bool]]) -> None:
    def refuse(text: str, *, is_enum: bool = False) -> None:
        shown = value if len(str(value)) <= 120 else f"{str(value)[:120]}..."
        message = f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {text}"
        problems.append((message, is_enum))

    sized = isinstance(value, str | list | dict | bytes)
    measure = len(value) if sized else value
    kind = "have length" if sized else "have value"
    # A blob arrives as base64, a third longer than what it stands for.
    if node.type != "blob" and isinstance(measure, int | float):
        if node.least is not None and measure < node.least:
            refuse(
                f"{kind} greater than or equal to {node.least:g}"
                if node.least < 1e6
                else f"{kind} >= {node.least}"
            )
        if node.most is not None and measure > node.most:
            refuse(f"{kind} less than or equal to {int(node.most)}")
    if isinstance(value, str):
        if node.pattern is not None and node.pattern.fullmatch(value) is None:
            refuse(f"satisfy regular expression pattern: {node.pattern.pattern}")
        if node.enum and value not in node.enum:
            refuse(f"satisfy enum value set: [{', '.join(node.enum)}]", is_enum=True)


def _compile(shape: Any, seen: dict[str, Node]) -> Node | None:
    if shape.name in seen:
        return seen[shape.name]
    meta = shape.metadata
    node = seen[shape.name] = Node(
        shape.type_name,
        least=meta.get("min"),
        most=meta.get("max"),
        pattern=_pattern(meta.get("pattern")),
        enum=tuple(meta.get("enum", ())),
    )
    if shape.type_name == "structure":
        node.required = tuple(shape.required_members)
        for name, member in shape.members.items():
            below = _compile(member, seen)
            if below is not None:
                node.members[name] = below
    elif shape.type_name == "list":
        node.item = _compile(shape.member, seen)
    elif shape.type_name == "map":
        node.key, node.item = _compile(shape.key, seen), _compile(shape.value, seen)
    return node


@cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    text = re.sub(r"\\u\{?([0-9a-fA-F]{4,6})\}?", lambda m: rf"\U{int(m[1], 16):08x}", text)
    try:
        return re.compile(text)
    except re.error:
        return None  # test_validation.py lists these few, so that their number cannot grow unseen.


def _path_pattern(path: str) -> str:
    def part(match: re.Match[str]) -> str:
        greedy = match[1].endswith("+")
        return f"(?P<{group(match[1])}>{'.+' if greedy else '[^/]+'})"

    pieces = re.split(r"(\{[^}]+\})", path.rstrip("/") or "")
    return "".join(
        part(match) if (match := re.fullmatch(r"\{([^}]+)\}", piece)) else re.escape(piece)
        for piece in pieces
    )


def group(label: str) -> str:
    return "_" + re.sub(r"\W", "_", label.rstrip("+"))


def _join(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _first(row: tuple[Any, ...]) -> Any:
    return row[0]
