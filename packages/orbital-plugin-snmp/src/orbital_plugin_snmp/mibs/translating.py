"""Names to OIDs and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp.profiles.loading import shipped
from orbital_plugin_snmp.profiles.words import OID
from orbital_sdk import ConfigurationError
from orbital_sdk.hints import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_snmp.mibs.library import Library, MibObject

GIVE_A_MIB: Final = (
    "name its module, as in IF-MIB::ifInOctets or with --mib IF-MIB; the MIB's file has to be in a folder"
    " of --mibs or MIBDIRS"
)


class Translation(NamedTuple):
    """One object and what it is."""

    name: str
    """`MODULE::object`, or the object's name alone where a shipped profile knows it; the instance behind."""
    oid: str
    about: MibObject | None = None


def translate(asked: str, library: Library) -> Translation:
    """What a name or an OID stands for.

    Args:
        asked: `1.3.6.1...`, `ifInOctets`, `IF-MIB::ifInOctets`, each with or without an instance.
        library: The MIBs that were read; what `asked` names is read as well.

    Raises:
        ConfigurationError: Nobody knows it.
    """
    if OID.fullmatch(asked):
        return _of_oid(asked.removeprefix("."), library)
    module, _, rest = asked.rpartition("::")
    name, dot, instance = rest.partition(".")
    if module:
        library.load(module)
    known = list(_known(library))
    found = next(
        (o for o in known if _name(o) == name and (not module or o.name == f"{module}::{name}")),
        None,
    )
    if found is None:
        near = nearest(name, {_name(one) for one in known}) if module or len(name) > 3 else None
        meant = f"; did you mean {near}?" if near else ""
        raise ConfigurationError(f"nobody here knows {asked!r}{meant}; {GIVE_A_MIB}")
    return Translation(found.name + dot + instance, found.oid + dot + instance, found.about)


def _name(one: Translation) -> str:
    return one.name.rpartition("::")[2]


def _of_oid(oid: str, library: Library) -> Translation:
    """The longest known object that the OID is or begins with."""
    known = {one.oid: one for one in _known(library)}
    parts = oid.split(".")
    for length in range(len(parts), 0, -1):
        found = known.get(".".join(parts[:length]))
        if found is not None:
            rest = "".join(f".{part}" for part in parts[length:])
            return Translation(found.name + rest, oid, found.about)
    raise ConfigurationError(f"nobody here knows {oid}; {GIVE_A_MIB}")


def _known(library: Library) -> Iterable[Translation]:
    """Objects of the MIBs, and of the shipped profiles, which need no MIB."""
    for profile in shipped().values():
        values = [*profile.scalars, *(v for table in profile.tables for v in table.metrics)]
        yield from (
            Translation(v.name, v.oid) for v in values if v.name[:1].islower() and "_" not in v.name
        )
        for table in profile.tables:
            yield from (Translation(one.label, one.oid) for one in table.labels)
    for one in library.objects():
        yield Translation(f"{one.module}::{one.name}", one.oid, one)
