"""Facts about this machine for registration, with the names that Go sentinels in the field use."""

from __future__ import annotations

import hashlib
import platform
import socket
import sys
from typing import Any, Final

import psutil

ARCHITECTURES: Final = {
    "x86_64": "amd64", "amd64": "amd64", "i386": "386", "i686": "386",
    "aarch64": "arm64", "arm64": "arm64", "armv6l": "arm", "armv7l": "arm", "armv8l": "arm",
}  # fmt: skip
SYSTEMS: Final = {"win32": "windows", "cygwin": "windows"}
LONGEST: Final = 35
"""Maximum characters of a host name: Core's id, which adds a part of the MAC, must fit a column of 64."""


def describe() -> dict[str, str]:
    """`hostname`, `ip_address`, `mac_address`, `os` and `arch`; unknown ones are left out."""
    machine = platform.machine().lower()
    found = {
        "hostname": socket.gethostname(),
        "ip_address": _address(),
        "mac_address": _mac(),
        "os": SYSTEMS.get(sys.platform, sys.platform),
        "arch": ARCHITECTURES.get(machine, machine),
    }
    return {name: value for name, value in found.items() if value}


def short_hostname(name: str) -> str:
    """The name, cut to `LONGEST`; a hash of the whole name keeps long names distinct."""
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9]}-{digest}"


def _address() -> str:
    """The first IPv4 address that is not a loopback address."""
    for _, address in _up(socket.AF_INET):
        if not address.startswith("127."):
            return address
    return ""


def _mac() -> str:
    """MAC address of the first interface, by name, that is up and has one."""
    for _, address in _up(psutil.AF_LINK):
        if address.strip("0:-"):
            return address.replace("-", ":").lower()
    return ""


def _up(family: int) -> list[tuple[str, str]]:
    try:
        addresses: dict[str, Any] = psutil.net_if_addrs()
        states: dict[str, Any] = psutil.net_if_stats()
    except OSError:
        return []
    return [
        (name, one.address)
        for name in sorted(addresses)
        if name in states and states[name].isup
        for one in addresses[name]
        if one.family == family
    ]
