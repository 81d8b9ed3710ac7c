"""What the agent gives a plugin, a writer or a processor at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio
    import logging
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

    from orbital_sdk.hosting.own_metrics import Counter, Gauge

T = TypeVar("T")


class Clock(Protocol):
    """The time. `orbital_sdk.testing.FakeClock` is turned by hand."""

    def utc_ms(self) -> int:
        """Milliseconds UTC, as the wall clock says now."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, as `time.monotonic()` and the deadlines of runs."""
        ...


class PluginHost(Protocol):
    """Belongs to one start of one instance; after its `stop` nothing may be begun with it.

    `orbital_sdk.testing.FakeHost` is one for tests.
    """

    @property
    def log(self) -> logging.Logger:
        """A logger under the name of the part."""
        ...

    @property
    def folder(self) -> Path | None:
        """A folder of its own for what is worth remembering across restarts, such as what it learned of
        devices; None where nothing is kept, or the disk takes none. All instances of a plugin share it; a
        writer has one for each output.
        """
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 (Prometheus' word)
        """A counter on the agent's `/metrics`: `orbital_plugin_<plugin>_<name>_total`.

        The counts of all instances of a plugin add up, and stay while the agent runs.

        Args:
            name: Small letters and underscores; `_total` is added where it is missing.
            help: One sentence.
            labels: Names of its labels. The agent shows up to 1,000 series of a part, and counts the rest.

        Raises:
            ValueError: A bad name, or one that is there already as something else.
        """
        ...

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002 (as above)
        """As `counter`, for what goes up and down. What an instance gave goes with it."""
        ...

    def spawn(self, work: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
        """Run this in the background, on the event loop.

        It is cancelled before `stop`, which begins when it has ended; so is what a failed start left. An
        error that comes out of it is logged and counted, and ends nothing else.

        Args:
            work: Called, not awaited: `host.spawn(self.poll())`.
            name: For the log; the coroutine's own where it is empty.

        Raises:
            RuntimeError: On another thread than the loop's, or after the stop began.
        """
        ...
