"""Start and stop of a part, as a contract suite goes through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orbital_sdk.testing.host import FakeHost

if TYPE_CHECKING:
    from orbital_sdk.host import PluginHost
    from orbital_sdk.testing.findings import Findings


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

    async def begin(self) -> bool:
        """Start it. Where that fails, what it began in the background is ended."""
        begun = await self.found.attempt(f"start(){self.when}", self._start())
        if not begun:
            await self._close()
        return begun

    async def end(self) -> None:
        """As the agent does: first what runs in the background, then `stop`."""
        await self._close()
        await self.found.attempt(f"stop(){self.when}", self.part.stop())
        await self.found.attempt(f"a second stop(){self.when}", self.part.stop())

    async def _start(self) -> None:
        await self.part.start(self.host)

    async def _close(self) -> None:
        try:
            await self.host.close()
        except AssertionError as error:
            self.found.append(f"{error}{self.when}")
