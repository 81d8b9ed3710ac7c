"""Who may ask what over HTTP: clients on this machine read without a token; all else needs it."""

from __future__ import annotations

import secrets
from base64 import b64decode
from binascii import Error as BadBase64
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.server.requests import answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

FREE: Final = frozenset({"/metrics", "/healthz", "/readyz"})
"""For scrapers and orchestrators, from everywhere."""
READS: Final = frozenset({"GET", "HEAD"})
FORWARDED: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip")
"""A proxy on this machine sets one of these: its client may be anywhere (RFC 7239)."""


class Access:
    """Refuses requests that may not be answered.

    A request carries the token as `Authorization: Bearer TOKEN`, or as the password of `Basic`, for which
    browsers ask. They repeat it by themselves, so what changes something is refused if another site's page
    sent it.

    Args:
        app: The ASGI app.
        token: Compared in constant time.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._refusal(scope) or self._app
        await app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        reads = scope["method"] in READS
        if not reads and _from_another_site(headers):
            return answer({"error": "another site's page may change nothing here"}, 403)
        if reads and (scope["path"] in FREE or _is_local(scope, headers)):
            return None
        if self._has_token(headers.get(b"authorization", b"")):
            return None
        refusal = answer({"error": "this needs the token that `sentinel token` prints"}, 401)
        refusal.headers["WWW-Authenticate"] = 'Basic realm="sentinel token", charset="UTF-8"'
        return refusal

    def _has_token(self, authorization: bytes) -> bool:
        scheme, _, credentials = authorization.partition(b" ")
        given = credentials.strip()
        if scheme.lower() == b"basic":
            try:
                given = b64decode(given, validate=True).partition(b":")[2]
            except BadBase64:
                return False
        elif scheme.lower() != b"bearer":
            return False
        return secrets.compare_digest(given, self._token)


def _is_local(scope: Scope, headers: Iterable[bytes]) -> bool:
    client = scope.get("client")
    if client is None or any(name in headers for name in FORWARDED):
        return False
    address = ip_address(client[0].partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback


def _from_another_site(headers: Mapping[bytes, bytes]) -> bool:
    """Browsers name the origin of a request that changes something (Fetch, 3.2 and 2.4 of Fetch Metadata)."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")
