"""What an error means for a run: how it counts, what people read, whether the task pauses."""

from __future__ import annotations

from typing import Final, NamedTuple

from orbital_runtime.guard.overrun import NoThread, StillRunning, Timeout
from orbital_runtime.guard.wording import named, place, words
from orbital_runtime.model import Status
from orbital_sdk import (
    AuthenticationFailed,
    CollectError,
    ConfigurationError,
    DeviceUnreachable,
    OrbitalError,
    PartialCollect,
    UnexpectedReply,
)
from orbital_sdk.calling.invoke import TooManySamples

_KINDS: Final = (
    Timeout, NoThread, StillRunning, TooManySamples,
    DeviceUnreachable, AuthenticationFailed, UnexpectedReply, PartialCollect,
    ConfigurationError, CollectError,
)  # fmt: skip
"""An error counts as the first of these that it is, so that a plugin may derive its own."""


class Outcome(NamedTuple):
    """How a collection ended."""

    up: bool
    status: Status
    error: str = ""
    kind: str = ""
    pauses: bool = False

    def also(self, words: str, kind: str) -> Outcome:
        """The same, and this was not as it should be either."""
        error = f"{self.error}; {words}" if self.error else words
        return self._replace(error=error, kind=self.kind or kind)


SUCCESS: Final = Outcome(up=True, status=Status.SUCCESS)


def outcome_of(error: OrbitalError) -> Outcome:
    """What a plugin's error asks for."""
    kind = next((kind.__name__ for kind in _KINDS if isinstance(error, kind)), "OrbitalError")
    if isinstance(error, PartialCollect):
        return Outcome(up=True, status=Status.SUCCESS, error=words(error), kind=kind)
    pauses = isinstance(error, AuthenticationFailed | ConfigurationError)
    return Outcome(up=False, status=Status.FAILED, error=words(error), kind=kind, pauses=pauses)


def bug(plugin: str, error: BaseException) -> Outcome:
    """The plugin raised what is not an error of the contract."""
    message = f"plugin {plugin!r} has a bug: {named(error)} ({place(error)}); please report it to its author"
    return Outcome(up=False, status=Status.FAILED, error=message, kind="Bug")
