"""URLs of http and https, checked, and shown without what they may hide."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from orbital_sdk import HOSTNAME

LONGEST: Final = 8000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PRINTABLE: Final = "".join(chr(code) for code in range(0x21, 0x7F))
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, ready to be asked for."""

    scheme: str
    host: str
    """ASCII, without brackets."""
    port: int
    path: str
    """At least `/`; percent-encoded where needed."""
    query: str = ""

    @property
    def target(self) -> str:
        """What the request line names."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def authority(self) -> str:
        """The Host header: no default port, no IPv6 zone."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What has to be equal for credentials to be sent again."""
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        """Without the query, which may hold a key."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def with_query(self, name: str, value: str) -> Url:
        """With one more query parameter."""
        pair = f"{quote(name, safe='')}={quote(value, safe='')}"
        return replace(self, query=f"{self.query}&{pair}" if self.query else pair)

    def join(self, location: str) -> Url:
        """Where a Location header points to.

        Raises:
            ValueError: To no usable http or https URL.
        """
        here = f"{self.scheme}://{self.authority}{self.target}"
        return parse(urljoin(here, location))


def parse(text: str) -> Url:
    """The URL in `text`; its fragment is dropped, as it is never sent.

    Raises:
        ValueError: It is not an usable http or https URL; the message says why, without quoting it.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the URL is longer than {LONGEST} characters")
    if _CONTROL.search(text):
        raise ValueError("the URL has a line break or control character in it")
    parts = urlsplit(text.strip())
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("a URL looks like http://example.com/path or https://example.com/path")
    if "@" in parts.netloc:
        raise ValueError("write credentials into username and password, not into the URL")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    path, query = quote(parts.path, safe=_PRINTABLE), quote(parts.query, safe=_PRINTABLE)
    return Url(parts.scheme, _host(parts.hostname), port, path or "/", query)


def _host(name: str) -> str:
    try:
        host = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise ValueError("the URL's host is not a valid name") from None
    if not re.fullmatch(HOSTNAME.strip("^$"), host):
        raise ValueError("the URL's host is not a valid name or address")
    return host
