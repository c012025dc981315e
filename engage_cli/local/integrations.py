"""Permissions that AWS asks for between services, and MiniStack does not.

- API Gateway may invoke a function only when the function's own policy lets it (AWS::Lambda::Permission).
- A schedule starts its target with its role, which must trust Scheduler and allow the call.
- Glue requests are checked against the resource that they name: MiniStack takes every `Name` for a table.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from engage_cli.local import authorization

logger = logging.getLogger("engage.integrations")
Json = dict[str, Any]


def wrap_invoke_lambda_proxy(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Ask the function's policy before an AWS_PROXY integration invokes it; 500 as AWS answers it."""

    async def invoke(
        integration: Json,
        api_id: str,
        stage_name: str,
        stage: Json,
        resource: Json,
        request_path: str,
        method: str,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        from ministack.services import apigateway_v1 as gateway

        reference = gateway._extract_lambda_ref_from_integration_uri(integration.get("uri", ""))
        path = str(resource.get("path", request_path)) if isinstance(resource, dict) else request_path
        source = _source_arn(api_id, stage_name, method, path, kwargs)
        if not _function_allows(reference, source):
            logger.error(
                "Execution failed: Invalid permissions on Lambda function %s for %s",
                reference,
                source,
            )
            return gateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await original(
            integration, api_id, stage_name, stage, resource, request_path, method, *args, **kwargs
        )

    return invoke


def _source_arn(api_id: str, stage: str, method: str, path: str, scope: Json) -> str:
    from ministack.core.responses import get_account_id, get_region

    region = scope.get("owner_region") or get_region()
    account = scope.get("owner_account_id") or get_account_id()
    return f"arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{method}/{path.lstrip('/')}"


def _function_allows(reference: str, source: str) -> bool:
    from ministack.core import iam_evaluator as iam
    from ministack.services import lambda_svc

    account = authorization.account_of(source)
    region = source.split(":")[3]
    record, config, _ = lambda_svc._get_func_record_for_ref_in_scope(
        reference, account_id=account, region=region
    )
    if record is None or config is None:
        return True  # The integration itself reports a function that does not exist.
    arn = reference if reference.startswith("arn:") else str(config.get("FunctionArn", ""))
    context = iam.EvalContext(
        principal_arn="apigateway.amazonaws.com",
        principal_type="Service",
        principal_account=account,
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=region,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account},
    )
    policy = record.get("policy") or {}
    decision = iam.evaluate_resource_policy(policy, context, service="apigateway.amazonaws.com")
    return bool(decision.decision == "Allow")


def schedule_problem(target: Json, schedule: Json) -> str | None:
    """Why a schedule's role may not start its target; None when it may."""
    role, arn = str(target.get("RoleArn", "")), str(target.get("Arn", ""))
    if not authorization.trusts(role, "scheduler.amazonaws.com", source_arn=str(schedule.get("Arn", ""))):
        return f"the role {role} does not trust scheduler.amazonaws.com"
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    action = {
        "states": "states:StartExecution",
        "lambda": "lambda:InvokeFunction",
        "sqs": "sqs:SendMessage",
        "sns": "sns:Publish",
        "events": "events:PutEvents",
    }.get(service)
    if action is None:
        return f"the local endpoint starts no targets of the service {service or arn!r}"
    return authorization.denial(role, str(schedule.get("Name", "schedule"))[:64], action, arn)
