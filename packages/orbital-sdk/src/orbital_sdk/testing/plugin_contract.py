"""What every plugin promises the agent, checked against a device that answers."""

from __future__ import annotations

import asyncio
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from orbital_sdk.errors import DeviceUnreachable, OrbitalError, PartialCollect
from orbital_sdk.fields import DeviceFields, PluginConfig
from orbital_sdk.invoke import is_blocking
from orbital_sdk.testing.collection import Collection, as_model, collect_from, make_context
from orbital_sdk.testing.findings import Findings, check_cancel, check_name
from orbital_sdk.testing.model_contract import (
    check_dump,
    check_manifest,
    check_model,
    check_silence,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from orbital_sdk.metric import Metric, Sample
    from orbital_sdk.plugin import Plugin

    Fields = DeviceFields | Mapping[str, Any]


async def check_plugin(
    cls: type[Plugin[Any, Any]],
    device: Fields,
    config: PluginConfig | Mapping[str, Any] | None = None,
    *,
    entry_point: bool = True,
    unreachable: Fields | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 (it is the task's timeout, which the plugin is told)
) -> None:
    """The contract suite of plugins. Run it in your own tests, against a device (or a fake) that answers.

    Args:
        cls: The plugin.
        device: Fields of a device that answers; with a secret in them, its silence is checked too.
        config: The plugin's settings, if it needs any.
        entry_point: Whether the package is installed, so that its entry point can be looked for.
        unreachable: Fields of a device that does not answer, if you have one.
        timeout: Seconds that one collection may take.

    Raises:
        AssertionError: Everything that is wrong, each with what to change.
    """
    found = Findings()
    check_name(found, cls, "orbital.plugins", entry_point=entry_point)
    fit = check_model(found, cls.device_model, DeviceFields)
    if not (check_model(found, cls.config_model, PluginConfig) and fit):
        found.report(cls.__qualname__)
    check_manifest(found, cls)
    _check_declared(found, cls)
    try:
        fields = as_model(cls.device_model, device)
        away = None if unreachable is None else as_model(cls.device_model, unreachable)
        settings = as_model(cls.config_model, config)
    except ValidationError as error:
        found.append(f"the device or config of this check does not fit its model: {error}")
    else:
        await _Trial(found, cls(settings), fields, timeout).run(away)
    found.report(cls.__qualname__)


def _check_declared(found: Findings, cls: type[Plugin[Any, Any]]) -> None:
    names = [metric.name for metric in cls.declared_metrics()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(f"the metric {name!r} is declared twice; a name has one Metric")
    for metric in cls.declared_metrics():
        found.expect(metric.help, f"the metric {metric.name!r} has no help; say what it is")


@dataclass(frozen=True, slots=True)
class _Trial:
    """One plugin through its whole life."""

    found: Findings
    plugin: Plugin[Any, Any]
    fields: DeviceFields
    timeout: float

    async def run(self, away: DeviceFields | None) -> None:
        unused = type(self.plugin)(self.plugin.config)
        await self.found.attempt("stop() without start()", unused.stop())
        if not await self.found.attempt("start()", self.plugin.start()):
            return
        try:
            self.plugin.validate_device(self.fields)
            await self._read()
            if away is not None:
                await self._read_nothing(away)
        except OrbitalError as error:
            self.found.append(f"validate_device refuses the device of this check: {error}")
        finally:
            await self.found.attempt("stop()", self.plugin.stop())
            await self.found.attempt("a second stop()", self.plugin.stop())

    def collect(self, fields: DeviceFields | None = None) -> Awaitable[Collection]:
        return collect_from(self.plugin, fields or self.fields, timeout=self.timeout)

    async def _read(self) -> None:
        collection = await self.collect()
        _check_error(self.found, collection)
        _check_samples(self.found, collection, self.plugin.metrics())
        self._silence(collection)
        await self._connection()
        if collection.error is None and self.plugin.exclusive(self.fields) is None:
            await self._together()
        if not is_blocking(self.plugin):
            again = collect_from(self.plugin, self.fields, timeout=self.timeout)
            await check_cancel(self.found, "collect()", again)

    def _silence(self, collection: Collection) -> None:
        found, plugin, target = self.found, self.plugin, self.plugin.target(self.fields)
        found.expect(
            target or not type(self.fields).model_fields,
            "target() is empty; say what people call the device (address or URL)",
        )
        secrets = check_dump(found, self.fields) | check_dump(found, plugin.config)
        places = {
            "target()": target,
            "exclusive()": plugin.exclusive(self.fields),
            "repr of the plugin": repr(plugin),
            "a label": [value for s in collection.samples for value in s.series.values],
            "the error of collect()": collection.error or "",
        }
        check_silence(found, secrets, places)

    async def _connection(self) -> None:
        ctx = make_context(timeout=self.timeout)
        try:
            said: object = await self.plugin.test_connection(self.fields, ctx)
        except NotImplementedError:
            return
        except Exception as error:  # noqa: BLE001 (that is the finding)
            self.found.append(f"test_connection raised {error!r} for the device of this check")
            return
        self.found.expect(
            isinstance(said, str) and said and "\n" not in said,  # pyright: ignore[reportUnnecessaryIsInstance] (an author may return anything)
            f"test_connection gave {said!r}; say in one line that the device answers",
        )

    async def _together(self) -> None:
        both = await asyncio.gather(self.collect(), self.collect())
        errors = [collection.error for collection in both if collection.error]
        self.found.expect(
            not errors,
            f"two collections at once failed ({errors}); keep what belongs to a run in local"
            " variables, or say in exclusive() what only one may use",
        )

    async def _read_nothing(self, away: DeviceFields) -> None:
        error = (await self.collect(away)).error
        self.found.expect(
            isinstance(error, DeviceUnreachable),
            f"for a device that does not answer collect() gave {error!r}; raise DeviceUnreachable",
        )


def _check_error(found: Findings, collection: Collection) -> None:
    error = collection.error
    if isinstance(error, OrbitalError):
        found.expect(
            isinstance(error, PartialCollect),
            f"collect() failed with {error!r}; give check_plugin a device that answers",
        )
    elif error is not None:
        found.append(
            f"collect() raised {error!r}; translate foreign errors into those of orbital_sdk"
            " (`raise DeviceUnreachable(...) from error`)"
        )
    elif not collection.samples:
        found.append("collect() gave no sample; a device that answers has one")


def _check_samples(found: Findings, collection: Collection, declared: tuple[Metric, ...]) -> None:
    known = {metric.name: metric for metric in declared}
    for name in collection.names:
        if name not in known:
            found.append(
                f"{name!r} is not declared; make it a class attribute or override metrics()"
            )
    for sample in collection.samples:
        if fault := _fault(sample, known.get(sample.series.metric.name)):
            found.append(f"{sample.series!r} {fault}")
            return  # one is enough to see what is meant


def _fault(sample: Sample, declared: Metric | None) -> str:
    metric, values = sample.series.metric, sample.series.values
    if declared and (declared.labels, declared.kind) != (metric.labels, metric.kind):
        return "has other labels or another kind than metrics() says; use the declared metric"
    if not all(type(value) is str for value in values):
        return "has a label that is not text; make its series by calling the metric"
    if sample.ts is not None and type(sample.ts) is not int:
        return f"has ts={sample.ts!r}; ts is whole milliseconds UTC"
    try:
        array("d", [sample.value])
    except (TypeError, OverflowError):
        return f"has the value {sample.value!r}; a value is a float"
    return ""
