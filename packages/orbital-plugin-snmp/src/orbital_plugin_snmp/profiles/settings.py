"""What a task says about profiles."""

from __future__ import annotations

from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, Field, model_validator

from orbital_plugin_snmp.profiles.models import Part, Profile, Table, Value
from orbital_plugin_snmp.profiles.words import MetricName, Oid
from orbital_sdk import Duration, Kind, PluginConfig

AUTO = "auto"


class Object(Part):
    """One object to read, as the original design lists them."""

    oid: Oid
    name: MetricName = "snmp_value"
    """The metric's name. Objects without one share `snmp_value`, and have their OID as a label."""
    type: Kind = "gauge"
    unit: Annotated[str, Field(max_length=50)] = ""
    indexed: bool = False
    """A column of a table: every row is read, its index is the label `index`."""
    scale: float = 1.0


def _objects(value: object) -> object:
    """A plain OID is an object as well."""
    many = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    return [{"oid": one} if isinstance(one, str | int | float) else one for one in many]


def _many(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _choice(value: object) -> object:
    """A map is a profile of the task's own; its errors are told as they are, not as those of a choice."""
    if isinstance(value, dict):
        return Profile.model_validate({"name": "task", **cast("dict[str, Any]", value)})
    return value


class ProfileSettings(PluginConfig):
    """What to read from a device, and what to call it."""

    profiles: Annotated[
        tuple[Annotated[str | Profile, BeforeValidator(_choice)], ...], BeforeValidator(_many)
    ] = ()
    """Names of profiles, or profiles written out; `auto` chooses by the device's sysObjectID. Without any, and
    without `oids`, the predefined metrics are read (profile `default`)."""
    profile_folder: Annotated[str, Field(max_length=4096)] = ""
    """A folder with profiles of your own, a YAML file each; one that is called like a shipped one replaces it."""
    oids: Annotated[tuple[Object, ...], BeforeValidator(_objects)] = ()
    """Single objects: OIDs, or `{oid, name, type, unit, indexed}`."""
    label_refresh: Annotated[Duration, Field(ge=0)] = 600.0
    """How often looked-up labels (ifName, ifAlias) are read anew where no change is announced by the device."""
    wrap_large_counters: bool = True
    """Take counters above 2^53 modulo 2^53, as snmp_exporter does: a double would skip steps above it."""

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [one if isinstance(one, str) else one.name for one in self.profiles]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the profile {name!r} stands twice in profiles")
        return self


def profile_of(objects: tuple[Object, ...]) -> Profile:
    """The objects of a task as a profile."""
    return Profile(
        name="oids",
        scalars=tuple(_value(one) for one in objects if not one.indexed),
        tables=tuple(Table(name=one.oid, metrics=(_value(one),)) for one in objects if one.indexed),
    )


def _value(one: Object) -> Value:
    return Value(
        name=one.name,
        oid=one.oid,
        type="counter" if one.type == "counter" else "gauge",
        unit=one.unit,
        scale=one.scale,
    )
