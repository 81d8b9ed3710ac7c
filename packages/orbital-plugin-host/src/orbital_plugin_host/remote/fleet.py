"""The processes of one plugin: each device has its own among them."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING

from orbital_plugin_host.remote.supervisor import Supervisor

if TYPE_CHECKING:
    from orbital_plugin_host.remote.connection import Connector
    from orbital_plugin_host.remote.instance import Instance
    from orbital_plugin_host.remote.process import Command


class Fleet:
    """One or more processes. All of them have all instances, and each device lives in one.

    Args:
        command: What is started.
        connect: Speaks what the program announces.
        processes: How many.
    """

    def __init__(self, command: Command, connect: Connector, processes: int = 1) -> None:
        self.supervisors = tuple([Supervisor(command, connect) for _ in range(processes)])

    def of(self, device: bytes) -> Supervisor:
        """The process of a device: the same one while their number is the same, and for most devices also
        when it changes (rendezvous hashing).
        """
        if len(self.supervisors) == 1:
            return self.supervisors[0]
        ranks = [_rank(device, place) for place in range(len(self.supervisors))]
        return self.supervisors[ranks.index(max(ranks))]

    async def add(self, instance: Instance) -> None:
        """Start this instance in all processes.

        Raises:
            Exception: Why one of them did not start it; then none has it.
        """
        adding = [one.add(instance) for one in self.supervisors]
        failed = [
            error
            for error in await asyncio.gather(*adding, return_exceptions=True)
            if isinstance(error, BaseException)
        ]
        if failed:
            await self.remove(instance)
            raise failed[0]

    async def remove(self, instance: Instance) -> None:
        """Stop this instance everywhere. Idempotent."""
        await asyncio.gather(*[one.remove(instance) for one in self.supervisors])


def _rank(device: bytes, place: int) -> bytes:
    return blake2b(device, digest_size=8, salt=place.to_bytes(2, "little")).digest()
