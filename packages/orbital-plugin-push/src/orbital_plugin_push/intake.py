"""One request: who asks, what it brings, and what it is told. Only what the buffer has is acknowledged."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

from orbital_plugin_push import answers
from orbital_plugin_push.answers import RefusedError
from orbital_plugin_push.body import read
from orbital_plugin_push.formats import REMOTE_WRITE, is_known
from orbital_plugin_push.gate import Gate
from orbital_plugin_push.unanswered import Unanswered
from orbital_sdk import BufferRefused, Columns, EmissionTooLarge, ReceiverStopped

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from orbital_plugin_push.device import PushDevice
    from orbital_plugin_push.formats import Arrived
    from orbital_plugin_push.reading import Reading
    from orbital_plugin_push.tally import Tally
    from orbital_sdk import Emit

_HANDSHAKE: Final = "get_vm_proto_version"
"""vmagent asks so whether it may send zstd."""


class Intake:
    """Answers the requests to one address.

    Args:
        device: Its settings.
        emit: Takes samples.
        reading: Reads bodies.
        tally: Counts.
    """

    def __init__(self, device: PushDevice, emit: Emit, reading: Reading, tally: Tally) -> None:
        self._device = device
        self._emit = emit
        self._reading = reading
        self._tally = tally
        self._gate = Gate(device)
        self._unanswered = Unanswered(emit)
        self._turns = asyncio.Semaphore(device.max_requests)

    def close(self) -> None:
        """Give up what still waits for room in the buffer."""
        self._unanswered.close()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """The answer to a request; counted."""
        try:
            response = await self._answer(request)
        except RefusedError as refused:
            response = refused.response()
        self._tally.answered(response.status)
        return response

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if not self._gate.admits(request.headers.get("Authorization", "")):
            raise answers.unauthorized(self._gate)
        if not is_known(request.path):
            raise RefusedError(404, "nothing is taken at this path")
        if request.method == "GET" and request.path in REMOTE_WRITE and _HANDSHAKE in request.query:
            return web.Response(text="1")
        if request.method not in {"POST", "PUT"}:
            raise RefusedError(405, "use POST", Allow="POST, PUT")
        return await self._take(request)

    async def _take(self, request: web.BaseRequest) -> web.Response:
        end = asyncio.get_running_loop().time() + self._device.timeout
        busy = answers.busy(self._device.busy_status, "the buffer took nothing for too long")
        async with _until(end, busy):
            await self._turns.acquire()
        try:
            async with _until(end, RefusedError(408, "the body did not come in time")):
                body = await read(request, self._device)
            arrived = await self._reading.read(request.rel_url.raw_path, request.headers, body)
            async with _until(end, busy):
                await self._hand_over(arrived, body)
        finally:
            self._turns.release()
        self._tally.took(arrived)
        if arrived.refused:
            return RefusedError(400, _told(arrived)).response()
        return web.Response(status=204)

    async def _hand_over(self, arrived: Arrived, body: bytes) -> None:
        if not arrived.samples:
            return
        try:
            if isinstance(arrived.records, Columns):  # with times: the same when it comes again
                await self._unanswered.answer(body, arrived.records)
            else:
                await self._emit(arrived.records)
        except ReceiverStopped as error:
            raise answers.stopping() from error
        except EmissionTooLarge as error:
            raise answers.too_large(str(error)) from error
        except BufferRefused as error:
            raise answers.busy(self._device.busy_status, str(error)) from error


@asynccontextmanager
async def _until(end: float, late: RefusedError) -> AsyncGenerator[None]:
    """Raise `late` where it goes on at `end`, of the loop's clock."""
    try:
        async with asyncio.timeout_at(end):
            yield
    except TimeoutError:
        raise late from None


def _told(arrived: Arrived) -> str:
    left_out = sum(arrived.refused.values())
    return f"{arrived.samples} samples are taken, {left_out} are not: {arrived.problem}"
