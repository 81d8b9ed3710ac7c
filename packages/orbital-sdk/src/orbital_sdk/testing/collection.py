"""Runs a plugin as the agent would, once or several times, and keeps what it gave."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

from orbital_sdk.calling.invoke import call, invoke, needs_closing, open_session
from orbital_sdk.contract.context import Context
from orbital_sdk.errors import CollectError
from orbital_sdk.fields import DeviceFields, PluginConfig
from orbital_sdk.loader import NotKnownYet
from orbital_sdk.metric import Sample
from orbital_sdk.testing.host import FakeHost
from orbital_sdk.testing.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from orbital_sdk.contract.plugin import Plugin
    from orbital_sdk.contract.session import Session

M = TypeVar("M", bound=BaseModel)
D = TypeVar("D", bound=DeviceFields)
C = TypeVar("C", bound=PluginConfig)


@dataclass(frozen=True, slots=True)
class Collection:
    """What one collection gave."""

    samples: tuple[Sample, ...]
    """In the order in which they came, those before an error included."""
    error: Exception | None = None
    """What `collect` raised; `TimeoutError` where it took too long."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics that came, each once, in order."""
        return tuple(dict.fromkeys(sample.series.metric.name for sample in self.samples))

    def value(self, name: str, /, **labels: str) -> float:
        """The value of the one sample with this name and (at least) these labels.

        Raises:
            AssertionError: There is none, or more than one; the message lists what came.
        """
        found = [s for s in self.samples if s.series.metric.name == name and _has(s, labels)]
        if len(found) != 1:
            came = "\n  ".join(f"{s.series!r} = {s.value}" for s in self.samples) or "nothing"
            failed = f"\nand collect raised {self.error!r}" if self.error else ""
            raise AssertionError(
                f"{len(found)} samples match {name} {labels}, wanted one; there came:\n  {came}{failed}"
            )
        return float(found[0].value)


def _has(sample: Sample, labels: Mapping[str, str]) -> bool:
    series = sample.series
    own = dict(zip(series.metric.labels, series.values, strict=True))
    return labels.items() <= own.items()


def make_context(*, timeout: float = 10.0, task: str = "task-1") -> Context:
    """The context of one run that may take `timeout` seconds from now."""
    return Context(task, "device-1", timeout, time.monotonic() + timeout)


class Runs:
    """Runs of one task, one after the other, as the agent does them.

    Args:
        plugin: Started.
        fields: Of the device.
        host: What it was started with.
    """

    def __init__(
        self, plugin: Plugin[Any, Any], fields: DeviceFields, host: FakeHost | None = None
    ) -> None:
        self.plugin, self.fields = plugin, fields
        self.host = host or FakeHost()
        """What the plugin was started with."""
        self.session: Session | None = None
        """Opened by the first run, and by the next one after `close` or an error of `open`."""

    async def open(self) -> Session:
        """The session; raises what the plugin's `open` raises."""
        if self.session is None:
            await exclusive_of(self.plugin, self.fields)
            self.session = await open_session(self.plugin, self.fields, run_blocking=in_thread)
        return self.session

    async def collect(self, timeout: float = 10.0) -> Collection:  # noqa: ASYNC109 (it is the task's timeout, which the plugin is told)
        """One run, which may take so many seconds."""
        ctx = make_context(timeout=timeout)
        sink: list[Sample] = []
        run = asyncio.timeout(timeout)
        try:
            async with run:
                session = await self.open()
                table = await invoke(session.collect, ctx, sink, run_blocking=in_thread)
        except Exception as error:  # noqa: BLE001 (also a bug of the plugin is a result here)
            late = TimeoutError(f"collect took longer than {timeout:g} s")
            carried = error.samples if isinstance(error, CollectError) else ()
            return _collection([*sink, *carried], late if run.expired() else error)
        return _collection(sink if table is None else list(table.samples()))

    async def close(self) -> None:
        """Close the session, if one is open."""
        session, self.session = self.session, None
        if session is not None and needs_closing(session):
            await call(session.close, run_blocking=in_thread)


async def exclusive_of(plugin: Plugin[Any, Any], fields: DeviceFields) -> str | None:
    """What `exclusive` gives: asked before each session, and waited for where another process says it."""
    while True:
        try:
            return plugin.exclusive(fields)
        except NotKnownYet as unknown:
            await unknown.known()


@asynccontextmanager
async def runs_of(
    plugin_cls: type[Plugin[D, C]],
    device: D | Mapping[str, Any],
    config: C | Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
) -> AsyncGenerator[Runs, None]:
    """A started plugin and one device, for several runs; closed and stopped at the end.

    >>> async with runs_of(Ups, {"host": "ups1"}) as ups:
    ...     first, second = await ups.collect(), await ups.collect()

    Args:
        plugin_cls: The plugin's class.
        device: The device's fields, as a model or as a user would write them.
        config: The plugin's settings, likewise.
        folder: What it gets as `host.folder`, where it keeps something there.

    Raises:
        pydantic.ValidationError: The fields or settings don't fit their models.
        ConfigurationError: From `start` or `validate_device`. What `open` and `collect` raise stands in the
            collection's `error`.
    """
    fields = cast("D", as_model(plugin_cls.device_model, device))
    plugin = plugin_cls(cast("C", as_model(plugin_cls.config_model, config)))
    runs = Runs(plugin, fields, FakeHost(folder))
    try:
        await plugin.start(runs.host)
        plugin.validate_device(fields)
        yield runs
        await runs.close()
    finally:
        try:
            await runs.host.close()
        finally:
            await plugin.stop()


async def collect_once(
    plugin_cls: type[Plugin[D, C]],
    device: D | Mapping[str, Any],
    config: C | Mapping[str, Any] | None = None,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 (as above)
) -> Collection:
    """Start a plugin, open, collect once, close, stop it. Takes and raises what `runs_of` does.

    Args:
        plugin_cls: The plugin's class.
        device: The device's fields.
        config: The plugin's settings.
        timeout: Seconds that the run may take.
    """
    async with runs_of(plugin_cls, device, config) as runs:
        return await runs.collect(timeout)


def _collection(sink: list[Sample], error: Exception | None = None) -> Collection:
    kept = tuple(sample for sample in sink if isinstance(sample, Sample))  # pyright: ignore[reportUnnecessaryIsInstance] (a plugin may yield anything)
    if len(kept) != len(sink):
        wrong = next(thing for thing in sink if thing not in kept)
        error = TypeError(
            f"collect gave {wrong!r}, which is not a Sample; call a metric to make one"
        )
    return Collection(kept, error)


def as_model(model: type[M], given: M | Mapping[str, Any] | None) -> M:
    """What was given, checked by the model unless it is one already."""
    return given if isinstance(given, model) else model.model_validate(given or {})
