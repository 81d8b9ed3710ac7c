"""What a task says about profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Field, model_validator

from orbital_plugin_snmp.profiles.choosing import AUTO
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_plugin_snmp.profiles.models import Part, Profile, Table, Value
from orbital_plugin_snmp.profiles.near import did_you_mean
from orbital_plugin_snmp.profiles.words import (  # noqa: TC001 (pydantic reads them at run time)
    MetricName,
    Oid,
)
from orbital_sdk import Duration, PluginConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Object(Part):
    """One object to read, as the original design lists them."""

    oid: Oid
    """A scalar with or without its `.0`, or a column."""
    name: MetricName | None = None
    """The metric's name. Left out, it is the one that a shipped profile has for this object, or
    `snmp_oid_1_3_6_1_...`."""
    type: Literal["gauge", "counter"] = "gauge"
    """What the number is."""
    unit: Annotated[str, Field(max_length=50)] = ""
    """Of the metric, such as `bytes`."""
    help: Annotated[str, Field(max_length=1000)] = ""
    """Of the metric: one sentence."""
    indexed: bool = False
    """A column of a table: every row is read, its index is the label `index`."""
    scale: float = 1.0
    """The number is multiplied by this."""


def _objects(value: object) -> object:
    """A plain OID is an object as well."""
    many = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    return [{"oid": one} if isinstance(one, str | int | float) else one for one in many]


def _many(value: object) -> object:
    return cast("object", value) if isinstance(value, list | tuple) else [value]


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
    """Names of profiles, or profiles written out; `auto` chooses by the device's sysObjectID. Without any,
    and without `oids`, the predefined metrics are read (profile `default`)."""
    profile_folder: Annotated[str, Field(max_length=4096)] = ""
    """A folder with profiles of your own, a YAML file each. One with a shipped one's name replaces it."""
    oids: Annotated[tuple[Object, ...], BeforeValidator(_objects)] = ()
    """Single objects: OIDs, or `{oid, name, type, unit, indexed}`."""
    label_refresh: Annotated[Duration, Field(ge=0)] = 600.0
    """How often looked-up labels (ifName, ifAlias) are read anew where the device announces no change."""
    wrap_large_counters: bool = True
    """Take counters above 2^53 modulo 2^53, as snmp_exporter does: a double would skip steps above it."""

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [one if isinstance(one, str) else one.name for one in self.profiles]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the profile {name!r} appears twice in profiles")
        if not self.profile_folder:  # what is in there is read at start
            known = {AUTO, *shipped()}
            for one in self.profiles:
                if isinstance(one, str) and one not in known:
                    raise ValueError(f"there is no profile {one!r}{did_you_mean(one, known)}")
        return self


def profile_of(objects: Iterable[Object], known: Iterable[Profile]) -> Profile:
    """The objects of a task as a profile; those without a name are called as the known profiles do."""
    names = {value.oid: value for profile in known for value in _values(profile)}
    scalars = tuple(_value(one, names) for one in objects if not one.indexed)
    tables = tuple(
        Table(name=value.name, metrics=(value,))
        for value in (_value(one, names) for one in objects if one.indexed)
    )
    return Profile(name="oids", scalars=scalars, tables=tables)


def _values(profile: Profile) -> Iterable[Value]:
    yield from profile.scalars
    for table in profile.tables:
        yield from table.metrics


def _value(one: Object, names: Mapping[str, Value]) -> Value:
    """A scalar is asked for as it is written, and with `.0` behind it."""
    own: dict[str, Any] = {"oid": one.oid}
    if not one.indexed:
        own |= {"exact": True, "fallback": None if one.oid.endswith(".0") else f"{one.oid}.0"}
    known = names.get(one.oid.removesuffix(".0"))
    if one.name is None and known is not None:
        return known.model_copy(update=own)
    name = one.name or "snmp_oid_" + one.oid.replace(".", "_")
    return Value(name=name, type=one.type, help=one.help, unit=one.unit, scale=one.scale, **own)
