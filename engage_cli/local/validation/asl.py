"""What Step Functions refuses to accept as a state machine (States language specification).

`problems` lists what is wrong with a definition, each as AWS words it: a code, what, and where.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_COMMON = {"Type", "Comment", "QueryLanguage"}
_IN_OUT = {"InputPath", "OutputPath", "Output", "Assign"}
_RESULT = {"ResultPath", "ResultSelector"}
_GO_ON = {"Next", "End"}
_ERRORS = {"Retry", "Catch"}
_FIELDS: dict[str, set[str]] = {
    "Pass": {*_COMMON, *_IN_OUT, *_GO_ON, "Result", "ResultPath", "Parameters"},
    "Task": {
        *_COMMON, *_IN_OUT, *_RESULT, *_GO_ON, *_ERRORS, "Resource", "Parameters", "Arguments", "Credentials",
        "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath",
    },
    "Choice": {*_COMMON, *_IN_OUT, "Choices", "Default"},
    "Wait": {*_COMMON, *_IN_OUT, *_GO_ON, "Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": {*_COMMON, *_IN_OUT},
    "Fail": {*_COMMON, "Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": {*_COMMON, *_IN_OUT, *_RESULT, *_GO_ON, *_ERRORS, "Branches", "Parameters", "Arguments"},
    "Map": {
        *_COMMON, *_IN_OUT, *_RESULT, *_GO_ON, *_ERRORS, "ItemProcessor", "Iterator", "ItemsPath", "Items",
        "ItemSelector", "Parameters", "ItemReader", "ItemBatcher", "ResultWriter", "Label", "MaxConcurrency",
        "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailureCountPath",
        "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
    },
}  # fmt: skip
_JSONPATH_ONLY = {
    "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath", "SecondsPath",
    "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath", "CausePath",
    "MaxConcurrencyPath",
}  # fmt: skip
_JSONATA_ONLY = {"Output", "Arguments", "Items"}
_NEEDED = {
    "Task": (("Resource",),),
    "Choice": (("Choices",),),
    "Wait": (("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    "Parallel": (("Branches",),),
    "Map": (("ItemProcessor", "Iterator"),),
}
_TOP = {"StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage", "ProcessorConfig"}
_PATHS = {"InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath",
          "HeartbeatSecondsPath", "ErrorPath", "CausePath", "Variable"}  # fmt: skip
_STEP = (
    r"\.\.?(?:[^\s.\[\]()$'\"@*?,:]+|\*)"
    r"|\[(?:\*|-?\d+(?:\s*,\s*-?\d+)*|-?\d*:-?\d*(?::\d+)?|'[^']*'|\"[^\"]*\"|\?\(.+?\))\]"
)
_PATH = re.compile(rf"\$(?:\$|[A-Za-z_]\w*)?(?:{_STEP})*(?:\.(?:length|min|max|avg|sum)\(\))?")
_REFERENCE = re.compile(r"\$(?:\.[^\s.\[\]()$'\"@*?,:]+|\[(?:\d+|'[^']*'|\"[^\"]*\")\])*")
_INTRINSIC = re.compile(r"States\.\w+\(.*\)", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\{[^}]*\}")


class _DuplicateError(ValueError):
    pass


def problems(text: str) -> list[str]:
    """Everything that is wrong with a definition; empty when Step Functions would accept it."""
    try:
        definition = json.loads(text, object_pairs_hook=_unique)
    except _DuplicateError as error:
        return [f"INVALID_JSON_DESCRIPTION: Duplicate field '{error}'"]
    except ValueError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    if not isinstance(definition, dict):
        return ["INVALID_JSON_DESCRIPTION: The definition is no object at /"]
    return list(_machine(definition, "", str(definition.get("QueryLanguage", "JSONPath"))))


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            raise _DuplicateError(key)
        found[key] = value
    return found


def _schema(what: str, where: str) -> str:
    return f"SCHEMA_VALIDATION_FAILED: {what} at {where or '/'}"


def _machine(machine: Json, where: str, language: str) -> Iterator[str]:
    for name in sorted(machine.keys() - _TOP):
        yield _schema(f"Field '{name}' is not supported", where)
    if language not in ("JSONPath", "JSONata"):
        yield _schema(f"The value of 'QueryLanguage' must be JSONPath or JSONata, not '{language}'", where)
    limit = machine.get("TimeoutSeconds")
    if limit is not None and not _seconds(limit):
        yield _schema("'TimeoutSeconds' must be a positive integer", where)
    start, states = machine.get("StartAt"), machine.get("States")
    if not isinstance(states, dict) or not states:
        yield _schema("The field 'States' is missing or empty", where)
        return
    if not isinstance(start, str):
        yield _schema("The field 'StartAt' is missing", where)
    elif start not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: {start} at {where}/StartAt"
    for name, state in states.items():
        path = f"{where}/States/{name}"
        if len(name) > 80:
            yield _schema("The name of a state is longer than 80 characters", path)
        if isinstance(state, dict):
            yield from _state(state, states, path, str(state.get("QueryLanguage", language)))
        else:
            yield _schema("A state is an object", path)
    if isinstance(start, str) and start in states:
        for name in states.keys() - _reachable(start, states):
            yield f'UNREACHABLE_STATE: State "{name}" is not reachable at {where}/States/{name}'


def _state(state: Json, states: Json, where: str, language: str) -> Iterator[str]:
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        what = "The field 'Type' is missing" if kind is None else f"Unknown state type '{kind}'"
        yield _schema(what, where)
        return
    for name in sorted(state.keys() - _FIELDS[kind]):
        yield _schema(f"Field '{name}' is not supported", where)
    for name in sorted(state.keys() & (_JSONPATH_ONLY if language == "JSONata" else _JSONATA_ONLY)):
        yield _schema(f"Field '{name}' is not supported with the query language {language}", where)
    for choices in _NEEDED.get(kind, ()):
        present = [name for name in choices if name in state]
        if len(present) != 1:
            yield _schema(f"Exactly one of {', '.join(choices)} is needed", where)
    goes_on = kind in ("Pass", "Task", "Wait", "Parallel", "Map")
    if goes_on and ("Next" in state) == (state.get("End") is True):
        yield _schema("Exactly one of 'Next' and 'End' is needed", where)
    for field, target in _targets(state):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing '{field}' target: {target} at {where}/{field}"
    for name in ("TimeoutSeconds", "HeartbeatSeconds"):
        if name in state and not _seconds(state[name]) and not _expression(state[name]):
            yield _schema(f"'{name}' must be a positive integer", where)
    yield from _lists(state, kind, where)
    if language == "JSONPath":
        yield from _paths(state, where)
    yield from _nested(state, where, language)


def _lists(state: Json, kind: str, where: str) -> Iterator[str]:
    for name in ("Choices", "Branches", "Retry", "Catch"):
        if name in state and (
            not isinstance(state[name], list) or (not state[name] and name in ("Choices", "Branches"))
        ):
            yield _schema(f"'{name}' must be a list that is not empty", where)
    for name in ("Retry", "Catch"):
        for number, entry in enumerate(_list(state.get(name))):
            errors = entry.get("ErrorEquals") if isinstance(entry, dict) else None
            if not isinstance(errors, list) or not errors:
                yield _schema("'ErrorEquals' must be a list that is not empty", f"{where}/{name}[{number}]")
            elif "States.ALL" in errors and (len(errors) > 1 or number < len(state[name]) - 1):
                yield _schema("States.ALL must be alone and last", f"{where}/{name}[{number}]")
    for number, choice in enumerate(_list(state.get("Choices"))):
        if isinstance(choice, dict) and "Next" not in choice:
            yield _schema("The field 'Next' is missing", f"{where}/Choices[{number}]")


def _nested(state: Json, where: str, language: str) -> Iterator[str]:
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(name), dict):
            inner = state[name]
            yield from _machine(inner, f"{where}/{name}", str(inner.get("QueryLanguage", language)))
    for number, branch in enumerate(_list(state.get("Branches"))):
        if isinstance(branch, dict):
            language_ = str(branch.get("QueryLanguage", language))
            yield from _machine(branch, f"{where}/Branches[{number}]", language_)


def _paths(value: Any, where: str, *, template: bool = False) -> Iterator[str]:
    """Check every path below; what is below Parameters and its like is a template, where `x.$` is one."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _paths(one, f"{where}[{number}]", template=template)
        return
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        place = f"{where}/{name}"
        if template:
            if name.endswith(".$") and not _valid_path(one, intrinsic=True):
                yield _schema(
                    f"The value for the field '{name}' must be a valid JSONPath or an intrinsic function",
                    place,
                )
            yield from _paths(one, place, template=True)
        elif name in ("Parameters", "ResultSelector", "ItemSelector", "Assign"):
            yield from _paths(one, place, template=True)
        elif name == "ResultPath":
            if one is not None and not (isinstance(one, str) and _REFERENCE.fullmatch(one)):
                yield _schema("Value is not a valid reference path", place)
        elif name in _PATHS or (name.endswith("Path") and isinstance(one, str)):
            if one is not None and not _valid_path(one, intrinsic=name in ("ErrorPath", "CausePath")):
                yield _schema("Value is not a valid JSONPath", place)
        elif name in ("Choices", "And", "Or", "Not", "Catch"):
            yield from _paths(one, place)


def _valid_path(value: Any, *, intrinsic: bool) -> bool:
    if not isinstance(value, str):
        return False
    text = _SUBSTITUTION.sub("x", value)
    return bool(_PATH.fullmatch(text)) or (intrinsic and bool(_INTRINSIC.fullmatch(text)))


def _targets(state: Json) -> Iterator[tuple[str, str]]:
    for name in ("Next", "Default"):
        if isinstance(state.get(name), str):
            yield name, state[name]
    for name in ("Choices", "Catch"):
        for entry in _list(state.get(name)):
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                yield name, entry["Next"]


def _reachable(start: str, states: Json) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        state = states[waiting.pop()]
        for _, target in _targets(state) if isinstance(state, dict) else ():
            if target in states and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _seconds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 99_999_999


def _expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")
