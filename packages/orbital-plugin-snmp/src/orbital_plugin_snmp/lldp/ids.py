"""Chassis and port ids as text, each by its subtype (IEEE 802.1AB 8.5.2.2, 8.5.3.2)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.tables.texts import clean, display, hexadecimal, number

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import Value

CHASSIS_MAC: Final = 4
CHASSIS_NETWORK: Final = 5
PORT_MAC: Final = 3
PORT_NETWORK: Final = 4
PORT_LOCAL: Final = 7
_IP: Final = {1: 4, 2: 16}
"""Address family (IANA) -> octets."""


def chassis_id(value: Value, subtype: Value) -> str:
    """A chassis id: a MAC as `aa:bb:cc:dd:ee:ff`, a network address, or text."""
    return _id(value, mac=subtype == CHASSIS_MAC, network=subtype == CHASSIS_NETWORK)


def port_id(value: Value, subtype: Value) -> str:
    """A port id, likewise. `Gi0/12` has six octets and is not a MAC: its subtype says so."""
    return _id(value, mac=subtype == PORT_MAC, network=subtype == PORT_NETWORK)


def network_address(family: int, octets: bytes) -> str:
    """A management or network address; of another family than IP in hexadecimal."""
    if _IP.get(family) == len(octets):
        return str(ip_address(octets))
    return octets.hex(":") if len(octets) == 6 else hexadecimal(octets)


def _id(value: Value, *, mac: bool, network: bool) -> str:
    if not isinstance(value, bytes):
        return "" if value is None else number(value)
    if mac and len(value) == 6:
        return value.hex(":")
    if network and value:
        return network_address(value[0], value[1:])
    return readable(value)


def readable(value: Value) -> str:
    """Text; in hexadecimal where it is none."""
    if not isinstance(value, bytes):
        return "" if value is None else number(value)
    text = clean(display(value)).strip()
    return value.hex(":") if "\ufffd" in text else text
