"""What a program offers, found out before any event loop runs, or beside it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from orbital_plugin_host.remote.calls import ProgramLost
from orbital_plugin_host.remote.supervisor import Supervisor
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_plugin_host.remote.connection import Connector
    from orbital_plugin_host.remote.process import Command
    from orbital_sdk.wire.answers import Offer


def described(command: Command, connect: Connector) -> tuple[Offer, ...]:
    """Start the program, take its offers, and end it. Blocks for up to 20 s.

    Raises:
        ConfigurationError: It does not start, or says nothing that can be used.
    """
    with ThreadPoolExecutor(1, "describe") as thread:  # an event loop may run on this one
        return thread.submit(lambda: asyncio.run(_described(command, connect))).result()


async def _described(command: Command, connect: Connector) -> tuple[Offer, ...]:
    supervisor = Supervisor(command, connect)
    try:
        await supervisor.start()
        return supervisor.offers
    except ProgramLost as error:
        raise ConfigurationError(str(error)) from error
    finally:
        await supervisor.stop()
