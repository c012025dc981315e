"""No connection leaves the machine: the endpoint, its tasks and its functions refuse all but loopback.

The endpoint seals itself; in the Python processes that it starts `sealed/sitecustomize.py` does, from this
file alone (standard library only, no import of this package). An interpreter-wide audit hook sees each
`connect` and each name lookup, whoever makes it. The one exception is a server that the user named, such
as a language model to answer questions with (`allow`).
"""

import ipaddress
import sys
from typing import Any

_allowed: set[str] = set()
_sealed = False


def seal() -> None:
    """Refuse, from now on and for good, connections to anything but loopback and what `allow` named."""
    global _sealed
    if not _sealed:
        _sealed = True
        sys.addaudithook(_hook)


def allow(host: str) -> None:
    """Let this process connect to `host` (a name or an address), which the user has named."""
    import socket

    _allowed.add(host)
    for *_, address in socket.getaddrinfo(host, None):
        _allowed.add(str(address[0]))


def permitted(host: str) -> bool:
    """Whether a connection to this name or address stays on the machine or was allowed."""
    if host in _allowed or host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # A path is a Unix socket; sendmsg on a connected socket names no address.
        host = address[0] if isinstance(address, tuple) and address else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0] or ""
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if not permitted(name):
        raise PermissionError(
            f"The local endpoint does not connect to {name}: nothing that runs in it leaves this machine."
        )
