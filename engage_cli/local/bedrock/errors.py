"""Errors of the local Bedrock family in the shape that the AWS SDKs read."""

import json
from typing import Any

Response = tuple[int, dict[str, str], bytes]


class ServiceError(Exception):
    """A refused call: `code` is the exception's name in the service model, `status` its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> ServiceError:
    """A request that the service model or its rules refuse."""
    return ServiceError("ValidationException", message, 400)


def not_found(message: str, code: str = "ResourceNotFoundException") -> ServiceError:
    """A named thing that does not exist."""
    return ServiceError(code, message, 404)


def conflict(message: str) -> ServiceError:
    """A named thing that exists already, or is still in use."""
    return ServiceError("ConflictException", message, 409)


def access_denied(message: str) -> ServiceError:
    """A call that no policy allows."""
    return ServiceError("AccessDeniedException", message, 403)


def json_response(
    payload: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return `payload` as a JSON answer."""
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(payload).encode()


def error_response(error: ServiceError) -> Response:
    """Return `error` as rest-json carries it: name in the header and the body."""
    body = {"__type": error.code, "message": error.message}
    return json_response(body, error.status, {"x-amzn-errortype": error.code})


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`; anything else is a SerializationException."""
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"The body is not valid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ServiceError("SerializationException", "The body must be a JSON object.")
    return parsed
