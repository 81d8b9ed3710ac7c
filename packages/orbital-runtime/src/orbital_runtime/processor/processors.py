"""The started processors of the configuration. A reload keeps those whose settings did not change."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orbital_runtime.guard.calls.within import within
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.escape import origin
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
"""Time limit of a start and of a stop, in seconds."""


class Running(NamedTuple):
    """A started processor."""

    settings: ProcessorSettings
    processor: Processor[Any]
    host: Host


class Processors:
    """Starts, keeps and stops them. Belongs to the event loop.

    Args:
        patience: Time limit of a start and of a stop, in seconds.
        hosts: Makes the host of each start.
    """

    def __init__(self, patience: float = PATIENCE, hosts: Hosts | None = None) -> None:
        self._patience = patience
        self._hosts = hosts or Hosts()
        self._running: list[Running] = []

    @property
    def all(self) -> list[Processor[Any]]:
        """Those of all samples, in the order of the chain."""
        return [each.processor for each in self._running if not each.settings.place]

    @property
    def by_task(self) -> dict[str, list[Processor[Any]]]:
        """Those of the samples of single tasks, by its id."""
        found: dict[str, list[Processor[Any]]] = {}
        for each in self._running:
            if each.settings.task:
                found.setdefault(each.settings.task, []).append(each.processor)
        return found

    @property
    def of_outputs(self) -> list[Running]:
        """Those of what goes to single outputs."""
        return [each for each in self._running if each.settings.output]

    async def prepare(self, wanted: Sequence[ProcessorSettings]) -> list[Running]:
        """Start a processor for each of these, or reuse a running one. Takes effect with `become`.

        Raises:
            SettingsError: One did not start; those started here are stopped. Samples must not bypass it.
        """
        free = [*self._running]
        ready: list[Running] = []
        begun: list[Running] = []
        try:
            for settings in wanted:
                one = next((each for each in free if each.settings == settings), None)
                if one is None:
                    one = await self._begin(settings)
                    begun.append(one)
                else:
                    free.remove(one)
                ready.append(one)
        except BaseException:
            await self.stop(begun)
            raise
        return ready

    def become(self, ready: Sequence[Running]) -> list[Running]:
        """Use these from now on. Returns those no longer needed, which the caller stops."""
        before, self._running = self._running, [*ready]
        kept = {id(one) for one in ready}
        return [each for each in before if id(each) not in kept]

    async def stop(self, these: Iterable[Running]) -> None:
        """Stop these, each within its time limit."""
        await asyncio.gather(*[self._end(each) for each in these])

    async def _begin(self, settings: ProcessorSettings) -> Running:
        name = settings.name
        host = self._hosts.processor(name, settings.place)

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
            raise SettingsError([Problem(message, settings.at)]) from error

    async def _end(self, one: Running) -> None:
        await one.host.close()
        try:
            await within(self._patience, Work(one.processor.stop(), one.settings.name))
        except Exception as error:
            log.exception(
                "processor %r failed while it stopped", one.settings.name, exc_info=origin(error)
            )


def of_output(ready: Iterable[Running], output: str) -> list[Processor[Any]]:
    """Those of what goes to this output."""
    return [each.processor for each in ready if each.settings.output == output]


def _words(error: Exception, patience: float) -> str:
    if isinstance(error, TimeoutError):
        return f"it took more than {patience:g} s"
    cause = origin(error)
    return str(error) if isinstance(error, OrbitalError) else f"{type(cause).__name__}: {cause}"
