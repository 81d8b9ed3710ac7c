"""Which sources of names the system has beside the hosts file and name servers (nsswitch.conf(5))."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

OURS: Final = frozenset({"files", "dns", "resolve"})
"""What c-ares reads itself. `resolve` is systemd-resolved, which resolv.conf names as a server."""


def other_sources(path: Path) -> frozenset[str]:
    """Modules for host names that only the system's own resolver can ask: `mdns4`, `ldap`, `myhostname`, ...

    Args:
        path: Of nsswitch.conf. A system without one (musl, macOS) has none.
    """
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        database, _, sources = line.partition("#")[0].partition(":")
        if database.strip() == "hosts":
            return frozenset(re.sub(r"\[[^\]]*\]", " ", sources).split()) - OURS
    return frozenset()
