"""The ASGI wrapper in front of MiniStack: what may not reach it from this machine's other inhabitants.

The endpoint listens on 127.0.0.1, but a browser on the same machine can be made to talk to it: by a
page that posts across origins, or by a name that is re-bound to 127.0.0.1 (DNS rebinding). MiniStack
answers any Host, sends `Access-Control-Allow-Origin: *`, and has unsigned admin paths (reset, code
download). None of that leaves here. And no response leaves before what it tells is on disk.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from engage_cli.local import s3_files
from engage_cli.local.state_file import StateError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Action = Callable[[dict[str, Any]], dict[str, Any]]
Barrier = Callable[["Request"], Awaitable[None]]

ADMIN_HEADER = b"x-engage-admin"
INSTANCE_PATH = "/_engage/instance"
_HEALTH_PATHS = frozenset({"/health", "/_ministack/health", "/_localstack/health", "/_ministack/ready"})
_OWN_PREFIX = "/_engage/"
_ADMIN_PREFIXES = ("/_ministack", "/_localstack", "/_engage")
_READS = ("Describe", "Get", "List", "BatchGet", "Query", "Scan", "Filter", "Search", "Head", "Lookup")
# They hand out credentials, which must work after a restart as well.
_ISSUE = frozenset({"GetSessionToken", "GetFederationToken", "GetAuthorizationToken"})
_ACTION_WITHIN = 4096
# Instance metadata and container credentials would hand out keys to whoever asks: nobody needs them.
_CLOSED_PREFIXES = ("/latest/", "/v2/credentials")


class Guard:
    """Wraps an ASGI app.

    `instance` is told to anyone who asks at INSTANCE_PATH, so that a client knows which server it found.
    `admin_secret` in the `x-engage-admin` header opens the admin paths.
    `actions` are the endpoint's own admin calls: the path below /_engage/, and what answers its JSON body.
    `barrier` is awaited before a response leaves: it returns when what the response tells is on disk.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        instance: dict[str, Any],
        admin_secret: str,
        barrier: Barrier | None = None,
        actions: Mapping[str, Action] | None = None,
    ) -> None:
        self._app = app
        self._instance = instance
        self._secret = admin_secret.encode()
        self._barrier = barrier
        self._actions = dict(actions or {})

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
        action = self._actions.get(scope["path"].removeprefix(_OWN_PREFIX))
        if action is not None:
            await _act(action, receive, send)
            return
        send = _without_cors(send)
        if self._barrier is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        s3_files.failures.set([])
        await self._app(scope, request.watched(receive), self._kept(request, send))

    def _kept(self, request: "Request", send: Send) -> Send:
        """Hold a response back until what it tells is on disk; say so when the disk does not take it."""
        refused = False

        async def held(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                try:
                    assert self._barrier is not None
                    await self._barrier(request)
                except StateError as error:
                    refused = True
                    await _answer_error(send, request, f"{error} {error.hint}")
            if not refused:
                await send(message)

        return held

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


class Request:
    """What the barrier needs to know of a request: which service, which operation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._headers: dict[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope.get("headers", [])
        }
        self._body = b""

    def watched(self, receive: Receive) -> Receive:
        """`receive`, with the start of the body remembered: the Query protocol names its action there."""

        async def watching() -> Message:
            message = await receive()
            if len(self._body) < _ACTION_WITHIN:
                self._body += message.get("body", b"")[:_ACTION_WITHIN]
            return message

        return watching

    @property
    def service(self) -> str:
        """MiniStack's name of the service; "invocation" for a call of a function."""
        from ministack.core import router

        path: str = self._scope["path"]
        if "/_user_request_" in path or path.endswith(("/invocations", "/invoke-async")):
            return "invocation"
        query = parse_qs(self._scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        service: str = router.detect_service(self._scope["method"], path, self._headers, query)
        return service

    @property
    def operation(self) -> str | None:
        """The operation when the protocol names one, else None."""
        target = self._headers.get("x-amz-target")
        if target:
            return target.rpartition(".")[2]
        if self._headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            actions: list[str] = parse_qs(self._body.decode("latin-1")).get("Action", [])
            return actions[0] if actions else None
        return None

    @property
    def reads(self) -> bool:
        """Whether the request can change nothing."""
        operation = self.operation
        if operation is None:
            return self._scope["method"] in ("GET", "HEAD", "OPTIONS")
        return operation.startswith(_READS) and operation not in _ISSUE

    @property
    def speaks_xml(self) -> bool:
        """Whether the client reads errors as XML."""
        if "x-amz-target" in self._headers:
            return False
        return self.service == "s3" or self.operation is not None


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


async def _act(action: Action, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        await _answer(send, 400, {"message": "The body is no JSON."})
        return
    await _answer(send, 200, await asyncio.to_thread(action, request))


async def _answer_error(send: Send, request: Request, sentence: str) -> None:
    """507 in the form that the client's protocol reads."""
    if request.speaks_xml:
        from xml.sax.saxutils import escape

        error = f"<Code>InsufficientStorage</Code><Message>{escape(sentence)}</Message>"
        if request.service != "s3":
            error = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        else:
            error = f"<Error>{error}</Error>"
        payload, kind = error.encode(), b"application/xml"
    else:
        fields = {"__type": "InsufficientStorage", "message": sentence}
        payload, kind = json.dumps(fields).encode(), b"application/x-amz-json-1.1"
    headers = [(b"content-type", kind), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": 507, "headers": headers})
    await send({"type": "http.response.body", "body": payload, "more_body": False})


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload, "more_body": False})
