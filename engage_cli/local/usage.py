"""Which AWS operations and resource types the platform uses, read from its own files.

Four sources: the actions in the templates' policies, the boto3 calls in Python, the integrations of the state
machines, and the resource types of the templates. Nothing is listed by hand, so nothing can be forgotten.
"""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

Operation = tuple[str, str]  # botocore's service name and the operation
# IAM's prefix of a service, where botocore calls it otherwise.
_BY_PREFIX = {"states": "stepfunctions", "monitoring": "cloudwatch"}
# Actions that are not called after the operation that they allow (Service Authorization Reference).
_BY_ACTION: Mapping[str, Operation | None] = {
    "bedrock:ApplyGuardrail": ("bedrock-runtime", "ApplyGuardrail"),
    "bedrock:GetIngestionJob": ("bedrock-agent", "GetIngestionJob"),
    "bedrock:InvokeModel": ("bedrock-runtime", "InvokeModel"),
    "bedrock:ListIngestionJobs": ("bedrock-agent", "ListIngestionJobs"),
    "bedrock:Retrieve": ("bedrock-agent-runtime", "Retrieve"),
    "bedrock:StartIngestionJob": ("bedrock-agent", "StartIngestionJob"),
    "ecr:GetAuthorizationToken": ("ecr", "GetAuthorizationToken"),
    "iam:PassRole": None,  # a permission without an operation
    # Permissions with which Step Functions delivers its log; the API has no such operations.
    **{f"logs:{verb}LogDelivery": None for verb in ("Create", "Delete", "Get", "Update")},
    "logs:ListLogDeliveries": None,
    "lambda:InvokeFunction": ("lambda", "Invoke"),
    "s3:GetObjectVersion": ("s3", "GetObject"),
    "s3:ListBucket": ("s3", "ListObjectsV2"),
    "s3:ListMultipartUploadParts": ("s3", "ListParts"),
    "xray:PutTelemetryRecords": ("xray", "PutTelemetryRecords"),
}
# Methods of boto3's clients that are several operations.
_HELPERS: Mapping[str, tuple[str, ...]] = {
    "upload_file": ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    "upload_fileobj": ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    "download_file": ("HeadObject", "GetObject"),
    "download_fileobj": ("HeadObject", "GetObject"),
    "generate_presigned_url": (),
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms; what they stand for does not matter here."""


def _tagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _tagged)


def used(root: Path, packages: tuple[Path, ...]) -> dict[Operation, set[str]]:
    """Operation -> where it is used. `root` holds infra/; `packages` are folders of Python files."""
    found: dict[Operation, set[str]] = defaultdict(set)
    for path in sorted((root / "infra" / "cloudformation").glob("*.yaml")):
        template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        for action in _actions(template["Resources"]):
            operation = _operation_of(action)
            if operation is not None:
                found[operation].add(path.name)
    for path in sorted((root / "infra" / "cloudformation").glob("*.asl.json")):
        for resource in _values(json.loads(path.read_text(encoding="utf-8")), "Resource"):
            operation = _integration(resource)
            if operation is not None:
                found[operation].add(path.name)
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            inside = path.relative_to(package.parent)
            # The endpoint itself is no caller of AWS; the assets of a wheel are looked at as packages.
            if inside.parts[:2] in (("engage_cli", "local"), ("engage_cli", "_assets")):
                continue
            for operation in calls(path.read_text(encoding="utf-8")):
                found[operation].add(inside.as_posix())
    return dict(found)


def resource_types(root: Path) -> list[str]:
    """The CloudFormation types of the templates."""
    found: set[str] = set()
    for path in (root / "infra" / "cloudformation").glob("*.yaml"):
        template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        found |= {str(one["Type"]) for one in template["Resources"].values()}
    return sorted(found)


def calls(source: str) -> set[Operation]:
    """The operations that a file calls on boto3 clients: `client("s3").put_object(...)` and the like."""
    tree = ast.parse(source)
    clients = _clients(tree)
    found: set[Operation] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        service = _service(node.value, clients)
        if service is None:
            continue
        for name in (node.attr, *_named(tree, node)):
            operations = _methods(service)
            if name in operations:
                found.add((service, operations[name]))
            elif service == "s3" and name in _HELPERS:
                found |= {(service, operation) for operation in _HELPERS[name]}
    return found


def _clients(tree: ast.AST) -> dict[str, str]:
    """Names, attributes and properties of this file that are clients -> their service."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        value: ast.expr | None = None
        names: list[str] = []
        if isinstance(node, ast.Assign):
            names, value = [_name(target) for target in node.targets], node.value
        elif isinstance(node, ast.AnnAssign):
            names, value = [_name(node.target)], node.value
        elif isinstance(node, ast.FunctionDef):
            returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
            names, value = [node.name], returns[0].value if len(returns) == 1 else None
        service = _service(value, {}) if value is not None else None
        if service is not None:
            found.update({name: service for name in names if name})
    return found


def _service(node: ast.expr | None, clients: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name == "client" and node.args and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value)
        return clients.get(name) if not node.args else None
    name = _name(node) if node is not None else ""
    # A client that was handed in is called after its service: self._codebuild, ecr.
    handed = name.lstrip("_")
    return clients.get(name) or (handed if handed in _services() else None)


@lru_cache(maxsize=1)
def _services() -> frozenset[str]:
    import botocore.session

    return frozenset(botocore.session.Session().get_available_services())


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _named(tree: ast.AST, attribute: ast.Attribute) -> Iterator[str]:
    """What get_paginator("...") names; a waiter's name is not an operation's."""
    if attribute.attr != "get_paginator":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.func is attribute and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


@cache
def _methods(service: str) -> dict[str, str]:
    import botocore.session
    from botocore import xform_name

    try:
        model = botocore.session.Session().get_service_model(service)
    except Exception as error:
        raise ValueError(f"boto3 has no service {service!r}.") from error
    return {xform_name(name): name for name in model.operation_names}


def _operation_of(action: str) -> Operation | None:
    if action in _BY_ACTION:
        return _BY_ACTION[action]
    prefix, _, name = action.partition(":")
    return _BY_PREFIX.get(prefix, prefix), name


def _integration(resource: str) -> Operation | None:
    """arn:aws:states:::lambda:invoke, ::ecs:runTask.sync and ::aws-sdk:glue:startCrawler."""
    match = re.fullmatch(r"arn:aws:states:::(?:aws-sdk:)?([a-z0-9-]+):([A-Za-z0-9]+)(?:\..+)?", resource)
    if match is None:
        return None
    service = {"sfn": "stepfunctions", "states": "stepfunctions"}.get(match[1], match[1])
    return service, match[2][0].upper() + match[2][1:]


def _actions(value: Any) -> Iterator[str]:
    """Every action of every policy statement below."""
    if isinstance(value, dict):
        if "Effect" in value and "Action" in value and "Principal" not in value:
            actions = value["Action"]
            yield from actions if isinstance(actions, list) else [actions]
        for one in value.values():
            yield from _actions(one)
    elif isinstance(value, list):
        for one in value:
            yield from _actions(one)


def _values(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            yield value[key]
        for one in value.values():
            yield from _values(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _values(one, key)
