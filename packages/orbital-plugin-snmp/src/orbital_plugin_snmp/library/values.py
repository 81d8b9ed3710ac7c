"""OIDs and values between pysnmp's objects and the port's raw form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.library.untyped import ObjectName
from orbital_plugin_snmp.wire import smi
from orbital_plugin_snmp.wire.values import value

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import VarBind


def to_library(oid: bytes) -> Any:
    """An OID for pysnmp."""
    return ObjectName(oids.text(oid))


def from_library(name: Any, found: Any) -> VarBind:
    """A varbind of pysnmp's."""
    ids = found.tagSet.superTags[-1]
    tag = int(ids.tagClass | ids.tagId)
    oid = oids.encode(str(name))
    if tag in smi.EXCEPTIONS:
        return oid, tag, None
    if tag == smi.OBJECT_IDENTIFIER:
        return oid, tag, oids.encode(str(found))
    if tag in (smi.OCTET_STRING, smi.IP_ADDRESS, smi.OPAQUE):
        return (oid, *value(tag, bytes(found)))
    return oid, tag, int(found)
