"""One device, shared by all tasks that reach it with the same credentials."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

from orbital_plugin_snmp.engines.cost import Cost
from orbital_plugin_snmp.engines.errors import ErrorStatus, NoAnswer, TooBig
from orbital_plugin_snmp.walks.walked import Walked
from orbital_plugin_snmp.walks.walker import Walker
from orbital_plugin_snmp.wire.smi import NO_SUCH_OBJECT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orbital_plugin_snmp.engines.port import Session
    from orbital_plugin_snmp.walks.learned import Learned
    from orbital_plugin_snmp.walks.walker import WalkLimits
    from orbital_plugin_snmp.wire.smi import VarBind

T = TypeVar("T")
SILENT: Final = 3
"""Requests in a row without an answer until the session is made anew: the name may mean another address
by now, the device another engine."""
SCALARS: Final = 40
"""OIDs of one GET."""


class SharedDevice:
    """A session, what is asked over it at this moment, and what is known of the device.

    Args:
        opening: Makes a session; is given the deadline.
        learned: How the device likes to be walked.
        has_bulk: False for v1.
        limits: Of walks.
    """

    def __init__(
        self,
        opening: Callable[[float], Awaitable[Session]],
        learned: Learned,
        *,
        has_bulk: bool,
        limits: WalkLimits,
    ) -> None:
        self.learned = learned
        self._opening = opening
        self._has_bulk = has_bulk
        self._limits = limits
        self._session: Session | None = None
        self._spent = Cost()
        """By sessions that are closed."""
        self._opened: asyncio.Lock = asyncio.Lock()
        self._silent = 0
        self._gets: Gets | None = None
        self._walks: dict[bytes, asyncio.Task[Walked]] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def cost(self) -> Cost:
        """Of all requests so far."""
        return self._spent if self._session is None else self._spent + self._session.cost

    async def close(self) -> None:
        """End what is under way, and the session. Safe twice."""
        under_way = tuple(self._tasks)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._let_go()

    async def get(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        """As `Reader.get`. What is asked in the same moment travels together."""
        gets = self._gets
        if gets is None:
            gets = self._gets = Gets(deadline)
            gets.task = self._start(self._get_all(gets))
        gets.add(oids, deadline)
        assert gets.task is not None  # noqa: S101 (set above)
        found = await asyncio.shield(gets.task)
        return [found[oid] for oid in oids]

    async def walk(self, columns: Sequence[bytes], deadline: float) -> Walked:
        """As `Reader.walk`. A column that is being walked already is not walked again."""
        now = time.monotonic()
        missing = [
            column
            for column in columns
            if column not in self._walks and not self.learned.is_absent(column, now)
        ]
        if missing:
            task = self._start(self._walk(missing, deadline))
            self._walks |= dict.fromkeys(missing, task)
        tasks = {self._walks[column] for column in columns if column in self._walks}
        whole = Walked({column: [] for column in columns})
        for task in tasks:
            part = await asyncio.shield(task)
            whole.columns |= {c: v for c, v in part.columns.items() if c in whole.columns}
            whole.problems |= {c: p for c, p in part.problems.items() if c in whole.columns}
        return whole

    async def _walk(self, columns: list[bytes], deadline: float) -> Walked:
        known = {column: self.learned.shapes.get(column) for column in columns}
        try:
            session = await self.session(deadline)
            walker = Walker(session, self.learned, columns, limits=self._limits, deadline=deadline)
            walked = await self._counted(walker.run())
        finally:
            for column in columns:
                self._walks.pop(column, None)
        vanished = [
            column
            for column, rows in walked.columns.items()
            if not rows and column not in walked.problems and known[column] is None
        ]
        if vanished and self._has_bulk:
            await self._mark_absent(vanished, deadline)
        return walked

    async def _mark_absent(self, columns: list[bytes], deadline: float) -> None:
        """A table without rows may have some soon; one that is not implemented can wait for an hour."""
        try:
            found = await self._ask_in_parts(columns, deadline)
        except (NoAnswer, ErrorStatus):
            return
        for oid, tag, _ in found:
            if tag == NO_SUCH_OBJECT:
                self.learned.miss(oid, time.monotonic())

    async def _get_all(self, gets: Gets) -> dict[bytes, VarBind]:
        await asyncio.sleep(0)  # everybody who is due now has asked then
        self._gets = None
        found = await self._ask_in_parts(list(gets.oids), gets.deadline)
        return dict(zip(gets.oids, found, strict=True))

    async def _ask_in_parts(self, oids: list[bytes], deadline: float) -> list[VarBind]:
        """GETs of as many OIDs as the device takes."""
        session, size = await self.session(deadline), SCALARS
        found: list[VarBind] = []
        while len(found) < len(oids):
            part = oids[len(found) : len(found) + size]
            try:
                found += await self._counted(session.get(part, deadline))
            except (TooBig, ErrorStatus):
                if len(part) == 1:
                    raise
                size = (len(part) + 1) // 2
        return found

    async def session(self, deadline: float) -> Session:
        """The session, opened if it is not."""
        if self._session is None:
            async with self._opened:
                if self._session is None:
                    self._session = await self._opening(deadline)
        return self._session

    async def _counted(self, asked: Awaitable[T]) -> T:
        """Wait for an answer; after too many without one, the next request opens a new session."""
        try:
            answer = await asked
        except NoAnswer:
            self._silent += 1
            if self._silent >= SILENT:
                self._silent = 0
                await self._let_go()
            raise
        self._silent = 0
        return answer

    async def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._spent += session.cost
            await session.close()

    def _start(self, work: Awaitable[T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # pyright: ignore[reportArgumentType] (its result is read elsewhere)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)  # pyright: ignore[reportArgumentType] (as above)
        if not task.cancelled():
            task.exception()  # it is told to those who wait; nobody may be left


class Gets:
    """GETs that travel together."""

    def __init__(self, deadline: float) -> None:
        self.oids: dict[bytes, None] = {}
        self.deadline = deadline
        self.task: asyncio.Task[dict[bytes, VarBind]] | None = None

    def add(self, oids: Sequence[bytes], deadline: float) -> None:
        """Ask for these as well."""
        self.oids |= dict.fromkeys(oids)
        self.deadline = max(self.deadline, deadline)
