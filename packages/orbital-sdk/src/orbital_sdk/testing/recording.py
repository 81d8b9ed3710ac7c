"""A writer that keeps what it gets and does what a test tells it to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_sdk.contract.batch import Batch
from orbital_sdk.contract.context import Attempt
from orbital_sdk.contract.writer import Writer
from orbital_sdk.contract.written import NotWritten, Refusal, Refused, WriteAnswer, Written
from orbital_sdk.fields import WriterConfig

if TYPE_CHECKING:
    from orbital_sdk.hosting.host import PluginHost

Step = (
    Exception
    | WriteAnswer
    | asyncio.Event
    | Callable[[Sequence[Batch], Attempt], WriteAnswer | None]
    | None
)
"""What a call does before it stores: raise this, wait for this, or nothing. Where this is an answer, or what
is called gives one, nothing is stored and that is given back."""


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
    answer: WriteAnswer | None = None
    """What it gave back."""
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
    >>> writer.then(NotWritten("400", Refusal.DOUBTFUL)) # the third is answered so, and stores nothing
    >>> gate = writer.hang()                             # the next waits until gate.set()
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
                good ones are stored and the answer names the bad ones.
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
        """The batches of all calls that stored, in order."""
        return [
            batch
            for call in self.calls
            if isinstance(call.answer, Written)
            for batch in call.batches
        ]

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

    async def write(self, batches: Sequence[Batch], attempt: Attempt) -> WriteAnswer:
        call = Call(tuple(batches), attempt)
        self.calls.append(call)
        self._changed.set()
        try:
            told = await self._do(self._steps.popleft() if self._steps else self._otherwise, call)
            call.answer = told or self._store(call.batches)
        except BaseException as error:
            call.error = error
            raise
        finally:
            call.done = True
            self._changed.set()
        return call.answer

    async def _do(self, step: Step, call: Call) -> WriteAnswer | None:
        match step:
            case Exception():
                raise step
            case asyncio.Event():
                await step.wait()
            case Written() | NotWritten():
                return step
            case None:
                pass
            case _:
                return step(call.batches, call.attempt)
        return None

    def _store(self, batches: Sequence[Batch]) -> WriteAnswer:
        good: list[Record] = []
        refused: list[Refused] = []
        for number, batch in enumerate(batches):
            for row, record in enumerate(_records(batch)):
                if self._bad and self._bad(record):
                    refused.append(Refused(number, row, f"bad sample {record.name}"))
                else:
                    good.append(record)
        if refused and not self._tells:
            reason = f"{refused[0].reason}; nothing of this call is stored"
            return NotWritten(reason, Refusal.DOUBTFUL)
        self.records += good
        self.samples += sum(not record.stale for record in good)
        return Written(sum(8 * len(batch) for batch in batches), refused)

    async def _until(self, reached: Callable[[], bool], what: str, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            ends = [call.error or call.answer for call in self.calls if call.done]
            raise AssertionError(
                f"no {what} within {within:g} s, but {len(self.calls)} calls and {self.samples} stored"
                f" samples; so far they ended with: {ends}"
            ) from None


def _records(batch: Batch) -> list[Record]:
    task = batch.layout.origin.task
    return [
        Record(row.name, dict(row.labels), value, ts, task, batch.stale)
        for row, ts, value in batch.items()
    ]
