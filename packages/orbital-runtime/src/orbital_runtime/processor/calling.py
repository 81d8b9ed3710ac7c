"""Calls to processors: one at a time for each; failures are counted and logged once."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.calls.named import named
from orbital_runtime.guard.escape import origin
from orbital_runtime.processor.totals import ChainTotals
from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

T = TypeVar("T")

log = logging.getLogger("orbital.processor")


class Failed(Exception):  # noqa: N818 (reads as what happened)
    """A processor raised or returned an unusable value. Already counted and logged.

    Args:
        name: The processor's.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Calling:
    """Calls processors. One instance for all chains of an engine, across reloads.

    Batches of a large collection are made on a thread, so a lock for each processor serializes its calls. The
    event loop waits for at most one call.
    """

    def __init__(self) -> None:
        self.totals = ChainTotals()
        self._counting = threading.Lock()
        self._locks = defaultdict[str, threading.Lock](threading.Lock)
        """By processor name."""
        self._logged: set[tuple[str, str]] = set()

    def __call__(self, processor: str, what: str, call: Callable[..., T], *arguments: Any) -> T:
        """Call it, and return its result.

        Args:
            processor: Name of the processor.
            what: Purpose of the call, for messages.
            call: The code.
            arguments: Its arguments.

        Raises:
            Failed: The call raised.
        """
        try:
            return named("processor", processor, self._alone, processor, call, *arguments)
        except Exception as error:
            cause = origin(error)
            with self._counting:
                self.totals.fail(processor, scrub(f"{type(cause).__name__}: {cause}".rstrip(": ")))
            if self._first(processor, type(cause).__name__):
                log.error(  # noqa: TRY400 (the traceback that matters is the cause's)
                    "processor %r failed on %s, which is lost; further ones are only counted",
                    processor, what, exc_info=cause,
                )  # fmt: skip
            raise Failed(processor) from error

    def count(self, counts: Counter[str], name: str, more: int) -> None:
        """Add to a counter. Thread-safe."""
        with self._counting:
            counts[name] += more

    def log_once(self, processor: str, kind: str, message: str) -> None:
        """Log a message about a processor, once for each kind."""
        if self._first(processor, kind):
            log.warning("processor %r %s; further ones are only counted", processor, message)

    def _alone(self, processor: str, call: Callable[..., T], *arguments: Any) -> T:
        with self._locks[processor]:
            return call(*arguments)

    def _first(self, processor: str, kind: str) -> bool:
        if (processor, kind) in self._logged:
            return False
        self._logged.add((processor, kind))
        return True
