"""The wrapper around MiniStack's service handlers: each request is checked before its service sees it.

It stands behind MiniStack's authentication, so nobody learns from a refusal what only a permission may tell,
and in front of every handler, so that calls which a state machine makes are checked as well.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from engage_cli.local.validation import buckets, passing, rules, shapes
from engage_cli.local.validation.refusal import Refused, Response, answer

Json = dict[str, Any]
Handler = Callable[..., Awaitable[Response]]


@dataclass(frozen=True)
class Service:
    """How a service is checked: botocore's name of it, its protocol, and the codes of its refusals."""

    model: str
    protocol: str
    code: str = "ValidationException"
    unknown: str = "UnknownOperationException"
    enum_code: str | None = None


_QUERY = {"protocol": "query", "code": "ValidationError", "unknown": "InvalidAction"}
# MiniStack's name of the service -> how it is checked.
SERVICES: dict[str, Service] = {
    "apigateway": Service("apigateway", "rest-json", "BadRequestException"),
    "athena": Service("athena", "json", "InvalidRequestException"),
    "bedrock": Service("bedrock", "rest-json"),
    "bedrock-agent": Service("bedrock-agent", "rest-json"),
    "bedrock-agent-runtime": Service("bedrock-agent-runtime", "rest-json"),
    "budgets": Service("budgets", "json", "InvalidParameterException"),
    "cloudformation": Service("cloudformation", **_QUERY),
    "codebuild": Service("codebuild", "json", "InvalidInputException"),
    "dynamodb": Service("dynamodb", "json"),
    "ecr": Service("ecr", "json", "InvalidParameterException"),
    "ecs": Service("ecs", "json", "InvalidParameterException"),
    "events": Service("events", "json"),
    "glue": Service("glue", "json"),
    "iam": Service("iam", **_QUERY),
    "lambda": Service("lambda", "rest-json", enum_code="InvalidParameterValueException"),
    "logs": Service("logs", "json", "InvalidParameterException"),
    "monitoring": Service("cloudwatch", "query", "ValidationError"),
    "s3vectors": Service("s3vectors", "rest-json"),
    "scheduler": Service("scheduler", "rest-json"),
    "secretsmanager": Service("secretsmanager", "json"),
    "sns": Service("sns", **{**_QUERY, "code": "InvalidParameter"}),
    "states": Service("stepfunctions", "json"),
    "sts": Service("sts", **_QUERY),
    "xray": Service("xray", "rest-json", "InvalidRequestException"),
}


