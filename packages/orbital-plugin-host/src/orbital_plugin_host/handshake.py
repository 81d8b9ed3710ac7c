"""How agent and program meet, in the spirit of HashiCorp's go-plugin.

The agent starts the program with a one-time cookie and a private folder in its environment. The program
listens on a unix socket in that folder, and says so in one line on its standard output:
`orbital|1|unix|/path/of/the/socket|frames`. The first bytes on a connection prove to each end that the other
one knows the cookie.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final, NamedTuple

COOKIE: Final = "ORBITAL_PLUGIN_COOKIE"
"""Environment variable: the cookie."""
FOLDER: Final = "ORBITAL_PLUGIN_FOLDER"
"""Environment variable: a folder that only this user may enter, for the socket."""
SECONDS: Final = 10.0
"""Time from the start of a program to its line, and from its line to `welcome`."""
LONGEST_LINE: Final = 1024
PROOF: Final = 32
"""Bytes of a proof."""
PROTOCOL: Final = "1"
_MAGIC: Final = "orbital"


class NoHandshake(Exception):  # noqa: N818 (reads as what happened)
    """What was said is no line of this handshake; the text says what is wrong with it."""


class Address(NamedTuple):
    """Where a program listens, and what it speaks there."""

    socket: str
    """Path of the unix socket."""
    wire: str
    """`frames` or `grpc`."""


def new_cookie() -> str:
    """A cookie for one start of a program."""
    return secrets.token_hex(32)


def proof(cookie: str, end: str) -> bytes:
    """What shows that an end knows the cookie, without showing it: HMAC-SHA256 of `agent` or `program`."""
    return hmac.digest(cookie.encode(), end.encode(), "sha256")


def line(address: Address) -> str:
    """What the program prints."""
    return f"{_MAGIC}|{PROTOCOL}|unix|{address.socket}|{address.wire}"


def parsed(text: str) -> Address:
    """The address in a program's line.

    Raises:
        NoHandshake: It is another line.
    """
    parts = text.strip().split("|")
    if len(parts) != 5 or parts[0] != _MAGIC:
        raise NoHandshake(f"it printed {text.strip()[:100]!r} in place of its address")
    _, protocol, network, socket, wire = parts
    if (protocol, network) != (PROTOCOL, "unix"):
        raise NoHandshake(
            f"it speaks protocol {protocol} on {network}; this agent speaks {PROTOCOL} on unix"
        )
    return Address(socket, wire)
