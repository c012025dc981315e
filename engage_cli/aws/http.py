"""Calls of our own REST API: JSON in, JSON out, with its key."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from engage_cli.errors import CloudError, UserError

_TIMEOUT_SECONDS = 35
_NEXT_STEPS = {
    "NothingPublished": "Run: engage run-pipeline; before it engage generate-data, or engage import-data."
}
"""What the user does next, by the code of the API's refusal."""


class Api:
    """The platform's REST API: a base URL and a key. The key is never printed."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = key

    def __repr__(self) -> str:
        return f"Api({self.base_url!r})"

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post JSON. Raises UserError for what the caller must correct, CloudError for the rest."""
        return self._call("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.base_url}/{path.lstrip('/')}",
            data=body,
            method=method,
            headers={"x-api-key": self._key, "content-type": "application/json"},
        )
        # The base URL comes from our own stack's outputs, so its scheme is http or https.
        try:
            with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return _json(answer.read())
        except urllib.error.HTTPError as exc:
            return _refused(exc.code, exc.read())
        except (urllib.error.URLError, TimeoutError, ConnectionError) as exc:
            raise CloudError(
                f"The API does not answer: {getattr(exc, 'reason', exc)}.",
                hint="Check `engage status`; on this machine also `engage local status`.",
            ) from exc


# No proxy: the address is this machine's or AWS's own, and a proxy would see the key.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _json(data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except ValueError as exc:
        raise CloudError("The API gave an answer that is not JSON.", hint="Read: engage logs") from exc
    return parsed if isinstance(parsed, dict) else {"data": parsed}


def _refused(status: int, data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except ValueError:
        parsed = {}
    error = parsed.get("error") if isinstance(parsed, dict) else None
    message = (error or {}).get("message") or (parsed.get("message") if isinstance(parsed, dict) else None)
    if status == 404 and isinstance(parsed, dict) and "not_found" in parsed:
        return parsed
    if status in (400, 404, 413):
        raise UserError(
            str(message or f"The API refused the request ({status})."),
            hint=_NEXT_STEPS.get((error or {}).get("code", "")),
        )
    if status == 403:
        raise CloudError(
            "The API refused the key.", hint="Run `engage deploy`, which keeps key and API in step."
        )
    if status == 429:
        raise CloudError("The API is throttling requests.", hint="Wait a second and repeat.")
    raise CloudError(f"The API failed ({status}): {message or 'no reason given'}.", hint="Read: engage logs")
