"""CloudFormation types that MiniStack lacks: S3 Vectors, Bedrock knowledge bases and guardrails, Budgets.

Each type creates through the same code as its API call, so a template cannot make what the API refuses.
`Ref` is the primary identifier of the registry schema; the attributes are its read-only properties.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from engage_cli.local.bedrock.errors import Response, ServiceError
from engage_cli.local.bedrock.knowledge import KnowledgeService
from engage_cli.local.bedrock.s3vectors import VectorService, bucket_arn, bucket_name, index_arn, index_names

Props = dict[str, Any]
Created = tuple[str, dict[str, Any]]
# A change of one of these replaces the resource (registry schemas, createOnlyProperties).
_REPLACING = {
    "AWS::S3Vectors::VectorBucket": ("VectorBucketName", "EncryptionConfiguration"),
    "AWS::S3Vectors::Index": (
        "VectorBucketName",
        "VectorBucketArn",
        "IndexName",
        "DataType",
        "Dimension",
        "DistanceMetric",
        "MetadataConfiguration",
        "EncryptionConfiguration",
    ),
    "AWS::Bedrock::KnowledgeBase": ("StorageConfiguration", "KnowledgeBaseConfiguration"),
    "AWS::Bedrock::DataSource": ("KnowledgeBaseId", "VectorIngestionConfiguration"),
    "AWS::Bedrock::Guardrail": (),
    "AWS::Bedrock::GuardrailVersion": ("Description", "GuardrailIdentifier"),
    "AWS::Budgets::Budget": ("NotificationsWithSubscribers",),
}


def install(provisioners: Any, vectors: VectorService, knowledge: KnowledgeService) -> None:
    """Register the types with MiniStack's provisioner registry; types it has already are left alone."""
    types = _Types(provisioners, vectors, knowledge)
    handlers: dict[str, dict[str, Any]] = {
        "AWS::S3Vectors::VectorBucket": {"create": types.create_bucket, "delete": types.delete_bucket},
        "AWS::S3Vectors::Index": {"create": types.create_index, "delete": types.delete_index},
        "AWS::Bedrock::KnowledgeBase": {
            "create": types.create_base,
            "update": types.update_base,
            "delete": types.delete_base,
        },
        "AWS::Bedrock::DataSource": {
            "create": types.create_source,
            "update": types.update_source,
            "delete": types.delete_source,
        },
        "AWS::Bedrock::Guardrail": {
            "create": types.create_guardrail,
            "update": types.update_guardrail,
            "delete": types.delete_guardrail,
        },
        "AWS::Bedrock::GuardrailVersion": {"create": types.create_version, "delete": types.delete_version},
        "AWS::Budgets::Budget": {
            "create": types.create_budget,
            "update": types.update_budget,
            "delete": types.delete_budget,
        },
    }
    for name, handler in handlers.items():
        if name in provisioners._RESOURCE_HANDLERS:
            continue
        # The vector types have no property that can be changed in place besides tags.
        handler.setdefault("update", _unchanged)
        provisioners._RESOURCE_HANDLERS[name] = handler
        provisioners._REPLACING_PROPERTIES[name] = _REPLACING[name]


def _unchanged(physical_id: str, old: Props, new: Props, stack: str) -> Created:
    attribute = "VectorBucketArn" if "/index/" not in physical_id else "IndexArn"
    return physical_id, {attribute: physical_id} if physical_id.startswith("arn:") else {}


