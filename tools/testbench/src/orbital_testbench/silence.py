"""A server that does what it is asked and does not answer, until it may."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_testbench.relay import Relay


class Silence:
    """Holds back the answers that pass a relay, between `begin` and `end`.

    Args:
        relay: Before the server.
    """

    def __init__(self, relay: Relay) -> None:
        self._answers = threading.Event()
        self._answers.set()
        self.relay = relay
        relay.cut = self._hold

    def begin(self) -> None:
        self._answers.clear()

    def end(self) -> None:
        self._answers.set()

    def _hold(self, direction: str, _data: bytes) -> bool:
        if direction == "answer":
            self._answers.wait(60)
        return False
