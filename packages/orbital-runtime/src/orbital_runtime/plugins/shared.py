"""One plugin instance that several tasks share: start, retry after a failure, stop."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.calls.within import within
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.escape import origin
from orbital_runtime.plugins.registry import Unusable
from orbital_sdk import ConfigurationError, OrbitalError
from orbital_sdk.secrecy import scrub
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_runtime.clock import Clock
    from orbital_runtime.hosting.host import Host
    from orbital_sdk import Plugin, PluginConfig

    Leave = Callable[[Plugin[Any, Any]], Awaitable[None]]

log = logging.getLogger("orbital.plugins")

BREATH: Final = 1.0
"""Seconds in which a failed start is not repeated: a thousand tasks may request it at once."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits for plugins, in seconds."""

    start: float = 10.0
    stop: float = 10.0
    retry: float = 180.0
    """Delay before a failed start is repeated; 0: never."""
    linger: float = 30.0
    """How long an unused instance is kept, for runs that still use it."""


class Shared:
    """A plugin instance, or the reason why it did not start.

    Args:
        name: The plugin's name.
        config: Its settings.
        cls: Gives its class; may raise.
        host: Makes a host for a start.
        patience: Time limits.
        clock: Gives the time of a failed start.
        leave: Awaited before its `stop`.
    """

    def __init__(
        self,
        name: str,
        config: PluginConfig,
        cls: Callable[[], type[Plugin[Any, Any]]],
        host: Callable[[], Host],
        *,
        patience: Patience,
        clock: Clock,
        leave: Leave | None = None,
    ) -> None:
        self.name = name
        self.config = config
        self.users: set[str] = set()
        """Keys of the tasks that need it."""
        self.plugin: Plugin[Any, Any] | None = None
        """Started; None before, and after a failure."""
        self.failure = ""
        """Why it did not start, as a message."""
        self._cls = cls
        self._made: Plugin[Any, Any] | None = None
        """Made, whether it started or not; to be stopped."""
        self._new_host = host
        self._host: Host | None = None
        """Of what is made."""
        self._patience = patience
        self._clock = clock
        self._leave = leave
        self._failed_at = 0.0
        self._starting: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._stopped = False

    def begin(self) -> asyncio.Task[None] | None:
        """Start, unless it is started or has just failed. Concurrent callers get the same start."""
        if self.plugin is not None or self._stopped:
            return None
        if self._starting is None and not self._failed_just_now():
            self._starting = asyncio.create_task(self._start(), name=f"start-{self.name}")
        return self._starting

    async def stop(self) -> None:
        """Stop it, within its time limit. Nothing starts afterwards."""
        self._stopped = True
        self._cancel_retry()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await self._end()

    def brought_by(self, package: str) -> bool:
        """Whether its class is in this Python package."""
        return type(self._made).__module__.partition(".")[0] == package

    def _failed_just_now(self) -> bool:
        return bool(self.failure) and self._clock.steady() - self._failed_at < BREATH

    async def _start(self) -> None:
        self._cancel_retry()
        try:
            await within(self._patience.start, Work(self._begin(), self.name))
        except Exception as error:  # noqa: BLE001 (a stranger's code; only its own tasks are lost)
            self._fail(error)
            await self._end()
        else:
            if self.failure:
                log.info("plugin %s started late", self.name)
            self.plugin, self.failure = self._made, ""
        finally:
            self._starting = None

    async def _begin(self) -> None:
        self._made = self._cls()(self.config)
        self._host = self._new_host()
        await self._made.start(self._host)

    async def _end(self) -> None:
        plugin, self._made, self.plugin = self._made, None, None
        host, self._host = self._host, None
        if plugin is None:
            return
        if self._leave is not None:
            await self._leave(plugin)
        if host is not None:
            await host.close()
        try:
            await within(self._patience.stop, Work(plugin.stop(), self.name))
        except TimeoutError:
            limit = format_duration(self._patience.stop)
            log.error("plugin %s did not stop within %s and was abandoned", self.name, limit)  # noqa: TRY400 (no traceback says more)
        except Exception as error:
            log.exception("plugin %s failed while it stopped", self.name, exc_info=origin(error))

    def _fail(self, error: Exception) -> None:
        self._failed_at = self._clock.steady()
        if isinstance(
            error, Unusable
        ):  # an import is not repeated: parts of it may be there already
            self.failure = str(error)
            log.error("%s; its tasks fail until the agent is started again", self.failure)
            return
        self.failure = f"plugin {self.name!r} did not start: {self._words(error)}"
        if not self._patience.retry:
            return  # whoever began it knows what that means
        again = format_duration(self._patience.retry)
        known = isinstance(error, OrbitalError | TimeoutError)
        log.error(
            "%s; its tasks fail until it does, the next try is in %s",
            self.failure,
            again,
            exc_info=None if known else origin(error),
        )
        if not self._stopped:
            loop = asyncio.get_running_loop()
            self._again = loop.call_later(self._patience.retry, self._try_again)

    def _words(self, error: Exception) -> str:
        if isinstance(error, TimeoutError) and not str(error):
            return f"it took longer than {format_duration(self._patience.start)}"
        if isinstance(error, ConfigurationError):
            return str(error)
        raised = origin(error)
        return scrub(f"{type(raised).__name__}: {raised}".rstrip(": "))

    def _try_again(self) -> None:
        if self._starting is None and self.plugin is None and not self._stopped:
            self._starting = asyncio.create_task(self._start(), name=f"start-{self.name}")

    def _cancel_retry(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
