"""One unit on a bus: whether it answers, and what was learned about it."""

from __future__ import annotations

from orbital_plugin_modbus.backoff import Backoff
from orbital_plugin_modbus.exceptions import Resting
from orbital_plugin_modbus.quirks import Quirks


class Unit:
    """Shared by all tasks that read it.

    Args:
        number: 0 to 255.
    """

    __slots__ = ("backoff", "number", "quirks", "ready", "why")

    def __init__(self, number: int) -> None:
        self.number = number
        self.backoff = Backoff()
        self.quirks = Quirks()
        self.ready = 0.0
        """Loop time from which it may be asked: a late answer to the last request has to pass first."""
        self.why = ""
        """The last failure, in words."""

    @property
    def answers(self) -> bool:
        """Whether it answered when it was asked last."""
        return not self.backoff.failures

    def check(self, now: float) -> None:
        """Refuse to ask a unit that did not answer, until its pause is over.

        Raises:
            Resting: With the seconds that are left.
        """
        if self.backoff.failures and (left := self.backoff.left(now)):
            raise Resting(f"{self.why}; it is asked again in {left:.3g} s")

    def failed(self, now: float, why: str, cap: float) -> None:
        """No answer, all retries included."""
        self.backoff.cap = cap
        self.backoff.failed(now)
        self.why = why

    def worked(self) -> None:
        if self.backoff.failures:
            self.backoff.worked()
