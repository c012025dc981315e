"""The ASGI wrapper in front of MiniStack: what may not reach it from this machine's other inhabitants.

The endpoint listens on 127.0.0.1, but a browser on the same machine can be made to talk to it: by a
page that posts across origins, or by a name that is re-bound to 127.0.0.1 (DNS rebinding). MiniStack
answers any Host, sends `Access-Control-Allow-Origin: *`, and has unsigned admin paths (reset, code
download). None of that leaves here.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

ADMIN_HEADER = b"x-engage-admin"
INSTANCE_PATH = "/_engage/instance"
_HEALTH_PATHS = frozenset({"/health", "/_ministack/health", "/_localstack/health", "/_ministack/ready"})
_ADMIN_PREFIXES = ("/_ministack", "/_localstack", "/_engage")
# Instance metadata and container credentials would hand out keys to whoever asks: nobody needs them.
_CLOSED_PREFIXES = ("/latest/", "/v2/credentials")


class Guard:
    """Wraps an ASGI app.

    `instance` is told to anyone who asks at INSTANCE_PATH, so that a client knows which server it found.
    `admin_secret` in the `x-engage-admin` header opens the admin paths.
    `on_change` is called for every request that may have changed state, after it was answered.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        instance: dict[str, Any],
        admin_secret: str,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._instance = instance
        self._secret = admin_secret.encode()
        self._on_change = on_change

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            # No service of ours speaks it.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(send, 403, {"message": refusal})
            return
        if scope["path"] == INSTANCE_PATH:
            await _answer(send, 200, self._instance)
            return
        await self._app(scope, receive, _without_cors(send))
        if scope["method"] not in ("GET", "HEAD"):
            self._on_change()

    def _refusal(self, scope: Scope) -> str | None:
        headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope.get("headers", [])}
        host = headers.get(b"host", b"").decode("latin-1")
        if not is_loopback(host):
            return f"The local endpoint does not answer for the host {host!r}."
        if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
            return "The local endpoint does not answer to pages in a browser."
        path: str = scope["path"]
        if path.startswith(_CLOSED_PREFIXES):
            return "The local endpoint has no metadata credentials."
        if path in _HEALTH_PATHS or path == INSTANCE_PATH:
            return None
        if path.startswith(_ADMIN_PREFIXES) and not hmac.compare_digest(
            headers.get(ADMIN_HEADER, b""), self._secret
        ):
            return "This path needs the local endpoint's admin secret."
        return None


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine's loopback: 127.0.0.1, [::1], localhost, *.localhost."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    name = name.lower().rstrip(".")
    return name in ("127.0.0.1", "::1", "localhost") or name.endswith(".localhost")


def _without_cors(send: Send) -> Send:
    async def filtered(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return filtered


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload, "more_body": False})
