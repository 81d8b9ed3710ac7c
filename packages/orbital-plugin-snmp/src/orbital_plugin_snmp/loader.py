"""Plugins out of a `plugin.yaml` that lists OIDs: they are read as a profile of the SNMP plugin."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.plugin import Snmp, SnmpConfig
from orbital_plugin_snmp.polling.catalogue import DEFAULT
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_plugin_snmp.profiles.models import Profile
from orbital_plugin_snmp.profiles.settings import Object, profile_of
from orbital_sdk import ConfigurationError
from orbital_sdk.loader import Loader
from orbital_sdk.schema.field_model import field_model
from orbital_sdk.schema.plugin_file import PluginFile, checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from orbital_plugin_snmp.profiles.models import Table, Value
    from orbital_sdk import Plugin
    from orbital_sdk.schema.plugin_file import MetricEntry


class SnmpLoader(Loader):
    """Makes plugins that read what `metrics` lists, without code."""

    name = "snmp"
    summary = "A plugin.yaml whose metrics have OIDs"

    def fits(self, description: Mapping[str, Any]) -> bool:
        metrics: list[dict[str, Any]] = description.get("metrics") or []
        return any(metric.get("oid") for metric in metrics)

    def load(self, folder: Path, description: Mapping[str, Any]) -> type[Plugin[Any, Any]]:
        file = checked(PluginFile, description)
        meta = file.meta
        made: Any = type(
            file.meta.name,
            (Snmp,),
            {
                "__doc__": meta.description,
                "__module__": __name__,
                "name": meta.name,
                "summary": meta.description,
                "metadata": MappingProxyType(file.metadata),
                "device_model": field_model(
                    "Device", file.device_fields, SnmpDevice, at="device_fields", known_only=True
                ),
                "config_model": field_model(
                    "Config", file.config_fields, SnmpConfig, at="config_fields", known_only=True
                ),
                "default": profile(meta.name, file.metrics),
            },
        )
        return cast("type[Plugin[Any, Any]]", made)


def profile(name: str, metrics: Sequence[MetricEntry]) -> Profile:
    """What these metrics read. One of the predefined metrics, by name and OID, is read as the plugin reads
    it: `memory_usage` in percent, interfaces by their 64-bit counters and with their names.

    Raises:
        ConfigurationError: One has no OID, or what is none.
    """
    predefined = shipped()[DEFAULT]
    own = list(metrics)
    scalars = [*_take(predefined.scalars, own)]
    tables = [*_taken_tables(predefined.tables, own)]
    if objects := [_object(metrics.index(one), one) for one in own]:
        others = profile_of(objects, ())
        scalars += others.scalars
        tables += others.tables
    return Profile(name=name, scalars=tuple(scalars), tables=tuple(tables))


def _taken_tables(tables: Sequence[Table], own: list[MetricEntry]) -> Iterator[Table]:
    for table in tables:
        if values := (*_take(table.metrics, own),):
            yield table.model_copy(update={"metrics": values})


def _take(values: Sequence[Value], own: list[MetricEntry]) -> Iterator[Value]:
    """The predefined metrics among `own`, which lose them."""
    for value in values:
        objects = {value.oid, value.fallback}
        for one in own:
            if one.name == value.name and one.oid.strip(".").removesuffix(".0") in objects:
                own.remove(one)
                yield value
                break


def _object(number: int, one: MetricEntry) -> Object:
    if not one.oid:
        raise ConfigurationError(f"{one.name} has no oid", field=f"metrics[{number}]")
    given = one.model_dump(include={"oid", "name", "type", "unit", "indexed", "scale"})
    return checked(Object, given | {"help": one.description}, at=("metrics", number))