class _Types:
    def __init__(self, provisioners: Any, vectors: VectorService, knowledge: KnowledgeService) -> None:
        self._provisioners = provisioners
        self._vectors = vectors
        self._knowledge = knowledge

    def _name(self, stack: str, logical_id: str, most: int) -> str:
        return str(self._provisioners._physical_name(stack, logical_id, lowercase=True, max_len=most))

    # -- S3 Vectors

    def create_bucket(self, logical_id: str, props: Props, stack: str) -> Created:
        name = props.get("VectorBucketName") or self._name(stack, logical_id, 63)
        _plainly(self._vectors.store().create_bucket, name, lower(props.get("EncryptionConfiguration")))
        arn = bucket_arn(name)
        return arn, {"VectorBucketArn": arn}

    def delete_bucket(self, physical_id: str, props: Props) -> None:
        _gone_is_fine(self._vectors.store().delete_bucket, bucket_name({"vectorBucketArn": physical_id}))

    def create_index(self, logical_id: str, props: Props, stack: str) -> Created:
        if not props.get("VectorBucketArn") and not props.get("VectorBucketName"):
            raise ValueError("AWS::S3Vectors::Index needs VectorBucketArn or VectorBucketName.")
        if props.get("DataType") != "float32":
            raise ValueError(f"Invalid data type {props.get('DataType')!r}: float32 is the only one.")
        request = {
            "vectorBucketArn": props.get("VectorBucketArn"),
            "vectorBucketName": props.get("VectorBucketName"),
        }
        hidden = (props.get("MetadataConfiguration") or {}).get("NonFilterableMetadataKeys") or ()
        name = props.get("IndexName") or self._name(stack, logical_id, 63)

        def create() -> Any:
            return self._vectors.store().create_index(
                bucket_name(request),
                name,
                dimension=int(props.get("Dimension") or 0),
                metric=str(props.get("DistanceMetric")),
                non_filterable=tuple(hidden),
            )

        arn = index_arn(_plainly(create))
        return arn, {"IndexArn": arn}

    def delete_index(self, physical_id: str, props: Props) -> None:
        _gone_is_fine(self._vectors.store().delete_index, *index_names({"indexArn": physical_id}))

    # -- knowledge bases

    def _agent(self, method: str, path: str, body: Props | None = None) -> Props:
        return _call(self._knowledge.handle_agent, method, path, body)

    def create_base(self, logical_id: str, props: Props, stack: str) -> Created:
        made = self._agent("PUT", "/knowledgebases/", _body(props, "Tags"))["knowledgeBase"]
        return made["knowledgeBaseId"], _base_attributes(made)

    def update_base(self, physical_id: str, old: Props, new: Props, stack: str) -> Created:
        made = self._agent("PUT", f"/knowledgebases/{physical_id}", _body(new, "Tags"))["knowledgeBase"]
        return physical_id, _base_attributes(made)

    def delete_base(self, physical_id: str, props: Props) -> None:
        _gone_is_fine(self._agent, "DELETE", f"/knowledgebases/{physical_id}")

    def create_source(self, logical_id: str, props: Props, stack: str) -> Created:
        body = {"dataDeletionPolicy": "DELETE", **_body(props, "KnowledgeBaseId")}
        made = self._agent("PUT", f"/knowledgebases/{props['KnowledgeBaseId']}/datasources/", body)[
            "dataSource"
        ]
        return f"{made['knowledgeBaseId']}|{made['dataSourceId']}", _source_attributes(made)

    def update_source(self, physical_id: str, old: Props, new: Props, stack: str) -> Created:
        body = {"dataDeletionPolicy": "DELETE", **_body(new, "KnowledgeBaseId")}
        return physical_id, _source_attributes(
            self._agent("PUT", _source_path(physical_id), body)["dataSource"]
        )

    def delete_source(self, physical_id: str, props: Props) -> None:
        _gone_is_fine(self._agent, "DELETE", _source_path(physical_id))

    # -- guardrails

    def _bedrock(self, method: str, path: str, body: Props | None = None) -> Props:
        from ministack.services import bedrock

        return _call(bedrock.handle_request, method, path, body)

    def create_guardrail(self, logical_id: str, props: Props, stack: str) -> Created:
        made = self._bedrock("POST", "/guardrails", _body(props, "Tags"))
        return made["guardrailArn"], _guardrail_attributes(made)

    def update_guardrail(self, physical_id: str, old: Props, new: Props, stack: str) -> Created:
        # A property that the template dropped must not keep its old value.
        dropped = {name[0].lower() + name[1:]: None for name in old if name not in new and name != "Tags"}
        made = self._bedrock("PUT", f"/guardrails/{_last(physical_id)}", dropped | _body(new, "Tags"))
        return physical_id, _guardrail_attributes(made)

    def delete_guardrail(self, physical_id: str, props: Props) -> None:
        _gone_is_fine(self._bedrock, "DELETE", f"/guardrails/{_last(physical_id)}")

    def create_version(self, logical_id: str, props: Props, stack: str) -> Created:
        from ministack.core.responses import get_account_id, get_region

        identifier = _last(props["GuardrailIdentifier"])
        made = self._bedrock("POST", f"/guardrails/{identifier}", _body(props, "GuardrailIdentifier"))
        arn = f"arn:aws:bedrock:{get_region()}:{get_account_id()}:guardrail/{made['guardrailId']}"
        attributes = {"GuardrailId": made["guardrailId"], "GuardrailArn": arn, "Version": made["version"]}
        return f"{made['guardrailId']}|{made['version']}", attributes

    def delete_version(self, physical_id: str, props: Props) -> None:
        from ministack.services import bedrock

        bedrock._guardrail_versions.pop(physical_id.replace("|", "/"), None)

    # -- budgets

    def create_budget(self, logical_id: str, props: Props, stack: str) -> Created:
        from ministack.services import budgets

        budget = dict(props.get("Budget") or {})
        budget.setdefault("BudgetName", self._name(stack, logical_id, 100))
        request = {
            "Budget": _texts(budget),
            "NotificationsWithSubscribers": [
                _threshold(one) for one in props.get("NotificationsWithSubscribers") or []
            ],
        }
        _answer(budgets._create_budget(request))
        return budget["BudgetName"], {"Id": budget["BudgetName"]}

    def update_budget(self, physical_id: str, old: Props, new: Props, stack: str) -> Created:
        from ministack.services import budgets

        budget = {**(new.get("Budget") or {}), "BudgetName": physical_id}
        if (new.get("Budget") or {}).get("BudgetName", physical_id) != physical_id:
            raise ValueError(
                "Budget.BudgetName cannot be changed in place: give the resource a new logical id."
            )
        _answer(budgets._update_budget({"NewBudget": _texts(budget)}))
        return physical_id, {"Id": physical_id}

    def delete_budget(self, physical_id: str, props: Props) -> None:
        from ministack.services import budgets

        _gone_is_fine(lambda: _answer(budgets._delete_budget({"BudgetName": physical_id})))


