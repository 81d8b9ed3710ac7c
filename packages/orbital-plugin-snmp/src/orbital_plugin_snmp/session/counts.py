"""What a plugin counts of its own sessions, for the agent's `/metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_sdk import PluginHost


class Counts(NamedTuple):
    """To be called once for each."""

    stray: Callable[[], object]
    """A datagram that answers nothing on its way: late, twice, another's, or no SNMP."""
    damaged: Callable[[], object]
    """A file of what was learned, set aside because it was damaged."""

    @classmethod
    def of(cls, host: PluginHost) -> Counts:
        """Counters of this host."""
        stray = host.counter(
            "stray_datagrams", "Datagrams that answered nothing: late, twice, another's, or no SNMP"
        )
        damaged = host.counter("damaged_files", "Files of what was learned that were set aside")
        return cls(stray.add, damaged.add)


UNCOUNTED: Final = Counts(lambda: None, lambda: None)
"""Where nobody looks: commands, discovery."""
