"""The deliveries of all outputs, which are added, replaced and removed independently."""

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
    """Delivers from the buffer to each output independently.

    Order at exit: close the committer, stop the sender, close the buffer.

    Args:
        buffer: Holds the samples.
        clock: For backoff and timestamps.
        hosts: Gives each writer its host.
    """

    def __init__(self, buffer: Reader, *, clock: Clock, hosts: Hosts | None = None) -> None:
        self._buffer = buffer
        self._clock = clock
        self._hosts = hosts or Hosts(clock=clock)
        self._deliveries: dict[str, Delivery] = {}
        self._tallies: dict[str, Tally] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._replacing = asyncio.Lock()

    async def add(self, output: Output) -> None:
        """Start delivering to this output, from its last position if the buffer knows it.

        The destination is not contacted before there is something to send.

        Raises:
            ValueError: There is an output of this name.
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
        """Stop delivering to an output. Its waiting samples are kept; it gets no new ones."""
        delivery = self._deliveries.pop(name, None)
        if delivery is not None:
            self._buffer.orphan(name)
            await delivery.stop()

    async def replace(self, output: Output) -> None:
        """Replace an output's settings and writer. It misses no batch meanwhile, and a request in flight gets
        some seconds to end: the new writer may send elsewhere.
        """
        async with self._replacing:
            old = self._deliveries.pop(output.name, None)
            if old is not None:
                try:
                    await old.leave()
                except BaseException:
                    self._deliveries[output.name] = old  # `stop` flushes and stops it
                    raise
            await self.add(output)

    async def finish(self, output: Output) -> None:
        """Deliver the waiting samples of an output that gets no new ones, then remove it."""
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
            logger.info("output %s: all waiting samples are delivered", name)

    def send_now(self, name: str | None = None) -> None:
        """Send the waiting samples of one or all outputs without further gathering or backoff."""
        for delivery in self._deliveries.values():
            if name in (None, delivery.name):
                delivery.send_now()

    async def flush(self, timeout: float) -> bool:  # noqa: ASYNC109 (all outputs share it)
        """Deliver all waiting samples within `timeout` seconds. Returns whether all were delivered.

        A paused output gets one attempt; a failing one is retried until the time is over.
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
        """Flush for at most `grace` seconds, then close every output. Idempotent."""
        if grace > 0:
            async with self._replacing:  # what one output leaves, the next one flushes
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
        """Snapshots of all outputs, by name."""
        return {name: delivery.status() for name, delivery in self._deliveries.items()}

    def tallies(self) -> Mapping[str, Tally]:
        """Counts of all outputs since the start, removed ones included, by name; they only grow."""
        return self._tallies
