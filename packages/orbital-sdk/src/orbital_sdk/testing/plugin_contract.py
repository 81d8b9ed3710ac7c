"""What every plugin promises the agent, checked against a device that answers."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from orbital_sdk.errors import DeviceUnreachable, OrbitalError, PartialCollect
from orbital_sdk.fields import DeviceFields, PluginConfig
from orbital_sdk.invoke import is_blocking
from orbital_sdk.manifest import manifest
from orbital_sdk.testing.collection import Collection, as_model, collect_from, make_context
from orbital_sdk.testing.findings import Findings, check_cancel, check_name
from orbital_sdk.testing.model_contract import check_dump, check_model, check_silence

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    check_model(found, cls.device_model, DeviceFields)
    check_model(found, cls.config_model, PluginConfig)
    _check_declared(found, cls)
    try:
        fields = as_model(cls.device_model, device)
        settings = as_model(cls.config_model, config)
    except ValidationError as error:
        found.append(f"the device or config of this check does not fit its model: {error}")
    else:
        await _check_life(found, cls, fields, settings, timeout)
        if unreachable is not None:
            await _check_unreachable(
                found, cls(settings), as_model(cls.device_model, unreachable), timeout
            )
    found.report(cls.__qualname__)


def _check_declared(found: Findings, cls: type[Plugin[Any, Any]]) -> None:
    names = [metric.name for metric in cls.declared_metrics()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(f"the metric {name!r} is declared twice; a name has one Metric")
    for metric in cls.declared_metrics():
        found.expect(metric.help, f"the metric {metric.name!r} has no help; say what it is")
    try:
        json.dumps(manifest(cls), allow_nan=False)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the author's to know)
        found.append(
            f"no manifest can be made of it: {error!r}; use types that JSON Schema can say"
        )


async def _check_life(
    found: Findings,
    cls: type[Plugin[Any, Any]],
    fields: DeviceFields,
    settings: PluginConfig,
    timeout: float,  # noqa: ASYNC109 (as above)
) -> None:
    await found.attempt("stop() without start()", cls(settings).stop())
    plugin = cls(settings)
    if not await found.attempt("start()", plugin.start()):
        return
    try:
        plugin.validate_device(fields)
        collection = await collect_from(plugin, fields, timeout=timeout)
        _check_collection(found, collection, plugin.metrics())
        _check_secrets(found, plugin, fields, settings, collection)
        await _check_connection(found, plugin, fields, timeout)
        if not is_blocking(plugin):
            await check_cancel(found, "collect()", collect_from(plugin, fields, timeout=timeout))
    except OrbitalError as error:
        found.append(f"validate_device refuses the device of this check: {error}")
    finally:
        await found.attempt("stop()", plugin.stop())
        await found.attempt("a second stop()", plugin.stop())


def _check_collection(
    found: Findings, collection: Collection, declared: tuple[Metric, ...]
) -> None:
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
    found.expect(
        collection.samples or error, "collect() gave no sample; a device that answers has one"
    )
    known = {metric.name: metric for metric in declared}
    for name in collection.names:
        sample = next(s for s in collection.samples if s.series.metric.name == name)
        _check_sample(found, sample, known.get(name))
    _check_values(found, collection)


def _check_sample(found: Findings, sample: Sample, declared: Metric | None) -> None:
    metric = sample.series.metric
    if not found.expect(
        declared,
        f"{metric.name!r} is not declared; make it a class attribute, or override metrics()",
    ):
        return
    found.expect(
        declared is not None and (declared.labels, declared.kind) == (metric.labels, metric.kind),
        f"{metric.name!r} has other labels or another kind than metrics() says",
    )


def _check_values(found: Findings, collection: Collection) -> None:
    for sample in collection.samples:
        try:
            array("d", [sample.value])
        except (TypeError, OverflowError):
            found.append(f"{sample.series!r} has the value {sample.value!r}; a value is a float")
        if not all(type(value) is str for value in sample.series.values):
            found.append(f"{sample.series!r} has a label that is not text; make it with the metric")
        if sample.ts is not None and type(sample.ts) is not int:
            found.append(f"{sample.series!r} has ts={sample.ts!r}; ts is whole milliseconds UTC")


def _check_secrets(
    found: Findings,
    plugin: Plugin[Any, Any],
    fields: DeviceFields,
    settings: PluginConfig,
    collection: Collection,
) -> None:
    secrets = check_dump(found, fields) | check_dump(found, settings)
    labels = [value for sample in collection.samples for value in sample.series.values]
    places = {
        "target()": plugin.target(fields),
        "exclusive()": plugin.exclusive(fields),
        "repr of the plugin": repr(plugin),
        "a label": labels,
        "the error of collect()": collection.error or "",
    }
    check_silence(found, secrets, places)
    found.expect(
        plugin.target(fields),
        "target() is empty; say what people call the device (its address or URL)",
    )


async def _check_connection(
    found: Findings,
    plugin: Plugin[Any, Any],
    fields: DeviceFields,
    timeout: float,  # noqa: ASYNC109 (as above)
) -> None:
    try:
        said = await plugin.test_connection(fields, make_context(timeout=timeout))
    except NotImplementedError:
        return
    except Exception as error:  # noqa: BLE001 (that is the finding)
        found.append(f"test_connection raised {error!r} for the device of this check")
        return
    found.expect(
        isinstance(said, str) and said and "\n" not in said,  # pyright: ignore[reportUnnecessaryIsInstance] (an author may return anything)
        f"test_connection gave {said!r}; say in one line that the device answers",
    )


async def _check_unreachable(
    found: Findings,
    plugin: Plugin[Any, Any],
    fields: DeviceFields,
    timeout: float,  # noqa: ASYNC109 (as above)
) -> None:
    await plugin.start()
    try:
        error = (await collect_from(plugin, fields, timeout=timeout)).error
    finally:
        await plugin.stop()
    found.expect(
        isinstance(error, DeviceUnreachable),
        f"for a device that does not answer collect() gave {error!r}; raise DeviceUnreachable",
    )
