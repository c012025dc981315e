"""IAM of the Bedrock family, S3 Vectors and Budgets: which action and resource a request needs.

MiniStack asks `extract_iam_action` and `extract_resource_arn` before it calls a handler. It knows neither
S3 Vectors nor that Converse is authorised as `bedrock:InvokeModel`, so both functions are wrapped here.
Roles that Bedrock assumes (the knowledge base's) are checked with `require_role`.
"""

import json
from collections.abc import Callable
from typing import Any

from engage_cli.local.bedrock.errors import access_denied
from engage_cli.local.bedrock.models import foundation_arns, model_arn, model_id_of

# Service Authorization Reference: Converse is InvokeModel, ConverseStream its streaming twin.
_SAME_AS = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
    # Budgets has two permissions for all of its operations on budgets.
    **{
        f"budgets:{operation}": "budgets:ViewBudget"
        for operation in (
            "DescribeBudget",
            "DescribeBudgets",
            "DescribeNotificationsForBudget",
            "DescribeSubscribersForNotification",
        )
    },
    **{
        f"budgets:{verb}{what}": "budgets:ModifyBudget"
        for verb in ("Create", "Update", "Delete")
        for what in ("Budget", "Notification", "Subscriber")
    },
}
_ON_BUCKET = {
    "CreateVectorBucket",
    "DeleteVectorBucket",
    "GetVectorBucket",
    "ListIndexes",
    "GetVectorBucketPolicy",
    "PutVectorBucketPolicy",
    "DeleteVectorBucketPolicy",
}


def install(iam_actions: Any, router: Any) -> None:
    """Teach MiniStack the service `s3vectors` and the right Bedrock actions; done once a process."""
    if getattr(iam_actions, "_engage_bedrock", False):
        return
    router.SERVICE_PATTERNS["s3vectors"] = {
        "host_patterns": [r"s3vectors\."],
        "credential_scope": "s3vectors",
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE["s3vectors"] = "s3vectors"
    iam_actions._BOTOCORE_SERVICE_MAP["s3vectors"] = ["s3vectors"]
    iam_actions.extract_iam_action = _wrap_action(iam_actions.extract_iam_action)
    iam_actions.extract_resource_arn = _wrap_resource(iam_actions.extract_resource_arn)
    iam_actions._engage_bedrock = True


def _wrap_action(original: Callable[..., str | None]) -> Callable[..., str | None]:
    def extract_iam_action(*arguments: Any, **named: Any) -> str | None:
        action = original(*arguments, **named)
        return _SAME_AS.get(action, action) if action else action

    return extract_iam_action


def _wrap_resource(original: Callable[..., str]) -> Callable[..., str]:
    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        if service == "s3vectors":
            return vectors_resource(path, body, region, account_id)
        if service == "bedrock-runtime" and path.startswith("/model/"):
            return model_arn(model_id_of(path), region, account_id)
        if service == "bedrock-runtime" and path.startswith("/guardrail/"):
            identifier = path.split("/version/")[0].removeprefix("/guardrail/")
            prefix = f"arn:aws:bedrock:{region}:{account_id}:guardrail/"
            return identifier if identifier.startswith("arn:") else prefix + identifier
        return original(service, method, path, headers, body, query_params, region, account_id)

    return extract_resource_arn


def vectors_resource(path: str, body: bytes, region: str, account_id: str) -> str:
    """Return the bucket or index ARN that an S3 Vectors request is about ("*" for listing buckets)."""
    operation = path.strip("/").split("/")[0]
    if operation == "tags":
        return path.removeprefix("/tags/")
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return "*"
    if not isinstance(request, dict) or operation == "ListVectorBuckets":
        return "*"
    if request.get("indexArn"):
        return str(request["indexArn"])
    bucket = str(
        request.get("vectorBucketArn")
        or f"arn:aws:s3vectors:{region}:{account_id}:bucket/{request.get('vectorBucketName', '')}"
    )
    return bucket if operation in _ON_BUCKET else f"{bucket}/index/{request.get('indexName', '')}"


def require_caller(
    action: str, resource: str, headers: dict[str, str], context: dict[str, Any] | None = None
) -> None:
    """Refuse the request's caller an `action` that the request needs besides its own; nothing when IAM is
    off.
    """
    from ministack import app
    from ministack.core.iam_evaluator import AuthError, enforce
    from ministack.core.responses import get_region
    from ministack.core.router import extract_access_key_id

    if not app.AUTH:
        return
    denied = enforce(
        extract_access_key_id(headers, {}),
        action,
        action.split(":")[0],
        get_region(),
        resource_arn=resource,
        service_context=context or {},
    )
    if denied is None:
        return
    if isinstance(denied, AuthError):
        raise access_denied(f"The credentials of the request are not valid for {action}.")
    raise access_denied(_sentence(denied.principal_arn, action, resource))


def require_models(model_id: str, headers: dict[str, str]) -> None:
    """Refuse a caller of an inference profile that may not call the models behind it, as AWS does."""
    from ministack.core.responses import get_account_id, get_region

    profile = model_arn(model_id, get_region(), get_account_id())
    for arn in foundation_arns(model_id, get_region()):
        require_caller("bedrock:InvokeModel", arn, headers, {"bedrock:InferenceProfileArn": profile})


def require_role(role_arn: str, action: str, resource: str, context: dict[str, str] | None = None) -> None:
    """Refuse an `action` that the role `role_arn`, assumed by Bedrock, may not do; nothing when IAM is
    off.
    """
    from ministack import app

    from engage_cli.local.authorization import denial

    if not app.AUTH:
        return
    refused = denial(role_arn, "bedrock", action, resource, context=context)
    if refused is not None:
        raise access_denied(refused)


def _sentence(principal: str, action: str, resource: str) -> str:
    return (
        f"User: {principal} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
