"""Translates AWS errors at the edge, once, into our own."""

from collections.abc import Iterator
from contextlib import contextmanager

from engage_cli.errors import CloudError

_POLICIES = "Give the caller the action named; docs/security/iam_policies.md lists what is needed."

_HINTS = {
    "ExpiredToken": "Sign in again, then repeat the command.",
    "ExpiredTokenException": "Sign in again, then repeat the command.",
    "InvalidClientTokenId": "Check the credentials: `aws sts get-caller-identity` must work.",
    "UnrecognizedClientException": "Check the credentials: `aws sts get-caller-identity` must work.",
    "AccessDenied": _POLICIES,
    "AccessDeniedException": _POLICIES,
    "ThrottlingException": "Wait a moment and repeat the command.",
    "NoSuchBucket": "Run `engage deploy` first.",
    "AlreadyExistsException": "Somebody else is deploying this environment: wait until it is done, then run "
    "`engage deploy` again.",
}
_IN_PROGRESS = "Another change of this stack is going on: wait until it is done, then run the command again."


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn a boto3 error raised inside into a CloudError that says what was being done."""
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

    try:
        yield
    except ClientError as exc:
        error = exc.response.get("Error", {})
        code = error.get("Code", "Unknown")
        message = error.get("Message", str(exc)).rstrip(".")
        hint = _IN_PROGRESS if "_IN_PROGRESS state" in message else _HINTS.get(code)
        raise CloudError(f"{doing}: {message} ({code}).", hint=hint) from exc
    except NoCredentialsError as exc:
        raise CloudError(
            f"{doing}: no AWS credentials were found.",
            hint="Set AWS_PROFILE or sign in; or leave --target out to run on this machine.",
        ) from exc
    except EndpointConnectionError as exc:
        raise CloudError(
            f"{doing}: the endpoint does not answer.", hint="Check `engage local status`."
        ) from exc
    except BotoCoreError as exc:
        raise CloudError(f"{doing}: {exc}.") from exc


def error_code(exc: Exception) -> str:
    """Return the AWS error code of a ClientError, or an empty string."""
    response = getattr(exc, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
