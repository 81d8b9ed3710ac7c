"""A writer that keeps what it gets and does what a test tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_sdk.batch import Batch
from orbital_sdk.context import Attempt
from orbital_sdk.errors import BatchRejected, Reject
from orbital_sdk.fields import WriterConfig
from orbital_sdk.writer import Writer

if TYPE_CHECKING:
    from orbital_sdk.host import PluginHost

Step = Exception | asyncio.Event | Callable[[Sequence[Batch], Attempt], None] | None
"""What a call does before it stores: raise this, wait for this, call this (which may raise), or nothing."""


@dataclass(frozen=True, slots=True)
class Record:
    """One value, flat."""

    name: str
    labels: dict[str, str]
    value: float
    ts: int
    """Milliseconds UTC."""
    task: str
    stale: bool = False


@dataclass(slots=True)
class Call:
    """One call of `write`, also one that failed."""

    batches: tuple[Batch, ...]
    attempt: Attempt
    error: BaseException | None = None
    """What it raised; `CancelledError` where it was cancelled."""
    done: bool = False

    @property
    def samples(self) -> int:
        """How many samples it was given, stale markers left out."""
        return sum(batch.samples for batch in self.batches)


class RecordingConfig(WriterConfig):
    """Nothing to set."""


class RecordingWriter(Writer[RecordingConfig]):
    """Keeps everything in memory.

    >>> writer = RecordingWriter()
    >>> writer.then(WriterUnavailable("down"), None)     # the first call fails, the second stores
    >>> gate = writer.hang()                             # the third waits until gate.set()
    >>> writer.always(WriterMisconfigured("401"))        # from then on; always(None) ends it
    >>> await writer.received(3)                         # until three samples are stored
    >>> writer.records[0].value
    """

    name = "recording"
    summary = "Keeps samples in memory, for tests"
    takes_stale_markers = True

    def __init__(self, config: RecordingConfig | None = None) -> None:
        super().__init__(config or RecordingConfig())
        self.records: list[Record] = []
        """What is stored, in order."""
        self.samples = 0
        """How many samples are stored, stale markers left out."""
        self.calls: list[Call] = []
        """Every call, in order, failed ones and running ones included."""
        self.started = 0
        self.stopped = 0
        self._steps: deque[Step] = deque()
        self._otherwise: Step = None
        self._bad: Callable[[Record], bool] | None = None
        self._tells = False
        self._changed = asyncio.Event()

    @property
    def address(self) -> str:
        return "memory"

    def then(self, *steps: Step) -> None:
        """What the next calls do, one step each, after those already said."""
        self._steps.extend(steps)

    def always(self, step: Step) -> None:
        """What every call does for which no step is left. None stores."""
        self._otherwise = step

    def hang(self) -> asyncio.Event:
        """The next call waits until this event is set, and stores then."""
        gate = asyncio.Event()
        self.then(gate)
        return gate

    def reject(self, bad: Callable[[Record], bool] | None, *, tells: bool = False) -> None:
        """From now on refuse records that are `bad`; None takes everything again.

        Args:
            bad: Tells of a record whether it is refused.
            tells: False: one bad record and nothing of the call is stored, as with Prometheus. True: the
                good ones are stored and the error lists the bad ones.
        """
        self._bad, self._tells = bad, tells

    async def called(self, calls: int = 1, *, within: float = 10.0) -> None:
        """Wait until `write` was called this often in all, whatever became of it."""
        await self._until(lambda: len(self.calls) >= calls, f"{calls} calls", within)

    async def received(self, samples: int = 1, *, within: float = 10.0) -> None:
        """Wait until this many samples are stored in all, stale markers left out."""
        await self._until(lambda: self.samples >= samples, f"{samples} samples", within)

    @property
    def batches(self) -> list[Batch]:
        """The batches of all calls that returned, in order."""
        returned = [call for call in self.calls if call.done and call.error is None]
        return [batch for call in returned for batch in call.batches]

    def values(self, name: str, /, **labels: str) -> list[float]:
        """The stored values of this name and (at least) these labels, in order."""
        return [
            record.value
            for record in self.records
            if record.name == name and labels.items() <= record.labels.items()
        ]

    async def start(self, host: PluginHost) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.stopped += 1

    async def write(self, batches: Sequence[Batch], attempt: Attempt) -> int:
        call = Call(tuple(batches), attempt)
        self.calls.append(call)
        self._changed.set()
        try:
            await self._do(self._steps.popleft() if self._steps else self._otherwise, call)
            self._store(call.batches)
        except BaseException as error:
            call.error = error
            raise
        finally:
            call.done = True
            self._changed.set()
        return sum(8 * len(batch) for batch in batches)

    async def _do(self, step: Step, call: Call) -> None:
        if isinstance(step, Exception):
            raise step
        if isinstance(step, asyncio.Event):
            await step.wait()
        elif step is not None:
            step(call.batches, call.attempt)

    def _store(self, batches: Sequence[Batch]) -> None:
        good: list[Record] = []
        rejects: list[Reject] = []
        for number, batch in enumerate(batches):
            for row, record in enumerate(_records(batch)):
                if self._bad and self._bad(record):
                    rejects.append(Reject(number, row, f"bad sample {record.name}"))
                else:
                    good.append(record)
        if rejects and not self._tells:
            raise BatchRejected(f"{rejects[0].reason}; nothing of this call is stored")
        self.records += good
        self.samples += sum(not record.stale for record in good)
        if rejects:
            raise BatchRejected(f"{len(rejects)} samples refused", rejects=rejects)

    async def _until(self, reached: Callable[[], bool], what: str, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            errors = [call.error for call in self.calls if call.error]
            raise AssertionError(
                f"no {what} within {within:g} s, but {len(self.calls)} calls and {self.samples} stored"
                f" samples; errors so far: {errors}"
            ) from None


def _records(batch: Batch) -> list[Record]:
    task = batch.layout.origin.task
    return [
        Record(row.name, dict(row.labels), value, ts, task, batch.stale)
        for row, ts, value in batch.items()
    ]
