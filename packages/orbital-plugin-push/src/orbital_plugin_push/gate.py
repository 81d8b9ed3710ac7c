"""Who may push: by the header `Authorization` (RFC 7617, RFC 6750)."""

from __future__ import annotations

import base64
from hmac import compare_digest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_plugin_push.device import PushDevice


class Gate:
    """The credentials of one address.

    Args:
        device: Its settings.
    """

    def __init__(self, device: PushDevice) -> None:
        self._expected: list[bytes] = []
        self.challenge = ""
        """Of the header `WWW-Authenticate`; empty where everybody may push."""
        if device.bearer_token is not None:
            self._expected.append(b"bearer " + device.bearer_token.get_secret_value().encode())
            self.challenge = 'Bearer realm="push"'
        if device.basic_auth is not None:
            password = device.basic_auth.password.get_secret_value()
            pair = f"{device.basic_auth.username}:{password}".encode()
            self._expected.append(b"basic " + base64.b64encode(pair))
            self.challenge = 'Basic realm="push", charset="UTF-8"'

    def admits(self, authorization: str) -> bool:
        """Whether these are the credentials. How long it takes tells nothing about them."""
        if not self._expected:
            return True
        scheme, _, rest = authorization.partition(" ")
        given = f"{scheme.lower()} {rest.strip()}".encode(errors="replace")
        right = [compare_digest(given, expected) for expected in self._expected]
        return any(right)
