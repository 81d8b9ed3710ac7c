"""Messages with notifications in them: who may send which, and what they say."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.engines.usm import Engine
from orbital_plugin_snmp.traps.notification import INFORM, Notification, read
from orbital_plugin_snmp.usm.message import AUTHENTICATED, ENCRYPTED, decrypted, read_message
from orbital_plugin_snmp.wire.ber import (
    OCTETS,
    SEQUENCE,
    WireError,
    expect,
    read_integer,
)
from orbital_plugin_snmp.wire.community import V3
from orbital_plugin_snmp.wire.pdu import RESPONSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_snmp.usm.message import Message
    from orbital_plugin_snmp.usm.user import User

ENGINES: Final = 10_000
"""Engines whose clocks are remembered."""


class SenderError(Exception):
    """The message may be good, but its sender is nobody we know.

    Args:
        reason: `community` or `user`: what it is counted under.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reader:
    """Reads messages of v1, v2c and v3.

    Args:
        communities: Of v1 and v2c, those that are accepted.
        users: Of v3; a name stands once.
    """

    def __init__(self, communities: Iterable[bytes], users: Iterable[User]) -> None:
        self._communities = tuple(communities)
        self._users = {user.name.encode(): user for user in users}
        self._engines: dict[tuple[bytes, bytes], Engine] = {}

    def read(self, data: bytes) -> tuple[Notification, bytes]:
        """What a message says, and what to answer; empty for no answer.

        Raises:
            WireError: It is no notification.
            SenderError: Wrong community, user, password, or less security than the user has.
        """
        begin, end = expect(data, 0, len(data), SEQUENCE, "message")
        version, at = read_integer(data, begin, end, "version")
        if version == V3:
            return self._by_user(data), b""
        begin, at = expect(data, at, end, OCTETS, "community")
        given = data[begin:at]
        if not any(hmac.compare_digest(given, known) for known in self._communities):
            raise SenderError("community")
        found = read(data, at, end)
        return found, _response(data, at, end) if found.wants_answer else b""

    def _by_user(self, data: bytes) -> Notification:
        """The sender of a trap is the authoritative engine (RFC 3414 1.5.1): its id and clock count."""
        message = read_message(data)
        user = self._users.get(message.user)
        wanted = user.flags if user is not None else 0
        if user is None or message.flags & wanted != wanted:
            raise SenderError("user")
        if message.flags & (AUTHENTICATED | ENCRYPTED) & ~wanted:
            raise SenderError("user")
        key = message.engine_id, message.user
        engine = self._engines.get(key) or Engine(user, message)
        if user.auth:
            _verify(engine, message, data)
            engine.follow(message)
            self._keep(key, engine)
        body = message.body
        if engine.keys.privacy is not None:
            body = decrypted(engine.keys.privacy, message)
        _, at = expect(body, 0, len(body), OCTETS, "context engine id")
        _, at = expect(body, at, len(body), OCTETS, "context name")
        found = read(body, at, len(body))
        if found.wants_answer:  # its authoritative engine is the receiver, and we are none
            raise WireError("an inform of v3")
        return found

    def _keep(self, key: tuple[bytes, bytes], engine: Engine) -> None:
        if key not in self._engines and len(self._engines) >= ENGINES:
            self._engines.clear()
        self._engines[key] = engine


def _verify(engine: Engine, message: Message, data: bytes) -> None:
    size, at = engine.keys.size, message.signature_at
    blank = b"".join((data[:at], bytes(size), data[at + size : message.end]))
    if len(message.signature) != size or not hmac.compare_digest(
        engine.keys.sign(blank), message.signature
    ):
        raise SenderError("user")


def _response(data: bytes, at: int, end: int) -> bytes:
    """The same message as a response (RFC 3416 4.2.7)."""
    if data[at] != INFORM:
        return b""
    return b"".join((data[:at], bytes((RESPONSE,)), data[at + 1 : end]))
