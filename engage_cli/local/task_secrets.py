"""`secrets` of a container definition: values from Secrets Manager and Parameter Store, as ECS fetches them.

The agent reads with the task's execution role; what it may not read stops the task before it starts, with
AWS's reason. Values go into the process's environment and nowhere else. Runs in the endpoint process.
"""

import json
from collections.abc import Callable
from typing import Any

from engage_cli.local import authorization

Json = dict[str, Any]


def values(cdef: Json, execution_role: str, session: str) -> dict[str, str]:
    """Variable name -> secret value.

    Raises MiniStack's _SecretResolutionError, which it reports as ResourceInitializationError.
    """
    from ministack.services import ecs

    def allow(action: str, resource: str) -> None:
        message = authorization.denial(execution_role, session, action, resource)
        if message is not None:
            raise _RefusedError(f"AccessDeniedException: {message}")

    found = {}
    for entry in cdef.get("secrets") or []:
        source = str(entry.get("valueFrom", ""))
        manager = source.startswith("arn:") and source.split(":")[2] == "secretsmanager"
        store, read = ("secrets manager", _from_secret) if manager else ("ssm", _from_parameter)
        try:
            found[str(entry["name"])] = read(source, allow)
        except _RefusedError as error:
            kind = "asm" if manager else "ssm"
            raise ecs._SecretResolutionError(
                f"unable to retrieve secret from {kind}: service call has been retried 1 time(s): "
                f"failed to fetch secret {source} from {store}: {error}"
            ) from None
    return found


def problem(definition: Json) -> str | None:
    """Why RegisterTaskDefinition refuses these secrets, or None."""
    for container in definition.get("containerDefinitions") or []:
        secrets = container.get("secrets") or []
        if secrets and not definition.get("executionRoleArn"):
            return "When you are specifying container secrets, you must also specify 'executionRoleArn'."
        taken = {entry.get("name") for entry in container.get("environment") or []}
        for entry in secrets:
            if not entry.get("name") or not entry.get("valueFrom"):
                return "A secret needs a name and a valueFrom."
            if entry["name"] in taken:
                return (
                    "The secret name must be unique and not shared with any new or existing environment "
                    f"variables set on the container, such as '{entry['name']}'."
                )
            taken.add(entry["name"])
    return None


class _RefusedError(Exception):
    """A value that cannot be had. The message never holds any part of the value."""


def _from_secret(source: str, allow: Callable[[str, str], None]) -> str:
    """`arn[:json-key[:version-stage[:version-id]]]`, where an empty part stands for its default."""
    from ministack.services import secretsmanager

    parts = source.split(":")
    arn = ":".join(parts[:7])
    key, stage, version = [*parts[7:], "", "", ""][:3]
    _, record = secretsmanager._resolve(arn, use_arn_scope=True)
    # Policies name the whole ARN, with its random end, which a reference may leave out.
    allow("secretsmanager:GetSecretValue", str((record or {}).get("ARN") or arn))
    own_key = str((record or {}).get("KmsKeyId") or "")
    if own_key and not own_key.endswith("alias/aws/secretsmanager"):
        allow("kms:Decrypt", own_key if own_key.startswith("arn:") else "*")
    text = secretsmanager.resolve_secret_string(arn, stage or "AWSCURRENT", version or None)
    if text is None:
        raise _RefusedError(
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value."
        )
    if not key:
        return str(text)
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError, IndexError):
        # Not the parser's own words: they quote the secret.
        raise _RefusedError(f"retrieved secret from Secrets Manager did not contain json key {key}") from None
    return value if isinstance(value, str) else json.dumps(value)


def _from_parameter(source: str, allow: Callable[[str, str], None]) -> str:
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import ssm

    scope = f"arn:aws:ssm:{get_region()}:{get_account_id()}:parameter"
    arn = source if source.startswith("arn:") else f"{scope}/{source.lstrip('/')}"
    allow("ssm:GetParameters", arn)
    value = ssm.resolve_parameter_value(source, decrypt=True)
    if value is None:
        raise _RefusedError("invalid parameters: the parameter does not exist")
    return str(value)
