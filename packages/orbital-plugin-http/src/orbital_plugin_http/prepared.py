"""What stays the same from run to run of one task: made with the session."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from orbital_plugin_http.digest import Digest
from orbital_plugin_http.request import first_request, reveal
from orbital_plugin_http.tls import Options
from orbital_plugin_http.url import parse
from orbital_resolver import literal

if TYPE_CHECKING:
    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.device import HttpDevice
    from orbital_plugin_http.url import Url
    from orbital_resolver import Address

_FAMILIES: Final = {"4": socket.AF_INET, "6": socket.AF_INET6}


class PreparedProbe:
    """How to probe one device."""

    def __init__(self, device: HttpDevice, config: HttpConfig) -> None:
        self.device = device
        self.config = config
        self.request = first_request(device, config, parse(device.address))
        self.url = self.request.url
        digest = device.login == "digest"
        self.digest = Digest(device.username or "", reveal(device.password)) if digest else None
        self.encoded = self.request.encoded()
        """The first request's bytes, where there is no digest to add."""
        self.options = Options.of(device)
        self.version = config.ip_version
        self.family = _FAMILIES.get(config.ip_version, socket.AF_UNSPEC)
        self.addresses = literal(self.url.host, self.url.port)
        """Where the host is an address and not a name."""

    def server_name(self, url: Url) -> str:
        """What the certificate of `url` has to name."""
        name = self.device.server_name if url.host == self.url.host else None
        return name or url.host.partition("%")[0]

    def usable(self, addresses: list[Address]) -> list[Address]:
        """Those of the wanted IP version, the preferred ones first."""
        if self.version == "any":
            return addresses
        wanted = socket.AF_INET if self.version.endswith("4") else socket.AF_INET6
        first = [address for address in addresses if address[0] == wanted]
        if self.version.startswith("prefer"):
            return first + [address for address in addresses if address[0] != wanted]
        return first
