"""A bus: one connection, on which one request at a time goes to one of several units.

Every task and plugin instance that names the same address uses the same bus. A request waits for its
turn, opens the connection if need be, keeps the pauses, and tells what became of it.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_modbus.backoff import Backoff
from orbital_plugin_modbus.exceptions import (
    GATEWAY_CODES,
    Cut,
    ExchangeError,
    Garbled,
    NoAnswer,
    Refused,
    Resting,
)
from orbital_plugin_modbus.mbap import MbapLink
from orbital_plugin_modbus.turns import Turns
from orbital_plugin_modbus.unit import Unit

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from orbital_plugin_modbus.line import Line
    from orbital_plugin_modbus.link import Link
    from orbital_plugin_modbus.tables import Read

MOST_SILENT: Final = 2
"""Time-outs in a row after which the connection itself is taken for dead."""


class Way(NamedTuple):
    """How a device wants to be asked."""

    line: Line
    timeout: float = 1.0
    """Seconds for connecting, and for each answer."""
    retries: int = 1
    connect_delay: float = 0.0
    request_delay: float = 0.0
    idle_close: float | None = 60.0
    max_backoff: float = 60.0

    @property
    def longest(self) -> float:
        """Seconds that a request can take once it is its turn, connecting included, retries not."""
        return 2 * self.timeout + self.connect_delay + self.request_delay


def open_line(line: Line) -> Link:
    """A connection of this line, not opened yet."""
    if line.engine != "pymodbus" and line.transport in {"tcp", "tls"}:
        secure = line.context if line.transport == "tls" else None
        return MbapLink(line.host, line.port, secure, line.tls.server_name if line.tls else "")
    from orbital_plugin_modbus.library import LibraryLink  # noqa: PLC0415 (Modbus/TCP alone needs none)

    return LibraryLink(line)


class Bus:
    """One address.

    Args:
        open_link: Makes the connection of a line.
    """

    def __init__(self, open_link: Callable[[Line], Link] = open_line) -> None:
        self._open_link = open_link
        self._loop = asyncio.get_running_loop()
        self._turns = Turns()
        self._link: Link | None = None
        self._line: Line | None = None
        self._failures: dict[Line, tuple[Backoff, str]] = {}
        """Lines that cannot be opened: one with other settings, of another task, may well be."""
        self._proven = False
        """Whether the connection has brought an answer."""
        self._silent = 0
        """Requests without one, in a row."""
        self._last = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self._units: dict[int, Unit] = {}

    @property
    def busy(self) -> bool:
        """Whether a request would have to wait for others."""
        return self._turns.taken

    def unit(self, number: int) -> Unit:
        """The unit of this number; the same one for everybody."""
        return self._units.get(number) or self._units.setdefault(number, Unit(number))

    async def read(
        self, unit: Unit, read: Read, way: Way, errors: Counter[str], until: float = math.inf
    ) -> bytes:
        """Ask once, and again as often as `way` allows and the failure suggests.

        Args:
            unit: One of this bus.
            read: What to read.
            way: How.
            errors: Takes what went wrong on the way, by reason, also where a retry helped.
            until: Loop time that a retry has to be sure to keep.

        Raises:
            ExchangeError: No answer that can be used; `Refused` where the device said so.
        """
        retries = way.retries if unit.answers else 0
        while True:
            try:
                data = await self._once(unit, read, way, errors)
            except (Refused, Resting):
                raise
            except ExchangeError as error:
                errors[error.reason] += 1
                if isinstance(error, Cut) and error.stale:
                    continue  # on a new connection, once: that one has not answered yet
                if retries <= 0 or self._is_final(error, unit, way, until):
                    if not isinstance(error, Cut):
                        unit.failed(self._loop.time(), str(error), way.max_backoff)
                    raise
                retries -= 1
            else:
                unit.worked()
                return data

    def _is_final(self, error: ExchangeError, unit: Unit, way: Way, until: float) -> bool:
        """Whether trying again can be of no use, or would end too late."""
        if isinstance(error, Cut) and error.connecting:
            return True
        return max(unit.ready, self._loop.time()) + way.longest > until

    def close(self) -> None:
        """End the connection. Safe twice; a request under way fails, the next one opens it again."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        link, self._link = self._link, None
        if link is not None:
            link.close()

    async def _once(self, unit: Unit, read: Read, way: Way, errors: Counter[str]) -> bytes:
        await self._sleep_until(unit.ready)
        await self._turns.take(unit.number)
        link = None
        try:
            unit.check(self._loop.time())  # somebody may have found it dead while we waited
            link = await self._connected(way)
            await self._sleep_until(self._last + way.request_delay)
            return await self._exchange(link, unit, read, way)
        finally:
            self._turns.give()
            if link is not None and link.discarded:
                errors.update(link.discarded)
                link.discarded.clear()

    async def _exchange(self, link: Link, unit: Unit, read: Read, way: Way) -> bytes:
        answered = False
        try:
            data = await link.read(unit.number, read, way.timeout)
        except Refused as error:
            answered = True
            if error.code in GATEWAY_CODES:
                unit.failed(self._loop.time(), str(error), way.max_backoff)
            else:
                unit.worked()
            raise
        except (NoAnswer, Garbled):
            self._silent += 1
            if self._silent >= MOST_SILENT:
                self.close()
            raise
        except Cut as error:
            error.stale = self._proven
            self.close()
            raise
        else:
            answered = True
            return data
        finally:
            self._last = self._loop.time()
            if answered:
                self._proven, self._silent = True, 0
            elif not link.identified:
                unit.ready = self._last + way.timeout

    async def _connected(self, way: Way) -> Link:
        link = self._link
        if link is not None and (not link.connected or way.line != self._line):
            self.close()
            link = None
        if link is None:
            link = await self._connect(way)
        if self._idle is None and way.idle_close is not None:
            self._idle = self._loop.call_later(way.idle_close, self._look, way.idle_close)
        return link

    async def _connect(self, way: Way) -> Link:
        backoff, why = self._failures.get(way.line) or (Backoff(), "")
        if left := backoff.left(self._loop.time()):
            raise Resting(f"{why}; it is tried again in {left:.3g} s")
        link = self._open_link(way.line)
        try:
            await link.open(way.timeout)
            await self._pause(way.connect_delay)
        except BaseException as error:
            link.close()
            if isinstance(error, Cut):
                error.connecting = True
                backoff.cap = way.max_backoff
                backoff.failed(self._loop.time())
                self._failures[way.line] = backoff, str(error)
            raise
        self._failures.pop(way.line, None)
        self._link, self._line = link, way.line
        self._proven, self._silent = False, 0
        return link

    async def _sleep_until(self, moment: float) -> None:
        await self._pause(moment - self._loop.time())

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)

    def _look(self, patience: float) -> None:
        """Close what nobody used for so long."""
        self._idle = None
        left = self._last + patience - self._loop.time()
        if self._turns.taken:  # somebody waits for an answer, however long that takes
            left = patience
        if left > 0:
            self._idle = self._loop.call_later(left, self._look, patience)
        else:
            self.close()
