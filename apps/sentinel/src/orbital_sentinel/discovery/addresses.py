"""Enumerates the addresses of networks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST: Final = 1 << 16
"""Maximum addresses of one sweep."""
LARGE: Final = 1 << 24
"""Maximum addresses with `--large`."""


class Addresses:
    """The host addresses of each network in order, without network and broadcast addresses.

    Args:
        texts: `192.0.2.0/24`, `2001:db8::/120` or single addresses.
        large: Allow up to LARGE addresses instead of MOST.

    Raises:
        ConfigurationError: A text is not a network, or there are too many addresses.
    """

    def __init__(self, texts: Iterable[str], *, large: bool) -> None:
        parsed = [_network(text) for text in texts]
        self._networks = list(dict.fromkeys(parsed))
        size = sum(network.num_addresses for network in self._networks)
        if size > (LARGE if large else MOST):
            hint = "" if large else f", or say --large for up to {LARGE:,}"
            raise ConfigurationError(
                f"that is {size:,} addresses; a sweep asks {MOST:,} at most (a /16): name smaller"
                f" networks{hint}"
            )
        self.total = sum(_usable(network) for network in self._networks)

    def __iter__(self) -> Iterator[str]:
        for network in self._networks:
            if network.num_addresses == 1:
                yield str(network.network_address)
            else:
                yield from map(str, network.hosts())


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ConfigurationError(f"{text} is not a network; write it like 192.0.2.0/24") from error


def _usable(network: Network) -> int:
    """The number of `hosts()`: /31 and /127 are point-to-point links, IPv6 has no broadcast."""
    size = network.num_addresses
    if size <= 2:
        return size
    return size - (2 if network.version == 4 else 1)
