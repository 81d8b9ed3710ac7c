"""The agent's end of one connection: numbers its calls, and gives each its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orbital_sdk import CollectError, ReceiverStopped, wire
from orbital_sdk.wire import answers, calls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from orbital_plugin_host.handshake import Address
    from orbital_plugin_host.remote.connection import Connection, Connector
    from orbital_plugin_host.remote.output import Logger
    from orbital_sdk.wire.answers import FromProgram
    from orbital_sdk.wire.records import Records

    Aside = Callable[[answers.Log | answers.Counts, Logger | None], None]
    """With the log of its run, where it was said in one."""
    Taking = Callable[[Records], Awaitable[None]]
    """Checks records at once, and returns what waits until the buffer has them."""
    Reading = Callable[[Records], None]
    """Takes the records of a collection; may raise `Malformed`."""

A = TypeVar("A")

MOST_EMITS: Final = 64
"""Emissions of a program that wait for the buffer. With more the agent reads nothing from it, until half of
them are accepted."""


class ProgramLost(CollectError):  # noqa: N818 (reads as what happened)
    """The process that was asked has ended, or was ended."""


class Calls:
    """Implements `Receiver`. Belongs to the event loop.

    Args:
        name: What is asked, for messages: `the process of plugin 'ups'`.
        aside: Takes what comes beside answers: lines for the log, and own metrics.
    """

    def __init__(self, name: str, aside: Aside) -> None:
        self.name = name
        self.reason = ""
        """Why nothing can be asked any more; empty while it can."""
        self.ended = asyncio.Event()
        """Set with the reason."""
        self.broken_off = False
        """The agent closed the connection."""
        self.paused = False
        """Nothing is read: too many emissions wait for the buffer."""
        self._aside = aside
        self._connection: Connection | None = None
        self._greeted: asyncio.Future[answers.Welcome] | None = None
        self._open: dict[int, asyncio.Future[Any]] = {}
        self._serving: dict[int, Taking] = {}
        self._collecting: dict[int, Reading] = {}
        self._logs: dict[int, Logger] = {}
        """Of open calls that are runs."""
        self._emits: set[asyncio.Task[None]] = set()
        self._waiting = 0
        """Emissions that the buffer does not have yet."""
        self._number = 0

    async def greet(
        self, connect: Connector, address: Address, cookie: str, agent: str
    ) -> answers.Welcome:
        """Connect, and exchange `hello` and `welcome`.

        Raises:
            OSError, Malformed, ProgramLost: There is no program of this contract.
        """
        self._greeted = asyncio.get_running_loop().create_future()
        self._connection = await connect(address, cookie, self)
        self._connection.send(calls.Hello((wire.CONTRACT,), agent))
        return await self._greeted

    async def ask(
        self,
        kind: type[A],
        call: Callable[..., calls.FromAgent],
        *fields: Any,
        log: Logger | None = None,
    ) -> A:
        """Send a call with the next number and these fields, and return its answer.

        Cancelled, it cancels the call and waits for its end; cancelled again, it leaves it alone.

        Args:
            kind: Of the answer.
            call: Makes the call.
            fields: Of it, the number left out.
            log: Takes what the program logs in it; None for the plugin's.

        Raises:
            ProgramLost: Nobody answers any more.
            TooLarge: The call is longer than may cross.
            Exception: What the program raised.
        """
        number, answer = self._begin(call, *fields)
        if log is not None:
            self._logs[number] = log
        return await self._end(kind, number, answer)

    async def within(
        self, seconds: float, kind: type[A], call: Callable[..., calls.FromAgent], *fields: Any
    ) -> A:
        """As `ask`, but for so long: then the call is cancelled, and its answer ignored.

        Raises:
            TimeoutError: No answer.
        """
        number, answer = self._begin(call, *fields)
        await asyncio.wait({answer}, timeout=seconds)
        if not answer.done():
            self._send(calls.Cancel(number))
            raise TimeoutError
        return self._read(kind, answer.result())

    def tell(self, call: Callable[..., calls.FromAgent], *fields: Any) -> None:
        """Send a call whose answer nobody waits for; nothing where nobody would answer."""
        if not self.reason:
            self._begin(call, *fields)

    async def collect(
        self, read: Reading, *fields: Any, log: Logger | None = None
    ) -> answers.Collected:
        """As `ask` for `Collect`. `read` gets the records as they come, also where nobody waits for them:
        later messages name tables that are told in them.
        """
        number, answer = self._begin(calls.Collect, *fields)
        self._collecting[number] = read
        if log is not None:
            self._logs[number] = log
        return await self._end(answers.Collected, number, answer)

    async def serve(self, take: Taking, *fields: Any) -> None:
        """As `ask` for `Serve`, and have `take` called with each of its emissions."""
        number, answer = self._begin(calls.Serve, *fields)
        self._serving[number] = take
        try:
            await self._end(answers.Done, number, answer)
        finally:
            self._serving.pop(number, None)

    def break_off(self, reason: str) -> None:
        """Close the connection: all that is open fails for this reason. Safe twice."""
        self.broken_off = True
        if self._connection is not None:
            self._connection.close()
        self.lost(reason)

    def offends(self, error: wire.Malformed) -> ProgramLost:
        """Break off, as what it gave does not follow the contract; returns what to raise."""
        self.break_off(f"does not follow the contract: {error}")
        return self._gone()

    # ---- what comes -----------------------------------------------------------------------------

    def received(self, message: FromProgram) -> None:
        try:
            self._received(message)
        except wire.Malformed as error:
            self.offends(error)

    def lost(self, reason: str) -> None:
        if self.reason:
            return
        self.reason = reason
        self.ended.set()
        waiting = [*self._open.values()]
        self._open.clear()
        self._collecting.clear()
        self._logs.clear()
        if self._greeted is not None:
            waiting.append(self._greeted)
        for future in waiting:
            if not future.done():
                future.set_exception(self._gone())
                future.exception()  # somebody may have left it alone

    def _received(self, message: FromProgram) -> None:
        match message:
            case answers.Collected():
                if (read := self._collecting.pop(message.call, None)) is not None:
                    read(message.records)
                self._answered(message.call, message)
            case answers.Emit():
                self._emitted(message)
            case answers.Log():
                self._aside(message, self._logs.get(message.call or 0))
            case answers.Counts():
                self._aside(message, None)
            case answers.Welcome():
                self._welcomed(message)
            case _:
                self._collecting.pop(message.call, None)
                self._answered(message.call, message)

    def _answered(self, call: int, message: FromProgram) -> None:
        self._logs.pop(call, None)
        future = self._open.pop(call, None)
        if future is None:
            raise wire.Malformed(f"an answer to call {call}, which is not open")
        if not future.done():
            future.set_result(message)

    def _welcomed(self, message: answers.Welcome) -> None:
        if self._greeted is None or self._greeted.done():
            raise wire.Malformed("a second welcome")
        if message.contract != wire.CONTRACT:
            raise wire.Malformed(f"it has no contract in common with {wire.CONTRACT}")
        self._greeted.set_result(message)

    # ---- calls ----------------------------------------------------------------------------------

    def _begin(
        self, call: Callable[..., calls.FromAgent], *fields: Any
    ) -> tuple[int, asyncio.Future[Any]]:
        if self.reason or self._connection is None:
            raise self._gone()
        self._number = number = self._number + 1
        self._connection.send(call(number, *fields))
        answer = self._open[number] = asyncio.get_running_loop().create_future()
        return number, answer

    async def _end(self, kind: type[A], number: int, answer: asyncio.Future[Any]) -> A:
        try:
            told = await answer
        except asyncio.CancelledError:
            await self._cancelled(number)
            raise
        return self._read(kind, told)

    def _read(self, kind: type[A], told: object) -> A:
        if isinstance(told, answers.Failed):
            raise raised(told.error)
        if not isinstance(told, kind):
            self.break_off(f"answered a call with {type(told).__name__}")
            raise self._gone()
        return told

    async def _cancelled(self, number: int) -> None:
        """Its answer comes all the same, unless it came just now."""
        if number not in self._open:
            return
        late = self._open[number] = asyncio.get_running_loop().create_future()
        self._send(calls.Cancel(number))
        await asyncio.wait({late})

    def _send(self, message: calls.FromAgent) -> None:
        if self._connection is not None:
            self._connection.send(message)

    def _gone(self) -> ProgramLost:
        return ProgramLost(f"{self.name} {self.reason or 'has not started'}")

    # ---- emissions ------------------------------------------------------------------------------

    def _emitted(self, message: answers.Emit) -> None:
        take = self._serving.get(message.call)
        if take is None:
            if message.call not in self._open:
                raise wire.Malformed(f"an emission for call {message.call}, which serves nothing")
            over = wire.packed(ReceiverStopped("its receiver was stopped"))  # and left alone
            self._send(calls.NotAccepted(message.call, message.emit, over))
            return
        work = self._taken(message, take(message.records))
        task = asyncio.get_running_loop().create_task(_run(work))
        self._emits.add(task)
        task.add_done_callback(self._emits.discard)
        self._pace(+1)

    async def _taken(self, message: answers.Emit, taking: Awaitable[None]) -> None:
        call, emit = message.call, message.emit
        answer: calls.FromAgent
        try:
            await taking
        except Exception as error:  # noqa: BLE001 (why it was not accepted is what the program is told)
            answer = calls.NotAccepted(call, emit, wire.packed(error))
        else:
            answer = calls.Accepted(call, emit)
        self._send(answer)
        self._pace(-1)

    def _pace(self, more: int) -> None:
        self._waiting += more
        if self._connection is None:
            return
        if not self.paused and self._waiting > MOST_EMITS:
            self.paused = True
            self._connection.pause()
        elif self.paused and self._waiting <= MOST_EMITS // 2:
            self.paused = False
            self._connection.resume()


async def _run(work: Coroutine[Any, Any, None]) -> None:
    await work


def raised(error: wire.Error) -> Exception:
    """What the program raised; of a bug with its traceback as a note, which tracebacks show."""
    again = wire.unpacked(error)
    if isinstance(again, wire.Bug) and again.trace:
        again.add_note(f"In the plugin's process:\n{again.trace}")
    return again
