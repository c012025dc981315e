"""Which types Trino casts into which: https://trino.io/docs/current/functions/conversion.html."""

from collections.abc import Callable

from engage_cli.local.athena.trino_types import UNKNOWN, Type, is_number

_TEXT = ("varchar", "char")
_TIMES = ("date", "timestamp", "timestamp with time zone", "time", "time with time zone")
_TO_TEXT = (
    "boolean", *_TIMES, "uuid", "json", "interval day to second", "interval year to month", *_TEXT,
)  # fmt: skip
_FROM_TEXT = ("boolean", *_TIMES, "uuid", "json", "varbinary", *_TEXT)
_INTO_TIMES = {
    "date": ("date", "timestamp", "timestamp with time zone"),
    "timestamp": _TIMES[:4],
    "timestamp with time zone": _TIMES,
    "time": ("time", "time with time zone", "timestamp", "timestamp with time zone"),
    "time with time zone": ("time", "time with time zone", "timestamp", "timestamp with time zone"),
}


def can_cast(source: Type, target: Type) -> bool:
    """Say whether there is a cast from a type to another."""
    if UNKNOWN in (source, target) or source == target:
        return True
    if source.name == target.name in ("array", "map"):
        return all(can_cast(a, b) for a, b in zip(source.args, target.args, strict=True))
    if source.name == target.name == "row":
        return len(source.args) == len(target.args) and all(
            can_cast(a, b) for (_, a), (_, b) in zip(source.args, target.args, strict=True)
        )
    if target.name == "json":
        return _to_json(source)
    if source.name == "json":
        return _from_json(target)
    if target.name in _TEXT:
        return is_number(source) or source.name in _TO_TEXT
    if source.name in _TEXT:
        return is_number(target) or target.name in _FROM_TEXT
    if is_number(source) or source.name == "boolean":
        return is_number(target) or target.name == "boolean"
    if source.name in _INTO_TIMES:
        return target.name in _INTO_TIMES[source.name]
    return {source.name, target.name} == {"uuid", "varbinary"}


def _to_json(source: Type) -> bool:
    names = ("boolean", "date", "timestamp", "json", "unknown", *_TEXT)
    return _within(source, lambda kind: is_number(kind) or kind.name in names)


def _from_json(target: Type) -> bool:
    return _within(target, lambda kind: is_number(kind) or kind.name in ("boolean", "varchar", "json"))


def _within(kind: Type, allowed: Callable[[Type], bool]) -> bool:
    """Whether all that arrays, maps and rows hold is allowed, and the keys are those of JSON."""
    if kind.name == "array":
        return _within(kind.args[0], allowed)
    if kind.name == "map":
        return _is_key(kind.args[0]) and _within(kind.args[1], allowed)
    if kind.name == "row":
        return all(_within(field, allowed) for _, field in kind.args)
    return allowed(kind)


def _is_key(kind: Type) -> bool:
    return is_number(kind) or kind.name in ("boolean", "varchar", "unknown")
