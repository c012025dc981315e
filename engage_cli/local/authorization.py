"""May this role do that? IAM decisions for calls that a service makes on a role's behalf.

MiniStack enforces IAM on requests that come in over HTTP. A state machine, a Fargate agent or a
schedule calls inside the process and would pass unasked; these functions ask, with MiniStack's own
evaluator, and word a refusal as AWS does. Runs in the endpoint process.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ATHENA = "athena.amazonaws.com"


@dataclass
class Caller:
    """A principal, and what it may do: its policies are read once, for many decisions.

    `via` is the service that calls with the principal's permissions (forward access session).
    """

    principal: Any  # ministack's PrincipalInfo; None: nobody, to whom nothing is allowed
    via: str = ""
    _by_action: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_request(cls, headers: Mapping[str, str], query_params: Any) -> "Caller | None":
        """Who made a request to Athena; None is the root of the account, who may do everything.

        A state machine's calls carry no keys that anyone owns: they are made by the role of the machine.
        """
        from ministack.core import iam_evaluator as iam
        from ministack.core.responses import get_account_id
        from ministack.core.router import extract_access_key_id

        from engage_cli.local import step_functions

        key = extract_access_key_id(dict(headers), query_params or {})
        found = iam.resolve_principal(key, get_account_id())
        if not isinstance(found, iam.AuthError):
            return None if found.policies is None else cls(found, _ATHENA)
        acting = step_functions.acting_role()
        return cls.of_role(*acting, via=_ATHENA) if acting else cls(None, _ATHENA)

    @classmethod
    def of_role(cls, role_arn: str, session: str, *, via: str = "") -> "Caller":
        """A session of a role."""
        from ministack.core import iam_evaluator as iam
        from ministack.services import iam as iam_service

        account, name = account_of(role_arn), role_name(role_arn)
        principal = iam.PrincipalInfo(
            arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            type="AssumedRole",
            account=account,
            policies=iam._gather_role_policies(name, account),
            limits=iam._permissions_boundary(iam_service._roles, name, account),
        )
        return cls(principal, via)

    def denial(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> str | None:
        """The AccessDenied message when `action` on `resource` is refused; None when it is allowed.

        `context` holds condition keys of the request, such as `iam:PassedToService`.
        """
        from ministack.core import iam_actions
        from ministack.core import iam_evaluator as iam
        from ministack.core.responses import get_region

        if self.principal is None:
            return f"User: anonymous is not authorized to perform: {action} on resource: {resource}"
        service = action.partition(":")[0]
        keys: dict[str, Any] = {key.lower(): value for key, value in (context or {}).items()}
        origin = {}
        if self.via:
            keys |= {f"aws:calledvia{end}": self.via for end in ("first", "last")}
            keys |= {"aws:calledvia": [self.via], "aws:viaawsservice": "true"}
            origin = {"source_ip": self.via, "secure_transport": True}
        if service == "s3":
            path = "/" + resource.rpartition(":")[2]
            tags = iam_actions.s3_service_context(action, {}, path, {})
            keys |= {key.lower(): value for key, value in tags.items()}
        evaluation = iam.EvalContext(
            principal_arn=self.principal.arn,
            principal_type=self.principal.type,
            principal_account=self.principal.account,
            action=action,
            resource_arn=resource,
            region=get_region(),
            service_context=keys,
            principal_keys=self.principal.keys,
            **origin,
        )
        policies, limits = self._relevant(action)
        decision = iam.evaluate(evaluation, policies, *limits)
        # A resource's own policy (a bucket's, a function's) can refuse what the role allows, and the reverse.
        own = iam._resource_policy(service, resource)
        if own is not None and (own[0] or own[1] != self.principal.account):
            decision = iam.combine_resource_policy(decision, evaluation, *own, limits=tuple(limits))
        if decision.decision == "Allow":
            return None
        message: str = iam_actions.identity_denial_message(
            action, self.principal.arn, resource, decision.decision == "Deny"
        )
        return message

    def _relevant(self, action: str) -> Any:
        """The statements that name the action, looked for once: a query asks about hundreds of objects."""
        from ministack.core import iam_evaluator as iam

        found = self._by_action.get(action)
        if found is None:

            def about(layer: Any) -> Any:
                return [
                    [one for one in policy if iam._action_matches(action, one.actions, one.not_actions)]
                    for policy in layer
                ]

            found = about(self.principal.policies), [about(layer) for layer in self.principal.limits]
            self._by_action[action] = found
        return found


def denial(
    role_arn: str,
    session: str,
    action: str,
    resource: str,
    *,
    context: Mapping[str, str] | None = None,
) -> str | None:
    """The AccessDenied message when `role_arn` may not do `action` on `resource`; None when it may.

    `context` holds condition keys of the request, such as `iam:PassedToService`.
    """
    return Caller.of_role(role_arn, session).denial(action, resource, context)


def trusts(role_arn: str, service: str, *, source_arn: str = "") -> bool:
    """Whether the role's trust policy lets `service` (such as `states.amazonaws.com`) assume it."""
    from ministack.core import iam_evaluator as iam
    from ministack.services import iam as iam_service

    account = account_of(role_arn)
    role = iam_service._roles.get_scoped(account, None, role_name(role_arn))
    if role is None:
        return False
    document = role.get("AssumeRolePolicyDocument") or {}
    if isinstance(document, str):
        document = json.loads(document)
    context = iam.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn="*",
        region="",
        service_context={"aws:sourceaccount": account, "aws:sourcearn": source_arn or None},
    )
    statements = document.get("Statement", [])
    allowed = False
    for statement in [statements] if isinstance(statements, dict) else statements:
        actions = statement.get("Action", [])
        matches = (
            "sts:AssumeRole" in ([actions] if isinstance(actions, str) else actions)
            and iam._service_principal_matches(statement.get("Principal", {}), service)
            and iam._conditions_met(statement.get("Condition", {}), context)
        )
        if matches and statement.get("Effect") == "Deny":
            return False
        allowed = allowed or (matches and statement.get("Effect") == "Allow")
    return allowed


