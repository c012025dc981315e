"""Filter expressions of GetTraceSummaries: the part of the language that names services, states and times.

Source: "Using filter expressions" of the X-Ray developer guide. Conditions are joined with AND. What is not
read here is refused and never taken for true.
"""

import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Condition = Callable[[Json], bool]

_STRING = r'"((?:[^"\\]|\\.)*)"'
_SERVICE = re.compile(rf"service\(\s*{_STRING}\s*\)")
_SERVICE_ID = re.compile(rf"service\(\s*id\(\s*name:\s*{_STRING}\s*(?:,\s*type:\s*{_STRING}\s*)?\)\s*\)")
_ANNOTATION = re.compile(rf"annotation[.\[]([\w.]+)\]?\s*=\s*(?:{_STRING}|(true|false|-?\d+(?:\.\d+)?))")
_NUMBER = re.compile(r"(duration|responsetime|http\.status)\s*(=|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)?)")
_FLAG = re.compile(r"(!?)(fault|error|throttle|ok|partial)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class UnknownFilterError(ValueError):
    """An expression that is none, or that is not read here."""


def parse(expression: str | None) -> Condition:
    """What a summary must fulfil. Raises UnknownFilterError."""
    parts = re.split(r"\s+AND\s+", expression.strip(), flags=re.IGNORECASE) if expression else []
    conditions = [_condition(part.strip()) for part in parts]
    return lambda summary: all(holds(summary) for holds in conditions)


def _condition(text: str) -> Condition:
    if found := _SERVICE.fullmatch(text):
        return _service(found[1], None)
    if found := _SERVICE_ID.fullmatch(text):
        return _service(found[1], found[2])
    if found := _ANNOTATION.fullmatch(text):
        return _annotation(found[1], found[2] if found[2] is not None else found[3])
    if found := _NUMBER.fullmatch(text):
        return _number(found[1], _COMPARE[found[2]], float(found[3]))
    if found := _FLAG.fullmatch(text):
        return _flag(found[2], bool(found[1]))
    raise UnknownFilterError(
        f"The local endpoint does not read {text!r} in a filter expression; it reads service(), "
        "annotation.key = value, duration, responsetime, http.status, fault, error, throttle, ok and "
        "partial, joined with AND."
    )


def _service(name: str, kind: str | None) -> Condition:
    return lambda summary: any(
        one["Name"] == name and kind in (None, one.get("Type")) for one in summary["ServiceIds"]
    )


def _annotation(key: str, value: str) -> Condition:
    def holds(summary: Json) -> bool:
        entries = summary["Annotations"].get(key) or ()
        shown = (next(iter(entry["AnnotationValue"].values())) for entry in entries)
        return any((str(one).lower() if isinstance(one, bool) else str(one)) == value for one in shown)

    return holds


def _number(field: str, compare: Callable[[float, float], bool], limit: float) -> Condition:
    def holds(summary: Json) -> bool:
        if field == "http.status":
            status = summary["Http"].get("HttpStatus")
            return status is not None and compare(float(status), limit)
        return compare(float(summary["Duration" if field == "duration" else "ResponseTime"]), limit)

    return holds


def _flag(name: str, negated: bool) -> Condition:
    def holds(summary: Json) -> bool:
        if name == "ok":
            found = not (summary["HasFault"] or summary["HasError"] or summary["HasThrottle"])
        elif name == "partial":
            found = bool(summary["IsPartial"])
        else:
            found = bool(summary[f"Has{name.capitalize()}"])
        return found is not negated

    return holds
