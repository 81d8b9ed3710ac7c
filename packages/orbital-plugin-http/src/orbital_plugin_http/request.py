"""A request: what stands on the wire, and what is left of it after a redirect."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from orbital_plugin_http.failure import ProbeFailedError, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.device import HttpDevice
    from orbital_plugin_http.url import Url

AGENT: Final = f"Orbital-Sentinel-HTTP/{version('orbital-plugin-http')}"
PAGE: Final = (
    "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1"
)
"""Accept header for Prometheus pages: the plain format if there is a choice."""
SHARE: Final = "share_on_redirect: true"
"""What the user has to say for it."""
_PRIVATE: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that no other server ever gets, as with curl and browsers."""
_KEEP_METHOD: Final = frozenset({307, 308})
_OF_BODY: Final = frozenset({"content-type", "content-encoding", "content-language"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request, without its Authorization header by digest."""

    method: str
    url: Url
    headers: Mapping[str, str] = field(repr=False)
    """By their names as they are sent."""
    elsewhere: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """The headers for another server, to which a redirect may lead."""
    body: bytes = field(default=b"", repr=False)
    shared_body: bool = False
    """Whether the body may go to another server, too."""
    trusted: bool = True
    """Whether it still goes to the server that the credentials are for."""

    def encoded(self, authorization: str | None = None) -> bytes:
        """The bytes to send."""
        lines = [f"{self.method} {self.url.target} HTTP/1.1"]
        if "host" not in map(str.lower, self.headers):
            lines.append(f"Host: {self.url.authority}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if authorization:
            lines.append(f"Authorization: {authorization}")
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def redirected(self, status: int, location: str) -> Request:
        """The request that a redirect asks for (RFC 9110, 15.4), as browsers and curl do it.

        Raises:
            ProbeFailedError: It leads to no usable URL, or to one that must not get the body.
        """
        url = self._target(location)
        keep = status in _KEEP_METHOD or self.method in ("GET", "HEAD")
        trusted = self.trusted and _same_server(self.url, url)
        if keep and self.body and not (trusted or self.shared_body):
            server = f"{url.scheme}://{url.authority}"
            message = f"redirected to {server}, which gets the body only with {SHARE}"
            raise ProbeFailedError(Reason.REDIRECT, message)
        dropped = set[str]() if keep else set(_OF_BODY)
        if url.origin != self.url.origin:
            dropped.add("host")
        headers = self.headers if trusted else self.elsewhere
        headers = {n: v for n, v in headers.items() if n.lower() not in dropped}
        method, body = (self.method, self.body) if keep else ("GET", b"")
        return replace(self, method=method, url=url, headers=headers, body=body, trusted=trusted)

    def _target(self, location: str) -> Url:
        try:
            return self.url.join(location)
        except ValueError as error:
            message = f"redirected to nowhere: {error}"
            raise ProbeFailedError(Reason.REDIRECT, message) from error


def _same_server(old: Url, new: Url) -> bool:
    """The same origin, or the same host switching to https on the usual ports."""
    if old.origin == new.origin:
        return True
    return old.host == new.host and (old.scheme, old.port, new.scheme, new.port) == (
        "http", 80, "https", 443,
    )  # fmt: skip


def first_request(device: HttpDevice, config: HttpConfig, url: Url) -> Request:
    """What a probe begins with: the user's headers, then ours where the user has none."""
    own = {name: value.get_secret_value() for name, value in config.headers.items()}
    private = set(_PRIVATE)
    login = _login(device)
    if device.login == "api_key":
        key, name = reveal(device.api_key), device.api_key_name
        private.add(name.lower())
        if device.api_key_in == "query":
            url = url.with_query(name, key)
        else:
            login = {name: key}
    defaults = {
        "User-Agent": AGENT,
        "Accept": PAGE if config.prometheus else "*/*",
        "Connection": "keep-alive" if config.keep_alive else "close",
    }
    if config.compression:
        defaults["Accept-Encoding"] = "gzip, deflate"
    shared = config.share_on_redirect
    general = _over(defaults, own)
    elsewhere = {n: v for n, v in general.items() if n.lower() not in private}
    return Request(
        config.method,
        url,
        _over(general, login),
        elsewhere if shared else defaults,
        reveal(config.body).encode(),
        shared,
    )


def _over(headers: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Both, the latter where they name the same header."""
    taken = {name.lower() for name in more}
    return {n: v for n, v in headers.items() if n.lower() not in taken} | dict(more)


def _login(device: HttpDevice) -> dict[str, str]:
    if device.login == "basic":
        pair = f"{device.username}:{reveal(device.password)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if device.login == "bearer":
        return {"Authorization": f"Bearer {reveal(device.token)}"}
    return {}


def reveal(secret: SecretStr | None) -> str:
    """The plain text; empty where there is none."""
    return "" if secret is None else secret.get_secret_value()
