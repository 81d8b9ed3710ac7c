"""The processors of the configuration, started. Those whose settings stay the same stay themselves."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orbital_runtime.guard.escape import origin
from orbital_runtime.guard.within import within
from orbital_runtime.guard.work import Work
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.settings.problem import SettingsError
from orbital_sdk import OrbitalError
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_runtime.hosting.host import Host
    from orbital_runtime.settings import ProcessorSettings
    from orbital_sdk import Processor

log = logging.getLogger("orbital.processor")

PATIENCE: Final = 10.0
"""Seconds that one has to start, and to stop."""


class Running(NamedTuple):
    """A started processor."""

    settings: ProcessorSettings
    processor: Processor[Any]
    host: Host


class Processors:
    """Starts, keeps and stops them. Belongs to the event loop.

    Args:
        patience: Seconds that one has to start, and to stop.
        hosts: What they are started with.
    """

    def __init__(self, patience: float = PATIENCE, hosts: Hosts | None = None) -> None:
        self._patience = patience
        self._hosts = hosts or Hosts()
        self._running: list[Running] = []

    @property
    def all(self) -> list[Processor[Any]]:
        """The chain, in its order."""
        return [each.processor for each in self._running]

    async def prepare(self, wanted: Sequence[ProcessorSettings]) -> list[Running]:
        """A running processor for each of these; nothing changes before `become` is told.

        Raises:
            SettingsError: One does not start. Samples must not go on without it, so nothing does.
        """
        free = [*self._running]
        ready: list[Running] = []
        begun: list[Running] = []
        try:
            for place, settings in enumerate(wanted):
                one = next((each for each in free if each.settings == settings), None)
                if one is None:
                    one = await self._begin(settings, place)
                    begun.append(one)
                else:
                    free.remove(one)
                ready.append(one)
        except BaseException:
            await self.stop(begun)
            raise
        return ready

    def become(self, ready: Sequence[Running]) -> list[Running]:
        """Have these from now on. Gives those that are not needed any more, to be stopped."""
        before, self._running = self._running, [*ready]
        return [each for each in before if not any(each is one for one in ready)]

    async def stop(self, these: Iterable[Running]) -> None:
        """Stop these, each within its time."""
        await asyncio.gather(*[self._end(each) for each in these])

    async def _begin(self, settings: ProcessorSettings, place: int) -> Running:
        name = settings.name
        host = self._hosts.processor(name)

        async def make() -> Processor[Any]:
            processor = settings.processor(settings.config)
            await processor.start(host)
            return processor

        try:
            return Running(settings, await within(self._patience, Work(make(), name)), host)
        except Exception as error:
            await host.close()
            cause = origin(error)
            if not isinstance(error, OrbitalError | TimeoutError):
                log.exception("processor %r has a bug", name, exc_info=cause)
            message = f"processor {name!r} did not start: {_words(error, self._patience)}"
            raise SettingsError([Problem(message, ("processors", place))]) from error

    async def _end(self, one: Running) -> None:
        await one.host.close()
        try:
            await within(self._patience, Work(one.processor.stop(), one.settings.name))
        except Exception as error:
            log.exception(
                "processor %r failed while it stopped", one.settings.name, exc_info=origin(error)
            )


def _words(error: Exception, patience: float) -> str:
    if isinstance(error, TimeoutError):
        return f"it took more than {patience:g} s"
    cause = origin(error)
    return str(error) if isinstance(error, OrbitalError) else f"{type(cause).__name__}: {cause}"
