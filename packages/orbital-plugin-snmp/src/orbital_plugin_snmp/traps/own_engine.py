"""The engine that we are to devices that send informs of v3: id, boots, clock (RFC 3411 5, RFC 3414 2.2)."""

from __future__ import annotations

import secrets
import time
from functools import cache
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.usm.engine import LATE
from orbital_sdk import StateFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_plugin_snmp.usm.message import Message

PREFIX: Final = bytes.fromhex("8000000005")
"""Of a made-up id: nobody's enterprise number, and octets of no meaning behind it."""
MOST_BOOTS: Final = 0x7FFFFFFF


class OwnEngine:
    """As `usm.sealing.Authority`.

    Args:
        engine_id: 5 to 32 octets.
        boots: How often it was started with this id, this time included.
        clock: Seconds that never go back.
    """

    def __init__(
        self, engine_id: bytes, boots: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = engine_id
        self.boots = boots
        self._clock = clock
        self._started = clock()

    def now(self) -> int:
        """Seconds since it was started."""
        return min(int(self._clock() - self._started), MOST_BOOTS)

    def is_timely(self, message: Message) -> bool:
        """Whether the sender knows this clock (RFC 3414 3.2 7 a)."""
        return message.boots == self.boots and abs(message.time - self.now()) <= LATE


def passing() -> OwnEngine:
    """An engine that nobody has to recognise again."""
    return OwnEngine(PREFIX + secrets.token_bytes(12), 1)


@cache
def lasting(folder: Path | None, engine_id: bytes) -> OwnEngine:
    """The engine of this process: devices know the same one after a restart, booted once more.

    Args:
        folder: Where it is remembered; None: it is new each time.
        engine_id: What its id shall be; empty: the one of last time, made up the first time.
    """
    fresh = passing()
    known, boots = _last(folder)
    engine = OwnEngine(engine_id or known or fresh.id, min(boots + 1, MOST_BOOTS))
    state = _state(folder)
    state.set("id", engine.id.hex())
    state.set("boots", engine.boots)
    state.save()
    is_stored = _last(folder) == (engine.id, engine.boots)
    return engine if is_stored or engine_id else fresh  # the same boots twice would confuse devices


def _state(folder: Path | None) -> StateFile:
    return StateFile(folder, about="our SNMP engine", name="engine.json")


def _last(folder: Path | None) -> tuple[bytes, int]:
    """Id and boots, as they are on the disk."""
    state = _state(folder)
    try:
        return bytes.fromhex(state.get("id"))[:32], int(state.get("boots"))
    except (ValueError, TypeError):
        return b"", 0
