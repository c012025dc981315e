"""What CloudFormation refuses before it makes anything: sections, references, cycles, parameters."""

import re
from collections.abc import Iterator
from typing import Any

from engage_cli.local.validation.refusal import Refused

Json = dict[str, Any]
_SECTIONS = {
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions",
    "Transform", "Hooks", "Resources", "Outputs",
}  # fmt: skip
_FUNCTIONS = {
    "Fn::And", "Fn::Base64", "Fn::Cidr", "Fn::Equals", "Fn::FindInMap", "Fn::ForEach", "Fn::GetAtt",
    "Fn::GetAZs", "Fn::GetStackOutput", "Fn::If", "Fn::ImportValue", "Fn::Join", "Fn::Length", "Fn::Not",
    "Fn::Or", "Fn::Select", "Fn::Split", "Fn::Sub", "Fn::ToJsonString", "Fn::Transform",
}  # fmt: skip
_PSEUDO = {
    "AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region",
    "AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
INLINE_BYTES = 51_200


def check_stack(data: Json) -> None:
    """Refuse a CreateStack, UpdateStack or CreateChangeSet whose template or parameters cannot work."""
    body = data.get("TemplateBody")
    if body is None:
        return
    if len(body.encode()) > INLINE_BYTES:
        text = f"failed to satisfy constraint: Member must have length less than or equal to {INLINE_BYTES}"
        raise _invalid(f"1 validation error detected: Value '{body[:60]}...' at 'templateBody' {text}")
    template = check_template(body)
    parameters = template.get("Parameters") or {}
    given = {entry.get("ParameterKey") for entry in data.get("Parameters") or []}
    unknown = sorted(str(name) for name in given - set(parameters))
    if unknown:
        raise _invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, one in parameters.items() if "Default" not in one and name not in given]
    if missing:
        raise _invalid(f"Parameters: [{', '.join(missing)}] must have values")


def check_template(body: str) -> Json:
    """Parse a template; raise Refused("ValidationError") for what CloudFormation would not accept."""
    from ministack.services.cloudformation import engine

    try:
        template = engine._parse_template(body)
    except ValueError as error:
        raise _invalid(f"Template format error: {error}") from error
    if not isinstance(template, dict):
        raise _invalid("Template format error: unsupported structure.")
    if template.get("Transform"):
        return template  # What a transform makes of it, MiniStack checks.
    unknown = sorted(template.keys() - _SECTIONS)
    if unknown:
        raise _invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise _invalid("Template format error: At least one Resources member must be defined.")
    _check_references(template, resources)
    _check_cycles(resources)
    return template


def _check_references(template: Json, resources: Json) -> None:
    names = {*resources, *(template.get("Parameters") or {}), *_PSEUDO}
    conditions = set(template.get("Conditions") or {})
    sections = {section: template.get(section) or {} for section in ("Resources", "Outputs", "Conditions")}
    for section, content in sections.items():
        missing = sorted({name for name, _ in _references(content)} - names)
        if missing:
            where = f"the {section} block of the template"
            raise _invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in {where}"
            )
        for function in _functions(content):
            if function.split("::ForEach")[0] not in _FUNCTIONS and not function.startswith("Fn::ForEach"):
                raise _invalid(f"Template error: encountered unsupported function: {function}")
    for kind in ("Resources", "Outputs"):
        for name, one in sections[kind].items():
            condition = one.get("Condition") if isinstance(one, dict) else None
            if isinstance(condition, str) and condition not in conditions:
                what = f"Unresolved condition dependency {condition} in the {kind} block of the template"
                raise _invalid(f"Template format error: {what} ({name})")
    for name, one in resources.items():
        for other in _depends(one):
            if other not in resources:
                what = f"Unresolved resource dependencies [{other}] in the Resources block of the template"
                raise _invalid(f"Template format error: {what} ({name})")


def _check_cycles(resources: Json) -> None:
    edges = {
        name: {other for other, _ in _references(one)} & resources.keys() | set(_depends(one))
        for name, one in resources.items()
    }
    while free := [name for name, needs in edges.items() if not needs & edges.keys()]:
        for name in free:
            del edges[name]
    if edges:
        raise _invalid(f"Circular dependency between resources: [{', '.join(sorted(edges))}]")


def _references(value: Any, local: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """(name, how) of everything that a part of a template refers to."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one, local)
    if not isinstance(value, dict):
        return
    for key, one in value.items():
        if key == "Ref" and isinstance(one, str) and len(value) == 1:
            yield one, "Ref"
        elif key == "Fn::GetAtt" and len(value) == 1:
            name = one[0] if isinstance(one, list) and one else str(one).partition(".")[0]
            if isinstance(name, str):
                yield name, "Fn::GetAtt"
        elif key == "Fn::Sub":
            text, extra = (one[0], one[1]) if isinstance(one, list) and len(one) == 2 else (one, {})
            for name in _VARIABLE.findall(str(text)):
                if name.strip() not in extra:
                    # AWS::Region is one name; Resource.Attribute is an attribute of one.
                    yield name.strip().partition(".")[0], "Fn::Sub"
            yield from _references(extra, local)
        else:
            yield from _references(one, local)


def _functions(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _functions(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if isinstance(key, str) and key.startswith("Fn::"):
                yield key
            yield from _functions(one)


def _depends(resource: Any) -> list[str]:
    found = resource.get("DependsOn") if isinstance(resource, dict) else None
    return [found] if isinstance(found, str) else [str(one) for one in found or []]


def _invalid(message: str) -> Refused:
    return Refused("ValidationError", message)
