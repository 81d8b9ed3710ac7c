"""Runs a plugin's `collect`, whichever of its forms the author chose.

The agent and the testing kit share this, so that a plugin behaves alike in both.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

from orbital_sdk.errors import CollectError
from orbital_sdk.metric import Columns, Sample

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable

    from orbital_sdk.context import Context
    from orbital_sdk.fields import DeviceFields, PluginConfig
    from orbital_sdk.plugin import Plugin

T = TypeVar("T")


class TooManySamples(CollectError):  # noqa: N818 (reads as what happened)
    """One collection gave more samples than a task may give."""


def is_blocking(plugin: Plugin[Any, Any]) -> bool:
    """Whether `collect` is a plain `def`, which needs a thread."""
    collect = plugin.collect
    return not (inspect.iscoroutinefunction(collect) or inspect.isasyncgenfunction(collect))


async def invoke(
    plugin: Plugin[DeviceFields, PluginConfig],
    device: DeviceFields,
    ctx: Context,
    sink: list[Sample],
    *,
    limit: int = 1_000_000,
    run_blocking: Callable[[Callable[[], Columns | None]], Awaitable[Columns | None]] | None = None,
) -> Columns | None:
    """Collect once. Samples land in `sink` as they come, so that those before an error are kept.

    Args:
        plugin: A started plugin.
        device: Validated fields of the device.
        ctx: The run.
        sink: Takes the samples.
        limit: Samples that one collection may give.
        run_blocking: Runs a function on a thread; `asyncio.to_thread` where none is given.

    Returns:
        The table, where the plugin returned one; `sink` stays as it was then.

    Raises:
        TooManySamples: More than `limit`; the first `limit` are in `sink`.
        Exception: Whatever `collect` raised.
    """
    if is_blocking(plugin):
        run = run_blocking or asyncio.to_thread
        return await run(lambda: _take(plugin.collect(device, ctx), sink, limit))
    answer = plugin.collect(device, ctx)
    if inspect.isawaitable(answer):
        return _take(await answer, sink, limit)
    await _take_async(cast("AsyncIterable[Sample]", answer), sink, limit)
    return None


async def _take_async(samples: AsyncIterable[Sample], sink: list[Sample], limit: int) -> None:
    room = limit
    async for sample in samples:
        if not room:
            raise _too_many(limit)
        room -= 1
        sink.append(sample)


def _take(answer: object, sink: list[Sample], limit: int) -> Columns | None:
    if isinstance(answer, Columns):
        if len(answer.series) > limit:
            raise _too_many(limit)
        return answer
    if isinstance(answer, list):
        samples = cast("list[Sample]", answer)
        sink.extend(samples[:limit])
        if len(samples) > limit:
            raise _too_many(limit)
        return None
    room = limit
    for sample in cast("Iterable[Sample]", answer):
        if not room:
            raise _too_many(limit)
        room -= 1
        sink.append(sample)
    return None


def _too_many(limit: int) -> TooManySamples:
    return TooManySamples(f"more than {limit} samples in one collection; the rest was refused")
