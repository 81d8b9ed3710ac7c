"""Varbinds as net-snmp's tools print them without MIBs (`-m '' -On`), so that both can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.wire import smi

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.wire.smi import VarBind

END: Final = "No more variables left in this MIB View (It is past the end of the MIB tree)"
_PLAIN: Final = {
    smi.INTEGER: "INTEGER",
    smi.COUNTER32: "Counter32",
    smi.GAUGE32: "Gauge32",
    smi.COUNTER64: "Counter64",
}
_MISSING: Final = {
    smi.NO_SUCH_OBJECT: "No Such Object available on this agent at this OID",
    smi.NO_SUCH_INSTANCE: "No Such Instance currently exists at this OID",
    smi.END_OF_MIB_VIEW: END,
    smi.NULL: "NULL",
}


def line(varbind: VarBind) -> str:
    """`.1.3.6.1.2.1.1.3.0 = Timeticks: (19) 0:00:00.19`."""
    oid, tag, value = varbind
    name = f".{oids.text(oid)} ="
    if tag in _MISSING:
        return f"{name} {_MISSING[tag]}"
    if isinstance(value, bytes):
        return f"{name} {_OCTETS.get(tag, _other)(value)}"
    if tag == smi.TIME_TICKS:
        return f"{name} Timeticks: ({value}) {_clock(int(value or 0))}"
    if tag in (smi.FLOAT, smi.DOUBLE):
        return f"{name} Opaque: Float: {value:f}"
    return f"{name} {_PLAIN.get(tag, f'0x{tag:02X}')}: {value}"


def _string(value: bytes) -> str:
    """Characters where all of them can be printed (one NUL at the end is passed over), else octets."""
    if not value:
        return '""'
    text = value.removesuffix(b"\0")
    if all(32 <= octet < 127 or 9 <= octet <= 13 for octet in text):
        shown = text.decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
        return f'STRING: "{shown}"'
    return f"Hex-STRING: {_hex(value)}"


def _hex(value: bytes) -> str:
    """Sixteen octets a line."""
    lines = (value[at : at + 16].hex(" ").upper() for at in range(0, len(value), 16))
    return " \n".join(lines) + " "


def _clock(ticks: int) -> str:
    """Hundredths of a second as days, hours, minutes and seconds."""
    seconds, hundredths = divmod(ticks, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    ahead = f"{days} day{'s' if days > 1 else ''}, " if days else ""
    return f"{ahead}{hours}:{minutes:02}:{seconds:02}.{hundredths:02}"


def _other(value: bytes) -> str:
    return f"OPAQUE: {_hex(value)}"


_OCTETS: Final[dict[int, Callable[[bytes], str]]] = {
    smi.OCTET_STRING: _string,
    smi.OBJECT_IDENTIFIER: lambda value: f"OID: .{oids.text(value)}",
    smi.IP_ADDRESS: lambda value: "IpAddress: " + ".".join(map(str, value)),
}
