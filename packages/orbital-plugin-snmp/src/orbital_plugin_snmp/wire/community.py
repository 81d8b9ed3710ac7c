"""Messages of v1 (RFC 1157) and v2c (RFC 1901): a version, a community, a PDU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.wire.ber import (
    OCTETS,
    SEQUENCE,
    WireError,
    expect,
    integer,
    length,
    read_integer,
    tlv,
)
from orbital_plugin_snmp.wire.pdu import RESPONSE, Pdu, Template, read_pdu
from orbital_plugin_snmp.wire.usual import usual_head
from orbital_plugin_snmp.wire.varbinds import read_varbinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.wire.pdu import Reading

V1: Final = 0
V2C: Final = 1
V3: Final = 3


def writer(version: int, community: bytes) -> Callable[[Template, int], bytes]:
    """A function that writes requests: template and request id -> message."""
    front = integer(version) + tlv(OCTETS, community)

    def write(template: Template, request_id: int) -> bytes:
        head, tail = template
        size = length(len(front) + len(head) + 4 + len(tail))
        return b"".join((b"\x30", size, front, head, request_id.to_bytes(4, "big"), tail))

    return write


def read_message(data: bytes, read: Reading = read_varbinds) -> Pdu:
    """A response of v1 or v2c. What follows behind the message is passed over, as some devices pad it.

    Args:
        data: What came.
        read: Reads the varbinds.

    Raises:
        WireError: It is none.
    """
    usual = usual_head(data)
    if usual is not None:
        return Pdu(RESPONSE, usual.request_id, 0, 0, read(data, usual.begin, len(data)))
    begin, end = expect(data, 0, len(data), SEQUENCE, "message")
    version, at = read_integer(data, begin, end, "version")
    if version not in (V1, V2C):
        raise WireError(f"version {version} in answer to v1 or v2c")
    _, at = expect(data, at, end, OCTETS, "community")
    return read_pdu(data, at, end, read)
