"""The properties of a template's resources, against the schema that AWS has registered for their type.

Runs when a resource is created or updated, with every Ref resolved, as AWS does: the resource fails with
"Properties validation failed", and the stack is rolled back. A scalar may be written as another, such as
"14" for 14.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from engage_cli.local.validation import buckets, policies, rules
from engage_cli.local.validation.refusal import Refused

Json = dict[str, Any]
_SCHEMAS = Path(__file__).with_name("resource_schemas.json")


def wrap_resource_handlers(handlers: dict[str, Json]) -> dict[str, Json]:
    """Check what the types of our templates get, before their own handlers; changes the mapping itself."""
    for kind in schemas():
        entry = handlers.get(kind)
        if entry is None:
            continue
        entry = handlers[kind] = dict(entry)
        entry["create"] = _checked_create(kind, entry["create"])
        if "update" in entry:
            entry["update"] = _checked_update(kind, entry["update"])
    return handlers


@lru_cache(maxsize=1)
def schemas() -> dict[str, Json]:
    """Type -> JSON schema, made by infra/resource_schemas.py."""
    found: dict[str, Json] = json.loads(_SCHEMAS.read_text(encoding="utf-8"))
    return found


def check(kind: str, properties: Json) -> None:
    """Raise ValueError, which becomes the resource's StatusReason, for what AWS would not create."""
    problems = [
        f"{'/'.join(['#', *map(str, error.absolute_path)])}: {_words(error)}"
        for error in sorted(
            _validator(kind).iter_errors(properties), key=lambda e: list(map(str, e.absolute_path))
        )
    ]
    if problems:
        raise ValueError(
            f"Properties validation failed for resource of type {kind} with message: [{'; '.join(problems)}]"
        )
    rule = _RULES.get(kind)
    if rule is not None:
        try:
            rule(properties)
        except Refused as refused:
            raise ValueError(f"{refused.message} ({refused.code})") from refused


def _checked_create(kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, props: Json, *rest: Any, **named: Any) -> Any:
        check(kind, props)
        return original(logical_id, props, *rest, **named)

    return create


def _checked_update(kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
    import functools

    # MiniStack looks at the signature, to know what to hand over.
    @functools.wraps(original)
    def update(physical_id: str, old_props: Json, new_props: Json, *rest: Any, **named: Any) -> Any:
        check(kind, new_props)
        return original(physical_id, old_props, new_props, *rest, **named)

    return update


@cache
def _validator(kind: str) -> Any:
    import jsonschema

    def scalar(name: str, own: Callable[[Any], bool]) -> Callable[[Any, Any], bool]:
        def matches(_: Any, value: Any) -> bool:
            return own(value) if name != "string" else isinstance(value, str | int | float | bool)

        return matches

    base = jsonschema.Draft7Validator
    checker = base.TYPE_CHECKER.redefine_many(
        {
            "string": scalar("string", bool),
            "integer": scalar("integer", lambda value: _number(value, int) is not None),
            "number": scalar("number", lambda value: _number(value, float) is not None),
            "boolean": scalar("boolean", lambda value: str(value).lower() in ("true", "false")),
            "object": scalar("object", lambda value: isinstance(value, dict)),
        }
    )
    keywords = {name: _converted(base.VALIDATORS[name], to) for name, to in _CONVERTED.items()} | {
        "enum": _enum
    }
    return jsonschema.validators.extend(base, keywords, type_checker=checker)(schemas()[kind])


def _converted(original: Callable[..., Any], to: Callable[[Any], Any]) -> Callable[..., Any]:
    def validate(validator: Any, limit: Any, value: Any, schema: Json) -> Iterator[Any]:
        if isinstance(value, str | int | float | bool):
            converted = to(value)
            if converted is not None:
                yield from original(validator, limit, converted, schema) or ()

    return validate


def _enum(validator: Any, allowed: list[Any], value: Any, schema: Json) -> Iterator[Any]:
    import jsonschema

    if str(value) not in {str(one) for one in allowed}:
        yield jsonschema.ValidationError(f"{value} is not a valid enum value")


def _number(value: Any, kind: Callable[[Any], Any]) -> Any:
    try:
        return None if isinstance(value, bool) else kind(str(value))
    except ValueError:
        return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "minimum": lambda value: _number(value, float),
    "maximum": lambda value: _number(value, float),
    "minLength": _text,
    "maxLength": _text,
    "pattern": _text,
}


def _words(error: Any) -> str:
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"required key [{missing}] not found"
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"extraneous key [{', '.join(extra)}] is not permitted"
    if error.validator == "type":
        return f"expected type: {error.validator_value}, found: {type(error.instance).__name__}"
    return str(error.message)[:300]


def _role(properties: Json) -> None:
    policies.check_trust(properties["AssumeRolePolicyDocument"])
    for policy in properties.get("Policies") or []:
        policies.check_identity(policy.get("PolicyDocument"), limit=policies.INLINE_ROLE_LIMIT)


def _function(properties: Json) -> None:
    rules.function_settings(properties)
    rules.function_role(str(properties.get("Role", "")))


def _state_machine(properties: Json) -> None:
    from ministack.services.cloudformation import provisioners

    rules.definition(provisioners._sfn_definition(properties))


def _bucket(properties: Json) -> None:
    name = properties.get("BucketName")
    if name is not None and buckets.name_problem(name):
        raise Refused("InvalidBucketName", str(buckets.name_problem(name)))


def _table(properties: Json) -> None:
    name = properties.get("TableName")
    if name is not None and not 3 <= len(name) <= 255:
        raise rules.constraint(name, "tableName", "have length between 3 and 255")


_RULES: dict[str, Callable[[Json], None]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::IAM::ManagedPolicy": lambda p: policies.check_identity(
        p["PolicyDocument"], limit=policies.MANAGED_LIMIT
    ),
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": rules.function_permission,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": lambda p: policies.check_bucket(p["PolicyDocument"], p["Bucket"]),
    "AWS::Scheduler::Schedule": rules.schedule,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
