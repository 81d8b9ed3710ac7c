"""Notifications of v3: of traps the sender's engine counts, of informs ours (RFC 3414 1.5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.traps.notification import SenderError, answer_to, read
from orbital_plugin_snmp.usm.engine import Engine
from orbital_plugin_snmp.usm.message import (
    AUTHENTICATED,
    ENCRYPTED,
    REPORTABLE,
    read_message,
    scoped_pdu,
)
from orbital_plugin_snmp.usm.sealing import in_clear, is_authentic, sealed
from orbital_plugin_snmp.usm.user import Keys, User
from orbital_plugin_snmp.wire.ber import (
    OCTETS,
    SEQUENCE,
    WireError,
    expect,
    header,
    integer,
    read_integer,
    tlv,
)
from orbital_plugin_snmp.wire.pdu import REPORT
from orbital_plugin_snmp.wire.smi import COUNTER32

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_snmp.traps.notification import Notification
    from orbital_plugin_snmp.traps.own_engine import OwnEngine
    from orbital_plugin_snmp.usm.message import Message

ENGINES: Final = 10_000
"""Engines whose clocks are remembered."""
NOBODY: Final = User("")
NOT_IN_TIME: Final = oids.encode("1.3.6.1.6.3.15.1.1.2.0")
"""usmStatsNotInTimeWindows.0: the sender is told our clock, and sends again."""
UNKNOWN_ENGINE: Final = oids.encode("1.3.6.1.6.3.15.1.1.4.0")
"""usmStatsUnknownEngineIDs.0: the sender is told who we are, and sends again."""


class UserReader:
    """Reads messages of v3.

    Args:
        users: A name stands once.
        engine: Who we are.
    """

    def __init__(self, users: Iterable[User], engine: OwnEngine) -> None:
        self.engine = engine
        self._users = {user.name.encode(): user for user in users}
        self._engines: dict[tuple[bytes, bytes], Engine] = {}
        self._told = {NOT_IN_TIME: 0, UNKNOWN_ENGINE: 0}

    def read(self, data: bytes) -> tuple[Notification | None, bytes]:
        """What a message says, and what to answer. None: somebody asked who we are (RFC 3414 4).

        Raises:
            WireError: It is not a notification.
            SenderError: Unknown user, wrong password, less security than the user has, or a wrong idea
                of our clock or id. Only who proved to be a user of ours is told.
        """
        message = read_message(data)
        if not message.engine_id and message.flags & REPORTABLE:
            return None, self._report(UNKNOWN_ENGINE, message, NOBODY)
        user = self._user(message)
        if message.engine_id == self.engine.id:
            return self._to_us(message, user, data)
        return self._from(message, user, data), b""

    def _user(self, message: Message) -> User:
        user = self._users.get(message.user)
        if user is None or message.flags & (AUTHENTICATED | ENCRYPTED) != user.flags:
            raise SenderError("user")
        return user

    def _from(self, message: Message, user: User, data: bytes) -> Notification:
        """A trap, by its sender's engine."""
        key = message.engine_id, message.user
        engine = self._engines.get(key) or Engine(user, message)
        self._check(engine.keys, message, user, data)
        body = in_clear(engine.keys, message)
        found = read(body, _pdu(body), len(body))
        if found.wants_answer:  # for an engine that was here before us
            raise SenderError("engine", self._report(UNKNOWN_ENGINE, message, NOBODY))
        if user.auth:
            try:
                engine.follow(message)
            except WireError as error:  # somebody may have kept it, and sends it again
                raise SenderError("clock") from error
            self._keep(key, engine)
        return found

    def _to_us(self, message: Message, user: User, data: bytes) -> tuple[Notification, bytes]:
        """An inform."""
        keys = Keys(user, self.engine.id)
        self._check(keys, message, user, data)
        if user.auth and not self.engine.is_timely(message):
            told = User(user.name, user.auth, user.auth_password)  # a report is not encrypted
            raise SenderError("clock", self._report(NOT_IN_TIME, message, told))
        body = in_clear(keys, message)
        found = read(body, at := _pdu(body), len(body))
        if not found.wants_answer:
            return found, b""
        scoped = tlv(SEQUENCE, body[:at] + answer_to(body, at))
        return found, sealed(
            self.engine, keys, message.user, flags=user.flags, message_id=message.message_id,
            scoped=scoped,
        )  # fmt: skip

    def _check(self, keys: Keys, message: Message, user: User, data: bytes) -> None:
        if user.auth and not is_authentic(keys, message, data):
            raise SenderError("user")

    def _report(self, what: bytes, message: Message, user: User) -> bytes:
        """A report (RFC 3412 7.1 3): what is wrong, and in the message around it our id and clock."""
        self._told[what] = self._told[what] + 1 & 0xFFFFFFFF
        count = tlv(COUNTER32, integer(self._told[what])[2:])
        names = tlv(SEQUENCE, tlv(SEQUENCE, tlv(0x06, what) + count))
        pdu = tlv(REPORT, integer(_request_id(message)) + integer(0) + integer(0) + names)
        return sealed(
            self.engine,
            Keys(user, self.engine.id),
            message.user if user.auth else b"",
            flags=user.flags,
            message_id=message.message_id,
            scoped=scoped_pdu(self.engine.id, b"", pdu),
        )

    def _keep(self, key: tuple[bytes, bytes], engine: Engine) -> None:
        if key not in self._engines and len(self._engines) >= ENGINES:
            self._engines.clear()
        self._engines[key] = engine


def _pdu(body: bytes) -> int:
    """Where the PDU begins in the content of a scoped one."""
    _, at = expect(body, 0, len(body), OCTETS, "context engine id")
    _, at = expect(body, at, len(body), OCTETS, "context name")
    return at


def _request_id(message: Message) -> int:
    """Of the PDU in a message; 0 where it is encrypted."""
    if message.flags & ENCRYPTED:
        return 0
    try:
        _, begin, end = header(message.body, _pdu(message.body), len(message.body))
        return read_integer(message.body, begin, end, "request id")[0]
    except WireError:
        return 0
