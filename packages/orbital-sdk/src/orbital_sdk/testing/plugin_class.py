"""What a plugin's class says, and the samples that it gives: checked for pollers and receivers alike."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from orbital_sdk.contract.plugin import Plugin
from orbital_sdk.fields import DeviceFields, PluginConfig
from orbital_sdk.testing.findings import Findings, check_name
from orbital_sdk.testing.model_contract import check_manifest, check_model
from orbital_sdk.testing.signatures import check_signatures
from orbital_sdk.testing.wire_contract import check_offer

if TYPE_CHECKING:
    from orbital_sdk.metric import Metric, Sample
    from orbital_sdk.testing.collection import Collection


def check_class(found: Findings, cls: type[Plugin[Any, Any]], *, entry_point: bool) -> None:
    """Its name, models, manifest, methods and metrics. What cannot be used ends the check."""
    check_name(found, cls, "orbital.plugins", entry_point=entry_point)
    fit = check_model(found, cls.device_model, DeviceFields)
    fit = check_model(found, cls.config_model, PluginConfig) and fit
    if not (check_signatures(found, cls, Plugin) and fit):
        found.report(cls.__qualname__)
    check_manifest(found, cls)
    check_offer(found, cls)
    _check_methods(found, cls)
    _check_declared(found, cls)


def _check_methods(found: Findings, cls: type[Plugin[Any, Any]]) -> None:
    """Beside `open` nobody asks the plugin itself."""
    if cls.open is Plugin[Any, Any].open:
        return
    for method, instead in (("collect", "Session.collect"), ("test_connection", "Session.test")):
        found.expect(
            getattr(cls, method) is getattr(Plugin, method),
            f"{method}() beside open() is never called; write {instead}",
        )


def _check_declared(found: Findings, cls: type[Plugin[Any, Any]]) -> None:
    names = [metric.name for metric in cls.declared_metrics()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(f"the metric {name!r} is declared twice; a name has one Metric")
    for metric in cls.declared_metrics():
        found.expect(
            metric.help,
            f"the metric {metric.name!r} has no help (`description:` in a plugin.yaml); say what it is",
        )


def check_samples(found: Findings, collection: Collection, declared: tuple[Metric, ...]) -> None:
    """Declared metrics, with text for labels and numbers for values."""
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
