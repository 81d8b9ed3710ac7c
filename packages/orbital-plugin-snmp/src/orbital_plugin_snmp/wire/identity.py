"""Whose answer a message is: the id that its request had, found without reading the rest."""

from __future__ import annotations

from orbital_plugin_snmp.wire.ber import OCTETS, SEQUENCE, expect, header, read_integer
from orbital_plugin_snmp.wire.community import V3
from orbital_plugin_snmp.wire.usual import usual_head


def identify(data: bytes) -> int:
    """Request id of a message of v1 or v2c, message id of one of v3.

    Raises:
        WireError: It is no such message.
    """
    usual = usual_head(data)
    if usual is not None:
        return usual.request_id
    begin, end = expect(data, 0, len(data), SEQUENCE, "message")
    version, at = read_integer(data, begin, end, "version")
    if version == V3:
        at, end = expect(data, at, end, SEQUENCE, "header of v3")
    else:
        _, at = expect(data, at, end, OCTETS, "community")
        _, at, end = header(data, at, end)
    return read_integer(data, at, end, "id")[0]
