"""The engine that we are to devices that send informs of v3: id, boots, clock (RFC 3411 5, RFC 3414 2.2)."""

from __future__ import annotations

import json
import logging
import secrets
import time
from functools import cache
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.usm.engine import LATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_plugin_snmp.usm.message import Message

FILE: Final = "engine.json"
PREFIX: Final = bytes.fromhex("8000000005")
"""Of a made-up id: nobody's enterprise number, and octets of no meaning behind it."""
MOST_BOOTS: Final = 0x7FFFFFFF
_log = logging.getLogger("orbital.plugin.snmp_trap")


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
    known, boots = _read(folder)
    engine = OwnEngine(engine_id or known or fresh.id, min(boots + 1, MOST_BOOTS))
    if folder is None:
        return engine if engine_id else fresh
    try:
        _write(folder, engine)
    except OSError as error:
        _log.warning("the boots of our SNMP engine cannot be stored: %s", error)
        return engine if engine_id else fresh
    return engine


def _read(folder: Path | None) -> tuple[bytes, int]:
    """Id and boots of last time."""
    if folder is None:
        return b"", 0
    try:
        known = json.loads((folder / FILE).read_text())
        return bytes.fromhex(known["id"])[:32], int(known["boots"])
    except (OSError, ValueError, TypeError, KeyError):
        return b"", 0


def _write(folder: Path, engine: OwnEngine) -> None:
    fresh = folder / f"{FILE}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"id": engine.id.hex(), "boots": engine.boots}))
    fresh.replace(folder / FILE)
