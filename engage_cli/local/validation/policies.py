"""What IAM and S3 refuse to store as a policy (IAM user guide, "Grammar of the IAM JSON policy language")."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from engage_cli.local.validation.refusal import Refused

Json = dict[str, Any]
_VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ARN = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_ORDER = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_STRING = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
_OPERATORS = {
    *(f"String{end}" for end in _STRING),
    *(f"{kind}{end}" for kind in ("Numeric", "Date") for end in _ORDER),
    *(f"Arn{end}" for end in ("Equals", "NotEquals", "Like", "NotLike")),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
}
# Service principals that are not called after the service's name in the SDK.
_PRINCIPALS = {
    "states", "ecs-tasks", "edgelambda", "vpc-flow-logs", "delivery", "spotfleet", "monitoring", "cloudwatch",
    "tagging", "elasticloadbalancing", "elasticmapreduce", "replicator", "opensearchservice",
    "access-analyzer",    "aps", "ops", "cognito-idp", "cognito-identity", "application-autoscaling",
}  # fmt: skip
_STATEMENT_KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
                   "NotResource",                   "Condition"}  # fmt: skip
# Characters without white space (IAM and AWS STS quotas).
INLINE_ROLE_LIMIT, MANAGED_LIMIT, TRUST_LIMIT = 10_240, 6_144, 4_096


def check_identity(document: Any, *, limit: int | None = None) -> None:
    """Refuse a policy of a role, user or group: MalformedPolicyDocument or LimitExceeded."""
    found = _parsed(document, "MalformedPolicyDocument")
    for statement in _statements(found, "MalformedPolicyDocument"):
        _check(
            not (statement.keys() & {"Principal", "NotPrincipal"}),
            "Policy document should not specify a principal.",
        )
        _check(
            bool(statement.keys() & {"Resource", "NotResource"}), "Policy statement must contain resources."
        )
        _check_actions(statement)
        for resource in _texts(statement.get("Resource", statement.get("NotResource"))):
            _check(bool(_ARN.fullmatch(resource)), f'Resource {resource} must be in ARN format or "*".')
    _check_size(found, limit)


def check_trust(document: Any) -> None:
    """Refuse a trust policy: who may assume a role, and nothing about resources."""
    found = _parsed(document, "MalformedPolicyDocument")
    for statement in _statements(found, "MalformedPolicyDocument"):
        _check(not (statement.keys() & {"Resource", "NotResource"}), "Has prohibited field Resource")
        _check(bool(statement.keys() & {"Principal", "NotPrincipal"}), "Missing required field Principal")
        _check_actions(statement)
        for action in _texts(statement.get("Action")):
            prefix = action.lower().partition(":")[0]
            _check(prefix in ("sts", "*"), "AssumeRole policy may only specify STS AssumeRole actions.")
        unknown = next(_unknown_principals(statement), None)
        if unknown is not None:
            raise Refused("MalformedPolicyDocument", f"Invalid principal in policy: {unknown}")
    _check_size(found, TRUST_LIMIT)


def check_bucket(document: Any, bucket: str) -> None:
    """Refuse a bucket policy. Raises Refused("MalformedPolicy")."""
    code = "MalformedPolicy"
    found = _parsed(document, code)
    for statement in _statements(found, code):
        if not statement.keys() & {"Principal", "NotPrincipal"}:
            raise Refused(code, "Missing required field Principal")
        for action in _texts(statement.get("Action", statement.get("NotAction"))):
            if action != "*" and not action.lower().startswith("s3:"):
                raise Refused(code, "Policy has invalid action")
        for resource in _texts(statement.get("Resource", statement.get("NotResource"))) or [""]:
            if resource != "*" and resource.partition(":s3:::")[2].partition("/")[0] != bucket:
                raise Refused(code, "Policy has invalid resource")
        if next(_unknown_principals(statement), None) is not None:
            raise Refused(code, "Invalid principal in policy")


def known_service(principal: str) -> bool:
    """Whether a service principal such as states.amazonaws.com, or its regional form, is one of AWS."""
    match = re.fullmatch(r"([a-z0-9.-]+?)(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com", principal)
    return match is not None and all(part in _service_names() for part in match[1].split("."))


def _unknown_principals(statement: Json) -> Iterator[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, str):
        if principal != "*":
            yield f'"{principal}"'
        return
    for kind, values in principal.items() if isinstance(principal, dict) else ():
        for value in _texts(values):
            if kind == "Service" and not known_service(value):
                yield f'"SERVICE":"{value}"'
            elif kind == "AWS" and not known_account_principal(value):
                yield f'"AWS":"{value}"'
            elif kind not in ("Service", "AWS", "Federated", "CanonicalUser"):
                yield f'"{kind}"'


def known_account_principal(value: str) -> bool:
    """Whether an AWS principal is everybody, an account, or a role or user that exists."""
    from ministack.services import iam

    if value == "*" or re.fullmatch(r"\d{12}|arn:aws:iam::\d{12}:root", value):
        return True
    match = re.fullmatch(r"arn:aws:(?:iam|sts)::(\d{12}):(role|user|assumed-role)/(.+)", value)
    if match is None:
        return False
    account, kind, name = match.groups()
    name = name.split("/")[0] if kind == "assumed-role" else name.rsplit("/", 1)[-1]
    store = iam._users if kind == "user" else iam._roles
    return store.get_scoped(account, None, name) is not None


@lru_cache(maxsize=1)
def _service_names() -> frozenset[str]:
    import botocore.session

    return frozenset(botocore.session.Session().get_available_services()) | _PRINCIPALS


def _parsed(document: Any, code: str) -> Json:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            raise Refused(code, "This policy contains invalid Json") from None
    if not isinstance(document, dict):
        raise Refused(code, "Syntax errors in policy.")
    if str(document.get("Version", _VERSIONS[1])) not in _VERSIONS:
        raise Refused(code, "The policy must contain a valid version string")
    return document


def _statements(document: Json, code: str) -> list[Json]:
    found = document.get("Statement")
    statements: list[Json] = found if isinstance(found, list) else [found]  # type: ignore[list-item]
    if not statements or not all(isinstance(one, dict) for one in statements):
        raise Refused(code, "Syntax errors in policy.")
    for statement in statements:
        if statement.keys() - _STATEMENT_KEYS or statement.get("Effect") not in ("Allow", "Deny"):
            raise Refused(code, "Syntax errors in policy.")
        if not statement.keys() & {"Action", "NotAction"}:
            raise Refused(code, "Policy statement must contain actions.")
        for operator in statement.get("Condition") or {}:
            plain = re.sub(r"^For(?:All|Any)Values?:", "", operator).removesuffix("IfExists")
            if plain not in _OPERATORS:
                raise Refused(code, f"Invalid Condition type : {operator}.")
    return statements


def _check_actions(statement: Json) -> None:
    for action in _texts(statement.get("Action", statement.get("NotAction"))):
        message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        _check(bool(_ACTION.fullmatch(action)), message)


def _check_size(document: Json, limit: int | None) -> None:
    size = len(json.dumps(document, separators=(",", ":")))
    if limit is not None and size > limit:
        raise Refused("LimitExceeded", f"Maximum policy size of {limit} bytes exceeded.", 409)


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise Refused("MalformedPolicyDocument", message)


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if one is not None]
