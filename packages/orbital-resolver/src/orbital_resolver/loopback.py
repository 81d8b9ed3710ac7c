"""The addresses of `localhost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_resolver.address import NumericAddress


def as_listed(
    name: str, found: tuple[NumericAddress, ...], hosts: Path
) -> tuple[NumericAddress, ...]:
    """What the hosts file says about `localhost`, where it says something.

    c-ares adds ::1 to 127.0.0.1, first. The system does not, and many services there listen on IPv4 alone.
    """
    if name.lower().rstrip(".") != "localhost":
        return found
    listed = set(_addresses(name, hosts))
    return tuple(place for place in found if place.text in listed) or found


def _addresses(name: str, hosts: Path) -> list[str]:
    try:
        lines = hosts.read_text(errors="replace").splitlines()
    except OSError:
        return []
    rows = [line.partition("#")[0].lower().split() for line in lines]
    return [row[0] for row in rows if name.lower().rstrip(".") in row[1:]]
