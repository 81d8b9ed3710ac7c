"""A device's engine, as others know it (RFC 3414 2.3)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.usm.user import Keys
from orbital_plugin_snmp.wire.ber import WireError

if TYPE_CHECKING:
    from orbital_plugin_snmp.usm.message import Message
    from orbital_plugin_snmp.usm.user import User

LATE: Final = 150
"""Seconds by which a message may lag behind the engine's clock (RFC 3414 3.2)."""


class Engine:
    """Its id, the user's keys there, and its clock."""

    def __init__(self, user: User, message: Message) -> None:
        self.id = message.engine_id
        self.keys = Keys(user, message.engine_id)
        self.boots = self._time = 0
        self._at = 0.0
        self.set(message)

    def set(self, message: Message) -> None:
        """Take its clock over."""
        self.boots, self._time, self._at = message.boots, message.time, time.monotonic()

    def now(self) -> int:
        """Its time, by our clock."""
        return min(self._time + int(time.monotonic() - self._at), 0x7FFFFFFF)

    def follow(self, message: Message) -> None:
        """Take over a later clock from a message that is authentic.

        Raises:
            WireError: The message is an old one.
        """
        if message.boots < self.boots or (
            message.boots == self.boots and message.time < self.now() - LATE
        ):
            raise WireError("a message from the past")
        self.set(message)