class Handlers(dict[str, Handler]):
    """Handlers by MiniStack's name of a service; one that is not there refuses by its name."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name) or _refusing(name)


def wrap_handlers(handlers: dict[str, Handler]) -> dict[str, Handler]:
    """The same handlers, those of our services behind their checks."""
    for name, service in SERVICES.items():
        handlers[name] = _checked(name, service, handlers[name])
    handlers["s3"] = _checked_bucket(handlers["s3"])
    return Handlers(handlers)


def parse(
    service: Service,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Any],
) -> tuple[shapes.Operation | None, Json]:
    """The operation that a request calls and its input. (None, {}) when it is none of the API's.

    Raises Refused for an operation that the service does not have, and for a body that cannot be read.
    """
    if service.protocol == "rest-json":
        return _parse_rest(service, method, path, body, query)
    target = headers.get("x-amz-target", "")
    if "cbor" in headers.get("content-type", "") + headers.get("smithy-protocol", ""):
        raise Refused(
            "UnsupportedProtocol", "The local endpoint does not read CBOR; ask botocore for JSON.", 415
        )
    if target:
        name, data = target.rpartition(".")[2], _loads(body)
    else:
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        flat = {key: _first(value) for key, value in {**query, **form}.items()}
        name, data = flat.get("Action", ""), {}
        if name in shapes.names(service.model):
            data = _nested(shapes.model(service.model).operation_model(name).input_shape, flat, "")
    if not name:
        return None, {}
    if name not in shapes.names(service.model):
        raise Refused(service.unknown, f"The action {name} is not valid for this endpoint.")
    return shapes.operation(service.model, name), data if isinstance(data, dict) else {}


def _checked(name: str, service: Service, original: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        try:
            operation, data = parse(service, method, path, headers, body, query_params or {})
            if operation is not None:
                rules.check_body(name, operation.name, headers, body)
                shapes.check(operation, data, service.code, enum_code=service.enum_code)
                passing.check(name, operation.name, data, headers, query_params or {})
                rule = rules.RULES.get((name, operation.name))
                own = rule(data) if rule is not None else None
                if own is not None:
                    return own
        except Refused as refused:
            query = service.protocol == "query" and not headers.get("x-amz-target")
            return answer(refused, "query" if query else "json")
        return await original(method, path, headers, body, query_params)

    return handle


def _refusing(name: str) -> Handler:
    async def handle(*_: Any) -> Response:
        message = f"The local endpoint has no service {name!r}. What it has: engage local services"
        return answer(Refused("UnknownOperationException", message), "json")

    return handle


def _checked_bucket(original: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        try:
            buckets.check(method, path, body, query_params or {})
        except Refused as refused:
            return answer(refused, "rest-xml")
        return await original(method, path, headers, body, query_params)

    return handle


def _parse_rest(
    service: Service, method: str, path: str, body: bytes, query: Mapping[str, Any]
) -> tuple[shapes.Operation | None, Json]:
    plain = path.rstrip("/") or "/"
    for name, verb, pattern, needed in shapes.routes(service.model):
        match = pattern.fullmatch(plain) if verb == method else None
        if match is None or not all(_has(query, one) for one in needed):
            continue
        operation = shapes.operation(service.model, name)
        data: Json = {}
        if operation.input is not None and body and not _is_blob(service.model, operation):
            loaded = _loads(body)
            data = (
                {operation.payload: loaded}
                if operation.payload
                else (loaded if isinstance(loaded, dict) else {})
            )
        groups = match.groupdict()
        for label, member in operation.in_path:
            data[member] = unquote(groups[shapes.group(label)])
        return operation, {**_query_members(service.model, name, query), **data}
    if service.model == "apigateway":
        return None, {}  # The second version of its API, and the APIs themselves, answer here too.
    raise Refused(service.unknown, f"{service.model} has no operation {method} {path}.", 404)


def _query_members(model: str, name: str, query: Mapping[str, Any]) -> Json:
    return {
        member: _scalar(kind, _first(query[where]))
        for member, where, kind in shapes.in_query(model, name)
        if where in query
    }


def _is_blob(model: str, operation: shapes.Operation) -> bool:
    return operation.payload is not None and shapes.payload_is_blob(model, operation.name)


def _has(query: Mapping[str, Any], needed: str) -> bool:
    key, _, value = needed.partition("=")
    return key in query and (not value or _first(query[key]) == value)


def _nested(shape: Any, flat: Mapping[str, str], prefix: str) -> Any:
    """A structure out of the query protocol's flat names (Tags.member.1.Key)."""
    found: Json = {}
    for name, member in shape.members.items() if shape is not None else ():
        where = prefix + member.serialization.get("name", name)
        value = _value(member, flat, where)
        if value is not None:
            found[name] = value
    return found


def _value(shape: Any, flat: Mapping[str, str], where: str) -> Any:
    if shape.type_name == "structure":
        inside = any(key.startswith(f"{where}.") for key in flat)
        return _nested(shape, flat, f"{where}.") if inside else None
    if shape.type_name == "list":
        item = (
            ""
            if shape.serialization.get("flattened")
            else "." + shape.member.serialization.get("name", "member")
        )
        found: list[Any] = []
        while (one := _value(shape.member, flat, f"{where}{item}.{len(found) + 1}")) is not None:
            found.append(one)
        return found or None
    if shape.type_name == "map":
        return None
    return _scalar(shape.type_name, flat[where]) if where in flat else None


def _scalar(kind: str, text: str) -> Any:
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("double", "float"):
            return float(text)
    except ValueError:
        raise Refused("SerializationException", f"{text!r} can not be converted to {kind}.") from None
    return text.lower() == "true" if kind == "boolean" else text


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        raise Refused("SerializationException", "The request body is not JSON.") from None
