"""Checks the Host header, so that web pages cannot read the API by DNS rebinding."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.server.requests import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

_HOST: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<name>[^:]*))(?::\d*)?")
ANY: Final = "*"


class HostNames:
    """Accepts requests whose host is an IP address, or a name of this machine.

    An IP address cannot be rebound, and a request without Host does not come from a browser.

    Args:
        app: The ASGI app.
        names: Additional names; `*` for any.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", socket.gethostname().lower(), *map(str.lower, names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode()
        app = self._app if self._knows(host) else answer({"error": _refusal(host)}, 421)
        await app(scope, receive, send)

    def _knows(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = (found["six"] or found["name"] or "").lower().rstrip(".")
        return not host or ANY in self._names or name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _refusal(host: str) -> str:
    shown = "".join(c for c in host if c.isprintable())[:100]
    return (
        f"this sentinel does not answer to the name {shown!r}; ask for it by its address, or add the name to "
        "telemetry.host_names in its configuration"
    )
