"""What receivers emit, until the agent says that the buffer has it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_sdk import ReceiverStopped, wire
from orbital_sdk.wire import answers, calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_sdk import Emit
    from orbital_sdk.contract.records import Records
    from orbital_sdk.wire.answers import FromProgram

MOST: Final = 32
"""Emissions of one receiver that are under way; further ones wait before they are sent."""


class Emitting:
    """All that is emitted in this process.

    Args:
        send: Sends a message, soon.
    """

    def __init__(self, send: Callable[[FromProgram], None]) -> None:
        self._send = send
        self._open: dict[int, dict[int, asyncio.Future[None]]] = {}
        """By call, and by number."""

    def begin(self, call: int, outgoing: wire.Outgoing) -> Emit:
        """The `emit` of a `serve`."""
        waiting: dict[int, asyncio.Future[None]] = {}
        self._open[call] = waiting
        room = asyncio.Semaphore(MOST)
        last = 0

        async def emit(records: Records, /) -> None:
            nonlocal last
            async with room:
                if self._open.get(call) is not waiting:
                    raise ReceiverStopped("this serving is over")
                told = outgoing.packed(records)
                if not told:
                    return
                last += 1
                number = last
                accepted = waiting[number] = asyncio.get_running_loop().create_future()
                try:
                    self._send(answers.Emit(call, number, told))
                except BaseException:
                    del waiting[number]
                    outgoing.forget()
                    raise
                await accepted

        return emit

    def settle(self, message: calls.Accepted | calls.NotAccepted) -> None:
        """The agent's answer to an emission; nobody may wait for it any more."""
        future = self._open.get(message.call, {}).pop(message.emit, None)
        if future is None or future.done():
            return
        if isinstance(message, calls.Accepted):
            future.set_result(None)
        else:
            future.set_exception(wire.unpacked(message.error))

    def end(self, call: int) -> None:
        """`serve` has ended."""
        for future in self._open.pop(call, {}).values():
            if not future.done():
                future.set_exception(ReceiverStopped("this serving is over"))
                future.exception()  # nobody may wait for it
