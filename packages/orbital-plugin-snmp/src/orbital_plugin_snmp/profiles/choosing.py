"""Which profiles fit a device, told by its sysObjectID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_plugin_snmp.profiles.models import Profile

AUTO: Final = "auto"
ANY_DEVICE: Final = ("system", "if_mib")
"""What a device is read with for which no profile was made."""


def choose(sysobjectid: str, known: Mapping[str, Profile]) -> tuple[str, ...]:
    """Names of the profiles for a device: those with the longest `sysobjectid` that fits it."""
    best: dict[str, int] = {}
    for name, profile in known.items():
        lengths = [_fit(sysobjectid, pattern) for pattern in profile.sysobjectid]
        best[name] = max(lengths, default=0)
    longest = max(best.values(), default=0)
    if not longest:
        return tuple(name for name in ANY_DEVICE if name in known)
    return tuple(name for name, length in best.items() if length == longest)


def _fit(sysobjectid: str, pattern: str) -> int:
    """How many characters of the OID the pattern fixes; 0 where it does not fit, most where it is exact."""
    if pattern == sysobjectid:
        return len(pattern) + 1
    stem = pattern.removesuffix("*")
    return len(stem) if stem != pattern and sysobjectid.startswith(stem) else 0
