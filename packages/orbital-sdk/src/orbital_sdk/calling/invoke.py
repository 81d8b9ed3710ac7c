"""Runs what authors write, whichever of its forms they chose: `collect`, and calls that give one thing.

The agent and the testing kit share this, so that a plugin behaves alike in both.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Generator, Iterable, Mapping, Sized
from functools import lru_cache, partial
from itertools import islice
from operator import is_
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from orbital_sdk.contract.plugin import Plain, Plugin
from orbital_sdk.contract.session import Session
from orbital_sdk.errors import PartialCollect
from orbital_sdk.metric import Columns, Sample

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_sdk.contract.context import Context
    from orbital_sdk.contract.records import Collected
    from orbital_sdk.fields import DeviceFields

    OnThread = Callable[[Callable[[], Any]], Awaitable[Any]]

T = TypeVar("T")

BREATH: Final = 1000
"""Samples after which an async generator that never waits lets others have the loop."""


class TooManySamples(PartialCollect):
    """One collection gave more samples than a task may give; the first ones are kept.

    Args:
        limit: Samples of one collection.
        given: How many there were, as far as that is known.
    """

    def __init__(self, limit: int, given: int) -> None:
        known = "more" if given == limit + 1 else f"{given:,}"
        super().__init__(
            f"the first {limit:,} samples were kept, of {known}: raise collector.limits.samples_per_run,"
            " or let the task read less"
        )
        self.refused = given - limit


def is_blocking(call: Callable[..., object]) -> bool:
    """Whether this is a plain `def`, which needs a thread."""
    if isinstance(call, partial):
        call = call.func
    return _blocks(getattr(call, "__func__", call))


@lru_cache(maxsize=1024)
def _blocks(call: Callable[..., object]) -> bool:
    """Asked at every run, and the same for ever."""
    return not (inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call))


async def invoke(
    collect: Callable[[Context], Collected],
    ctx: Context,
    sink: list[Sample],
    *,
    limit: int = 1_000_000,
    run_blocking: OnThread | None = None,
) -> Columns | None:
    """Collect once. Samples land in `sink` as they come, so that those before an error are kept.

    Args:
        collect: Of an open session.
        ctx: The run.
        sink: Takes the samples. A thread that outlives its cancelled run may still add some: whoever
            cancels takes a copy.
        limit: Samples that one collection may give.
        run_blocking: Runs a function on a thread; `asyncio.to_thread` where none is given.

    Returns:
        The table, where the plugin returned one; `sink` stays as it was then. It has as many values as
        series.

    Raises:
        TooManySamples: More than `limit`; the first `limit` are in `sink`.
        TypeError, ValueError: `collect` returned what is not a collection.
        Exception: Whatever `collect` raised.
    """
    if not is_blocking(collect):
        return await _finish(collect(ctx), sink, limit)
    run = run_blocking or asyncio.to_thread
    late: list[object] = []  # what a wrapped `async def` gives, which belongs to the loop

    def work() -> Columns | None:
        answer = collect(ctx)
        if inspect.isawaitable(answer) or isinstance(answer, AsyncIterable):
            late.append(answer)
            return None
        return _take(answer, sink, limit)

    columns = await run(work)
    return await _finish(late[0], sink, limit) if late else columns


async def call(
    function: Callable[[], T | Awaitable[T]], *, run_blocking: OnThread | None = None
) -> T:
    """What a function of an author gives, be it `async def`, or a plain `def`, which runs on a thread."""
    run = run_blocking or asyncio.to_thread
    answer: Any = await run(function) if is_blocking(function) else function()
    return cast("T", await answer if inspect.isawaitable(answer) else answer)


async def open_session(
    plugin: Plugin[Any, Any], device: DeviceFields, *, run_blocking: OnThread | None = None
) -> Session:
    """Begin with a device.

    Raises:
        TypeError: `open` gave no session.
        Exception: Whatever it raised.
    """
    if type(plugin).open is Plugin[Any, Any].open:
        return Plain(plugin, device)
    session = await call(partial(plugin.open, device), run_blocking=run_blocking)
    if not isinstance(session, Session):  # pyright: ignore[reportUnnecessaryIsInstance] (an author may return anything)
        raise TypeError(f"open() gave {type(session).__name__}; return a Session")
    return session


def receives(plugin: type[Plugin[Any, Any]]) -> bool:
    """Whether it is a receiver: its devices speak first."""
    return plugin.serve is not Plugin[Any, Any].serve


def collects_beside(plugin: type[Plugin[Any, Any]]) -> bool:
    """Whether it is a receiver that has a `collect`, too."""
    return receives(plugin) and plugin.collect is not Plugin[Any, Any].collect


def needs_closing(session: Session) -> bool:
    """Whether it has a `close` of its own."""
    return type(session).close is not Session.close


async def _finish(answer: object, sink: list[Sample], limit: int) -> Columns | None:
    if inspect.isawaitable(answer):
        return _take(await answer, sink, limit)
    await _take_async(cast("AsyncIterable[Sample]", answer), sink, limit)
    return None


async def _take_async(samples: AsyncIterable[Sample], sink: list[Sample], limit: int) -> None:
    room = limit
    try:
        async for sample in samples:
            if not room:
                raise TooManySamples(limit, limit + 1)
            room -= 1
            sink.append(sample)
            if not room % BREATH:
                await asyncio.sleep(0)
    finally:  # its own clean-up runs now, not when the garbage collector comes by
        if inspect.isasyncgen(samples):
            await samples.aclose()


def _take(answer: object, sink: list[Sample], limit: int) -> Columns | None:
    if isinstance(answer, Columns):
        return _table(answer, sink, limit)
    if isinstance(answer, list):
        samples = cast("list[Sample]", answer)
        sink.extend(samples[:limit])
        if len(samples) > limit:
            raise TooManySamples(limit, len(samples))
        return None
    given = as_samples(answer)
    if given is None:
        raise TypeError(
            f"collect() gave {type(answer).__name__}; yield samples, or return a list of them or Columns"
        )
    _take_each(given, sink, limit)
    return None


def _take_each(samples: Iterable[Sample], sink: list[Sample], limit: int) -> None:
    room = limit
    try:
        for sample in samples:
            if not room:
                raise TooManySamples(limit, limit + 1)
            room -= 1
            sink.append(sample)
    finally:
        if isinstance(samples, Generator):
            samples.close()


def _table(columns: Columns, sink: list[Sample], limit: int) -> Columns:
    """The same table as whole columns, so that nobody behind meets a lazy or an endless one."""
    series = tuple(columns.series)
    if len(series) > limit:
        sink.extend(islice(columns.samples(), limit))
        raise TooManySamples(limit, len(series))
    return whole(columns)


def as_samples(given: object) -> Iterable[Sample] | None:
    """What an author gave, where it may be samples: a mapping or a text, though it has items, has none."""
    if not isinstance(given, Iterable) or isinstance(given, Mapping | str | bytes | bytearray):
        return None
    return cast("Iterable[Sample]", given)


def whole(columns: Columns) -> Columns:
    """The same table with columns that have a length, which is that of its series.

    Raises:
        ValueError: One of them has another.
    """
    series = tuple(columns.series)
    values = _column("values", columns.values, len(series))
    times = columns.times
    if times is not None:
        times = _column("times", times, len(series))
    given = columns.series, columns.values, columns.times
    if all(map(is_, (series, values, times), given)):
        return columns
    return Columns(series, values, times)


def _column(name: str, column: Iterable[T], count: int) -> Iterable[T]:
    lazy = not hasattr(column, "__len__")
    whole = list(islice(column, count + 1)) if lazy else column
    if len(cast("Sized", whole)) != count:
        raise ValueError(
            f"Columns has {count} series and not as many {name}; give one for each series"
        )
    return whole