# -- helpers


def lower(value: Any) -> Any:
    """Return a template value with its keys as the API spells them (`S3Configuration` ->
    `s3Configuration`).
    """
    if isinstance(value, dict):
        return {_camel(key): lower(one) for key, one in value.items()}
    if isinstance(value, list):
        return [lower(one) for one in value]
    return value


def _camel(key: str) -> str:
    # A run of capitals at the start is one word: `AWSFoo` -> `awsFoo`, `S3Vectors` -> `s3Vectors`.
    return re.sub(r"^[A-Z]+(?=[A-Z][a-z])|^[A-Z]", lambda match: match.group(0).lower(), key)


_NUMBERS = ("maxTokens", "overlapPercentage", "dimensions", "threshold")


def _body(props: Props, *leave_out: str) -> Props:
    """Return the request body of `props`; numbers that YAML or parameters made texts become numbers again."""
    body = lower({key: value for key, value in props.items() if key not in leave_out})
    if isinstance(props.get("Tags"), dict):
        body["tags"] = dict(props["Tags"])
    elif isinstance(props.get("Tags"), list):
        body["tags"] = [{"key": tag["Key"], "value": tag["Value"]} for tag in props["Tags"]]
    return dict(_numbers(body))


def _numbers(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _numbers(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return float(value) if key == "threshold" else int(value) if key in _NUMBERS else value


def _texts(budget: Props) -> Props:
    """Budget amounts are texts in the API, numbers in most templates."""
    limit = budget.get("BudgetLimit")
    return {**budget, "BudgetLimit": {key: str(value) for key, value in limit.items()}} if limit else budget


def _threshold(entry: Props) -> Props:
    notification = dict(entry.get("Notification") or {})
    if "Threshold" in notification:
        notification["Threshold"] = float(notification["Threshold"])
    return {**entry, "Notification": notification}


def _last(identifier: str) -> str:
    return identifier.rsplit("/", 1)[-1]


def _source_path(physical_id: str) -> str:
    base, source = physical_id.split("|")
    return f"/knowledgebases/{base}/datasources/{source}"


def _base_attributes(made: Props) -> Props:
    names = ("KnowledgeBaseId", "KnowledgeBaseArn", "Status", "CreatedAt", "UpdatedAt")
    return {name: made[name[0].lower() + name[1:]] for name in names}


def _source_attributes(made: Props) -> Props:
    return {
        "DataSourceId": made["dataSourceId"],
        "DataSourceStatus": made["status"],
        "CreatedAt": made["createdAt"],
        "UpdatedAt": made["updatedAt"],
    }


def _guardrail_attributes(made: Props) -> Props:
    names = {"GuardrailId": "guardrailId", "GuardrailArn": "guardrailArn", "Version": "version"}
    return {"Status": "READY", **{name: made[key] for name, key in names.items()}}


def _answer(response: Response) -> Props:
    status, _headers, body = response
    parsed: Props = json.loads(body or b"{}")
    if status >= 400:
        code, message = (
            str(parsed.get("__type", status)),
            str(parsed.get("message") or parsed.get("Message") or ""),
        )
        raise RefusedError(f"{message} ({code.rsplit('#', 1)[-1]})", status, code)
    return parsed


class RefusedError(ValueError):
    """A resource that the service refused, as CloudFormation reports it (MiniStack expects ValueError)."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.missing = status == 404 or "NotFound" in code


def _call(handler: Callable[..., Awaitable[Response]], method: str, path: str, body: Props | None) -> Props:
    """Drive a handler from CloudFormation's worker thread; those called here never wait for anything."""

    async def run() -> Response:
        return await handler(method, path, {}, json.dumps(body or {}).encode(), {})

    coroutine = run()
    try:
        coroutine.send(None)
    except StopIteration as done:
        return _answer(done.value)
    coroutine.close()
    raise RuntimeError(f"The handler of {method} {path} waits: CloudFormation cannot call it.")


def _plainly(action: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return action(*arguments)
    except ServiceError as error:
        raise RefusedError(error.message, error.status, error.code) from error


def _gone_is_fine(action: Callable[..., Any], *arguments: Any) -> None:
    """Deleting what is gone already succeeds, as it does for CloudFormation."""
    try:
        _plainly(action, *arguments)
    except RefusedError as error:
        if not error.missing:
            raise
