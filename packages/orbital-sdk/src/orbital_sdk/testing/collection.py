"""Runs a plugin once, as the agent would, and keeps what it gave."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

from orbital_sdk.context import Context
from orbital_sdk.errors import CollectError
from orbital_sdk.fields import DeviceFields, PluginConfig
from orbital_sdk.invoke import invoke
from orbital_sdk.metric import Sample
from orbital_sdk.testing.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk.plugin import Plugin

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


def make_context(
    *, timeout: float = 10.0, memory: dict[str, Any] | None = None, task: str = "task-1"
) -> Context:
    """The context of one run that may take `timeout` seconds from now."""
    deadline = time.monotonic() + timeout
    memory = {} if memory is None else memory
    return Context(task, "device-1", timeout, deadline, memory=memory)


async def collect_once(
    plugin_cls: type[Plugin[D, C]],
    device: D | Mapping[str, Any],
    config: C | Mapping[str, Any] | None = None,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 (it is the task's timeout, which the plugin is told)
    memory: dict[str, Any] | None = None,
) -> Collection:
    """Start a plugin, collect once, stop it.

    Args:
        plugin_cls: The plugin's class.
        device: The device's fields, as a model or as a user would write them.
        config: The plugin's settings, likewise.
        timeout: Seconds that the run may take.
        memory: What `ctx.memory` is; hand the same dict to the next call to play a task's next run.

    Raises:
        pydantic.ValidationError: The fields or settings don't fit their models.
        ConfigurationError: From `start` or `validate_device`. What `collect` raises stands in `error`.
    """
    fields = cast("D", as_model(plugin_cls.device_model, device))
    plugin = plugin_cls(cast("C", as_model(plugin_cls.config_model, config)))
    try:
        await plugin.start()
        plugin.validate_device(fields)
        return await collect_from(plugin, fields, timeout=timeout, memory=memory)
    finally:
        await plugin.stop()


async def collect_from(
    plugin: Plugin[Any, Any],
    fields: DeviceFields,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109 (as above)
    memory: dict[str, Any] | None = None,
) -> Collection:
    """One collection of a started plugin."""
    ctx = make_context(timeout=timeout, memory=memory)
    sink: list[Sample] = []
    run = asyncio.timeout(timeout)
    try:
        async with run:
            table = await invoke(plugin, fields, ctx, sink, run_blocking=in_thread)
    except Exception as error:  # noqa: BLE001 (also a bug of the plugin is a result here)
        late = TimeoutError(f"collect took longer than {timeout:g} s")
        carried = error.samples if isinstance(error, CollectError) else ()
        return _collection([*sink, *carried], late if run.expired() else error)
    return _collection(sink if table is None else list(map(Sample, table.series, table.values)))


def _collection(sink: list[Sample], error: Exception | None = None) -> Collection:
    kept = tuple(sample for sample in sink if isinstance(sample, Sample))  # pyright: ignore[reportUnnecessaryIsInstance] (a plugin may yield anything)
    if len(kept) != len(sink):
        wrong = next(thing for thing in sink if thing not in kept)
        error = TypeError(f"collect gave {wrong!r}, which is no Sample; call a metric to make one")
    return Collection(kept, error)


def as_model(model: type[M], given: M | Mapping[str, Any] | None) -> M:
    """What was given, checked by the model unless it is one already."""
    return given if isinstance(given, model) else model.model_validate(given or {})
