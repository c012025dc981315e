"""Properties of templates that MiniStack takes and drops: request validators, time to live, lifecycle rules.

Each is put into effect by the service's own code, after MiniStack has made or changed the resource.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Created = tuple[str, Json]

# -- request validators of REST APIs


def create_validator(logical_id: str, props: Json, stack_name: str) -> Created:
    """AWS::ApiGateway::RequestValidator, as CreateRequestValidator makes it."""
    from ministack.services import apigateway_v1 as gateway

    flags = {name: _is_true(props.get(f"V{name[1:]}")) for name in _FLAGS}
    answer = gateway._create_request_validator(props["RestApiId"], {"name": props.get("Name", ""), **flags})
    identity = _body(answer)["id"]
    return identity, {"RequestValidatorId": identity}


def update_validator(physical_id: str, old: Json, new: Json, stack_name: str) -> Created:
    """Change its flags; another API or name is another validator."""
    from ministack.services import apigateway_v1 as gateway

    if any(old.get(key) != new.get(key) for key in ("RestApiId", "Name")):
        delete_validator(physical_id, old)
        return create_validator(physical_id, new, stack_name)
    changes = [
        {"op": "replace", "path": f"/{name}", "value": str(_is_true(new.get(f"V{name[1:]}")))}
        for name in _FLAGS
    ]
    _body(gateway._update_request_validator(new["RestApiId"], physical_id, {"patchOperations": changes}))
    return physical_id, {"RequestValidatorId": physical_id}


def delete_validator(physical_id: str, props: Json) -> None:
    from ministack.services import apigateway_v1 as gateway

    gateway._request_validators.get(props.get("RestApiId", ""), {}).pop(physical_id, None)


_FLAGS = ("validateRequestBody", "validateRequestParameters")


def wrap_method(original: Callable[..., Created]) -> Callable[..., Created]:
    """AWS::ApiGateway::Method, made or changed: let its validator check its requests."""

    def apply(*arguments: Any) -> Created:
        from ministack.services import apigateway_v1 as gateway

        found = original(*arguments)
        props: Json = arguments[-2]
        resource = gateway._resources[props["RestApiId"]][props["ResourceId"]]
        method = resource["resourceMethods"][props["HttpMethod"]]
        method["requestValidatorId"] = props.get("RequestValidatorId")
        return found

    return _like(original, apply)


# -- time to live of tables


def wrap_table(original: Callable[..., Created]) -> Callable[..., Created]:
    """AWS::DynamoDB::Table, made or changed: switch its time to live on or off."""

    def apply(*arguments: Any, **named: Any) -> Created:
        from ministack.services import dynamodb

        name, attributes = original(*arguments, **named)
        # (logical_id, props, stack) or (physical_id, old, new, stack, logical_id)
        props: Json = arguments[1] if len(arguments) == 3 else arguments[2]
        setting = props.get("TimeToLiveSpecification")
        if setting is not None:
            wanted = {**setting, "Enabled": _is_true(setting.get("Enabled"))}
            _body(dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": wanted}))
        else:
            dynamodb._ttl_settings.pop(name, None)
        return name, attributes

    return _like(original, apply)


# -- lifecycle rules of buckets


def wrap_bucket(original: Callable[..., Created]) -> Callable[..., Created]:
    """AWS::S3::Bucket, made or changed: keep its lifecycle rules, which GetBucketLifecycleConfiguration
    shows.
    """

    def apply(*arguments: Any) -> Created:
        from ministack.services import s3

        name, attributes = original(*arguments)
        rules = (arguments[-2].get("LifecycleConfiguration") or {}).get("Rules")
        if rules:
            s3._bucket_lifecycle[name] = list(lifecycle_rules(rules))
        else:
            s3._bucket_lifecycle.pop(name, None)
        return name, attributes

    return _like(original, apply)


def lifecycle_rules(rules: list[Json]) -> Iterator[Json]:
    """A template's rules as the API has them. Raises ValueError for what is not kept locally."""
    for rule in rules:
        unknown = rule.keys() - _RULE
        if unknown:
            raise ValueError(
                f"The local endpoint does not keep {', '.join(sorted(unknown))} of a lifecycle rule."
            )
        made: Json = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
        if rule.get("Id"):
            made["ID"] = rule["Id"]
        if rule.get("ExpirationInDays") is not None:
            made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
        if rule.get("AbortIncompleteMultipartUpload"):
            days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
            made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(days)}
        yield made


_RULE = frozenset({"Id", "Status", "Prefix", "ExpirationInDays", "AbortIncompleteMultipartUpload"})


def _like(original: Any, replacement: Callable[..., Created]) -> Callable[..., Created]:
    """`replacement` with the signature of what it wraps: MiniStack looks at it for some types."""
    import functools

    return functools.wraps(original)(replacement)


def _body(answer: tuple[int, Mapping[str, Any], bytes]) -> Json:
    status, _, body = answer
    found: Json = json.loads(body)
    if status >= 400:
        raise ValueError(str(found.get("message") or found))
    return found


def _is_true(value: Any) -> bool:
    return value in (True, "true", "True")
