"""How agent and program meet, as HashiCorp's go-plugin has it.

The agent starts the program with a one-time cookie and a private folder in its environment. The program
listens on a unix socket in that folder, and says so in one line on its standard output:
`1|1|unix|/path/of/the/socket|frames`. Before anything else crosses, each end proves to the other that it
knows the cookie.

Source: https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md
"""

from __future__ import annotations

import hmac
import logging
import secrets
from typing import Final, Literal, NamedTuple

COOKIE: Final = "ORBITAL_PLUGIN_COOKIE"
"""Environment variable: the cookie."""
FOLDER: Final = "ORBITAL_PLUGIN_FOLDER"
"""Environment variable: a folder that only this user may enter, for the socket."""
LEVEL: Final = "ORBITAL_PLUGIN_LOG_LEVEL"
"""Environment variable: what is below this level, `debug`, `info`, `warning` or `error`, is not logged."""
MARK: Final = "PLUGIN_UNIX_SOCKET_DIR"
"""Likewise, as go-plugin's own servers look for it. It stays in the environment of what a program starts."""
SECONDS: Final = 10.0
"""Time from the start of a program to its line, and from its line to `welcome`."""
LONGEST_LINE: Final = 1024
PROOF: Final = 32
"""Bytes of a proof."""
CORE: Final = "1"
"""Version of the handshake."""
CONTRACT: Final = "1"
"""Version of what crosses after it: go-plugin's "app protocol"."""


class NoHandshake(Exception):  # noqa: N818 (reads as what happened)
    """What was said is not a line of this handshake; the text says what is wrong with it."""


class Address(NamedTuple):
    """Where a program listens, and what it speaks there."""

    socket: str
    """Path of the unix socket."""
    wire: str
    """`frames` or `grpc`."""


def level_name(number: int) -> Literal["debug", "info", "warning", "error"]:
    """The level of `LEVEL` and of log messages that a number of `logging` comes to."""
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"


def new_cookie() -> str:
    """A cookie for one start of a program."""
    return secrets.token_hex(32)


def proof(cookie: str, end: str) -> bytes:
    """What shows that an end knows the cookie, without showing it: HMAC-SHA256 of `agent` or `program`."""
    return hmac.digest(cookie.encode(), end.encode(), "sha256")


def environment(cookie: str, folder: str, level: str = "info") -> dict[str, str]:
    """What a program gets for it."""
    return {
        COOKIE: cookie,
        FOLDER: folder,
        LEVEL: level,
        MARK: folder,
        "PLUGIN_PROTOCOL_VERSIONS": CONTRACT,
    }


def line(address: Address) -> str:
    """What the program prints."""
    return f"{CORE}|{CONTRACT}|unix|{address.socket}|{address.wire}"


def parsed(text: str) -> Address:
    """The address in a program's line.

    Raises:
        NoHandshake: It is another line.
    """
    parts = text.strip().split("|")
    if len(parts) < 5 or parts[0] != CORE:
        raise NoHandshake(f"it printed {text.strip()[:100]!r} in place of its address")
    _, contract, network, socket, wire, *_ = parts  # go-plugin adds a certificate
    if (contract, network) != (CONTRACT, "unix"):
        raise NoHandshake(
            f"it speaks contract {contract} on {network}; this agent speaks {CONTRACT} on unix"
        )
    return Address(socket, wire)
