"""The life of a part, as a contract suite goes through it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from orbital_sdk.testing.captured import captured
from orbital_sdk.testing.held_loop import holds_of
from orbital_sdk.testing.host import FakeHost
from orbital_sdk.testing.leftovers import leftovers, running_threads, tasks_begun, threads_left
from orbital_sdk.testing.model_contract import check_silence

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from orbital_sdk.hosting.host import PluginHost
    from orbital_sdk.testing.findings import Findings

GRACE: Final = 1.0
"""Seconds after `stop` in which what was told to end may do so."""


class Part(Protocol):
    """A plugin, a writer or a processor."""

    async def start(self, host: PluginHost) -> None: ...
    async def stop(self) -> None: ...


@dataclass(slots=True)
class Life:
    """Of one part."""

    found: Findings
    part: Part
    when: str = ""
    """Said behind what is found."""
    host: FakeHost = field(default_factory=FakeHost)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[bool, None]:
        """Start it, and in the end stop it as the agent does; gives whether it started."""
        threads = running_threads()
        with (
            holds_of(type(self.part).__module__) as holds,
            tasks_begun() as begun,
            captured() as texts,
        ):
            started = await self.found.attempt(f"start(){self.when}", self._start())
            try:
                yield started
            finally:
                await self._close()
                await self.found.attempt(f"stop(){self.when}", self.part.stop())
                await self.found.attempt(f"a second stop(){self.when}", self.part.stop())
                for name in await leftovers(begun, GRACE):
                    self.found.append(
                        f"the task {name} still runs after stop(){self.when}; begin it with host.spawn(),"
                        " which ends it, or end it in stop()"
                    )
        for name in await threads_left(threads, GRACE):
            self.found.append(
                f"the thread {name!r} still runs after stop(){self.when}; end it in stop()"
            )
        self.found.extend(
            f"the event loop was held at {place}; await what takes long, or write the method as plain `def`,"
            " which runs on a thread"
            for place in holds
        )
        shown = {f"{place}{self.when}": "".join(pieces) for place, pieces in texts.items()}
        check_silence(self.found, self.found.secrets, shown)

    async def _start(self) -> None:
        await self.part.start(self.host)

    async def _close(self) -> None:
        try:
            await self.host.close()
        except AssertionError as error:
            self.found.append(f"{error}{self.when}")
