"""Addresses: as people type them, as people may see them, and whether they are this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def split_address(text: str) -> tuple[str, int | None]:
    """Host and port of `switch`, `192.0.2.1:502`, `2001:db8::1` or `[2001:db8::1]:502`.

    Returns:
        The host, without brackets, and the port where one is given. Whether there can be such a host is for
        `orbital_sdk.Host` to say.

    Raises:
        ValueError: There is no way to read it; the message says what would be right.
    """
    host, port = text, None
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or ":" not in host or not (rest == "" or rest.startswith(":")):
            raise ValueError(
                f"{text!r} is not an address; IPv6 with a port is written [2001:db8::1]:502"
            )
        port = rest[1:] if rest else None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if port is None:
        return host, None
    if not (port.isascii() and port.isdecimal() and 1 <= int(port[:6]) <= 65535):
        raise ValueError(f"{text!r} has no port behind its colon; ports are 1 to 65535")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether a host, given as an address or a name, is this machine itself. No name is looked up."""
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def public_address(url: str) -> str:
    """A URL without user, password, query and fragment: for messages, logs and pages."""
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return bare.geturl()
