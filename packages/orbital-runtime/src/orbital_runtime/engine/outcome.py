"""What an error means for a run: how it counts, what people read, whether the task pauses."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from orbital_runtime.guard.escape import contained
from orbital_runtime.guard.overrun import NoThread, StillRunning, Timeout
from orbital_runtime.scheduler.task import Status
from orbital_sdk import (
    AuthenticationFailed,
    CollectError,
    ConfigurationError,
    DeviceUnreachable,
    OrbitalError,
    PartialCollect,
    UnexpectedReply,
)
from orbital_sdk.invoke import TooManySamples
from orbital_sdk.secrecy import scrub

LONGEST: Final = 1000
"""Characters of an error that are kept: a device may answer with a book."""
_USER: Final = re.compile(r"//[^/@\s]*@")


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
    """The plugin raised what is no error of the contract."""
    name, text = type(error).__name__, words(error)
    told = name if text == name else f"{name}: {text}"
    message = f"plugin {plugin!r} has a bug: {told} ({place(error)}); please tell its author"
    return Outcome(up=False, status=Status.FAILED, error=message, kind="Bug")


def words(error: BaseException) -> str:
    """The error's message on one line, of bearable length and without secrets."""
    try:
        with contained:
            text = _USER.sub("//", " ".join(scrub(str(error))[: 2 * LONGEST].split()))
    except Exception:  # noqa: BLE001 (a foreign __str__)
        text = ""
    text = text or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def place(error: BaseException) -> str:
    """File and line where it was raised."""
    trace = error.__traceback__
    if trace is None:
        return "unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
