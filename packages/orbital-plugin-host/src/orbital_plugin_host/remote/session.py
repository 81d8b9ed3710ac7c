"""A session whose device is read by another process."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, Final

from orbital_plugin_host.remote.calls import raised
from orbital_sdk import CollectError, Columns, Session, wire
from orbital_sdk.wire import answers, calls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping, Sequence

    from orbital_plugin_host.remote.calls import Calls
    from orbital_plugin_host.remote.instance import Instance
    from orbital_plugin_host.remote.supervisor import Supervisor
    from orbital_sdk import Context, Emit, Sample
    from orbital_sdk.contract.records import Records
    from orbital_sdk.wire.records import Records as WireRecords

_numbers: Final = itertools.count(1)
CLOSE: Final = 5.0
"""Seconds of a `close`, as the agent gives it."""
FACTS: Final = 10.0
"""Seconds in which a process says what it knows of a device."""
OPEN: Final = 30.0
"""Seconds of an `open` that stands alone; else it has what is left of its run."""


class RemoteSession(Session):
    """Lives in one process after the other: where that ended, the next run opens it in the next one.

    Args:
        supervisor: Of its process.
        instance: Of its plugin.
        fields: Of its device, secrets in plain text.
    """

    def __init__(
        self, supervisor: Supervisor, instance: Instance, fields: Mapping[str, Any]
    ) -> None:
        self._supervisor = supervisor
        self._instance = instance
        self._fields = fields
        self.alone: asyncio.Lock | None = None
        """Held by each run; None where the scheduler holds apart what may not run at once."""
        self._calls: Calls | None = None
        self._number = 0
        self._incoming = wire.Incoming()

    async def begin(self, seconds: float = OPEN) -> Calls:
        """Check the fields and open the device, unless its process has it open.

        Raises:
            ProgramLost: There is no process now.
            Exception: What the plugin raised.
        """
        if self._calls is not None and not self._calls.reason:
            return self._calls
        program = self._supervisor.ready(self._instance)
        await self.declare(program)
        try:
            await program.ask(answers.Done, calls.Open, self._number, seconds)
        except BaseException:
            self.abandon(program)
            raise
        self._calls = program
        return program

    async def declare(self, program: Calls) -> answers.Facts:
        """Give the fields there: what the plugin states of the device, which is not opened yet."""
        self._number, self._incoming = next(_numbers), wire.Incoming()
        instance, fields = self._instance.number, dict(self._fields)
        return await program.ask(answers.Facts, calls.Device, self._number, instance, fields)

    async def facts(self) -> answers.Facts:
        """What the plugin states of the device; nothing of it stays there.

        Raises:
            CollectError: Its process does not say.
            Exception: What the plugin raised.
        """
        program = self._supervisor.ready(self._instance)
        number, instance = next(_numbers), self._instance.number
        try:
            facts = await program.within(
                FACTS, answers.Facts, calls.Device, number, instance, dict(self._fields)
            )
        except TimeoutError:
            raise CollectError(
                f"{program.name} did not say within {FACTS:g} s what it knows of the device"
            ) from None
        program.tell(calls.Close, number, CLOSE)
        return facts

    def abandon(self, program: Calls) -> None:
        """Close what was declared there, and wait for nothing."""
        program.tell(calls.Close, self._number, CLOSE)

    async def collect(self, ctx: Context) -> Records:
        if self.alone is None:
            return await self._collect(ctx)
        async with self.alone:
            return await self._collect(ctx)

    async def _collect(self, ctx: Context) -> Records:
        program = await self.begin(ctx.remaining())
        parts: list[list[Sample] | Columns] = []
        incoming = self._incoming

        def read(records: WireRecords) -> None:
            parts.extend(incoming.unpacked(records))

        try:
            answer = await program.collect(
                read,
                self._number,
                ctx.task,
                ctx.device_id,
                ctx.timeout,
                ctx.remaining(),
                log=ctx.log,
            )
        except asyncio.CancelledError:
            if not parts or ctx.remaining() > 0:
                raise
            return _all(parts, None)  # the time is up: what it had by then counts, as in the agent
        if answer.error is None and len(parts) == 1:
            return parts[0]
        return _all(parts, answer.error)

    async def test(self, ctx: Context) -> str:
        program = await self.begin(ctx.remaining())
        told = await program.ask(
            answers.Tested, calls.Test, self._number, ctx.task, ctx.device_id, ctx.timeout,
            ctx.remaining(), log=ctx.log,
        )  # fmt: skip
        if not told.said:
            raise NotImplementedError
        return told.said

    async def close(self) -> None:
        program, self._calls = self._calls, None
        if program is not None and not program.reason:
            await program.ask(answers.Done, calls.Close, self._number, CLOSE)

    async def serve(self, emit: Emit, task: str, device_id: str) -> None:
        """Receive until cancelled, or until the plugin's `serve` ends.

        Raises:
            ProgramLost: Its process ended, or there is none.
            Exception: What the plugin raised.
        """
        program = self._supervisor.ready(self._instance)
        await self.declare(program)
        self._calls = program  # `collect` may be called beside it

        def take(records: WireRecords) -> Awaitable[None]:
            return _emitted(emit, [*self._incoming.unpacked(records)])

        try:
            await program.serve(take, self._number, task, device_id)
        finally:
            self._calls = None
            self.abandon(program)


async def _emitted(emit: Emit, parts: Sequence[list[Sample] | Columns]) -> None:
    for part in parts:
        await emit(part)


def _all(parts: Sequence[list[Sample] | Columns], error: wire.Error | None) -> Iterator[Sample]:
    """All samples, and then the error: what came before it counts, as it does of a generator."""
    for part in parts:
        yield from part.samples() if isinstance(part, Columns) else part
    if error is not None:
        raise raised(error)