def session_credentials(role_arn: str, session: str) -> dict[str, str]:
    """Credentials of the role, as environment variables, registered with STS under `session`.

    The same role and session get the same keys, so a restart of the endpoint does not lock a task out.
    """
    from ministack.services import sts

    digest = hashlib.sha256(f"{session}:{role_arn}".encode()).hexdigest()
    key = f"ASIA{digest[:16].upper()}"
    secret = hashlib.sha256(f"secret:{digest}:{_root_secret()}".encode()).hexdigest()
    token = hashlib.sha256(f"token:{digest}:{_root_secret()}".encode()).hexdigest()
    name = role_name(role_arn)
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account_of(role_arn)}:assumed-role/{name}/{session[:64]}",
            "UserId": f"{name}:{session[:64]}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def end_session(credentials: Mapping[str, str]) -> None:
    """Forget credentials that `session_credentials` gave."""
    from ministack.services import sts

    sts._sessions.pop(credentials.get("AWS_ACCESS_KEY_ID", ""), None)


def is_root_access_key(access_key_id: str) -> bool:
    """Whether a key is this endpoint's root key. MiniStack takes `test` and any 12 digits for root too."""
    return access_key_id == os.environ["AWS_ACCESS_KEY_ID"]


def exempt_from_signature(access_key_id: str) -> bool:
    """No key is: MiniStack lets root keys through unsigned, and everyone could name one."""
    return False


def role_name(role_arn: str) -> str:
    """The name of a role, without its path."""
    return role_arn.rsplit("/", 1)[-1]


def account_of(arn: str) -> str:
    """The account of an ARN."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


def _root_secret() -> str:
    # Mixed in so that nobody who knows a role's name can compute its keys.
    return os.environ.get("AWS_SECRET_ACCESS_KEY", "")
