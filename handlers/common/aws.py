"""One boto3 client per service and container, made when first needed.

The endpoint and the credentials come from the environment (`AWS_ENDPOINT_URL` and the function's
role): nothing here knows which cloud it talks to.
"""

from typing import Any

# Public, so that a test can put its own client here instead of patching boto3.
CLIENTS: dict[str, Any] = {}


def client(service: str) -> Any:
    """The container's client of `service`; standard retries so that throttling is absorbed."""
    if service not in CLIENTS:
        import boto3
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "max_attempts": 5},
            max_pool_connections=32,
            connect_timeout=5,
            read_timeout=60,
        )
        make: Any = boto3.client  # its stubs know literal names only
        CLIENTS[service] = make(service, config=config)
    return CLIENTS[service]


def error_code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError ("" for anything else)."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
