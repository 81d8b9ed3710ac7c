"""A connection by frames, at the agent's end. Implements `Connection`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_plugin_host.frames import Frames
from orbital_plugin_host.handshake import proof
from orbital_sdk import wire

if TYPE_CHECKING:
    from orbital_plugin_host.handshake import Address
    from orbital_plugin_host.remote.connection import Receiver
    from orbital_sdk.wire.calls import FromAgent


class Framed:
    """Messages by frames."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.pause, self.resume, self.close = frames.pause, frames.resume, frames.close

    def send(self, message: FromAgent) -> None:
        self._frames.write(wire.encode(message))


async def connect(address: Address, cookie: str, receiver: Receiver) -> Framed:
    """A connection to a program whose cookie was proven both ways.

    Raises:
        OSError: Nobody listens there, or it does not know the cookie.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[None] = loop.create_future()

    def lost(reason: str) -> None:
        if opened.done():
            receiver.lost(reason)
        else:
            opened.set_exception(ConnectionError(reason))

    frames = Frames(
        expected=proof(cookie, "program"),
        opened=lambda: opened.set_result(None),
        took=lambda body: receiver.received(wire.from_program(body)),
        lost=lost,
    )
    await loop.create_unix_connection(lambda: frames, address.socket)
    frames.write(proof(cookie, "agent"))
    try:
        await opened
    except BaseException:
        frames.close()
        raise
    return Framed(frames)
