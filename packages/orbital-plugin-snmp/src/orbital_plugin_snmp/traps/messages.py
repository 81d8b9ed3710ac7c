"""Messages with notifications in them: who may send which, and what they say."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from orbital_plugin_snmp.traps.notification import SenderError, answer_to, read
from orbital_plugin_snmp.traps.own_engine import passing
from orbital_plugin_snmp.traps.users import UserReader
from orbital_plugin_snmp.wire.ber import OCTETS, SEQUENCE, expect, integer, read_integer, tlv
from orbital_plugin_snmp.wire.community import V3

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_snmp.traps.notification import Notification
    from orbital_plugin_snmp.traps.own_engine import OwnEngine
    from orbital_plugin_snmp.usm.user import User


class Reader:
    """Reads messages of v1, v2c and v3.

    Args:
        communities: Of v1 and v2c, those that are accepted.
        users: Of v3; a name stands once.
    """

    def __init__(self, communities: Iterable[bytes], users: Iterable[User]) -> None:
        self._communities = tuple(communities)
        self._users = UserReader(users, passing())

    def be(self, engine: OwnEngine) -> None:
        """Be this engine to senders of v3."""
        self._users.engine = engine

    def read(self, data: bytes) -> tuple[Notification | None, bytes]:
        """What a message says, and what to answer; None for nothing, empty for no answer.

        Raises:
            WireError: It is not a notification.
            SenderError: The message may be good, but is not taken.
        """
        begin, end = expect(data, 0, len(data), SEQUENCE, "message")
        version, at = read_integer(data, begin, end, "version")
        if version == V3:
            return self._users.read(data)
        begin, at = expect(data, at, end, OCTETS, "community")
        given = data[begin:at]
        if not any(hmac.compare_digest(given, known) for known in self._communities):
            raise SenderError("community")
        found = read(data, at, end)
        if not found.wants_answer:
            return found, b""
        head = integer(version) + tlv(OCTETS, given)
        return found, tlv(SEQUENCE, head + answer_to(data, at))
