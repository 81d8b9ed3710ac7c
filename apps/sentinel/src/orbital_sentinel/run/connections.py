"""`sentinel validate --connect`: checks whether destinations would accept samples, without sending any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_runtime.agent.assembly import output
from orbital_runtime.sender.connection_test import Connection, connect
from orbital_sentinel.process import loop
from orbital_sentinel.terminal.progress import progress

if TYPE_CHECKING:
    from orbital_runtime.settings import Loaded


def check_connections(loaded: Loaded) -> list[Connection]:
    """The result for each output; all are checked at once."""
    names = ", ".join(one.name for one in loaded.outputs)
    with progress(f"asking outputs {names}", len(loaded.outputs)) as line:

        async def ask() -> list[Connection]:
            tasks = [asyncio.ensure_future(connect(output(one))) for one in loaded.outputs]
            for task in tasks:
                task.add_done_callback(lambda _: line.advance())
            return [await task for task in tasks]

        return loop.run(ask())
