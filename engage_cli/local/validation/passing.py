"""iam:PassRole: who hands a role to a service must be allowed to, which MiniStack does not ask."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engage_cli.local import authorization
from engage_cli.local.validation.refusal import Refused

Json = dict[str, Any]
# (service, operation) -> the service that will use the roles, and where the request names them.
_PASSED: Mapping[tuple[str, str], tuple[str, Callable[[Json], Iterator[Any]]]] = {
    ("bedrock-agent", "CreateKnowledgeBase"): ("bedrock.amazonaws.com", lambda d: iter([d.get("roleArn")])),
    ("codebuild", "CreateProject"): ("codebuild.amazonaws.com", lambda d: iter([d.get("serviceRole")])),
    ("ecs", "RegisterTaskDefinition"): (
        "ecs-tasks.amazonaws.com",
        lambda d: iter([d.get("taskRoleArn"), d.get("executionRoleArn")]),
    ),
    ("ecs", "RunTask"): ("ecs-tasks.amazonaws.com", lambda d: _task_roles(d)),
    ("events", "PutTargets"): (
        "events.amazonaws.com",
        lambda d: (target.get("RoleArn") for target in d.get("Targets") or []),
    ),
    ("glue", "CreateCrawler"): ("glue.amazonaws.com", lambda d: iter([d.get("Role")])),
    ("glue", "UpdateCrawler"): ("glue.amazonaws.com", lambda d: iter([d.get("Role")])),
    ("lambda", "CreateFunction"): ("lambda.amazonaws.com", lambda d: iter([d.get("Role")])),
    ("lambda", "UpdateFunctionConfiguration"): ("lambda.amazonaws.com", lambda d: iter([d.get("Role")])),
    ("scheduler", "CreateSchedule"): (
        "scheduler.amazonaws.com",
        lambda d: iter([(d.get("Target") or {}).get("RoleArn")]),
    ),
    ("scheduler", "UpdateSchedule"): (
        "scheduler.amazonaws.com",
        lambda d: iter([(d.get("Target") or {}).get("RoleArn")]),
    ),
    ("states", "CreateStateMachine"): ("states.amazonaws.com", lambda d: iter([d.get("roleArn")])),
    ("states", "UpdateStateMachine"): ("states.amazonaws.com", lambda d: iter([d.get("roleArn")])),
}


def check(
    service: str, operation: str, data: Json, headers: Mapping[str, str], query: Mapping[str, Any]
) -> None:
    """Raise Refused when the caller hands over a role that it may not pass."""
    if (service, operation) not in _PASSED:
        return
    principal = _caller(headers, query)
    if principal is None:
        return
    user, roles = _PASSED[service, operation]
    for role in roles(data):
        if not role:
            continue
        arn = role if str(role).startswith("arn:") else f"arn:aws:iam::{principal.account}:role/{role}"
        caller = authorization.Caller(principal)
        message = caller.denial("iam:PassRole", arn, {"iam:PassedToService": user})
        if message is not None:
            raise Refused("AccessDeniedException", message, 403)


def _task_roles(data: Json) -> Iterator[Any]:
    from ministack.services import ecs

    definition = ecs._task_defs.get(ecs._resolve_td_key(str(data.get("taskDefinition", "")))) or {}
    overrides = data.get("overrides") or {}
    for name in ("taskRoleArn", "executionRoleArn"):
        yield overrides.get(name) or definition.get(name)


def _caller(headers: Mapping[str, str], query: Mapping[str, Any]) -> Any:
    """The principal of a request; None for root, and for what a state machine does: its seam checks that."""
    from ministack.core import iam_evaluator as iam
    from ministack.core.responses import get_account_id
    from ministack.core.router import extract_access_key_id

    found = iam.resolve_principal(extract_access_key_id(dict(headers), query or {}), get_account_id())
    return None if isinstance(found, iam.AuthError) or found.policies is None else found
