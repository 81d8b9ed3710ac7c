"""Notifications out of PDUs: SNMPv1 (RFC 1157 4.1.6), and v2 traps and informs (RFC 3416 4.2.6, 4.2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.texts import address_v4
from orbital_plugin_snmp.wire import smi
from orbital_plugin_snmp.wire.ber import SEQUENCE, WireError, expect, header, read_integer, tlv
from orbital_plugin_snmp.wire.pdu import RESPONSE
from orbital_plugin_snmp.wire.varbinds import read_varbinds

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import VarBind

TRAP_V1: Final = 0xA4
INFORM: Final = 0xA6
TRAP: Final = 0xA7
TRAP_OID: Final = oids.encode("1.3.6.1.6.3.1.1.4.1.0")
"""snmpTrapOID.0: which notification it is."""
TRAP_ADDRESS: Final = oids.encode("1.3.6.1.6.3.18.1.3.0")
"""snmpTrapAddress.0: whose notification it is, where another one passed it on (RFC 3584 3.1)."""
GENERIC: Final = "1.3.6.1.6.3.1.1.5"
"""Below it stand coldStart and the other five of v1."""
SPECIFIC: Final = 6
"""Generic number of v1 for what is not one of these."""


class Notification(NamedTuple):
    """One notification, whatever version it came in."""

    trap: str
    """Its OID, as v2 has it."""
    origin: str
    """Address of the device, as far as the message says; empty: it is the sender."""
    varbinds: list[VarBind]
    """Those of the notification itself and, of v2, sysUpTime.0 and snmpTrapOID.0."""
    wants_answer: bool
    """Of an inform."""


class SenderError(Exception):
    """The message may be good, but it is not taken from its sender.

    Args:
        reason: What it is counted under, see `metrics.REASONS`.
        answer: What the sender is told; empty for nothing.
    """

    def __init__(self, reason: str, answer: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = answer


def answer_to(data: bytes, at: int) -> bytes:
    """The response to the inform at `at`: the same once more, as a response (RFC 3416 4.2.7)."""
    _, begin, end = header(data, at, len(data))
    return tlv(RESPONSE, data[begin:end])


def read(data: bytes, at: int, end: int) -> Notification:
    """The PDU at `at`.

    Raises:
        WireError: It is not a notification.
    """
    kind, begin, stop = header(data, at, end)
    if kind == TRAP_V1:
        return _v1(data, begin, stop)
    if kind not in (TRAP, INFORM):
        raise WireError(f"not a notification, but a PDU with tag 0x{kind:02x}")
    for what in ("request id", "error status", "error index"):
        _, begin = read_integer(data, begin, stop, what)
    varbinds = _varbinds(data, begin, stop)
    found = {oid: value for oid, _, value in varbinds if oid in (TRAP_OID, TRAP_ADDRESS)}
    return Notification(
        _oid(found.get(TRAP_OID)), _address(found.get(TRAP_ADDRESS)), varbinds, kind == INFORM
    )


def _v1(data: bytes, at: int, end: int) -> Notification:
    """As RFC 3584 3.1 translates it."""
    begin, at = expect(data, at, end, smi.OBJECT_IDENTIFIER, "enterprise")
    enterprise = _oid(data[begin:at])
    begin, at = expect(data, at, end, smi.IP_ADDRESS, "agent address")
    origin = _address(data[begin:at])
    generic, at = read_integer(data, at, end, "generic trap")
    specific, at = read_integer(data, at, end, "specific trap")
    _, at = expect(data, at, end, smi.TIME_TICKS, "time stamp")
    if not (0 <= generic <= SPECIFIC and 0 <= specific <= oids.LARGEST):
        raise WireError(f"generic trap {generic}, specific trap {specific}")
    trap = f"{enterprise}.0.{specific}" if generic == SPECIFIC else f"{GENERIC}.{generic + 1}"
    return Notification(trap, origin, _varbinds(data, at, end), wants_answer=False)


def _varbinds(data: bytes, at: int, end: int) -> list[VarBind]:
    begin, stop = expect(data, at, end, SEQUENCE, "list of varbinds")
    return read_varbinds(data, begin, stop)


def _oid(content: smi.Value) -> str:
    try:
        text = oids.text(content) if isinstance(content, bytes) else ""
    except ValueError as error:
        raise WireError(str(error)) from None
    if not text:
        raise WireError("a notification that does not say which one it is")
    return text


def _address(content: smi.Value) -> str:
    """Empty for 0.0.0.0, which devices without an address of their own say."""
    known = isinstance(content, bytes) and len(content) == 4 and any(content)
    return address_v4(content) if known and isinstance(content, bytes) else ""
