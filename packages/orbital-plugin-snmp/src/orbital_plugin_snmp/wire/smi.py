"""Varbinds, their values, and the tags of their types (RFC 2578, RFC 3416).

OIDs are BER content (`orbital_plugin_snmp.oids`), values are as the wire had them. Nothing is made text here.
"""

from __future__ import annotations

from typing import Final

Value = int | float | bytes | None
"""int for INTEGER, Counter32, Gauge32, TimeTicks, Counter64 (all exact); float for opaque Float and
Double; bytes for strings, OIDs, IpAddress, other Opaque; None for Null and the three exceptions."""
VarBind = tuple[bytes, int, Value]
"""(OID, tag, value)."""


class Rows(list[VarBind]):
    """Varbinds of which the engine knows that they have the OIDs of an earlier answer."""

    __slots__ = ("names",)

    names: tuple[bytes, ...]
    """Their OIDs: the same object as last time, where they are the same."""


INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
IP_ADDRESS: Final = 0x40
COUNTER32: Final = 0x41
GAUGE32: Final = 0x42
TIME_TICKS: Final = 0x43
OPAQUE: Final = 0x44
COUNTER64: Final = 0x46
FLOAT: Final = 0x9F78
"""Opaque float and double, which net-snmp wraps into OPAQUE as tags 0x9f78 and 0x9f79."""
DOUBLE: Final = 0x9F79
NO_SUCH_OBJECT: Final = 0x80
NO_SUCH_INSTANCE: Final = 0x81
END_OF_MIB_VIEW: Final = 0x82
EXCEPTIONS: Final = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW})
"""Tags of varbinds that have no value."""
