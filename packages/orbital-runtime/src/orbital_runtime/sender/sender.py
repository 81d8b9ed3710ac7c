"""All outputs: one delivery each, added, replaced and removed while the others go on."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.sender.delivery.delivery import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_buffer.contract import Reader
    from orbital_runtime.clock import Clock
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.status import OutputStatus, Tally

logger = logging.getLogger(__name__)


class Sender:
    """Delivers what waits in the buffer, to every output on its own.

    At exit the order is: committer closed, sender stopped, buffer closed.

    Args:
        buffer: Where samples wait.
        clock: For backing off and for stamps.
        hosts: What writers are started with.
    """

    def __init__(self, buffer: Reader, *, clock: Clock, hosts: Hosts | None = None) -> None:
        self._buffer = buffer
        self._clock = clock
        self._hosts = hosts or Hosts(clock=clock)
        self._deliveries: dict[str, Delivery] = {}
        self._tallies: dict[str, Tally] = {}
        self._finishing: set[asyncio.Task[None]] = set()

    async def add(self, output: Output) -> None:
        """Deliver to this output from now on; it goes on where it was known before.

        No destination is contacted before there is something to send.

        Raises:
            ValueError: An output of this name is there already.
        """
        if output.name in self._deliveries:
            raise ValueError(f"there is an output {output.name!r} already")
        self._buffer.attach(output.name)
        delivery = Delivery(
            output,
            self._buffer,
            clock=self._clock,
            hosts=self._hosts,
            tally=self._tallies.get(output.name),
        )
        self._tallies[output.name] = delivery.tally
        self._deliveries[output.name] = delivery
        delivery.start()

    async def remove(self, name: str) -> None:
        """Stop delivering to an output. What waits for it is kept, and nothing new is added to it."""
        delivery = self._deliveries.pop(name, None)
        if delivery is not None:
            self._buffer.orphan(name)
            await delivery.stop()

    async def replace(self, output: Output) -> None:
        """Go on with other settings: no batch is missed in between, and nothing waits any longer."""
        old = self._deliveries.pop(output.name, None)
        if old is not None:
            await old.stop()
        await self.add(output)

    async def finish(self, output: Output) -> None:
        """Deliver what waits for an output that takes nothing new any more; after that it is gone."""
        await self.replace(output)
        self._buffer.orphan(output.name)
        finishing = asyncio.create_task(
            self._drain_and_remove(output.name), name=f"finish {output.name}"
        )
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)

    async def _drain_and_remove(self, name: str) -> None:
        delivery = self._deliveries[name]
        await delivery.ended()
        if self._deliveries.get(name) is delivery:
            del self._deliveries[name]
            await delivery.stop()
            logger.info("output %s: all that waited is delivered", name)

    def send_now(self, name: str | None = None) -> None:
        """Send now, without gathering or backing off any longer: one output, or all."""
        for delivery in self._deliveries.values():
            if name in (None, delivery.name):
                delivery.send_now()

    async def flush(self, timeout: float) -> bool:  # noqa: ASYNC109 (all outputs share it)
        """Deliver all that waits now, for so many seconds at most. Gives whether it was all delivered.

        An output that is paused is tried once; one that fails is tried again until the time is over.
        """
        drains = [asyncio.ensure_future(d.drain()) for d in self._deliveries.values()]
        if not drains:
            return True
        try:
            done, late = await asyncio.wait(drains, timeout=timeout)
        finally:
            for drain in drains:
                drain.cancel()
        return not late and all(drain.result() for drain in done)

    async def stop(self, grace: float = 0.0) -> None:
        """Flush for so many seconds at most, then close every output. Safe twice."""
        if grace > 0:
            await self.flush(grace)
        for finishing in self._finishing:
            finishing.cancel()
        deliveries, self._deliveries = self._deliveries, {}
        await asyncio.gather(*(delivery.stop() for delivery in deliveries.values()))
        for name in deliveries:
            waiting = self._buffer.waiting(name)
            if waiting:
                logger.warning(
                    "output %s: %d samples could not be sent before the stop", name, waiting
                )

    def status(self) -> dict[str, OutputStatus]:
        """Every output, by name."""
        return {name: delivery.status() for name, delivery in self._deliveries.items()}

    def tallies(self) -> Mapping[str, Tally]:
        """The counts of every output that was ever here, by name: they only grow."""
        return self._tallies
